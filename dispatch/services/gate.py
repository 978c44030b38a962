"""The gate and the docks: trucks come, are let in, handled, and leave; each moment is recorded as it is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from dispatch.model.lateness import closes_at, find_lane, is_early, is_in_time, opens_at
from dispatch.model.life import after, dock_times, starts_at, without_unused
from dispatch.model.promises import INSIDE, Appointment, AppointmentState, Lane, Source
from dispatch.model.refusals import BadPass, NotAllowedNow, NotThere, Refusal, TooEarly, TooLate
from dispatch.services import booking
from dispatch.services.appointments import (
    AppointmentDraft,
    StopDraft,
    get_appointment,
    step_appointment,
    wanted_at,
)
from dispatch.services.desk import Desk, Kept, Misfit, Repeatable, Versions, find_repeat, get_carrier, new_id
from dispatch.services.making import New, make
from dispatch.services.moving import held_by, wanted_of
from dispatch.services.openings import Window
from dispatch.services.passes import Pass
from dispatch.services.queues import Queues
from dispatch.services.seeking import Sought, nearest_alternatives
from dispatch.store import codec
from dispatch.store.commit import CounterFull
from dispatch.store.keys import day_prefix, id_of

WALK_IN_SLOTS = 2  # the one that has begun, and the next


@dataclass(frozen=True, slots=True)
class Arrival:
    """A truck before a gate: when it joined the queue, and at which gate it stands, as far as that is known."""

    now: datetime
    gate: str | None = None
    arrived_at: datetime | None = None

    @property
    def came_at(self) -> datetime:
        """Return when it came."""
        return self.arrived_at or self.now


async def find_expected(desk: Desk, plate: str, arrival: Arrival) -> str:
    """Return the id of the confirmed appointment of a truck that is nearest to now; NotThere when it has none."""
    found = [each for each in await _of_truck(desk, plate, arrival.now) if _is_expected(each, arrival)]
    if not found:
        raise NotThere(f"appointment of truck {plate}{_at(arrival)} near this time")
    return min(found, key=lambda each: abs(starts_at(desk.park, each) - arrival.came_at)).id


async def find_by_pass(desk: Desk, shown: Pass) -> str:
    """Return the id of the appointment a pass is for; BadPass when its plate is another one by now."""
    kept = await get_appointment(desk, shown.appointment)
    if kept.thing.plate != shown.plate:
        raise BadPass(f"it was given to truck {shown.plate}, and the appointment has another one by now")
    return kept.thing.id


async def note_arrival(desk: Desk, appointment_id: str, arrival: Arrival) -> Kept[Appointment]:
    """Take note of when a truck joined the queue before the gate; the first time it is told is the one that counts."""
    _check_arrival(arrival)

    def arrived(appointment: Appointment) -> Appointment:
        _check_gate(appointment, arrival)
        if appointment.arrived_at is not None:
            raise NotAllowedNow(f"appointment {appointment.id} has arrived at {appointment.arrived_at.isoformat()}")
        return after(desk.park, appointment, "arrive", arrival.now, arrived_at=arrival.came_at)

    return await step_appointment(desk, appointment_id, "arrive", arrived)


async def check_in(desk: Desk, appointment_id: str, arrival: Arrival, expected: Versions = None) -> Kept[Appointment]:
    """Let a truck in for its appointment: as booked within the tolerance, behind others beyond it.

    What is the park's own delay does not count. Raises TooEarly, TooLate with starts that would be open, NotThere when
    it is for another gate, NotAllowedNow by its state, TruckBusy when the truck is in the park already.
    """
    _check_arrival(arrival)
    kept = await get_appointment(desk, appointment_id)
    excused, reason = kept.thing.excused_minutes, kept.thing.reason
    came_at = kept.thing.arrived_at or arrival.came_at
    if kept.thing.state is AppointmentState.CONFIRMED and came_at > closes_at(desk.park, kept.thing):
        delay = await Queues(desk, arrival.now).delay(kept.thing)
        if delay.minutes > excused:
            excused, reason = delay.minutes, delay.evidence

    def let_in(appointment: Appointment) -> Appointment:
        _check_gate(appointment, arrival)
        arrived_at = appointment.arrived_at or arrival.came_at
        more: dict[str, Any] = {"arrived_at": arrived_at, "checked_in_at": arrival.now, "offer": None}
        inside = after(desk.park, appointment, "check_in", arrival.now, excused_minutes=excused, reason=reason, **more)
        return replace(inside, lane=_lane(desk, inside, arrived_at, arrival.now))

    try:
        return await step_appointment(desk, appointment_id, "check_in", let_in, expected)
    except TooLate as refusal:
        wanted, legs = wanted_of(desk.park, kept.thing)
        window = Window(arrival.now, arrival.now, arrival.now)
        held = held_by(desk.park, desk.keys, kept.thing)
        raise await nearest_alternatives(desk, Sought(wanted, window, arrival.now, legs, held), refusal) from None


async def check_in_self(desk: Desk, appointment_id: str, now: datetime, expected: Versions = None) -> Kept[Appointment]:
    """Let a driver check in for himself, within his time window alone; beyond it the gate decides."""
    kept = await get_appointment(desk, appointment_id)
    appointment = kept.thing
    if appointment.state is AppointmentState.CONFIRMED and not is_in_time(desk.park, appointment, now):
        window = f"{opens_at(desk.park, appointment).isoformat()} to {closes_at(desk.park, appointment).isoformat()}"
        kind = TooEarly if is_early(desk.park, appointment, now) else TooLate
        raise kind(f"appointment {appointment_id} may be checked in by its driver from {window}")
    return await check_in(desk, appointment_id, Arrival(now), expected)


async def walk_in(
    desk: Desk, draft: AppointmentDraft, arrival: Arrival, repeatable: Repeatable | None
) -> Kept[Appointment]:
    """Let a truck in that has no appointment, into what is free in the slot that has begun or the next.

    Raises the Refusal of what is full, with the nearest starts that could be booked; Misfit; TruckBusy.
    """
    repeat = await find_repeat(desk, repeatable)
    if repeat is not None:
        return Kept(codec.read(Appointment, orjson.loads(repeat)), 1, repeated=True)
    _check_arrival(arrival)
    stop = StopDraft(draft.warehouse, draft.cargo_kind, draft.dock_kind, draft.minutes, draft.purpose)
    wanted = wanted_at(desk.park, draft.plate, get_carrier(desk.park, draft.carrier), stop)
    gate = arrival.gate or desk.park.gates_for(wanted.warehouse)[0].id
    if gate not in desk.park.gate_by_id:
        raise Misfit("gate", f"{gate!r} is not a gate of this park")
    day = desk.park.grid.day_of(arrival.now)
    now_slot = desk.park.grid.slot_of(arrival.now, day)
    appointment = Appointment(
        id=new_id("appointment", repeatable),
        state=AppointmentState.CHECKED_IN,
        source=Source.WALK_IN,
        plate=draft.plate,
        carrier=draft.carrier,
        warehouse=wanted.warehouse.id,
        dock_group=wanted.group.id,
        dock_kind=wanted.group.kind,
        cargo_kind=draft.cargo_kind,
        gate=gate,
        day=day,
        slot=now_slot,
        slots=wanted.slots,
        made_at=arrival.now,
        wish=arrival.now,
        purpose=draft.purpose,
        changed_at=arrival.now,
        lane=Lane.WALK_IN,
        arrived_at=arrival.came_at,
        checked_in_at=arrival.now,
    )
    first: Refusal | None = None
    for slot in range(now_slot, min(now_slot + WALK_IN_SLOTS, desk.park.grid.horizon)):
        here = replace(appointment, slot=slot)
        try:
            commit = booking.create(desk.park, desk.keys, here, allowances=desk.allowances)
            return await make(desk, New(here, f"appointment {here.id}", commit, own_id=False), repeatable)
        except CounterFull as full:
            first = first or booking.refusal_for(desk.park, desk.keys, here, full, desk.allowances)
    assert first is not None
    window = Window(arrival.now, arrival.now, arrival.now)
    raise await nearest_alternatives(desk, Sought(wanted, window, arrival.now), first)


async def start_dock(
    desk: Desk, appointment_id: str, now: datetime, warehouse: str | None = None, expected: Versions = None
) -> Kept[Appointment]:
    """Begin with a truck at the dock it is due at next; NotAllowedNow when that is another warehouse's."""

    def started(appointment: Appointment) -> Appointment:
        number = _next_stop(appointment)
        _check_warehouse(appointment, number, warehouse)
        changed = _with_times(appointment, number, dock_started_at=now)
        return after(desk.park, changed, "start_dock", now)

    return await step_appointment(desk, appointment_id, "start_dock", started, expected)


