"""Appointments changed in one step: the new places are taken and the old ones given back, or nothing is changed."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dispatch.model.promises import AppointmentState, Purpose
from dispatch.model.refusals import Changed, DocksFull, NotAllowedNow, TruckBusy
from dispatch.services import appointments
from dispatch.services.appointments import AppointmentDraft, AppointmentFilter, StopDraft
from dispatch.services.desk import Desk, Misfit, PageAsked
from dispatch.services.moving import Changes, Spot, amend_appointment, move_appointment
from dispatch.store.keys import slot_member
from tests.api.tiny import DAY, NOW, ZONE, plate, tiny_park
from tests.dispatch.services.books import assert_books_balance

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)
TEN = NINE + timedelta(hours=1)


@pytest.fixture
def desk(store):
    return Desk(replace(tiny_park(docks=1), id=store.keys.park_id), store)


def exactly(number, wish=NINE, cargo="frozen", **more):
    return AppointmentDraft(plate(number), "c1", "w1", cargo, wish, earliest=wish, latest=wish, **more)


async def book(desk, number, wish=NINE, **more):
    return (await appointments.request_appointment(desk, exactly(number, wish, **more), NOW, None)).thing


async def test_a_move_keeps_the_id_takes_the_new_slot_and_frees_the_old(desk):
    made = await book(desk, 1)

    kept = await amend_appointment(desk, made.id, Changes(wish=TEN, earliest=TEN, latest=TEN), NOW, None)

    assert (kept.thing.id, kept.thing.slot, kept.version, kept.thing.moves) == (made.id, 40, 2, 1)
    assert (kept.thing.moved.slot, kept.thing.moved.reason) == (36, "asked for")
    assert (await book(desk, 2)).slot == 36
    members = await desk.store.members(desk.keys.appointments_of_truck(plate(1)))
    assert members == [slot_member(DAY, 40, made.id)]
    assert [event.name for event in await desk.store.events()][1] == "AppointmentMoved"
    await assert_books_balance(desk)


async def test_a_move_by_less_than_its_length_is_not_in_its_own_way(desk):
    made = await book(desk, 1, cargo="import")  # two slots, and the turn

    later = NINE + timedelta(minutes=15)
    kept = await amend_appointment(desk, made.id, Changes(wish=later, earliest=later, latest=later), NOW, None)

    assert kept.thing.slot == 37
    await assert_books_balance(desk)


async def test_a_move_that_is_refused_keeps_the_old_slot_and_tells_what_would_be_open(desk):
    made = await book(desk, 1)
    await book(desk, 2, TEN)

    with pytest.raises(DocksFull) as refused:
        await amend_appointment(desk, made.id, Changes(wish=TEN, earliest=TEN, latest=TEN), NOW, None)

    kept = await appointments.get_appointment(desk, made.id)
    assert (kept.thing.slot, kept.version) == (36, 1)
    assert [each.slot for each in refused.value.alternatives] == [39, 41, 38]
    await assert_books_balance(desk)


async def test_another_plate_takes_the_time_of_the_other_truck(desk):
    made = await book(desk, 1)

    kept = await amend_appointment(desk, made.id, Changes(plate=plate(9)), NOW, None)

    assert kept.thing.plate == plate(9)
    trucks = await desk.store.taken([desk.keys.truck(plate(n), DAY) for n in (1, 9)])
    assert trucks == [{}, {"36": 1, "37": 1}]
    await assert_books_balance(desk)


async def test_a_plate_that_is_elsewhere_is_refused_and_the_old_one_stays(desk):
    made = await book(desk, 1)
    await book(desk, 2, NINE, cargo="import")

    with pytest.raises(TruckBusy) as refused:
        await amend_appointment(desk, made.id, Changes(plate=plate(2)), NOW, None)

    assert refused.value.alternatives
    assert (await appointments.get_appointment(desk, made.id)).thing.plate == plate(1)
    await assert_books_balance(desk)


async def test_other_cargo_goes_to_other_docks_for_another_time(desk):
    made = await book(desk, 1)

    changes = Changes(cargo_kind="import", purpose=Purpose.DUAL)
    kept = await amend_appointment(desk, made.id, changes, NOW, None)

    assert (kept.thing.dock_group, kept.thing.slots, kept.thing.slot) == ("w1-container", 4, 36)
    await assert_books_balance(desk)


async def test_the_slot_may_be_changed_until_the_deadline_and_the_plate_up_to_the_gate(desk):
    made = await book(desk, 1)
    late = NINE - timedelta(minutes=14)

    with pytest.raises(NotAllowedNow, match="until 2026-11-25T08:45"):
        await amend_appointment(desk, made.id, Changes(wish=TEN), late, None)
    kept = await amend_appointment(desk, made.id, Changes(plate=plate(7)), NINE + timedelta(minutes=5), None)

    assert kept.thing.plate == plate(7)


async def test_a_change_is_based_on_a_version(desk):
    made = await book(desk, 1)
    await amend_appointment(desk, made.id, Changes(plate=plate(9)), NOW, frozenset({1}))

    with pytest.raises(Changed):
        await amend_appointment(desk, made.id, Changes(wish=TEN), NOW, frozenset({1}))


async def test_a_cancelled_appointment_cannot_be_changed(desk):
    made = await book(desk, 1)
    await appointments.cancel_appointment(desk, made.id, NOW, None)

    with pytest.raises(NotAllowedNow, match="is cancelled"):
        await amend_appointment(desk, made.id, Changes(plate=plate(2)), NOW, None)


async def test_the_park_moves_an_appointment_to_a_very_place_and_says_why(desk):
    made = await book(desk, 1)

    kept = await move_appointment(desk, made.id, Spot(DAY, 50, "west"), NINE, reason="dock group closed")

    assert (kept.thing.slot, kept.thing.gate, kept.thing.moved.reason) == (50, "west", "dock group closed")
    await assert_books_balance(desk)


async def test_the_park_moves_nobody_to_where_it_is_full(desk):
    made = await book(desk, 1)
    await book(desk, 2, TEN)

    with pytest.raises(DocksFull):
        await move_appointment(desk, made.id, Spot(DAY, 40, "west"), NOW, reason="closed")

    assert (await appointments.get_appointment(desk, made.id)).thing.slot == 36


async def test_two_who_swap_slots_at_once_never_lose_both(desk):
    first, second = await book(desk, 1), await book(desk, 2, TEN)

    outcomes = await asyncio.gather(
        amend_appointment(desk, first.id, Changes(wish=TEN, earliest=TEN, latest=TEN), NOW, None),
        amend_appointment(desk, second.id, Changes(wish=NINE, earliest=NINE, latest=NINE), NOW, None),
        return_exceptions=True,
    )

    assert all(isinstance(each, DocksFull) for each in outcomes)
    await assert_books_balance(desk)


async def test_a_hold_is_confirmed_in_time_or_not_at_all(desk):
    held, other = await book(desk, 1, hold=True), await book(desk, 2, TEN, hold=True)

    kept = await appointments.confirm_appointment(desk, held.id, NOW + timedelta(minutes=9), None)
    with pytest.raises(NotAllowedNow, match="was held until"):
        await appointments.confirm_appointment(desk, other.id, NOW + timedelta(minutes=10), None)

    assert (held.state, kept.thing.state) == (AppointmentState.REQUESTED, AppointmentState.CONFIRMED)
    assert kept.thing.expires_at is None
    await assert_books_balance(desk)


async def test_a_dual_visit_takes_one_gate_entry_and_the_time_of_both(desk):
    made = await book(desk, 1, cargo="import", purpose=Purpose.DUAL)

    (gate,) = await desk.store.taken([desk.keys.gate("east", DAY)])

    assert (made.slots, gate) == (4, {"36": 1})


async def test_a_chained_visit_has_one_entry_and_its_docks_in_order(desk):
    chain = exactly(1, stops=(StopDraft("w1", "import"),))

    made = (await appointments.request_appointment(desk, chain, NOW, None)).thing

    assert [(stop.dock_group, stop.slot, stop.slots) for stop in made.stops] == [("w1-container", 37, 2)]
    gate, docks, truck = await desk.store.taken(
        [desk.keys.gate("east", DAY), desk.keys.dock("w1-container", DAY), desk.keys.truck(plate(1), DAY)]
    )
    assert (gate, docks) == ({"36": 1}, {"37": 1, "38": 1})
    assert sorted(truck) == ["36", "37", "38", "39"]
    await assert_books_balance(desk)


async def test_a_chained_visit_is_booked_whole_or_not_at_all(desk):
    for number in range(5):
        await book(desk, 10 + number, NINE + timedelta(minutes=30 * number - 15), cargo="import")
    chain = exactly(1, stops=(StopDraft("w1", "import"),))

    with pytest.raises(DocksFull) as refused:
        await appointments.request_appointment(desk, chain, NOW, None)

    assert refused.value.alternatives
    assert await desk.store.taken([desk.keys.truck(plate(1), DAY)]) == [{}]
    first = refused.value.alternatives[0]
    start = datetime.fromisoformat(first.starts_at)
    taken = await appointments.request_appointment(desk, exactly(1, start, stops=chain.stops), NOW, None)
    assert taken.thing.slot == first.slot


async def test_a_chained_visit_waits_for_a_dock_and_moves_as_a_whole(desk):
    await book(desk, 2, NINE + timedelta(minutes=15), cargo="import")
    chain = exactly(1, stops=(StopDraft("w1", "import"),))
    made = (await appointments.request_appointment(desk, chain, NOW, None)).thing

    kept = await amend_appointment(desk, made.id, Changes(wish=TEN, earliest=TEN, latest=TEN), NOW, None)

    assert [stop.slot for stop in made.stops] == [39]
    assert (kept.thing.slot, [stop.slot for stop in kept.thing.stops]) == (40, [41])
    await assert_books_balance(desk)


async def test_the_drive_between_two_warehouses_is_kept_free_and_the_visit_is_listed_at_both(store):
    park = tiny_park(docks=1)
    (first,) = park.warehouses
    groups = tuple(replace(group, id=group.id.replace("w1", "w2")) for group in first.dock_groups)
    there = replace(first.position, latitude=first.position.latitude + 0.09)  # 10 km: 13 by road, 20 minutes
    second = replace(first, id="w2", position=there, dock_groups=groups)
    desk = Desk(replace(park, id=store.keys.park_id, warehouses=(first, second)), store)

    made = (
        await appointments.request_appointment(desk, exactly(1, stops=(StopDraft("w2", "frozen"),)), NOW, None)
    ).thing

    assert [stop.slot for stop in made.stops] == [39]  # 09:15 at the door, there by 09:35, so 09:45
    truck, gates = await store.taken([desk.keys.truck(plate(1), DAY), desk.keys.gate("east", DAY)])
    assert (sorted(truck), gates) == (["36", "37", "38", "39", "40"], {"36": 1})
    for warehouse in ("w1", "w2"):
        which = AppointmentFilter(plate=plate(1), warehouse=warehouse)
        listed = await appointments.list_appointments(desk, which, PageAsked())
        assert [each.id for each in listed.things] == [made.id]
    with pytest.raises(TruckBusy):
        await book(desk, 1, NINE + timedelta(minutes=30))
    await assert_books_balance(desk)


async def test_appointments_are_listed_by_state(desk):
    made, other = await book(desk, 1), await book(desk, 2, TEN)
    await appointments.cancel_appointment(desk, made.id, NOW, None)

    for state, ids in (("cancelled", [made.id]), ("confirmed", [other.id]), ("no_show", [])):
        which = AppointmentFilter(day=DAY, state=AppointmentState(state))
        listed = await appointments.list_appointments(desk, which, PageAsked())
        assert [each.id for each in listed.things] == ids


async def test_a_stop_at_no_warehouse_is_named(desk):
    with pytest.raises(Misfit, match=r"stops\[0\]\.warehouse"):
        await appointments.request_appointment(desk, exactly(1, stops=(StopDraft("w9", "import"),)), NOW, None)
