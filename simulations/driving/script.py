"""The script of a driven day: who asks for what and when, from a generated day and a seed. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dispatch.model.day import Day, Load, Truck, Visit
from dispatch.model.park import Park
from dispatch.model.promises import Purpose
from simulations.driving import habits
from simulations.driving.habits import How

OPENS_MINUTE = 11 * 60  # of the day before: the script begins
PLANS_MINUTE = 20 * 60  # of the day before: the plan is made
OWN_LIST_MINUTES = 15  # before the plan, for the wishes of loads
LISTS_MINUTES = 45  # carriers send their lists within so long of the begin


@dataclass(frozen=True, slots=True)
class Asking:
    """A visit, how it is asked for and when; `waits` in line where there is no room. `then` is a chained visit's next
    warehouse, of the same kind of docks.
    """

    visit: Visit
    how: How
    at: datetime
    waits: bool = False
    purpose: Purpose | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """A load, when it is posted, and when it is withdrawn, if it is."""

    load: Load
    at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """Everything people want of a day on their own account; what they answer is drawn when they are asked."""

    day: Day
    begins: datetime
    plans: datetime
    askings: tuple[Asking, ...]
    postings: tuple[Posting, ...]
    trucks: tuple[Truck, ...]


def write_script(park: Park, day: Day, seed: int) -> Script:
    """Return the script of a day.

    Visits with a load are wishes that the operator posts before the plan: whoever accepts the load comes in place of
    their truck.
    """
    begins = park.grid.moment_of(day.date - timedelta(days=1), OPENS_MINUTE)
    plans = park.grid.moment_of(day.date - timedelta(days=1), PLANS_MINUTE)
    askings = tuple(_asking(park, visit, begins, plans, seed) for visit in day.visits)
    postings = tuple(_posting(load, begins, seed) for load in day.loads)
    return Script(day, begins, plans, askings, postings, day.trucks)


def _asking(park: Park, visit: Visit, begins: datetime, plans: datetime, seed: int) -> Asking:
    rng = habits.dice(seed, "asking", visit.id)
    how = habits.one_of(rng, habits.HOW)
    if visit.load is not None and how is not How.WALK_IN:
        how = How.PLAN
    at = max(visit.requested_at, begins)
    if how is How.PLAN and visit.load is not None:
        at = plans - timedelta(minutes=OWN_LIST_MINUTES)
    elif how is How.PLAN:
        at = begins + (plans - begins) * float(rng.uniform(0.05, 0.9))
    elif how is How.BULK:
        carriers = habits.dice(seed, "list", visit.carrier)
        at = begins + timedelta(minutes=int(carriers.integers(1, LISTS_MINUTES)))
    elif how is How.WALK_IN:
        at = visit.wish
    return Asking(visit, how, at, bool(rng.random() < habits.WAITS_IN_LINE), *_more(park, visit, how, rng))


def _more(park: Park, visit: Visit, how: How, rng: np.random.Generator) -> tuple[Purpose | None, str | None]:
    """Return the purpose of a visit, and its next warehouse when it is chained."""
    kind = rng.random()
    if how is not How.SINGLE or kind >= habits.DUAL + habits.CHAINED:
        return None, None
    if kind < habits.DUAL:
        return Purpose.DUAL, None
    others = [
        house.id for house in park.warehouses if house.id != visit.warehouse and house.find_dock_group(visit.dock_kind)
    ]
    return (None, others[int(rng.integers(len(others)))]) if others else (None, None)


def _posting(load: Load, begins: datetime, seed: int) -> Posting:
    rng = habits.dice(seed, "posting", load.id)
    at = begins + timedelta(minutes=int(rng.integers(30, 500)))
    if rng.random() >= habits.POSTED_BEFORE:
        at = max(at, load.earliest - timedelta(hours=float(rng.uniform(*habits.POSTED_HOURS))))
    is_withdrawn = rng.random() < habits.WITHDRAWN
    return Posting(load, at, at + timedelta(minutes=int(rng.integers(60, 600))) if is_withdrawn else None)
