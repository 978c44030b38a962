"""The live counters a wanted visit depends on, read from the store a day at a time."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from dispatch.services.desk import Desk
from dispatch.services.openings import DayCounters, Wanted
from dispatch.store.commit import CounterFull

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
        self._taken: dict[str, dict[int, int]] = {}  # store key -> slot -> taken
        self._days: dict[date, DayCounters] = {}
        self._limits = desk.capacities.docks(wanted.warehouse, wanted.group)
        reach = wanted.slots + desk.park.rules.turn_slots
        self._may_pass_midnight = any(self._limits[-reach:])  # else the docks are closed long before

    async def read(self, days: Sequence[date]) -> list[DayCounters]:
        """Return the counters of the days, reading those not yet seen in one round trip."""
        new = [day for day in days if day not in self._days]
        keys = [key for day in new for key in self._keys(day)]
        unseen = [key for key in dict.fromkeys(keys) if key not in self._taken]
        for key, taken in zip(unseen, await self._desk.store.taken(unseen) if unseen else (), strict=True):
            self._taken[key] = {int(slot): count - ((key, slot) in self._held) for slot, count in taken.items()}
        for day in new:
            self._days[day] = self._day(day)
        return [self._days[day] for day in days]

    def note(self, full: CounterFull) -> None:
        """Correct the view by a counter that a commit found full, if it is one of those looked at."""
        if full.take.key in self._taken:
            self._taken[full.take.key][int(full.take.field)] = full.taken

    def forget(self) -> None:
        """Read everything anew the next time."""
        self._taken.clear()
        self._days.clear()

    def _keys(self, day: date) -> list[str]:
        keys, wanted = self._desk.keys, self._wanted
        names = [keys.dock(wanted.group.id, day), keys.truck(wanted.plate, day)]
        if self._may_pass_midnight:
            names.append(keys.truck(wanted.plate, _next(day)))
        names.extend(keys.gate(gate.id, day) for gate in self._gates)
        if wanted.carrier.quota is not None:
            names.append(keys.carrier(wanted.carrier.id, day))
        return names

    def _day(self, day: date) -> DayCounters:
        keys, capacities, wanted = self._desk.keys, self._desk.capacities, self._wanted
        return DayCounters(
            day=day,
            docks=self._taken[keys.dock(wanted.group.id, day)],
            dock_limits=self._limits,
            gates=tuple((gate, self._taken[keys.gate(gate.id, day)], capacities.entries(gate)) for gate in self._gates),
            carrier=self._taken.get(keys.carrier(wanted.carrier.id, day), {}),
            truck=self._taken[keys.truck(wanted.plate, day)],
            truck_next_day=self._taken.get(keys.truck(wanted.plate, _next(day)), {}),
            prices=self._desk.prices.find(day, wanted.group.id, wanted.carrier.id, self._now),
        )


def _next(day: date) -> date:
    return day + timedelta(days=1)
