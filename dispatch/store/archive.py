"""Closed days of the stream as compressed files, one JSON line an event; the stream is then trimmed.

A day is written, made durable and read back before a commit says so, and the stream is trimmed behind that commit:
broken off anywhere, the next run goes on. Days are those of the store's own clock, so files never overlap.
"""

import gzip
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import orjson

from dispatch.model.grid import SlotGrid
from dispatch.store.commit import (
    ArchiveFault,
    Commit,
    Event,
    Expect,
    StoredEvent,
    VersionChanged,
    Write,
    order_of,
    stored_at,
)
from dispatch.store.store import Store

AT_ONCE = 1000
FIRST = "0-0"


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to which event the stream has been archived, how many that were, and the version of the mark itself."""

    last: str = FIRST
    events: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Archived:
    """A day that has been moved into a file."""

    day: date
    events: int
    file: Path


async def archive_days(store: Store, grid: SlotGrid, directory: Path, keep_days: int) -> list[Archived]:
    """Move every day of the stream into its file but today's and the `keep_days` before it; return those moved.

    Safe to be run by several at once: who comes second finds nothing left to do.
    """
    mark = await find_mark(store)
    await _trim(store, mark)  # what a run that was broken off had left
    before = grid.day_of(await store.now()) - timedelta(days=keep_days)
    done: list[Archived] = []
    with suppress(VersionChanged):  # somebody else is at it
        while (day := await _next_day(store, grid, mark.last)) is not None and day < before:
            file = directory / f"events-{day.isoformat()}.jsonl.gz"
            written = await _write_day(store, grid, file, mark.last, day)
            mark = await _note(store, mark, day, written)
            await _trim(store, mark)
            done.append(Archived(day, written.events, file))
    return done


async def find_mark(store: Store) -> Mark:
    """Return how far the stream has been archived."""
    stored = await store.find(store.keys.archived())
    return Mark() if stored is None else Mark(stored.document["last"], stored.document["events"], stored.version)


def read_archive(directory: Path) -> Iterator[StoredEvent]:
    """Yield all archived events in order; ArchiveFault for a file that cannot be read."""
    for file in sorted(directory.glob("events-*.jsonl.gz")):
        yield from _read_day(file)


async def check_whole(store: Store, directory: Path) -> Mark:
    """Return the mark when archive and stream together hold every event there ever was; ArchiveFault otherwise."""
    mark = await find_mark(store)
    length, ever = await store.stream_sizes()
    kept = sum(order_of(event.id) <= order_of(mark.last) for event in read_archive(directory))
    if kept < mark.events:
        raise ArchiveFault(f"{mark.events - kept} events before {mark.last} are missing from the archive {directory}")
    if ever - length > mark.events:
        raise ArchiveFault(f"{ever - length - mark.events} events were trimmed from the stream without being archived")
    return mark


@dataclass(slots=True)
class _Written:
    """What has gone into a file: how many events, the last of them, and all ids' digest."""

    events: int = 0
    last: str = FIRST
    digest: int = 0

    def note(self, event: StoredEvent) -> None:
        self.events += 1
        self.last = event.id
        self.digest = zlib.crc32(event.id.encode(), self.digest)


async def _next_day(store: Store, grid: SlotGrid, after: str) -> date | None:
    events = await store.events(after, 1)
    return grid.day_of(stored_at(events[0].id)) if events else None


async def _events_of(store: Store, grid: SlotGrid, after: str, day: date) -> AsyncIterator[StoredEvent]:
    while events := await store.events(after, AT_ONCE):
        for event in events:
            if grid.day_of(stored_at(event.id)) != day:
                return
            yield event
        after = events[-1].id


async def _write_day(store: Store, grid: SlotGrid, file: Path, after: str, day: date) -> _Written:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    written, found = _Written(), _Written()
    with fresh.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
            async for event in _events_of(store, grid, after, day):
                packed.write(_line(event))
                written.note(event)
        raw.flush()
        os.fsync(raw.fileno())
    for event in _read_day(fresh):
        found.note(event)
    if found != written:
        raise ArchiveFault(f"{fresh} does not hold what was written to it")
    fresh.replace(file)
    _make_durable(file.parent)
    return written


def _make_durable(directory: Path) -> None:
    at = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(at)
    finally:
        os.close(at)


def _line(event: StoredEvent) -> bytes:
    changes = orjson.Fragment(event.changes) if event.changes else None
    kept = {"id": event.id, "name": event.name, "document": event.document, "by": event.by, "at": event.told_at}
    return orjson.dumps(kept | {"changes": changes}, option=orjson.OPT_APPEND_NEWLINE)


def _read_day(file: Path) -> Iterator[StoredEvent]:
    try:
        with gzip.open(file, "rb") as packed:
            for line in packed:
                kept = orjson.loads(line)
                changes = orjson.dumps(kept["changes"]) if kept["changes"] is not None else b""
                yield StoredEvent(kept["id"], kept["name"], kept["document"], kept["by"], kept["at"], changes)
    except (OSError, EOFError, orjson.JSONDecodeError, KeyError) as fault:
        raise ArchiveFault(f"{file} cannot be read ({' '.join(str(fault).split())})") from None


async def _note(store: Store, mark: Mark, day: date, written: _Written) -> Mark:
    after = Mark(written.last, mark.events + written.events, mark.version + 1)
    document = orjson.dumps({"last": after.last, "events": after.events, "day": day})
    key = store.keys.archived()
    await store.commit(
        Commit((Expect(key, mark.version),), (), (Write(key, document),), (Event("EventsArchived", document),))
    )
    return after


async def _trim(store: Store, mark: Mark) -> None:
    if mark.last == FIRST:
        return
    moment, number = order_of(mark.last)
    await store.alone("XTRIM", store.keys.stream(), "MINID", f"{moment}-{number + 1}")
