"""A day's carriers alone, together, and together with nobody worse off: kilometres, cost, and who loses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dispatch.planning.matching import matching_problem
from simulations.benchmarks.matching_online import Place
from simulations.demand.carriers import with_carriers
from simulations.demand.generate import generate_day
from solver.matching import baselines, check
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan
from solver.matching.shares import no_carrier_drives_more_empty, shares, solve_nobody_worse_off

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Study:
    """Which day, and how long the whole comparison may take."""

    visits: int = 2_000
    seed: int = 1
    seconds: float = 60.0


def rows(study: Study, place: Place, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per plan; every plan is checked."""
    day = generate_day(place.park, visits=study.visits, seed=study.seed)
    problem = matching_problem(place.park, day.date, day.loads, day.trucks, place.travel)
    instance = with_carriers(problem.instance, day, place.park)
    found = solve_nobody_worse_off(instance, seconds=study.seconds, clock=clock)
    for name, plan in (
        ("each carrier alone", found.alone),
        ("together", found.joint.plan),
        ("together, nobody worse off", found.outcome.plan),
    ):
        yield _row(name, instance, plan, found.alone)


def _row(name: str, instance: MatchingInstance, plan: MatchingPlan, alone: MatchingPlan) -> dict[str, Any]:
    faults = check.violations(instance, plan)
    assert not faults, faults[0].text
    measured = baselines.measures(instance, plan)
    parts = shares(instance, plan, alone)
    return {
        "plan": name,
        "carriers": len(parts),
        "worse off": len(no_carrier_drives_more_empty(instance, plan, alone)),
        "better off": sum(part.empty_km < part.alone_empty_km for part in parts),
        "empty km": measured.empty_km,
        "empty share": measured.empty_share,
        "trucks": measured.trucks_used,
        "unserved": measured.unserved,
        "cost": measured.cost,
    }
