"""Timers: light work that is due again and again, done beside the worker's jobs; it must bear being done twice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.clock import SteppedClock
from dispatch.store.changes import acting
from dispatch.store.commit import StoreDown
from dispatch.store.store import Store

LOOK_SECONDS = 0.002  # how often a clock that stands is looked at
log = logging.getLogger("parkdispatch.worker")


@dataclass(frozen=True, slots=True)
class Timer:
    """What is done every so many seconds, at the first beat at once; its name is who does it in the park's events.

    On a clock that is set from outside, its seconds are that clock's, unless it looks ahead or behind at leisure.
    """

    name: str
    seconds: float
    do: Callable[[Store, datetime], Awaitable[object]]
    at_leisure: bool = False


async def keep_time(
    timers: Sequence[Timer], store: Store, clock: Callable[[], datetime], stopping: asyncio.Event
) -> None:
    """Do what the timers say until `stopping` is set; a beat that fails is logged, and the next one comes."""
    if not isinstance(clock, SteppedClock):
        await asyncio.gather(*(_keep(timer, store, clock, stopping) for timer in timers))
        return
    exact = [timer for timer in timers if not timer.at_leisure]
    leisurely = [_keep(timer, store, clock, stopping) for timer in timers if timer.at_leisure]
    await asyncio.gather(_keep_stepped(exact, store, clock, stopping), *leisurely)


async def _keep(timer: Timer, store: Store, clock: Callable[[], datetime], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        await _beat(timer, store, clock)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), timer.seconds)


async def _keep_stepped(timers: Sequence[Timer], store: Store, clock: SteppedClock, stopping: asyncio.Event) -> None:
    """Do once what is due whenever the clock has been set, and note on it that this is done."""
    last: dict[str, datetime] = {}
    while not stopping.is_set():
        now = clock()
        if now == clock.done:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        due = [
            each for each in timers if each.name not in last or now - last[each.name] >= timedelta(seconds=each.seconds)
        ]
        await asyncio.gather(*(_beat(timer, store, clock) for timer in due))
        last |= {timer.name: now for timer in due}
        clock.note_done(now)


async def _beat(timer: Timer, store: Store, clock: Callable[[], datetime]) -> None:
    with acting(timer.name, clock):
        try:
            await timer.do(store, clock())
        except StoreDown as fault:
            log.warning("timer %s waits: %s", timer.name, fault)
        except Exception:
            log.exception("timer %s has failed", timer.name)
