"""Who is booked where something is closed: moved by the plan of the booked day, else to the nearest free start, else
put in line for one; each told the old slot, the new one and the reason, with the right to refuse. Run again after being
broken off, it goes on: who was moved fits by then.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from dispatch.model import rules
from dispatch.model.closures import Closure, ClosureState, days_of
from dispatch.model.life import after, starts_at
from dispatch.model.promises import APPOINTMENT_LIFE, Appointment
from dispatch.model.refusals import Refusal
from dispatch.model.shares import rank_of
from dispatch.planning.replanning import Change, replan
from dispatch.services import booking, publication
from dispatch.services.appointments import get_appointment
from dispatch.services.closures import closures_of, get_closure
from dispatch.services.desk import Desk, Kept
from dispatch.services.moving import displaced_to, held_by, wanted_of
from dispatch.services.openings import Opening, Window
from dispatch.services.seeking import Sought, seek
from dispatch.services.waiting import in_line
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull, Done, NotDone, StoreDown, VersionChanged, together

ROUNDS = 5  # of moving those whose new place others held until then
NAMED = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an appointment: moved from one start to another, put in line, cancelled, or left as it was."""

    appointment: str
    came_of_it: str
    was: datetime
    now: datetime | None = None


async def replan_closure(desk: Desk, closure_id: str, now: datetime) -> dict[str, Any]:
    """Move whoever is booked where the closure closes; return who was moved, put in line, cancelled, and left."""
    closure = (await get_closure(desk, closure_id)).thing
    told: list[Told] = []
    days = days_of(closure) if closure.state is ClosureState.IN_FORCE else []
    for day in (day for day in days if day >= desk.park.grid.day_of(now)):
        booked = await publication.held_appointments(desk.store, day)
        changes = replan(desk.park, day, booked, await closures_of(desk.store, day), now)
        stuck = await _move_all(desk, closure, [each for each in changes if each.slot is not None], told, now)
        stuck += [each.appointment for each in changes if each.slot is None]
        stuck.sort(key=lambda each: (rank_of(desk.park, each.carrier), each.made_at, each.id))
        told += [await _settle(desk, closure, appointment, now) for appointment in stuck]
    outcomes = ("moved", "waitlisted", "cancelled", "left")
    counts = {name: sum(each.came_of_it == name for each in told) for name in outcomes}
    return {"closure": closure_id, **counts, "named": [asdict(each) for each in told[:NAMED]]}


async def _move_all(
    desk: Desk, closure: Closure, changes: Sequence[Change], told: list[Told], now: datetime
) -> list[Appointment]:
    """Move those whose new place is known, in rounds, then those that wait for each other's places together.

    Return those whose place is taken by now.
    """
    pending, stuck = await _steps(desk, closure, changes, now)
    for _ in range(ROUNDS):
        outcomes = await desk.store.commit_many([step.commit for step in pending])
        _raise_down(outcomes)
        came = list(zip(pending, outcomes, strict=True))
        told += [step.told for step, outcome in came if isinstance(outcome, Done)]
        stuck += [step.old for step, outcome in came if isinstance(outcome, VersionChanged)]
        pending = [step for step, outcome in came if isinstance(outcome, CounterFull)]
        if not pending:
            return stuck
    (outcome,) = await desk.store.commit_many([together(*(step.commit for step in pending))])
    _raise_down([outcome])
    if isinstance(outcome, Done):
        told += [step.told for step in pending]
        return stuck
    return stuck + [step.old for step in pending]


@dataclass(frozen=True, slots=True)
class _Step:
    """One move of the plan: its commit, and what is told when it is made."""

    old: Appointment
    commit: Commit
    told: Told


async def _steps(
    desk: Desk, closure: Closure, changes: Sequence[Change], now: datetime
) -> tuple[list[_Step], list[Appointment]]:
    """Return the moves of the plan, and the appointments that are no longer as they were planned."""
    stored = await desk.store.find_many([desk.keys.appointment(change.appointment.id) for change in changes])
    steps, stuck = [], []
    for change, found in zip(changes, stored, strict=True):
        old = change.appointment
        if found is None or codec.read(Appointment, found.document) != old:
            stuck.append(old)
            continue
        place = {"day": old.day, "slot": change.slot, "gate": change.gate, "stops": change.stops}
        new = displaced_to(desk.park, old, now, (closure.id, closure.reason), **place)
        commit = booking.change(desk.park, desk.keys, old, found.version, new, "displace")
        steps.append(_Step(old, commit, Told(old.id, "moved", starts_at(desk.park, old), starts_at(desk.park, new))))
    return steps, stuck


async def _settle(desk: Desk, closure: Closure, appointment: Appointment, now: datetime) -> Told:
    """Move one appointment to the nearest start that is free, else put it in line; leave one that has begun."""
    was = starts_at(desk.park, appointment)
    for _ in range(ROUNDS):
        kept = await get_appointment(desk, appointment.id)
        if (kept.thing.day, kept.thing.slot, kept.thing.gate) != (appointment.day, appointment.slot, appointment.gate):
            return Told(appointment.id, "left", was)  # somebody else moved it
        if (kept.thing.state, "displace") not in APPOINTMENT_LIFE:
            return Told(appointment.id, "left", was)
        try:
            new = await _rehouse(desk, closure, kept, now)
        except VersionChanged:
            continue
        except Refusal:
            return await _turn_away(desk, closure, kept, now)
        return Told(appointment.id, "moved", was, starts_at(desk.park, new))
    return Told(appointment.id, "left", was)


async def _rehouse(desk: Desk, closure: Closure, kept: Kept[Appointment], now: datetime) -> Appointment:
    """Return the appointment as moved to the nearest start that is free on any day that can be booked."""
    old, park = kept.thing, desk.park
    here = starts_at(park, old)
    until = now + timedelta(days=park.rules.booking_horizon_days + 1)
    wanted, legs = wanted_of(park, old)

    async def take(opening: Opening) -> Appointment:
        stops = tuple(replace(stop, slot=slot) for stop, slot in zip(old.stops, opening.stops, strict=True))
        place = {"day": opening.day, "slot": opening.slot, "gate": opening.gate.id, "pool": opening.pool}
        new = displaced_to(park, old, now, (closure.id, closure.reason), stops=stops, **place)
        await desk.store.commit(booking.change(park, desk.keys, old, kept.version, new, "displace"))
        return new

    earliest = max(now, rules.earliest_replacement(park, old, now))
    window = Window(max(earliest, here), earliest, max(until, here))
    return await seek(desk, Sought(wanted, window, now, legs, held_by(park, desk.keys, old)), take)


async def _turn_away(desk: Desk, closure: Closure, kept: Kept[Appointment], now: datetime) -> Told:
    """Put an appointment in line for its own day; a chained visit, which cannot wait, is cancelled: nobody's fault."""
    old, park = kept.thing, desk.park
    blame = {"displaced_by": closure.id, "reason": closure.reason, "offer": None}
    step = "cancel" if old.stops or (old.state, "wait") not in APPOINTMENT_LIFE else "wait"
    line = {} if step == "cancel" else in_line(park, old)
    new = after(park, old, step, now, **blame, **line)
    try:
        await desk.store.commit(booking.change(park, desk.keys, old, kept.version, new, step))
    except VersionChanged:
        return Told(old.id, "left", starts_at(park, old))
    return Told(old.id, "cancelled" if step == "cancel" else "waitlisted", starts_at(park, old))


def _raise_down(outcomes: Sequence[Done | NotDone]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, StoreDown):
            raise outcome
