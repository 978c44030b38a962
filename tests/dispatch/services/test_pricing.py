import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from dispatch.model.park import HouseRules
from dispatch.model.promises import Appointment, AppointmentState, Source
from dispatch.services import booking
from dispatch.services.appointments import AppointmentDraft, request_appointment
from dispatch.services.desk import Desk
from dispatch.services.price_board import STALE_AFTER, DayPrices, PriceBoard
from dispatch.services.pricing import PriceKeeper
from dispatch.store.store import Store
from solver.slots.online import BidPrices
from tests.api.tiny import DAY, NOW, ZONE, plate, tiny_park

NINE = 36
SLOTS = 96
WISH = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)


def posted(made_at=NOW, **slots):
    """Return prices of a day: `gate={36: 5.0}` is a price of 5 for an entry at 09:00; docks of two groups likewise."""
    prices = BidPrices(np.zeros((2, SLOTS)), np.zeros(SLOTS), np.zeros((3, SLOTS)))
    for slot, price in slots.get("gate", {}).items():
        prices.gate[slot] = price
    for slot, price in slots.get("reefer", {}).items():
        prices.docks[1, slot] = price
    for slot, price in slots.get("c2", {}).items():
        prices.quota[1, slot] = price
    return DayPrices(prices, {"w1-container": 0, "w1-reefer": 1}, {"c1": 0, "c2": 1, "e1": 2}, made_at)


def test_the_board_shows_a_dock_group_and_a_carrier_their_own_prices():
    board = PriceBoard()
    board.post(DAY, posted(reefer={NINE: 7.0}, c2={NINE: 3.0}))

    found = board.find(DAY, "w1-reefer", "c2", NOW)

    assert found.docks.shape == found.quota.shape == (1, SLOTS)
    assert (found.docks[0, NINE], found.quota[0, NINE]) == (7.0, 3.0)
    assert not board.find(DAY, "w1-container", "c1", NOW).docks.any()


def test_prices_that_are_stale_or_of_another_day_are_none():
    board = PriceBoard()
    board.post(DAY, posted())

    assert board.find(DAY, "w1-reefer", "c1", NOW + STALE_AFTER) is not None
    assert board.find(DAY, "w1-reefer", "c1", NOW + STALE_AFTER + timedelta(seconds=1)) is None
    assert board.find(DAY + timedelta(days=1), "w1-reefer", "c1", NOW) is None
    assert board.find(DAY, "a-group-opened-since", "c1", NOW) is None


pytestmark = [pytest.mark.anyio]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(tiny_park(), store)


def draft(number=1, **changes):
    fields = {"plate": plate(number), "carrier": "c1", "warehouse": "w1", "cargo_kind": "frozen", "wish": WISH}
    return AppointmentDraft(**(fields | changes))


async def slot_given(desk, **changes):
    kept = await request_appointment(desk, draft(**changes), NOW, None)
    return kept.thing.slot


@pytest.mark.store
async def test_a_dear_wish_is_left_to_others_within_the_window(desk):
    desk.prices.post(DAY, posted(gate={NINE: 5.0}))

    assert await slot_given(desk) == NINE - 1


@pytest.mark.store
async def test_who_can_come_at_no_other_time_gets_the_dear_slot(desk):
    desk.prices.post(DAY, posted(gate={NINE: 1e6}))

    assert await slot_given(desk, earliest=WISH, latest=WISH) == NINE


@pytest.mark.store
async def test_stale_prices_do_not_steer(desk):
    desk.prices.post(DAY, posted(made_at=NOW - 2 * STALE_AFTER, gate={NINE: 5.0}))

    assert await slot_given(desk) == NINE


def an_earlier_appointment(number: int, **changes) -> Appointment:
    """Return what was given a week before the tiny day to somebody who could come at nine and at no other time."""
    day, wish = DAY - timedelta(days=7), WISH - timedelta(days=7)
    appointment = Appointment(
        id=f"earlier-{number}",
        state=AppointmentState.CONFIRMED,
        source=Source.REQUEST,
        plate=plate(number),
        carrier="c1",
        warehouse="w1",
        dock_group="w1-reefer",
        dock_kind="reefer",
        cargo_kind="frozen",
        gate="east",
        day=day,
        slot=NINE,
        slots=1,
        made_at=wish - timedelta(hours=3),
        wish=wish,
        earliest=wish,
        latest=wish,
    )
    return replace(appointment, **changes)


async def booked_a_week_ago(desk, count):
    roomy = tiny_park(docks=20, entry_lanes=4)
    for number in range(count):
        await desk.store.commit(booking.create(roomy, desk.keys, an_earlier_appointment(number)))


@pytest.mark.store
async def test_what_last_week_asked_for_steers_this_week(desk):
    await booked_a_week_ago(desk, 6)  # for two docks

    await PriceKeeper(desk, lambda: NOW).refresh()

    assert desk.prices.find(DAY, "w1-reefer", "c1", NOW).docks[0, NINE] > 1
    assert await slot_given(desk, number=77) != NINE


@pytest.mark.store
async def test_a_park_without_a_past_has_no_prices(desk):
    await PriceKeeper(desk, lambda: NOW).refresh()

    assert desk.prices.find(DAY, "w1-reefer", "c1", NOW) is None
    assert await slot_given(desk) == NINE


@pytest.mark.store
async def test_prices_follow_the_bookings(desk):
    await booked_a_week_ago(desk, 2)
    keeper = PriceKeeper(desk, lambda: NOW)
    await keeper.refresh()
    before = desk.prices.find(DAY, "w1-reefer", "c1", NOW).docks[0, NINE]
    assert await slot_given(desk, earliest=WISH, latest=WISH) == NINE

    await keeper.refresh()

    assert desk.prices.find(DAY, "w1-reefer", "c1", NOW).docks[0, NINE] > before


@pytest.mark.store
async def test_cancelled_appointments_are_not_expected_again(desk):
    await booked_a_week_ago(desk, 1)
    commit = booking.cancel(desk.park, desk.keys, an_earlier_appointment(0), 1, NOW)
    await desk.store.commit(commit)

    await PriceKeeper(desk, lambda: NOW).refresh()

    assert desk.prices.find(DAY, "w1-reefer", "c1", NOW) is None


@pytest.mark.store
async def test_the_keeper_outlives_a_store_that_is_away(tmp_path, store_url):
    async with Store(f"unix://{tmp_path}/nobody.sock", "tiny") as away:
        keeping = asyncio.create_task(PriceKeeper(Desk(tiny_park(), away), lambda: NOW, every=0.01).run())
        await asyncio.sleep(0.1)

        assert not keeping.done()

        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def test_steering_is_a_house_rule_that_is_on():
    assert HouseRules().steer_bookings
