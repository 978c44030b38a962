"""Notices go out at least once, in order, to whom they are for; and what is lost or late is seen to."""

import asyncio
import json
from datetime import UTC, timedelta
from functools import partial

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from dispatch.model.life import after
from dispatch.model.promises import AppointmentState, LoadState, MatchState
from dispatch.services import booking, offers
from dispatch.services.appointments import get_appointment, step_appointment
from dispatch.services.desk import Desk
from dispatch.services.loads import get_load
from dispatch.services.moving import Spot, move_appointment
from dispatch.services.notifying import LogNotifier, NotSent, WebhookNotifier, notify
from dispatch.services.reoffering import ask_round, follow_slots, keep_deadlines, sweep_deadlines
from dispatch.services.sweeping import sweep
from dispatch.store.changes import acting
from dispatch.worker.jobs import Jobs
from tests.dispatch.services.test_matching_rounds import NOW, fill
from tests.dispatch.services.test_offers import FIRST, offer_one
from tests.dispatch.store.small_park import DAY, a_load, a_park, an_appointment, at, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]


class Kept:
    """A notifier that keeps what it is given, and is away as often as it is told."""

    def __init__(self, away=0):
        self.sent = []
        self.away = away

    async def send(self, notice, now):
        if self.away:
            self.away -= 1
            raise NotSent("away")
        self.sent.append(notice)


@pytest.fixture
def desk(store):
    return Desk(a_park(store.keys.park_id), store)


async def test_driver_and_enterprise_hear_of_an_offer_and_what_came_of_it(desk):
    kept = Kept()
    with acting("test", lambda: NOW):
        await offer_one(desk)
        await offers.accept_offer(desk, FIRST, NOW)

    await notify(desk.store, desk.park, kept, NOW)

    assert [(each.to, each.event) for each in kept.sent] == [
        (f"driver:{plate(1)}", "OfferMade"),
        ("enterprise:E1", "LoadAccepted"),
    ]
    assert kept.sent[0].text.endswith(": L1. Answer by 07:01:30.")
    assert "L1" in kept.sent[0].text_zh
    assert kept.sent[1].text == f"Load L1 is taken by {plate(1)} of C1."


async def test_a_driver_hears_where_his_appointment_went_and_why(desk):
    kept = Kept()
    with acting("test", lambda: NOW):
        await desk.store.commit(booking.create(desk.park, desk.keys, an_appointment("A1")))
        await move_appointment(desk, "A1", Spot(DAY, 40, "east"), NOW, reason="dock 3 is closed")

    await notify(desk.store, desk.park, kept, NOW)

    (notice,) = kept.sent
    assert notice.text == "Appointment A1 was moved from 2026-11-25 09:00 to 2026-11-25 10:00: dock 3 is closed."


async def test_what_could_not_be_sent_is_sent_later_once_and_in_order(desk):
    kept = Kept(away=2)
    with acting("test", lambda: NOW):
        await offer_one(desk)
        await offers.decline_offer(desk, FIRST, "", NOW)

    heard = [await notify(desk.store, desk.park, kept, NOW) for _ in range(4)]

    assert [each.event for each in kept.sent] == ["OfferMade"]
    assert heard[-1] == 0


async def test_what_is_hours_old_is_told_nobody_any_more(desk):
    kept = Kept()
    with acting("test", lambda: NOW):
        await offer_one(desk)

    await notify(desk.store, desk.park, kept, NOW + timedelta(hours=2))

    assert kept.sent == []


async def test_the_webhook_is_signed_as_standard_webhooks_has_it(desk):
    received = []
    with acting("test", lambda: NOW):
        await offer_one(desk)

    def answer(request):
        received.append(request)
        return httpx.Response(500 if len(received) == 1 else 204)

    notifier = WebhookNotifier("https://park.example/hook", b"secret" * 6, transport=httpx.MockTransport(answer))
    first = await notify(desk.store, desk.park, notifier, NOW)
    second = await notify(desk.store, desk.park, notifier, NOW)

    assert (first, second) == (2, 1)  # what stands before the offer in the stream is dealt with
    headers = dict(received[-1].headers)
    assert received[0].headers["webhook-id"] == headers["webhook-id"]
    signed = Webhook(b"secret" * 6).sign(headers["webhook-id"], NOW.astimezone(UTC), received[-1].content.decode())
    assert signed == headers["webhook-signature"]
    assert json.loads(received[-1].content)["event"] == "OfferMade"


