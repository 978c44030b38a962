"""The entry: a plan for a day's visits, and the proof of how good it is.

1. model          the allowed starts, and the capacity rows S2-S5
2. construct      a first lawful plan, visit by visit
3. search         the plan made better, by turns:
   transport      all visits choose anew among starts that do not get in each other's way
   regroup        dock groups with unplaced visits decided anew, exactly, at prices of the gate
4. proof          beside it, a lower bound, by turns:
   prices, bound  the linear relaxation, first-order, and what its prices prove, in integers
   groupwise      each dock group's part of it in whole starts
5. subproblem     if few starts are left that could be better: branch and bound on all of them
6. check          nothing leaves that the checker rejects
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Final

import numpy as np

from solver.outcome import OnProgress, Outcome, ShouldStop
from solver.reading import IntArray
from solver.slots import bound, compiled, construct, subproblem
from solver.slots.bound import SEARCH
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.model import FloatArray, Model
from solver.slots.proof import Proof
from solver.slots.run import Run
from solver.slots.search import Search
from solver.slots.subproblem import Columns

WORKERS: Final = 2
FIRST_ROUNDS: Final = 8  # of transport, before prices are asked for
SMALL_COLUMNS: Final = 25_000  # of a day that branch and bound may well finish
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
    run.plan(_first_plan(run.model, rng))
    search = Search(run, run.start, rng)
    search.transport(FIRST_ROUNDS)
    proof = Proof(run, run.start, search.gate_alone())
    _side_by_side(run, search, proof)
    _finish(run, proof.best_price)
    return run.outcome()


def _first_plan(m: Model, rng: np.random.Generator) -> IntArray:
    """Return a plan by first fit, heavy and inflexible visits first."""
    return construct.in_order(m, np.lexsort((rng.random(len(m.first)), m.last - m.first, -m.drop)))


def _side_by_side(run: Run, search: Search, proof: Proof) -> None:
    """Search for a plan and for a bound until the time is up, or until a small day can be left to branch and
    bound."""
    small = int(run.model.column[-1]) <= SMALL_COLUMNS
    until = run.seconds * (SMALL_SHARE if small else 1.0)
    with ThreadPoolExecutor(WORKERS) as pool, ThreadPoolExecutor(1) as beside:
        while not run.is_over() and run.elapsed() < until:
            search.step(pool, lambda: proof.advance(beside))
        proof.wait()


def _finish(run: Run, price: FloatArray) -> None:
    """Solve what is left exactly, if that is little: only starts whose excess is within the gap can be
    better."""
    m = run.model
    if run.is_over():
        return
    left = _within(m, price, run.cost - bound.bound(m, price) + 1)
    if len(left.visit) > MOST_COLUMNS:
        return
    seconds = FINISH_SECONDS
    while not run.is_over():
        allowed = min(seconds, run.seconds - run.elapsed())
        answer = subproblem.exactly(m, left, seconds=allowed)
        if answer.starts is not None:
            start = np.full(len(m.first), -1)
            start[answer.starts[0]] = answer.starts[1]
            run.plan(start, "exact")
        run.prove(min(run.cost, bound.from_search(m, answer.bound)), SEARCH)
        seconds *= 2


def _within(m: Model, price: FloatArray, excess: int) -> Columns:
    """Return the starts that are at most `excess` dearer than their visit's cheapest choice at `price` (R,)."""
    columns = subproblem.columns_of(m, np.arange(len(m.first)))
    rows, position = subproblem.uses(m, columns)
    reduced = columns.cost + np.bincount(position, weights=price[rows], minlength=len(columns.visit))
    least = np.zeros(len(m.first))
    np.minimum.at(least, columns.visit, reduced)
    return subproblem.chosen(columns, reduced - least[columns.visit] <= excess)
