"""Appointments changed: another slot, another plate, other cargo, each by one commit that takes the new places and
gives back the old ones. A change that is refused leaves everything as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from dispatch.model import rules
from dispatch.model.life import after, dock_times, starts_at
from dispatch.model.park import DockKind, Park
from dispatch.model.promises import APPOINTMENT_LIFE, Appointment, Moved, Purpose
from dispatch.model.refusals import NotAllowedNow
from dispatch.services import booking, waiting
from dispatch.services.appointments import (
    StopDraft,
    check_is_free,
    get_appointment,
    leg_from,
    step_appointment,
    wanted_at,
    window_of,
)
from dispatch.services.chaining import Leg
from dispatch.services.counters import Held
from dispatch.services.desk import Desk, Kept, Misfit, Versions, check_version, get_carrier, retried
from dispatch.services.openings import Opening, Wanted, Window
from dispatch.services.seeking import Sought, nearest_alternatives, seek
from dispatch.store.commit import CounterFull
from dispatch.store.keys import Keys

ASKED_FOR = "asked for"


@dataclass(frozen=True, slots=True)
class Changes:
    """What shall be otherwise; None leaves it as it is. Without a `wish` the slot stays."""

    plate: str | None = None
    cargo_kind: str | None = None
    dock_kind: DockKind | None = None
    minutes: int | None = None
    purpose: Purpose | None = None
    load: str | None = None
    wish: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None

    @property
    def change_the_visit(self) -> bool:
        """Answer whether docks are needed otherwise."""
        return any(each is not None for each in (self.cargo_kind, self.dock_kind, self.minutes, self.purpose))


@dataclass(frozen=True, slots=True)
class Spot:
    """One very place for an appointment."""

    day: date
    slot: int
    gate: str


async def amend_appointment(
    desk: Desk, appointment_id: str, changes: Changes, now: datetime, expected: Versions
) -> Kept[Appointment]:
    """Change an appointment; with a wish, it is moved to the best open start in the window.

    Raises NotThere, Changed, Misfit, NotAllowedNow by its state or deadline (a plate may be changed up to the gate),
    or the Refusal that names what is full, with the nearest starts that would be accepted now.
    """
    if changes.load is not None and await desk.store.find(desk.keys.load(changes.load)) is None:
        raise Misfit("load", f"{changes.load!r} is not a load known here")

    async def attempt() -> Kept[Appointment]:
        kept = await get_appointment(desk, appointment_id)
        check_version(kept.version, expected, f"appointment {appointment_id}")
        _check_may_change(desk.park, kept.thing, changes, now)
        amended = _amended(desk.park, kept.thing, changes)
        sought = _sought(desk, kept.thing, amended, changes, now)
        if changes.wish is None:
            return await _amend_in_place(desk, kept, amended, sought)
        return await seek(desk, sought, lambda opening: _move(desk, kept, amended, sought, opening))

    return await retried(f"appointment {appointment_id}", attempt)


async def move_appointment(
    desk: Desk, appointment_id: str, to: Spot, now: datetime, *, reason: str, expected: Versions = None
) -> Kept[Appointment]:
    """Move an appointment to one very place, in one step, whatever its deadlines: the park itself moves it.

    Raises NotThere, Changed, NotAllowedNow by its state, or the Refusal of what is full; then it stays where it is.
    The stops of a chained visit keep their distance from its begin.
    """

    def moved(appointment: Appointment) -> Appointment:
        by = to.slot - appointment.slot
        stops = tuple(replace(stop, slot=stop.slot + by) for stop in appointment.stops)
        return moved_to(desk.park, appointment, now, reason, day=to.day, slot=to.slot, gate=to.gate, stops=stops)

    return await step_appointment(desk, appointment_id, "move", moved, expected)


def moved_to(park: Park, appointment: Appointment, now: datetime, reason: str, **place: Any) -> Appointment:
    """Return the appointment at another place, which says where it was before and why."""
    was = Moved(appointment.day, appointment.slot, appointment.gate, reason)
    more: Mapping[str, Any] = {
        "moves": appointment.moves + 1,
        "moved": was,
        "offer": None,
        "excused_minutes": 0,
        "displaced_by": None,
    }
    return after(park, appointment, "move", now, **more, **place)


def displaced_to(
    park: Park, appointment: Appointment, now: datetime, because: tuple[str, str], **place: Any
) -> Appointment:
    """Return the appointment as the park moves it, because of what (its id) and why (as it is told): it says where it
    was, and that its driver may refuse.
    """
    by, reason = because
    was = Moved(appointment.day, appointment.slot, appointment.gate, reason)
    more: dict[str, Any] = {"moves": appointment.moves + 1, "moved": was, "offer": None, "excused_minutes": 0}
    return after(park, appointment, "displace", now, displaced_by=by, reason=reason, **more, **place)


def wanted_of(park: Park, appointment: Appointment) -> tuple[Wanted, tuple[Leg, ...]]:
    """Return what the appointment needs, and its later warehouses; Misfit where the park no longer has it."""
    carrier = get_carrier(park, appointment.carrier)
    wanted = []
    for place in dock_times(appointment):
        draft = StopDraft(place.warehouse, place.cargo_kind)
        wanted.append(replace(wanted_at(park, appointment.plate, carrier, draft), slots=place.slots))
    legs = (leg_from(park, before, each) for before, each in pairwise(wanted))
    return wanted[0], tuple(legs)


def held_by(park: Park, keys: Keys, appointment: Appointment) -> Held:
    """Return the counters it has taken."""
    return frozenset((claim.take.key, claim.take.field) for claim in booking.claims(park, keys, appointment))


def _check_may_change(park: Park, appointment: Appointment, changes: Changes, now: datetime) -> None:
    if (appointment.state, "amend") not in APPOINTMENT_LIFE:
        raise NotAllowedNow(f"appointment {appointment.id} is {appointment.state}")
    if changes.plate is not None or changes.load is not None or changes.change_the_visit:
        check_is_free(appointment)
    if (changes.wish is not None or changes.change_the_visit) and not rules.may_move(park, appointment, now):
        deadline = rules.amend_deadline(park, appointment).isoformat()
        raise NotAllowedNow(f"appointment {appointment.id} could be changed until {deadline}; its plate still can")
    if appointment.stops and changes.change_the_visit:
        raise NotAllowedNow(f"appointment {appointment.id} is a chained visit, whose cargo is fixed")


def _amended(park: Park, appointment: Appointment, changes: Changes) -> Appointment:
    """Return the appointment with what is changed besides its slot."""
    amended = replace(appointment, plate=changes.plate or appointment.plate, load=changes.load or appointment.load)
    if not changes.change_the_visit:
        return amended
    cargo_kind, purpose = changes.cargo_kind or appointment.cargo_kind, changes.purpose or appointment.purpose
    draft = StopDraft(appointment.warehouse, cargo_kind, changes.dock_kind, changes.minutes, purpose)
    wanted = wanted_at(park, amended.plate, get_carrier(park, appointment.carrier), draft)
    group = wanted.group
    docks = {"dock_group": group.id, "dock_kind": group.kind, "slots": wanted.slots}
    return replace(amended, cargo_kind=cargo_kind, purpose=purpose, **docks)  # type: ignore[arg-type]


def _sought(desk: Desk, old: Appointment, amended: Appointment, changes: Changes, now: datetime) -> Sought:
    wanted, legs = wanted_of(desk.park, amended)
    here = starts_at(desk.park, old)
    window = Window(here, here, here)
    if changes.wish is not None:
        window = window_of(desk.park, changes.wish, changes.earliest, changes.latest)
    return Sought(wanted, window, now, legs, held_by(desk.park, desk.keys, old))


async def _amend_in_place(
    desk: Desk, kept: Kept[Appointment], amended: Appointment, sought: Sought
) -> Kept[Appointment]:
    new = after(desk.park, amended, "amend", sought.now)
    try:
        return await commit_step(desk, kept, new, "amend")
    except CounterFull as full:
        refusal = booking.refusal_for(desk.park, desk.keys, new, full, desk.allowances)
        raise await nearest_alternatives(desk, sought, refusal) from None


async def _move(
    desk: Desk, kept: Kept[Appointment], amended: Appointment, sought: Sought, opening: Opening
) -> Kept[Appointment]:
    if (opening.day, opening.slot) == (kept.thing.day, kept.thing.slot):
        return await commit_step(desk, kept, after(desk.park, amended, "amend", sought.now), "amend")
    stops = tuple(replace(stop, slot=slot) for stop, slot in zip(amended.stops, opening.stops, strict=True))
    place: dict[str, Any] = {"day": opening.day, "slot": opening.slot, "gate": opening.gate.id, "stops": stops}
    place["pool"] = opening.pool
    if amended.visit is None:  # else it is still what the visit was wished for
        window = sought.window
        place |= {"wish": window.wish, "earliest": window.earliest, "latest": window.latest}
    new = moved_to(desk.park, amended, sought.now, ASKED_FOR, **place)
    return await commit_step(desk, kept, new, "move")


async def commit_step(desk: Desk, kept: Kept[Appointment], new: Appointment, step: str) -> Kept[Appointment]:
    """Make the step and return what stands then; VersionChanged, CounterFull."""
    await waiting.commit_change(desk, kept.thing, kept.version, new, step)
    return Kept(new, kept.version + 1)
