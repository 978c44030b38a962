"""Days booked one by one, in the order in which people ask: first come, first served, and steered by bid prices.

Nobody knows who will ask later. The prices come from earlier days of the same park (other draws of the same demand)
and from what is left; they are refreshed while the day fills. The offline plan knows the whole day; its proven bound is
what the competitive ratio divides by.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.model.park import Park
from dispatch.planning.slots import slot_problem
from simulations.demand.days import DEFAULT_DATE
from simulations.demand.distributions import LEAD_HOURS
from simulations.demand.generate import generate_day
from solver.reading import IntArray
from solver.slots import check, flavours
from solver.slots.bidprices import BidPricer
from solver.slots.forecast import PastRequests, expect
from solver.slots.instance import SlotInstance
from solver.slots.online import BidPrices, Free, Given, Request, Terms, answer
from solver.slots.solve import solve

Clock = Callable[[], float]
FloatArray = NDArray[np.float64]

NAMES = ("peaky", "tight", "flat")
BOOKING_DAYS = 7
EARLIER_DAYS = 20
REFRESHES = 100  # of the prices, while a day is booked


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are booked, from which seeds, and how long the offline plan may take."""

    sizes: Sequence[int] = (1_000, 10_000)
    seeds: Sequence[int] = (1, 2, 3)
    offline_seconds: float = 10.0


@dataclass(frozen=True)
class Booking:
    """A day as it is booked: visit v is asked for at `moment[v]`, in hours, the day beginning at 0; and what earlier
    days of the same park asked for.
    """

    name: str
    instance: SlotInstance
    moment: FloatArray
    earlier: PastRequests
    earlier_days: int


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a day: `start` (V,), -1 refused; seconds of each answer (V,) and of each refresh of the prices."""

    start: IntArray
    answer_seconds: FloatArray
    refresh_seconds: FloatArray


def rows(study: Study, park: Park, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield three rows per day: first come, steered, offline. Every plan is checked."""
    book(generated("flat", 100, 0), clock, steered=True)  # compiles
    for visits in study.sizes:
        for name in NAMES:
            for seed in study.seeds:
                yield from _rows_of(generated(name, visits, seed), study.offline_seconds, clock)
    for seed in study.seeds:
        yield from _rows_of(demo(park, max(study.sizes), seed), study.offline_seconds, clock)


def _rows_of(booking: Booking, seconds: float, clock: Clock) -> Iterator[dict[str, Any]]:
    offline = solve(booking.instance, seconds=seconds, clock=clock)
    for method, steered in (("first come", False), ("bid prices", True)):
        booked = book(booking, clock, steered=steered)
        assert not check.violations(booking.instance, booked.start)
        yield _row(booking, method, booked.start, offline.bound) | _times(booked)
    yield _row(booking, "offline plan", offline.plan.start, offline.bound) | _times(None)


def _row(booking: Booking, method: str, start: IntArray, bound: int) -> dict[str, Any]:
    cost = check.cost(booking.instance, start)
    return {
        "day": booking.name,
        "method": method,
        "placed": int((start >= 0).sum()),
        "cost": cost,
        "bound": bound,
        "ratio": cost / bound if bound > 0 else float("inf"),
    }


def _times(booked: Booked | None) -> dict[str, float | None]:
    if booked is None:
        return dict.fromkeys(("answer p50 ms", "answer p99 ms", "refresh p50 ms"))
    refresh = booked.refresh_seconds
    return {
        "answer p50 ms": 1e3 * float(np.percentile(booked.answer_seconds, 50)),
        "answer p99 ms": 1e3 * float(np.percentile(booked.answer_seconds, 99)),
        "refresh p50 ms": 1e3 * float(np.median(refresh)) if len(refresh) else None,
    }


