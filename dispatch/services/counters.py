"""The live counters a wanted visit depends on, read from the store a day at a time.

Requests that come together look at the very same counters: what one has found out of them, the others need not find
again (`Together`).
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from dispatch.model import rules
from dispatch.model.refusals import Refusal
from dispatch.model.shares import pools_for
from dispatch.services.desk import Desk
from dispatch.services.openings import NEVER_BUSY, DayCounters, Opening, Wanted
from dispatch.services.quotas import Quota, limits_of, pool_of
from dispatch.store.commit import CounterFull
from dispatch.store.tally import Taken
from solver.reading import IntArray

Held = frozenset[tuple[str, str]]  # counters (key, field)


class Together:
    """One day's counters, as they were `read`, of visits that are alike: trucks that are free all day, carriers that
    nothing bounds."""

    def __init__(self, read: DayCounters, alike_in: tuple[object, ...]) -> None:
        """Keep what the visits are alike in alive, for it is known by its identity."""
        self.read = read
        self.refusals: dict[Hashable, Refusal] = {}  # by question
        self._alike_in = alike_in
        self._left = read
        self._promised: list[tuple[Opening, int]] = []

    def promise(self, opening: Opening, slots: int) -> None:
        """Count an opening as taken for those who look later. It only leads them to other starts: nobody is refused by
        a promise, whose commit may fail."""
        self._promised.append((opening, slots))

    @property
    def left(self) -> DayCounters:
        """Return what was read less what has been promised since."""
        if self._promised:
            self._left = _without(self._left, self._promised)
            self._promised = []
        return self._left


def _without(counters: DayCounters, promised: Sequence[tuple[Opening, int]]) -> DayCounters:
    docks = counters.docks.copy()
    gates = {gate.id: taken.copy() for gate, taken, _ in counters.gates}
    for opening, slots in promised:
        docks[opening.slot : opening.slot + slots] += 1
        gates[opening.gate.id][opening.slot] += 1
    left = tuple((gate, gates[gate.id], limits) for gate, _, limits in counters.gates)
    return replace(counters, docks=docks, gates=left)


class CounterView:
    """What was taken when last looked; corrected by what commits say is full."""

    def __init__(self, desk: Desk, wanted: Wanted, now: datetime, held: Held = frozenset()) -> None:
        """Look for a wanted visit; what it has taken already (`held`) is free to it."""
        self._desk = desk
        self._held = held
        self._now = now
        self._wanted = wanted
        self._gates = desk.park.gates_for(wanted.warehouse)
        self._pools = pools_for(desk.park, wanted.carrier)
        self._taken: dict[str, Taken] = {}  # by store key
        self._closures: dict[date, tuple[str, ...]] = {}
        self._days: dict[date, DayCounters] = {}
        self._together: dict[date, Together] = {}
        self._docks = desk.capacities.docks(wanted.warehouse, wanted.group)
        reach = wanted.slots + desk.park.rules.turn_slots
        self._may_pass_midnight = self._docks[-reach:].any()  # else the docks are closed long before

    async def read(self, days: Sequence[date]) -> list[DayCounters]:
        """Return the counters of the days, reading those not yet seen in one round trip."""
        new = [day for day in days if day not in self._days]
        if new:
            bounds = {day: self._bounds(day) for day in new}
            keys = {key: None for day, (quotas, pools) in bounds.items() for key in self._keys(day, [*quotas, *pools])}
            unseen = [key for key in keys if key not in self._taken]
            if unseen:
                closures = [self._desk.keys.closures_of_day(day) for day in new]
                read, closed = await self._desk.store.counters_and_members(unseen, closures)
                self._taken |= zip(unseen, map(self._others, unseen, read), strict=True)
                self._closures |= zip(new, closed, strict=True)
            for day in new:
                self._days[day] = self._day(day, *bounds[day])
        return [self._days[day] for day in days]

    @property
    def days_read(self) -> set[date]:
        """Return the days whose counters are known."""
        return set(self._days)

    def together(self, day: date) -> Together | None:
        """Return what the counters of a day that was read are to all who look at the same; None when they are this
        visit's alone."""
        return self._together.get(day)

    def note(self, full: CounterFull) -> None:
        """Correct the view by a counter that a commit found full, if it is one of those looked at."""
        key, field = full.take.key, full.take.field
        if key in self._taken:
            self._taken[key] = Taken.of({**self._taken[key].fields, field: full.taken})
        self._days.clear()  # they are made anew, of what is known
        self._together.clear()

    def forget(self) -> None:
        """Read everything anew the next time."""
        self._taken.clear()
        self._days.clear()
        self._together.clear()

    def _others(self, key: str, taken: Taken) -> Taken:
        """Return what others than the visit itself have taken."""
        if not self._held:
            return taken
        return Taken.of({field: count - ((key, field) in self._held) for field, count in taken.fields.items()})

    def _keys(self, day: date, bounds: Sequence[Quota]) -> list[str]:
        keys, wanted = self._desk.keys, self._wanted
        names = [keys.dock(wanted.group.id, day), keys.truck(wanted.plate, day)]
        if self._may_pass_midnight:
            names.append(keys.truck(wanted.plate, _next(day)))
        return [*names, *(keys.gate(gate.id, day) for gate in self._gates), *(bound.key for bound in bounds)]

    def _bounds(self, day: date) -> tuple[list[Quota], list[Quota]]:
        """Return the carrier's quotas that can refuse a slot of the day, and the pools it may take from."""
        park, keys, carrier = self._desk.park, self._desk.keys, self._wanted.carrier
        peak_entries = self._desk.allowances.find_peak_entries(carrier.id, day)
        quotas = limits_of(park, keys, carrier, day, peak_entries)
        return quotas, [pool_of(park, keys, pool, day, self._now) for pool in self._pools]

    def _day(self, day: date, quotas: Sequence[Quota], pools: Sequence[Quota]) -> DayCounters:
        desk, keys, wanted = self._desk, self._desk.keys, self._wanted
        docks = self._taken[keys.dock(wanted.group.id, day)]
        gates = [self._taken[keys.gate(gate.id, day)] for gate in self._gates]
        truck = self._taken[keys.truck(wanted.plate, day)]
        truck_next_day = self._taken.get(keys.truck(wanted.plate, _next(day)))
        is_free = not (truck or truck_next_day)
        closures = self._closures[day]
        unreleased = rules.unreleased(desk.park, day, self._now)
        is_bounded = bool(quotas or pools)
        prices = desk.prices.find(day, wanted.group.id, wanted.carrier.id if is_bounded else None, self._now)
        alike = None
        if is_free and not is_bounded:
            alike = (*gates, unreleased, closures, id(prices), id(desk.allowances))
            known: Together | None = docks.derived.get(alike)
            if known is not None:
                self._together[day] = known
                return known.read
        horizon = desk.park.grid.horizon
        counters = DayCounters(
            day=day,
            docks=docks.by_slot(horizon),
            dock_limits=self._dock_limits(),
            gates=tuple(
                (gate, taken.by_slot(horizon), desk.capacities.entries(gate))
                for gate, taken in zip(self._gates, gates, strict=True)
            ),
            truck=NEVER_BUSY if is_free else truck.by_slot(horizon),
            truck_next_day=NEVER_BUSY if is_free or truck_next_day is None else truck_next_day.by_slot(horizon),
            seen_at=self._now,
            quotas=tuple((quota, self._taken[quota.key].fields) for quota in quotas),
            pools=tuple(
                (name, pool, self._taken[pool.key].fields) for name, pool in zip(self._pools, pools, strict=True)
            ),
            unreleased=unreleased,
            prices=prices,
            closures=closures,
        )
        if alike is not None:
            self._together[day] = docks.derived[alike] = Together(counters, (prices, desk.allowances))
        return counters

    def _dock_limits(self) -> IntArray:
        allowances, group = self._desk.allowances, self._wanted.group.id
        if not allowances.no_show_rates:
            return self._docks
        hour_of = self._desk.park.hour_of
        promised = [allowances.docks(group, docks, hour_of(slot)) for slot, docks in enumerate(self._docks.tolist())]
        return np.array(promised, dtype=np.int64)


def _next(day: date) -> date:
    return day + timedelta(days=1)
