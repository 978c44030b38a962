"""A plan of the vehicle scheduling problem, and its file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from solver.mdvsp.instance import MAX_TIME, Instance
from solver.outcome import Outcome
from solver.reading import BadInput, Fields, read_json

_NOT_READ: Final = ("gap", "wall_seconds", "status", "bound_from", "progress")


@dataclass(frozen=True, slots=True)
class Route:
    """One vehicle's trips in order, from a depot and back to it.

    `starts` says when each trip starts where trips may shift; it is empty where trips are at fixed times.
    """

    depot: int
    trips: tuple[int, ...]
    starts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MdvspPlan:
    """Every route run."""

    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file says: the plan, and the cost and bound it claims for it (None when it claims none)."""

    plan: MdvspPlan
    cost: int | None
    bound: int | None


def save_plan(outcome: Outcome[MdvspPlan], path: Path) -> None:
    """Write a plan with its cost and proof as JSON, whole or not at all; BadInput when it cannot be written."""
    document = {
        "routes": [_written(route) for route in outcome.plan.routes],
        "cost": outcome.cost,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "wall_seconds": outcome.wall_seconds,
        "status": outcome.status.value,
        "bound_from": outcome.bound_from,
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(orjson.dumps(document) + b"\n")
        beside.replace(path)
    except OSError as fault:
        beside.unlink(missing_ok=True)
        raise BadInput(str(path), "", f"cannot be written ({fault.strerror})") from None


def load_plan(path: Path, instance: Instance) -> PlanFile:
    """Return the plan in a JSON file; BadInput when it is not a plan for the trips and depots of `instance`.

    Only the shape is checked here: whether the plan is lawful is check.violations' question.
    """
    fields = Fields(str(path), read_json(path))
    entries = fields.any("routes")
    if not isinstance(entries, list):
        fields.fail("routes", "must be a list of routes")
    routes = tuple(_read(str(path), entry, i, instance) for i, entry in enumerate(entries))
    cost, bound = (_claim(fields, name) for name in ("cost", "bound"))
    fields.ignore(*_NOT_READ)
    fields.done()
    return PlanFile(MdvspPlan(routes), cost, bound)


def _written(route: Route) -> dict[str, Any]:
    written: dict[str, Any] = {"depot": route.depot, "trips": route.trips}
    return written | {"starts": route.starts} if route.starts else written


def _claim(fields: Fields, name: str) -> int | None:
    return fields.integer(name, -(2**53)) if fields.has(name) else None


def _read(source: str, entry: Any, index: int, instance: Instance) -> Route:
    fields = Fields(source, entry, f"routes[{index}]")
    depot = fields.integer("depot", 0, instance.depots - 1)
    trips = tuple(fields.integers("trips", 0, instance.trips - 1).tolist())
    if not trips:
        fields.fail("trips", "is empty; a route has at least one trip")
    starts: tuple[int, ...] = ()
    if fields.has("starts"):
        starts = tuple(fields.integers("starts", -2 * MAX_TIME, 2 * MAX_TIME, length=len(trips)).tolist())
    fields.done()
    return Route(depot, trips, starts)
