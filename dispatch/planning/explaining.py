"""Why visits are where a published plan has them, and what one more of a scarce thing is worth, in the park's words.

What is explained is the plan as it stands now: its visits where their appointments are, those without one not placed,
everybody else's places taken. Capacities count as at least what is held of them, windows as what has been accepted.
Pure.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np

from dispatch.model.closures import Closure
from dispatch.model.day import Visit
from dispatch.model.park import Park
from dispatch.model.promises import HOLDING, Appointment
from dispatch.planning.capacity import free_capacity
from dispatch.planning.replanning import MOVABLE
from dispatch.planning.slots import SlotProblem, slot_problem
from solver.reading import IntArray
from solver.slots import check
from solver.slots.board import Board, board
from solver.slots.explain import VisitExplained, explain_visit
from solver.slots.explain_day import explain_day
from solver.slots.instance import SlotInstance
from solver.slots.obstacles import Full
from solver.slots.resources import Kind, Resource
from solver.slots.worth import Worth

MOST_VISITS = 100  # of a day that are told of
Document = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """A day's visits as they stand: the problem, and the solver's board of where they are."""

    problem: SlotProblem
    board: Board


def as_it_stands(
    park: Park,
    day: date,
    visits: Sequence[Visit],
    appointments: Iterable[Appointment],
    closures: Iterable[Closure],
    now: datetime,
) -> Standing:
    """Return how a day's visits stand beside the day's other appointments; who has begun cannot be moved."""
    held = [each for each in appointments if each.day == day and each.state in HOLDING]
    own = {each.visit: each for each in held if each.visit is not None}
    names = {visit.id for visit in visits}
    others = [each for each in held if each.visit not in names]
    problem = slot_problem(park, day, visits, free_capacity(park, day, others, closures))
    placed = [own.get(visit.id) for visit in problem.visits]
    start = np.array([-1 if each is None else each.slot for each in placed], dtype=np.int64)
    begun = park.grid.slot_of(now, day)
    frozen = [each is not None and (each.state not in MOVABLE or each.slot <= begun) for each in placed]
    instance = _with_room(problem.instance, start, np.array(frozen, dtype=np.bool_))
    faults = check.violations(instance, start)
    assert not faults, faults[0].text
    return Standing(replace(problem, instance=instance), board(instance, start))


def day_explained(on: Standing, seconds: float, clock: Callable[[], float]) -> Document:
    """Return what is scarce on the day, what one more is worth, and the visits not placed or moved, the most first."""
    found = explain_day(on.board, seconds=seconds, clock=clock, most_visits=MOST_VISITS)
    return {
        "visits": found.visits_in_all + len(on.problem.left_out),
        "unplaced": found.unplaced + len(on.problem.left_out),
        "moved": found.moved,
        "cost": found.cost,
        "binding": found.binding,
        "examined": found.examined,
        "scarcest": [_worth(on, each) for each in found.scarcest],
        "dock_groups": [_worth(on, each) for each in found.dock_groups],
        "explained": [_visit(on, each) for each in found.visits],
    }


def visit_explained(on: Standing, visit_id: str, seconds: float, clock: Callable[[], float]) -> Document | None:
    """Return why a visit is where it is; None when it is not of the plan's day."""
    for v, visit in enumerate(on.problem.visits):
        if visit.id == visit_id:
            return _visit(on, explain_visit(on.board, v, seconds=seconds, clock=clock))
    for visit in on.problem.left_out:
        if visit.id == visit_id:
            return _head(visit) | _NOWHERE
    return None


def _with_room(instance: SlotInstance, start: IntArray, frozen: IntArray) -> SlotInstance:
    """Return the instance with at least the capacities and windows that the starts need."""
    placed = start >= 0
    used = check.carrier_use(instance, start).max(axis=1, initial=0)
    return replace(
        instance,
        docks=np.maximum(instance.docks, check.dock_use(instance, start)),
        gate=np.maximum(instance.gate, check.gate_use(instance, start)),
        quota=np.where(instance.quota < 0, instance.quota, np.maximum(instance.quota, used)),
        earliest=np.where(placed, np.minimum(instance.earliest, start), instance.earliest),
        latest=np.where(placed, np.maximum(instance.latest, start), instance.latest),
        promised=np.where(frozen, start, -1),
        frozen=frozen.astype(np.int64),
    )


_NOWHERE: Document = {
    "starts_at": None,
    "moved_minutes": 0,
    "frozen": False,
    "may_start": False,
    "better": [],
    "free": [],
    "anyway": None,
    "anyway_saving": 0,
    "with_one_more": [],
}


def _head(visit: Visit) -> Document:
    return {"visit": visit.id, "plate": visit.plate, "warehouse": visit.warehouse, "wish": visit.wish}


def _visit(on: Standing, found: VisitExplained) -> Document:
    return _head(on.problem.visits[found.visit]) | {
        "starts_at": _moment(on, found.start) if found.start >= 0 else None,
        "moved_minutes": found.moved_minutes,
        "frozen": found.frozen,
        "may_start": found.may_start,
        "better": [
            {
                "starts_at": _moment(on, slot.slot),
                "saving": slot.saving,
                "full": [_full(on, each) for each in slot.full],
            }
            for slot in found.slots
        ],
        "free": [_moment(on, slot) for slot in found.free],
        "anyway": None if found.anyway is None or found.anyway < 0 else _moment(on, found.anyway),
        "anyway_saving": found.anyway_saving,
        "with_one_more": [
            {
                "resource": _name(on, unit.resource),
                "starts_at": _moment(on, unit.slot),
                "saving": unit.saving,
                "kept": unit.kept,
                "worth": None if unit.worth is None else _worth(on, unit.worth),
            }
            for unit in found.units
        ],
    }


def _worth(on: Standing, found: Worth) -> Document:
    return {
        "resource": _name(on, found.resource),
        "worth": found.worth,
        "exact": found.exact,
        "cost_before": found.cost_before,
        "cost_after": found.cost_after,
        "decided": len(found.visits),
    }


def _full(on: Standing, full: Full) -> Document:
    return {
        "resource": _thing(on, full.kind, full.index),
        "slots": [on.problem.park.slot_text(slot) for slot in full.slots],
        "limit": full.limit,
        "frozen": full.frozen,
        "visits": [on.problem.visits[v].id for v in full.others],
    }


def _name(on: Standing, resource: Resource) -> str:
    named = _thing(on, resource.kind, resource.index)
    if resource.slot >= 0:
        return f"{named} {on.problem.park.slot_text(resource.slot)}"
    return named if resource.kind is Kind.QUOTA else f"{named} all day"


def _thing(on: Standing, kind: Kind, index: int) -> str:
    match kind:
        case Kind.GATE:
            return "gates"
        case Kind.DOCKS:
            return f"dock group {on.problem.dock_groups[index]}"
        case Kind.QUOTA:
            return f"quota of carrier {on.problem.park.enterprises[index].id}"
        case Kind.TRUCK:
            return f"truck {on.problem.plates[index]}"


def _moment(on: Standing, slot: int) -> datetime:
    return on.problem.park.grid.start_of(on.problem.date, slot)
