"""When rounds are done and what a moment ends: offers nobody answered, loads nobody took, exceptions overdue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.model import rules
from dispatch.model.events import kind_of
from dispatch.model.life import starts_at
from dispatch.model.promises import Appointment
from dispatch.model.refusals import NotAllowedNow, NotThere
from dispatch.services import booking, carrying, exceptions, loads, offers
from dispatch.services.desk import Desk
from dispatch.services.following import follow
from dispatch.services.freight import LoadRecord
from dispatch.services.matching_rounds import JOB_NAME
from dispatch.store import codec
from dispatch.store.commit import StoredEvent, VersionChanged
from dispatch.store.keys import id_of, time_member
from dispatch.worker.jobs import Jobs, JobState

AT_ONCE = 500  # deadlines read at once
MOST_IN_A_SPAN = 5
NEWEST = 20  # jobs looked at
SOON_SECONDS = 5  # rounds asked for within so long are one


@dataclass(frozen=True, slots=True)
class Swept:
    """How many offers and loads have expired, and how many exceptions are overdue, by one sweep."""

    offers: int = 0
    loads: int = 0
    exceptions: int = 0


async def sweep_deadlines(desk: Desk, now: datetime) -> Swept:
    """End what its time has come for: offers without an answer, open loads past their last start; flag exceptions."""
    ended = {"offer": 0, "load": 0, "exception": 0}
    last, seen = time_member(now, "~"), None
    while True:
        page = await desk.store.page(desk.keys.deadlines(), after=seen, limit=AT_ONCE)
        due = [member for member in page.members if member <= last]
        for kind, _, identity in (id_of(member).partition(":") for member in due):
            ended[kind] += await _end(desk, kind, identity, now)
        if len(due) < len(page.members) or page.next_after is None:
            return Swept(ended["offer"], ended["load"], ended["exception"])
        seen = page.next_after


async def ask_round(
    desk: Desk, jobs: Jobs, now: datetime, every_seconds: int = SOON_SECONDS, most: int = MOST_IN_A_SPAN
) -> bool:
    """Queue a matching round if loads are open on a day it would look at; answer whether that was needed.

    Not where one is still queued, nor when the `most` of a span of seconds have been begun.
    """
    day = desk.park.grid.day_of(now)
    days = rules.round_days(desk.park, now, timedelta(minutes=desk.park.rules.offer_ahead_minutes))
    indexes = [desk.keys.open_loads(each) for each in days]
    indexes += [desk.keys.planned(each) for each in days if each >= day]
    waiting = [await desk.store.page(index, limit=1) for index in indexes]
    named = f"round-{day.isoformat()}"
    if not any(page.members for page in waiting) or await _is_queued(jobs, named):
        return False
    span = int(now.timestamp()) // every_seconds * every_seconds
    ahead = {"ahead_minutes": desk.park.rules.offer_ahead_minutes}
    for number in range(most):
        job_id = f"{named}-{span}-{number}"
        try:
            await jobs.submit(JOB_NAME, ahead, now, job_id=job_id)
        except VersionChanged:
            if (await jobs.get(job_id)).state is JobState.QUEUED:
                return False  # it has not looked at the loads yet
        else:
            return True
    return False


async def _is_queued(jobs: Jobs, named: str) -> bool:
    """Answer whether a round of that name waits for a worker: it has not looked at the loads yet."""
    newest = (await jobs.list(limit=NEWEST)).jobs
    return any(job.state is JobState.QUEUED and job.id.startswith(named) for job in newest)


async def keep_deadlines(desk: Desk, jobs: Jobs, now: datetime) -> Swept:
    """Sweep the deadlines; what has come free by that is offered to the next best at once."""
    swept = await sweep_deadlines(desk, now)
    if swept.offers:
        await ask_round(desk, jobs, now)
    return swept


async def follow_slots(desk: Desk, jobs: Jobs, now: datetime) -> int:
    """Let accepted loads follow their appointments: at a dock they progress, without a slot they are given back, as by
    a no-show. Return how many events were looked at.
    """
    freed = []

    async def hear(event: StoredEvent) -> None:
        if kind_of(event.name).about != "appointment" or not event.document.get("match"):
            return
        appointment = codec.read(Appointment, event.document)
        if booking.is_held(appointment) and not await _is_too_late(desk, appointment):
            await carrying.see_at_dock(desk, appointment, event.name, event.at)
        else:
            freed.append(await offers.lose_slot(desk, appointment, now))

    heard = await follow(desk.store, "slots", hear)
    if any(freed):
        await ask_round(desk, jobs, now)
    return heard


async def _is_too_late(desk: Desk, appointment: Appointment) -> bool:
    """Answer whether the slot, as it was moved, begins after its load may be handled there."""
    stored = await desk.store.find(desk.keys.load(str(appointment.load)))
    if stored is None:
        return True
    load = codec.read(LoadRecord, stored.document).load
    unloads_by = load.due - timedelta(minutes=load.unload_minutes)
    return starts_at(desk.park, appointment) > (load.latest if appointment.warehouse == load.origin else unloads_by)


async def _end(desk: Desk, kind: str, identity: str, now: datetime) -> bool:
    try:
        match kind:
            case "offer":
                return await offers.expire_offer(desk, identity, now)
            case "load":
                return await loads.expire_load(desk, identity, now)
            case _:
                return await exceptions.flag_overdue(desk, identity, now)
    except (NotThere, NotAllowedNow):
        return False  # somebody was quicker
