"""A day and its plans in the store: load what was asked for, publish what was decided, take a plan back.

Each visit, load, truck and chain is a commit of its own, so bookings that come in meanwhile are never blocked and
never oversold: what a plan finds taken is refused and named. Everything here may be run again after being broken off.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

from dispatch.model import rules
from dispatch.model.day import CarrierLists, Day, Load, Truck, Visit
from dispatch.model.park import OPEN_POOL, Park
from dispatch.model.promises import (
    HOLDING,
    MATCH_LIFE,
    Appointment,
    AppointmentState,
    Match,
    MatchedLoad,
    Purpose,
    Source,
)
from dispatch.model.refusals import NotAllowedNow
from dispatch.model.shares import has_shares
from dispatch.planning.permitted import OpenLoad
from dispatch.services import booking, freight, offering
from dispatch.services.freight import KeptLoad, LoadRecord, MatchRecord
from dispatch.services.offering import KeptMatch
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull, Done, NotDone, StoreDown, VersionChanged
from dispatch.store.keys import day_prefix, id_of
from dispatch.store.store import Store

BATCH = 1000
STORE_TRIES = 60  # while the store is away, at STORE_PAUSE_SECONDS between them
STORE_PAUSE_SECONDS = 0.5
ROUNDS = 10  # of looking again at things that were changed between reading and committing them

T = TypeVar("T")


class Placed(Protocol):
    """A visit with its place in a plan: `dispatch.planning.slots.Placement` is one."""

    @property
    def visit(self) -> Visit:
        """Return the visit."""

    @property
    def slot(self) -> int:
        """Return the slot of its start."""

    @property
    def slots(self) -> int:
        """Return how many slots it holds the dock."""

    @property
    def gate(self) -> str:
        """Return the gate it enters by."""

    @property
    def dock_group(self) -> str:
        """Return the dock group it uses."""


class Chained(Protocol):
    """A truck's loads in order: `dispatch.planning.matching.PlannedChain` is one."""

    @property
    def plate(self) -> str:
        """Return the truck."""

    @property
    def loads(self) -> tuple[MatchedLoad, ...]:
        """Return its loads with the begin of each."""

    @property
    def empty_km(self) -> int:
        """Return the kilometres without a load."""

    @property
    def loaded_km(self) -> int:
        """Return the kilometres with a load."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What of a day was new to the store. `differing` names what stood there already, otherwise; it was kept."""

    visits: int
    loads: int
    trucks: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A visit (its id) or a chain (its plate) that could not be published, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """How many stand now, those of an earlier run of the same publication among them; and what was refused."""

    made: int
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """How many appointments and matches were taken back."""

    appointments: int
    matches: int


async def load_day(store: Store, park: Park, day: Day, now: datetime) -> Loaded:
    """Put the visits, loads and trucks of a day into the store; what is there already is left alone.

    Raises StoreDown when the store stays away; run again, it goes on.
    """
    keys, grid = store.keys, park.grid
    visits = [_New(v.id, keys.visit(v.id), freight.post_visit(keys, grid, v), _is(v)) for v in day.visits]
    loads = [_New(x.id, keys.load(x.id), freight.post_load(keys, grid, x, now), _is_load(x)) for x in day.loads]
    trucks = [_New(t.plate, keys.truck_state(t.plate), freight.announce_truck(keys, t), _is(t)) for t in day.trucks]
    standing = [await _create_all(store, part) for part in (visits, loads, trucks)]
    return Loaded(
        visits=len(visits) - len(standing[0]),
        loads=len(loads) - len(standing[1]),
        trucks=len(trucks) - len(standing[2]),
        differing=tuple([name for part in standing for name in await _differing(store, part)]),
    )


async def publish_slots(
    store: Store, park: Park, day: date, plan_id: str, placements: Sequence[Placed], now: datetime
) -> Published:
    """Make an appointment of every placement; what is full by now is refused and named."""
    keys = store.keys
    made, refused = 0, []
    for batch in _batches(placements):
        wanted = [_appointment(park, placed, plan_id, day, now) for placed in batch]
        commits = [booking.create(park, keys, appointment, plan=plan_id) for appointment in wanted]
        for placed, appointment, outcome in zip(batch, wanted, await _commit_all(store, commits), strict=True):
            match outcome:
                case Done() | VersionChanged():  # the appointment stands since an earlier run
                    made += 1
                case CounterFull():
                    reason = str(booking.refusal_for(park, keys, appointment, outcome))
                    refused.append(Refused(placed.visit.id, reason))
                case _:
                    raise outcome
    return Published(made, tuple(refused))


