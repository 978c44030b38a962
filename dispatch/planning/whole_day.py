"""A day planned whole: entry slots for its visits, chains of loads for its trucks, both checked, and the comparison."""

from dataclasses import dataclass
from datetime import date

from dispatch.model.park import Park
from dispatch.planning.capacity import FreeCapacity
from dispatch.planning.matching import MatchingProblem, PlannedChain, chains
from dispatch.planning.report import DayReport, Proof, load_report, slot_report
from dispatch.planning.slots import Placement, SlotProblem
from dispatch.planning.together import Asked, Budget, Requests, Together, Watch, plan_together
from dispatch.roads.table import TravelTable
from solver.matching import check as matching_check
from solver.matching.plan import MatchingPlan
from solver.outcome import Outcome, relative_gap
from solver.slots import check as slot_check
from solver.slots.instance import SlotPlan


@dataclass(frozen=True)
class DayPlan:
    """A day's plan, checked: placements of visits, chains of loads, what produced them, and the comparison."""

    slots: SlotProblem
    slot_outcome: Outcome[SlotPlan]
    placements: tuple[Placement, ...]
    matching: MatchingProblem
    matching_outcome: Outcome[MatchingPlan]
    chains: tuple[PlannedChain, ...]
    report: DayReport


class PlanRejected(Exception):
    """A solver returned a plan that its checker rejects; it is not published."""


def plan_day(
    park: Park,
    day: date,
    requests: Requests,
    travel: TravelTable,
    budget: Budget,
    free: FreeCapacity | None = None,
    watch: Watch | None = None,
) -> DayPlan:
    """Return the plan of a day, slots and loads together (`planning.together`); PlanRejected when a checker finds a
    violation, a claim that is false included.

    `free` is what bookings leave of the park (`dispatch.planning.capacity`). A load whose visit is asked for is loaded
    or unloaded in that visit's slot. Progress comes with the stages named "slots: ..." and "matching: ...". When asked
    to stop, the best plans so far come back, their status INTERRUPTED.
    """
    found = plan_together(Asked.of(park, day, requests, travel, free), budget, Watch() if watch is None else watch)
    given, tied, matched = found.given, found.tied, found.matched
    _accept_slots(given.problem, given.outcome)
    _accept_matching(tied, matched)
    return DayPlan(
        slots=given.problem,
        slot_outcome=given.outcome,
        placements=given.placements,
        matching=tied,
        matching_outcome=matched,
        chains=chains(tied, matched.plan),
        report=DayReport(
            slot_report(given.problem, given.outcome, found.by_wish.problem),
            load_report(tied, matched),
            _together(found),
        ),
    )


def _together(found: Together) -> Proof:
    """Return the proof of both: what slots and chains cost as asked, and what each can be no lower than by itself."""
    asked, loose = found.by_wish, found.loose
    cost = slot_check.cost(asked.problem.instance, found.given.outcome.plan.start)
    cost += matching_check.cost(found.matching.instance, found.matched.plan)
    bound = asked.outcome.bound + loose.bound
    outcomes = {id(each): each for each in (asked.outcome, found.given.outcome, loose, found.matched)}.values()
    return Proof(
        cost=cost,
        bound=bound,
        gap=relative_gap(cost, bound),
        seconds=sum(each.wall_seconds for each in outcomes),
        bound_from="slots without loads; chains whose visits start anywhere in their windows",
        status=found.matched.status.value,
    )


def _accept_slots(problem: SlotProblem, outcome: Outcome[SlotPlan]) -> None:
    faults = [fault.text for fault in slot_check.violations(problem.instance, outcome.plan.start)]
    accept("slots", faults, outcome, slot_check.cost(problem.instance, outcome.plan.start))


def _accept_matching(problem: MatchingProblem, outcome: Outcome[MatchingPlan]) -> None:
    faults = [fault.text for fault in matching_check.violations(problem.instance, outcome.plan)]
    accept("matching", faults, outcome, matching_check.cost(problem.instance, outcome.plan))


def accept(part: str, faults: list[str], outcome: Outcome[SlotPlan] | Outcome[MatchingPlan], cost: int) -> None:
    """Raise PlanRejected where the checker found faults, another cost than is claimed, or a bound above the cost."""
    if faults:
        raise PlanRejected(f"{part}: {faults[0]} (and {len(faults) - 1} more)")
    if outcome.cost != cost or outcome.bound > cost:
        raise PlanRejected(f"{part}: claims cost {outcome.cost} and bound {outcome.bound}; the plan costs {cost}")
