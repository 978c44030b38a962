"""Return loads, solved by column generation: chains proposed at prices, prices from the chains, a bound from both.

1. greedy     the nearest truck for each load (baselines.py), a lawful plan at once
2. chains     the best chain of every truck at the loads' prices, on a lattice (lattice.py, pricing.py)
3. prices     shares of the chains found so far, and the prices that go with them (master.py); 2 again
4. bound      at any prices, the least cost of all chains of all trucks proves a lower bound (bound.py)
5. plan       chains by falling share, filled up with chains for the loads left (dive.py)
6. search     the plan improved by ruin and recreate (search.py, ruin.py, fleet.py) while 2 to 4 go on beside it

Two threads work. Every better plan passes the checker before it counts; costs and bounds are whole numbers.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

import numpy as np

from solver.matching.baselines import greedy_nearest
from solver.matching.bound import NAME, bound
from solver.matching.chains import chain_cost
from solver.matching.dive import Pace, dive
from solver.matching.fleet import plan_of
from solver.matching.generation import Generation, first_prices
from solver.matching.instance import MatchingInstance
from solver.matching.lattice import lattice, likely_legs, shortest_legs, step_for, with_instant_loads
from solver.matching.network import FloatArray, Network, neighbours, network
from solver.matching.plan import MatchingPlan
from solver.matching.pricing import ground
from solver.matching.record import Record
from solver.matching.refine import refine
from solver.matching.search import improve
from solver.matching.watch import Watch
from solver.outcome import OnProgress, Outcome, ShouldStop

WIDTH = 24  # neighbours per load
POLL_SECONDS = 0.02
PLAN_STEP, BOUND_STEP = 15, 10  # minutes
SETTLED = 40  # rounds that are done at least
GENERATION_SHARE, DIVE_SHARE, REFINE_SHARE = 0.3, 0.75, 0.92  # of the time, before the plan is made


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
        _work(net, record, watch, seed)
    return record.outcome()


def _never() -> bool:
    return False


def _work(net: Network, record: Record, watch: Watch, seed: int) -> None:
    """Make plans in one thread and bounds in another; report from this one."""
    price = first_prices(record.instance, record.plan)
    with ThreadPoolExecutor(2) as pool:
        tasks: list[Future[None]] = [
            pool.submit(_plan, net, price.copy(), record, watch, seed),
            pool.submit(_prove, net, price, record, watch, seed),
        ]
        pause = threading.Event()
        while not all(task.done() for task in tasks):
            watch.over()
            record.report()
            pause.wait(POLL_SECONDS)
            if any(task.done() and task.exception() for task in tasks):
                watch.finished.set()
        for task in tasks:
            task.result()
    record.report()


def _plan(net: Network, price: FloatArray, record: Record, watch: Watch, seed: int) -> None:
    lat = lattice(net, step_for(net, PLAN_STEP))
    on = ground(net, lat, likely_legs(net, lat))
    generation = Generation(on, price, np.random.default_rng(seed), is_lawful=True)
    for chain in record.plan.chains:
        loads = np.array(chain.loads, dtype=np.int64)
        generation.master.add(chain.truck, loads, chain_cost(net, chain.truck, loads))
    known = 0
    while not watch.over(GENERATION_SHARE) and len(generation.master.costs) > known:
        known = len(generation.master.costs)
        generation.round(lambda: watch.over(GENERATION_SHARE))
    rng = np.random.default_rng(seed)
    price = generation.master.price.copy()
    pace = Pace(lambda: max(0.0, watch.budget * DIVE_SHARE - watch.seconds))
    plan = dive(generation, pace, watch.over, rng)
    record.offer(plan_of(net, plan), "plan from shares")
    refine(on, plan, price, lambda: watch.over(REFINE_SHARE), rng, lambda p: record.offer(plan_of(net, p), "part anew"))
    near = neighbours(net, WIDTH, watch.over)
    improve(net, near, record.plan, watch, seed, lambda better: record.offer(better, "search"))


def _prove(net: Network, price: FloatArray, record: Record, watch: Watch, seed: int) -> None:
    step = step_for(net, BOUND_STEP)
    relaxed = with_instant_loads(net, step)
    lat = lattice(relaxed, step)
    on = ground(relaxed, lat, shortest_legs(relaxed, lat))
    generation = Generation(on, np.minimum(price, relaxed.drop), np.random.default_rng(seed), is_lawful=False)
    known = -SETTLED
    while not watch.over() and len(generation.master.costs) > known:
        known = len(generation.master.costs) if known >= 0 else known + 1
        generation.round(watch.over)
        priced = generation.least_costs(watch.over)
        if priced is not None:
            record.prove(bound(*priced), NAME)
