"""Visits as a slot problem, and the solver's starts as placements: who enters when, by which gate, at which docks.

A start is a slot: the truck is admitted and begins on the dock within it. A window's ends are read as the slots that
hold them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from dispatch.model.day import Visit
from dispatch.model.park import Park
from dispatch.planning.capacity import FreeCapacity, dock_groups, whole_capacity
from solver.reading import IntArray
from solver.slots.instance import MAX_COUNT, SlotInstance


@dataclass(frozen=True)
class SlotProblem:
    """A slot instance with what its numbers stand for.

    Visit v of the instance is `visits[v]`; they stand in the order in which they were requested. `left_out` are the
    visits with no start on this day; they are not in the instance. Dock groups, carriers and trucks of the instance
    are `dock_groups` (ids), the park's enterprises, and `plates`.
    """

    park: Park
    date: date
    visits: tuple[Visit, ...]
    left_out: tuple[Visit, ...]
    dock_groups: tuple[str, ...]
    plates: tuple[str, ...]
    free: FreeCapacity
    instance: SlotInstance


@dataclass(frozen=True, slots=True)
class Placement:
    """A visit with its place in the plan: it enters by `gate` in `slot` and holds a dock for `slots` slots."""

    visit: Visit
    slot: int
    slots: int
    gate: str
    dock_group: str


@dataclass(frozen=True, slots=True)
class _Window:
    """The starts a visit may have: slots `earliest` to `latest`, its wish among the day's slots."""

    visit: Visit
    duration: int
    wish: int
    earliest: int
    latest: int


def slot_problem(park: Park, day: date, visits: Sequence[Visit], free: FreeCapacity | None = None) -> SlotProblem:
    """Return the slot problem of a day's visits, which fit the park (`dispatch.model.day.check_visit`).

    `free` is what bookings already made leave; without it the whole park is free. Docks, gates, and trucks that are
    busy are then respected exactly, quotas on the safe side: the solver knows one quota per carrier for the whole day,
    so a carrier's is the least it has left in any slot where it has anything left, and its visits do not start in
    slots where it has nothing left. Where a busy truck or a used-up quota cuts a visit's window into parts, only the
    part nearest to its wish is kept. A visit that is left no start at all is in `left_out`.
    """
    free = whole_capacity(park) if free is None else free
    in_order = sorted(visits, key=lambda visit: (visit.requested_at, visit.id))
    carriers = {enterprise.id: i for i, enterprise in enumerate(park.enterprises)}
    found = [(visit, _window(park, day, visit, free, carriers[visit.carrier])) for visit in in_order]
    windows = [window for _, window in found if window is not None]
    plates = {plate: i for i, plate in enumerate(dict.fromkeys(window.visit.plate for window in windows))}
    return SlotProblem(
        park=park,
        date=day,
        visits=tuple(window.visit for window in windows),
        left_out=tuple(visit for visit, window in found if window is None),
        dock_groups=tuple(group.id for _, group in dock_groups(park)),
        plates=tuple(plates),
        free=free,
        instance=_instance(park, windows, free, carriers, plates),
    )


def placements(problem: SlotProblem, start: IntArray) -> tuple[Placement, ...]:
    """Return the placed visits of a lawful plan, `start` (V,) with -1 for not placed, each with a gate.

    A visit gets its zone's gate while that has entries left in the slot, otherwise the next gate that has. No gate
    is passed its own capacity, and every visit gets one: row S3 allows at most the sum of what the gates have left
    in the slot, each visit takes one entry of one gate, and any gate will do, so while visits remain entries do.
    """
    left = problem.free.gates.copy()
    gate_index = {gate.id: i for i, gate in enumerate(problem.park.gates)}
    preferred = [problem.park.gates_for(problem.park.warehouse_by_id[visit.warehouse]) for visit in problem.visits]
    gates: dict[int, str] = {}
    for choices in range(1, len(problem.park.gates) + 1):  # first choices before any second choice
        for v in np.flatnonzero(start >= 0).tolist():
            for gate in preferred[v][:choices]:
                if v not in gates and left[gate_index[gate.id], start[v]] > 0:
                    left[gate_index[gate.id], start[v]] -= 1
                    gates[v] = gate.id
    return tuple(
        Placement(
            visit=visit,
            slot=int(start[v]),
            slots=int(problem.instance.duration[v]),
            gate=gates[v],
            dock_group=problem.dock_groups[problem.instance.dock_group[v]],
        )
        for v, visit in enumerate(problem.visits)
        if start[v] >= 0
    )


