"""Matching rounds of the live day: asked for as a job, done from what the store holds, offers put back into it."""

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from dispatch.model.day import Load, Truck, check_load, check_truck
from dispatch.model.faults import FieldFault
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, Match, MatchState
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.planning.matching_round import LiveTruck, PlannedOffer, Timing, offers_now
from dispatch.services import offering, publication
from dispatch.services.asked_jobs import JobKind, find_started, get_job, start_job
from dispatch.services.day_planning import NAMED, Surroundings
from dispatch.services.desk import Desk, Kept, Repeatable
from dispatch.services.freight import LoadRecord, MatchRecord
from dispatch.services.holding import SlotFinder, stops_of
from dispatch.services.offering import KeptMatch
from dispatch.services.publication import Refused
from dispatch.store import codec
from dispatch.store.commit import Commit, Expect, VersionChanged, Write
from dispatch.store.keys import day_prefix, id_of
from dispatch.store.store import Store
from dispatch.worker.jobs import Job, Jobs

JOB_NAME = "match"
ROUNDS_ASKED = JobKind(JOB_NAME, "round", "matching round")


@dataclass(frozen=True, slots=True)
class Round:
    """A round to be done: under which name, and how far ahead it offers."""

    round_id: str
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class Decided:
    """What a round decided, as it is kept before it is published, so that publishing can go on after being broken off.

    `behind` counts the chains of the day that each truck offered a load had then; `full` are offers that are not made,
    for a warehouse has no slot for them.
    """

    day: date
    loads: int
    trucks: int
    offers: tuple[PlannedOffer, ...]
    behind: dict[str, int]
    full: tuple[Refused, ...] = ()


async def start_round(
    desk: Desk, jobs: Jobs, ahead_minutes: int, now: datetime, repeatable: Repeatable | None
) -> Kept[Job]:
    """Queue a matching round; KeyReused."""
    started = await find_started(desk, ROUNDS_ASKED, repeatable)
    if started is not None:
        return started
    return await start_job(desk, jobs, ROUNDS_ASKED, {"ahead_minutes": ahead_minutes}, now, repeatable)


async def get_round(desk: Desk, round_id: str) -> Kept[Job]:
    """Return a round's job; NotThere otherwise."""
    return await get_job(desk, ROUNDS_ASKED, round_id)


async def match_and_offer(at: Surroundings, order: Round) -> dict[str, Any]:
    """Do a round over today's open loads and trucks, and make a match of every offer; return the result.

    Planned chains whose trucks must leave soon are offered first, each to its own driver.
    What was taken meanwhile is refused to the round and named. Run again under the same name, it publishes what was
    decided then.
    """
    due = await _offer_planned(at, order)
    decided = await _find_decided(at.store, order.round_id)
    if decided is None:
        decided = await _decide(at, order)
        key = at.store.keys.plan(order.round_id)
        await at.store.commit(Commit(expects=(Expect(key, 0),), writes=(Write(key, codec.dump(decided)),)))
    matches = [_match(order.round_id, decided.day, offer) for offer in decided.offers]
    made = await publication.make_matches(at.store, at.park, matches, at.clock(), decided.behind)
    not_made = (*decided.full, *made.refused)
    refused = {"count": len(not_made), "named": [asdict(each) for each in not_made[:NAMED]]}
    late = {each.id for each in made.refused}
    standing = [match.id for match in matches if match.plate not in late]
    return {
        "round": order.round_id,
        "day": decided.day.isoformat(),
        "loads": decided.loads,
        "trucks": decided.trucks,
        "offers": [*due, *standing],
        "refused": refused,
    }


async def _offer_planned(at: Surroundings, order: Round) -> list[str]:
    """Offer the planned chains of today whose trucks must leave within the time ahead; return the offers' ids."""
    now = at.clock()
    ids = await at.store.members(at.store.keys.planned(at.park.grid.day_of(now)))
    kept_planned = await publication.kept_matches(at.store, ids)
    planned = [each for each in kept_planned if each.record.match.state is MatchState.PLANNED and each.loads]
    found = await at.store.find_many([at.store.keys.truck_state(each.record.match.plate) for each in planned])
    until = now + order.ahead + timedelta(minutes=at.park.rules.react_minutes)
    offered = []
    for kept, stored in zip(planned, found, strict=True):
        truck = codec.read(Truck, stored.document) if stored is not None else None
        if _leaves_at(at, kept, truck) <= until:
            with suppress(VersionChanged, NotAllowedNow):  # somebody has just changed it; the next round looks again
                await at.store.commit(offering.offer_planned(at.park, at.store.keys, kept, now))
                offered.append(kept.record.match.id)
    return offered


