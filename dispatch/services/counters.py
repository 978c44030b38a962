"""The live counters a wanted visit depends on, read from the store a day at a time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from dispatch.model import rules
from dispatch.model.shares import pools_for
from dispatch.services.desk import Desk
from dispatch.services.openings import NEVER_BUSY, DayCounters, Wanted
from dispatch.services.quotas import Quota, pool_of, quotas_of
from dispatch.store.commit import CounterFull
from dispatch.store.tally import Taken, by_slot
from solver.reading import IntArray

Held = frozenset[tuple[str, str]]  # counters (key, field)


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
        self._taken: dict[str, IntArray] = {}  # by store key
        self._fields: dict[str, Mapping[str, int]] = {}  # the same of quotas and pools, by the counter's own fields
        self._days: dict[date, DayCounters] = {}
        self._docks = desk.capacities.docks(wanted.warehouse, wanted.group)
        reach = wanted.slots + desk.park.rules.turn_slots
        self._may_pass_midnight = self._docks[-reach:].any()  # else the docks are closed long before

    async def read(self, days: Sequence[date]) -> list[DayCounters]:
        """Return the counters of the days, reading those not yet seen in one round trip."""
        new = [day for day in days if day not in self._days]
        if not new:
            return [self._days[day] for day in days]
        bounds = {day: self._bounds(day) for day in new}
        unseen = [key for key in dict.fromkeys(self._all_keys(new)) if key not in self._taken]
        fields = [quota.key for quotas, pools in bounds.values() for quota in (*quotas, *pools)]
        wanted = [*unseen, *(key for key in fields if key not in self._fields)]
        counters = dict(zip(wanted, await self._desk.store.counters(wanted) if wanted else (), strict=True))
        for key in unseen:
            self._taken[key] = self._others_by_slot(key, counters[key])
        for key in fields:
            if key in counters:
                self._fields[key] = self._others(key, counters[key])
        for day in new:
            self._days[day] = self._day(day, *bounds[day])
        return [self._days[day] for day in days]

    def note(self, full: CounterFull) -> None:
        """Correct the view by a counter that a commit found full, if it is one of those looked at."""
        key, field = full.take.key, full.take.field
        if key in self._taken:
            taken = self._taken[key] = self._taken[key].copy()  # others look at what was read
            taken[int(field)] = full.taken
        elif key in self._fields:
            self._fields[key] = {**self._fields[key], field: full.taken}
        self._days.clear()  # they are made anew, of what is known

    def forget(self) -> None:
        """Read everything anew the next time."""
        self._taken.clear()
        self._fields.clear()
        self._days.clear()

    def _others(self, key: str, taken: Taken) -> Mapping[str, int]:
        """Return what others than the visit itself have taken."""
        if not self._held:
            return taken.fields
        return {field: count - ((key, field) in self._held) for field, count in taken.fields.items()}

    def _others_by_slot(self, key: str, taken: Taken) -> IntArray:
        horizon = self._desk.park.grid.horizon
        return by_slot(self._others(key, taken), horizon) if self._held else taken.by_slot(horizon)

    def _all_keys(self, days: Sequence[date]) -> Iterator[str]:
        for day in days:
            yield from self._keys(day)

    def _keys(self, day: date) -> list[str]:
        keys, wanted = self._desk.keys, self._wanted
        names = [keys.dock(wanted.group.id, day), keys.truck(wanted.plate, day)]
        if self._may_pass_midnight:
            names.append(keys.truck(wanted.plate, _next(day)))
        names.extend(keys.gate(gate.id, day) for gate in self._gates)
        return names

    def _bounds(self, day: date) -> tuple[list[Quota], list[Quota]]:
        """Return the carrier's quotas that can refuse a slot of the day, and the pools it may take from."""
        park, keys, carrier = self._desk.park, self._desk.keys, self._wanted.carrier.id
        peak_entries = self._desk.allowances.find_peak_entries(carrier, day)
        quotas = [quota for quota in quotas_of(park, keys, carrier, day, peak_entries) if quota.has_limit]
        return quotas, [pool_of(park, keys, pool, day, self._now) for pool in self._pools]

    def _day(self, day: date, quotas: Sequence[Quota], pools: Sequence[Quota]) -> DayCounters:
        park, keys, capacities, wanted = self._desk.park, self._desk.keys, self._desk.capacities, self._wanted
        unreleased = rules.unreleased(park, day, self._now)
        return DayCounters(
            day=day,
            docks=self._taken[keys.dock(wanted.group.id, day)],
            dock_limits=self._dock_limits(),
            gates=tuple((gate, self._taken[keys.gate(gate.id, day)], capacities.entries(gate)) for gate in self._gates),
            truck=self._taken[keys.truck(wanted.plate, day)],
            truck_next_day=self._taken.get(keys.truck(wanted.plate, _next(day)), NEVER_BUSY),
            seen_at=self._now,
            quotas=tuple((quota, self._fields[quota.key]) for quota in quotas),
            pools=tuple((name, pool, self._fields[pool.key]) for name, pool in zip(self._pools, pools, strict=True)),
            unreleased=unreleased,
            prices=self._desk.prices.find(day, wanted.group.id, wanted.carrier.id, self._now),
        )

    def _dock_limits(self) -> IntArray:
        allowances, group = self._desk.allowances, self._wanted.group.id
        if not allowances.no_show_rates:
            return self._docks
        hour_of = self._desk.park.hour_of
        promised = [allowances.docks(group, docks, hour_of(slot)) for slot, docks in enumerate(self._docks.tolist())]
        return np.array(promised, dtype=np.int64)


def _next(day: date) -> date:
    return day + timedelta(days=1)
