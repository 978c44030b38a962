"""What every service works with: the park, the store and its keys; and what they have in common."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, TypeVar

from dispatch.model.allowances import NO_ALLOWANCES, Allowances
from dispatch.model.park import CargoKind, DockKind, Enterprise, Park
from dispatch.model.refusals import Changed, KeyReused, NotAllowedNow, NotThere
from dispatch.services.capacities import Capacities
from dispatch.services.price_board import PriceBoard
from dispatch.services.waits import WaitBoard
from dispatch.store import codec
from dispatch.store.commit import Commit, Done, FingerprintDiffers, VersionChanged
from dispatch.store.keys import Keys
from dispatch.store.store import Store

T = TypeVar("T")
TRIES = 5  # of changing what others are changing
SEEKING_AT_ONCE = 64  # more only wait for each other, and the last for the longest


class AllowanceBoard:
    """Remembers the newest allowances, in the memory of the process that answers requests."""

    def __init__(self) -> None:
        self.newest = NO_ALLOWANCES

    def post(self, allowances: Allowances) -> None:
        """Put up allowances in place of the older ones."""
        self.newest = allowances


@dataclass(frozen=True)
class Desk:
    """Where requests are answered: one park, its store, the bid prices of its days, and what is learnt of its past."""

    park: Park
    store: Store
    prices: PriceBoard = field(default_factory=PriceBoard)
    allowance_board: AllowanceBoard = field(default_factory=AllowanceBoard)
    wait_board: WaitBoard = field(default_factory=WaitBoard)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SEEKING_AT_ONCE))

    @property
    def allowances(self) -> Allowances:
        """Return what bookings are bounded by besides the park file."""
        return self.allowance_board.newest

    @property
    def keys(self) -> Keys:
        """Return the names of everything in the store."""
        return self.store.keys

    @cached_property
    def capacities(self) -> Capacities:
        """Return the park's capacities per slot."""
        return Capacities(self.park)


@dataclass(frozen=True, slots=True)
class Repeatable:
    """An Idempotency-Key with the fingerprint of its request."""

    key: str
    fingerprint: str

    def row(self, number: int) -> "Repeatable":
        """Return the key of one row of a bulk request; no client's key holds a '#'."""
        return Repeatable(f"{self.key}#{number}", self.fingerprint)


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A thing as it stands in the store. `repeated` when an earlier call with the same key had made it."""

    thing: T
    version: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One page of things; `next_after` is where the next one begins, None at the end."""

    things: tuple[T, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page of a list: up to `limit` things behind the index member `after`."""

    after: str | None = None
    limit: int = 50


class Misfit(Exception):
    """A field of what was asked does not fit the park: its name, and what is wrong with it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def made_by(build: Callable[[], T]) -> T:
    """Return what `build` makes; Misfit where the model refuses a field by a ValueError `field: problem`."""
    try:
        return build()
    except ValueError as fault:
        field, colon, problem = str(fault).partition(": ")
        if colon and " " not in field:
            raise Misfit(field, problem) from None
        raise Misfit(str(fault).partition(" ")[0], str(fault)) from None


def new_id(kind: str, repeatable: Repeatable | None) -> str:
    """Return an id: always the same for the same request under the same Idempotency-Key.

    So a repeat cannot make a second one, even when it comes after the store has forgotten the key.
    """
    if repeatable is None:
        return f"{kind}-{secrets.token_hex(10)}"
    digest = hashlib.sha256(f"{repeatable.key}\n{repeatable.fingerprint}".encode()).hexdigest()
    return f"{kind}-{digest[:20]}"


async def committed(desk: Desk, commit: Commit) -> Done:
    """Make the change; KeyReused when its Idempotency-Key was used for another request."""
    try:
        return await desk.store.commit(commit)
    except FingerprintDiffers:
        raise KeyReused("Idempotency-Key") from None


def repeatable_by(desk: Desk, commit: Commit, repeatable: Repeatable | None, answer: bytes = b"null") -> Commit:
    """Return the change as one that is made once under its Idempotency-Key, if it has one; repeats get the answer."""
    if repeatable is None:
        return commit
    key = desk.keys.idempotency(repeatable.key)
    return replace(commit, idempotency_key=key, fingerprint=repeatable.fingerprint, answer=answer)


Versions = frozenset[int] | None  # those a change may be based on; None is any


def check_version(found: int, expected: Versions, name: str) -> None:
    """Raise Changed unless the version is one of those expected."""
    if expected is not None and found not in expected:
        raise Changed(f"{name} is at version {found}")


def get_carrier(park: Park, carrier: str) -> Enterprise:
    """Return an enterprise of the park that runs trucks; Misfit otherwise."""
    firm = park.enterprise_by_id.get(carrier)
    if firm is None:
        raise Misfit("carrier", f"{carrier!r} is not known in this park")
    return firm


def get_cargo_kind(park: Park, cargo_kind: str, dock_kind: DockKind | None) -> CargoKind:
    """Return a cargo kind of the park; Misfit when unknown, or when it needs other docks than `dock_kind`."""
    kind = park.cargo_kind_by_id.get(cargo_kind)
    if kind is None:
        raise Misfit("cargo_kind", f"{cargo_kind!r} is not known in this park")
    if dock_kind not in (None, kind.dock_kind):
        raise Misfit("dock_kind", f"{cargo_kind} needs {kind.dock_kind} docks, not {dock_kind}")
    return kind


async def get_kept(desk: Desk, kind: type[T], key: str, what: str, identity: str) -> Kept[T]:
    """Return a thing as it stands in the store; NotThere otherwise."""
    stored = await desk.store.find(key)
    if stored is None:
        raise not_there(what, identity)
    return Kept(codec.read(kind, stored.document), stored.version)


async def retried(name: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Return what an attempt at a change gives, begun anew when others change the thing meanwhile; NotAllowedNow when
    they do so again and again."""
    for _ in range(TRIES):
        with suppress(VersionChanged):
            return await attempt()
    raise NotAllowedNow(f"{name} is being changed by others")


def not_there(what: str, identity: str) -> NotThere:
    """Return the refusal for a thing that does not exist."""
    return NotThere(f"{what} {identity}")


async def find_repeat(desk: Desk, repeatable: Repeatable | None) -> bytes | None:
    """Return what an earlier request under this Idempotency-Key was answered, or None; KeyReused if it was another."""
    if repeatable is None:
        return None
    try:
        done = await desk.store.find_repeat(desk.keys.idempotency(repeatable.key), repeatable.fingerprint)
    except FingerprintDiffers:
        raise KeyReused("Idempotency-Key") from None
    return done.answer if done else None
