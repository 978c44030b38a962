"""The search for a cheaper plan: simulated annealing by ruin and recreate."""

from collections.abc import Callable

import numpy as np

from solver.matching.fleet import fleet_of, plan_of
from solver.matching.kernels import dice
from solver.matching.network import Neighbours, Network
from solver.matching.plan import MatchingPlan
from solver.matching.ruin import anneal, best_sequences, work_for
from solver.watch import Watch

COOL, COLD = 20.0, 2.0  # temperatures at first and at last, times the price of a kilometre
ROUNDS_BASE, ROUNDS_PER_LOAD = 20_000, 2_000
SLICE_SECONDS = 0.03  # between two looks at the clock, about
EPSILON = 1e-9

Found = Callable[[MatchingPlan], None]


def improve(net: Network, near: Neighbours, plan: MatchingPlan, watch: Watch, seed: int, found: Found) -> None:
    """Improve a lawful plan until the time or the rounds are used up, calling `found` with better ones now and then
    and with the best at the end."""
    if not len(net.origin) or not len(net.start):
        return
    state, fleet = dice(seed), fleet_of(net, plan)
    work = work_for(net, fleet)
    most, begin = ROUNDS_BASE + ROUNDS_PER_LOAD * len(net.origin), min(1.0, watch.spent(1.0))
    rounds, told, told_at = 20, int(work.score[1]), watch.seconds
    while not watch.over() and work.score[2] < most:
        done = max((watch.spent(1.0) - begin) / max(1.0 - begin, EPSILON), float(work.score[2]) / most)
        heat = max(1, net.price_km) / 10 * COOL * (COLD / COOL) ** min(1.0, done)
        began = watch.seconds
        anneal(net, near, fleet, work, state, heat, rounds)
        rounds = _next_rounds(rounds, watch.seconds - began)
        if work.score[1] < told and watch.seconds > told_at + 1.0:
            told, told_at = int(work.score[1]), watch.seconds
            found(plan_of(net, best_sequences(work)))
    found(plan_of(net, best_sequences(work)))


def _next_rounds(rounds: int, seconds: float) -> int:
    """Return how many rounds to do before looking at the clock again."""
    return int(np.clip(rounds * SLICE_SECONDS / max(seconds, 1e-4), 1, 2 * rounds + 1))
