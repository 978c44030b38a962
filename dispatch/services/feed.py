"""The park's events for many readers at once: one reader of the store per process, however many listen.

The newest events stay in memory; who is further behind reads them from the store, which keeps nobody waiting.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from dispatch.model.refusals import EventsGone
from dispatch.store.commit import StoredEvent, StoreDown, order_of
from dispatch.store.store import LONGEST_WAIT_SECONDS, Store

KEPT = 4096  # newest events
AT_ONCE = 500
MOST_SCANS = 20
PAUSE_SECONDS = 0.5  # while the store is away


class Feed:
    """Hands out events behind a position; `after` starts the reader when it is first asked, `close` ends it."""

    def __init__(self, store: Store, *, kept: int = KEPT) -> None:
        self._store = store
        self._newest: deque[StoredEvent] = deque(maxlen=kept)
        self._position = "0"
        self._begin: str | None = None  # everything behind this is in memory; None before the first look
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End the reader."""
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    async def after(self, position: str, *, wait_seconds: float = 0.0) -> list[StoredEvent]:
        """Return the next events behind a position, waiting for the first; none when none came."""
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())
        news = self._news
        found = await self._behind(position)
        if not found and wait_seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), wait_seconds)
            found = await self._behind(position)
        return found

    async def _behind(self, position: str) -> list[StoredEvent]:
        if self._begin is None or order_of(position) < order_of(self._begin):
            return await self._store.events(position, AT_ONCE)
        return self._in_memory(position)

    def _in_memory(self, position: str) -> list[StoredEvent]:
        found: list[StoredEvent] = []
        for event in reversed(self._newest):
            if order_of(event.id) <= order_of(position):
                break
            found.append(event)
        return found[::-1][:AT_ONCE]

    async def _read(self) -> None:
        while True:
            try:
                await self._read_on()
            except StoreDown:
                await pause()

    async def _read_on(self) -> None:
        if self._begin is None:
            self._position = self._begin = await self._store.last_event()
            self._tell()  # who has looked in the store before this looks again
        events = await self._store.events(self._position, AT_ONCE, wait_seconds=LONGEST_WAIT_SECONDS)
        for event in events:
            if len(self._newest) == self._newest.maxlen:
                self._begin = self._newest[0].id
            self._newest.append(event)
            self._position = event.id
        if events:
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


async def pause() -> None:
    """Wait a moment before the store is asked again."""
    await asyncio.sleep(PAUSE_SECONDS)


async def check_kept(store: Store, after: str) -> None:
    """Raise EventsGone when events behind `after` are no longer in the stream."""
    archived = await store.find(store.keys.archived())
    if archived is not None and order_of("0") < order_of(after) < order_of(archived.document["last"]):
        raise EventsGone(f"events up to {archived.document['last']}")


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order; `last` is up to where was looked, `is_end` whether nothing is behind it yet."""

    events: tuple[StoredEvent, ...]
    last: str
    is_end: bool


async def page(store: Store, after: str, limit: int, wanted: Callable[[StoredEvent], bool]) -> EventPage:
    """Return up to `limit` wanted events behind `after`; after many that are not wanted it comes out short."""
    found: list[StoredEvent] = []
    for _ in range(MOST_SCANS):
        events = await store.events(after, AT_ONCE)
        for event in events:
            after = event.id
            if wanted(event):
                found.append(event)
            if len(found) == limit:
                return EventPage(tuple(found), after, is_end=False)
        if len(events) < AT_ONCE:
            return EventPage(tuple(found), after, is_end=True)
    return EventPage(tuple(found), after, is_end=False)
