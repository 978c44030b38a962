"""Making new things in the store, each once, however often it is asked for under one Idempotency-Key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from dispatch.model.refusals import AlreadyThere, KeyReused, Refusal
from dispatch.services.desk import Desk, Kept, Misfit, Repeatable, committed, repeatable_by
from dispatch.store import codec
from dispatch.store.commit import Commit, Done, FingerprintDiffers, NotDone, StoreDown, VersionChanged

T = TypeVar("T")
Draft = TypeVar("Draft")

CHUNK = 200  # rows that go to the store in one go; others are served between them


@dataclass(frozen=True, slots=True)
class New(Generic[T]):
    """A thing to be made: what the store keeps of it, and the change that does it.

    `own_id` says that the asker chose the id: then one that is there already is refused with AlreadyThere.
    """

    thing: T
    name: str  # as a refusal names it: "load l-1"
    commit: Commit
    own_id: bool


async def make(desk: Desk, new: New[T], repeatable: Repeatable | None) -> Kept[T]:
    """Make the thing, or return what an earlier call with the same Idempotency-Key made; AlreadyThere, KeyReused.

    VersionChanged when another thing, which the commit goes by, was changed meanwhile.
    """
    try:
        return _kept(new, await committed(desk, _repeatable(desk, new, repeatable)))
    except VersionChanged as changed:
        if changed.expect != new.commit.expects[0]:
            raise
        return await _found(desk, new)


async def make_many(
    desk: Desk,
    drafts: Sequence[Draft | Misfit],
    build: Callable[[Draft, Repeatable | None], New[T]],
    repeatable: Repeatable | None,
) -> list[Kept[T] | Misfit | Refusal]:
    """Make what `build` makes of each draft, each for itself; return what came of each.

    Raises KeyReused before any is made, and StoreDown when it is not known of all rows what came of them.
    """
    await claim(desk, repeatable)
    made: list[Kept[T] | Misfit | Refusal] = []
    for begin in range(0, len(drafts), CHUNK):
        chunk = drafts[begin : begin + CHUNK]
        keys = [repeatable.row(begin + i) if repeatable else None for i in range(len(chunk))]
        rows = [_attempt(draft, key, build) for draft, key in zip(chunk, keys, strict=True)]
        made += await _make_chunk(desk, rows, keys)
    return made


async def claim(desk: Desk, repeatable: Repeatable | None) -> None:
    """Take the Idempotency-Key of a request of many rows for it alone; KeyReused when another had it."""
    if repeatable is not None:
        key = desk.keys.idempotency(repeatable.key)
        await committed(desk, Commit(idempotency_key=key, fingerprint=repeatable.fingerprint, answer=b"null"))


def _attempt(
    draft: Draft | Misfit, key: Repeatable | None, build: Callable[[Draft, Repeatable | None], New[T]]
) -> New[T] | Misfit:
    if isinstance(draft, Misfit):
        return draft
    try:
        return build(draft, key)
    except Misfit as misfit:
        return misfit


async def _make_chunk(
    desk: Desk, rows: Sequence[New[T] | Misfit], keys: Sequence[Repeatable | None]
) -> list[Kept[T] | Misfit | Refusal]:
    commits = [_repeatable(desk, row, key) for row, key in zip(rows, keys, strict=True) if isinstance(row, New)]
    outcomes = iter(await desk.store.commit_many(commits))
    return [row if isinstance(row, Misfit) else await _came_of(desk, row, next(outcomes)) for row in rows]


async def _came_of(desk: Desk, new: New[T], outcome: Done | NotDone) -> Kept[T] | Refusal:
    match outcome:
        case Done():
            return _kept(new, outcome)
        case FingerprintDiffers():
            raise KeyReused("Idempotency-Key")
        case VersionChanged():
            try:
                return await _found(desk, new)
            except AlreadyThere as refusal:
                return refusal
        case StoreDown():
            raise StoreDown(str(outcome), maybe_done=True)  # rows before this one are made
        case _:
            raise outcome


def _repeatable(desk: Desk, new: New[T], repeatable: Repeatable | None) -> Commit:
    return repeatable_by(desk, new.commit, repeatable, codec.dump(new.thing))


def _kept(new: New[T], done: Done) -> Kept[T]:
    if not done.repeated:
        return Kept(new.thing, 1)
    return Kept(codec.read(type(new.thing), orjson.loads(done.answer)), 1, repeated=True)


async def _found(desk: Desk, new: New[T]) -> Kept[T]:
    """Return what stands where the new thing should: made under the same key long ago, unless its id was chosen."""
    stored = None if new.own_id else await desk.store.find(new.commit.expects[0].key)
    if stored is None:
        raise AlreadyThere(new.name)
    return Kept(codec.read(type(new.thing), stored.document), stored.version, repeated=True)
