"""The projection for reports: every event and the latest of every thing, in SQLite. Bookings never read it.

It follows the stream, archive first, and can be thrown away at any time: it is rebuilt from the first event on. Several
processes may share one file: events and the mark up to where they are in it are written in one transaction.
"""

import asyncio
import fcntl
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from dispatch.model.closures import Closure, days_of
from dispatch.model.promises import Appointment
from dispatch.planning.kpis import Happened
from dispatch.services.event_forms import subject_of
from dispatch.services.freight import LoadRecord, MatchRecord
from dispatch.store import codec
from dispatch.store.archive import check_whole, find_mark, read_archive
from dispatch.store.changes import SAME
from dispatch.store.commit import StoredEvent, order_of
from dispatch.store.store import Store

VERSION = "2"  # of the tables: another one is thrown away and rebuilt
KINDS = frozenset({"appointment", "load", "match", "closure"})  # things kept with their latest state
AT_ONCE = 500
FIRST = "0-0"
BUSY_SECONDS = 30.0

TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, by TEXT NOT NULL, name TEXT NOT NULL,
  subject TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_by ON events (by, number);
CREATE INDEX IF NOT EXISTS events_subject ON events (subject, number);
CREATE TABLE IF NOT EXISTS things (
  kind TEXT NOT NULL, id TEXT NOT NULL, day TEXT, data TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS things_day ON things (kind, day);
"""


@dataclass(frozen=True, slots=True)
class AuditAsked:
    """Whose deeds, which, when: what is None does not filter. `by` is a name or its begin, up to a blank or colon."""

    by: str | None = None
    name: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what when, to what."""

    number: int
    id: str
    at: datetime
    by: str
    name: str
    subject: str
    data: Any


class Reports:
    """The projection in a file, or in memory without one; `archive` is where closed days are."""

    def __init__(self, file: Path | None = None, archive: Path | None = None) -> None:
        self._file = file
        self._archive = archive
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    async def catch_up(self, store: Store) -> int:
        """Take in what has happened since; return how many events that were. ArchiveFault where some are missing."""
        count = 0
        while True:
            last = await asyncio.to_thread(self._last)
            events = await store.events(last, AT_ONCE)
            if self._archive is not None and order_of(last) < order_of((await find_mark(store)).last):
                await check_whole(store, self._archive)  # what comes next has left the stream
                count += await asyncio.to_thread(self._take_archive)
            elif events:
                count += await asyncio.to_thread(self._take, last, events)
            else:
                return count

    async def rebuild(self, store: Store) -> int:
        """Throw it away and build it from the first event on; return how many events there are."""
        await asyncio.to_thread(self._forget)
        return await self.catch_up(store)

    async def audit(self, asked: AuditAsked, after: int, limit: int) -> list[Deed]:
        """Return up to `limit` deeds behind the number `after`, in order."""
        return await asyncio.to_thread(self._audit, asked, after, limit)

    async def happened(self, days: tuple[date, ...]) -> Happened:
        """Return what is known of some days."""
        return await asyncio.to_thread(self._happened, days)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    # what follows runs in threads, one at a time

    def _last(self) -> str:
        with self._lock, self._reading() as tables:
            return _meta(tables, "last") or FIRST

    def _forget(self) -> None:
        with self._lock, self._writing() as tables:
            _clear(tables)

    def _take_archive(self) -> int:
        assert self._archive is not None
        count, events = 0, read_archive(self._archive)
        while chunk := list(islice(events, AT_ONCE)):
            count += self._take(self._last(), chunk)
        return count

    def _take(self, last: str, events: Sequence[StoredEvent]) -> int:
        """Take events in unless another process has done so meanwhile; return how many were new."""
        with self._lock, self._writing() as tables:
            if (_meta(tables, "last") or FIRST) != last:
                return 0
            new = [event for event in events if order_of(event.id) > order_of(last)]
            tables.executemany(
                "INSERT INTO events (id, at, by, name, subject, data) VALUES (?, ?, ?, ?, ?, ?)", map(_row, new)
            )
            tables.executemany("INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?)", _things(new))
            if new:
                tables.execute("INSERT OR REPLACE INTO meta VALUES ('last', ?)", (new[-1].id,))
            return len(new)

    def _audit(self, asked: AuditAsked, after: int, limit: int) -> list[Deed]:
        where, values = ["number > ?"], [after]
        conditions: dict[str, Any] = {
            "name = ?": asked.name,
            "subject = ?": asked.subject,
            "at >= ?": _utc(asked.since),
            "at < ?": _utc(asked.until),
        }
        for condition, value in conditions.items():
            if value is not None:
                where.append(condition)
                values.append(value)
        if asked.by is not None:
            where.append("(by = ? OR (by > ? AND by < ?) OR (by > ? AND by < ?))")
            values += [asked.by, f"{asked.by} ", f"{asked.by}!", f"{asked.by}:", f"{asked.by};"]  # type: ignore[list-item]
        query = f"SELECT * FROM events WHERE {' AND '.join(where)} ORDER BY number LIMIT ?"  # noqa: S608 - our own words
        with self._lock, self._reading() as tables:
            rows = tables.execute(query, (*values, limit)).fetchall()
        return [
            Deed(number, event, datetime.fromisoformat(at), by, name, subject, orjson.loads(data))
            for number, event, at, by, name, subject, data in rows
        ]

    def _happened(self, days: tuple[date, ...]) -> Happened:
        first, last = min(days).isoformat(), max(days).isoformat()
        query = "SELECT data FROM things WHERE kind = ? AND day BETWEEN ? AND ? ORDER BY id"
        with self._lock, self._reading() as tables:
            booked, matched = (
                [data for (data,) in tables.execute(query, (kind, first, last))] for kind in ("appointment", "match")
            )
            matches = [codec.read(MatchRecord, orjson.loads(data)).match for data in matched]
            wanted = [(each.load,) for match in matches for each in match.loads[:1]]
            found = [
                tables.execute("SELECT data FROM things WHERE kind = 'load' AND id = ?", key).fetchone()
                for key in wanted
            ]
            closed = tables.execute("SELECT data FROM things WHERE kind = 'closure' ORDER BY id").fetchall()
        loads = [codec.read(LoadRecord, orjson.loads(row[0])).load for row in found if row is not None]
        appointments = [codec.read(Appointment, orjson.loads(data)) for data in booked]
        ends = {load.id: (load.origin, load.destination) for load in loads}
        closures = [codec.read(Closure, orjson.loads(data)) for (data,) in closed]
        these = [each for each in closures if not set(days).isdisjoint(days_of(each))]
        return Happened(days, appointments, matches, ends, these)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._open is None:
            self._open = self._opened()
        yield self._open

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as tables:
            tables.execute("BEGIN IMMEDIATE")
            try:
                yield tables
            except BaseException:
                tables.rollback()
                raise
            tables.commit()

    def _opened(self) -> sqlite3.Connection:
        if self._file is None:
            return _tables_in(":memory:")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # SQLite lets nobody wait who changes the journal's mode
            return _tables_in(str(self._file))


def _tables_in(place: str) -> sqlite3.Connection:
    tables = sqlite3.connect(place, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    tables.execute("PRAGMA journal_mode = WAL")
    tables.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is taken in again
    tables.executescript(TABLES)
    if _meta(tables, "version") != VERSION:
        _clear(tables)
        tables.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (VERSION,))
    return tables


def _meta(tables: sqlite3.Connection, name: str) -> str | None:
    with closing(tables.execute("SELECT value FROM meta WHERE name = ?", (name,))) as found:
        row = found.fetchone()
    return None if row is None else str(row[0])


def _clear(tables: sqlite3.Connection) -> None:
    for table in ("events", "things"):
        tables.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words
    tables.execute("DELETE FROM meta WHERE name = 'last'")


def _row(event: StoredEvent) -> tuple[str, str, str, str, str, str]:
    data = orjson.dumps(event.document).decode()
    return event.id, str(_utc(event.at)), event.by, event.name, subject_of(event), data


def _things(events: Iterable[StoredEvent]) -> Iterator[tuple[str, str, str | None, str]]:
    for event in events:
        writes = orjson.loads(event.changes)[0] if event.changes else ()
        for key, document, *_ in writes:
            kind, _, identity = key.partition(":")
            if kind in KINDS and document is not None:
                thing = event.document if document == SAME else document
                day = (thing.get("match") or {}).get("day") if kind == "match" else thing.get("day")
                yield kind, identity, day, orjson.dumps(thing).decode()


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")