def book(booking: Booking, clock: Clock, *, steered: bool, refreshes: int = REFRESHES) -> Booked:
    """Return the day after each request was answered in its turn, with prices refreshed so many times or none."""
    instance = booking.instance
    free = _all_free(instance)
    terms = Terms(instance.early, instance.late, instance.drop, instance.turn)
    pricer = _pricer(booking, terms, free) if steered else None
    prices: BidPrices | None = None
    start = np.full(instance.visits, -1)
    held: dict[int, IntArray] = {}
    every = max(1, instance.visits // refreshes)
    answers, renewals = np.zeros(instance.visits), []
    for turn, v in enumerate(np.argsort(booking.moment, kind="stable").tolist()):
        if pricer is not None and turn % every == 0:
            began = clock()
            prices = pricer.refresh(free, float(booking.moment[v]))
            renewals.append(clock() - began)
        request = _request(instance, v, held)
        began = clock()
        found = answer(request, free, prices, terms)
        answers[v] = clock() - began
        if isinstance(found, Given):
            start[v] = found.slot
            _take(request, found.slot, free)
            _hold(held, int(instance.truck[v]), found.slot, request.duration + instance.turn)
    return Booked(start, answers, np.array(renewals))


def generated(name: str, visits: int, seed: int) -> Booking:
    """Return a day of a flavour (solver/slots/flavours.py) with earlier days whose visits spread over its dock groups
    as its own do on average.
    """
    flavour = flavours.FLAVOURS[name]
    instance = flavours.generate(flavour, visits, np.random.default_rng(seed))
    shares = flavours.popularity(len(instance.docks), np.random.default_rng(seed))
    rng = np.random.default_rng((seed, 1))
    moment = moments(visits, rng)
    days = []
    for _ in range(EARLIER_DAYS):
        other = flavours.generate(flavour, visits, rng)
        other = replace(other, dock_group=rng.choice(len(shares), visits, p=shares), docks=instance.docks)
        days.append(past_requests(other, moments(visits, rng)))
    return Booking(f"{name} {visits} seed {seed}", instance, moment, together(days), EARLIER_DAYS)


def demo(park: Park, visits: int, seed: int) -> Booking:
    """Return a generated day of a park (docs/demand.md) with the days of other seeds as earlier ones."""
    instance, moment = _park_day(park, visits, seed)
    others = [_park_day(park, visits, 1_000 * seed + i) for i in range(EARLIER_DAYS)]
    earlier = together([past_requests(*other) for other in others])
    return Booking(f"demo park {visits} seed {seed}", instance, moment, earlier, EARLIER_DAYS)


def _park_day(park: Park, visits: int, seed: int) -> tuple[SlotInstance, FloatArray]:
    day = generate_day(park, visits=visits, seed=seed)
    problem = slot_problem(park, DEFAULT_DATE, day.visits)
    midnight = park.grid.moment_of(DEFAULT_DATE, 0)
    hours = [(visit.requested_at - midnight) / timedelta(hours=1) for visit in problem.visits]
    return problem.instance, np.array(hours)


def moments(visits: int, rng: np.random.Generator) -> FloatArray:
    """Return when visits are asked for, hours, the day beginning at 0: exponential leads as in docs/demand.md, cut to
    the booking horizon; when a visit is asked for says nothing of what it is.
    """
    mean, longest = LEAD_HOURS.value, 24.0 * BOOKING_DAYS
    leads: FloatArray = -mean * np.log1p(rng.random(visits) * np.expm1(-longest / mean))
    return -leads


def past_requests(instance: SlotInstance, moment: FloatArray) -> PastRequests:
    """Return what the visits of a day asked for."""
    return PastRequests(
        dock_group=instance.dock_group,
        duration=instance.duration,
        wish=instance.wish,
        first=instance.earliest,
        last=np.minimum(instance.latest, instance.horizon - instance.duration),
        weight=instance.weight,
        carrier=instance.carrier,
        moment=moment,
    )


def together(days: Sequence[PastRequests]) -> PastRequests:
    """Return the requests of several days as one."""
    return PastRequests(
        **{name: np.concatenate([getattr(day, name) for day in days]) for name in PastRequests.__slots__}
    )


def _pricer(booking: Booking, terms: Terms, free: Free) -> BidPricer:
    rng = np.random.default_rng(0)
    forecast = expect(booking.earlier, days=booking.earlier_days, groups=len(free.docks), rng=rng)
    return BidPricer(forecast, terms, free)


def _all_free(instance: SlotInstance) -> Free:
    quota = np.repeat(instance.quota[:, None], instance.horizon, axis=1)
    return Free(instance.docks.copy(), instance.gate.copy(), quota)


def _request(instance: SlotInstance, v: int, held: dict[int, IntArray]) -> Request:
    return Request(
        dock_group=int(instance.dock_group[v]),
        duration=int(instance.duration[v]),
        wish=int(instance.wish[v]),
        earliest=int(instance.earliest[v]),
        latest=int(instance.latest[v]),
        weight=int(instance.weight[v]),
        carrier=int(instance.carrier[v]),
        busy=held.get(int(instance.truck[v]), np.zeros(0, dtype=np.int64)),
    )


def _take(request: Request, slot: int, free: Free) -> None:
    free.gate[slot] -= 1
    free.docks[request.dock_group, slot : slot + request.duration] -= 1
    if request.carrier >= 0 and free.quota[request.carrier, slot] > 0:
        free.quota[request.carrier, slot] -= 1


def _hold(held: dict[int, IntArray], truck: int, slot: int, length: int) -> None:
    if truck >= 0:
        slots = np.concatenate([held.get(truck, np.zeros(0, dtype=np.int64)), np.arange(slot, slot + length)])
        held[truck] = np.sort(slots)
