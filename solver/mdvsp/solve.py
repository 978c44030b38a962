"""Multi-depot vehicle scheduling, solved by column generation: routes that pay at prices, prices from the routes.

1. start      all depots as one: an assignment problem gives prices and a plan to start from (start.py, first.py); where
              trips may shift, from no shift to half to all of it (climb.py)
2. routes     the best routes at the prices, on links (links.py) or on places and minutes (minutes.py)
3. prices     shares of the routes found so far, and the prices that go with them (master.py); 2 again (generation.py)
4. bound      prices, made lawful, prove a lower bound, by cases of the size of the fleet (bound.py, cases.py)
5. plan       routes by falling share, again and again with some noise (dive.py)
6. search     parts of the plan chosen anew, exactly (search.py, exact.py), and where few routes are left that a better
              plan could have, the whole plan (finish.py)

Two threads work: one proves, one plans. Every better plan passes the checker before it counts; costs and bounds are
whole numbers.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Final

import numpy as np

from solver.mdvsp.cases import Case, Proof
from solver.mdvsp.climb import climb
from solver.mdvsp.dive import dive
from solver.mdvsp.finish import finish
from solver.mdvsp.first import refuse_too_few_vehicles
from solver.mdvsp.instance import Instance
from solver.mdvsp.plan import MdvspPlan
from solver.mdvsp.record import Record
from solver.mdvsp.search import Search
from solver.outcome import OnProgress, Outcome, ShouldStop
from solver.watch import Watch

POLL_SECONDS: Final = 0.02
PLAN_SHARE: Final = 0.5  # of the time: then plans are made from what there is
NOISES: Final = (0.0, 0.15, 0.15, 0.3)  # of the dives before the search
MOST_NOISE: Final = 0.4


def solve(
    instance: Instance,
    *,
    seconds: float = 8.0,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    clock: Callable[[], float] = perf_counter,
    seed: int = 0,
) -> Outcome[MdvspPlan]:
    """Return the best lawful plan found within `seconds` and the best lower bound proven.

    `should_stop` is asked often and ends the run early with what there is; `on_progress` is told of every better plan
    and bound, in the caller's thread. Raises BadInput when no lawful plan exists or none was found.
    """
    watch = Watch(clock, seconds, should_stop or _never, clock())
    record = Record(instance, watch, on_progress)
    refuse_too_few_vehicles(instance)
    rng = np.random.default_rng(seed)
    case = climb(instance, record, watch, rng)
    record.report()
    if not record.optimal:
        _work(case, record, watch, rng)
    return record.outcome()


def _never() -> bool:
    return False


class _Board:
    """What the proving thread hands to the planning one: the case whose prices are the best so far."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.is_ready = threading.Event()

    def settled(self, case: Case) -> None:
        self.case = case
        self.is_ready.set()


def _work(case: Case, record: Record, watch: Watch, rng: np.random.Generator) -> None:
    """Make plans in one thread and bounds in another; report from this one."""
    board = _Board(case)
    with ThreadPoolExecutor(2) as pool:
        tasks: list[Future[None]] = [
            pool.submit(_prove, case, record, watch, board),
            pool.submit(_plan, record, watch, board, rng),
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


def _prove(case: Case, record: Record, watch: Watch, board: _Board) -> None:
    proof = Proof(case, record)
    try:
        proof.settle(case, lambda: watch.over(PLAN_SHARE))
        board.settled(case.snapshot())
        proof.settle(case, watch.over)
        board.settled(case.snapshot())
        for part in proof.split():
            proof.settle(part, watch.over)
            if part in proof.open_cases():
                board.settled(part.snapshot())
        finish(proof, record, watch)
    finally:
        board.is_ready.set()


def _plan(record: Record, watch: Watch, board: _Board, rng: np.random.Generator) -> None:
    """Dive and search by turns, each for about as long as the other."""
    while not board.is_ready.wait(POLL_SECONDS):
        watch.over()
    dives, spent = 0, 0.0
    while not watch.over():
        begun = watch.seconds
        noise = NOISES[dives] if dives < len(NOISES) else float(rng.uniform(0, MOST_NOISE))
        found = dive(board.case.generation, rng, watch.over, noise=noise)
        if found is not None:
            record.offer(found, "plan from shares")
        dives, spent = dives + 1, spent + watch.seconds - begun
        if dives >= len(NOISES):
            _improve(record, watch, Search(board.case, rng, watch.clock), watch.seconds + spent)
            spent = 0.0


def _improve(record: Record, watch: Watch, search: Search, until: float) -> None:
    while not watch.over() and watch.seconds < until:
        routes, _ = record.best()
        if routes is None:
            return
        better = search.step(routes, watch.over)
        if better is not None:
            record.offer(better, "part anew")
