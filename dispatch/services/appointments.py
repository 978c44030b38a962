"""Appointments asked for now: the best start by the live counters, given or refused by one commit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import orjson

from dispatch.model import rules
from dispatch.model.life import after
from dispatch.model.park import DockKind
from dispatch.model.promises import APPOINTMENT_LIFE, Appointment, AppointmentState, Source
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.services import booking
from dispatch.services.counters import CounterView
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
    new_id,
    not_there,
)
from dispatch.services.listing import list_things
from dispatch.services.making import New, make
from dispatch.services.openings import (
    DayCounters,
    Opening,
    Wanted,
    Window,
    alternative,
    find_obstacle,
    find_opening,
    has_a_start,
    list_openings,
    move_cost,
    never_open,
    slots_within,
    starts_by_cost,
)
from dispatch.store import codec
from dispatch.store.commit import CounterFull, VersionChanged
from dispatch.store.keys import day_prefix, slot_prefix

ROUNDS = 3  # of reading the counters and trying every start they leave open
LOSSES = 200  # of starts to others, in one round
TRIES = 5  # of cancelling what others are changing


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request resolved against the park, with the clock of its coming in."""

    draft: AppointmentDraft
    wanted: Wanted
    window: Window
    now: datetime
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
    view = CounterView(desk, asked.wanted, now)
    days = _days_of(desk, asked)
    for _ in range(ROUNDS):
        kept, lost_any = await _try_openings(desk, asked, view, await view.read(days))
        if kept is not None:
            return kept
        if not lost_any:
            break
        view.forget()
    raise await _refusal(desk, asked, view, await view.read(days))


async def get_appointment(desk: Desk, appointment_id: str) -> Kept[Appointment]:
    """Return an appointment; NotThere otherwise."""
    stored = await desk.store.find(desk.keys.appointment(appointment_id))
    if stored is None:
        raise not_there("appointment", appointment_id)
    return Kept(codec.read(Appointment, stored.document), stored.version)


async def cancel_appointment(desk: Desk, appointment_id: str, now: datetime, expected: Versions) -> Kept[Appointment]:
    """Cancel an appointment and give its places back; NotAllowedNow by its state or deadline, Changed by version."""
    for _ in range(TRIES):
        kept = await get_appointment(desk, appointment_id)
        check_version(kept.version, expected, f"appointment {appointment_id}")
        _check_may_cancel(desk, kept.thing, now)
        try:
            await desk.store.commit(booking.cancel(desk.park, desk.keys, kept.thing, kept.version, now))
        except VersionChanged:
            continue
        return Kept(after(desk.park, kept.thing, "cancel", now, offer=None), kept.version + 1)
    raise NotAllowedNow(f"appointment {appointment_id} is being changed by others")


def _check_may_cancel(desk: Desk, appointment: Appointment, now: datetime) -> None:
    if rules.may_cancel(desk.park, appointment, now):
        return
    if (appointment.state, "cancel") not in APPOINTMENT_LIFE:
        raise NotAllowedNow(f"appointment {appointment.id} is {appointment.state}")
    deadline = rules.cancel_deadline(desk.park, appointment).isoformat()
    raise NotAllowedNow(f"appointment {appointment.id} could be cancelled until {deadline}")


def _resolved(desk: Desk, draft: AppointmentDraft, now: datetime, repeatable: Repeatable | None) -> _Asked:
    park = desk.park
    warehouse = park.warehouse_by_id.get(draft.warehouse)
    if warehouse is None:
        raise Misfit("warehouse", f"{draft.warehouse!r} is not a warehouse of this park")
    cargo = get_cargo_kind(park, draft.cargo_kind, draft.dock_kind)
    group = warehouse.find_dock_group(cargo.dock_kind)
    if group is None:
        kinds = ", ".join(group.kind for group in warehouse.dock_groups)
        raise Misfit("cargo_kind", f"needs {cargo.dock_kind} docks; {warehouse.id} has: {kinds}")
    slots = park.grid.slots_for(draft.minutes or cargo.handling_minutes)
    wanted = Wanted(draft.plate, get_carrier(park, draft.carrier), warehouse, group, slots)
    either_side = timedelta(minutes=park.rules.window_minutes)
    earliest, latest = draft.earliest or draft.wish - either_side, draft.latest or draft.wish + either_side
    window = Window(draft.wish, earliest, latest)
    if not has_a_start(park, window):
        raise Misfit(
            "latest", f"no slot begins from earliest to latest; one does every {park.grid.slot_minutes} minutes"
        )
    return _Asked(draft, wanted, window, now, repeatable)


