"""A day planned whole: entry slots for its visits, chains of loads for its trucks, both checked, and the comparison."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from dispatch.model.day import Truck, Visit
from dispatch.model.park import Park
from dispatch.planning.capacity import FreeCapacity
from dispatch.planning.matching import MatchingProblem, PlannedChain, chains, matching_problem
from dispatch.planning.permitted import OpenLoad, permitted
from dispatch.planning.report import DayReport, load_report, slot_report
from dispatch.planning.slots import Placement, SlotProblem, placements, slot_problem
from dispatch.roads.table import TravelTable
from solver.matching import check as matching_check
from solver.matching.plan import MatchingPlan
from solver.matching.solve import solve as solve_matching
from solver.outcome import OnProgress, Outcome, Progress, ShouldStop
from solver.slots import check as slot_check
from solver.slots.instance import SlotPlan
from solver.slots.solve import solve as solve_slots


@dataclass(frozen=True, slots=True)
class Budget:
    """How long each solver may take, and the seed of both solvers' dice."""

    slot_seconds: float = 10.0
    matching_seconds: float = 30.0
    seed: int = 0

    @classmethod
    def of(cls, seconds: float, seed: int = 0) -> "Budget":
        """Return a budget of so many seconds in all: matching, which needs it more, gets three quarters."""
        return cls(seconds / 4, 3 * seconds / 4, seed)


@dataclass(frozen=True, slots=True)
class Watch:
    """How a run is watched: who hears of progress, and who is asked whether to stop."""

    on_progress: OnProgress | None = None
    should_stop: ShouldStop | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """What a day asks for."""

    visits: Sequence[Visit]
    loads: Sequence[OpenLoad]
    trucks: Sequence[Truck]


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
    """Return the plan of a day; PlanRejected when a checker finds a violation, a claim that is false included.

    `free` is what bookings leave of the park (`dispatch.planning.capacity`). Progress comes with the stages named
    "slots: ..." and "matching: ...". When asked to stop, the best plans so far come back, their status INTERRUPTED.
    """
    watch = Watch() if watch is None else watch
    slots = slot_problem(park, day, requests.visits, free)
    slot_outcome = solve_slots(
        slots.instance,
        seconds=budget.slot_seconds,
        on_progress=_staged("slots", watch.on_progress),
        should_stop=watch.should_stop,
        seed=budget.seed,
    )
    _accept_slots(slots, slot_outcome)
    may = permitted(park, requests.loads, requests.trucks)
    loads = [each.load for each in requests.loads]
    matching = matching_problem(park, day, loads, requests.trucks, travel, may)
    matching_outcome = solve_matching(
        matching.instance,
        seconds=budget.matching_seconds,
        on_progress=_staged("matching", watch.on_progress),
        should_stop=watch.should_stop,
        seed=budget.seed,
    )
    _accept_matching(matching, matching_outcome)
    return DayPlan(
        slots=slots,
        slot_outcome=slot_outcome,
        placements=placements(slots, slot_outcome.plan.start),
        matching=matching,
        matching_outcome=matching_outcome,
        chains=chains(matching, matching_outcome.plan),
        report=DayReport(slot_report(slots, slot_outcome), load_report(matching, matching_outcome)),
    )


def _staged(part: str, on_progress: OnProgress | None) -> OnProgress | None:
    if on_progress is None:
        return None

    def tell(news: Progress) -> None:
        on_progress(replace(news, stage=f"{part}: {news.stage}"))

    return tell


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
