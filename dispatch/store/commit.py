"""What one atomic change of the store consists of, and what came of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Expect:
    """An entity must stand at this version when the change is made; 0 means it must not exist."""

    key: str
    version: int


class Take(NamedTuple):
    """Add `amount` to a counter, refused where it would pass `limit`; a negative amount gives back, never below zero.

    A counter is one field of a hash: the hash is a resource on a day, the field a slot.
    """

    key: str
    field: str
    amount: int
    limit: int


@dataclass(frozen=True, slots=True)
class Write:
    """Write an entity (its version goes up by one), and the indexes it shall be found in and removed from."""

    key: str
    document: bytes | None  # JSON; None removes the entity
    add_to: tuple[tuple[str, str], ...] = ()  # (index key, member)
    remove_from: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A past-tense fact for the park's stream, or for another stream of the park (its key)."""

    name: str
    document: bytes  # JSON
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """All of it or none. With an idempotency key, a repeat returns what the first call answered.

    `idempotency_key` is a key of the store (`Keys.idempotency`); `fingerprint` tells a true repeat from another request
    under the same key; `answer` is kept for repeats. Only what was done is kept: a refused call may be tried again.
    """

    expects: tuple[Expect, ...] = ()
    takes: tuple[Take, ...] = ()
    writes: tuple[Write, ...] = ()
    events: tuple[Event, ...] = ()
    idempotency_key: str | None = None
    fingerprint: str = ""
    answer: bytes = b""


def together(*commits: Commit) -> Commit:
    """Return one change that makes all of these or none; what is given back comes before what is taken.

    It has the idempotency key of the first.
    """
    takes = [take for commit in commits for take in commit.takes]
    return replace(
        commits[0],
        expects=tuple(each for commit in commits for each in commit.expects),
        takes=(*(take for take in takes if take.amount < 0), *(take for take in takes if take.amount > 0)),
        writes=tuple(each for commit in commits for each in commit.writes),
        events=tuple(each for commit in commits for each in commit.events),
    )


@dataclass(frozen=True, slots=True)
class Done:
    """The change is in the store, durably. `repeated` when an earlier call with the same key had made it."""

    answer: bytes
    repeated: bool = False
    last_event: str | None = None


class NotDone(Exception):
    """Nothing was changed."""


class CounterFull(NotDone):
    """A take would pass its limit."""

    def __init__(self, take: Take, taken: int) -> None:
        super().__init__(f"{take.key} {take.field}: {taken} taken, limit {take.limit}")
        self.take = take
        self.taken = taken


class VersionChanged(NotDone):
    """An entity is not at the expected version."""

    def __init__(self, expect: Expect, found: int) -> None:
        super().__init__(f"{expect.key} is at version {found}, expected {expect.version}")
        self.expect = expect
        self.found = found


class FingerprintDiffers(NotDone):
    """The idempotency key was used for another request."""


class StoreDown(NotDone):
    """The store cannot be reached or takes no writes.

    `maybe_done` when the answer was lost on the way, `reads_go_on` when only writes are refused: its disk is full, say.
    """

    def __init__(self, reason: str, *, maybe_done: bool = False, reads_go_on: bool = False) -> None:
        super().__init__(reason)
        self.maybe_done = maybe_done
        self.reads_go_on = reads_go_on

    def again(self) -> "StoreDown":
        """Return another one that says the same, to be raised for another caller."""
        return StoreDown(str(self), maybe_done=self.maybe_done, reads_go_on=self.reads_go_on)


class ArchiveFault(Exception):
    """The archive does not hold what was trimmed from the stream; `str()` is one line."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An entity as it stands in the store."""

    key: str
    version: int
    document: Any  # decoded JSON


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an index: members in order, and where the next page begins (None at the end)."""

    members: tuple[str, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A fact from the park's stream; ids rise in the order of the commits.

    `by` is who did it ("" when nobody said), `told_at` when by the clock of whoever did it, `changes` what the commit
    changed, as `dispatch.store.changes` writes it ("" where it changed nothing, or another event of the commit has it).
    """

    id: str
    name: str
    document: Any  # decoded JSON
    by: str = ""
    told_at: str = ""
    changes: bytes = b""

    @property
    def at(self) -> datetime:
        """Return when it happened: by the clock of whoever did it, else by the store's."""
        if self.told_at:
            return datetime.fromisoformat(self.told_at)
        return stored_at(self.id)


def stored_at(event_id: str) -> datetime:
    """Return when the store took an event in, by its own clock (UTC)."""
    return datetime.fromtimestamp(int(event_id.partition("-")[0]) / 1000, UTC)


def order_of(event_id: str) -> tuple[int, int]:
    """Return what event ids are ordered by."""
    moment, _, number = event_id.partition("-")
    return int(moment), int(number or 0)