async def finish_dock(
    desk: Desk, appointment_id: str, now: datetime, warehouse: str | None = None, expected: Versions = None
) -> Kept[Appointment]:
    """Finish with a truck at its dock: it goes on to the next warehouse of a chained visit, or is completed.

    The dock's slots that have not begun are free again in the same commit, by the house rule `release_unused_docks`.
    """

    def step(appointment: Appointment) -> str:
        return "finish_stop" if _next_stop(appointment) < len(appointment.stops) else "finish_dock"

    def finished(appointment: Appointment) -> Appointment:
        number = _next_stop(appointment)
        _check_warehouse(appointment, number, warehouse)
        changed = _with_times(appointment, number, dock_finished_at=now)
        return after(desk.park, _without_unused(desk, changed, {number}, now), step(appointment), now)

    return await step_appointment(desk, appointment_id, step, finished, expected)


async def list_queue(desk: Desk, warehouse: str, now: datetime) -> list[Appointment]:
    """Return the trucks in the park that wait for a dock of a warehouse, in the order in which they are due: those
    booked by their slots, then walk-ins, then those in the late lane.
    """
    if warehouse not in desk.park.warehouse_by_id:
        raise Misfit("warehouse", f"{warehouse!r} is not a warehouse of this park")
    index = desk.keys.appointments_of_warehouse(warehouse)
    waiting = [each for each in await _around_now(desk, index, now) if _waits_at(each, warehouse)]
    return sorted(waiting, key=lambda each: _priority(desk, each))


