"""Requests that come in one moment look at the same counters, and share what they find in them."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import orjson
import pytest

from dispatch.model.park import HouseRules
from dispatch.model.refusals import DocksFull, Refusal
from dispatch.services import appointments, seeking
from dispatch.services.appointments import AppointmentDraft
from dispatch.services.desk import SEEKING_AT_ONCE, Desk, Kept
from dispatch.services.openings import Wanted, Window
from dispatch.services.seeking import Sought, seek
from dispatch.store.commit import StoreDown
from dispatch.store.store import Store
from tests.api.tiny import NOW, ZONE, plate, tiny_park
from tests.dispatch.services.books import assert_books_balance

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)
PLAIN = HouseRules(steer_bookings=False)


def desk_of(store, **park):
    return Desk(replace(tiny_park(rules=PLAIN, **park), id=store.keys.park_id), store)


def draft(number, wish=NINE, minutes=None, spread=0):
    edge = timedelta(minutes=spread)
    return AppointmentDraft(
        plate(number), "c1", "w1", "frozen", wish, minutes=minutes, earliest=wish - edge, latest=wish + edge
    )


async def answers(desk, drafts):
    asked = (appointments.request_appointment(desk, each, NOW, None) for each in drafts)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, Kept | Refusal) for each in found), found
    return found


async def test_who_comes_together_is_led_to_different_starts_so_whom_there_is_room_for_tries_but_once(
    store, monkeypatch
):
    desk = desk_of(store, docks=2, entry_lanes=4)
    tries = Counter()
    commit = Store.commit

    async def counted(self, change):
        tries[orjson.loads(change.writes[0].document)["plate"]] += 1
        return await commit(self, change)

    monkeypatch.setattr(Store, "commit", counted)

    found = await answers(desk, [draft(number, spread=60) for number in range(30)])

    given = [each.thing.plate for each in found if isinstance(each, Kept)]
    assert len(given) == 18  # nine starts at two docks
    assert [tries[plate] for plate in given] == [1] * 18
    await assert_books_balance(desk)


async def test_the_same_question_is_worked_out_once_and_all_are_told_the_same(store, monkeypatch):
    desk = desk_of(store, docks=1)
    await answers(desk, [draft(0)])
    await answers(desk, [draft(20)])  # who looks up the day's expected waits, for the next ones too
    worked_out = []
    refusal = seeking._refusal

    async def counted(*given):
        worked_out.append(given)
        return await refusal(*given)

    monkeypatch.setattr(seeking, "_refusal", counted)
    found = await answers(desk, [draft(number) for number in range(1, 20)])

    assert len(worked_out) == 1
    assert {(type(each), each.resource, each.alternatives) for each in found} == {
        (DocksFull, "dock group w1-reefer 09:00", found[0].alternatives)
    }
    assert len({id(each) for each in found}) == 19  # each is raised with its own trace
    assert [each.slot for each in found[0].alternatives] == [35, 37, 34]


async def test_a_truck_that_is_busy_elsewhere_is_not_told_what_others_are(store):
    desk = desk_of(store, docks=1)
    await answers(desk, [draft(0), draft(1, NINE + timedelta(minutes=30))])

    first, busy = await answers(desk, [draft(2), draft(1)])

    assert [each.slot for each in first.alternatives] == [35, 37, 34]
    assert [each.slot for each in busy.alternatives] == [35, 34, 33]  # its turn before 09:30 is not free


async def test_nobody_is_refused_by_a_promise_whose_commit_fails(store):
    desk = desk_of(store, docks=1)
    carrier, (warehouse,) = desk.park.enterprise_by_id["c1"], desk.park.warehouses

    async def lost(_opening):
        raise StoreDown("the store does not answer")

    async def ask(number, take):
        wanted = Wanted(plate(number), carrier, warehouse, warehouse.dock_groups[1], 1)
        return await seek(desk, Sought(wanted, Window(NINE, NINE, NINE), NOW), take)

    async def taken(opening):
        return opening.slot

    first, second = await asyncio.gather(ask(1, lost), ask(2, taken), return_exceptions=True)

    assert isinstance(first, StoreDown)
    assert second == 36


@pytest.mark.parametrize("seed", range(6))
async def test_a_crowd_is_neither_oversold_nor_refused_what_is_free(store, seed):
    rng = np.random.default_rng(seed)
    desk = desk_of(store, docks=int(rng.integers(1, 4)))
    drafts = [
        draft(
            number=int(rng.integers(60)),
            wish=NINE + timedelta(minutes=15 * int(rng.integers(6))),
            minutes=15 * int(rng.integers(1, 4)),
            spread=15 * int(rng.integers(4)),
        )
        for _ in range(80)
    ]

    found = await answers(desk, drafts)

    await assert_books_balance(desk)
    refused = [(each, refusal) for each, refusal in zip(drafts, found, strict=True) if isinstance(refusal, Refusal)]
    assert 0 < len(refused) < len(drafts)
    for each, _ in refused:  # nothing has come free since, so it was true then if it is now
        (again,) = await answers(desk, [each])
        assert isinstance(again, Refusal)


async def test_hundreds_at_once_are_answered_in_the_order_of_coming(store):
    desk = desk_of(store, docks=200, entry_lanes=40)
    answered = []

    async def ask(number):
        await appointments.request_appointment(desk, draft(number), NOW, None)
        answered.append(number)

    await asyncio.gather(*map(ask, range(200)))

    assert max(abs(place - number) for place, number in enumerate(answered)) < SEEKING_AT_ONCE
