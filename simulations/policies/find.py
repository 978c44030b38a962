"""Policies by name: the three that come with the project, and those that installed packages offer."""

from importlib.metadata import entry_points

from simulations.policies.first_come import FirstCome
from simulations.policies.optimised import Optimised
from simulations.policies.policy import Policy
from simulations.policies.uncoordinated import Uncoordinated
from solver.reading import BadInput

GROUP = "parkdispatch.policies"
BUILT_IN: dict[str, type[Policy]] = {"uncoordinated": Uncoordinated, "first_come": FirstCome, "optimised": Optimised}


def policy_names() -> tuple[str, ...]:
    """Return the names a scenario may use."""
    return tuple(dict.fromkeys((*BUILT_IN, *(point.name for point in entry_points(group=GROUP)))))


def find_policy(source: str, name: str) -> Policy:
    """Return the policy of a name; BadInput that names `source` where there is none, or it is no policy."""
    if name in BUILT_IN:
        return BUILT_IN[name]()
    for point in entry_points(group=GROUP, name=name):
        made = point.load()
        policy = made() if isinstance(made, type) else made
        if not isinstance(policy, Policy):
            raise BadInput(source, "policy", f"{name!r} ({point.value}) has no plan and replan")
        return policy
    raise BadInput(source, "policy", f"{name[:40]!r} is not a policy; known: {', '.join(policy_names())}")
