"""Appointments asked for now: the best start by the live counters, given or refused by one commit."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import orjson

from dispatch.model import rules
from dispatch.model.life import after, dock_times, due_at
from dispatch.model.park import CargoKind, DockKind, Enterprise, Park
from dispatch.model.promises import APPOINTMENT_LIFE, GIVEN_UP, Appointment, AppointmentState, Purpose, Source, Stop
from dispatch.model.refusals import (
    DailyQuotaFull,
    DocksFull,
    EntriesHeld,
    GateFull,
    NotAllowedNow,
    PeakQuotaFull,
    QuotaFull,
    Refusal,
)
from dispatch.roads.estimate import drive_slots
from dispatch.services import booking, waiting
from dispatch.services.chaining import Leg
from dispatch.services.desk import (
    Desk,
    Kept,
    Listed,
    Misfit,
    PageAsked,
    Repeatable,
    Versions,
    check_version,
    find_repeat,
    get_cargo_kind,
    get_carrier,
    get_kept,
    new_id,
    retried,
)
from dispatch.services.listing import list_things
from dispatch.services.making import New, claim, make
from dispatch.services.openings import Opening, Wanted, Window, has_a_start
from dispatch.services.seeking import Sought, seek
from dispatch.store import codec
from dispatch.store.commit import CounterFull
from dispatch.store.keys import day_prefix, slot_prefix

WAITABLE = (GateFull, DocksFull, QuotaFull, DailyQuotaFull, PeakQuotaFull, EntriesHeld)
AT_ONCE = 25  # rows of a bulk request that are tried together


@dataclass(frozen=True, slots=True)
class StopDraft:
    """A warehouse to be called at; what is None is filled in from the park."""

    warehouse: str
    cargo_kind: str
    dock_kind: DockKind | None = None
    minutes: int | None = None
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class AppointmentDraft:
    """A slot as it is asked for; what is None is filled in from the park."""

    plate: str
    carrier: str
    warehouse: str
    cargo_kind: str
    wish: datetime
    dock_kind: DockKind | None = None
    minutes: int | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    load: str | None = None
    purpose: Purpose | None = None
    stops: tuple[StopDraft, ...] = ()  # of a chained visit: the later warehouses, in order
    hold: bool = False  # its places are only held, until it is confirmed
    waitlist: bool = False  # where there is no room, it waits for some


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request resolved against the park."""

    draft: AppointmentDraft
    sought: Sought
    repeatable: Repeatable | None


async def request_appointment(
    desk: Desk, draft: AppointmentDraft, now: datetime, repeatable: Repeatable | None
) -> Kept[Appointment]:
    """Give the start that is best by F1 and the bid prices, of those in the window that the live counters leave open.

    Raises the Refusal that names the full resource, with the nearest starts that would be accepted now; Misfit when
    a field does not fit the park; KeyReused. Capacity is decided by the commit alone: a start that was taken
    meanwhile is passed over for the next one.
    """
    asked = _resolved(desk, draft, now, repeatable)
    repeat = await find_repeat(desk, repeatable)
    if repeat is not None:
        return Kept(codec.read(Appointment, orjson.loads(repeat)), 1, repeated=True)
    if draft.load is not None and await desk.store.find(desk.keys.load(draft.load)) is None:
        raise Misfit("load", f"{draft.load!r} is not a load known here")
    try:
        async with desk.turns:
            return await seek(desk, asked.sought, lambda opening: _book(desk, asked, opening))
    except WAITABLE as refusal:
        if not draft.waitlist:
            raise
        return await _join_line(desk, asked, refusal)


async def request_appointments(
    desk: Desk, drafts: Sequence[AppointmentDraft | Misfit], now: datetime, repeatable: Repeatable | None
) -> list[Kept[Appointment] | Misfit | Refusal]:
    """Give each what `request_appointment` gives it, in their order, some at a time; return what came of each.

    Raises KeyReused before any is given, and StoreDown when it is not known of all what came of them.
    """
    await claim(desk, repeatable)
    rows: list[Kept[Appointment] | Misfit | Refusal] = []
    for begin in range(0, len(drafts), AT_ONCE):
        chunk = drafts[begin : begin + AT_ONCE]
        keys = [repeatable.row(begin + i) if repeatable else None for i in range(len(chunk))]
        rows += await asyncio.gather(*(_try(desk, draft, now, key) for draft, key in zip(chunk, keys, strict=True)))
    return rows


