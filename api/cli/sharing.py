"""What `solve matching --nobody-worse-off` says: who gains, who loses, and what it costs that nobody does."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from api.cli.output import say
from solver.matching.instance import MatchingInstance
from solver.matching.shares import NobodyWorseOff, Share, shares


def carrier_report(instance: MatchingInstance, found: NobodyWorseOff) -> dict[str, Any]:
    """Return every carrier's share of both plans, ready for JSON, and say the sum of it."""
    in_plan = shares(instance, found.outcome.plan, found.alone)
    in_joint = shares(instance, found.joint.plan, found.alone)
    worse = [share for share in in_joint if share.is_worse_off]
    alone, joint, kept = _km(in_plan, "alone_empty_km"), _km(in_joint, "empty_km"), _km(in_plan, "empty_km")
    say(f"{len(in_plan)} carriers: {alone} km empty each alone, {joint} km together with {len(worse)} worse off")
    say(f"{kept} km with nobody worse off; the price is {found.price}")
    return {
        "price": found.price,
        "joint_cost": found.joint.cost,
        "worse_off_in_joint": len(worse),
        "carriers": [_told(share) for share in in_plan],
        "carriers_in_joint": [_told(share) for share in in_joint],
    }


def _km(found: Sequence[Share], name: str) -> int:
    return sum(getattr(share, name) for share in found)


def _told(share: Share) -> dict[str, Any]:
    return {**asdict(share), "is_worse_off": share.is_worse_off}
