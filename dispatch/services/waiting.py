"""The line of who waits for room: when places come free, the first who fits them is offered them, held, for a while.

The order is that of priority groups in the park file, then of asking. A change that gives places back offers them to
the first in line in the same commit, so that nobody slips in between; whatever else makes room (a closure that ends, a
release, a share's cut-off) is offered by `fill`, from the first in line on. Who takes the offer is confirmed; who
declines it or lets it run out leaves the line, and the place goes to the next.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from dispatch.model.life import after
from dispatch.model.park import Park
from dispatch.model.promises import HOLDING, Appointment, AppointmentState
from dispatch.services import booking
from dispatch.services.counters import CounterView, Held
from dispatch.services.desk import Desk, Listed, PageAsked
from dispatch.services.listing import list_things
from dispatch.services.openings import Opening, Wanted, Window, find_opening
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull, VersionChanged
from dispatch.store.keys import id_of

OFFERED = "offered from the waitlist"
AT_ONCE = 100  # of those in line, read together
TRIES = 5  # of offering what others are taking


async def commit_change(desk: Desk, old: Appointment, version: int, new: Appointment, step: str) -> None:
    """Make the change of an appointment; what it gives back is offered to the first in line who fits it.

    Raises VersionChanged and CounterFull of the change itself.
    """
    change = booking.change(desk.park, desk.keys, old, version, new, step, desk.allowances)
    freed = _held(desk, old) - _held(desk, new)
    now = new.changed_at
    if not freed or now is None or not await desk.store.count(desk.keys.waitlist(old.day)):
        await desk.store.commit(change)
    elif await _hand_over(desk, old.day, change, freed, now):
        await fill(desk, old.day, now)
    else:
        await desk.store.commit(change)


async def fill(desk: Desk, day: date, now: datetime) -> int:
    """Offer whatever is free on the day to those in line who fit it, the first first; return how many were."""
    offers = 0
    async for entry, version in _line(desk, day):
        for _ in range(TRIES):
            opening = await _find_opening(desk, entry, day, now, frozenset())
            if opening is None:
                break
            try:
                await desk.store.commit(_offer(desk, entry, version, opening, now))
            except CounterFull:
                continue
            except VersionChanged:
                break  # it has left the line
            offers += 1
            break
    return offers


async def fill_if_open(desk: Desk, entry: Appointment, day: date, now: datetime) -> int:
    """Do as `fill` when there is room for one in line, whose alone is looked at before; return how many were."""
    if await _find_opening(desk, entry, day, now, frozenset()) is None:
        return 0
    return await fill(desk, day, now)


async def fill_all(desk: Desk, now: datetime) -> int:
    """Offer whatever is free on any bookable day to those in line; return how many were."""
    today = desk.park.grid.day_of(now)
    days = [today + timedelta(days=ahead) for ahead in range(desk.park.rules.booking_horizon_days + 1)]
    return sum([await fill(desk, day, now) for day in days])


async def list_line(
    desk: Desk, day: date, admits: Callable[[Appointment], bool], page: PageAsked
) -> Listed[Appointment]:
    """Return who waits for room on a day, those that are admitted, the first in line first."""
    return await list_things(desk, Appointment, desk.keys.waitlist(day), desk.keys.appointment, page, wanted=admits)


def joined(park: Park, appointment: Appointment, reason: str) -> Appointment:
    """Return a new appointment as it stands in line: until its last start, holding nothing."""
    line = in_line(park, appointment)
    return replace(appointment, state=AppointmentState.WAITLISTED, reason=reason, **line)


def in_line(park: Park, appointment: Appointment) -> dict[str, Any]:
    """Return what is otherwise of an appointment that stands in line: one without a window waits for its own day."""
    start = park.grid.start_of(appointment.day, appointment.slot)
    earliest = appointment.earliest or park.grid.start_of(appointment.day, 0)
    latest = appointment.latest or park.grid.start_of(appointment.day, park.grid.horizon - 1)
    window = {"wish": appointment.wish or start, "earliest": earliest, "latest": latest}
    return {**window, "expires_at": latest, "pool": None}


async def _hand_over(desk: Desk, day: date, change: Commit, freed: Held, now: datetime) -> bool:
    """Make the change together with an offer to the first in line who fits; False, and nothing made, when nobody does.

    VersionChanged of the change itself is raised.
    """
    fields = {field for _, field in freed}
    async for entry, version in _line(desk, day):
        if not _may_gain(desk.park, entry, day, fields):
            continue
        for _ in range(TRIES):
            opening = await _find_opening(desk, entry, day, now, freed)
            if opening is None:
                break
            try:
                await desk.store.commit(_together(change, _offer(desk, entry, version, opening, now)))
            except CounterFull as full:
                if full.take in change.takes:
                    raise
                continue
            except VersionChanged as changed:
                if changed.expect in change.expects:
                    raise
                break  # it has left the line
            return True
    return False


def _offer(desk: Desk, entry: Appointment, version: int, opening: Opening, now: datetime) -> Commit:
    """Return the change that holds a place for who waits, until it must be taken: at the latest when it begins."""
    park = desk.park
    until = now + timedelta(minutes=park.rules.waitlist_minutes)
    until = min(until, park.grid.start_of(opening.day, opening.slot))
    place = {"day": opening.day, "slot": opening.slot, "gate": opening.gate.id, "pool": opening.pool}
    offered = after(park, entry, "offer", now, expires_at=until, reason=OFFERED, displaced_by=None, **place)
    return booking.change(park, desk.keys, entry, version, offered, "offer", desk.allowances)


def _together(first: Commit, second: Commit) -> Commit:
    return replace(
        first,
        expects=first.expects + second.expects,
        takes=first.takes + second.takes,
        writes=first.writes + second.writes,
        events=first.events + second.events,
    )


async def _line(desk: Desk, day: date) -> AsyncIterator[tuple[Appointment, int]]:
    """Yield who waits for the day with versions, the first in line first."""
    after_member: str | None = None
    while True:
        page = await desk.store.page(desk.keys.waitlist(day), after=after_member, limit=AT_ONCE)
        for entry in await _read(desk, page.members):
            yield entry
        if page.next_after is None:
            return
        after_member = page.next_after


async def _read(desk: Desk, members: Sequence[str]) -> list[tuple[Appointment, int]]:
    stored = await desk.store.find_many([desk.keys.appointment(id_of(member)) for member in members])
    read = [(codec.read(Appointment, each.document), each.version) for each in stored if each is not None]
    return [(entry, version) for entry, version in read if entry.state is AppointmentState.WAITLISTED]


async def _find_opening(desk: Desk, entry: Appointment, day: date, now: datetime, freed: Held) -> Opening | None:
    wanted, window = _wanted(desk.park, entry), _window(entry)
    if wanted is None or window is None:
        return None
    counters = await CounterView(desk, wanted, now, freed).read([day])
    return find_opening(desk.park, wanted, window, counters, now)


def _may_gain(park: Park, entry: Appointment, day: date, fields: Collection[str]) -> bool:
    """Answer whether a counter field that came free is of the appointment's carrier, or a slot that it could use."""
    window = _window(entry)
    if window is None:
        return False
    first, last = park.grid.slot_of(window.earliest, day), park.grid.slot_of(window.latest, day)
    end = last + entry.slots + park.rules.turn_slots
    return entry.carrier in fields or any(first <= int(field) <= end for field in fields if field.isdecimal())


def _wanted(park: Park, entry: Appointment) -> Wanted | None:
    """Return what the appointment needs; None where the park no longer has it."""
    warehouse, carrier = park.warehouse_by_id.get(entry.warehouse), park.enterprise_by_id.get(entry.carrier)
    group = warehouse.find_dock_group(entry.dock_kind) if warehouse is not None else None
    if warehouse is None or group is None or carrier is None:
        return None
    return Wanted(entry.plate, carrier, warehouse, group, entry.slots)


def _window(entry: Appointment) -> Window | None:
    if entry.wish is None or entry.earliest is None or entry.latest is None:
        return None
    return Window(entry.wish, entry.earliest, entry.latest)


def _held(desk: Desk, appointment: Appointment) -> Held:
    if appointment.state not in HOLDING:
        return frozenset()
    claims = booking.claims(desk.park, desk.keys, appointment)
    return frozenset((claim.take.key, claim.take.field) for claim in claims)
