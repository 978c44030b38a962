"""A plan of the return-load problem, and its file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from solver.matching.instance import MAX_TIME, WORST_COST, MatchingInstance, write_whole
from solver.outcome import Outcome
from solver.reading import Fields, read_json

_NOT_READ: Final = ("gap", "wall_seconds", "status", "bound_from", "progress")


@dataclass(frozen=True, slots=True)
class Chain:
    """One truck's loads in order, and the minute the loading of each starts."""

    truck: int
    loads: tuple[int, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MatchingPlan:
    """Every chain driven, and the loads nobody takes; trucks without loads are in no chain."""

    chains: tuple[Chain, ...]
    unserved: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file says: the plan, and the cost and bound it claims for it (None when it claims none)."""

    plan: MatchingPlan
    cost: int | None
    bound: int | None


def save_plan(outcome: Outcome[MatchingPlan], path: Path) -> None:
    """Write a plan with its cost and proof as JSON, whole or not at all."""
    document = {
        "chains": [
            {"truck": chain.truck, "loads": chain.loads, "starts": chain.starts} for chain in outcome.plan.chains
        ],
        "unserved": outcome.plan.unserved,
        "cost": outcome.cost,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "wall_seconds": outcome.wall_seconds,
        "status": outcome.status.value,
        "bound_from": outcome.bound_from,
    }
    write_whole(path, orjson.dumps(document) + b"\n")


def load_plan(path: Path, instance: MatchingInstance) -> PlanFile:
    """Return the plan in a JSON file; BadInput when it is not a plan for the trucks and loads of `instance`.

    Only the shape is checked here: whether the plan is lawful is check.violations' question.
    """
    fields = Fields(str(path), read_json(path))
    entries = fields.any("chains")
    if not isinstance(entries, list):
        fields.fail("chains", "must be a list of chains")
    chains = tuple(_read_chain(str(path), entry, i, instance) for i, entry in enumerate(entries))
    unserved = fields.integers("unserved", 0, len(instance.loads) - 1)
    cost = _read_claim(fields, "cost")
    bound = _read_claim(fields, "bound")
    fields.ignore(*_NOT_READ)
    fields.done()
    return PlanFile(MatchingPlan(chains, tuple(unserved.tolist())), cost, bound)


def _read_claim(fields: Fields, name: str) -> int | None:
    return fields.integer(name, -WORST_COST, WORST_COST) if fields.has(name) else None


def _read_chain(source: str, entry: Any, index: int, instance: MatchingInstance) -> Chain:
    fields = Fields(source, entry, f"chains[{index}]")
    truck = fields.integer("truck", 0, len(instance.trucks) - 1)
    loads = fields.integers("loads", 0, len(instance.loads) - 1)
    starts = fields.integers("starts", -MAX_TIME, MAX_TIME, length=len(loads))
    fields.done()
    return Chain(truck, tuple(loads.tolist()), tuple(starts.tolist()))
