"""Which starts are open for a visit, and what stands in the way of the others. Pure: counters in, openings out.

A day's counters are read once and handed to `solver.slots.online`, which knows the rows; here its numbers get the
park's names back. Whether a start is really given is decided by the commit alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter, itemgetter

import numpy as np

from dispatch.model import rules
from dispatch.model.park import DockGroup, Enterprise, Gate, Park, Warehouse
from dispatch.model.refusals import (
    Alternative,
    BookingNotOpen,
    DocksFull,
    GateFull,
    OutsideHours,
    Refusal,
    TruckBusy,
)
from dispatch.model.shares import next_release
from dispatch.services.quotas import Quota
from solver.reading import IntArray
from solver.slots import online
from solver.slots.online import BidPrices, Free, Request, Row, Starts, Terms

NEVER_BUSY = np.zeros(0, dtype=np.int64)


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
    """When a start suits: best at `wish`, not before `earliest`, not after `latest`.

    `spans` are those `slots_within` it has found, by day, slots of the visit and clock.
    """

    wish: datetime
    earliest: datetime
    latest: datetime
    spans: dict[tuple[date, int, datetime], range] = field(default_factory=dict, init=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """A start that was open when the counters were read. `cost` is F1 in the solver's units, `price` what the bid
    prices of its places add to that.
    """

    cost: int
    day: date
    slot: int
    gate: Gate
    price: float = 0.0
    stops: tuple[int, ...] = ()  # the slots at which the later warehouses of a chained visit are begun
    pool: str | None = None

    @property
    def worth(self) -> tuple[float, date, int]:
        """Return what the best opening has least of: F1 and prices, then the day and the slot."""
        return self.cost + self.price, self.day, self.slot


@dataclass(frozen=True, slots=True)
class DayCounters:
    """What is taken on one day of everything the wanted visit needs, (T,) by slot; `gates` and `pools` in order of
    preference, each gate with what it admits. `truck` may be NEVER_BUSY, for both days.

    `quotas` are the carrier's that have a limit, `pools` (with their names) those of the slot's entries it may take
    from, none where the park has no shares; each with what is taken, by counter field. `unreleased` slots are not open
    yet. `prices` are the bid prices of those rows, one dock group and one carrier; without them places are free.
    `closures` are the ids of those that close anything on the day.
    """

    day: date
    docks: IntArray
    dock_limits: IntArray
    gates: tuple[tuple[Gate, IntArray, IntArray], ...]
    truck: IntArray
    truck_next_day: IntArray  # the turn after a late visit reaches past midnight
    seen_at: datetime
    quotas: tuple[tuple[Quota, Mapping[str, int]], ...] = ()
    pools: tuple[tuple[str, Quota, Mapping[str, int]], ...] = ()
    unreleased: frozenset[int] = frozenset()
    prices: BidPrices | None = None
    closures: tuple[str, ...] = ()
    _starts: dict[int, Starts] = field(default_factory=dict, init=False, compare=False, repr=False)  # by duration

    def starts(self, park: Park, wanted: Wanted) -> Starts:
        """Return what forbids each start of the wanted visit."""
        known = self._starts.get(wanted.slots)
        if known is None:
            request = _request(wanted, self, wish=0, span=range(0), busy=_busy(self))
            known = self._starts[wanted.slots] = online.starts_of(request, _free(park, self), _terms(park))
        return known


def nearest_costs(park: Park, wish: datetime, days: Iterable[date]) -> Iterator[tuple[date, int]]:
    """Yield each day with the least F1 that any of its slots can have."""
    wished, horizon = park.grid.day_of(wish), park.grid.horizon
    slot = park.grid.slot_of(wish, wished)
    for day in days:
        after = (day - wished).days * horizon - slot
        yield day, _cost_of(park, after if after > 0 else min(0, after + horizon - 1))


def _slots_after(park: Park, wish: datetime, day: date) -> int:
    """Return how many slots the first slot of the day lies after the wish's (negative: before)."""
    return -park.grid.slot_of(wish, day)


def _cost_of(park: Park, slots_late: int) -> int:
    return park.rules.late_cost * slots_late if slots_late > 0 else park.rules.early_cost * -slots_late


def find_gate(counters: DayCounters, slot: int) -> Gate | None:
    """Return the first gate by preference that still admits a truck in the slot."""
    for gate, taken, limits in counters.gates:
        if taken[slot] < limits[slot]:
            return gate
    return None


def find_pool(counters: DayCounters, slot: int) -> str | None:
    """Return the first pool by preference that has an entry left in the slot."""
    return next((name for name, pool, taken in counters.pools if pool.left(taken, slot) > 0), None)


