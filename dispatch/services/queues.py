"""The queues of the park as they were recorded: what excuses lateness."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from dispatch.model.lateness import NO_DELAY, Delay, opens_at, park_delay
from dispatch.model.life import dock_times
from dispatch.model.promises import Appointment
from dispatch.services.desk import Desk
from dispatch.store import codec
from dispatch.store.keys import day_prefix, id_of, time_member

LOOK_BACK = timedelta(hours=3)  # a truck that stands longer than that before a gate is no longer looked for
AT_ONCE = 500


async def find_delay(desk: Desk, appointment: Appointment, now: datetime) -> Delay:
    """Return the park's own delay in the time in which the appointment's truck was to come."""
    if now < opens_at(desk.park, appointment):
        return NO_DELAY
    keys = desk.keys
    day = day_prefix(appointment.day)
    ids = [each async for each in _at_the_gate(desk, appointment, now)]
    for warehouse in dict.fromkeys(place.warehouse for place in dock_times(appointment)):
        ids += [id_of(each) for each in await desk.store.members(keys.appointments_of_warehouse(warehouse), prefix=day)]
    ids += [id_of(each) for each in await desk.store.members(keys.appointments_of_truck(appointment.plate), prefix=day)]
    stored = await desk.store.find_many(
        [keys.appointment(each) for each in dict.fromkeys(ids) if each != appointment.id]
    )
    others = [codec.read(Appointment, each.document) for each in stored if each is not None]
    return park_delay(desk.park, appointment, others, now)


async def _at_the_gate(desk: Desk, appointment: Appointment, now: datetime) -> AsyncIterator[str]:
    """Yield the ids of those who came to the gate in the time that matters."""
    after: str | None = time_member(opens_at(desk.park, appointment) - LOOK_BACK, "")
    last = time_member(now, "~")
    while after is not None:
        page = await desk.store.page(desk.keys.arrivals(appointment.gate), after=after, limit=AT_ONCE)
        for member in page.members:
            if member > last:
                return
            yield id_of(member)
        after = page.next_after
