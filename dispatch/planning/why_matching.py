"""Why a load is left, or a truck drives home empty, in the park's own words: plates and load ids."""

from dataclasses import dataclass

from dispatch.planning.matching import MatchingProblem
from solver.matching.explain import Explanation, Reason, explain_load, explain_truck
from solver.matching.plan import MatchingPlan


@dataclass(frozen=True, slots=True)
class Why:
    """The reason, and the nearest change of the plan: which truck (plate) would take which load (id), None where none.

    `minutes_late` is how much too late that is; where it can be done, `cost_change` is what it adds to the plan's cost.
    """

    reason: Reason
    plate: str | None
    load: str | None
    minutes_late: int
    cost_change: int | None


def why_load_is_left(problem: MatchingProblem, plan: MatchingPlan, load_id: str) -> Why:
    """Return why a load is in no chain of a lawful plan; ValueError when it is in one, or not of the problem."""
    numbers = [load.id for load in problem.loads]
    return _in_words(problem, explain_load(problem.instance, plan, numbers.index(load_id)))


def why_truck_has_no_load(problem: MatchingProblem, plan: MatchingPlan, plate: str) -> Why:
    """Return why a truck gets no load, or no further one; ValueError when it is not of the problem."""
    numbers = [truck.plate for truck in problem.trucks]
    return _in_words(problem, explain_truck(problem.instance, plan, numbers.index(plate)))


def _in_words(problem: MatchingProblem, found: Explanation) -> Why:
    return Why(
        reason=found.reason,
        plate=problem.trucks[found.truck].plate if found.truck >= 0 else None,
        load=problem.loads[found.load].id if found.load >= 0 else None,
        minutes_late=found.minutes_late,
        cost_change=found.cost_change,
    )