def find_obstacle(park: Park, wanted: Wanted, counters: DayCounters, slot: int) -> Refusal | None:
    """Return why the visit cannot start in the slot, naming the resource; None when it can."""
    closed = _find_closed(park, wanted, counters, slot)
    if closed is not None:
        return closed
    request = _request(wanted, counters, wish=slot, span=range(slot, slot + 1))
    obstacle = online.obstacle_at(counters.starts(park, wanted), request, slot)
    return None if obstacle is None else _refusal_of(park, wanted, counters, obstacle)


def list_openings(
    park: Park, wanted: Wanted, wish: datetime, days: Iterable[DayCounters], now: datetime, most: int | None = None
) -> list[Opening]:
    """Return every open start of the days, or `most` of them, the nearest first: by F1, then the earlier one."""
    found = []
    for counters in days:
        span = bookable_slots(park, wanted, counters.day, now)
        after = _slots_after(park, wish, counters.day)
        request = _request(wanted, counters, wish=-after, span=span)
        open_ones = counters.starts(park, wanted)
        nearest = online.nearest_open(open_ones, request, _terms(park), span, len(span) if most is None else most)
        found += [_opening(counters, slot, _cost_of(park, after + slot)) for slot in nearest]
    return sorted(found, key=attrgetter("worth"))[:most]


def find_opening(
    park: Park, wanted: Wanted, window: Window, days: Iterable[DayCounters], now: datetime
) -> Opening | None:
    """Return the best open start within the window by F1 and the bid prices, then the earlier one; or None."""
    found = []
    for counters in days:
        span = slots_within(park, wanted, window, counters.day, now)
        request = _request(wanted, counters, wish=-_slots_after(park, window.wish, counters.day), span=span)
        best = online.best_of(counters.starts(park, wanted), request, counters.prices, _terms(park))
        if best is not None:
            found.append(_opening(counters, best.slot, best.cost, best.price))
    return min(found, key=attrgetter("worth"), default=None)


def find_nearest(
    park: Park, wanted: Wanted, window: Window, days: Iterable[DayCounters], now: datetime
) -> tuple[int, DayCounters] | None:
    """Return the start within the window that is best by F1, open or not, then the earlier one, with its day's
    counters; None without any."""
    found = []
    for counters in days:
        span = slots_within(park, wanted, window, counters.day, now)
        after = _slots_after(park, window.wish, counters.day)
        if span:  # F1 falls to the wish and rises behind it
            nearest = min(max(span.start, -after), span.stop - 1)
            ends = {span.start, nearest}
            found += [(_cost_of(park, after + slot), counters.day, slot, counters) for slot in ends]
    best = min(found, key=itemgetter(0, 1, 2), default=None)
    return None if best is None else best[2:]


def slots_within(park: Park, wanted: Wanted, window: Window, day: date, now: datetime) -> range:
    """Return the slots of the day in which the visit may start by the clock and its window."""
    known = window.spans.get((day, wanted.slots, now))  # it is asked for several times in each request
    if known is None:
        by_clock = bookable_slots(park, wanted, day, now)
        first = first_slot_from(park, window.earliest, day)
        last = park.grid.slot_of(window.latest, day)
        known = range(max(by_clock.start, first), min(by_clock.stop, last + 1))
        window.spans[day, wanted.slots, now] = known
    return known


def first_slot_from(park: Park, moment: datetime, day: date) -> int:
    """Return the first slot of the day that begins at the moment or later (may be the horizon or more)."""
    slot = max(0, park.grid.slot_of(moment, day))
    if slot < park.grid.horizon and park.grid.start_of(day, slot) < moment:
        slot += 1
    return slot


def alternative(park: Park, wanted: Wanted, wish: datetime, opening: Opening, counters: DayCounters) -> Alternative:
    """Return an opening of the counters' day as it is offered."""
    starts_at = park.grid.start_of(opening.day, opening.slot).isoformat()
    slots_late = _slots_after(park, wish, opening.day) + opening.slot
    nearer = opening.slot - 1 if slots_late > 0 else opening.slot + 1
    in_day = slots_late != 0 and 0 <= nearer < park.grid.horizon
    obstacle = find_obstacle(park, wanted, counters, nearer) if in_day else None
    not_nearer = "" if obstacle is None else obstacle.resource
    return Alternative(opening.day.isoformat(), opening.slot, starts_at, opening.gate.id, not_nearer)


