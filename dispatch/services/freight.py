"""Loads, trucks, visits and matches as changes of the store. Pure functions: records in, commits out.

`LoadRecord` and `MatchRecord` are what the store keeps of a load and of a match.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from dispatch.model.day import Load, Truck, Visit
from dispatch.model.grid import SlotGrid
from dispatch.model.park import FORBID_UNKNOWN
from dispatch.model.promises import LOAD_LIFE, LoadState, Match
from dispatch.model.refusals import NotAllowedNow
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, Take, Write
from dispatch.store.keys import Keys, match_member, time_member

Moves = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """A load as the store keeps it; `match` is the id of the match it is in, `declined` the plates that would not have
    it."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    load: Load
    state: LoadState
    posted_at: datetime
    match: str | None = None
    declined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """A match as the store keeps it; one that was undone is no longer in any index but its own."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    match: Match
    made_at: datetime
    undone_at: datetime | None = None


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


def withdraw_load(keys: Keys, grid: SlotGrid, kept: KeptLoad) -> Commit:
    """Return the change that withdraws a load; NotAllowedNow unless it is only posted."""
    record = _moved(kept.record, "withdraw", match=None)
    write = _rewrite(keys, grid, kept.record, record)
    return Commit(
        expects=(Expect(write.key, kept.version),),
        writes=(write,),
        events=(Event("LoadWithdrawn", codec.dump(record)),),
    )


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


def make_match(
    keys: Keys, grid: SlotGrid, match: Match, loads: Sequence[KeptLoad], now: datetime, *, behind: int = 0
) -> Commit:
    """Return the change that gives a truck its chain; NotAllowedNow names a load that is not posted (any more).

    The truck may have `behind` chains of the day already, which this one goes on from: CounterFull when it has more.
    """
    record = MatchRecord(match=match, made_at=now)
    key, document = keys.match(match.id), codec.dump(record)
    moved = [_moved(kept.record, "match", match=match.id) for kept in loads]
    rewrites = [_rewrite(keys, grid, kept.record, after) for kept, after in zip(loads, moved, strict=True)]
    return Commit(
        expects=(Expect(key, 0), *_expected(keys, loads)),
        takes=(Take(keys.chained(match.day), match.plate, 1, behind + 1),),
        writes=(Write(key, document, add_to=_match_indexes(keys, match)), *rewrites),
        events=(Event("MatchMade", document),),
    )


def undo_match(
    keys: Keys, grid: SlotGrid, record: MatchRecord, version: int, loads: Sequence[KeptLoad], now: datetime
) -> Commit:
    """Return the change that takes a chain from its truck; its loads are posted again."""
    moved = [_moved(kept.record, "unmatch", match=None) for kept in loads]
    return _undone(keys, grid, (record, version), loads, moved, now)


def decline_match(
    keys: Keys, grid: SlotGrid, record: MatchRecord, version: int, loads: Sequence[KeptLoad], now: datetime
) -> Commit:
    """Return the change by which a driver turns an offer down: undone, its loads never offered to the truck again."""
    plate = record.match.plate
    moved = [_moved(kept.record, "unmatch", match=None) for kept in loads]
    moved = [replace(after, declined=tuple(sorted({*after.declined, plate}))) for after in moved]
    return _undone(keys, grid, (record, version), loads, moved, now)


def _undone(
    keys: Keys,
    grid: SlotGrid,
    kept_match: tuple[MatchRecord, int],
    loads: Sequence[KeptLoad],
    moved: Sequence[LoadRecord],
    now: datetime,
) -> Commit:
    record, version = kept_match
    match = record.match
    undone = replace(record, undone_at=now)
    key, document = keys.match(match.id), codec.dump(undone)
    rewrites = [_rewrite(keys, grid, kept.record, after) for kept, after in zip(loads, moved, strict=True)]
    return Commit(
        expects=(Expect(key, version), *_expected(keys, loads)),
        takes=(Take(keys.chained(match.day), match.plate, -1, 0),),
        writes=(Write(key, document, remove_from=_match_indexes(keys, match)), *rewrites),
        events=(Event("MatchUndone", document),),
    )


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


def _moved(record: LoadRecord, move: str, *, match: str | None) -> LoadRecord:
    state = LOAD_LIFE.get((record.state, move))
    if state is None:
        raise NotAllowedNow(f"load {record.load.id} is {record.state}")
    return replace(record, state=state, match=match)


def _rewrite(keys: Keys, grid: SlotGrid, before: LoadRecord, after: LoadRecord) -> Write:
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
    """Return where a load is found by its state."""
    listed = ((keys.loads_in_state(record.state), _load_member(record.load)),)
    if record.state is not LoadState.POSTED:
        return listed
    return (*listed, (keys.open_loads(grid.day_of(record.load.earliest)), record.load.id))


def _load_member(load: Load) -> str:
    return time_member(load.earliest, load.id)


def _match_indexes(keys: Keys, match: Match) -> Moves:
    member = match_member(match.day, match.plan, match.id)
    shared = (keys.matches(), keys.matches_of_truck(match.plate), keys.matches_of_plan(match.plan))
    return tuple((index, member) for index in (*shared, *(keys.matches_of_load(each.load) for each in match.loads)))


def _expected(keys: Keys, loads: Sequence[KeptLoad]) -> tuple[Expect, ...]:
    return tuple(Expect(keys.load(kept.record.load.id), kept.version) for kept in loads)
