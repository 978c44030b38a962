"""The search for a cheap plan: simulated annealing by ruin and recreate until the time or the rounds are
used up."""

from collections.abc import Callable

import numpy as np

from solver.matching.fleet import fleet_of, plan_of
from solver.matching.kernels import dice
from solver.matching.network import Neighbours, Network
from solver.matching.plan import MatchingPlan
from solver.matching.ruin import anneal, best_sequences, work_for
from solver.matching.watch import Watch

HOT, COLD = 30.0, 1.0  # temperatures, times the price of a kilometre
ROUNDS_BASE, ROUNDS_PER_LOAD = 20_000, 2_000
SLICE_SECONDS = 0.03  # between two looks at the clock, about

Found = Callable[[MatchingPlan], None]


def improve(
    net: Network, near: Neighbours, plan: MatchingPlan, watch: Watch, seed: int, found: Found
) -> None:
    """Improve a lawful plan, calling `found` with better ones now and then and at the end.

    Ends at the end of the budget or after as many rounds as a problem of this size can use.
    """
    if not len(net.origin) or not len(net.start):
        return
    fleet = fleet_of(net, plan)
    work, state = work_for(net, fleet), dice(seed)
    most = ROUNDS_BASE + ROUNDS_PER_LOAD * len(net.origin)
    scale = max(1, net.price_km) / 10
    rounds, told, told_at = 20, int(work.score[1]), 0.0
    while not watch.over() and work.score[2] < most:
        done = max(watch.spent(1.0), float(work.score[2]) / most)
        began = watch.seconds
        anneal(net, near, fleet, work, state, scale * HOT * (COLD / HOT) ** done, rounds)
        rounds = _next_rounds(rounds, watch.seconds - began)
        if work.score[1] < told and watch.seconds > told_at + 1.0:
            told, told_at = int(work.score[1]), watch.seconds
            found(plan_of(net, best_sequences(work)))
    found(plan_of(net, best_sequences(work)))


def _next_rounds(rounds: int, seconds: float) -> int:
    """Return how many rounds to do before looking at the clock again."""
    return int(np.clip(rounds * SLICE_SECONDS / max(seconds, 1e-4), 1, 2 * rounds + 1))
