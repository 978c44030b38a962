"""The board folded from the stream: entities, counters and indexes as the events say they came about.

`differences` holds it against the store, key by key, at the very event up to which it is folded; so it is exact while
others go on changing the store.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from dispatch.store.changes import SAME
from dispatch.store.commit import StoredEvent, order_of
from dispatch.store.store import Store

AT_ONCE = 500  # keys read together, and events

Entity = tuple[int, Any]  # version, document
Value = Entity | dict[str, int] | set[str]


class Board:
    """What the park has promised, by key: an entity (version, document), a counter hash, or the members of an index."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.counters: dict[str, dict[str, int]] = {}
        self.indexes: dict[str, set[str]] = {}
        self.events = 0
        self.last_event = "0-0"

    def apply(self, event: StoredEvent) -> None:
        """Take in the next event of the stream."""
        self.events += 1
        self.last_event = event.id
        if not event.changes:
            return
        writes, takes = orjson.loads(event.changes)
        for key, field, amount in takes:
            counter = self.counters.setdefault(key, {})
            counter[field] = max(0, counter.get(field, 0) + amount)
            if not counter[field]:
                del counter[field]
        for key, document, leave, join in writes:
            self._write(key, event.document if document == SAME else document)
            for index, member in leave:
                self.indexes.get(index, set()).discard(member)
            for index, member in join:
                self.indexes.setdefault(index, set()).add(member)

    def find(self, key: str) -> Value | None:
        """Return what stands under a short key; None where there is nothing (any more)."""
        return self.entities.get(key) or self.counters.get(key) or self.indexes.get(key) or None

    def keys(self) -> set[str]:
        """Return the short keys under which something stands."""
        return {
            key for part in (self.entities, self.counters, self.indexes) for key in part if self.find(key) is not None
        }

    def _write(self, key: str, document: Any) -> None:
        if document is None:
            self.entities.pop(key, None)
        else:
            version, _ = self.entities.get(key, (0, None))
            self.entities[key] = (version + 1, document)


@dataclass(frozen=True, slots=True)
class Difference:
    """A key under which the store and the fold of the stream do not hold the same."""

    key: str
    store: Value | None
    stream: Value | None


@dataclass(frozen=True, slots=True)
class Proof:
    """How much was folded and held against the store, and what differs."""

    events: int
    keys: int
    last_event: str
    differences: tuple[Difference, ...]


async def prove(store: Store, board: Board) -> Proof:
    """Fold the rest of the stream into the board and hold it against everything the store has of the park."""
    found: list[Difference] = []
    seen: set[str] = set()
    async for keys in _all_keys(store):
        seen |= keys
        found += await _differing(store, board, keys)
    missing = sorted(board.keys() - seen)
    for begin in range(0, len(missing), AT_ONCE):
        found += await _differing(store, board, missing[begin : begin + AT_ONCE])
    return Proof(board.events, len(board.keys()), board.last_event, tuple(sorted(found, key=lambda each: each.key)))


async def fold_up_to(store: Store, board: Board, last: str) -> None:
    """Fold the events of the stream behind the board's last, up to and including the event `last`."""
    while order_of(board.last_event) < order_of(last):
        events = await store.events(board.last_event, AT_ONCE)
        for event in events:
            if order_of(event.id) > order_of(last):
                return
            board.apply(event)
        if not events:
            return


async def _differing(store: Store, board: Board, keys: Iterable[str]) -> list[Difference]:
    names = sorted(keys)
    values, last = await _read(store, board, names)
    await fold_up_to(store, board, last)
    pairs = ((key, values[key], board.find(key)) for key in names)
    return [Difference(key, stands, told) for key, stands, told in pairs if stands != told]


async def _all_keys(store: Store) -> AsyncIterator[set[str]]:
    async for names in store.scan():
        yield {store.keys.short(name) for name in names if store.keys.is_on_board(name)}


async def _read(store: Store, board: Board, names: list[str]) -> tuple[Mapping[str, Value | None], str]:
    """Return what stands under the short keys, and the last event, all as of one moment."""
    kinds = dict(zip(names, await store.kinds([store.keys.full(name) for name in names]), strict=True))
    kinds |= {name: "zset" for name, kind in kinds.items() if kind == "none" and name in board.indexes}
    values, last = await store.at_one_moment([_reading(kinds[name], store.keys.full(name)) for name in names])
    return {name: _value(kinds[name], value) for name, value in zip(names, values, strict=True)}, last


def _reading(kind: str, key: str) -> tuple[str | int, ...]:
    return ("ZRANGE", key, 0, -1) if kind == "zset" else ("HGETALL", key)


def _value(kind: str, raw: list[bytes]) -> Value | None:
    if not raw:
        return None
    if kind == "zset":
        return {member.decode() for member in raw}
    fields = dict(zip(raw[::2], raw[1::2], strict=True))
    if fields.keys() == {b"v", b"d"}:
        return int(fields[b"v"]), orjson.loads(fields[b"d"])
    return {field.decode(): int(value) for field, value in fields.items()}