def _days_of(desk: Desk, asked: _Asked) -> list[date]:
    first, last = (desk.park.grid.day_of(edge) for edge in (asked.window.earliest, asked.window.latest))
    days = (first + timedelta(days=i) for i in range((last - first).days + 1))
    return [day for day in days if slots_within(desk.park, asked.wanted, asked.window, day, asked.now)]


async def _try_openings(
    desk: Desk, asked: _Asked, view: CounterView, days: list[DayCounters]
) -> tuple[Kept[Appointment] | None, bool]:
    """Return the appointment, if any start could be had, and whether any start was lost to somebody else."""
    for lost in range(LOSSES):
        opening = find_opening(desk.park, asked.wanted, asked.window, days, asked.now)
        if opening is None:
            return None, lost > 0
        try:
            return await _book(desk, asked, opening), lost > 0
        except CounterFull as full:
            view.note(full)  # closes at least this start at this gate
    return None, True


async def _book(desk: Desk, asked: _Asked, opening: Opening) -> Kept[Appointment]:
    draft, wanted = asked.draft, asked.wanted
    appointment = Appointment(
        id=new_id("appointment", asked.repeatable),
        state=AppointmentState.CONFIRMED,
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
        made_at=asked.now,
        load=draft.load,
        wish=asked.window.wish,
        earliest=asked.window.earliest,
        latest=asked.window.latest,
    )
    commit = booking.create(desk.park, desk.keys, appointment)
    new = New(appointment, f"appointment {appointment.id}", commit, own_id=False)
    return await make(desk, new, asked.repeatable)


async def _refusal(desk: Desk, asked: _Asked, view: CounterView, days: list[DayCounters]) -> Refusal:
    """Return why the best start of the window cannot be had, with the nearest starts that can."""
    park, window = desk.park, asked.window
    spans = [(each, slots_within(park, asked.wanted, window, each.day, asked.now)) for each in days]
    starts = starts_by_cost(park, window.wish, spans)
    refusal: Refusal | None = None
    if starts:
        _, _, slot, counters = starts[0]
        refusal = find_obstacle(park, asked.wanted, counters, slot)
    if refusal is None:
        day = park.grid.day_of(window.wish)
        refusal = never_open(park, asked.wanted, day, park.grid.slot_of(window.wish, day), asked.now)
    found = []
    for opening in await _nearest(desk, asked, view):
        (counters,) = await view.read([opening.day])  # seen before
        found.append(alternative(park, asked.wanted, window.wish, opening, counters))
    refusal.alternatives = tuple(found)
    return refusal


async def _nearest(desk: Desk, asked: _Asked, view: CounterView) -> list[Opening]:
    """Return the nearest openings on any bookable day, as many as the house offers."""
    wish, most = asked.window.wish, desk.park.rules.alternatives
    days: list[DayCounters] = []
    found: list[Opening] = []
    for cost, day in sorted(_bookable_days(desk, asked)):
        if len(found) >= most and found[most - 1].cost <= cost:
            break  # no start of this day or a farther one is nearer
        days += await view.read([day])
        found = list_openings(desk.park, asked.wanted, wish, days, asked.now)
    return found[:most]


def _bookable_days(desk: Desk, asked: _Asked) -> Iterator[tuple[int, date]]:
    """Yield each bookable day with the least cost any of its slots can have."""
    park = desk.park
    wished = park.grid.day_of(asked.window.wish)
    today = park.grid.day_of(asked.now)
    for ahead in range(park.rules.booking_horizon_days + 1):
        day = today + timedelta(days=ahead)
        if day == wished:
            yield 0, day
        else:
            nearest_slot = 0 if day > wished else park.grid.horizon - 1
            yield move_cost(park, asked.window.wish, day, nearest_slot), day


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """Which appointments to list; None does not filter. `slot` needs `day`."""

    plate: str | None = None
    warehouse: str | None = None
    carrier: str | None = None
    gate: str | None = None
    day: date | None = None
    slot: int | None = None

    def admits(self, appointment: Appointment) -> bool:
        """Answer whether the appointment is the truck's, the warehouse's, the carrier's and the gate's asked for."""
        return (
            self.plate in (None, appointment.plate)
            and self.warehouse in (None, appointment.warehouse)
            and self.carrier in (None, appointment.carrier)
            and self.gate in (None, appointment.gate)
        )


async def list_appointments(desk: Desk, which: AppointmentFilter, page: PageAsked) -> Listed[Appointment]:
    """Return appointments by slot, then id, those cancelled too."""
    named = sum(value is not None for value in (which.plate, which.warehouse, which.carrier))
    has_all = named + 2 * (which.gate is not None) <= 1  # the index holds no other: there is none of a gate
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
