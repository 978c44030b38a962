"""Timers beat beside the worker's jobs, and one that fails beats on."""

import asyncio

import pytest

from dispatch.store.commit import Commit, Event, StoreDown
from dispatch.worker.timers import Timer, keep_time
from tests.api.tiny import NOW

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def test_a_timer_beats_at_once_and_again_also_after_it_has_failed(store):
    beats, stopping = [], asyncio.Event()

    async def beat(_store, now):
        beats.append(now)
        if len(beats) == 1:
            raise StoreDown("away")
        if len(beats) == 2:
            raise ValueError("a fault")
        stopping.set()

    await asyncio.wait_for(keep_time([Timer("drum", 0.01, beat)], store, lambda: NOW, stopping), 5)

    assert beats == [NOW] * 3


async def test_events_of_a_timer_are_told_as_its_own(store):
    stopping = asyncio.Event()

    async def beat(at, _now):
        await at.commit(Commit(events=(Event("Drummed", b"1"),)))
        stopping.set()

    await asyncio.wait_for(keep_time([Timer("drum", 60, beat)], store, lambda: NOW, stopping), 5)

    (event,) = await store.events()
    assert (event.name, event.by, event.at) == ("Drummed", "drum", NOW)
