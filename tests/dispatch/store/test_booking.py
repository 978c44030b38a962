"""Appointments in the store: what they take, what refuses them, and that a cancelled one leaves nothing behind."""

from dataclasses import replace

import pytest

from dispatch.model.life import after, timed
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, AppointmentState
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
from dispatch.services import booking
from dispatch.store import codec
from dispatch.store.commit import CounterFull
from dispatch.store.store import Store
from tests.dispatch.store.small_park import DAY, NOW, a_park, an_appointment, at, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def booked(store: Store, park: Park, appointment: Appointment) -> Refusal | None:
    try:
        await store.commit(booking.create(park, store.keys, appointment))
    except CounterFull as full:
        return booking.refusal_for(park, store.keys, appointment, full)
    return None


async def test_an_appointment_takes_docks_gate_carrier_and_truck(store: Store) -> None:
    park, keys = a_park(store.keys.park_id), store.keys
    appointment = an_appointment(visit="V1")

    assert await booked(store, park, appointment) is None

    names = [keys.dock("W1-box", DAY), keys.gate("east", DAY), keys.carrier("C1", DAY), keys.truck(plate(1), DAY)]
    docks, gate, carrier, truck, visits = await store.taken([*names, keys.placed(DAY)])
    assert docks == {"36": 1, "37": 1}
    assert gate == carrier == {"36": 1}
    assert truck == {"36": 1, "37": 1, "38": 1}
    assert visits == {"V1": 1}


async def test_an_appointment_is_found_by_slot_truck_warehouse_and_carrier(store: Store) -> None:
    keys, appointment = store.keys, an_appointment()
    await booked(store, a_park(keys.park_id), appointment)

    indexes = (
        keys.appointments(),
        keys.appointments_of_truck(plate(1)),
        keys.appointments_of_warehouse("W1"),
        keys.appointments_of_carrier("C1"),
    )
    assert [await store.members(index) for index in indexes] == [["2026-11-25#0036#A1"]] * 4
    found = await store.find(keys.appointment("A1"))
    assert found is not None
    assert codec.read(Appointment, found.document) == replace(appointment, due_at=at("10:00"))


@pytest.mark.parametrize(
    ("park_changes", "second", "kind", "resource"),
    [
        ({"docks": 1}, {"slot": 37, "plate": plate(2)}, DocksFull, "dock group W1-box 09:15"),
        ({"entries": 1}, {"warehouse": "W2", "dock_group": "W2-box", "plate": plate(2)}, GateFull, "gate east 09:00"),
        ({"quota": 1}, {"plate": plate(2)}, QuotaFull, "carrier C1 09:00"),
        ({}, {"slot": 38}, TruckBusy, f"truck {plate(1)} 09:30"),
        ({}, {"slot": 50, "plate": plate(2)}, AlreadyThere, "appointment of visit V1"),
        ({}, {"slot": 87, "plate": plate(2)}, OutsideHours, "dock group W1-box 22:00"),
        ({}, {"slot": 95, "plate": plate(2)}, OutsideHours, "dock group W1-box 23:45"),
    ],
)
async def test_a_refusal_names_the_full_resource(
    store: Store, park_changes: dict[str, int], second: dict[str, object], kind: type[Refusal], resource: str
) -> None:
    park = a_park(store.keys.park_id, **park_changes)
    await booked(store, park, an_appointment(visit="V1"))

    refusal = await booked(store, park, an_appointment("A2", visit="V1", **second))

    assert type(refusal) is kind
    assert refusal.resource == resource


async def test_a_truck_may_come_again_when_its_turn_is_over(store: Store) -> None:
    park = a_park(store.keys.park_id)
    await booked(store, park, an_appointment())

    assert await booked(store, park, an_appointment("A2", slot=39)) is None


async def test_a_turn_past_midnight_is_counted_on_the_next_day(store: Store) -> None:
    taken = list(booking.truck_slots(a_park("p").grid, store.keys, an_appointment(slot=94), 1))

    assert [(field, slot) for _, field, slot in taken] == [("94", 94), ("95", 95), ("0", 0)]
    assert "2026-11-26" in taken[2][0]


async def test_a_cancelled_appointment_gives_everything_back_and_opens_its_visit(store: Store) -> None:
    park, keys, appointment = a_park(store.keys.park_id, docks=1), store.keys, an_appointment(visit="V1")
    await booked(store, park, appointment)

    await store.commit(booking.cancel(park, keys, appointment, 1, NOW))

    takes = [claim.take.key for claim in booking.claims(park, keys, appointment)]
    assert await store.taken(takes) == [{}] * len(takes)
    assert await store.members(keys.open_visits(DAY)) == ["V1"]
    assert [event.name for event in await store.events()] == ["AppointmentConfirmed", "AppointmentCancelled"]
    assert await booked(store, park, an_appointment("A2", visit="V1")) is None
    assert await store.members(keys.open_visits(DAY)) == []


async def test_a_visit_that_was_missed_is_not_planned_again(store: Store) -> None:
    park, keys, appointment = a_park(store.keys.park_id), store.keys, an_appointment(visit="V1")
    await booked(store, park, appointment)

    old = timed(park, appointment)
    missed = after(park, old, "miss", at("10:00"))
    await store.commit(booking.change(park, keys, old, 1, missed, "miss"))

    assert await store.members(keys.open_visits(DAY)) == []
    assert await store.members(keys.due()) == []
    assert await store.taken([keys.placed(DAY)]) == [{}]


async def test_an_appointment_is_cancelled_only_once() -> None:
    cancelled = replace(an_appointment(), state=AppointmentState.CANCELLED)

    with pytest.raises(NotAllowedNow):
        booking.cancel(a_park("p"), Store("redis://nowhere", "p").keys, cancelled, 2, NOW)


async def test_all_keys_of_an_appointment_share_the_hash_tag_of_the_park(store: Store) -> None:
    park, tag = a_park(store.keys.park_id), f"{{{store.keys.park_id}}}:"

    commit = booking.create(park, store.keys, an_appointment(visit="V1"), plan="P1")

    names = [take.key for take in commit.takes] + [expect.key for expect in commit.expects]
    for write in commit.writes:
        names += [write.key, *(index for index, _ in (*write.add_to, *write.remove_from))]
    assert all(name.startswith(tag) for name in [*names, store.keys.stream()])
