"""What a driver may do whom a closure or an applied scenario has moved: accept, or refuse, which is nobody's fault."""

from datetime import datetime

from dispatch.model.life import after, starts_at
from dispatch.model.promises import Appointment
from dispatch.model.refusals import NotAllowedNow
from dispatch.services.appointments import step_appointment
from dispatch.services.desk import Desk, Kept, Versions
from dispatch.services.waiting import in_line


async def accept_change(desk: Desk, appointment_id: str, now: datetime, expected: Versions) -> Kept[Appointment]:
    """Take the new slot for good; NotThere, Changed, NotAllowedNow when the park has not moved it."""

    def accepted(appointment: Appointment) -> Appointment:
        _check_displaced(desk, appointment, now)
        return after(desk.park, appointment, "accept_change", now, displaced_by=None)

    return await step_appointment(desk, appointment_id, "accept_change", accepted, expected)


async def refuse_change(
    desk: Desk, appointment_id: str, now: datetime, expected: Versions, *, waitlist: bool
) -> Kept[Appointment]:
    """Give the new slot back until it begins: cancelled, or in line for another; NotThere, Changed, NotAllowedNow."""
    step = "wait" if waitlist else "refuse_change"

    def refused(appointment: Appointment) -> Appointment:
        _check_displaced(desk, appointment, now)
        if waitlist and appointment.stops:
            raise NotAllowedNow(f"appointment {appointment.id} is a chained visit, which cannot wait in line")
        line = in_line(desk.park, appointment) if waitlist else {}
        return after(desk.park, appointment, step, now, offer=None, **line)

    return await step_appointment(desk, appointment_id, step, refused, expected)


def _check_displaced(desk: Desk, appointment: Appointment, now: datetime) -> None:
    if appointment.displaced_by is None:
        raise NotAllowedNow(f"appointment {appointment.id} was not moved by the park")
    if now >= starts_at(desk.park, appointment):
        raise NotAllowedNow(f"appointment {appointment.id} could be refused until its slot began")
