"""The matching solver on synthetic port days, beside every load alone and greedy nearest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.matching import baselines, check
from solver.matching.flavours import port_day
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan
from solver.matching.solve import solve
from solver.outcome import relative_gap

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are solved, and how long each time; a day has half as many trucks as loads."""

    sizes: Sequence[int] = (1_000, 5_000)
    seconds: Sequence[float] = (10.0, 30.0, 60.0)
    seed: int = 1


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per size and method; every plan is checked, a baseline's `bound` is the best any run proved."""
    solve(port_day(np.random.default_rng(study.seed), loads=20, trucks=10), seconds=2.0, clock=clock)  # compiles
    for loads in study.sizes:
        instance = port_day(np.random.default_rng(study.seed), loads=loads, trucks=loads // 2)
        yield from _rows_of(loads, instance, study.seconds, clock)


def _rows_of(
    loads: int, instance: MatchingInstance, budgets: Sequence[float], clock: Clock
) -> Iterator[dict[str, Any]]:
    outcomes = [solve(instance, seconds=seconds, clock=clock) for seconds in budgets]
    bound = max(outcome.bound for outcome in outcomes)
    driven = baselines.alone(instance)
    yield {
        "loads": loads,
        "method": "every load alone",
        "empty km": driven.empty_km,
        "empty share": driven.empty_share,
        **dict.fromkeys(("trucks", "unserved", "cost", "bound", "gap", "seconds")),
    }
    began = clock()
    plan = baselines.greedy_nearest(instance)
    yield _row(loads, "greedy nearest", instance, plan, bound, clock() - began)
    for seconds, outcome in zip(budgets, outcomes, strict=True):
        yield _row(loads, f"this solver, {seconds:g} s", instance, outcome.plan, outcome.bound, outcome.wall_seconds)


def _row(
    loads: int, method: str, instance: MatchingInstance, plan: MatchingPlan, bound: int, seconds: float
) -> dict[str, Any]:
    faults = check.violations(instance, plan)
    assert not faults, faults[0].text
    found = baselines.measures(instance, plan)
    return {
        "loads": loads,
        "method": method,
        "empty km": found.empty_km,
        "empty share": found.empty_share,
        "trucks": found.trucks_used,
        "unserved": found.unserved,
        "cost": found.cost,
        "bound": bound,
        "gap": relative_gap(found.cost, bound),
        "seconds": seconds,
    }
