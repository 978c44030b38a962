"""The matching solver on generated days of the demo park, beside simpler ways and other solvers."""

import importlib.util
import multiprocessing
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from dispatch.files import load_park
from dispatch.planning.matching import matching_problem
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from solver.matching import baselines, check
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan
from solver.matching.rivals import flow_with_repair, routing
from solver.matching.solve import solve
from solver.outcome import relative_gap

Clock = Callable[[], float]
PARK: Final = Path(__file__).parents[2] / "parks" / "beilun.toml"
VISITS_PER_LOAD: Final = 2


@dataclass(frozen=True, slots=True)
class Study:
    """Days of how many loads (half as many trucks) are solved, how long each time, and up to which size by the other
    solvers."""

    sizes: Sequence[int] = (200, 1_000, 5_000, 20_000)
    seconds: Sequence[float] = (30.0, 60.0, 180.0)
    most_for_rivals: int = 1_000
    rival_seconds: float = 60.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Made:
    """A plan with what making it took; `bound` only from this solver."""

    plan: MatchingPlan
    bound: int | None
    seconds: float
    peak_mb: int


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per size and method; every plan is checked, a rival's `bound` is the best any run proved."""
    for loads in study.sizes:
        yield from _rows_of(loads, day(loads, study.seed), study, clock)


def day(loads: int, seed: int) -> MatchingInstance:
    """Return the return-load problem of a generated day of the demo park."""
    park = load_park(PARK)
    drawn = generate_day(park, visits=VISITS_PER_LOAD * loads, seed=seed)
    return matching_problem(park, drawn.date, drawn.loads, drawn.trucks, estimated(park)).instance


def _rows_of(loads: int, instance: MatchingInstance, study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    budgets = [s for s in study.seconds if s >= 180.0 or loads < 20_000]
    made = {f"this solver, {s:g} s": _alone_in_a_process(partial(_solved, instance, s), clock) for s in budgets}
    bound = max(each.bound or 0 for each in made.values())
    driven = baselines.alone(instance)
    yield {
        "loads": loads,
        "method": "every load alone",
        "empty km": driven.empty_km,
        "empty share": driven.empty_share,
        **dict.fromkeys(_REST),
    }
    ways: dict[str, Callable[[], tuple[MatchingPlan, int | None]]] = {
        "greedy nearest": partial(_plain, baselines.greedy_nearest, instance),
        "minimum-cost flow, repaired": partial(_plain, flow_with_repair, instance),
    }
    if loads <= study.most_for_rivals:
        ways[f"OR-Tools routing, {study.rival_seconds:g} s"] = partial(_routed, instance, study.rival_seconds)
        if importlib.util.find_spec("pyvrp"):
            ways[f"PyVRP, {study.rival_seconds:g} s"] = partial(_pyvrp, instance, study.rival_seconds)
    for name, way in ways.items():
        yield _row(loads, name, instance, _alone_in_a_process(way, clock), bound)
    for name, each in made.items():
        yield _row(loads, name, instance, each, each.bound or 0)


_REST: Final = ("imbalance km", "trucks", "unserved", "cost", "bound", "gap", "seconds", "memory MB")


def _solved(instance: MatchingInstance, seconds: float) -> tuple[MatchingPlan, int | None]:
    outcome = solve(instance, seconds=seconds)
    return outcome.plan, outcome.bound


def _plain(way: Callable[[MatchingInstance], MatchingPlan], instance: MatchingInstance) -> tuple[MatchingPlan, None]:
    return way(instance), None


def _routed(instance: MatchingInstance, seconds: float) -> tuple[MatchingPlan, None]:
    return routing(instance, seconds), None


def _pyvrp(instance: MatchingInstance, seconds: float) -> tuple[MatchingPlan, None]:
    from simulations.benchmarks.pyvrp_rival import pyvrp_plan  # noqa: PLC0415 - only the dev extra has PyVRP

    return pyvrp_plan(instance, seconds), None


def _alone_in_a_process(way: Callable[[], tuple[MatchingPlan, int | None]], clock: Clock) -> Made:
    """Return what a way makes in a process of its own, so that the memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        pool.submit(int).result()  # the process is up
        began = clock()
        plan, bound, peak = pool.submit(_with_memory, way).result()
        return Made(plan, bound, clock() - began, peak)


def _with_memory(way: Callable[[], tuple[MatchingPlan, int | None]]) -> tuple[MatchingPlan, int | None, int]:
    plan, bound = way()
    return plan, bound, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def _row(loads: int, method: str, instance: MatchingInstance, made: Made, bound: int) -> dict[str, Any]:
    faults = check.violations(instance, made.plan)
    assert not faults, faults[0].text
    found = baselines.measures(instance, made.plan)
    figures = (
        baselines.flow_imbalance_km(instance, made.plan),
        found.trucks_used,
        found.unserved,
        found.cost,
        bound,
        relative_gap(found.cost, bound),
        made.seconds,
        made.peak_mb,
    )
    return {
        "loads": loads,
        "method": method,
        "empty km": found.empty_km,
        "empty share": found.empty_share,
        **dict(zip(_REST, figures, strict=True)),
    }
