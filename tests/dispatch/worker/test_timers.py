"""Timers beat beside the worker's jobs, and one that fails beats on."""

import asyncio
from datetime import timedelta

import pytest

from dispatch.clock import SteppedClock
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


async def until_done(clock):
    while True:
        await asyncio.sleep(0.001)
        if clock.done == clock():
            return


async def test_on_a_clock_that_is_set_timers_beat_by_its_time_alone_and_note_that_they_are_done(store, tmp_path):
    clock, beats, stopping = SteppedClock.make(tmp_path / "clock", NOW), [], asyncio.Event()

    async def beat(_store, now):
        beats.append(now)

    keeping = asyncio.create_task(keep_time([Timer("drum", 60, beat)], store, clock, stopping))
    for seconds in (0, 30, 60, 300):
        clock.set(NOW + timedelta(seconds=seconds))
        await until_done(clock)
    stopping.set()
    await keeping

    assert beats == [NOW + timedelta(seconds=seconds) for seconds in (0, 60, 300)]


def test_a_clock_is_the_same_to_all_who_read_its_file_and_never_goes_back(tmp_path):
    clock = SteppedClock.make(tmp_path / "clock", NOW)
    other = SteppedClock(tmp_path / "clock")

    clock.set(NOW + timedelta(minutes=1))

    assert other() == NOW + timedelta(minutes=1)
    with pytest.raises(ValueError, match="time does not go back"):
        other.set(NOW)


def test_what_is_no_clock_is_told(tmp_path):
    (tmp_path / "clock").write_text("half past nine")

    with pytest.raises(ValueError, match="is no clock"):
        SteppedClock(tmp_path / "clock")
