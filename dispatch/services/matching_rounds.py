"""Matching rounds of the live day: asked for as a job, done from what the store holds, offers put back into it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from dispatch.model import rules
from dispatch.model.day import Load, Truck
from dispatch.model.park import Park
from dispatch.model.promises import Match, MatchState
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.planning.fitting import check_open, fits
from dispatch.planning.matching_round import PlannedOffer, Timing, offers_now
from dispatch.planning.permitted import OpenLoad
from dispatch.services import offering, publication
from dispatch.services.asked_jobs import JobKind, find_started, get_job, start_job
from dispatch.services.day_planning import NAMED, Surroundings
from dispatch.services.desk import Desk, Kept, Repeatable
from dispatch.services.holding import SlotFinder, stops_of
from dispatch.services.live_trucks import read_live_trucks
from dispatch.services.offering import KeptMatch
from dispatch.services.publication import Refused
from dispatch.store import codec
from dispatch.store.commit import Commit, Expect, VersionChanged, Write
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

    `behind` counts the chains that each truck offered a load had then on the day of that load; `full` are offers that
    are not made, for a warehouse has no slot for them.
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
    """Do a round over the open loads and trucks of today, and of tomorrow as far as it reaches; make a match of every
    offer, and return the result.

    Planned chains whose trucks must leave soon are offered first, each to its own driver; one that has no slots by now
    is undone and its loads are in the round. What was taken meanwhile is refused to the round and named. Run again
    under the same name, it publishes what was decided then.
    """
    due, undone = await _offer_planned(at, order)
    decided = await _find_decided(at.store, order.round_id)
    if decided is None:
        decided = await _decide(at, order)
        key = at.store.keys.plan(order.round_id)
        await at.store.commit(Commit(expects=(Expect(key, 0),), writes=(Write(key, codec.dump(decided)),)))
    matches = [_match(at.park, order.round_id, offer) for offer in decided.offers]
    made = await publication.make_matches(at.store, at.park, matches, at.clock(), decided.behind)
    not_made = (*undone, *decided.full, *made.refused)
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


async def _offer_planned(at: Surroundings, order: Round) -> tuple[list[str], list[Refused]]:
    """Offer the planned chains that are due, and undo those that could not be accepted.

    Returns the offers' ids, and what was undone and why.
    """
    offered, undone, desk, now = [], [], Desk(at.park, at.store), at.clock()
    for kept in await _due_planned(at, now, order.ahead):
        match = kept.record.match
        full = await _find_full(desk, match, [each.record.load for each in kept.loads], now)
        change = offering.offer_planned if full is None else offering.undo_match
        with suppress(VersionChanged, NotAllowedNow):  # somebody has just changed it; the next round looks again
            await at.store.commit(change(at.park, at.store.keys, kept, now))
            if full is None:
                offered.append(match.id)
            else:
                undone.append(full)
    return offered, undone


async def _due_planned(at: Surroundings, now: datetime, ahead: timedelta) -> list[KeptMatch]:
    """Return the planned chains whose trucks must leave within the time ahead."""
    days = rules.round_days(at.park, now, ahead)
    ids = [each for day in days for each in await at.store.members(at.store.keys.planned(day))]
    planned = await publication.kept_matches(at.store, ids)
    open_ones = [each for each in planned if each.loads and _may_be_offered(each.record.match, at.park, now)]
    found = await at.store.find_many([at.store.keys.truck_state(each.record.match.plate) for each in open_ones])
    trucks = (codec.read(Truck, each.document) if each is not None else None for each in found)
    until = now + ahead + timedelta(minutes=at.park.rules.react_minutes)
    return [kept for kept, truck in zip(open_ones, trucks, strict=True) if _leaves_at(at, kept, truck) <= until]


def _may_be_offered(match: Match, park: Park, now: datetime) -> bool:
    is_current = match.day >= park.grid.day_of(now) or match.loads[0].starts_at >= now
    return match.state is MatchState.PLANNED and is_current


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
    now, grid = at.clock(), at.park.grid
    day, days = grid.day_of(now), rules.round_days(at.park, now, order.ahead)
    loads = await _open_loads(at, days, now, order)
    live = await read_live_trucks(at.store, at.park, day, rules.round_reaches(at.park, now, order.ahead))
    chained = dict(zip(days, await at.store.taken([at.store.keys.chained(each) for each in days]), strict=True))
    offers = offers_now(at.park, at.travel, loads, live, Timing(day, now, order.ahead))
    chains = {each.plate: chained[_day_of(at.park, each)].get(each.plate, 0) for each in offers}
    behind = {plate: count for plate, count in chains.items() if count}
    desk, known = Desk(at.park, at.store), {each.load.id: each.load for each in loads}
    finding = (_find_full(desk, _match(at.park, order.round_id, each), [known[each.load.load]], now) for each in offers)
    full = await asyncio.gather(*finding)
    open_ones = tuple(offer for offer, refused in zip(offers, full, strict=True) if refused is None)
    return Decided(day, len(loads), len(live), open_ones, behind, tuple(each for each in full if each is not None))


async def _open_loads(at: Surroundings, days: Sequence[date], now: datetime, order: Round) -> list[OpenLoad]:
    """Return today's open loads, those of the night before that may still be begun, and tomorrow's within reach."""
    today, reaches = at.park.grid.day_of(now), rules.round_reaches(at.park, now, order.ahead)
    found = [
        each for day in days for each in await publication.open_loads(at.store, day) if fits(at.park, each, check_open)
    ]

    def is_near(load: Load) -> bool:
        return at.park.grid.day_of(load.earliest) == today or (load.earliest <= reaches and now <= load.latest)

    return [each for each in found if is_near(each.load)]


def _day_of(park: Park, offer: PlannedOffer) -> date:
    """Return the day an offer's match is of: that on which its loading begins."""
    return park.grid.day_of(offer.load.starts_at)


async def _find_full(desk: Desk, match: Match, loads: Sequence[Load], now: datetime) -> Refused | None:
    """Return why the driver could not accept the match's loads as the counters stand; None when he could."""
    try:
        await SlotFinder(desk, now).find(match, stops_of(desk.park, match, loads))
    except Refusal as refusal:
        return Refused(match.plate, f"load {', '.join(each.id for each in loads)}: {refusal}")
    return None


def _match(park: Park, round_id: str, offer: PlannedOffer) -> Match:
    return Match(
        id=f"{round_id}-{offer.plate}",
        plate=offer.plate,
        plan=round_id,
        day=_day_of(park, offer),
        loads=(offer.load,),
        empty_km=offer.empty_km,
        loaded_km=offer.loaded_km,
        state=MatchState.OFFERED,
        carrier=offer.carrier,
    )
