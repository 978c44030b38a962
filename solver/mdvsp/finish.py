"""The whole plan, chosen exactly: where few routes are left that a plan cheaper than the one known could have.

At lawful prices, a plan cheaper than the one known has no route with a reduced cost above the gap. When these routes are
few enough, branch and bound among them all either finds a cheaper plan or proves that there is none.
"""

import threading
from typing import Final

import numpy as np

from solver.mdvsp.cases import Case, Proof
from solver.mdvsp.exact import Pace, choose
from solver.mdvsp.network import SCALE
from solver.mdvsp.record import Record
from solver.mdvsp.watch import Watch

ROUTES_PER_SECOND: Final = 1_500  # that branch and bound can be expected to manage in the time left
MOST_ROUTES: Final = 80_000
PAUSE_SECONDS: Final = 0.1
NAME: Final = "branch and bound (HiGHS) over every route with a reduced cost below the gap"


def finish(proof: Proof, record: Record, watch: Watch) -> None:
    """Try to choose the whole plan exactly whenever there is a better plan, until it is over."""
    tried: int | None = None
    pause = threading.Event()
    while not watch.over():
        cost = record.best()[1]
        if cost is None or cost == tried:
            pause.wait(PAUSE_SECONDS)
            continue
        tried = cost
        if all([_has_no_better(case, cost, record, watch) for case in proof.open_cases()]):
            best = record.best()[1]
            assert best is not None
            record.prove(best, NAME)


def _has_no_better(case: Case, cost: int, record: Record, watch: Watch) -> bool:
    """Answer whether no plan of the case is cheaper than the better of `cost` and what was found on the way."""
    network, everyone = case.generation.network, case.generation.is_open
    most = min(MOST_ROUTES, int(watch.left * ROUTES_PER_SECOND))
    routes = network.below(case.price, case.rent, everyone, (cost - case.value) * SCALE, most)
    if routes is None:
        return False
    chosen = choose(routes, everyone, network.capacity, Pace(watch.left, watch.over))
    if chosen.which is not None:
        record.offer(routes.chosen(np.sort(chosen.which)), "whole plan anew")
    return chosen.is_best
