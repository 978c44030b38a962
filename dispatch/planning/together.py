"""Slots and return loads planned together: each is given in turn for what the other has become.

1. by wish   slots as if there were no loads
2. loose     chains of loads whose visits may start anywhere in their windows
3. given     slots again: the visit of a chained load now wishes for the slot that its chain wants, and weighs more
4. tied      chains again, of loads whose visits have these slots
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dispatch.model.day import Truck, Visit
from dispatch.model.park import Park
from dispatch.planning.capacity import FreeCapacity, whole_capacity
from dispatch.planning.chain_slots import chain_slots
from dispatch.planning.matching import MatchingProblem, matching_problem
from dispatch.planning.permitted import OpenLoad, permitted
from dispatch.planning.slots import Placement, SlotProblem, placements, slot_problem
from dispatch.planning.tied import Span, Ties
from dispatch.roads.table import TravelTable
from solver.matching import check
from solver.matching.board import BoolArray, board
from solver.matching.online import match_round
from solver.matching.plan import MatchingPlan
from solver.matching.solve import solve as solve_matching
from solver.outcome import OnProgress, Outcome, Progress, ShouldStop
from solver.slots.instance import SlotPlan
from solver.slots.solve import solve as solve_slots

LOOSE_SHARE = 0.25  # of the time for chains: for those that do not know their slots yet; more of it is no better
CHAIN_WEIGHT = 5  # how much more a visit weighs when a chain wants a slot of it: moved, it breaks the chain
BEFORE_ALL = -(10**6)  # a minute before everything


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
class Together:
    """Slots and chains that fit each other.

    `by_wish` are slots as visits ask for them, the problem of `given` has the wishes of the chains. `loose` are chains
    of `matching`, whose visits may start anywhere in their windows; `matched` those of `tied`, whose visits have the
    slots given, and which are lawful in `matching` too.
    """

    by_wish: "Given"
    given: "Given"
    matching: MatchingProblem
    tied: MatchingProblem
    loose: Outcome[MatchingPlan]
    matched: Outcome[MatchingPlan]


def plan_together(asked: "Asked", budget: Budget, watch: Watch) -> Together:
    """Return slots and chains of a day, unchecked. Slots have half of their time each time they are given, the loose
    chains `LOOSE_SHARE` of that of the chains.
    """
    whole = asked.slot_problem({})
    by_wish = given = Given(whole, _solved_slots(whole, budget, watch))
    wished = by_wish.slots(asked.ties)
    matching = asked.matching_problem(asked.spans, wished)
    loose = _solved_chains(matching, LOOSE_SHARE, budget, watch)
    wanted = chain_slots(asked.ties, matching, loose.plan)
    if wanted:
        problem = asked.slot_problem(wanted)
        given = Given(problem, _solved_slots(problem, budget, watch))
    slots = given.slots(asked.ties)
    tied = asked.matching_problem({name: (slot, slot) for name, slot in slots.items()}, slots, matching.trucks)
    found = _solved_chains(tied, 1 - LOOSE_SHARE, budget, watch)
    return Together(by_wish, given, matching, tied, loose, _better(tied, found, loose))


@dataclass(frozen=True)
class Asked:
    """What a day asks of the park, as problems for the solvers; `spans` are the slots of the visits' own windows."""

    requests: Requests
    ties: Ties
    free: FreeCapacity
    may: BoolArray
    spans: Mapping[str, Span]

    @classmethod
    def of(
        cls, park: Park, day: date, requests: Requests, travel: TravelTable, free: FreeCapacity | None = None
    ) -> "Asked":
        """Return the requests of a day; `free` is the whole park where it is left out."""
        ties = Ties(park, day, travel, {visit.id: visit for visit in requests.visits})
        return cls(
            requests=requests,
            ties=ties,
            free=whole_capacity(park) if free is None else free,
            may=permitted(park, requests.loads, requests.trucks),
            spans={visit.id: ties.span(visit) for visit in requests.visits},
        )

    def slot_problem(self, wanted: Mapping[str, int]) -> SlotProblem:
        """Return the slot problem in which visits wish for the slots that chains want of them."""
        visits = [
            self.ties.wanting(each, wanted[each.id], CHAIN_WEIGHT) if each.id in wanted else each
            for each in self.requests.visits
        ]
        return slot_problem(self.ties.park, self.ties.day, visits, self.free)

    def matching_problem(
        self, spans: Mapping[str, Span], slots: Mapping[str, int], trucks: Sequence[Truck] | None = None
    ) -> MatchingProblem:
        """Return the matching problem in which visits start in these spans, and trucks' own visits in these slots."""
        ties = self.ties
        loads = [ties.tied(each.load, spans) for each in self.requests.loads]
        free = ties.free_after_own(self.requests.trucks if trucks is None else trucks, slots)
        return matching_problem(ties.park, ties.day, loads, free, ties.travel, self.may)


@dataclass(frozen=True)
class Given:
    """Slots given: the problem and its solution."""

    problem: SlotProblem
    outcome: Outcome[SlotPlan]

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Return the visits that have a slot."""
        return placements(self.problem, self.outcome.plan.start)

    def slots(self, ties: Ties) -> dict[str, int]:
        """Return the slot of every visit, that of its wish where it got none."""
        return ties.slots(self.placements)


def _solved_slots(problem: SlotProblem, budget: Budget, watch: Watch) -> Outcome[SlotPlan]:
    return solve_slots(
        problem.instance,
        seconds=budget.slot_seconds / 2,
        on_progress=_staged("slots", watch.on_progress),
        should_stop=watch.should_stop,
        seed=budget.seed,
    )


def _solved_chains(problem: MatchingProblem, share: float, budget: Budget, watch: Watch) -> Outcome[MatchingPlan]:
    return solve_matching(
        problem.instance,
        seconds=budget.matching_seconds * share,
        on_progress=_staged("matching", watch.on_progress),
        should_stop=watch.should_stop,
        seed=budget.seed,
    )


def _better(tied: MatchingProblem, found: Outcome[MatchingPlan], loose: Outcome[MatchingPlan]) -> Outcome[MatchingPlan]:
    """Return the chains found for the slots given, or what of the loose ones can be driven in them if cheaper."""
    if not loose.plan.chains:
        return found
    kept = match_round(board(tied.instance, BEFORE_ALL), before=loose.plan.chains).plan
    cost = check.cost(tied.instance, kept)
    return replace(found, plan=kept, cost=cost) if cost < found.cost else found


def _staged(part: str, on_progress: OnProgress | None) -> OnProgress | None:
    if on_progress is None:
        return None

    def tell(news: Progress) -> None:
        on_progress(replace(news, stage=f"{part}: {news.stage}"))

    return tell