async def _try(
    desk: Desk, draft: AppointmentDraft | Misfit, now: datetime, repeatable: Repeatable | None
) -> Kept[Appointment] | Misfit | Refusal:
    if isinstance(draft, Misfit):
        return draft
    try:
        return await request_appointment(desk, draft, now, repeatable)
    except (Misfit, Refusal) as refused:
        return refused


async def get_appointment(desk: Desk, appointment_id: str) -> Kept[Appointment]:
    """Return an appointment; NotThere otherwise."""
    return await get_kept(desk, Appointment, desk.keys.appointment(appointment_id), "appointment", appointment_id)


async def cancel_appointment(desk: Desk, appointment_id: str, now: datetime, expected: Versions) -> Kept[Appointment]:
    """Cancel an appointment and give its places back; NotAllowedNow by its state or deadline, Changed by version."""

    def cancelled(appointment: Appointment) -> Appointment:
        check_is_free(appointment)
        check_may_cancel(desk, appointment, now)
        reason = "" if appointment.state is AppointmentState.CONFIRMED else GIVEN_UP
        return after(desk.park, appointment, "cancel", now, offer=None, reason=reason)

    return await step_appointment(desk, appointment_id, "cancel", cancelled, expected)


async def confirm_appointment(desk: Desk, appointment_id: str, now: datetime, expected: Versions) -> Kept[Appointment]:
    """Confirm a request whose places are held; NotAllowedNow when it is none, or its hold is over."""

    def confirmed(appointment: Appointment) -> Appointment:
        if appointment.expires_at is not None and appointment.expires_at <= now:
            raise NotAllowedNow(f"appointment {appointment.id} was held until {appointment.expires_at.isoformat()}")
        return after(desk.park, appointment, "confirm", now, expires_at=None)

    return await step_appointment(desk, appointment_id, "confirm", confirmed, expected)


async def step_appointment(
    desk: Desk,
    appointment_id: str,
    step: str | Callable[[Appointment], str],
    decide: Callable[[Appointment], Appointment],
    expected: Versions = None,
) -> Kept[Appointment]:
    """Change an appointment into what `decide` makes of it, which may be asked again when others change it meanwhile.

    Raises NotThere, Changed unless at `expected`, the refusal of a counter that is full, and what `decide` raises.
    """

    async def attempt() -> Kept[Appointment]:
        kept = await get_appointment(desk, appointment_id)
        check_version(kept.version, expected, f"appointment {appointment_id}")
        new = decide(kept.thing)
        name = step if isinstance(step, str) else step(kept.thing)
        try:
            await waiting.commit_change(desk, kept.thing, kept.version, new, name)
        except CounterFull as full:
            raise booking.refusal_for(desk.park, desk.keys, new, full, desk.allowances) from None
        return Kept(new, kept.version + 1)

    return await retried(f"appointment {appointment_id}", attempt)


def check_is_free(appointment: Appointment) -> None:
    """Raise NotAllowedNow when the appointment is held for an accepted load: it is given back with the load alone."""
    if appointment.match is not None:
        load, offer = appointment.load, appointment.match
        raise NotAllowedNow(f"appointment {appointment.id} is held for load {load}; hand back offer {offer} instead")


def check_may_cancel(desk: Desk, appointment: Appointment, now: datetime) -> None:
    """Raise NotAllowedNow when the appointment's state or its deadline does not let it be cancelled."""
    if rules.may_cancel(desk.park, appointment, now):
        return
    if (appointment.state, "cancel") not in APPOINTMENT_LIFE:
        raise NotAllowedNow(f"appointment {appointment.id} is {appointment.state}")
    deadline = rules.cancel_deadline(desk.park, appointment).isoformat()
    raise NotAllowedNow(f"appointment {appointment.id} could be cancelled until {deadline}")


