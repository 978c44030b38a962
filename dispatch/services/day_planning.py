"""A day planned from what the store holds, and the plan published back into it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from dispatch.model.park import Park
from dispatch.planning.capacity import free_capacity
from dispatch.planning.whole_day import Budget, DayPlan, Requests, Watch, plan_day
from dispatch.roads.table import TravelTable
from dispatch.services import publication
from dispatch.services.publication import Published
from dispatch.store.store import Store

NAMED = 20  # refused visits and chains that a result names; the others are counted


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


async def plan_and_publish(at: Surroundings, order: Order, watch: Watch) -> dict[str, Any]:
    """Plan the day's open visits, loads and trucks into what its bookings leave free, and publish; return the result.

    Bookings made meanwhile come first: what they have taken is refused to the plan and named in the result. Run again
    under the same name, what was published before stays. A run that is asked to stop publishes nothing.
    """
    requests = Requests(
        visits=await publication.open_visits(at.store, order.day),
        loads=await publication.open_loads(at.store, order.day),
        trucks=await publication.open_trucks(at.store, at.park, order.day),
    )
    booked = await publication.confirmed_appointments(at.store, order.day)
    free = free_capacity(at.park, order.day, booked)
    plan = plan_day(at.park, order.day, requests, at.travel, order.budget, free, watch)
    if watch.should_stop is not None and watch.should_stop():
        return _result(order, plan, None, None)
    now = at.clock()
    slots = await publication.publish_slots(at.store, at.park, order.day, order.plan_id, plan.placements, now)
    matches = await publication.publish_matches(at.store, at.park, order.day, order.plan_id, plan.chains, now)
    return _result(order, plan, slots, matches)


def _result(order: Order, plan: DayPlan, slots: Published | None, matches: Published | None) -> dict[str, Any]:
    return {
        "plan": order.plan_id,
        "day": order.day.isoformat(),
        **plan.report.as_json(),
        "published": {"appointments": _published(slots), "matches": _published(matches)},
    }


def _published(published: Published | None) -> dict[str, Any]:
    if published is None:
        return {"made": 0, "refused": 0, "named": []}
    named = [asdict(refused) for refused in published.refused[:NAMED]]
    return {"made": published.made, "refused": len(published.refused), "named": named}
