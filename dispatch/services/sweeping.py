"""The sweep: what has run out is released, and said in events. It may run anywhere and as often as one likes.

A request that was not confirmed and a place that was offered beside its own expire. A truck that has not come by its
limit is a no-show, unless the park's own queues have kept it: then the limit is put off by as long as they did, and
when that runs out too its places are released without its being a no-show.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dispatch.model.lateness import has_come_in_time
from dispatch.model.life import after, no_show_at
from dispatch.model.promises import Appointment, AppointmentState
from dispatch.services import waiting
from dispatch.services.desk import Desk, Kept
from dispatch.services.queues import Queues
from dispatch.store import codec
from dispatch.store.commit import VersionChanged
from dispatch.store.keys import id_of, time_member

AT_ONCE = 200
QUEUE_PATIENCE = timedelta(minutes=15)  # how far the limit of a truck that stands before the gate is put off at a time
LONGEST_QUEUE = timedelta(hours=4)

NOT_CONFIRMED = "not confirmed in time"
NO_ROOM = "no place came free in time"
NOT_COME = "not come by the limit"
NOT_TAKEN = "not answered in time"

Step = tuple[str, Mapping[str, Any]]


async def sweep(desk: Desk, now: datetime) -> dict[str, int]:
    """Do all that is due; return how often each step was made. What others change meanwhile is left for next time."""
    made: Counter[str] = Counter()
    last = time_member(now, "~")
    seen: str | None = None
    queues = Queues(desk, now)
    while True:
        page = await desk.store.page(desk.keys.due(), after=seen, limit=AT_ONCE)
        due = [member for member in page.members if member <= last]
        stored = await desk.store.find_many([desk.keys.appointment(id_of(member)) for member in due])
        for each in stored:
            if each is not None:
                kept = Kept(codec.read(Appointment, each.document), each.version)
                made.update(await _settle(desk, queues, kept, now))
        if len(due) < len(page.members) or page.next_after is None:
            return dict(made)
        seen = page.next_after


async def _settle(desk: Desk, queues: Queues, kept: Kept[Appointment], now: datetime) -> list[str]:
    step, changes = await _step(desk, kept.thing, queues, now)
    new = after(desk.park, kept.thing, step, now, **changes)
    try:
        await waiting.commit_change(desk, kept.thing, kept.version, new, step)
    except VersionChanged:
        return []
    return [step]


async def _step(desk: Desk, appointment: Appointment, queues: Queues, now: datetime) -> Step:
    """Return what is to be done with an appointment that is due, and what it changes."""
    if appointment.state is AppointmentState.WAITLISTED:
        return "expire", {"reason": NO_ROOM}
    if appointment.state is not AppointmentState.CONFIRMED:
        return "expire", {"reason": NOT_CONFIRMED}
    if appointment.offer is not None:
        return "lapse_move", {"offer": None, "reason": NOT_TAKEN}
    if has_come_in_time(desk.park, appointment) and _came_lately(appointment, now):
        minutes = _minutes_until(desk, appointment, now + QUEUE_PATIENCE)
        return "excuse", {"excused_minutes": minutes, "reason": f"stands before gate {appointment.gate}"}
    delay = await queues.delay(appointment)
    if delay.minutes > appointment.excused_minutes:
        return "excuse", {"excused_minutes": delay.minutes, "reason": delay.evidence}
    if appointment.excused_minutes:
        return "expire", {"reason": f"kept away by the park's own delay ({appointment.reason})"}
    return "miss", {"reason": NOT_COME}


def _came_lately(appointment: Appointment, now: datetime) -> bool:
    """Answer whether its truck may still stand before the gate."""
    return appointment.arrived_at is not None and now < appointment.arrived_at + LONGEST_QUEUE


def _minutes_until(desk: Desk, appointment: Appointment, moment: datetime) -> int:
    """Return what must be excused for the limit to lie at a moment."""
    beyond = moment - no_show_at(desk.park, appointment)
    return appointment.excused_minutes + max(1, int(beyond.total_seconds() // 60))
