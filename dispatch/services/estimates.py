"""When trucks say they will come: one that will be late is offered a slot it can meet, held for it for a while."""

from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.model.lateness import closes_at
from dispatch.model.life import after, starts_at
from dispatch.model.promises import Appointment, MoveOffer
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.services import booking
from dispatch.services.appointments import get_appointment, step_appointment
from dispatch.services.desk import Desk, Kept, Misfit, Versions, check_version, retried
from dispatch.services.moving import commit_step, held_by, moved_to, wanted_of
from dispatch.services.openings import Opening, Window
from dispatch.services.seeking import Sought, seek

LONGEST_AHEAD = timedelta(days=2)


async def report_eta(
    desk: Desk, appointment_id: str, eta: datetime, now: datetime, expected: Versions
) -> Kept[Appointment]:
    """Take note of when a truck will come. When that is beyond its tolerance, offer it a slot it can meet, held beside
    its own; where none is open, `reason` names what is full.

    Raises NotThere, Changed, NotAllowedNow by its state, Misfit for a moment that is past or too far ahead.
    """
    if not now <= eta <= now + LONGEST_AHEAD:
        raise Misfit("eta", "must be from now to two days ahead")

    async def attempt() -> Kept[Appointment]:
        kept = await get_appointment(desk, appointment_id)
        check_version(kept.version, expected, f"appointment {appointment_id}")
        told = after(desk.park, kept.thing, "report_eta", now, eta=eta)
        if eta <= closes_at(desk.park, told):
            return await commit_step(desk, kept, told, "report_eta")
        return await _offer_another(desk, kept, told, now)

    return await retried(f"appointment {appointment_id}", attempt)


async def accept_offer(desk: Desk, appointment_id: str, now: datetime, expected: Versions) -> Kept[Appointment]:
    """Move an appointment to the place held for it; NotAllowedNow when none is, or no longer."""

    def accepted(appointment: Appointment) -> Appointment:
        offer = _standing_offer(appointment, now)
        there = booking.at_offer(appointment, offer)
        place = {"day": there.day, "slot": there.slot, "gate": there.gate, "stops": there.stops, "pool": there.pool}
        return moved_to(desk.park, appointment, now, offer.reason, **place)

    return await step_appointment(desk, appointment_id, "move", accepted, expected)


async def refuse_offer(desk: Desk, appointment_id: str, now: datetime, expected: Versions) -> Kept[Appointment]:
    """Give back the place held for an appointment: it stays where it is; NotAllowedNow when none is held."""

    def refused(appointment: Appointment) -> Appointment:
        _standing_offer(appointment, now)
        return after(desk.park, appointment, "refuse_move", now, offer=None)

    return await step_appointment(desk, appointment_id, "refuse_move", refused, expected)


async def _offer_another(desk: Desk, kept: Kept[Appointment], told: Appointment, now: datetime) -> Kept[Appointment]:
    assert told.eta is not None
    wanted, legs = wanted_of(desk.park, told)
    window = Window(told.eta, told.eta, told.eta + timedelta(minutes=desk.park.rules.window_minutes))
    sought = Sought(wanted, window, now, legs, held_by(desk.park, desk.keys, kept.thing))
    late = int((told.eta - starts_at(desk.park, told)).total_seconds() // 60)

    async def hold(opening: Opening) -> Kept[Appointment]:
        offer = MoveOffer(
            day=opening.day,
            slot=opening.slot,
            gate=opening.gate.id,
            expires_at=now + timedelta(minutes=desk.park.rules.move_offer_minutes),
            reason=f"expected {late} minutes late",
            stops=tuple(replace(stop, slot=slot) for stop, slot in zip(told.stops, opening.stops, strict=True)),
            pool=opening.pool,
        )
        offered = after(desk.park, kept.thing, "offer_move", now, eta=told.eta, offer=offer, reason=offer.reason)
        return await commit_step(desk, kept, offered, "offer_move")

    try:
        return await seek(desk, sought, hold)
    except Refusal as refusal:
        return await commit_step(
            desk, kept, replace(told, reason=f"no slot it can meet: {refusal.resource}"), "report_eta"
        )


def _standing_offer(appointment: Appointment, now: datetime) -> MoveOffer:
    if appointment.offer is None:
        raise NotAllowedNow(f"appointment {appointment.id} is offered no other place")
    if appointment.offer.expires_at <= now:
        raise NotAllowedNow(f"the place offered to appointment {appointment.id} was held until it expired")
    return appointment.offer
