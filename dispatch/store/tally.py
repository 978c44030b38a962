"""Counters read together: what is asked for in the same loop tick is read once, and once made sense of, for all."""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis.asyncio import BlockingConnectionPool

from dispatch.store.commit import StoreDown
from dispatch.store.connection import Pulse, exchange, packed

IntArray = NDArray[np.int64]


class Taken:
    """What was taken of one resource, by field, when it was read. Shared by all who asked: it is looked at, never
    changed. `derived` is for what they make of it."""

    def __init__(self, flat: Sequence[bytes]) -> None:
        """Keep what the server answers HGETALL: field, count, field, count ..."""
        self._flat = flat
        self.derived: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, fields: Mapping[str, int]) -> "Taken":
        """Return what is as if it had been read."""
        return cls([part for field, count in fields.items() for part in (field.encode(), b"%d" % count)])

    def __bool__(self) -> bool:
        return bool(self._flat)

    @cached_property
    def fields(self) -> Mapping[str, int]:
        """Return what is taken by field; one that is not there is 0."""
        pairs = zip(self._flat[::2], self._flat[1::2], strict=True)
        return {field.decode(): int(count) for field, count in pairs}

    def by_slot(self, horizon: int) -> IntArray:
        """Return what is taken in each slot of a day, where the fields are slots; read-only, (T,)."""
        known: IntArray | None = self.derived.get(horizon)
        if known is None:
            known = self.derived[horizon] = _by_slot(self._flat, horizon)
        return known


def _by_slot(flat: Sequence[bytes], horizon: int) -> IntArray:
    if not flat:
        return _nothing(horizon)
    pairs = np.fromstring(b" ".join(flat), dtype=np.int64, sep=" ")  # numbers all, and many: read in one go
    taken = np.zeros(horizon, dtype=np.int64)
    taken[pairs[::2]] = pairs[1::2]
    taken.flags.writeable = False
    return taken


@lru_cache(maxsize=16)
def _nothing(horizon: int) -> IntArray:
    taken = np.zeros(horizon, dtype=np.int64)
    taken.flags.writeable = False
    return taken


class Tally:
    """Reads counters over one connection: while a batch is under way the next gathers.

    A caller's answer has all keys of its batch, each as Taken (of an index: its members), or as the server's error or
    StoreDown.
    """

    def __init__(self, pool: BlockingConnectionPool, pulse: Pulse) -> None:
        self._pool = pool
        self._pulse = pulse
        self._asked: dict[str, bool] = {}  # key: whether it is an index
        self._waiting: list[asyncio.Future[Mapping[str, Any]]] = []
        self._reader: asyncio.Task[None] | None = None

    def read(self, keys: Sequence[str], indexes: Sequence[str] = ()) -> "asyncio.Future[Mapping[str, Any]]":
        """Return the future answer for the keys: as they stand at a moment after this call."""
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        down = self._pulse.find_down()
        if down is not None:
            answer.set_result(_nothing_but(down))
            return answer
        self._asked.update(dict.fromkeys(keys, False))
        self._asked.update(dict.fromkeys(indexes, True))
        self._waiting.append(answer)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_all())
        return answer

    async def close(self) -> None:
        """Wait until everything asked has its answer."""
        if self._reader is not None:
            await self._reader

    async def _read_all(self) -> None:
        while self._waiting:
            asked, self._asked = self._asked, {}
            waiting, self._waiting = self._waiting, []
            commands = [
                packed(("ZRANGE", key, 0, -1) if is_index else ("HGETALL", key)) for key, is_index in asked.items()
            ]
            with self._pulse.awaiting(lambda down, asking=waiting: self._give_up(asking, down)):  # type: ignore[misc]
                answers = await exchange(self._pool, commands)
                if any(isinstance(answer, StoreDown) and answer.maybe_done for answer in answers):
                    answers = await exchange(self._pool, commands)  # reading twice harms nobody
            found = {
                key: _read(answer, is_index=is_index)
                for (key, is_index), answer in zip(asked.items(), answers, strict=True)
            }
            for each in waiting:
                if not each.done():
                    each.set_result(found)

    def _give_up(self, asking: Sequence["asyncio.Future[Mapping[str, Any]]"], down: StoreDown) -> None:
        for answer in (*asking, *self._waiting):
            if not answer.done():
                answer.set_result(_nothing_but(down))
        self._asked, self._waiting = {}, []


def _nothing_but(down: StoreDown) -> Mapping[str, Any]:
    return defaultdict(lambda: down)


def _read(answer: Any, *, is_index: bool) -> Any:
    if not isinstance(answer, list):
        return answer
    return tuple(member.decode() for member in answer) if is_index else Taken(answer)