def _resolved(desk: Desk, draft: AppointmentDraft, now: datetime, repeatable: Repeatable | None) -> _Asked:
    park = desk.park
    now = now.astimezone(park.grid.zone)
    carrier = get_carrier(park, draft.carrier)
    first = StopDraft(draft.warehouse, draft.cargo_kind, draft.dock_kind, draft.minutes, draft.purpose)
    wanted = wanted_at(park, draft.plate, carrier, first)
    window = window_of(park, draft.wish, draft.earliest, draft.latest)
    if draft.waitlist and draft.stops:
        raise Misfit("waitlist", "a chained visit cannot wait in line")
    return _Asked(draft, Sought(wanted, window, now, _legs(park, wanted, draft.stops)), repeatable)


def window_of(park: Park, wish: datetime, earliest: datetime | None, latest: datetime | None) -> Window:
    """Return when a start suits, open ends filled in by the house's window; Misfit when no slot begins in it."""
    either_side = timedelta(minutes=park.rules.window_minutes)
    edges = (wish, earliest or wish - either_side, latest or wish + either_side)
    window = Window(*(edge.astimezone(park.grid.zone) for edge in edges))  # once, not at each look at it
    if not has_a_start(park, window):
        raise Misfit(
            "latest", f"no slot begins from earliest to latest; one does every {park.grid.slot_minutes} minutes"
        )
    return window


def wanted_at(park: Park, plate: str, carrier: Enterprise, stop: StopDraft) -> Wanted:
    """Return what a truck wants at a warehouse; Misfit when the park has none such."""
    warehouse = park.warehouse_by_id.get(stop.warehouse)
    if warehouse is None:
        raise Misfit("warehouse", f"{stop.warehouse!r} is not a warehouse of this park")
    cargo = get_cargo_kind(park, stop.cargo_kind, stop.dock_kind)
    group = warehouse.find_dock_group(cargo.dock_kind)
    if group is None:
        kinds = ", ".join(group.kind for group in warehouse.dock_groups)
        raise Misfit("cargo_kind", f"needs {cargo.dock_kind} docks; {warehouse.id} has: {kinds}")
    slots = park.grid.slots_for(stop.minutes or _handling_minutes(cargo, stop.purpose))
    return Wanted(plate, carrier, warehouse, group, slots)


def _handling_minutes(cargo: CargoKind, purpose: Purpose | None) -> int:
    """Return how long a dock is needed: to deliver and collect, for both."""
    return cargo.handling_minutes * (2 if purpose is Purpose.DUAL else 1)


def _legs(park: Park, first: Wanted, stops: tuple[StopDraft, ...]) -> tuple[Leg, ...]:
    legs, before = [], first
    for i, stop in enumerate(stops):
        try:
            wanted = wanted_at(park, first.plate, first.carrier, stop)
        except Misfit as misfit:
            raise Misfit(f"stops[{i}].{misfit.field}", misfit.problem) from None
        legs.append(leg_from(park, before, wanted))
        before = wanted
    return tuple(legs)


def leg_from(park: Park, before: Wanted, wanted: Wanted) -> Leg:
    """Return a later warehouse of a chained visit, reached from the one before."""
    return Leg(wanted, drive_slots(park, before.warehouse, wanted.warehouse))


async def _join_line(desk: Desk, asked: _Asked, refusal: Refusal) -> Kept[Appointment]:
    """Put the request in line; what has come free for it since it was refused is offered to the first who fits."""
    window, park = asked.sought.window, desk.park
    day = park.grid.day_of(window.wish)
    gate = park.gates_for(asked.sought.wanted.warehouse)[0]
    place = Opening(0, day, park.grid.slot_of(window.wish, day), gate)
    entry = waiting.joined(park, _appointment(park, asked, place), refusal.resource)
    commit = booking.create(park, desk.keys, entry)
    kept = await make(desk, New(entry, f"appointment {entry.id}", commit, own_id=False), asked.repeatable)
    if await waiting.fill_if_open(desk, kept.thing, day, asked.sought.now):
        return replace(await get_appointment(desk, entry.id), repeated=kept.repeated)
    return kept


