"""Which starts are open for a visit, and what stands in the way of the others. Pure: counters in, openings out.

A day's counters are read once and looked at here; whether a start is really given is decided by the commit alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter

from dispatch.model import rules
from dispatch.model.park import DockGroup, Enterprise, Gate, Park, Warehouse
from dispatch.model.refusals import (
    Alternative,
    BookingNotOpen,
    DocksFull,
    GateFull,
    OutsideHours,
    QuotaFull,
    Refusal,
    TruckBusy,
)

Taken = Mapping[int, int]  # slot -> taken


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, resolved against the park; `slots` is how long a dock is held."""

    plate: str
    carrier: Enterprise
    warehouse: Warehouse
    group: DockGroup
    slots: int


@dataclass(frozen=True, slots=True)
class Window:
    """When a start suits: best at `wish`, not before `earliest`, not after `latest`."""

    wish: datetime
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """A start that was open when the counters were read. `cost` is F1 in the solver's units."""

    cost: int
    day: date
    slot: int
    gate: Gate


@dataclass(frozen=True, slots=True)
class DayCounters:
    """What is taken on one day of everything the wanted visit needs; `gates` in order of preference."""

    day: date
    docks: Taken
    dock_limits: Sequence[int]
    gates: tuple[tuple[Gate, Taken, Sequence[int]], ...]
    carrier: Taken
    truck: Taken
    truck_next_day: Taken  # the turn after a late visit reaches past midnight


def move_cost(park: Park, wish: datetime, day: date, slot: int) -> int:
    """Return F1 of starting in the slot: early or late slots from the wish, by their house price."""
    return _cost_of(park, _slots_after(park, wish, day) + slot)


def _slots_after(park: Park, wish: datetime, day: date) -> int:
    """Return how many slots the first slot of the day lies after the wish's (negative: before)."""
    wished = park.grid.day_of(wish)
    return (day - wished).days * park.grid.horizon - park.grid.slot_of(wish, wished)


def _cost_of(park: Park, slots_late: int) -> int:
    return park.rules.late_cost * slots_late if slots_late > 0 else park.rules.early_cost * -slots_late


def find_gate(counters: DayCounters, slot: int) -> Gate | None:
    """Return the first gate by preference that still admits a truck in the slot."""
    for gate, taken, limits in counters.gates:
        if taken.get(slot, 0) < limits[slot]:
            return gate
    return None


def find_obstacle(park: Park, wanted: Wanted, counters: DayCounters, slot: int) -> Refusal | None:
    """Return why the visit cannot start in the slot, naming the resource; None when it can."""
    return (
        _find_closed(park, wanted, counters, slot)
        or _find_full_dock(park, wanted, counters, slot)
        or _find_full_gate(park, counters, slot)
        or _find_full_quota(park, wanted, counters, slot)
        or _find_busy_truck(park, wanted, counters, slot)
    )


def list_openings(
    park: Park, wanted: Wanted, wish: datetime, days: Iterable[DayCounters], now: datetime
) -> list[Opening]:
    """Return every open start of the days, best first: by F1, then the earlier one."""
    return list(_open_ones(park, wanted, wish, [(each, bookable_slots(park, wanted, each.day, now)) for each in days]))


def find_opening(
    park: Park, wanted: Wanted, window: Window, days: Iterable[DayCounters], now: datetime
) -> Opening | None:
    """Return the best open start within the window, or None."""
    spans = [(each, slots_within(park, wanted, window, each.day, now)) for each in days]
    return next(_open_ones(park, wanted, window.wish, spans), None)


def starts_by_cost(
    park: Park, wish: datetime, spans: Iterable[tuple[DayCounters, range]]
) -> list[tuple[int, date, int, DayCounters]]:
    """Return (F1, day, slot, counters) of the slots of each day's span, best first, then the earlier one."""
    starts = []
    for counters, slots in spans:
        after = _slots_after(park, wish, counters.day)
        starts += [(_cost_of(park, after + slot), counters.day, slot, counters) for slot in slots]
    starts.sort(key=itemgetter(0, 1, 2))
    return starts


def slots_within(park: Park, wanted: Wanted, window: Window, day: date, now: datetime) -> range:
    """Return the slots of the day in which the visit may start by the clock and its window."""
    by_clock = bookable_slots(park, wanted, day, now)
    first = first_slot_from(park, window.earliest, day)
    last = park.grid.slot_of(window.latest, day)
    return range(max(by_clock.start, first), min(by_clock.stop, last + 1))


