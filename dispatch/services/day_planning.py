"""A day planned from what the store holds, and the plan published back into it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from dispatch.model.park import Park
from dispatch.planning.capacity import free_capacity
from dispatch.planning.fitting import Unfit, fitting
from dispatch.planning.matching import PlannedChain
from dispatch.planning.matching_round import within_hours
from dispatch.planning.slots import Placement
from dispatch.planning.together import Budget, Requests, Watch
from dispatch.planning.whole_day import plan_day
from dispatch.roads.table import TravelTable
from dispatch.services import publication
from dispatch.services.closures import closures_of
from dispatch.services.publication import Published, Refused
from dispatch.store import codec
from dispatch.store.commit import Commit, Expect, Write
from dispatch.store.store import Store

NAMED = 20  # things left out or refused that a result names; the others are counted


@dataclass(frozen=True, slots=True)
class Order:
    """Which day is planned, under which name, and how long the solvers may take."""

    plan_id: str
    day: date
    budget: Budget


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What planning needs besides the order: the park, its roads, its store and the clock."""

    park: Park
    travel: TravelTable
    store: Store
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan as it is kept in the store before it is published, so that publishing can go on after being broken off."""

    report: dict[str, Any]
    placements: tuple[Placement, ...]
    chains: tuple[PlannedChain, ...]


async def plan_and_publish(at: Surroundings, order: Order, watch: Watch) -> dict[str, Any]:
    """Plan the day's open visits, loads and trucks into what its bookings leave free, and publish; return the result.

    Bookings made meanwhile come first: what they have taken is refused to the plan and named in the result. Run again
    under the same name, it publishes what was decided then. A run that is asked to stop publishes nothing.
    """
    decided = await _find_decided(at.store, order.plan_id)
    if decided is None:
        decided = await _decide(at, order, watch)
        if watch.should_stop is not None and watch.should_stop():
            return _result(order, decided, Published(0, ()), Published(0, ()))
        key = at.store.keys.plan(order.plan_id)
        await at.store.commit(Commit(expects=(Expect(key, 0),), writes=(Write(key, codec.dump(decided)),)))
    now = at.clock()
    slots = await publication.publish_slots(at.store, at.park, order.day, order.plan_id, decided.placements, now)
    matches = await publication.publish_matches(at.store, at.park, order.day, order.plan_id, decided.chains, now)
    return _result(order, decided, slots, matches)


async def _find_decided(store: Store, plan_id: str) -> Decided | None:
    stored = await store.find(store.keys.plan(plan_id))
    return codec.read(Decided, stored.document) if stored is not None else None


async def _decide(at: Surroundings, order: Order, watch: Watch) -> Decided:
    requests = Requests(
        visits=await publication.open_visits(at.store, order.day),
        loads=await publication.open_loads(at.store, order.day),
        trucks=[
            within
            for truck in await publication.open_trucks(at.store, at.park, order.day)
            if (within := within_hours(at.park, truck, order.day)) is not None
        ],
    )
    requests, unfit = fitting(at.park, requests)
    booked = await publication.held_appointments(at.store, order.day)
    free = free_capacity(at.park, order.day, booked, await closures_of(at.store, order.day))
    plan = plan_day(at.park, order.day, requests, at.travel, order.budget, free, watch)
    return Decided(plan.report.as_json() | {"unfit": _named(unfit)}, plan.placements, plan.chains)


def _result(order: Order, decided: Decided, slots: Published, matches: Published) -> dict[str, Any]:
    published = {"appointments": _published(slots), "matches": _published(matches)}
    return {"plan": order.plan_id, "day": order.day.isoformat(), **decided.report, "published": published}


def _published(published: Published) -> dict[str, Any]:
    refused = _named(published.refused)
    return {"made": published.made, "refused": refused["count"], "named": refused["named"]}


def _named(things: Sequence[Unfit] | Sequence[Refused]) -> dict[str, Any]:
    return {"count": len(things), "named": [asdict(thing) for thing in things[:NAMED]]}
