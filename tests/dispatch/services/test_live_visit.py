"""A visit on its day: expected, late, let in, handled, gone; and what the sweep makes of those who do not come."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dispatch.model.promises import AppointmentState, Lane
from dispatch.model.refusals import DocksFull, NotAllowedNow, NotThere, TooEarly, TooLate, TruckBusy
from dispatch.services import appointments, estimates, gate
from dispatch.services.appointments import AppointmentDraft, StopDraft
from dispatch.services.desk import Desk, Misfit
from dispatch.services.gate import Arrival
from dispatch.services.moving import Changes, amend_appointment
from dispatch.services.sweeping import sweep
from tests.api.tiny import DAY, NOW, ZONE, plate, tiny_park
from tests.dispatch.services.books import assert_books_balance

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)


def nine(minutes):
    return NINE + timedelta(minutes=minutes)


@pytest.fixture
def desk(store):
    return Desk(replace(tiny_park(docks=1), id=store.keys.park_id), store)


def exactly(number, wish=NINE, cargo="frozen", **more):
    return AppointmentDraft(plate(number), "c1", "w1", cargo, wish, earliest=wish, latest=wish, **more)


async def book(desk, number, wish=NINE, **more):
    return (await appointments.request_appointment(desk, exactly(number, wish, **more), NOW, None)).thing.id


async def find(desk, appointment_id):
    return (await appointments.get_appointment(desk, appointment_id)).thing


async def names(desk):
    return [event.name for event in await desk.store.events()]


async def test_a_visit_is_told_moment_by_moment(desk):
    made = await book(desk, 1)

    await gate.note_arrival(desk, made, Arrival(nine(-10)))
    await gate.check_in(desk, made, Arrival(nine(-2), "east"))
    await gate.start_dock(desk, made, nine(5), "w1")
    await gate.finish_dock(desk, made, nine(20), "w1")
    kept = await gate.check_out(desk, await gate.find_inside(desk, plate(1), nine(26)), nine(26))

    visit = kept.thing
    assert (visit.state, visit.lane) == (AppointmentState.COMPLETED, Lane.BOOKED)
    moments = [visit.arrived_at, visit.checked_in_at, visit.dock_started_at, visit.dock_finished_at, visit.left_at]
    assert moments == [nine(-10), nine(-2), nine(5), nine(20), nine(26)]
    told = ["AppointmentConfirmed", "TruckArrived", "TruckCheckedIn", "DockStarted", "DockFinished", "TruckCheckedOut"]
    assert await names(desk) == told
    await assert_books_balance(desk)


@pytest.mark.parametrize(
    ("minutes", "lane"),
    [(-30, Lane.BOOKED), (30, Lane.BOOKED), (31, Lane.LATE), (59, Lane.LATE)],
)
async def test_within_the_tolerance_as_booked_beyond_it_behind_the_others(desk, minutes, lane):
    made = await book(desk, 1)

    assert (await gate.check_in(desk, made, Arrival(nine(minutes)))).thing.lane is lane


async def test_too_early_is_told_when_to_come_and_too_late_what_would_be_open(desk):
    made = await book(desk, 1)

    with pytest.raises(TooEarly, match="from 2026-11-25T08:30"):
        await gate.check_in(desk, made, Arrival(nine(-31)))
    with pytest.raises(TooLate) as refused:
        await gate.check_in(desk, made, Arrival(nine(60)))

    assert refused.value.alternatives
    assert (await find(desk, made)).state is AppointmentState.CONFIRMED


async def test_what_counts_is_when_the_truck_joined_the_queue(desk):
    made = await book(desk, 1)

    kept = await gate.check_in(desk, made, Arrival(nine(55), arrived_at=nine(20)))

    assert kept.thing.lane is Lane.BOOKED


async def test_a_truck_that_came_too_early_is_let_in_when_its_time_has_come(desk):
    made = await book(desk, 1)
    await gate.note_arrival(desk, made, Arrival(nine(-50)))

    with pytest.raises(TooEarly):
        await gate.check_in(desk, made, Arrival(nine(-31)))
    kept = await gate.check_in(desk, made, Arrival(nine(-30)))

    assert (kept.thing.lane, kept.thing.arrived_at) == (Lane.BOOKED, nine(-50))


async def test_a_driver_checks_in_himself_only_in_his_window(desk):
    made = await book(desk, 1)

    with pytest.raises(TooEarly):
        await gate.check_in_self(desk, made, nine(-31))
    with pytest.raises(TooLate):
        await gate.check_in_self(desk, made, nine(31))

    assert (await gate.check_in_self(desk, made, nine(30))).thing.state is AppointmentState.CHECKED_IN


async def test_the_gate_finds_a_truck_by_its_plate_the_nearest_appointment_first(desk):
    first, second = await book(desk, 1), await book(desk, 1, nine(180))

    assert await gate.find_expected(desk, plate(1), Arrival(nine(-5))) == first
    assert await gate.find_expected(desk, plate(1), Arrival(nine(170), "east")) == second
    with pytest.raises(NotThere):
        await gate.find_expected(desk, plate(2), Arrival(nine(0)))
    with pytest.raises(NotThere):
        await gate.find_expected(desk, plate(1), Arrival(nine(0), "west"))
    with pytest.raises(NotThere):
        await gate.check_in(desk, first, Arrival(nine(0), "west"))


async def test_a_truck_is_in_the_park_once(desk):
    first, second = await book(desk, 1), await book(desk, 1, nine(45))
    await gate.check_in(desk, first, Arrival(nine(0)))

    with pytest.raises(TruckBusy, match="in the park"):
        await gate.check_in(desk, second, Arrival(nine(30)))
    await gate.check_out(desk, first, nine(35))

    assert (await gate.check_in(desk, second, Arrival(nine(36)))).thing.state is AppointmentState.CHECKED_IN
    with pytest.raises(NotAllowedNow, match="has left"):
        await gate.check_out(desk, first, nine(40))
    await assert_books_balance(desk)


async def test_a_walk_in_takes_what_is_free_now_or_next_and_is_else_refused_with_alternatives(desk):
    await book(desk, 1)

    second = await gate.walk_in(desk, exactly(2), Arrival(nine(3), "west"), None)
    with pytest.raises(DocksFull) as refused:
        await gate.walk_in(desk, exactly(3), Arrival(nine(4)), None)

    visit = second.thing
    assert (visit.state, visit.lane, visit.slot) == (AppointmentState.CHECKED_IN, Lane.WALK_IN, 37)
    assert visit.gate == "west"
    assert refused.value.alternatives[0].slot >= 38
    with pytest.raises(Misfit, match="gate"):
        await gate.walk_in(desk, exactly(3), Arrival(nine(4), "north"), None)
    await assert_books_balance(desk)


async def test_a_chained_visit_goes_from_dock_to_dock_in_order(desk):
    made = await book(desk, 1, stops=(StopDraft("w1", "import"),))
    await gate.check_in(desk, made, Arrival(nine(0)))

    with pytest.raises(NotAllowedNow, match="another warehouse"):
        await gate.start_dock(desk, made, nine(1), "w2")
    await gate.start_dock(desk, made, nine(1))
    between = await gate.finish_dock(desk, made, nine(14))
    await gate.start_dock(desk, made, nine(16))
    done = await gate.finish_dock(desk, made, nine(40))

    assert between.thing.state is AppointmentState.CHECKED_IN
    assert done.thing.state is AppointmentState.COMPLETED
    assert (done.thing.stops[0].dock_started_at, done.thing.stops[0].dock_finished_at) == (nine(16), nine(40))
    with pytest.raises(NotAllowedNow):
        await gate.start_dock(desk, made, nine(41))
    await assert_books_balance(desk)


async def test_the_sweep_releases_holds_that_were_not_confirmed_and_no_shows(desk):
    held, missed = await book(desk, 1, hold=True), await book(desk, 2, nine(30))

    early = await sweep(desk, NOW + timedelta(minutes=9))
    first = await sweep(desk, NOW + timedelta(minutes=10))
    before = await sweep(desk, nine(89))
    second = await sweep(desk, nine(90))
    again = await sweep(desk, nine(300))

    assert (early, first, before, second, again) == ({}, {"expire": 1}, {}, {"miss": 1}, {})
    assert (await find(desk, held)).state is AppointmentState.EXPIRED
    assert (await find(desk, missed)).state is AppointmentState.NO_SHOW
    assert await desk.store.taken([desk.keys.dock("w1-reefer", DAY)]) == [{}]
    assert (await names(desk))[2:] == ["AppointmentExpired", "AppointmentMissed"]
    await assert_books_balance(desk)


async def test_a_truck_kept_by_a_queue_at_the_gate_is_never_a_no_show(desk):
    waiting, late = await book(desk, 1), await book(desk, 2, nine(15))
    await gate.check_in(desk, waiting, Arrival(nine(40), arrived_at=nine(0)))  # stood there for 40 minutes

    first = await sweep(desk, nine(75))
    excused = await find(desk, late)
    second = await sweep(desk, nine(114))
    third = await sweep(desk, nine(115))

    assert (first, second, third) == ({"excuse": 1}, {}, {"expire": 1})
    assert (excused.excused_minutes, excused.reason) == (40, "gate east: 40 minutes of queue until 09:40")
    ended = await find(desk, late)
    assert ended.state is AppointmentState.EXPIRED
    assert "the park's own delay" in ended.reason


async def test_a_truck_kept_by_a_queue_at_the_docks_comes_in_as_booked(desk):
    waiting, late = await book(desk, 1), await book(desk, 2, nine(15))
    await gate.check_in(desk, waiting, Arrival(nine(0)))
    await gate.start_dock(desk, waiting, nine(50))  # was there at 09:05

    kept = await gate.check_in(desk, late, Arrival(nine(80)))

    assert (kept.thing.lane, kept.thing.excused_minutes) == (Lane.BOOKED, 45)


async def test_a_truck_that_still_waits_for_a_dock_excuses_others_where_docks_tell_when_they_begin(desk):
    waiting, late = await book(desk, 3), await book(desk, 2, nine(15))
    told, missed = await book(desk, 1, nine(-15)), await book(desk, 4, nine(-60))
    await gate.check_in(desk, waiting, Arrival(nine(0)))

    untold = await sweep(desk, nine(0))  # 08:00 is due, and no dock has told anything yet
    await gate.check_in(desk, told, Arrival(nine(1)))
    await gate.start_dock(desk, told, nine(6))

    assert untold == {"miss": 1}
    assert (await find(desk, missed)).state is AppointmentState.NO_SHOW
    assert await sweep(desk, nine(75)) == {"excuse": 1}
    assert (await find(desk, late)).excused_minutes == 70


async def test_the_queue_of_another_gate_or_a_short_one_excuses_nobody(desk):
    other, short, late = await book(desk, 1), await book(desk, 3, nine(15)), await book(desk, 2, nine(30))
    await gate.check_in(desk, short, Arrival(nine(24), arrived_at=nine(10)))
    await gate.check_in(desk, other, Arrival(nine(5)))
    elsewhere = await gate.walk_in(desk, exactly(9, cargo="import"), Arrival(nine(50), "west", nine(0)), None)

    assert elsewhere.thing.gate == "west"
    assert await sweep(desk, nine(90)) == {"miss": 1}
    assert (await find(desk, late)).state is AppointmentState.NO_SHOW


async def test_a_truck_that_stands_before_the_gate_is_no_no_show(desk):
    made = await book(desk, 1)
    await gate.note_arrival(desk, made, Arrival(nine(10)))

    assert await sweep(desk, nine(60)) == {"excuse": 1}
    assert await sweep(desk, nine(80)) == {"excuse": 1}
    kept = await gate.check_in(desk, made, Arrival(nine(85)))

    assert (kept.thing.lane, kept.thing.arrived_at) == (Lane.BOOKED, nine(10))
    with pytest.raises(NotAllowedNow):
        await gate.note_arrival(desk, made, Arrival(nine(90)))


async def test_a_truck_that_came_and_went_again_is_released_in_the_end(desk):
    made = await book(desk, 1)
    await gate.note_arrival(desk, made, Arrival(nine(10)))

    steps = [await sweep(desk, nine(minutes)) for minutes in range(60, 300, 10)]

    assert {"miss": 1} not in steps
    assert steps.index({"expire": 1}) == 20  # when it is looked at next after 09:10 and four hours
    assert (await find(desk, made)).state is AppointmentState.EXPIRED


async def test_a_truck_fifty_minutes_late_is_offered_a_slot_it_can_meet_and_takes_it(desk):
    made = await book(desk, 1)

    told = await estimates.report_eta(desk, made, nine(50), nine(-20), None)
    held = await desk.store.taken([desk.keys.dock("w1-reefer", DAY)])
    kept = await estimates.accept_offer(desk, made, nine(-15), None)

    assert (told.thing.state, told.thing.slot, told.thing.offer.slot) == (AppointmentState.CONFIRMED, 36, 40)
    assert held == [{"36": 1, "40": 1}]
    assert (kept.thing.slot, kept.thing.offer, kept.thing.moved.slot) == (40, None, 36)
    assert kept.thing.moved.reason == "expected 50 minutes late"
    assert await desk.store.taken([desk.keys.dock("w1-reefer", DAY)]) == [{"40": 1}]
    assert (await names(desk))[1:] == ["MoveOffered", "AppointmentMoved"]
    await assert_books_balance(desk)


async def test_an_offer_refused_or_not_answered_leaves_the_old_slot(desk):
    made = await book(desk, 1)
    await estimates.report_eta(desk, made, nine(50), nine(-20), None)

    await estimates.refuse_offer(desk, made, nine(-19), None)
    again = await estimates.report_eta(desk, made, nine(50), nine(40), None)
    with pytest.raises(NotAllowedNow, match="expired"):
        await estimates.accept_offer(desk, made, nine(50), None)
    lapsed = await sweep(desk, nine(50))
    missed = await sweep(desk, nine(60))

    assert again.thing.offer is not None
    assert (lapsed, missed) == ({"lapse_move": 1}, {"miss": 1})
    with pytest.raises(NotAllowedNow):
        await estimates.accept_offer(desk, made, nine(61), None)
    await assert_books_balance(desk)


async def test_a_truck_is_no_no_show_while_a_place_is_held_for_it(desk):
    made = await book(desk, 1)
    await estimates.report_eta(desk, made, nine(100), nine(55), None)

    assert await sweep(desk, nine(62)) == {}
    assert (await estimates.accept_offer(desk, made, nine(64), None)).thing.slot == 43


async def test_one_that_comes_in_time_is_only_noted_and_one_that_finds_nothing_is_told_why(desk):
    made = await book(desk, 1)
    for number in range(9):
        await book(desk, 10 + number, nine(15 * (4 + number)))

    soon = await estimates.report_eta(desk, made, nine(30), nine(-20), None)
    late = await estimates.report_eta(desk, made, nine(60), nine(-20), None)

    assert (soon.thing.offer, soon.thing.eta) == (None, nine(30))
    assert late.thing.offer is None
    assert late.thing.reason == "no slot it can meet: dock group w1-reefer 10:00"
    with pytest.raises(Misfit, match="eta"):
        await estimates.report_eta(desk, made, nine(-30), nine(-20), None)


async def test_a_move_or_another_plate_keeps_no_stale_offer_or_takes_it_along(desk):
    made = await book(desk, 1)
    await estimates.report_eta(desk, made, nine(50), nine(-60), None)

    other = await amend_appointment(desk, made, Changes(plate=plate(5)), nine(-50), None)
    assert other.thing.offer is not None
    await assert_books_balance(desk)
    wish = nine(120)
    moved = await amend_appointment(desk, made, Changes(wish=wish, earliest=wish, latest=wish), nine(-49), None)

    assert (moved.thing.offer, moved.thing.slot) == (None, 44)
    await assert_books_balance(desk)


async def through(desk, made, begun, done):
    await gate.check_in(desk, made, Arrival(nine(begun)))
    await gate.start_dock(desk, made, nine(begun))
    return (await gate.finish_dock(desk, made, nine(done))).thing


@pytest.mark.parametrize(("done", "used"), [(-10, 0), (14, 1), (15, 1), (16, 2), (60, 4), (75, 4)])
async def test_who_is_done_early_gives_the_slots_back_that_have_not_begun(desk, done, used):
    made = await book(desk, 1, minutes=60)

    visit = await through(desk, made, min(0, done), done)

    assert (visit.state, visit.slots, visit.freed_slots) == (AppointmentState.COMPLETED, used, 4 - used)
    if used < 4:
        free_from = nine(15 * max(used, 0))
        soon = (await appointments.request_appointment(desk, exactly(2, free_from), nine(-20), None)).thing
        assert soon.slot == 36 + used
    await assert_books_balance(desk)


async def test_what_is_given_back_early_is_offered_to_the_line_in_the_same_commit(desk):
    made = await book(desk, 1, minutes=90)
    waits = await appointments.request_appointment(desk, exactly(2, nine(60), waitlist=True), NOW, None)

    visit = await through(desk, made, 0, 20)

    offered = await find(desk, waits.thing.id)
    assert (visit.freed_slots, offered.state, offered.slot) == (4, AppointmentState.REQUESTED, 40)
    assert (await names(desk))[-2:] == ["DockFinished", "AppointmentOffered"]
    await assert_books_balance(desk)


async def test_a_stop_of_a_chain_and_a_truck_that_leaves_early_give_their_docks_back_too(desk):
    chain = await book(desk, 1, minutes=60, stops=(StopDraft("w1", "import", minutes=60),))

    await through(desk, chain, 0, 10)
    gone = (await gate.check_out(desk, chain, nine(30))).thing

    assert [(place.slots, place.freed_slots) for place in (gone, *gone.stops)] == [(1, 3), (0, 4)]
    await assert_books_balance(desk)


async def test_a_house_that_keeps_unused_docks_gives_nothing_back(store):
    park = replace(tiny_park(docks=1), id=store.keys.park_id)
    desk = Desk(replace(park, rules=replace(park.rules, release_unused_docks=False)), store)
    made = await book(desk, 1, minutes=60)

    visit = await through(desk, made, 0, 10)

    assert (visit.slots, visit.freed_slots) == (4, 0)
    with pytest.raises(DocksFull):
        await book(desk, 2, nine(30))
