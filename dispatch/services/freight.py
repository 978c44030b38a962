"""Loads, trucks and visits as changes of the store. Pure functions: records in, commits out.

`LoadRecord` and `MatchRecord` are what the store keeps of a load and of a match.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from dispatch.model.day import Load, Truck, Visit
from dispatch.model.grid import SlotGrid
from dispatch.model.park import FORBID_UNKNOWN
from dispatch.model.promises import LOAD_LIFE, LoadState, Match
from dispatch.model.refusals import NotAllowedNow
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, Write
from dispatch.store.keys import Keys, deadline_member, time_member

Moves = tuple[tuple[str, str], ...]
READ_OLDER = {"extra": "ignore"}  # older stores have `declined` and `undone_at`
FREE: Mapping[str, None] = {"match": None, "plate": None, "taken_by": None, "saved_km": None}  # of a load nobody has


@dataclass(frozen=True, slots=True)
class Moved:
    """When a load came into a state."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    state: LoadState
    at: datetime


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """A load as the store keeps it.

    `match` is the id of the match it is in; `plate` and `taken_by` are its truck and carrier, `saved_km` the load's
    part of what it saves. `offered_to` are the plates it was ever offered to, `exceptions` the ids of the open ones.
    """

    __pydantic_config__: ClassVar = READ_OLDER
    load: Load
    state: LoadState
    posted_at: datetime
    match: str | None = None
    plate: str | None = None
    taken_by: str | None = None
    saved_km: int | None = None
    offered_to: tuple[str, ...] = ()
    history: tuple[Moved, ...] = ()
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """A match as the store keeps it; only one that stands is in the indexes of matches.

    `made_at` is when it was planned, or then offered; `expires_at` is None until it is. `appointments` are the slots
    its loads hold; `reason` is the driver's, for declining it or handing it back.
    """

    __pydantic_config__: ClassVar = READ_OLDER
    match: Match
    made_at: datetime
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    appointments: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KeptLoad:
    """A load's record with the version it stands at."""

    record: LoadRecord
    version: int


def post_load(keys: Keys, grid: SlotGrid, load: Load, now: datetime) -> Commit:
    """Return the change that posts a new load."""
    record = LoadRecord(load=load, state=LoadState.POSTED, posted_at=now)
    return _create(keys.load(load.id), record, _load_indexes(keys, grid, record), "LoadPosted")


def remove_load(keys: Keys, grid: SlotGrid, kept: KeptLoad) -> Commit:
    """Return the change that removes a load altogether; NotAllowedNow while it is in a match."""
    if kept.record.match is not None:
        raise NotAllowedNow(f"load {kept.record.load.id} is {kept.record.state}")
    key = keys.load(kept.record.load.id)
    return _remove(key, kept.version, _load_indexes(keys, grid, kept.record), "LoadRemoved")


def move_load(keys: Keys, grid: SlotGrid, kept: KeptLoad, after: LoadRecord, event: str) -> Commit:
    """Return the change that writes a load's record anew."""
    write = rewrite(keys, grid, kept.record, after)
    return Commit(
        expects=(Expect(write.key, kept.version),), writes=(write,), events=(Event(event, codec.dump(after)),)
    )


def moved(record: LoadRecord, event: str, now: datetime, **changes: Any) -> LoadRecord:
    """Return the load after an event of its life; NotAllowedNow when its state does not allow it."""
    state = LOAD_LIFE.get((record.state, event))
    if state is None:
        raise NotAllowedNow(f"load {record.load.id} is {record.state}")
    history = record.history if state is record.state else (*record.history, Moved(state, now))
    return replace(record, state=state, history=history, **changes)


def post_visit(keys: Keys, grid: SlotGrid, visit: Visit) -> Commit:
    """Return the change that takes a new wish to come."""
    return _create(keys.visit(visit.id), visit, _visit_indexes(keys, grid, visit), "VisitPosted")


def remove_visit(keys: Keys, grid: SlotGrid, visit: Visit, version: int) -> Commit:
    """Return the change that removes a wish to come altogether; an appointment it has stays."""
    return _remove(keys.visit(visit.id), version, _visit_indexes(keys, grid, visit), "VisitRemoved")


def announce_truck(keys: Keys, truck: Truck, version: int = 0) -> Commit:
    """Return the change that says where and when a truck is next free, in place of what stood at `version`."""
    key, document = keys.truck_state(truck.plate), codec.dump(truck)
    return Commit(
        expects=(Expect(key, version),),
        writes=(Write(key, document, add_to=((keys.trucks(), truck.plate),)),),
        events=(Event("TruckAnnounced", document),),
    )


def remove_truck(keys: Keys, truck: Truck, version: int) -> Commit:
    """Return the change that forgets where a truck is."""
    return _remove(keys.truck_state(truck.plate), version, ((keys.trucks(), truck.plate),), "TruckRemoved")


def _create(key: str, thing: LoadRecord | Visit, indexes: Moves, event: str) -> Commit:
    document = codec.dump(thing)
    return Commit(
        expects=(Expect(key, 0),), writes=(Write(key, document, add_to=indexes),), events=(Event(event, document),)
    )


def _remove(key: str, version: int, indexes: Moves, event: str) -> Commit:
    return Commit(
        expects=(Expect(key, version),),
        writes=(Write(key, None, remove_from=indexes),),
        events=(Event(event, codec.dump({"key": key})),),
    )


def rewrite(keys: Keys, grid: SlotGrid, before: LoadRecord, after: LoadRecord) -> Write:
    """Return the write of a load's record, with the indexes its state puts it in."""
    return Write(
        keys.load(after.load.id),
        codec.dump(after),
        add_to=_state_indexes(keys, grid, after),
        remove_from=_state_indexes(keys, grid, before),
    )


def _visit_indexes(keys: Keys, grid: SlotGrid, visit: Visit) -> Moves:
    day = grid.day_of(visit.wish)
    return ((keys.visits(day), visit.id), (keys.open_visits(day), visit.id))


def _load_indexes(keys: Keys, grid: SlotGrid, record: LoadRecord) -> Moves:
    member, day = _load_member(record.load), grid.day_of(record.load.earliest)
    return (
        (keys.loads(), member),
        (keys.loads_of(record.load.enterprise), member),
        (keys.day_loads(day), record.load.id),
        *_state_indexes(keys, grid, record),
    )


def _state_indexes(keys: Keys, grid: SlotGrid, record: LoadRecord) -> Moves:
    """Return where a load is found by its state; one that nobody has yet, also by when it is given up."""
    load = record.load
    listed = [(keys.loads_in_state(record.state), _load_member(load))]
    if record.state in (LoadState.POSTED, LoadState.OFFERED):
        listed.append((keys.deadlines(), deadline_member(load.latest, "load", load.id)))
    if record.state is LoadState.POSTED and record.match is None:
        listed.append((keys.open_loads(grid.day_of(load.earliest)), load.id))
    return tuple(listed)


def _load_member(load: Load) -> str:
    return time_member(load.earliest, load.id)
