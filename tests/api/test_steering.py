import asyncio
from datetime import datetime, timedelta

import pytest

from dispatch.model.park import HouseRules
from dispatch.model.promises import Appointment, AppointmentState, Source
from dispatch.services import booking
from tests.api.tiny import DAY, NOW, ZONE, asking, at, at_once, plate, tiny_park

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NINE = 36


async def book_last_week(store, visits):
    """Let so many have come a week before the tiny day who could come at nine and at no other time."""
    roomy = tiny_park(docks=20, entry_lanes=4)
    wish = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=ZONE) - timedelta(days=7)
    for number in range(visits):
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
            day=DAY - timedelta(days=7),
            slot=NINE,
            slots=1,
            made_at=wish - timedelta(hours=3),
            wish=wish,
            earliest=wish,
            latest=wish,
        )
        await store.commit(booking.create(roomy, store.keys, appointment))


async def prices_are_up(parts):
    for _ in range(200):
        if parts.desk.prices.find(DAY, "w1-reefer", "c1", NOW) is not None:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_the_running_service_steers_by_what_last_week_asked_for(app, client, parts, store):
    await book_last_week(store, 6)

    async with app.router.lifespan_context(app):
        assert await prices_are_up(parts)
        moved = (await client.post("/v1/appointments", json=asking(1))).json()
        fixed = (await client.post("/v1/appointments", json=at_once(2))).json()

    assert moved["slot"] != NINE
    assert fixed["slot"] == NINE
    assert (moved["wish"], moved["earliest"], moved["latest"]) == (at("09:00"), at("07:00"), at("11:00"))


class TestWithoutSteering:
    @pytest.fixture
    def park(self):
        return tiny_park(rules=HouseRules(steer_bookings=False))

    async def test_the_house_rule_keeps_prices_away(self, app, client, parts, store):
        await book_last_week(store, 6)

        async with app.router.lifespan_context(app):
            await asyncio.sleep(0.2)
            given = (await client.post("/v1/appointments", json=asking(1))).json()

        assert parts.desk.prices.find(DAY, "w1-reefer", "c1", NOW) is None
        assert given["slot"] == NINE


async def test_an_alternative_says_why_not_nearer_to_the_wish(client):
    for number in (1, 2):
        await client.post("/v1/appointments", json=at_once(number))

    offered = (await client.post("/v1/appointments", json=at_once(3))).json()["alternatives"]

    assert [(each["slot"], each["not_nearer"]) for each in offered] == [
        (35, "dock group w1-reefer 09:00"),
        (37, "dock group w1-reefer 09:00"),
        (34, ""),
    ]
