"""Following the park's stream from where one was: what is heard is heard at least once, in order."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from dispatch.store import codec
from dispatch.store.commit import Commit, Expect, StoredEvent, VersionChanged, Write
from dispatch.store.store import Store

AT_ONCE = 200  # events


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where somebody has heard the stream."""

    after: str = "0"


class NotNow(Exception):
    """An event could not be dealt with yet; it is heard again the next time."""


async def follow(store: Store, name: str, hear: Callable[[StoredEvent], Awaitable[None]]) -> int:
    """Let `hear` have the events behind the cursor of this name, and move the cursor on; return how many it had.

    It ends at the end of the stream, or at the first event that `hear` raises NotNow of. What was heard and not noted,
    as the process was lost, is heard again.
    """
    heard = 0
    while (batch := await _follow(store, name, hear)) == AT_ONCE:
        heard += batch
    return heard + batch


async def _follow(store: Store, name: str, hear: Callable[[StoredEvent], Awaitable[None]]) -> int:
    key = store.keys.cursor(name)
    stored = await store.find(key)
    cursor = Cursor() if stored is None else codec.read(Cursor, stored.document)
    heard, after = 0, cursor.after
    for event in await store.events(cursor.after, AT_ONCE):
        try:
            await hear(event)
        except NotNow:
            break
        heard, after = heard + 1, event.id
    if heard:
        version = stored.version if stored is not None else 0
        moved = Commit((Expect(key, version),), writes=(Write(key, codec.dump(Cursor(after))),))
        with suppress(VersionChanged):  # another follower of this name has moved it
            await store.commit(moved)
    return heard
