"""One step of an appointment's life: the table decides, and what depends on the clock is set anew. Pure."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from dispatch.model.grid import SlotGrid
from dispatch.model.park import Park
from dispatch.model.promises import APPOINTMENT_LIFE, Appointment, AppointmentState, Stop
from dispatch.model.refusals import NotAllowedNow

Place = TypeVar("Place", Appointment, Stop)


def after(park: Park, appointment: Appointment, step: str, now: datetime, **changes: Any) -> Appointment:
    """Return the appointment after a step of its life, with its other changes; NotAllowedNow when it is no step from
    its state.
    """
    state = APPOINTMENT_LIFE.get((appointment.state, step))
    if state is None:
        raise NotAllowedNow(f"appointment {appointment.id} is {appointment.state}")
    return timed(park, replace(appointment, state=state, changed_at=now, **changes))


def timed(park: Park, appointment: Appointment) -> Appointment:
    """Return the appointment with the moment at which a sweep must look at it."""
    due_at = _due_at(park, appointment)
    return appointment if due_at == appointment.due_at else replace(appointment, due_at=due_at)


def _due_at(park: Park, appointment: Appointment) -> datetime | None:
    if appointment.state is AppointmentState.CONFIRMED and appointment.offer is not None:
        return appointment.offer.expires_at
    late = appointment.excused_minutes
    return due_at(park, appointment.state, starts_at(park, appointment), appointment.expires_at, late)


def due_at(
    park: Park, state: AppointmentState, begins: datetime, expires_at: datetime | None, excused_minutes: int = 0
) -> datetime | None:
    """Return when a sweep must look at an appointment that begins then and has no other place offered."""
    if state in (AppointmentState.REQUESTED, AppointmentState.WAITLISTED):
        return expires_at
    if state is not AppointmentState.CONFIRMED:
        return None
    return begins + timedelta(minutes=park.rules.late_limit_minutes + excused_minutes)


def starts_at(park: Park, appointment: Appointment) -> datetime:
    """Return the begin of the appointment's slot."""
    return park.grid.start_of(appointment.day, appointment.slot)


def no_show_at(park: Park, appointment: Appointment) -> datetime:
    """Return from when on a truck that has not come is a no-show; the park's own delay is added."""
    limit = park.rules.late_limit_minutes + appointment.excused_minutes
    return starts_at(park, appointment) + timedelta(minutes=limit)


def dock_times(appointment: Appointment) -> tuple[Appointment | Stop, ...]:
    """Return where and when it is at a dock, in order: itself, then the stops of a chained visit."""
    return (appointment, *appointment.stops)


def end_slot(appointment: Appointment) -> int:
    """Return the slot after the last in which the appointment is at a dock; may pass the day's end."""
    return max((place.slot + place.slots for place in dock_times(appointment) if place.slots), default=appointment.slot)


def without_unused(park: Park, place: Place, day: date, done_at: datetime) -> Place:
    """Return a time at a dock without the slots that begin once it is done, where the house gives them back."""
    if not park.rules.release_unused_docks:
        return place
    slot = park.grid.slot_of(done_at, day)
    begun = slot + int(park.grid.start_of(day, slot) < done_at)
    used = min(place.slots, max(0, begun - place.slot))
    return replace(place, slots=used, freed_slots=place.freed_slots + place.slots - used)


def waits_on(park: Park, appointment: Appointment) -> list[date]:
    """Return the days on which it waits for room: those of its window, while it is in line."""
    edges = (appointment.earliest, appointment.latest)
    if appointment.state is not AppointmentState.WAITLISTED or edges[0] is None or edges[1] is None:
        return []
    first, last = park.grid.day_of(edges[0]), park.grid.day_of(edges[1])
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def visit_day(grid: SlotGrid, appointment: Appointment) -> date:
    """Return the day for which the appointment's visit was wished, wherever it was moved to."""
    return appointment.day if appointment.wish is None else grid.day_of(appointment.wish)
