"""The queues of the park as they were recorded: what excuses lateness."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

from dispatch.model.lateness import NO_DELAY, Delay, Wait, long_waits, opens_at, park_delay
from dispatch.model.life import dock_times
from dispatch.model.promises import Appointment
from dispatch.services.desk import Desk
from dispatch.store import codec
from dispatch.store.keys import day_prefix, id_of, time_member

LOOK_BACK = timedelta(hours=3)  # a truck that stands longer than that before a gate is no longer looked for
AT_ONCE = 500


class Queues:
    """The park's queues as of now; each is read once, however many trucks were kept by it."""

    def __init__(self, desk: Desk, now: datetime) -> None:
        self._desk = desk
        self._now = now
        self._known: dict[tuple[str, datetime | date], list[Wait]] = {}

    async def delay(self, appointment: Appointment) -> Delay:
        """Return the park's own delay in the time in which the appointment's truck was to come."""
        keys, day = self._desk.keys, appointment.day
        if self._now < opens_at(self._desk.park, appointment):
            return NO_DELAY
        waits = list(await self._at_gate(appointment))
        for warehouse in dict.fromkeys(place.warehouse for place in dock_times(appointment)):
            waits += await self._on_day(keys.appointments_of_warehouse(warehouse), day)
        waits += await self._on_day(keys.appointments_of_truck(appointment.plate), day)
        return park_delay(self._desk.park, appointment, waits, self._now)

    async def _at_gate(self, appointment: Appointment) -> list[Wait]:
        place = (appointment.gate, opens_at(self._desk.park, appointment))
        if place not in self._known:
            self._known[place] = await self._waits([each async for each in self._came(*place)])
        return self._known[place]

    async def _on_day(self, index: str, day: date) -> list[Wait]:
        if (index, day) not in self._known:
            members = await self._desk.store.members(index, prefix=day_prefix(day))
            self._known[index, day] = await self._waits([id_of(member) for member in members])
        return self._known[index, day]

    async def _came(self, gate: str, opens: datetime) -> AsyncIterator[str]:
        """Yield the ids of those who came to a gate from a while before a moment until now."""
        after: str | None = time_member(opens - LOOK_BACK, "")
        last = time_member(self._now, "~")
        while after is not None:
            page = await self._desk.store.page(self._desk.keys.arrivals(gate), after=after, limit=AT_ONCE)
            for member in page.members:
                if member > last:
                    return
                yield id_of(member)
            after = page.next_after

    async def _waits(self, ids: list[str]) -> list[Wait]:
        stored = await self._desk.store.find_many([self._desk.keys.appointment(each) for each in ids])
        found = [codec.read(Appointment, each.document) for each in stored if each is not None]
        return long_waits(self._desk.park, found, self._now)