async def _book(desk: Desk, asked: _Asked, opening: Opening) -> Kept[Appointment]:
    appointment = _appointment(desk.park, asked, opening)
    commit = booking.create(desk.park, desk.keys, appointment, allowances=desk.allowances)
    new = New(appointment, f"appointment {appointment.id}", commit, own_id=False)
    return await make(desk, new, asked.repeatable)


def _appointment(park: Park, asked: _Asked, opening: Opening) -> Appointment:
    draft, sought = asked.draft, asked.sought
    wanted, window = sought.wanted, sought.window
    state = AppointmentState.REQUESTED if draft.hold else AppointmentState.CONFIRMED
    expires_at = sought.now + timedelta(minutes=park.rules.hold_minutes) if draft.hold else None
    return Appointment(
        id=new_id("appointment", asked.repeatable),
        state=state,
        source=Source.REQUEST,
        plate=draft.plate,
        carrier=draft.carrier,
        warehouse=wanted.warehouse.id,
        dock_group=wanted.group.id,
        dock_kind=wanted.group.kind,
        cargo_kind=draft.cargo_kind,
        gate=opening.gate.id,
        day=opening.day,
        slot=opening.slot,
        slots=wanted.slots,
        made_at=sought.now,
        load=draft.load,
        wish=window.wish,
        earliest=window.earliest,
        latest=window.latest,
        purpose=draft.purpose,
        stops=_stops(asked, opening),
        expires_at=expires_at,
        due_at=due_at(park, state, park.grid.start_of(opening.day, opening.slot), expires_at),
        pool=opening.pool,
    )


def _stops(asked: _Asked, opening: Opening) -> tuple[Stop, ...]:
    return tuple(
        Stop(
            warehouse=leg.wanted.warehouse.id,
            dock_group=leg.wanted.group.id,
            dock_kind=leg.wanted.group.kind,
            cargo_kind=draft.cargo_kind,
            slot=slot,
            slots=leg.wanted.slots,
            purpose=draft.purpose,
        )
        for leg, draft, slot in zip(asked.sought.legs, asked.draft.stops, opening.stops, strict=True)
    )


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """Which appointments to list; None does not filter. `slot` needs `day`."""

    plate: str | None = None
    warehouse: str | None = None
    carrier: str | None = None
    gate: str | None = None
    day: date | None = None
    slot: int | None = None
    state: AppointmentState | None = None

    def admits(self, appointment: Appointment) -> bool:
        """Answer whether it is the truck's, the carrier's and the gate's asked for, calls at the warehouse, and is in
        the state.
        """
        return (
            self.plate in (None, appointment.plate)
            and self.warehouse in (None, *(place.warehouse for place in dock_times(appointment)))
            and self.state in (None, appointment.state)
            and self.carrier in (None, appointment.carrier)
            and self.gate in (None, appointment.gate)
        )


async def list_appointments(desk: Desk, which: AppointmentFilter, page: PageAsked) -> Listed[Appointment]:
    """Return appointments by slot, then id, those cancelled too."""
    named = sum(value is not None for value in (which.plate, which.warehouse, which.carrier))
    unindexed = which.gate is not None or which.state is not None
    has_all = named <= 1 and not unindexed  # the index holds no other
    prefix = ""
    if which.day is not None:
        prefix = day_prefix(which.day) if which.slot is None else slot_prefix(which.day, which.slot)
    return await list_things(
        desk,
        Appointment,
        _index(desk, which),
        desk.keys.appointment,
        page,
        wanted=None if has_all else which.admits,
        prefix=prefix,
    )


def _index(desk: Desk, which: AppointmentFilter) -> str:
    """Return the narrowest index that holds all of them."""
    if which.plate is not None:
        return desk.keys.appointments_of_truck(which.plate)
    if which.warehouse is not None:
        return desk.keys.appointments_of_warehouse(which.warehouse)
    if which.carrier is not None:
        return desk.keys.appointments_of_carrier(which.carrier)
    return desk.keys.appointments()
