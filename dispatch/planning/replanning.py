"""A booked day of which something is closed: planned again by the slot solver, with as few moves as may be. Pure.

What is fixed is frozen where it is: who has come, is about to, holds a second place, or calls at several warehouses.
Everybody else may move, at a price. Looked at are the visits at docks that are over-full, or all where the gates are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np

from dispatch.model import rules
from dispatch.model.closures import Closure
from dispatch.model.life import dock_times
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, AppointmentState
from dispatch.planning.capacity import FreeCapacity, dock_groups, open_capacity
from dispatch.planning.whole_day import accept
from solver.reading import IntArray
from solver.slots import check
from solver.slots.instance import MAX_COUNT, SlotInstance
from solver.slots.solve import solve

MOVABLE = frozenset({AppointmentState.CONFIRMED, AppointmentState.REQUESTED})


@dataclass(frozen=True, slots=True)
class Change:
    """An appointment that cannot stay where it is, and its new place on the day; None where the day has none for it."""

    appointment: Appointment
    slot: int | None
    gate: str | None


@dataclass(frozen=True)
class _Day:
    """A booked day: what closures leave of it, and how much of that is not yet used (less than 0 where it is over).

    `docks` (G, T), `gates` (H, T); visits may be moved from, and to, slot `first` on.
    """

    park: Park
    free: FreeCapacity
    docks: IntArray
    gates: IntArray
    first: int
    now: datetime

    @cached_property
    def groups(self) -> dict[str, int]:
        """Return the row of each dock group."""
        return {group.id: i for i, (_, group) in enumerate(dock_groups(self.park))}

    @cached_property
    def gate_rows(self) -> dict[str, int]:
        """Return the row of each gate."""
        return {gate.id: i for i, gate in enumerate(self.park.gates)}

    def is_fixed(self, appointment: Appointment) -> bool:
        """Answer whether nobody can move it: it has begun, or is about to."""
        return appointment.state not in MOVABLE or appointment.slot < self.first

    def is_frozen(self, appointment: Appointment) -> bool:
        """Answer whether the solver leaves it where it is."""
        return self.is_fixed(appointment) or bool(appointment.stops) or appointment.offer is not None

    def is_over(self, appointment: Appointment) -> bool:
        """Answer whether it holds anything of which more is held than is left."""
        over = (self.docks[row, begin:end] < 0 for row, begin, end in self.held(appointment))
        return any(each.any() for each in over) or bool(self.gates[:, appointment.slot].sum() < 0)

    def held(self, appointment: Appointment) -> Iterator[tuple[int, int, int]]:
        """Yield the rows of docks it holds, from slot to slot."""
        for place in dock_times(appointment):
            if place.dock_group in self.groups:
                yield self.groups[place.dock_group], place.slot, place.slot + place.slots


def replan(
    park: Park, day: date, booked: Sequence[Appointment], closures: Iterable[Closure], now: datetime
) -> tuple[Change, ...]:
    """Return what must change for the day's appointments (those that hold places) to fit what closures leave open.

    Each visit that stays keeps its slot and gate. Raises PlanRejected when the solver's plan breaks a rule.
    """
    booked_day = _day(park, day, booked, closures, now)
    involved = _involved(booked_day, booked)
    stuck = {each.id for each in involved if booked_day.is_over(each) and _is_for_people(booked_day, each)}
    slots = {each.id: -1 if each.id in stuck else each.slot for each in booked}
    asked = [each for each in involved if each.id not in stuck]
    if any(booked_day.is_over(each) and not booked_day.is_frozen(each) for each in asked):
        slots |= _planned(booked_day, asked, booked)
    return _changes(booked_day, booked, slots)


def _is_for_people(day: _Day, appointment: Appointment) -> bool:
    """Answer whether the solver cannot move it, though it could be moved: it is given up here, and sought for alone."""
    return day.is_frozen(appointment) and not day.is_fixed(appointment)


def _day(park: Park, day: date, booked: Iterable[Appointment], closures: Iterable[Closure], now: datetime) -> _Day:
    free = open_capacity(park, day, closures)
    first = max(0, park.grid.slot_of(now + timedelta(minutes=park.rules.react_minutes), day) + 1)
    found = _Day(park, free, free.docks.copy(), free.gates.copy(), first, now)
    for each in booked:
        for row, begin, end in found.held(each):
            found.docks[row, begin:end] -= 1
        if each.gate in found.gate_rows:
            found.gates[found.gate_rows[each.gate], each.slot] -= 1
    return found


def _involved(day: _Day, booked: Sequence[Appointment]) -> list[Appointment]:
    """Return everybody when more come in a slot than the gates admit, else who uses docks that are over-full."""
    if (day.gates.sum(axis=0) < 0).any():
        return list(booked)
    over = set(np.flatnonzero((day.docks < 0).any(axis=1)).tolist())
    return [each for each in booked if any(row in over for row, _, _ in day.held(each))]


def _planned(day: _Day, asked: Sequence[Appointment], booked: Sequence[Appointment]) -> dict[str, int]:
    """Return the slot of each, -1 for none, by the slot solver: checked, and no worse than it claims."""
    instance = _instance(day, asked, booked)
    outcome = solve(instance, seconds=float(day.park.rules.replan_seconds))
    start = outcome.plan.start
    accept("slots", [fault.text for fault in check.violations(instance, start)], outcome, check.cost(instance, start))
    return {each.id: int(slot) for each, slot in zip(asked, start, strict=True)}


def _instance(day: _Day, asked: Sequence[Appointment], booked: Sequence[Appointment]) -> SlotInstance:
    park, rules = day.park, day.park.rules
    carriers = {enterprise.id: i for i, enterprise in enumerate(park.enterprises)}
    plates = {plate: i for i, plate in enumerate(dict.fromkeys(each.plate for each in asked))}
    docks, gate = _left_by_others(day, asked, booked)
    windows = [_window(day, each) for each in asked]
    quotas = [-1 if firm.quota is None else firm.quota for firm in park.enterprises]
    slots = np.array([each.slot for each in asked], dtype=np.int64)
    return SlotInstance.build(
        source=f"booked day of park {park.id}",
        slot_minutes=park.grid.slot_minutes,
        horizon=park.grid.horizon,
        docks=docks,
        gate=np.minimum(gate, MAX_COUNT),
        quota=quotas,
        turn=rules.turn_slots,
        early=rules.early_cost,
        late=rules.late_cost,
        drop=rules.drop_cost,
        move=rules.replan_move_cost,
        visits={
            "dock_group": [day.groups[each.dock_group] for each in asked],
            "duration": [each.slots for each in asked],
            "wish": slots,
            "earliest": [earliest for earliest, _ in windows],
            "latest": [latest for _, latest in windows],
            "weight": np.ones(len(asked), dtype=np.int64),
            "carrier": [carriers.get(each.carrier, -1) for each in asked],
            "truck": [plates[each.plate] for each in asked],
            "promised": slots,
            "frozen": [int(day.is_frozen(each)) for each in asked],
        },
    )


def _left_by_others(
    day: _Day, asked: Sequence[Appointment], booked: Sequence[Appointment]
) -> tuple[IntArray, IntArray]:
    """Return the docks (G, T) and entries (T,) that the visits asked about may share: what is open less what others
    hold, and less the later stops of chained visits, which the instance does not know.
    """
    docks, gate = day.free.docks.copy(), day.free.gates.sum(axis=0, dtype=np.int64)
    theirs = {each.id for each in asked}
    for each in booked:
        held = list(day.held(each))
        for row, begin, end in held[1:] if each.id in theirs else held:
            docks[row, begin:end] -= 1
        if each.id not in theirs:
            gate[each.slot] -= 1
    return np.maximum(docks, 0), np.maximum(gate, 0)


def _window(day: _Day, appointment: Appointment) -> tuple[int, int]:
    """Return the starts it may have: what suits it, or the whole day when it cannot stay as it is."""
    grid, slot = day.park.grid, appointment.slot
    last = grid.horizon - appointment.slots
    if day.is_frozen(appointment):
        return slot, slot
    first = max(day.first, grid.slot_of(rules.earliest_replacement(day.park, appointment, day.now), appointment.day))
    if day.is_over(appointment) or appointment.earliest is None or appointment.latest is None:
        return first, max(slot, last)
    earliest, latest = (grid.slot_of(edge, appointment.day) for edge in (appointment.earliest, appointment.latest))
    return max(first, min(slot, earliest)), max(slot, min(last, latest))


def _changes(day: _Day, booked: Sequence[Appointment], slots: dict[str, int]) -> tuple[Change, ...]:
    """Return the changes, each with a gate: who stays in his slot stays at his gate while that admits him, the fixed
    first, then who asked first.
    """
    left = day.free.gates.copy()
    changes: list[Change] = []
    moving: list[Appointment] = []
    for each in sorted(booked, key=lambda each: (not day.is_fixed(each), each.made_at, each.id)):
        row, slot = day.gate_rows.get(each.gate, -1), slots[each.id]
        if day.is_fixed(each) or (slot == each.slot and row >= 0 and left[row, slot] > 0):
            left[row, each.slot] -= int(row >= 0)
        else:
            moving.append(each)
    for each in moving:
        slot = slots[each.id]
        gate = _find_gate(day, each, left, slot) if slot >= 0 else None
        changes.append(Change(each, slot if gate is not None else None, gate))
    return tuple(changes)


def _find_gate(day: _Day, appointment: Appointment, left: IntArray, slot: int) -> str | None:
    """Return the first gate by preference that has an entry left in the slot, and take it."""
    warehouse = day.park.warehouse_by_id[appointment.warehouse]
    for gate in day.park.gates_for(warehouse):
        row = day.gate_rows[gate.id]
        if left[row, slot] > 0:
            left[row, slot] -= 1
            return gate.id
    return None