async def publish_matches(
    store: Store, park: Park, day: date, plan_id: str, chains: Sequence[Chained], now: datetime
) -> Published:
    """Make a planned match of every chain, all its loads or none; one that cannot be is refused and named."""
    trucks = await _find_all(store, [store.keys.truck_state(chain.plate) for chain in chains], Truck)
    carriers = {truck.plate: truck.carrier for truck, _ in trucks}
    matches = [
        Match(
            id=f"{plan_id}-{chain.plate}",
            plate=chain.plate,
            plan=plan_id,
            day=day,
            loads=chain.loads,
            empty_km=chain.empty_km,
            loaded_km=chain.loaded_km,
            carrier=carriers.get(chain.plate, ""),
        )
        for chain in chains
    ]
    return await make_matches(store, park, matches, now)


async def make_matches(
    store: Store, park: Park, matches: Sequence[Match], now: datetime, behind: Mapping[str, int] | None = None
) -> Published:
    """Make matches, each with all its loads or none; `behind` counts the chains of the day a plate may have already."""
    made, refused = 0, []
    for batch in _batches(matches):
        pending = list(batch)
        for _ in range(ROUNDS):
            outcomes = await _match_all(store, park, pending, now, behind or {})
            made += sum(outcome is None for outcome in outcomes)
            refused += [outcome for outcome in outcomes if isinstance(outcome, Refused)]
            pending = [match for match, outcome in zip(pending, outcomes, strict=True) if isinstance(outcome, NotDone)]
        refused += [Refused(match.plate, "its loads are being changed all the time") for match in pending]
    return Published(made, tuple(refused))


async def cancel_plan(store: Store, park: Park, plan_id: str, now: datetime) -> Withdrawn:
    """Give back all that a plan still holds: its confirmed appointments and its matches."""
    appointments = await store.members(store.keys.appointments_of_plan(plan_id))
    matches = await store.members(store.keys.matches_of_plan(plan_id))
    return Withdrawn(
        await _cancel_all(store, park, [id_of(member) for member in appointments], now),
        await _undo_all(store, park, [id_of(member) for member in matches], now),
    )


async def withdraw_day(store: Store, park: Park, day: date, now: datetime) -> Withdrawn:
    """Give back all that any plan holds on a day; what was requested and answered at once stays."""
    appointments = [each for each in await held_appointments(store, day) if each.source is Source.PLAN]
    matches = await store.members(store.keys.matches(), prefix=day_prefix(day))
    return Withdrawn(
        await _cancel_all(store, park, [appointment.id for appointment in appointments], now),
        await _undo_all(store, park, [id_of(member) for member in matches], now),
    )


async def remove_day(store: Store, park: Park, day: Day, now: datetime) -> Withdrawn:
    """Take a loaded day out of the store again: what plans hold on its date, then its visits, loads and trucks.

    Appointments and loads that others asked for stay, and so does what was changed meanwhile by others.
    """
    withdrawn = await withdraw_day(store, park, day.date, now)
    keys, grid = store.keys, park.grid
    visits = await _find_all(store, [keys.visit(each.id) for each in day.visits], Visit)
    trucks = await _find_all(store, [keys.truck_state(each.plate) for each in day.trucks], Truck)
    loads = (await kept_loads(store, [each.id for each in day.loads])).values()
    announced = set(day.trucks)
    commits = [freight.remove_visit(keys, grid, visit, version) for visit, version in visits]
    commits += [freight.remove_truck(keys, truck, version) for truck, version in trucks if truck in announced]
    commits += [freight.remove_load(keys, grid, kept) for kept in loads if kept.record.match is None]
    for batch in _batches(commits):
        _count_done(await _commit_all(store, batch))
    return withdrawn


async def held_appointments(store: Store, day: date) -> list[Appointment]:
    """Return the appointments that hold slots on a day, by slot (`planning.capacity.free_capacity` wants them)."""
    members = await store.members(store.keys.appointments(), prefix=day_prefix(day))
    found = await _find_all(store, [store.keys.appointment(id_of(member)) for member in members], Appointment)
    return [each for each, _ in found if each.state in HOLDING]


async def open_visits(store: Store, day: date) -> list[Visit]:
    """Return the visits wished for a day that have no appointment, by id."""
    ids = await store.members(store.keys.open_visits(day))
    return [visit for visit, _ in await _find_all(store, [store.keys.visit(each) for each in ids], Visit)]


async def open_loads(store: Store, day: date) -> list[OpenLoad]:
    """Return the loads of a day that are posted and in no match, by id, with who may not have them."""
    ids = await store.members(store.keys.open_loads(day))
    found = await _find_all(store, [store.keys.load(each) for each in ids], LoadRecord)
    records = [record for record, _ in found if record.match is None]
    lists = await carrier_lists(store, {record.load.enterprise for record in records})
    return [OpenLoad(record.load, record.offered_to, lists[record.load.enterprise]) for record in records]