def bookable_slots(park: Park, wanted: Wanted, day: date, now: datetime) -> range:
    """Return the slots of the day in which the visit may start by the clock alone."""
    if not rules.may_book_day(park, day, now):
        return range(0)
    first = first_slot_from(park, rules.earliest_start(park, now), day)
    return range(first, park.grid.horizon - wanted.slots + 1)


def _opening(counters: DayCounters, slot: int, cost: int, price: float = 0.0) -> Opening:
    gate = find_gate(counters, slot)
    assert gate is not None  # of an open start
    return Opening(cost, counters.day, slot, gate, price, pool=find_pool(counters, slot))


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
    closed = f"{day.isoformat()} {park.slot_text(slot)} is not open for booking"
    if now < rules.opens_at(park, day, slot):
        return _not_released(park, day, slot)
    return BookingNotOpen(f"{closed}; slots are, {allowed}")


def _not_released(park: Park, day: date, slot: int) -> Refusal:
    opens_at = rules.opens_at(park, day, slot)
    told = f"{day.isoformat()} {park.slot_text(slot)} opens for booking at {opens_at.isoformat()}"
    return BookingNotOpen(told, opens_at=opens_at)


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
    if slot in counters.unreleased:
        return _not_released(park, counters.day, slot)
    return None


def _terms(park: Park) -> Terms:
    return Terms(park.rules.early_cost, park.rules.late_cost, park.rules.drop_cost, park.rules.turn_slots)


def _request(wanted: Wanted, counters: DayCounters, *, wish: int, span: range, busy: IntArray = NEVER_BUSY) -> Request:
    """Return the visit as the solver sees it: dock group 0, carrier 0 when it has a quota, slots of the day."""
    return Request(
        dock_group=0,
        duration=wanted.slots,
        wish=wish,
        earliest=span.start,
        latest=span.stop - 1,
        carrier=0 if counters.quotas or counters.pools else -1,
        busy=busy,
    )


def _busy(counters: DayCounters) -> IntArray:
    """Return the slots in which the truck is held, those of the next day behind those of the day."""
    if counters.truck is NEVER_BUSY:
        return NEVER_BUSY
    return np.flatnonzero(np.concatenate((counters.truck, counters.truck_next_day)) > 0)


def _free(park: Park, counters: DayCounters) -> Free:
    """Return what is left of the rows the visit needs; any gate will do, and none lets in before a slot's release.

    More may be taken than there is, where the park file was changed.
    """
    gate = np.zeros(park.grid.horizon, dtype=np.int64)
    for _, taken, limits in counters.gates:
        gate += np.maximum(0, limits - taken)
    if counters.unreleased:
        gate[list(counters.unreleased)] = 0
    docks = counters.dock_limits - counters.docks
    return Free(docks=docks[None], gate=gate, quota=_starts_left(park, counters))


def _starts_left(park: Park, counters: DayCounters) -> IntArray:
    """Return the starts quotas and pools leave the carrier in each slot, (1, T); (0, 0) where nothing bounds it."""
    slots = range(park.grid.horizon)
    bounds = [[quota.left(taken, slot) for slot in slots] for quota, taken in counters.quotas]
    if counters.pools:
        bounds.append([sum(max(0, pool.left(taken, slot)) for _, pool, taken in counters.pools) for slot in slots])
    if not bounds:
        return np.zeros((0, 0), dtype=np.int64)
    left: IntArray = np.maximum(0, np.array(bounds, dtype=np.int64).min(axis=0))
    return left[None]


def _refusal_of(park: Park, wanted: Wanted, counters: DayCounters, obstacle: online.Obstacle) -> Refusal:
    at = park.slot_text(obstacle.slot % park.grid.horizon)
    match obstacle.row:
        case Row.DAY:
            return _too_long(wanted, counters.day)
        case Row.DOCKS:
            return DocksFull(f"dock group {wanted.group.id} {at}")
        case Row.GATE:
            open_ones = (gate for gate, _, limits in counters.gates if limits[obstacle.slot])
            return GateFull(f"gate {next(open_ones).id} {at}")  # that all are closed was seen before
        case Row.CARRIER:
            return _carrier_refusal(park, counters, obstacle.slot)
        case Row.TRUCK:
            return TruckBusy(f"truck {wanted.plate} {at}")


def _carrier_refusal(park: Park, counters: DayCounters, slot: int) -> Refusal:
    """Return which quota is used up in the slot, or whose entries are left in it and until when."""
    for quota, taken in counters.quotas:
        if quota.left(taken, slot) <= 0:
            return quota.full(quota.told(park, slot))
    _, pool, _ = counters.pools[-1]
    return pool.full(pool.told(park, slot), opens_at=next_release(park, counters.day, slot, counters.seen_at))
