"""Appointments as changes of the store: what one takes, where it is found, what it tells; and the way back.

Pure functions, used by whoever makes or cancels appointments: a request answered at once, or a published plan. What is
taken is decided by the commit alone. A visit is planned on the day of its wish, so `Appointment.day` is that day.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from dispatch.model.grid import SlotGrid
from dispatch.model.park import Park
from dispatch.model.promises import APPOINTMENT_LIFE, Appointment, AppointmentState
from dispatch.model.refusals import (
    AlreadyThere,
    DocksFull,
    GateFull,
    NotAllowedNow,
    OutsideHours,
    QuotaFull,
    Refusal,
    TruckBusy,
)
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull, Event, Expect, Take, Write
from dispatch.store.keys import Keys, slot_field, slot_member

UNLIMITED = 10**9  # entries of a carrier without a quota are counted all the same


@dataclass(frozen=True, slots=True)
class Claim:
    """One counter an appointment takes, and how its being full is told."""

    take: Take
    full: type[Refusal]
    resource: str


def confirm(park: Park, keys: Keys, appointment: Appointment, *, plan: str | None = None) -> Commit:
    """Return the change that makes the appointment, all of it or none; it must not exist yet.

    CounterFull on this commit becomes a refusal by `refusal_for`.
    """
    indexes = _indexes(keys, appointment)
    if plan is not None:
        indexes += ((keys.appointments_of_plan(plan), _member(appointment)),)
    visit = appointment.visit
    left = ((keys.open_visits(appointment.day), visit),) if visit is not None else ()
    document = codec.dump(appointment)
    return Commit(
        expects=(Expect(keys.appointment(appointment.id), 0),),
        takes=tuple(claim.take for claim in claims(park, keys, appointment)),
        writes=(Write(keys.appointment(appointment.id), document, add_to=indexes, remove_from=left),),
        events=(Event("AppointmentConfirmed", document),),
    )


def cancel(park: Park, keys: Keys, appointment: Appointment, version: int) -> Commit:
    """Return the change that cancels the appointment, gives back what it took and opens its visit again.

    Raises NotAllowedNow when its state does not allow it. The appointment stays in its indexes, cancelled.
    """
    state = APPOINTMENT_LIFE.get((appointment.state, "cancel"))
    if state is None:
        raise NotAllowedNow(f"appointment {appointment.id} is {appointment.state}")
    visit = appointment.visit
    opened = ((keys.open_visits(appointment.day), visit),) if visit is not None else ()
    document = codec.dump(replace(appointment, state=state))
    return Commit(
        expects=(Expect(keys.appointment(appointment.id), version),),
        takes=tuple(replace(claim.take, amount=-claim.take.amount) for claim in claims(park, keys, appointment)),
        writes=(Write(keys.appointment(appointment.id), document, add_to=opened),),
        events=(Event("AppointmentCancelled", document),),
    )


def refusal_for(park: Park, keys: Keys, appointment: Appointment, full: CounterFull) -> Refusal:
    """Return the refusal that names the counter on which `confirm` was refused."""
    claim = next(claim for claim in claims(park, keys, appointment) if claim.take == full.take)
    kind = OutsideHours if claim.take.limit == 0 and claim.full in (DocksFull, GateFull) else claim.full
    return kind(claim.resource)


def claims(park: Park, keys: Keys, appointment: Appointment) -> tuple[Claim, ...]:
    """Return every counter the appointment takes: docks, gate, carrier, truck, and its visit's only appointment."""
    return (
        *_dock_claims(park, keys, appointment),
        _gate_claim(park, keys, appointment),
        _carrier_claim(park, keys, appointment),
        *_truck_claims(park, keys, appointment),
        *_visit_claim(keys, appointment),
    )


def is_confirmed(appointment: Appointment) -> bool:
    """Answer whether the appointment holds its slot."""
    return appointment.state is AppointmentState.CONFIRMED


def _dock_claims(park: Park, keys: Keys, appointment: Appointment) -> Iterator[Claim]:
    key = keys.dock(appointment.dock_group, appointment.day)
    for slot in range(appointment.slot, appointment.slot + appointment.slots):
        take = Take(key, slot_field(slot), 1, _docks_at(park, appointment, slot))
        yield Claim(take, DocksFull, f"dock group {appointment.dock_group} {park.slot_text(slot)}")


def _docks_at(park: Park, appointment: Appointment, slot: int) -> int:
    """Return the docks that work; 0 where the park has no such group (any more): then nothing can be taken."""
    warehouse = park.warehouse_by_id.get(appointment.warehouse)
    group = warehouse.find_dock_group(appointment.dock_kind) if warehouse is not None else None
    if warehouse is None or group is None or group.id != appointment.dock_group:
        return 0
    return park.docks_at(warehouse, group, slot)


def _gate_claim(park: Park, keys: Keys, appointment: Appointment) -> Claim:
    gate = park.gate_by_id.get(appointment.gate)
    limit = park.entries_at(gate, appointment.slot) if gate is not None else 0
    take = Take(keys.gate(appointment.gate, appointment.day), slot_field(appointment.slot), 1, limit)
    return Claim(take, GateFull, f"gate {appointment.gate} {park.slot_text(appointment.slot)}")


def _carrier_claim(park: Park, keys: Keys, appointment: Appointment) -> Claim:
    carrier = park.enterprise_by_id.get(appointment.carrier)
    limit = carrier.quota if carrier is not None and carrier.quota is not None else UNLIMITED
    take = Take(keys.carrier(appointment.carrier, appointment.day), slot_field(appointment.slot), 1, limit)
    return Claim(take, QuotaFull, f"carrier {appointment.carrier} {park.slot_text(appointment.slot)}")


def _truck_claims(park: Park, keys: Keys, appointment: Appointment) -> Iterator[Claim]:
    for key, field, slot in truck_slots(park.grid, keys, appointment, park.rules.turn_slots):
        yield Claim(Take(key, field, 1, 1), TruckBusy, f"truck {appointment.plate} {park.slot_text(slot)}")


def truck_slots(grid: SlotGrid, keys: Keys, appointment: Appointment, turn: int) -> Iterator[tuple[str, str, int]]:
    """Yield key, field and slot of the day for [slot, slot + slots + turn): on the dock and on the way out.

    What passes midnight is counted on the next day.
    """
    for slot in range(appointment.slot, appointment.slot + appointment.slots + turn):
        days, rest = divmod(slot, grid.horizon)
        yield keys.truck(appointment.plate, appointment.day + timedelta(days=days)), slot_field(rest), rest


def _visit_claim(keys: Keys, appointment: Appointment) -> Iterator[Claim]:
    if appointment.visit is not None:
        take = Take(keys.placed(appointment.day), appointment.visit, 1, 1)
        yield Claim(take, AlreadyThere, f"appointment of visit {appointment.visit}")


def _indexes(keys: Keys, appointment: Appointment) -> tuple[tuple[str, str], ...]:
    member = _member(appointment)
    return (
        (keys.appointments(), member),
        (keys.appointments_of_truck(appointment.plate), member),
        (keys.appointments_of_warehouse(appointment.warehouse), member),
        (keys.appointments_of_carrier(appointment.carrier), member),
    )


def _member(appointment: Appointment) -> str:
    return slot_member(appointment.day, appointment.slot, appointment.id)