async def find_inside(desk: Desk, plate: str, now: datetime) -> str:
    """Return the id of the appointment for which a truck is in the park; NotThere when it is not."""
    found = [each for each in await _of_truck(desk, plate, now) if _is_inside(each)]
    if not found:
        raise NotThere(f"truck {plate} in the park")
    return max(found, key=lambda each: each.checked_in_at or each.made_at).id


async def check_out(desk: Desk, appointment_id: str, now: datetime) -> Kept[Appointment]:
    """Let a truck out; with that its appointment is completed, whatever its warehouses have said, and what it still
    holds of docks is given back as when they finish early.
    """

    def left(appointment: Appointment) -> Appointment:
        if appointment.left_at is not None:
            raise NotAllowedNow(f"appointment {appointment.id} has left the park")
        unfinished = {i for i, place in enumerate(dock_times(appointment)) if place.dock_finished_at is None}
        changed = _without_unused(desk, appointment, unfinished, now)
        return after(desk.park, changed, "check_out", now, left_at=now)

    return await step_appointment(desk, appointment_id, "check_out", left)


async def _of_truck(desk: Desk, plate: str, now: datetime) -> list[Appointment]:
    return await _around_now(desk, desk.keys.appointments_of_truck(plate), now)


async def _around_now(desk: Desk, index: str, now: datetime) -> list[Appointment]:
    """Return the appointments of an index from yesterday to tomorrow."""
    today = desk.park.grid.day_of(now)
    days = [today + timedelta(days=days) for days in (-1, 0, 1)]
    members = [member for day in days for member in await desk.store.members(index, prefix=day_prefix(day))]
    stored = await desk.store.find_many([desk.keys.appointment(id_of(member)) for member in members])
    return [codec.read(Appointment, each.document) for each in stored if each is not None]