def _instance(
    park: Park, windows: list[_Window], free: FreeCapacity, carriers: dict[str, int], plates: dict[str, int]
) -> SlotInstance:
    group_of = {(warehouse.id, group.kind): g for g, (warehouse, group) in enumerate(dock_groups(park))}
    rules = park.rules
    return SlotInstance.build(
        source=f"slot problem of park {park.id}",
        slot_minutes=park.grid.slot_minutes,
        horizon=park.grid.horizon,
        docks=free.docks,
        gate=np.minimum(free.gates.sum(axis=0), MAX_COUNT),  # of which no day comes near
        quota=_constant_quotas(free),
        turn=rules.turn_slots,
        early=rules.early_cost,
        late=rules.late_cost,
        drop=rules.drop_cost,
        visits={
            "dock_group": _column(group_of[window.visit.warehouse, window.visit.dock_kind] for window in windows),
            "duration": _column(window.duration for window in windows),
            "wish": _column(window.wish for window in windows),
            "earliest": _column(window.earliest for window in windows),
            "latest": _column(window.latest for window in windows),
            "weight": _column(window.visit.weight for window in windows),
            "carrier": _column(carriers[window.visit.carrier] for window in windows),
            "truck": _column(plates[window.visit.plate] for window in windows),
        },
    )


def _window(park: Park, day: date, visit: Visit, free: FreeCapacity, carrier: int) -> _Window | None:
    grid = park.grid
    duration = grid.slots_for(visit.minutes)
    last = grid.horizon - 1
    earliest = max(0, grid.slot_of(visit.earliest, day))
    latest = min(last, grid.slot_of(visit.latest, day))
    wish = min(max(0, grid.slot_of(visit.wish, day)), last)
    part = part_nearest(wish, earliest, latest, _closed_starts(park, visit, duration, free, carrier))
    return None if part is None else _Window(visit, duration, wish, *part)


def _closed_starts(park: Park, visit: Visit, duration: int, free: FreeCapacity, carrier: int) -> set[int]:
    """Return the slots in which the visit cannot start since its truck is busy or its carrier has no entry left."""
    used_up = free.quotas[carrier] == 0
    closed = set() if used_up.all() else set(np.flatnonzero(used_up).tolist())  # a quota of 0 is the solver's row S4
    for begin, end in free.busy.get(visit.plate, ()):
        closed.update(range(begin - duration - park.rules.turn_slots + 1, end + park.rules.turn_slots))
    return closed


def part_nearest(wish: int, earliest: int, latest: int, closed: set[int]) -> tuple[int, int] | None:
    """Return the ends of the run of open starts that is nearest to the wish, the earlier of two; None without any."""
    starts = [slot for slot in range(earliest, latest + 1) if slot not in closed] if closed else []
    if not closed:
        return (earliest, latest) if earliest <= latest else None
    if not starts:
        return None
    nearest = min(starts, key=lambda slot: (abs(slot - wish), slot))
    first, last = nearest, nearest
    open_starts = set(starts)
    while first - 1 in open_starts:
        first -= 1
    while last + 1 in open_starts:
        last += 1
    return first, last


def _constant_quotas(free: FreeCapacity) -> IntArray:
    """Return a quota per carrier, (C,): the least it has left where it has any, 0 where it has none, or NO_QUOTA."""
    if not free.quotas.size:
        return np.zeros(len(free.quotas), dtype=np.int64)
    some = np.where(free.quotas > 0, free.quotas, np.iinfo(np.int64).max).min(axis=1)
    most = free.quotas.max(axis=1)
    return np.asarray(np.where(most <= 0, most, some), dtype=np.int64)


def _column(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, dtype=np.int64)
