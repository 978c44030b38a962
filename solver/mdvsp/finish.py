"""The whole plan, chosen exactly: where few routes are left that a plan cheaper than the one known could have.

At lawful prices, a plan cheaper than the one known has no route with a reduced cost above the gap. When such routes
are few enough, branch and bound among them all either finds a cheaper plan or proves that there is none.
"""

import threading
from typing import Final

import numpy as np

from solver.mdvsp.cases import Case, Proof
from solver.mdvsp.exact import Pace, choose
from solver.mdvsp.network import SCALE
from solver.mdvsp.record import Record
from solver.watch import Watch

ROUTES_AND_TRIPS_PER_SECOND: Final = 750_000  # that branch and bound can be expected to manage in the time left
# share of the gap, and how many routes at most: all at once where they are few, else a few first
STAGES: Final = ((1.0, 4_000), (0.1, 80_000), (0.2, 80_000), (0.35, 80_000), (0.6, 80_000), (1.0, 80_000))
PAUSE_SECONDS: Final = 0.1
NAME: Final = "branch and bound (HiGHS) over every route with a reduced cost below the gap"


def finish(proof: Proof, record: Record, watch: Watch) -> None:
    """Choose the whole plan anew among ever more routes, from the start whenever there is a better plan."""
    tried: int | None = None
    pause = threading.Event()
    while not watch.over():
        cost = record.best()[1]
        if cost is None or cost == tried:
            pause.wait(PAUSE_SECONDS)
            continue
        for share, most in STAGES:
            closed = [_has_no_better(case, share, most, record, watch) for case in proof.open_cases()]
            best = record.best()[1]
            if best != cost:
                break
            if share == 1.0 and all(closed):
                record.prove(cost, NAME)
                return
        else:
            tried = cost


def _has_no_better(case: Case, share: float, most: int, record: Record, watch: Watch) -> bool:
    """Answer whether no plan of the case is cheaper than the one known, or the better one found on the way.

    `share` is how much of the gap the reduced cost of a route may be; only 1.0 can prove anything. Where there are more
    than `most` such routes, or too many for the time left, the answer is no.
    """
    network, everyone = case.generation.network, case.generation.is_open
    known, cost = record.best()
    most = min(most, int(watch.left * ROUTES_AND_TRIPS_PER_SECOND) // len(everyone))
    if known is None or cost is None or watch.over():
        return False
    gap = int((cost - case.value) * SCALE * share)
    routes = network.below(case.price, case.rent, everyone, gap, most)
    if routes is None:
        return False
    routes = routes.chosen(np.flatnonzero(routes.are_simple()))
    routes = routes.followed_by(known)
    pace = Pace(watch.left, lambda: watch.over() or record.best()[1] != cost)  # a better plan leaves fewer routes
    chosen = choose(routes, everyone, network.capacity, pace)
    if chosen.which is not None:
        record.offer(routes.chosen(chosen.which), "whole plan anew")
    return chosen.is_best
