"""The entry: a plan for a day's visits, and the proof of how good it is.

1. model          the allowed starts, and the capacity rows S2-S5
2. construct      a first lawful plan, visit by visit
3. prices, bound  the linear relaxation, first-order; after each stretch the proof, in integers
4. rounding       the relaxation's shares made starts, a few dock groups at a time, exactly
5. improve        local search on that plan
6. neighbourhood  sets of visits decided anew, exactly, while the prices go on improving
7. subproblem     if few starts are left that could be better: branch and bound on all of them
8. check          nothing leaves that the checker rejects
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import numpy as np

from solver.outcome import OnProgress, Outcome, Progress, ShouldStop, Status
from solver.reading import IntArray
from solver.slots import (
    bound,
    check,
    compiled,
    construct,
    improve,
    model,
    neighbourhood,
    places,
    prices,
    rounding,
    subproblem,
)
from solver.slots.bound import LAGRANGIAN, SEARCH
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.model import FloatArray, Model
from solver.slots.neighbourhood import Priced
from solver.slots.places import Places
from solver.slots.subproblem import Columns

STRETCH: Final = 25  # price steps between two looks at the clock
LOOK_EVERY: Final = 4  # stretches between two looks at how far the prices are
SETTLED: Final = 0.001  # relative: when the relaxation counts as solved
RELAX_SHARE: Final = 0.25  # of the time at most for it
NEIGHBOURHOOD: Final = 150  # visits decided anew at once
WORKERS: Final = 2
MIP_SECONDS: Final = 1.5
RENEW_EVERY: Final = 20  # rounds of the search between two looks at new prices
GROWTH: Final = 10  # visits more after each round without a gain
LARGEST: Final = 600
SMALL_COLUMNS: Final = 25_000  # of a day that branch and bound may well finish
SMALL_RELAX_SHARE: Final = 0.2
SMALL_SHARE: Final = 0.35  # of the time, after which a small day is left to it
MOST_COLUMNS: Final = 40_000  # of a problem that is worth solving whole
FINISH_SECONDS: Final = 5.0


def solve(
    instance: SlotInstance,
    *,
    seconds: float = 10.0,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    clock: Callable[[], float] = monotonic,
    seed: int = 0,
) -> Outcome[SlotPlan]:
    """Return the best plan found in `seconds` with a proven lower bound on the cost of every lawful plan.

    `clock` gives seconds from any origin; `should_stop` is asked many times a second and ends the run with
    the best plan and bound so far; `on_progress` hears of every better plan or bound. The plan has passed
    check.violations.
    """
    compiled.load()
    run = Run(instance, seconds, clock, on_progress, should_stop)
    rng = np.random.default_rng(seed)
    run.plan(_first_plan(run, rng))
    state = _relax(run)
    if not run.is_over():
        unit = prices.unit_of(run.model)
        price = state.price_next * unit
        view = neighbourhood.priced(run.model, price, unit)
        _round(run, view, state.share_next, rng)
        _search(run, state, rng, SMALL_SHARE if len(view.excess) <= SMALL_COLUMNS else 1.0)
        _finish(run, state)
    return run.outcome()


@dataclass(slots=True)
class Run:
    """One run's best plan and bound so far, and its clock."""

    instance: SlotInstance
    seconds: float
    clock: Callable[[], float]
    on_progress: OnProgress | None = None
    should_stop: ShouldStop | None = None
    model: Model = field(init=False)
    start: IntArray = field(init=False)
    cost: int = field(init=False)
    bound: int = 0
    bound_from: str = LAGRANGIAN
    began: float = field(init=False)
    stopped: bool = False
    news: list[Progress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.model = model.build(self.instance)
        self.start = np.full(self.instance.visits, -1)
        self.cost = check.cost(self.instance, self.start)

    def elapsed(self) -> float:
        """Return the seconds since the run began."""
        return self.clock() - self.began

    def is_over(self) -> bool:
        """Answer whether the plan is proven optimal, the time is up or the caller wants to stop."""
        if not self.stopped and self.should_stop is not None and self.should_stop():
            self.stopped = True
        return self.stopped or self.cost == self.bound or self.elapsed() >= self.seconds

    def plan(self, start: IntArray, stage: str = "plan") -> None:
        """Keep a plan if it is better; one that the checker rejects is a fault of the method and raises."""
        cost = check.cost(self.instance, start)
        if cost >= self.cost:
            return
        faults = check.violations(self.instance, start)
        if faults:
            raise AssertionError(f"the method made an unlawful plan: {faults[0].text}")
        self.start, self.cost = start.copy(), cost
        self._tell(stage)

    def prove(self, proven: int, name: str = LAGRANGIAN) -> None:
        """Keep a bound if it is better, and the name of the relaxation that proves it."""
        if proven > self.bound:
            self.bound, self.bound_from = proven, name
            self._tell("bound")

    def outcome(self) -> Outcome[SlotPlan]:
        """Return the run's result."""
        status = Status.FEASIBLE
        if self.cost == self.bound:
            status = Status.OPTIMAL
        elif self.stopped:
            status = Status.INTERRUPTED
        plan = SlotPlan(self.start)
        return Outcome(plan, self.cost, self.bound, self.elapsed(), status, self.bound_from, tuple(self.news))

    def _tell(self, stage: str) -> None:
        self.news.append(Progress(self.elapsed(), stage, self.cost, self.bound))
        if self.on_progress is not None:
            self.on_progress(self.news[-1])


def _first_plan(run: Run, rng: np.random.Generator) -> IntArray:
    """Return a plan by first fit, heavy and inflexible visits first."""
    m = run.model
    order = np.lexsort((rng.random(len(m.first)), m.last - m.first, -m.drop))
    return construct.in_order(m, order)


def _relax(run: Run) -> prices.PriceState:
    """Improve the prices until they stand still, prove the bound, round a plan now and then; return the
    prices."""
    m = run.model
    state, unit = prices.start(m), prices.unit_of(m)
    stretch = 0
    share = SMALL_RELAX_SHARE if m.column[-1] <= SMALL_COLUMNS else RELAX_SHARE
    while not run.is_over() and run.elapsed() < share * run.seconds:
        prices.run(m, state, unit, STRETCH)
        proven = bound.bound(m, state.price_next * unit)
        run.prove(proven)
        stretch += 1
        if stretch % LOOK_EVERY == 0 and _is_settled(run, state, proven):
            break
    return state


def _is_settled(run: Run, state: prices.PriceState, proven: int) -> bool:
    """Answer whether the relaxation is solved well enough: cost near the bound, hardly any capacity
    exceeded."""
    cost, beyond = prices.error(run.model, state)
    near = abs(cost - proven) <= max(1.0, SETTLED * proven)  # the bound is rounded up to a whole cost
    return near and beyond <= SETTLED * run.instance.visits


def _improve(run: Run, board: Places, rng: np.random.Generator) -> None:
    """Improve a plan by local search until nothing helps or time is up."""
    for _ in range(improve.MAX_ROUNDS):
        saved = 0
        for part in np.array_split(rng.permutation(len(run.model.first)), 20):
            if run.is_over():
                return
            saved += improve.sweep(run.model, board, part)
        run.plan(board.start)
        if saved == 0:
            return


def _round(run: Run, view: Priced, share: FloatArray, rng: np.random.Generator) -> None:
    """Round the relaxation to a plan, complete it, and improve it."""
    start = rounding.by_groups(run.model, view, share, prices.unit_of(run.model), run.is_over)
    board = places.filled(run.model, start)
    run.plan(board.start)
    construct.complete(run.model, board, rng.permutation(len(start)))
    run.plan(board.start)
    _improve(run, board, rng)


def _search(run: Run, state: prices.PriceState, rng: np.random.Generator, share: float) -> None:
    """Decide neighbourhoods anew, two side by side, until that share of the time is up."""
    m, unit = run.model, prices.unit_of(run.model)
    board = places.filled(m, run.start)
    in_vain, rounds = 0, 0
    with ThreadPoolExecutor(WORKERS + 1) as pool:
        while not run.is_over() and run.elapsed() < share * run.seconds:
            if rounds % RENEW_EVERY == 0:
                view = neighbourhood.priced(m, state.price_next * unit, unit)
            rounds += 1
            better_prices = pool.submit(prices.run, m, state, unit, STRETCH)
            before = run.cost
            seconds = min(MIP_SECONDS, run.seconds - run.elapsed())
            jobs = [
                pool.submit(neighbourhood.propose, m, board, visits, columns, seconds)
                for visits, columns in _neighbourhoods(
                    m, view, board, rng, min(LARGEST, NEIGHBOURHOOD + GROWTH * in_vain)
                )
            ]
            for job in jobs:
                proposal = job.result()
                if proposal is not None:
                    neighbourhood.accept(m, board, proposal)
            better_prices.result()
            run.prove(bound.bound(m, state.price_next * unit))
            run.plan(board.start)
            in_vain = 0 if run.cost < before else in_vain + 1


def _neighbourhoods(
    m: Model, view: Priced, board: Places, rng: np.random.Generator, size: int
) -> list[tuple[IntArray, Columns]]:
    """Return WORKERS sets of visits, no visit twice, each with its starts on offer."""
    excess = neighbourhood.plan_excess(m, view, board.start)
    drawn: list[IntArray] = []
    for _ in range(WORKERS):
        visits = neighbourhood.draw(m, excess, size, rng)
        drawn.append(visits[~np.isin(visits, np.concatenate([*drawn, visits[:0]]))])
    return [(visits, neighbourhood.offered(m, view, visits, board.start)) for visits in drawn if len(visits)]


def _finish(run: Run, state: prices.PriceState) -> None:
    """Solve what is left exactly, if that is little: only starts whose excess is within the gap can be
    better."""
    m, unit = run.model, prices.unit_of(run.model)
    price = state.price_next * unit
    view = neighbourhood.priced(m, price, unit)
    left = subproblem.chosen(view.columns, view.excess <= run.cost - bound.bound(m, price) + 1)
    if len(left.visit) > MOST_COLUMNS:
        return
    seconds = FINISH_SECONDS
    while not run.is_over():
        allowed = min(seconds, run.seconds - run.elapsed())
        answer = subproblem.exactly(m, left, subproblem.Room(m.capacity), seconds=allowed)
        if answer.starts is not None:
            start = np.full(len(m.first), -1)
            start[answer.starts[0]] = answer.starts[1]
            run.plan(start, "exact")
        run.prove(min(run.cost, bound.from_search(m, answer.bound)), SEARCH)
        seconds *= 2