def _leaves_at(at: Surroundings, kept: KeptMatch, truck: Truck | None) -> datetime:
    """Return when the truck must leave for the first load of its chain."""
    begins, origin = kept.record.match.loads[0].starts_at, kept.loads[0].record.load.origin
    index = at.travel.index
    if truck is None or origin not in index or truck.free_at not in index:
        return begins
    return begins - timedelta(minutes=int(at.travel.minutes[index[truck.free_at], index[origin]]))


async def _find_decided(store: Store, round_id: str) -> Decided | None:
    stored = await store.find(store.keys.plan(round_id))
    return codec.read(Decided, stored.document) if stored is not None else None


async def _decide(at: Surroundings, order: Round) -> Decided:
    now = at.clock()
    day = at.park.grid.day_of(now)
    loads = [each for each in await publication.open_loads(at.store, day) if _fits(at.park, each.load)]
    live = await _live_trucks(at.store, at.park, day)
    offers = offers_now(at.park, at.travel, loads, [truck for truck, _ in live], Timing(day, now, order.ahead))
    chains = {truck.truck.plate: count for truck, count in live}
    behind = {offer.plate: chains[offer.plate] for offer in offers if chains[offer.plate]}
    desk, known = Desk(at.park, at.store), {each.load.id: each.load for each in loads}
    finding = (_find_full(desk, _match(order.round_id, day, each), known[each.load.load], now) for each in offers)
    full = await asyncio.gather(*finding)
    open_ones = tuple(offer for offer, refused in zip(offers, full, strict=True) if refused is None)
    return Decided(day, len(loads), len(live), open_ones, behind, tuple(each for each in full if each is not None))


async def _find_full(desk: Desk, match: Match, load: Load, now: datetime) -> Refused | None:
    """Return why the driver could not accept the offer as the counters stand; None when he could."""
    try:
        await SlotFinder(desk, now).find(match, stops_of(desk.park, match, [load]))
    except Refusal as refusal:
        return Refused(match.plate, f"load {load.id}: {refusal}")
    return None


def _match(round_id: str, day: date, offer: PlannedOffer) -> Match:
    return Match(
        id=f"{round_id}-{offer.plate}",
        plate=offer.plate,
        plan=round_id,
        day=day,
        loads=(offer.load,),
        empty_km=offer.empty_km,
        loaded_km=offer.loaded_km,
        state=MatchState.OFFERED,
        carrier=offer.carrier,
    )


def _fits(park: Park, thing: Load | Truck) -> bool:
    try:
        if isinstance(thing, Load):
            check_load(park, thing)
        else:
            check_truck(park, thing)
    except FieldFault:
        return False
    return True


async def _live_trucks(store: Store, park: Park, day: date) -> list[tuple[LiveTruck, int]]:
    """Return the trucks that are out on a day with what they have promised, and how many chains each has of the day."""
    plates = await store.members(store.keys.trucks())
    found = await store.find_many([store.keys.truck_state(plate) for plate in plates])
    trucks = [codec.read(Truck, each.document) for each in found if each is not None]
    out = [
        each
        for each in trucks
        if _fits(park, each) and park.grid.day_of(each.free_from) <= day <= park.grid.day_of(each.home_by)
    ]
    (counted,) = await store.taken([store.keys.chained(day)])
    promised = await _promised_loads(store, day)
    appointments: dict[str, list[Appointment]] = {}
    for appointment in await publication.held_appointments(store, day):
        appointments.setdefault(appointment.plate, []).append(appointment)
    return [
        (
            LiveTruck(each, tuple(promised.get(each.plate, ())), tuple(appointments.get(each.plate, ()))),
            counted.get(each.plate, 0),
        )
        for each in out
    ]


async def _promised_loads(store: Store, day: date) -> dict[str, list[tuple[Load, datetime]]]:
    """Return the loads every truck has on a day with their begins, in order, by plate."""
    members = await store.members(store.keys.matches(), prefix=day_prefix(day))
    stored = await store.find_many([store.keys.match(id_of(member)) for member in members])
    records = [codec.read(MatchRecord, each.document) for each in stored if each is not None]
    standing = [record.match for record in records if record.match.state in offering.STANDING]
    loads = await store.find_many([store.keys.load(each.load) for match in standing for each in match.loads])
    known = {each.key: codec.read(LoadRecord, each.document).load for each in loads if each is not None}
    promised: dict[str, list[tuple[Load, datetime]]] = {}
    for match in standing:
        for each in match.loads:
            if store.keys.load(each.load) in known:
                promised.setdefault(match.plate, []).append((known[store.keys.load(each.load)], each.starts_at))
    for chain in promised.values():
        chain.sort(key=lambda timed: timed[1])
    return promised