def first_slot_from(park: Park, moment: datetime, day: date) -> int:
    """Return the first slot of the day that begins at the moment or later (may be the horizon or more)."""
    slot = max(0, park.grid.slot_of(moment, day))
    if slot < park.grid.horizon and park.grid.start_of(day, slot) < moment:
        slot += 1
    return slot


def alternative(park: Park, opening: Opening) -> Alternative:
    """Return an opening as it is offered."""
    starts_at = park.grid.start_of(opening.day, opening.slot).isoformat()
    return Alternative(opening.day.isoformat(), opening.slot, starts_at, opening.gate.id)


def bookable_slots(park: Park, wanted: Wanted, day: date, now: datetime) -> range:
    """Return the slots of the day in which the visit may start by the clock alone."""
    if not rules.may_book_day(park, day, now):
        return range(0)
    first = first_slot_from(park, rules.earliest_start(park, now), day)
    return range(first, park.grid.horizon - wanted.slots + 1)


def _open_ones(
    park: Park, wanted: Wanted, wish: datetime, spans: Iterable[tuple[DayCounters, range]]
) -> Iterator[Opening]:
    for cost, day, slot, counters in starts_by_cost(park, wish, spans):
        if find_obstacle(park, wanted, counters, slot) is None:
            gate = find_gate(counters, slot)
            assert gate is not None
            yield Opening(cost, day, slot, gate)


def has_a_start(park: Park, window: Window) -> bool:
    """Answer whether any slot begins within the window."""
    day = park.grid.day_of(window.earliest)
    return park.grid.start_of(day, first_slot_from(park, window.earliest, day)) <= window.latest


def never_open(park: Park, wanted: Wanted, day: date, slot: int, now: datetime) -> Refusal:
    """Return the refusal of a slot that can be had by nobody: by the clock, or as the visit is too long for it."""
    if rules.may_book(park, day, slot, now) and not rules.fits_day(park, slot, wanted.slots):
        return _too_long(wanted, day)
    lead, horizon = park.rules.lead_minutes, park.rules.booking_horizon_days
    allowed = f"from {lead} minutes ahead to {horizon} days ahead"
    return BookingNotOpen(f"{day.isoformat()} {park.slot_text(slot)} is not open for booking; slots are, {allowed}")


def _too_long(wanted: Wanted, day: date) -> Refusal:
    return OutsideHours(f"the end of {day.isoformat()}: the visit takes {wanted.slots} slots")


def _find_closed(park: Park, wanted: Wanted, counters: DayCounters, slot: int) -> Refusal | None:
    if not rules.fits_day(park, slot, wanted.slots):
        return _too_long(wanted, counters.day)
    for t in range(slot, slot + wanted.slots):
        if counters.dock_limits[t] == 0:
            return OutsideHours(f"dock group {wanted.group.id} {park.slot_text(t)}")
    if all(limits[slot] == 0 for _, _, limits in counters.gates):
        return OutsideHours(f"every gate {park.slot_text(slot)}")
    return None


def _find_full_dock(park: Park, wanted: Wanted, counters: DayCounters, slot: int) -> Refusal | None:
    for t in range(slot, slot + wanted.slots):
        if counters.docks.get(t, 0) >= counters.dock_limits[t]:
            return DocksFull(f"dock group {wanted.group.id} {park.slot_text(t)}")
    return None


def _find_full_gate(park: Park, counters: DayCounters, slot: int) -> Refusal | None:
    if find_gate(counters, slot) is not None:
        return None
    nearest = next(gate for gate, _, limits in counters.gates if limits[slot])  # that all are closed was seen before
    return GateFull(f"gate {nearest.id} {park.slot_text(slot)}")


def _find_full_quota(park: Park, wanted: Wanted, counters: DayCounters, slot: int) -> Refusal | None:
    quota = wanted.carrier.quota
    if quota is not None and counters.carrier.get(slot, 0) >= quota:
        return QuotaFull(f"carrier {wanted.carrier.id} {park.slot_text(slot)}")
    return None


def _find_busy_truck(park: Park, wanted: Wanted, counters: DayCounters, slot: int) -> Refusal | None:
    for t in range(slot, slot + wanted.slots + park.rules.turn_slots):
        days, rest = divmod(t, park.grid.horizon)
        taken = counters.truck_next_day if days else counters.truck
        if taken.get(rest, 0) > 0:
            return TruckBusy(f"truck {wanted.plate} {park.slot_text(rest)}")
    return None
