"""Timers: light work that is due again and again, done beside the worker's jobs; it must bear being done twice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from dispatch.store.changes import acting
from dispatch.store.commit import StoreDown
from dispatch.store.store import Store

log = logging.getLogger("parkdispatch.worker")


@dataclass(frozen=True, slots=True)
class Timer:
    """What is done every so many seconds, at the first beat at once; its name is who does it in the park's events."""

    name: str
    seconds: float
    do: Callable[[Store, datetime], Awaitable[object]]


async def keep_time(
    timers: Sequence[Timer], store: Store, clock: Callable[[], datetime], stopping: asyncio.Event
) -> None:
    """Do what the timers say until `stopping` is set; a beat that fails is logged, and the next one comes."""
    await asyncio.gather(*(_keep(timer, store, clock, stopping) for timer in timers))


async def _keep(timer: Timer, store: Store, clock: Callable[[], datetime], stopping: asyncio.Event) -> None:
    with acting(timer.name, clock):
        while not stopping.is_set():
            try:
                await timer.do(store, clock())
            except StoreDown as fault:
                log.warning("timer %s waits: %s", timer.name, fault)
            except Exception:
                log.exception("timer %s has failed", timer.name)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timer.seconds)