async def open_trucks(store: Store, park: Park, day: date) -> list[Truck]:
    """Return the trucks that are out on a day and have no chain for it, by plate."""
    plates = await store.members(store.keys.trucks())
    (chained,) = await store.taken([store.keys.chained(day)])
    keys = [store.keys.truck_state(plate) for plate in plates if plate not in chained]
    trucks = [truck for truck, _ in await _find_all(store, keys, Truck)]
    return [each for each in trucks if park.grid.day_of(each.free_from) <= day <= park.grid.day_of(each.home_by)]


def _appointment(park: Park, placed: Placed, plan_id: str, day: date, now: datetime) -> Appointment:
    visit = placed.visit
    return Appointment(
        id=f"{plan_id}-{visit.id}",
        state=AppointmentState.CONFIRMED,
        source=Source.PLAN,
        plate=visit.plate,
        carrier=visit.carrier,
        warehouse=visit.warehouse,
        dock_group=placed.dock_group,
        dock_kind=visit.dock_kind,
        cargo_kind=visit.cargo_kind,
        gate=placed.gate,
        day=day,
        slot=placed.slot,
        slots=placed.slots,
        made_at=now,
        visit=visit.id,
        load=visit.load,
        purpose=Purpose.DUAL if visit.collect_minutes else None,
        wish=visit.wish,
        earliest=visit.earliest,
        latest=visit.latest,
        pool=OPEN_POOL if has_shares(park) else None,
    )


async def _match_all(
    store: Store, park: Park, matches: Sequence[Match], now: datetime, behind: Mapping[str, int]
) -> list[Refused | VersionChanged | None]:
    """Return for each match None when it stands, why it is refused, or VersionChanged: look again."""
    known = await store.find_many([store.keys.match(match.id) for match in matches])
    loads = await kept_loads(store, [each.load for match in matches for each in match.loads])
    lists = await carrier_lists(store, {each.record.load.enterprise for each in loads.values()})
    outcomes: list[Refused | VersionChanged | None] = [None] * len(matches)
    commits: dict[int, Commit] = {}
    for i, (match, stored) in enumerate(zip(matches, known, strict=True)):
        missing = [each.load for each in match.loads if each.load not in loads]
        if missing:
            outcomes[i] = Refused(match.plate, f"load {missing[0]} is not known")
        elif stored is None:
            chain = [loads[each.load] for each in match.loads]
            try:
                check_admits(chain, lists, match.carrier)
                standing = behind.get(match.plate, 0)
                commits[i] = offering.make_match(park, store.keys, match, chain, now, behind=standing)
            except NotAllowedNow as refusal:
                outcomes[i] = Refused(match.plate, refusal.resource)
    for i, outcome in zip(commits, await _commit_all(store, list(commits.values())), strict=True):
        outcomes[i] = _match_outcome(outcome)
    return outcomes


def _match_outcome(outcome: Done | NotDone) -> Refused | VersionChanged | None:
    match outcome:
        case Done():
            return None
        case VersionChanged():
            return outcome
        case CounterFull():
            return Refused(outcome.take.field, f"truck {outcome.take.field} has a chain of another plan")
        case _:
            raise outcome


async def _cancel_all(store: Store, park: Park, appointment_ids: Sequence[str], now: datetime) -> int:
    """Cancel those that are confirmed; return how many."""
    count = 0
    pending = list(appointment_ids)
    for _ in range(ROUNDS):
        found = await _find_all(store, [store.keys.appointment(each) for each in pending], Appointment)
        held = [(each, version) for each, version in found if each.state is AppointmentState.CONFIRMED]
        commits = [booking.cancel(park, store.keys, each, version, now) for each, version in held]
        outcomes = await _commit_all(store, commits)
        count += _count_done(outcomes)
        pending = [each.id for (each, _), outcome in zip(held, outcomes, strict=True) if isinstance(outcome, NotDone)]
    return count


async def _undo_all(store: Store, park: Park, match_ids: Sequence[str], now: datetime) -> int:
    """Undo those that no driver has accepted; return how many."""
    count = 0
    pending = list(match_ids)
    for _ in range(ROUNDS):
        kept = [each for each in await kept_matches(store, pending) if (each.record.match.state, "undo") in MATCH_LIFE]
        outcomes = await _commit_all(store, [offering.undo_match(park, store.keys, each, now) for each in kept])
        count += _count_done(outcomes)
        pending = [e.record.match.id for e, outcome in zip(kept, outcomes, strict=True) if isinstance(outcome, NotDone)]
    return count


