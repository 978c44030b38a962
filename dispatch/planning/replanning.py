"""A booked day of which something is closed: planned again by the slot solver, with as few moves as may be. Pure.

What is fixed is frozen where it is: who has come, is about to, or holds a second place. Chained visits that cannot
stay are placed first, whole (`chain_moves`), and frozen there; everybody else may move, at a price. Looked at are the
visits at docks that are over-full, or all where the gates are. Where the chains push somebody off the day, a second
plan is made that leaves to them only what is free; who drops fewer, and then moves fewer, is taken.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np

from dispatch.model import rules
from dispatch.model.closures import Closure
from dispatch.model.life import dock_times, end_slot
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, AppointmentState, Stop
from dispatch.planning.capacity import FreeCapacity, dock_groups, open_capacity
from dispatch.planning.chain_moves import Room, place_chains
from dispatch.planning.slots import part_nearest
from dispatch.planning.whole_day import accept
from solver.reading import IntArray
from solver.slots import check
from solver.slots.instance import MAX_COUNT, SlotInstance
from solver.slots.solve import solve

MOVABLE = frozenset({AppointmentState.CONFIRMED, AppointmentState.REQUESTED})


@dataclass(frozen=True, slots=True)
class Change:
    """An appointment that cannot stay where it is, and its new place on the day, a chained visit's with all its stops;
    None where the day has none for it.
    """

    appointment: Appointment
    slot: int | None
    gate: str | None
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True)
class _Day:
    """A booked day: what closures leave of it, and how much of that is not yet used (less than 0 where it is over).

    `docks` (G, T), `gates` (H, T); visits may be moved from, and to, slot `first` on.
    """

    park: Park
    date: date
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
    free = open_capacity(park, day, closures)
    as_booked = _day(park, day, booked, free, now)
    chains = [each for each in booked if each.stops and as_booked.is_over(each) and not as_booked.is_fixed(each)]
    plan = _planned_around(as_booked, booked, _place(as_booked, booked, chains, of_others=True))
    if chains and plan.dropped:
        spared = _planned_around(as_booked, booked, _place(as_booked, booked, chains, of_others=False))
        plan = min(plan, spared, key=lambda each: (each.dropped, each.moved))
    return _changes(as_booked, booked, plan.at)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everybody at the place the plan gives him, None where it has none for him; how many it drops, and moves."""

    at: dict[str, Appointment | None]
    dropped: int
    moved: int


def _place(
    day: _Day, booked: Sequence[Appointment], chains: Sequence[Appointment], *, of_others: bool
) -> dict[str, Appointment | None]:
    """Return the chains at their new places, for which others that can be moved make way, or not."""
    names = {each.id for each in chains}
    others = [each for each in booked if each.id not in names]
    staying = [each for each in others if day.is_fixed(each) or not day.is_over(each)]
    firm = [each for each in staying if day.is_frozen(each)] if of_others else staying
    there, beside = (_day(day.park, day.date, each, day.free, day.now) for each in (firm, staying))
    room = Room(day.groups, there.docks, there.gates.sum(axis=0), beside.docks, beside.gates.sum(axis=0))
    return place_chains(day.park, room, chains, others, {each.id: _first_start(day, each) for each in chains})


def _planned_around(day: _Day, booked: Sequence[Appointment], chains: dict[str, Appointment | None]) -> _Plan:
    """Return the plan of the solver for everybody else, with the chains where they are placed."""
    standing = [new for each in booked if (new := chains.get(each.id, each)) is not None]
    on = _day(day.park, day.date, standing, day.free, day.now)
    involved = _involved(on, standing)
    stuck = {each.id for each in involved if on.is_over(each) and _is_for_people(on, each) and each.id not in chains}
    slots = {each.id: -1 if each.id in stuck else each.slot for each in standing}
    asked = [each for each in involved if each.id not in stuck and each.slots]  # who was done early holds no dock
    if any(on.is_over(each) and not on.is_frozen(each) for each in asked):
        slots |= _planned(on, asked, standing)
    at = {each.id: None for each in booked} | {
        each.id: replace(each, slot=slots[each.id]) for each in standing if slots[each.id] >= 0
    }
    places = [(each, at[each.id]) for each in booked]
    moved = sum(new is not None and (new.slot, new.stops) != (old.slot, old.stops) for old, new in places)
    return _Plan(at, sum(new is None for _, new in places), moved)


