"""Appointments as changes of the store: what one takes, where it is found, what it tells; and the way back.

Pure functions, used by whoever makes or changes appointments. Every change is one commit that takes what the
appointment holds afterwards and did not before, and gives back what it held and no longer does: so the counters are
always the sum of `claims` over all appointments. What is taken is decided by the commit alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from dispatch.model.allowances import NO_ALLOWANCES, Allowances
from dispatch.model.grid import SlotGrid
from dispatch.model.life import after, dock_times, end_slot, timed, visit_day, waits_on
from dispatch.model.park import DockKind, Park
from dispatch.model.promises import (
    EVENT_OF,
    HOLDING,
    INSIDE,
    WITHDRAWN,
    Appointment,
    AppointmentState,
    MoveOffer,
    Source,
)
from dispatch.model.refusals import (
    AlreadyThere,
    DocksFull,
    GateFull,
    OutsideHours,
    Refusal,
    TooManyOpen,
    TruckBusy,
)
from dispatch.model.shares import rank_of
from dispatch.services.quotas import UNLIMITED, pool_of, quotas_of
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull, Event, Expect, Take, Write
from dispatch.store.keys import Keys, line_member, slot_field, slot_member, time_member

Moves = tuple[tuple[str, str], ...]
REOPENING = frozenset({AppointmentState.WAITLISTED, AppointmentState.CANCELLED})  # its visit waits for a plan
BORN = {
    AppointmentState.REQUESTED: "request",
    AppointmentState.WAITLISTED: "wait",
    AppointmentState.CONFIRMED: "confirm",
    AppointmentState.CHECKED_IN: "check_in",
}


class Claim(NamedTuple):
    """One counter an appointment takes, and how its being full is told: what is, and in which slot if it is one of
    many."""

    take: Take
    full: type[Refusal]
    what: str
    slot: int | None = None

    def resource(self, park: Park) -> str:
        """Return what is full, in words."""
        return self.what if self.slot is None else f"{self.what} {park.slot_text(self.slot)}"


def create(
    park: Park,
    keys: Keys,
    appointment: Appointment,
    *,
    plan: str | None = None,
    allowances: Allowances = NO_ALLOWANCES,
) -> Commit:
    """Return the change that makes the appointment, all of it or none; it must not exist yet.

    CounterFull on this commit becomes a refusal by `refusal_for`.
    """
    appointment = timed(park, appointment)
    indexes = _indexes(park, keys, appointment)
    if plan is not None:
        indexes += ((keys.appointments_of_plan(plan), _member(appointment)),)
    left = _open_visit(park, keys, appointment) if appointment.state in HOLDING else ()
    document = codec.dump(appointment)
    return Commit(
        expects=(Expect(keys.appointment(appointment.id), 0),),
        takes=tuple(claim.take for claim in claims(park, keys, appointment, allowances)),
        writes=(Write(keys.appointment(appointment.id), document, add_to=indexes, remove_from=left),),
        events=(Event(EVENT_OF[BORN[appointment.state]], document),),
    )


def change(
    park: Park,
    keys: Keys,
    old: Appointment,
    version: int,
    new: Appointment,
    step: str,
    allowances: Allowances = NO_ALLOWANCES,
) -> Commit:
    """Return the change of an appointment at a version into what it is after a step of its life (`life.after`).

    CounterFull on this commit becomes a refusal by `refusal_for` of the new one; the old one then stands as it was.
    """
    held = {(claim.take.key, claim.take.field): claim.take for claim in claims(park, keys, old)}
    wanted = {(claim.take.key, claim.take.field): claim.take for claim in claims(park, keys, new, allowances)}
    given_back = (take._replace(amount=-take.amount) for place, take in held.items() if place not in wanted)
    taken = (take for place, take in wanted.items() if place not in held)
    joined, left = _moved(_indexes(park, keys, old), _indexes(park, keys, new))
    opened, closed = _moved(_waiting(park, keys, old), _waiting(park, keys, new))
    document = codec.dump(new)
    write = Write(keys.appointment(new.id), document, add_to=joined + opened, remove_from=left + closed)
    return Commit(
        expects=(Expect(keys.appointment(old.id), version),),
        takes=(*given_back, *taken),
        writes=(write,),
        events=(Event(EVENT_OF[step], document),),
    )


def cancel(park: Park, keys: Keys, appointment: Appointment, version: int, now: datetime) -> Commit:
    """Return the change by which the park cancels the appointment, gives back what it took and opens its visit again.

    Raises NotAllowedNow when its state does not allow it. The appointment stays in its indexes, cancelled.
    """
    cancelled = after(park, appointment, "cancel", now, offer=None, reason=WITHDRAWN)
    return change(park, keys, appointment, version, cancelled, "cancel")


def refusal_for(
    park: Park, keys: Keys, appointment: Appointment, full: CounterFull, allowances: Allowances = NO_ALLOWANCES
) -> Refusal:
    """Return the refusal that names the counter on which the commit was refused."""
    claim = next(claim for claim in claims(park, keys, appointment, allowances) if claim.take == full.take)
    kind = OutsideHours if claim.take.limit == 0 and claim.full in (DocksFull, GateFull) else claim.full
    return kind(claim.resource(park))


def claims(
    park: Park, keys: Keys, appointment: Appointment, allowances: Allowances = NO_ALLOWANCES
) -> tuple[Claim, ...]:
    """Return every counter the appointment takes, each once: docks, gate, carrier's quotas, the pool of entries, truck,
    its visit's only appointment, and being in the park; with a place offered beside its own, that one's too. Nothing in
    a state that holds nothing.
    """
    if appointment.state not in HOLDING:
        return ()
    found = list(_place_claims(park, keys, appointment, allowances))
    if appointment.offer is not None:
        found += _place_claims(park, keys, at_offer(appointment, appointment.offer), allowances)
    found += _open_claims(park, keys, appointment)
    if appointment.state in INSIDE:
        take = Take(keys.inside(), appointment.plate, 1, 1)
        found.append(Claim(take, TruckBusy, f"truck {appointment.plate}, which is in the park"))
    return tuple({(claim.take.key, claim.take.field): claim for claim in found}.values())


def _open_claims(park: Park, keys: Keys, appointment: Appointment) -> Iterator[Claim]:
    """Yield what keeps one truck or company from hoarding the appointments of a day; a plan hoards nothing."""
    plate, carrier, day, rules = appointment.plate, appointment.carrier, appointment.day, park.rules
    bounds = [(keys.truck_days(day), plate, rules.truck_day_limit)]
    if appointment.state is AppointmentState.REQUESTED:
        held = keys.holds(day)
        bounds += [(held, plate, rules.truck_hold_limit), (held, carrier, rules.carrier_hold_limit)]
    for key, field, limit in bounds:
        take = Take(key, field, 1, UNLIMITED if appointment.source is Source.PLAN else limit)
        yield Claim(take, TooManyOpen, f"{field} {day.isoformat()}")


def find_too_many_open(keys: Keys, full: CounterFull, day: date) -> TooManyOpen | None:
    """Return the refusal when a commit was refused for hoarding on the day, where no other start of it would do."""
    is_hoarding = full.take.key in (keys.truck_days(day), keys.holds(day))
    return TooManyOpen(f"{full.take.field} {day.isoformat()}") if is_hoarding else None


def is_held(appointment: Appointment) -> bool:
    """Answer whether the appointment holds its slot."""
    return appointment.state in HOLDING


def at_offer(appointment: Appointment, offer: MoveOffer) -> Appointment:
    """Return the appointment at the place it is offered."""
    stops = offer.stops or appointment.stops
    place = {"day": offer.day, "slot": offer.slot, "gate": offer.gate, "pool": offer.pool}
    return replace(appointment, **place, stops=stops, offer=None)  # type: ignore[arg-type]


def _place_claims(park: Park, keys: Keys, appointment: Appointment, allowances: Allowances) -> Iterator[Claim]:
    yield from _dock_claims(park, keys, appointment, allowances)
    yield _gate_claim(park, keys, appointment)
    yield from _quota_claims(park, keys, appointment, allowances)
    yield from _truck_claims(park, keys, appointment)
    yield from _visit_claim(park, keys, appointment)


def _dock_claims(park: Park, keys: Keys, appointment: Appointment, allowances: Allowances) -> Iterator[Claim]:
    for place in dock_times(appointment):
        group, key = place.dock_group, keys.dock(place.dock_group, appointment.day)
        docks, what = _docks_of(park, place.warehouse, place.dock_kind, group), f"dock group {group}"
        for slot in range(place.slot, place.slot + place.slots):
            limit = allowances.docks(group, docks[slot], park.hour_of(slot)) if slot < len(docks) else 0
            yield Claim(Take(key, slot_field(slot), 1, limit), DocksFull, what, slot)


def _docks_of(park: Park, warehouse_id: str, kind: DockKind, dock_group: str) -> tuple[int, ...]:
    """Return the docks that work in each slot; of none where the park has no such group (any more)."""
    warehouse = park.warehouse_by_id.get(warehouse_id)
    group = warehouse.find_dock_group(kind) if warehouse is not None else None
    if warehouse is None or group is None or group.id != dock_group:
        return ()
    return park.docks_of(warehouse, group)


def _gate_claim(park: Park, keys: Keys, appointment: Appointment) -> Claim:
    gate = park.gate_by_id.get(appointment.gate)
    limit = park.entries_at(gate, appointment.slot) if gate is not None else 0
    take = Take(keys.gate(appointment.gate, appointment.day), slot_field(appointment.slot), 1, limit)
    return Claim(take, GateFull, f"gate {appointment.gate}", appointment.slot)


def _quota_claims(park: Park, keys: Keys, appointment: Appointment, allowances: Allowances) -> Iterator[Claim]:
    """Yield what the start takes of the carrier's quotas and of a pool; a plan is for all, and no pool bounds it."""
    day, slot = appointment.day, appointment.slot
    peak_entries = allowances.find_peak_entries(appointment.carrier, day)
    for quota in quotas_of(park, keys, appointment.carrier, day, peak_entries):
        if quota.counts(slot):
            take = Take(quota.key, quota.field_of(slot), 1, quota.limits[slot])
            yield Claim(take, quota.full, quota.resource, slot if quota.field is None else None)
    if appointment.pool is not None:
        pool = pool_of(park, keys, appointment.pool, day, appointment.changed_at or appointment.made_at)
        limit = UNLIMITED if appointment.source is Source.PLAN else pool.limits[slot]
        yield Claim(Take(pool.key, slot_field(slot), 1, limit), pool.full, pool.resource, slot)


