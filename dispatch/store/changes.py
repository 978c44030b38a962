"""What a commit changed, kept in the stream beside its event: whoever folds the stream has the whole board again.

The machinery's own notes (jobs, answers kept for repeats, rate limits) are no part of the board and are left out.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from dispatch.store.commit import Commit, Event, Write
from dispatch.store.keys import Keys, is_on_board

SAME = "="  # in place of a document that is the event's own


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and his clock."""

    by: str
    clock: Callable[[], datetime]


_ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)


class acting:  # noqa: N801 - it is used as a function is
    """Lets every event made in the block, and in tasks begun in it, say who did it and when."""

    def __init__(self, by: str, clock: Callable[[], datetime]) -> None:
        self._origin = Origin(by, clock)

    def __enter__(self) -> None:
        self._token = _ORIGIN.set(self._origin)

    def __exit__(self, *_: object) -> None:
        _ORIGIN.reset(self._token)


def entries(commit: Commit, keys: Keys) -> Iterator[list[str | bytes]]:
    """Yield for each event the fields and values of its entry; the last of the park's own has the changes."""
    last = next((event for event in reversed(commit.events) if event.stream is None), None)
    for event in commit.events:
        entry: list[str | bytes] = ["name", event.name, "document", event.document]
        if event.stream is None:
            entry += _origin()
        if event is last:
            entry += _changes(commit, event, keys)
        yield entry


def _origin() -> list[str | bytes]:
    origin = _ORIGIN.get()
    return ["by", origin.by, "at", origin.clock().isoformat()] if origin is not None else []


def _changes(commit: Commit, event: Event, keys: Keys) -> list[str | bytes]:
    short = keys.short
    writes = [_written(write, event, keys) for write in commit.writes if keys.is_on_board(write.key)]
    named = [(short(take.key), take.field, take.amount) for take in commit.takes]
    takes = [take for take in named if is_on_board(take[0])]
    return ["changes", orjson.dumps((writes, takes))] if writes or takes else []


def _written(write: Write, event: Event, keys: Keys) -> tuple[Any, ...]:
    document: Any = None
    if write.document is not None:
        document = SAME if write.document == event.document else orjson.Fragment(write.document)
    leave = [(keys.short(index), member) for index, member in write.remove_from]
    join = [(keys.short(index), member) for index, member in write.add_to]
    return keys.short(write.key), document, leave, join
