"""The entry: a plan for a day's visits, and the proof of how good it is.

1. model          the allowed starts, and the capacity rows S2-S5
2. negotiate      visits choose again and again at prices that follow the crowding: first plan, first prices
3. rounds         two things side by side:
   search         the plan made better: what the relaxation has elsewhere is decided anew, all of it together
                  (induced), all visits choose anew within the gate (transport), and dock groups in which the gap lies
                  are decided anew, exactly (regroup)
   proof          the bound made better: prices of the linear relaxation, first-order (prices), and clusters in which
                  the gap lies decided in whole starts (clusters)
4. finish         if few starts are left that could be better: branch and bound on all of them
5. check          nothing leaves that the checker rejects
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf
from time import monotonic
from typing import Final

import numpy as np

from solver.outcome import OnProgress, Outcome, ShouldStop
from solver.reading import IntArray
from solver.slots import compiled, negotiate
from solver.slots.fairness import Fairness, Levels
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.mip import Effort
from solver.slots.proof import Proof
from solver.slots.run import Run
from solver.slots.search import Search

SWEEPS: Final = 200
FIRST_ROUNDS: Final = 4  # of transport, before prices are asked for
PRICES_SHARE: Final = 0.35  # of the time, after which clusters get their turn
PIECES: Final = 4  # of the proof in a round of a run that is limited by work
MIP_SECONDS: Final = 0.5  # to decide a dock group anew
CLUSTER_SECONDS: Final = 1.0
MIP_NODES: Final = 200  # where the run is limited by work
WHOLE_NODES: Final = 200
NEAR: Final = 0.3  # of Model.unit: gap at which a dock group counts as decided anew


def solve(
    instance: SlotInstance,
    *,
    seconds: float = 10.0,
    effort: int | None = None,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    clock: Callable[[], float] = monotonic,
    seed: int = 0,
) -> Outcome[SlotPlan]:
    """Return the best plan found in `seconds` with a proven lower bound on the cost of every lawful plan.

    With `effort` the run ends after so many rounds instead, unless `seconds` are over before: the same instance, seed
    and effort then give the same plan. `clock` gives seconds from any origin; `should_stop` is asked many times a
    second and ends the run with the best plan and bound so far; `on_progress` hears of every better plan or bound.
    The plan has passed check.violations.
    """
    compiled.load()
    run = Run(instance, seconds, clock, on_progress, should_stop)
    search, proof = _begin(run, np.random.default_rng(seed))
    with ThreadPoolExecutor(1) as beside:
        if effort is None:
            job = beside.submit(_prove, run, proof)
            while not run.is_over() and not job.done():
                search.step(proof.price, proof.gain.copy(), proof.shares(), _mip_effort(run, NEAR * run.model.unit))
            job.result()
        else:
            for done in range(effort):
                _round(run, search, proof, beside, far=done / effort)
    return run.outcome()


def _begin(run: Run, rng: np.random.Generator) -> tuple[Search, Proof]:
    """Negotiate a first plan and first prices; what follows works at the carriers' levels that came of it."""
    search = Search(run, rng)
    price = np.zeros(len(run.model.capacity))
    price[: run.model.horizon] = search.first_fit()
    levels = Levels(Fairness.of(run.instance, run.model)) if run.instance.fairness else None
    recharge = levels.recharge if levels is not None else None
    talks = negotiate.negotiate(run.model, price, rng, sweeps=SWEEPS, recharge=recharge, is_over=run.is_over)
    if levels is not None:
        run.model = levels.fairness.charged(levels.level)
    search.settle(talks.start)
    search.transport(FIRST_ROUNDS)
    return search, Proof(run, search.board.start, talks.mean)


def _prove(run: Run, proof: Proof) -> None:
    """Improve the bound until the time is up."""
    while not run.is_over():
        if proof.decide_whole(run.cost, Effort(run.seconds - run.elapsed())):
            _adopt(run, proof)
        else:
            enough = run.elapsed() > PRICES_SHARE * run.seconds
            proof.advance(run.movable(), _mip_effort(run, 0.0), enough_prices=enough)


def _mip_effort(run: Run, gap: float) -> Effort:
    left = max(0.01, run.seconds - run.elapsed())
    return Effort(min(MIP_SECONDS if gap else CLUSTER_SECONDS, left), gap=gap)


def _round(run: Run, search: Search, proof: Proof, beside: ThreadPoolExecutor, *, far: float) -> None:
    """Make a step towards a better plan, and beside it some towards a better bound: always the same number.

    Each works with what the other had found when the round began.
    """
    if run.is_over():
        return
    effort = Effort(inf, nodes=MIP_NODES)
    plan, price, needed, share = run.movable(), proof.price, proof.gain.copy(), proof.shares()
    job = beside.submit(_pieces, proof, (plan, run.cost), replace(effort, nodes=WHOLE_NODES), effort, far)
    search.step(price, needed, share, replace(effort, gap=NEAR * run.model.unit))
    job.result()
    _adopt(run, proof)


def _adopt(run: Run, proof: Proof) -> None:
    """Keep the plan that came of deciding the rest whole, if it is better."""
    if proof.found is not None:
        run.plan(proof.found, "exact")
        proof.found = None


def _pieces(proof: Proof, known: tuple[IntArray, int], whole: Effort, effort: Effort, far: float) -> None:
    """Do a round's pieces of the proof, with the plan (V,) and the cost known when the round began."""
    for _ in range(PIECES):
        if not proof.decide_whole(known[1], whole):
            proof.advance(known[0], effort, enough_prices=far > PRICES_SHARE)
