"""The live store: atomic commits, entities, indexes, counters and the stream of events of one park."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from redis.exceptions import NoScriptError, ResponseError

from dispatch.store.changes import entries
from dispatch.store.commit import (
    Commit,
    CounterFull,
    Done,
    FingerprintDiffers,
    NotDone,
    Page,
    Stored,
    StoredEvent,
    StoreDown,
    VersionChanged,
)
from dispatch.store.connection import Channel, Command, Pulse, exchange, find_down, open_pool, packed
from dispatch.store.keys import Keys
from dispatch.store.tally import Taken, Tally

KEEP_ANSWERS_SECONDS = 48 * 3600
LONGEST_WAIT_SECONDS = 5.0  # of a blocking read; stays under the connection's own time limit

SCRIPT = Path(__file__).with_name("commit.lua").read_bytes()
SCRIPT_SHA = hashlib.sha1(SCRIPT).hexdigest()  # noqa: S324 - the name the server gives the script, not a secret


class Store:
    """One park in a Redis or Valkey server; belongs to the event loop it is first used in.

    Commits of one tick share a round trip and a disk write; so do reads, on a connection of their own.
    Every method raises StoreDown when the server is away or refuses for now.
    """

    def __init__(self, url: str, park_id: str) -> None:
        self.keys = Keys(park_id)
        self._pool = open_pool(url, connections=4)
        self._waiting_pool = open_pool(url, connections=64)  # who waits for events does not hold up the bookings
        pulse = Pulse()
        self._commits = Channel(self._pool, pulse)
        self._reads = Channel(self._pool, pulse)
        self._counters = Tally(self._pool, pulse)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish what was asked and close all connections."""
        await self._commits.close()
        await self._reads.close()
        await self._counters.close()
        await self._pool.aclose()
        await self._waiting_pool.aclose()

    async def ping(self) -> None:
        """Return when the server answers."""
        await self._read("PING")

    async def commit(self, commit: Commit) -> Done:
        """Make one change, all of it or none; on return it is durable.

        Raises CounterFull, VersionChanged, FingerprintDiffers, or StoreDown (`maybe_done` when the answer was lost:
        repeat it with the same idempotency key, or look).
        """
        (outcome,) = await self.commit_many([commit])
        if isinstance(outcome, NotDone):
            raise outcome
        return outcome

    async def commit_many(self, commits: Sequence[Commit]) -> list[Done | NotDone]:
        """Make many changes, each for itself and in this order; return what came of each.

        (The order may differ where the server has lost the script: what was sent then is sent again.)
        """
        calls = [packed(_call(commit, self.keys)) for commit in commits]
        answers = [await sent for sent in [self._commits.send(call, changes=True) for call in calls]]
        unknown = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:  # it did nothing yet; teach it the script, in front of the calls
            self._commits.send(packed(("SCRIPT", "LOAD", SCRIPT)))
            again = [self._commits.send(calls[i], changes=True) for i in unknown]
            for i, sent in zip(unknown, again, strict=True):
                answers[i] = await sent
        return [_outcome(commit, answer) for commit, answer in zip(commits, answers, strict=True)]

    async def find_repeat(self, idempotency_key: str, fingerprint: str) -> Done | None:
        """Return what an earlier commit under this key answered, or None; FingerprintDiffers when it was another."""
        kept, answer, event = await self._read("HMGET", idempotency_key, "f", "a", "e")
        if kept is None:
            return None
        if kept.decode() != fingerprint:
            raise FingerprintDiffers("the idempotency key was used for another request")
        return Done(answer=answer, repeated=True, last_event=event.decode() or None)

    async def find(self, key: str) -> Stored | None:
        """Return an entity, or None."""
        return (await self.find_many([key]))[0]

    async def find_many(self, keys: Sequence[str]) -> list[Stored | None]:
        """Return entities in the order of their keys, None where there is none."""
        rows = await self._read_many([("HMGET", key, "v", "d") for key in keys])
        return [_stored(key, *row) for key, row in zip(keys, rows, strict=True)]

    async def page(
        self, index: str, *, after: str | None = None, limit: int = 100, prefix: str = "", newest_first: bool = False
    ) -> Page:
        """Return up to `limit` members of an index that begin with `prefix`, in order, behind the member `after`."""
        low, high = _span(prefix)
        if after is not None and newest_first:
            high = min(high, b"(" + after.encode(), key=_bound)
        elif after is not None:
            low = max(low, b"(" + after.encode(), key=_bound)
        span = (high, low, "BYLEX", "REV") if newest_first else (low, high, "BYLEX")
        rows = await self._read("ZRANGE", index, *span, "LIMIT", 0, limit + 1)
        members = tuple(row.decode() for row in rows[:limit])
        return Page(members=members, next_after=members[-1] if len(rows) > limit and members else None)

    async def members(self, index: str, *, prefix: str = "") -> list[str]:
        """Return all members of an index that begin with `prefix`, in order."""
        return [row.decode() for row in await self._read("ZRANGE", index, *_span(prefix), "BYLEX")]

    async def members_before(self, index: str, bound: str, limit: int) -> list[str]:
        """Return the first `limit` members of an index that stand before `bound`, in order."""
        rows = await self._read("ZRANGE", index, "-", b"(" + bound.encode(), "BYLEX", "LIMIT", 0, limit)
        return [row.decode() for row in rows]

    async def count(self, index: str, prefix: str = "") -> int:
        """Return how many members of an index begin with `prefix`."""
        return int(await self._read("ZLEXCOUNT", index, *_span(prefix)))

    async def taken(self, keys: Sequence[str]) -> list[dict[str, int]]:
        """Return what is taken of each resource by field; a field that is not there is 0."""
        return [dict(taken.fields) for taken in await self.counters(keys)]

    async def counters(self, keys: Sequence[str]) -> list[Taken]:
        """Return what is taken of each resource; whoever asks for the same in one tick gets the very same."""
        return (await self.counters_and_members(keys, ()))[0]

    async def counters_and_members(
        self, keys: Sequence[str], indexes: Sequence[str]
    ) -> tuple[list[Taken], list[tuple[str, ...]]]:
        """Return what is taken of each resource as `counters`, and with it the members of indexes, in order."""
        found = await self._counters.read(keys, indexes)
        return [_value(found[key]) for key in keys], [_value(found[key]) for key in indexes]

    async def events(self, after: str = "0", limit: int = 100, *, wait_seconds: float = 0) -> list[StoredEvent]:
        """Return up to `limit` events behind the id `after`; waits up to 5 s for the first when there is none yet."""
        wait = int(1000 * min(wait_seconds, LONGEST_WAIT_SECONDS))
        block: tuple[str | int, ...] = ("BLOCK", wait) if wait > 0 else ()
        command = ("XREAD", "COUNT", limit, *block, "STREAMS", self.keys.stream(), after)
        streams = await self.alone(*command) if block else await self._read(*command)
        return [_event(row) for _, rows in streams or [] for row in rows]

    async def last_event(self) -> str:
        """Return the id of the newest event, "0" when there is none."""
        rows = await self._read("XREVRANGE", self.keys.stream(), "+", "-", "COUNT", 1)
        return str(rows[0][0].decode()) if rows else "0"

    async def now(self) -> datetime:
        """Return the present moment by the server's clock, which gives events their ids (UTC)."""
        seconds, micros = await self._read("TIME")
        return datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC)

    async def stream_sizes(self) -> tuple[int, int]:
        """Return how many events are in the stream, and how many ever were put into it."""
        try:
            flat = await self._read("XINFO", "STREAM", self.keys.stream())
        except ResponseError as fault:
            if "no such key" not in str(fault):
                raise
            return 0, 0
        told = dict(zip(flat[::2], flat[1::2], strict=True))
        return int(told[b"length"]), int(told[b"entries-added"])

    async def scan(self) -> AsyncIterator[list[str]]:
        """Yield the keys of the park, some at a time; one may come twice, and one made meanwhile may be missing."""
        cursor = b"0"
        pattern = self.keys.full("").translate(_LITERAL) + "*"
        while True:
            cursor, names = await self._read("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
            if names:
                yield [name.decode() for name in names]
            if cursor == b"0":
                return

    async def kinds(self, keys: Sequence[str]) -> list[str]:
        """Return the type of what stands under each key: hash, zset, stream, none."""
        return [kind.decode() for kind in await self._read_many([("TYPE", key) for key in keys])]

    async def at_one_moment(self, commands: Sequence[Command]) -> tuple[list[Any], str]:
        """Return the answers of reading commands and the id of the newest event, all as of the same moment."""
        newest: Command = ("XREVRANGE", self.keys.stream(), "+", "-", "COUNT", 1)
        block = [packed(command) for command in (("MULTI",), *commands, newest, ("EXEC",))]
        *_, answers = await exchange(self._waiting_pool, block)
        *values, rows = _value(answers)
        return values, rows[0][0].decode() if rows else "0-0"

    async def quick(self, *command: str | bytes | int) -> Any:
        """Send one command together with the commits of its tick; never sent twice."""
        return _value(await self._commits.send(packed(command)))

    async def alone(self, *command: str | bytes | int) -> Any:
        """Send one command on a connection of its own, for what waits or is rare; never sent twice."""
        return _value((await exchange(self._waiting_pool, [packed(command)]))[0])

    async def _read(self, *command: str | bytes | int) -> Any:
        return (await self._read_many([command]))[0]

    async def _read_many(self, commands: Sequence[Command]) -> list[Any]:
        calls = [packed(command) for command in commands]
        answers = [await sent for sent in [self._reads.send(call) for call in calls]]
        lost = [i for i, answer in enumerate(answers) if isinstance(answer, StoreDown) and answer.maybe_done]
        if lost:  # reading twice harms nobody
            again = [self._reads.send(calls[i]) for i in lost]
            for i, sent in zip(lost, again, strict=True):
                answers[i] = await sent
        return [_value(answer) for answer in answers]


_LITERAL = str.maketrans({sign: f"\\{sign}" for sign in "*?[]\\^"})  # a park's id is no pattern


def _value(answer: Any) -> Any:
    if isinstance(answer, StoreDown):
        raise answer.again()
    if isinstance(answer, ResponseError):
        raise find_down(answer) or answer
    return answer


def _call(commit: Commit, keys: Keys) -> Command:
    """Return the call of commit.lua; its head says how keys and arguments are laid out."""
    names: list[str] = [commit.idempotency_key] if commit.idempotency_key is not None else []
    arguments: list[str | bytes | int] = [
        int(commit.idempotency_key is not None), commit.fingerprint, commit.answer, KEEP_ANSWERS_SECONDS,
        len(commit.expects), len(commit.takes), len(commit.writes), len(commit.events),
    ]  # fmt: skip
    for expect in commit.expects:
        names.append(expect.key)
        arguments.append(expect.version)
    for take in commit.takes:
        names.append(take.key)
        arguments += (take.field, take.amount, take.limit)
    for write in commit.writes:
        moves = (*write.remove_from, *write.add_to)
        names += (write.key, *(index for index, _ in moves))
        arguments += (
            write.document or b"",
            len(write.remove_from),
            len(write.add_to),
            *(member for _, member in moves),
        )
    for event, entry in zip(commit.events, entries(commit, keys), strict=True):
        names.append(event.stream or keys.stream())
        arguments += (len(entry), *entry)
    return ("EVALSHA", SCRIPT_SHA, len(names), *names, *arguments)


def _outcome(commit: Commit, answer: Any) -> Done | NotDone:
    """Return what came of a commit; a ResponseError that no server should give (a fault of this program) is raised."""
    match answer:
        case [b"done", event]:
            return Done(answer=commit.answer, last_event=event.decode() or None)
        case [b"repeated", kept, event]:
            return Done(answer=kept, repeated=True, last_event=event.decode() or None)
        case [b"version", i, found]:
            return VersionChanged(commit.expects[int(i) - 1], int(found))
        case [b"full", i, taken]:
            return CounterFull(commit.takes[int(i) - 1], int(taken))
        case [b"fingerprint"]:
            return FingerprintDiffers("the idempotency key was used for another request")
        case StoreDown():
            return answer.again()
        case ResponseError():
            refused = find_down(answer)
            if refused is None:
                raise answer
            return refused
        case _:
            raise ValueError(f"commit.lua answered {answer!r}")


def _stored(key: str, version: bytes | None, document: bytes | None) -> Stored | None:
    if version is None or document is None:
        return None
    return Stored(key=key, version=int(version), document=orjson.loads(document))


def _event(row: list[Any]) -> StoredEvent:
    identity, flat = row
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    return StoredEvent(
        id=identity.decode(),
        name=fields[b"name"].decode(),
        document=orjson.loads(fields[b"document"]),
        by=fields.get(b"by", b"").decode(),
        told_at=fields.get(b"at", b"").decode(),
        changes=fields.get(b"changes", b""),
    )


def _span(prefix: str) -> tuple[bytes, bytes]:
    """Return the bounds of ZRANGE BYLEX around a prefix; 0xff is behind every byte of UTF-8."""
    if not prefix:
        return b"-", b"+"
    return b"[" + prefix.encode(), b"(" + prefix.encode() + b"\xff"


def _bound(bound: bytes) -> bytes:
    """Return what two bounds of the same side are compared by."""
    return {b"-": b"", b"+": b"\xff"}.get(bound, bound[1:])
