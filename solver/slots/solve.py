"""The entry: a plan for a day's visits, and the proof of how good it is.

1. model          the allowed starts, and the capacity rows S2-S5
2. negotiate      visits choose again and again at prices that follow the crowding: first plan, first prices
3. rounds         two things side by side:
   search         the plan made better: all visits choose anew within the gate (transport), and dock groups in which
                  the gap lies are decided anew, exactly (regroup)
   proof          the bound made better: prices of the linear relaxation, first-order (prices), and clusters in which
                  the gap lies decided in whole starts (clusters)
4. finish         if few starts are left that could be better: branch and bound on all of them
5. check          nothing leaves that the checker rejects
"""

from collections.abc import Callable
from dataclasses import replace
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import Final

import numpy as np

from solver.outcome import OnProgress, Outcome, ShouldStop
from solver.slots import compiled, negotiate
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.mip import Effort
from solver.slots.proof import Proof
from solver.slots.run import Run
from solver.slots.search import Search

SWEEPS: Final = 120
PRICES_SHARE: Final = 0.45  # of the time, after which clusters get their turn
MIP_SECONDS: Final = 0.5
NEAR: Final = 0.3  # of Model.unit: gap at which a dock group counts as decided anew


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
    search = Search(run, rng)
    m = run.model
    price = np.zeros(len(m.capacity))
    price[: m.horizon] = search.first_fit()
    talks = negotiate.negotiate(m, price, rng, sweeps=SWEEPS, recharge=lambda _, m: m, is_over=run.is_over)
    search.settle(talks.start)
    search.transport(4)
    proof = Proof(run, search.board.start, talks.mean)
    with ThreadPoolExecutor(1) as beside:
        while not run.is_over():
            _round(run, search, proof, beside)
    return run.outcome()


def _round(run: Run, search: Search, proof: Proof, beside: ThreadPoolExecutor) -> None:
    """Make a step towards a better plan, and beside it steps towards a better bound."""
    effort = Effort(min(MIP_SECONDS, max(0.01, run.seconds - run.elapsed())))
    done = Event()

    def prove() -> None:
        while True:
            proof.advance(effort, enough_prices=run.elapsed() > PRICES_SHARE * run.seconds)
            if done.is_set() or run.is_over():
                break

    job = beside.submit(prove)
    try:
        search.step(proof.price, proof.gain.copy(), replace(effort, gap=NEAR * run.model.unit))
    finally:
        done.set()
        job.result()
