"""Return loads, solved by column generation: chains proposed at prices, prices from the chains, a bound from both.

1. greedy     the nearest truck for each load (baselines.py), a lawful plan at once
2. chains     the best chains of every truck at the loads' prices, on a lattice (lattice.py, table.py, routes.py)
3. prices     shares of the chains found so far, and the prices that go with them (master.py); 2 again
4. bound      at any prices, the least cost of all chains of all trucks proves a lower bound (bound.py)
5. plan       chains by falling share, the rest priced and shared anew (dive.py); parts planned anew (refine.py)
6. search     the plan improved by ruin and recreate (search.py, ruin.py, fleet.py)

2 and 3 use two threads; then 4 goes on in one, 5 and 6 in the other. Every better plan passes the checker before it
counts; costs and bounds are whole numbers.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np

from solver.matching.baselines import extended, greedy_nearest
from solver.matching.dive import Pace, dive
from solver.matching.fleet import plan_of
from solver.matching.generation import Generation, Pass, first_prices, sequences_of
from solver.matching.instance import MatchingInstance
from solver.matching.lattice import Grain
from solver.matching.master import Master
from solver.matching.network import Network, neighbours, network
from solver.matching.plan import MatchingPlan
from solver.matching.pricing import Effort
from solver.matching.proof import prove, prove_soon
from solver.matching.record import Record
from solver.matching.refine import Prices, refine
from solver.matching.search import improve
from solver.outcome import OnProgress, Outcome, ShouldStop
from solver.watch import Watch

WORKERS: Final = 2
WIDTH: Final = 24  # neighbours per load
POLL_SECONDS: Final = 0.02
SLICE: Final = 0.015
DIVE_SHARE, REFINE_SHARE = 0.75, 0.98  # of the time, until the plan is made and made better


class Stage(NamedTuple):
    """A grain of the lattice, how its rounds are done, and until which share of the time or how many rounds."""

    grain: Grain
    how: Pass
    until: float
    rounds: int


STAGES: Final = (
    Stage(Grain(15, 60, is_likely=True), Pass(8, Effort(0, is_fresh=True), 200, is_meanwhile=True), 0.06, 6),
    Stage(Grain(10, 60, is_likely=True), Pass(8, Effort(10, is_fresh=True), 300, is_meanwhile=True), 0.16, 10),
    Stage(Grain(5, 30, is_likely=True), Pass(16, Effort(40, is_fresh=True), 150, is_meanwhile=True), 0.4, 40),
)
DIVE: Final = Grain(5, 30, is_likely=True)


def solve(
    instance: MatchingInstance,
    *,
    seconds: float = 30.0,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    clock: Callable[[], float] = perf_counter,
    seed: int = 0,
) -> Outcome[MatchingPlan]:
    """Return the best lawful plan found within `seconds` and the best lower bound proven.

    `should_stop` is asked often and ends the run early with what there is; `on_progress` is told of every better plan
    and bound, in the caller's thread.
    """
    watch = Watch(clock, seconds, should_stop or _never, clock())
    record = Record(instance, watch, on_progress)
    net = network(instance)
    record.offer(greedy_nearest(instance), "greedy")
    if not len(net.start):
        record.prove(int(net.drop.sum()), "there are no trucks")
    if not record.optimal and not watch.over():
        _beside(lambda: _work(net, record, watch, seed), record, watch)
    return record.outcome()


def _never() -> bool:
    return False


def _beside(work: Callable[[], None], record: Record, watch: Watch) -> None:
    """Do the work in a thread; report from this one."""
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(work)
        pause = threading.Event()
        while not task.done():
            watch.over()
            record.report()
            pause.wait(POLL_SECONDS)
        task.result()
    record.report()


def _work(net: Network, record: Record, watch: Watch, seed: int) -> None:
    """Find chains and prices; then make plans in one thread and bounds in another."""
    master = Master(net, first_prices(record.instance, record.plan))
    generation = Generation(net, master, np.random.default_rng(seed))
    generation.enter(sequences_of(record.plan))
    master.run(1)
    for stage in STAGES:
        _generate(generation, stage, watch)
    prove_soon(master, record, watch, WORKERS)
    with ThreadPoolExecutor(2) as pool:
        tasks: list[Future[None]] = [
            pool.submit(_plan, generation, record, watch, seed),
            pool.submit(prove, net, master.copy(), record, watch, np.random.default_rng(seed)),
        ]
        for task in tasks:
            try:
                task.result()
            except BaseException:
                watch.finished.set()
                raise


def _generate(generation: Generation, stage: Stage, watch: Watch) -> None:
    ground = generation.on(stage.grain)
    generation.master.begin_smoothing()
    for _ in range(stage.rounds):
        if watch.over(stage.until):
            return
        if not generation.round(ground, stage.how, lambda: watch.over(stage.until)):
            return


def _plan(generation: Generation, record: Record, watch: Watch, seed: int) -> None:
    net, prices = generation.net, Prices(generation.master.smooth.copy(), generation.master.rent.copy())
    ground = generation.on(DIVE)
    pace = Pace(lambda: max(0.0, watch.budget * DIVE_SHARE - watch.seconds), SLICE)
    plan = dive(generation, ground, pace, watch.over)
    record.offer(plan_of(net, plan), "plan from shares")
    if watch.over():
        record.offer(extended(record.instance, plan_of(net, plan)), "plan from some shares")
    rng, plan = np.random.default_rng(seed), sequences_of(record.plan)
    refine(
        net, plan, prices, lambda: watch.over(REFINE_SHARE), rng, lambda p: record.offer(plan_of(net, p), "part anew")
    )
    near = neighbours(net, WIDTH, watch.over)
    improve(net, near, record.plan, watch, seed, lambda better: record.offer(better, "search"))
