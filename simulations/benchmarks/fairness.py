"""The price of fairness: what the day costs more, and how much more evenly carriers are treated, as its price rises."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.outcome import Outcome
from solver.slots import carriers, check
from solver.slots.fair_plan import fair_plan
from solver.slots.flavours import FLAVOURS, generate
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.solve import solve

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are planned with which prices on a slot of unfairness, and how long each time."""

    flavours: Sequence[str] = ("peaky", "tight")
    visits: int = 10_000
    prices: Sequence[int] = (1, 3, 10)
    seconds: float = 10.0
    seed: int = 1


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per day and price, the first without one; every plan is checked.

    `cost` is F1 + F2, `price` what it is above that of the plan without, `unfair slots` what carriers are moved
    beyond their share, `most burdened` the mean displacement of the carrier that is moved most, in minutes, by the
    convention of formulation.md for visits that are not placed.
    """
    for name in study.flavours:
        day = generate(FLAVOURS[name], study.visits, np.random.default_rng(study.seed))
        plain = solve(day, seconds=study.seconds, clock=clock)
        share = carriers.mean_slots_moved(day, plain.plan.start)
        yield _row(f"{name} {study.visits}", day, plain, plain.cost, 0, share)

        def solver(instance: SlotInstance, seconds: float, plain: Outcome[SlotPlan] = plain) -> Outcome[SlotPlan]:
            return solve(instance, seconds=seconds, clock=clock) if instance.fairness else plain

        for price in study.prices:
            seconds = study.seconds + plain.wall_seconds
            found = fair_plan(day, price=price, fair_slots=share, seconds=seconds, solver=solver)
            yield _row(f"{name} {study.visits}", found.instance, found.outcome, plain.cost, price, share)


def _row(
    day: str, instance: SlotInstance, outcome: Outcome[SlotPlan], without: int, price: int, share: int
) -> dict[str, Any]:
    start = outcome.plan.start
    faults = check.violations(instance, start)
    assert not faults, faults[0].text
    unfair = check.unfairness_cost(instance, start)
    found = carriers.report(instance, start)
    return {
        "day": day,
        "fairness": price,
        "fair slots": share,
        "cost": outcome.cost - unfair,
        "price": outcome.cost - unfair - without,
        "unfair slots": int(check.slots_beyond(instance, start, share).sum()),
        "jain": found.jain,
        "most burdened": float(found.burden_minutes.max(initial=0.0)),
        "gap": outcome.gap,
        "seconds": outcome.wall_seconds,
    }