def _truck_claims(park: Park, keys: Keys, appointment: Appointment) -> Iterator[Claim]:
    what = f"truck {appointment.plate}"
    for key, field, slot in truck_slots(park.grid, keys, appointment, park.rules.turn_slots):
        yield Claim(Take(key, field, 1, 1), TruckBusy, what, slot)


def truck_slots(grid: SlotGrid, keys: Keys, appointment: Appointment, turn: int) -> Iterator[tuple[str, str, int]]:
    """Yield key, field and slot of the day from its first slot until `turn` slots after its last, on the way out.

    What passes midnight is counted on the next day.
    """
    horizon = grid.horizon
    names = [keys.truck(appointment.plate, appointment.day)]
    for slot in range(appointment.slot, end_slot(appointment) + turn):
        days, rest = divmod(slot, horizon)
        if days == len(names):
            names.append(keys.truck(appointment.plate, appointment.day + timedelta(days=days)))
        yield names[days], slot_field(rest), rest


def _visit_claim(park: Park, keys: Keys, appointment: Appointment) -> Iterator[Claim]:
    if appointment.visit is not None:
        take = Take(keys.placed(visit_day(park.grid, appointment)), appointment.visit, 1, 1)
        yield Claim(take, AlreadyThere, f"appointment of visit {appointment.visit}")


