"""Return loads, solved: a search for a cheap plan and, beside it, a proof of how cheap any plan could be.

1. greedy: the nearest truck for each load (baselines.py), a lawful plan at once
2. search: ruin and recreate under annealing (search.py, ruin.py, fleet.py, network.py)
3. prices of loads by incremental subgradients over trucks' best chains on a grid (prices.py, tables.py,
grid.py) 4. a lower bound those prices prove, sharpened truck by truck (bound.py)

2 runs beside 3 to 5. Every better plan passes the checker before it counts; bounds are whole numbers
throughout.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

import numpy as np

from solver.matching import bound
from solver.matching.balance import NAME, balance
from solver.matching.baselines import greedy_nearest
from solver.matching.grid import grid
from solver.matching.instance import MatchingInstance
from solver.matching.network import Network, neighbours, network
from solver.matching.plan import MatchingPlan
from solver.matching.prices import PRICES_SHARE, find_prices
from solver.matching.record import Record
from solver.matching.search import improve
from solver.matching.watch import Watch
from solver.outcome import OnProgress, Outcome, ShouldStop

WIDTH = 24  # neighbours per load
POLL_SECONDS = 0.02


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

    `should_stop` is asked often and ends the run early with what there is; `on_progress` is told of every
    better plan and bound, in the caller's thread. Two threads work. The first run on a machine compiles for
    about a minute, which the disk remembers.
    """
    watch = Watch(clock, seconds, should_stop or _never, clock())
    record = Record(instance, watch, on_progress)
    net = network(instance)
    record.prove(bound.trivial_bound(net), bound.TRIVIAL)
    record.offer(greedy_nearest(instance), "greedy")
    if not record.optimal and len(instance.trucks) and not watch.over():
        _work(net, record, watch, seed)
    return record.outcome()


def _never() -> bool:
    return False


def _work(net: Network, record: Record, watch: Watch, seed: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        tasks: list[Future[None]] = [
            pool.submit(_search, net, record, watch, seed),
            pool.submit(_prove, net, record, watch, seed),
        ]
        pause = threading.Event()
        while not all(task.done() for task in tasks):
            watch.over()
            record.report()
            pause.wait(POLL_SECONDS)
        for task in tasks:
            task.result()
    record.report()


def _search(net: Network, record: Record, watch: Watch, seed: int) -> None:
    near = neighbours(net, WIDTH, watch.over)
    improve(net, near, record.plan, watch, seed, lambda plan: record.offer(plan, "search"))


def _prove(net: Network, record: Record, watch: Watch, seed: int) -> None:
    if not (net.earliest <= net.last_start).any():
        return
    first = balance(net, lambda: watch.left)
    record.prove(first.bound, NAME)
    if watch.over(PRICES_SHARE):
        return
    relaxed = grid(net)
    price = find_prices(net, relaxed, first.prices, watch, np.random.default_rng(seed))
    bound.prove(net, relaxed, price, watch, record.prove)