def _is_for_people(day: _Day, appointment: Appointment) -> bool:
    """Answer whether the solver cannot move it, though it could be moved: it is given up here, and sought for alone."""
    return day.is_frozen(appointment) and not day.is_fixed(appointment)


def _day(park: Park, day: date, booked: Iterable[Appointment], free: FreeCapacity, now: datetime) -> _Day:
    first = max(0, park.grid.slot_of(now + timedelta(minutes=park.rules.react_minutes), day) + 1)
    found = _Day(park, day, free, free.docks.copy(), free.gates.copy(), first, now)
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
    away = _elsewhere(day, asked, booked)
    windows = [_beside(day, away.get(each.plate, set()), each) for each in asked]
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
    first = _first_start(day, appointment)
    if day.is_over(appointment) or appointment.earliest is None or appointment.latest is None:
        return first, max(slot, last)
    earliest, latest = (grid.slot_of(edge, appointment.day) for edge in (appointment.earliest, appointment.latest))
    return max(first, min(slot, earliest)), max(slot, min(last, latest))


def _first_start(day: _Day, appointment: Appointment) -> int:
    earliest = rules.earliest_replacement(day.park, appointment, day.now)
    return max(day.first, day.park.grid.slot_of(earliest, appointment.day))


def _elsewhere(day: _Day, asked: Iterable[Appointment], booked: Iterable[Appointment]) -> dict[str, set[int]]:
    """Return the slots in which trucks are where the instance does not say, the turn after that included, by plate:
    on chained visits, and on those not asked about.
    """
    names = {each.id for each in asked if not each.stops}
    away: dict[str, set[int]] = {}
    for each in booked:
        if each.id not in names:
            away.setdefault(each.plate, set()).update(range(each.slot, end_slot(each) + day.park.rules.turn_slots))
    return away


def _beside(day: _Day, away: set[int], appointment: Appointment) -> tuple[int, int]:
    """Return the part of its window in which its truck is not elsewhere; all of it for what stays anyway."""
    earliest, latest = _window(day, appointment)
    if day.is_frozen(appointment) or not away:
        return earliest, latest
    closed = {slot - back for slot in away for back in range(appointment.slots + day.park.rules.turn_slots)}
    return part_nearest(appointment.slot, earliest, latest, closed) or (appointment.slot, appointment.slot)


def _changes(day: _Day, booked: Sequence[Appointment], at: dict[str, Appointment | None]) -> tuple[Change, ...]:
    """Return the changes, each with a gate: who stays in his slot stays at his gate while that admits him, the fixed
    first, then who asked first.
    """
    left = day.free.gates.copy()
    changes: list[Change] = []
    moving: list[tuple[Appointment, Appointment | None]] = []
    for each in sorted(booked, key=lambda each: (not day.is_fixed(each), each.made_at, each.id)):
        row, new = day.gate_rows.get(each.gate, -1), at[each.id]
        stays = new is not None and new.slot == each.slot and row >= 0 and left[row, each.slot] > 0
        if not stays and not day.is_fixed(each):
            moving.append((each, new))
            continue
        left[row, each.slot] -= int(row >= 0)
        if new is not None and new.stops != each.stops:
            changes.append(Change(each, each.slot, each.gate, new.stops))
    for old, new in moving:
        gate = None if new is None else _find_gate(day, old, left, new.slot)
        unplaced = Change(old, None, None)
        changes.append(unplaced if new is None or gate is None else Change(old, new.slot, gate, new.stops))
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