async def kept_matches(store: Store, match_ids: Sequence[str]) -> list[KeptMatch]:
    """Return the matches that there are, with the loads they still have."""
    found = await _find_all(store, [store.keys.match(each) for each in match_ids], MatchRecord)
    loads = await kept_loads(store, [each.load for record, _ in found for each in record.match.loads])
    return [KeptMatch(record, version, tuple(_loads_of(record, loads))) for record, version in found]


def _loads_of(record: MatchRecord, loads: Mapping[str, KeptLoad]) -> list[KeptLoad]:
    chain = [loads[each.load] for each in record.match.loads if each.load in loads]
    return [kept for kept in chain if kept.record.match == record.match.id]


async def carrier_lists(store: Store, enterprises: Iterable[str]) -> dict[str, CarrierLists]:
    """Return whom each of the enterprises lets have its loads; every carrier where it has said nothing."""
    asked = sorted(enterprises)
    found = await store.find_many([store.keys.carrier_lists(each) for each in asked])
    read = [CarrierLists() if each is None else codec.read(CarrierLists, each.document) for each in found]
    return dict(zip(asked, read, strict=True))


def check_admits(chain: Iterable[KeptLoad], lists: Mapping[str, CarrierLists], carrier: str) -> None:
    """Raise NotAllowedNow when a load or its enterprise keeps the carrier out."""
    for load in (kept.record.load for kept in chain):
        if not rules.admits_carrier(load, lists[load.enterprise], carrier):
            raise NotAllowedNow(f"load {load.id} is not for trucks of carrier {carrier or 'unknown'}")


def _count_done(outcomes: Sequence[Done | NotDone]) -> int:
    for outcome in outcomes:
        if not isinstance(outcome, Done | VersionChanged):
            raise outcome
    return sum(isinstance(outcome, Done) for outcome in outcomes)


async def kept_loads(store: Store, load_ids: Sequence[str]) -> dict[str, KeptLoad]:
    """Return the loads that there are, by id."""
    found = await _find_all(store, [store.keys.load(each) for each in load_ids], LoadRecord)
    return {record.load.id: KeptLoad(record, version) for record, version in found}


async def _find_all(store: Store, keys: Sequence[str], kind: type[T]) -> list[tuple[T, int]]:
    """Return what stands under the keys, with versions; a key without anything is left out."""
    return [(codec.read(kind, each.document), each.version) for each in await store.find_many(keys) if each is not None]


@dataclass(frozen=True, slots=True)
class _New:
    """A thing to be created, and whether a document that stands in its place already says the same."""

    name: str
    key: str
    commit: Commit
    is_same: Callable[[Any], bool]


def _is(thing: Visit | Truck) -> Callable[[Any], bool]:
    return lambda document: bool(codec.read(type(thing), document) == thing)


def _is_load(load: Load) -> Callable[[Any], bool]:
    return lambda document: codec.read(LoadRecord, document).load == load


async def _create_all(store: Store, wanted: Sequence[_New]) -> list[_New]:
    """Create what is not there yet; return what was."""
    standing: list[_New] = []
    for batch in _batches(wanted):
        outcomes = await _commit_all(store, [new.commit for new in batch])
        _count_done(outcomes)
        standing += [new for new, outcome in zip(batch, outcomes, strict=True) if isinstance(outcome, VersionChanged)]
    return standing


async def _differing(store: Store, standing: Sequence[_New]) -> list[str]:
    """Return the names of those that stand there otherwise than wanted."""
    found = await store.find_many([new.key for new in standing])
    return [
        new.name for new, each in zip(standing, found, strict=True) if each is None or not new.is_same(each.document)
    ]


async def _commit_all(store: Store, commits: Sequence[Commit]) -> list[Done | NotDone]:
    """Make all commits, each of which expects a version of what it writes: so it may be sent again when the store was
    away, and one that was done after all comes back as VersionChanged. Raises StoreDown when the store stays away.
    """
    outcomes: list[Done | NotDone] = await store.commit_many(commits)
    for _ in range(STORE_TRIES):
        lost = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, StoreDown)]
        if not lost:
            return outcomes
        await asyncio.sleep(STORE_PAUSE_SECONDS)
        for i, outcome in zip(lost, await store.commit_many([commits[i] for i in lost]), strict=True):
            outcomes[i] = outcome
    raise next(outcome for outcome in outcomes if isinstance(outcome, StoreDown))


def _batches(things: Sequence[T]) -> Iterator[tuple[T, ...]]:
    rest = iter(things)
    while batch := tuple(islice(rest, BATCH)):
        yield batch
