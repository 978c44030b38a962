"""Histories of many who book, move and cancel in the same two slots at once: each is one that could have been made one
after the other, every answer true at some moment between its question and itself (Wing and Gong 1993, by search).
"""

import asyncio
import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from dispatch.model.park import HouseRules
from dispatch.model.refusals import DocksFull
from dispatch.services import appointments
from dispatch.services.appointments import AppointmentDraft
from dispatch.services.desk import Desk
from dispatch.services.moving import Changes, amend_appointment
from dispatch.services.openings import Wanted, Window
from dispatch.services.seeking import Sought, seek
from dispatch.store.commit import CounterFull, Take
from dispatch.store.store import Store
from tests.api.tiny import NOW, ZONE, plate, tiny_park
from tests.dispatch.services.books import assert_books_balance

pytestmark = [pytest.mark.anyio, pytest.mark.store]

DOCKS, CLIENTS, STEPS = 2, 9, 5
STARTS = [datetime(2026, 11, 25, 9, 0, tzinfo=ZONE) + timedelta(hours=i) for i in range(2)]
State = tuple[frozenset[int], frozenset[int]]  # who holds a place in each of the slots


@dataclass(frozen=True)
class Call:
    """One question and its answer: `to` is the slot asked for, None to cancel."""

    client: int
    to: int | None
    was_done: bool
    begin: int
    end: int


def applied(state: State, call: Call) -> State | None:
    """Return the state after the call; None when it would have been answered otherwise."""
    slots = [set(slot) for slot in state]
    if call.to is not None and call.client not in slots[call.to]:
        has_room = len(slots[call.to]) < DOCKS
        if has_room != call.was_done:
            return None
    if call.was_done:
        for slot in slots:
            slot.discard(call.client)
        if call.to is not None:
            slots[call.to].add(call.client)
    return (frozenset(slots[0]), frozenset(slots[1]))


def is_linearizable(history: list[Call]) -> bool:
    """Answer whether the calls can be put in one order that keeps to each one's begin and end, and to every answer."""
    tried: set[tuple[frozenset[int], State]] = set()
    pending = [(frozenset(range(len(history))), (frozenset(), frozenset()))]
    while pending:
        left, state = pending.pop()
        if not left:
            return True
        if (left, state) in tried:
            continue
        tried.add((left, state))
        first_end = min(history[i].end for i in left)
        for i in left:
            after = applied(state, history[i]) if history[i].begin < first_end else None
            if after is not None:
                pending.append((left - {i}, after))
    return False


def exactly(client, to):
    wish = STARTS[to]
    return AppointmentDraft(plate(client), "c1", "w1", "frozen", wish, earliest=wish, latest=wish)


async def live(desk, client, rng, ticks, history):
    """Book, move and cancel as chance has it."""
    held = None
    for _ in range(STEPS):
        to = int(rng.integers(0, 2))
        begin = next(ticks)
        try:
            if held is None:
                held = (await appointments.request_appointment(desk, exactly(client, to), NOW, None)).thing.id
            elif rng.random() < 0.4:
                to = None
                await appointments.cancel_appointment(desk, held, NOW, None)
                held = None
            else:
                wish = STARTS[to]
                await amend_appointment(desk, held, Changes(wish=wish, earliest=wish, latest=wish), NOW, None)
        except DocksFull:
            history.append(Call(client, to, was_done=False, begin=begin, end=next(ticks)))
        else:
            history.append(Call(client, to, was_done=True, begin=begin, end=next(ticks)))


@pytest.mark.parametrize("seed", range(12))
async def test_what_many_do_in_one_slot_at_once_could_have_been_done_in_turn(store_url, park_id, seed):
    park = replace(tiny_park(docks=DOCKS, rules=HouseRules(steer_bookings=False)), id=park_id)
    ticks, history = itertools.count(), []
    desks = [Desk(park, Store(store_url, park_id)) for _ in range(3)]  # as many processes of the service

    rngs = np.random.default_rng(seed).spawn(CLIENTS)
    await asyncio.gather(*(live(desks[i % 3], i, rng, ticks, history) for i, rng in enumerate(rngs)))

    assert is_linearizable(history)
    assert {call.was_done for call in history} == {True, False}
    await assert_books_balance(desks[0])
    for desk in desks:
        await desk.store.close()


async def test_a_start_lost_to_others_each_time_is_refused_by_what_was_full_then_though_it_is_free_by_now(store):
    desk = Desk(replace(tiny_park(docks=1), id=store.keys.park_id), store)
    carrier, (warehouse,) = desk.park.enterprise_by_id["c1"], desk.park.warehouses
    wanted = Wanted(plate(1), carrier, warehouse, warehouse.dock_groups[1], 1)
    nine = STARTS[0]

    async def lose(opening):
        raise CounterFull(Take(desk.keys.dock("w1-reefer", opening.day), str(opening.slot), 1, 1), 1)

    with pytest.raises(DocksFull, match="w1-reefer 09:00"):
        await seek(desk, Sought(wanted, Window(nine, nine, nine), NOW), lose)


def test_the_search_knows_a_history_that_cannot_have_been():
    booked = [Call(i, 0, was_done=True, begin=2 * i, end=2 * i + 1) for i in range(DOCKS)]
    oversold = Call(9, 0, was_done=True, begin=20, end=21)
    refused_for_nothing = Call(9, 1, was_done=False, begin=20, end=21)
    at_once = replace(oversold, begin=0)
    gone = Call(0, None, was_done=True, begin=10, end=30)

    assert not is_linearizable([*booked, oversold])
    assert not is_linearizable([*booked, refused_for_nothing])
    assert not is_linearizable([*booked, at_once])
    assert is_linearizable([*booked, oversold, gone])