async def test_the_log_names_whom_a_notice_is_for(desk, caplog):
    with acting("test", lambda: NOW):
        await offer_one(desk)

    with caplog.at_level("INFO", "parkdispatch.notices"):
        await notify(desk.store, desk.park, LogNotifier(), NOW)

    assert f"notice to driver:{plate(1)} (OfferMade)" in caplog.text


async def test_silence_ends_an_offer_and_asks_for_the_next_best(desk):
    await offer_one(desk)

    early = await keep_deadlines(desk, Jobs(desk.store), NOW + timedelta(seconds=89))
    late = await keep_deadlines(desk, Jobs(desk.store), NOW + timedelta(seconds=91))

    assert (early.offers, late.offers) == (0, 1)
    assert (await offers.get_offer(desk, FIRST)).thing.match.state is MatchState.EXPIRED
    assert [job.name for job in (await Jobs(desk.store).list()).jobs] == ["match"]


async def test_a_load_nobody_took_expires_with_its_last_start(desk):
    await fill(desk.store, [a_load(1, latest=at("08:00"))], [])

    swept = [await sweep_deadlines(desk, at(clock)) for clock in ("08:00", "08:01", "08:02")]

    assert [each.loads for each in swept] == [0, 1, 0]
    assert (await get_load(desk, "L1")).thing.state is LoadState.EXPIRED
    assert await desk.store.members(desk.keys.deadlines()) == []


async def test_a_truck_that_does_not_come_loses_its_load_to_the_next(desk):
    await offer_one(desk)
    record = (await offers.accept_offer(desk, FIRST, NOW)).thing
    pickup, delivery = record.appointments
    later = at("10:30")
    await sweep(desk, later)

    await follow_slots(desk, Jobs(desk.store), later)

    load = (await get_load(desk, "L1")).thing
    assert (load.state, load.offered_to) == (LoadState.POSTED, (plate(1),))
    assert (await get_appointment(desk, pickup)).thing.state is AppointmentState.NO_SHOW
    assert (await get_appointment(desk, delivery)).thing.state in (AppointmentState.NO_SHOW, AppointmentState.CANCELLED)


async def test_rounds_asked_for_in_one_moment_are_one_and_none_without_open_loads(desk):
    jobs = Jobs(desk.store)

    assert not await ask_round(desk, jobs, NOW)
    await fill(desk.store, [a_load(1)], [])
    asked = await asyncio.gather(*(ask_round(desk, jobs, NOW) for _ in range(5)))

    assert sum(asked) == 1


async def test_a_load_is_as_far_as_the_docks_have_seen_its_truck(desk):
    await offer_one(desk)
    record = (await offers.accept_offer(desk, FIRST, NOW)).thing
    for appointment_id, clock in zip(record.appointments, ("08:00", "09:00"), strict=True):
        for step, later in (("check_in", 0), ("start_dock", 1), ("finish_dock", 20)):
            now = at(clock) + timedelta(minutes=later)
            with acting("warehouse", lambda now=now: now):
                decide = partial(step_of, desk, step, now)
                await step_appointment(desk, appointment_id, step, decide)

    await follow_slots(desk, Jobs(desk.store), at("10:00"))

    load = (await get_load(desk, "L1")).thing
    assert [(each.state, each.at) for each in load.history[-3:]] == [
        (LoadState.AT_PICKUP, at("08:01")),
        (LoadState.IN_TRANSIT, at("08:20")),
        (LoadState.DELIVERED, at("09:20")),
    ]
    assert (await offers.get_offer(desk, FIRST)).thing.match.state is MatchState.FINISHED


def step_of(desk, step, now, appointment):
    return after(desk.park, appointment, step, now, **({"checked_in_at": now} if step == "check_in" else {}))


async def test_rounds_do_not_pile_up_before_a_worker_that_is_busy(desk):
    jobs = Jobs(desk.store)
    await fill(desk.store, [a_load(1)], [])

    asked = [await ask_round(desk, jobs, NOW + timedelta(seconds=30 * n), 30, most=1) for n in range(4)]

    assert asked == [True, False, False, False]
