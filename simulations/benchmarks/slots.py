"""The slot solver on synthetic days of three flavours, beside first-come booking."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.outcome import Outcome, relative_gap
from solver.reading import IntArray
from solver.slots import baselines, check
from solver.slots.flavours import FLAVOURS, generate
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.solve import solve

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are solved, and how long each time."""

    sizes: Sequence[int] = (1_000, 10_000)
    seconds: Sequence[float] = (3.0, 10.0)
    seed: int = 1


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per flavour, size and method; every plan is checked, `bound` is the best any run proved."""
    solve(generate(FLAVOURS["flat"], 50, np.random.default_rng(study.seed)), seconds=1.0, clock=clock)  # compiles
    for name, flavour in FLAVOURS.items():
        for visits in study.sizes:
            instance = generate(flavour, visits, np.random.default_rng(study.seed))
            yield from _rows_of(f"{name} {visits}", instance, study.seconds, clock)


def _rows_of(day: str, instance: SlotInstance, budgets: Sequence[float], clock: Clock) -> Iterator[dict[str, Any]]:
    outcomes = [solve(instance, seconds=seconds, clock=clock) for seconds in budgets]
    bound = max(outcome.bound for outcome in outcomes)
    began = clock()
    start = baselines.first_come(instance, np.arange(instance.visits)).start
    yield _row(day, "first come", instance, start, bound, clock() - began)
    for seconds, outcome in zip(budgets, outcomes, strict=True):
        yield _solved(day, f"this solver, {seconds:g} s", instance, outcome)


def _solved(day: str, method: str, instance: SlotInstance, outcome: Outcome[SlotPlan]) -> dict[str, Any]:
    return _row(day, method, instance, outcome.plan.start, outcome.bound, outcome.wall_seconds)


def _row(day: str, method: str, instance: SlotInstance, start: IntArray, bound: int, seconds: float) -> dict[str, Any]:
    faults = check.violations(instance, start)
    assert not faults, faults[0].text
    cost = check.cost(instance, start)
    return {
        "day": day,
        "method": method,
        "placed": int((start >= 0).sum()),
        "cost": cost,
        "bound": bound,
        "gap": relative_gap(cost, bound),
        "seconds": seconds,
    }