def _waits_at(appointment: Appointment, warehouse: str) -> bool:
    due_at = dock_times(appointment)[_next_stop(appointment)]
    return appointment.state is AppointmentState.CHECKED_IN and due_at.warehouse == warehouse


def _priority(desk: Desk, appointment: Appointment) -> tuple[int, datetime, datetime]:
    lane = appointment.lane or Lane.BOOKED
    slot = dock_times(appointment)[_next_stop(appointment)].slot
    begins = desk.park.grid.start_of(appointment.day, slot)
    came = appointment.checked_in_at or begins
    return list(Lane).index(lane), begins if lane is Lane.BOOKED else came, came


def _is_expected(appointment: Appointment, arrival: Arrival) -> bool:
    return appointment.state is AppointmentState.CONFIRMED and arrival.gate in (None, appointment.gate)


def _is_inside(appointment: Appointment) -> bool:
    is_done = appointment.state is AppointmentState.COMPLETED and appointment.left_at is None
    return appointment.state in INSIDE or is_done


def _lane(desk: Desk, appointment: Appointment, arrived_at: datetime, now: datetime) -> Lane:
    """Return the lane of a truck that came at a moment: one that came too early is let in when its time has come."""
    if is_early(desk.park, appointment, now):
        raise TooEarly(f"appointment {appointment.id} may come from {opens_at(desk.park, appointment).isoformat()}")
    lane = find_lane(desk.park, appointment, arrived_at)
    if lane is None:
        raise TooLate(f"appointment {appointment.id} could come until {closes_at(desk.park, appointment).isoformat()}")
    return lane


def _check_arrival(arrival: Arrival) -> None:
    if arrival.came_at > arrival.now:
        raise Misfit("arrived_at", "must not be in the future")


def _check_gate(appointment: Appointment, arrival: Arrival) -> None:
    if arrival.gate not in (None, appointment.gate):
        raise NotThere(f"appointment {appointment.id}{_at(arrival)}")


def _at(arrival: Arrival) -> str:
    return "" if arrival.gate is None else f" at gate {arrival.gate}"


def _next_stop(appointment: Appointment) -> int:
    """Return the number of the first of its docks that is not finished."""
    unfinished = (i for i, place in enumerate(dock_times(appointment)) if place.dock_finished_at is None)
    return next(unfinished, len(appointment.stops))


def _check_warehouse(appointment: Appointment, number: int, warehouse: str | None) -> None:
    due_at = dock_times(appointment)[number].warehouse
    if warehouse not in (None, due_at):
        raise NotAllowedNow(f"appointment {appointment.id} is due at another warehouse first")


def _without_unused(desk: Desk, appointment: Appointment, numbers: set[int], now: datetime) -> Appointment:
    """Return the appointment without what it no longer needs of its docks of these numbers."""
    park, day = desk.park, appointment.day
    stops = tuple(
        without_unused(park, stop, day, now) if number in numbers else stop
        for number, stop in enumerate(appointment.stops, start=1)
    )
    changed = replace(appointment, stops=stops)
    return without_unused(park, changed, day, now) if 0 in numbers else changed


def _with_times(appointment: Appointment, number: int, **times: datetime) -> Appointment:
    if number == 0:
        return replace(appointment, **times)  # type: ignore[arg-type]
    stops = list(appointment.stops)
    stops[number - 1] = replace(stops[number - 1], **times)  # type: ignore[arg-type]
    return replace(appointment, stops=tuple(stops))