def _waiting(park: Park, keys: Keys, appointment: Appointment) -> Moves:
    """Return where the appointment's visit stands as open, if it does: one that was missed is not wished for again."""
    return _open_visit(park, keys, appointment) if appointment.state in REOPENING else ()


def _open_visit(park: Park, keys: Keys, appointment: Appointment) -> Moves:
    if appointment.visit is None:
        return ()
    return ((keys.open_visits(visit_day(park.grid, appointment)), appointment.visit),)


def _moved(before: Moves, now: Moves) -> tuple[Moves, Moves]:
    """Return what is joined and what is left."""
    return tuple(each for each in now if each not in before), tuple(each for each in before if each not in now)


def _indexes(park: Park, keys: Keys, appointment: Appointment) -> Moves:
    member = _member(appointment)
    found = [
        (keys.appointments(), member),
        (keys.appointments_of_truck(appointment.plate), member),
        (keys.appointments_of_carrier(appointment.carrier), member),
    ]
    warehouses = dict.fromkeys(place.warehouse for place in dock_times(appointment))
    found += [(keys.appointments_of_warehouse(warehouse), member) for warehouse in warehouses]
    if appointment.due_at is not None:
        found.append((keys.due(), time_member(appointment.due_at, appointment.id)))
    if appointment.arrived_at is not None:
        found.append((keys.arrivals(appointment.gate), time_member(appointment.arrived_at, appointment.id)))
    days = waits_on(park, appointment)
    if days:
        in_line = line_member(rank_of(park, appointment.carrier), appointment.made_at, appointment.id)
        found += [(keys.waitlist(day), in_line) for day in days]
    return tuple(found)


def _member(appointment: Appointment) -> str:
    return slot_member(appointment.day, appointment.slot, appointment.id)
