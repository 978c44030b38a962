"""The search for a cheap plan: simulated annealing by ruin and recreate until the time or the rounds are
used up."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from solver.matching.fleet import fleet_of, plan_of
from solver.matching.kernels import Dice, dice
from solver.matching.network import Neighbours, Network
from solver.matching.plan import MatchingPlan
from solver.matching.ruin import anneal, best_sequences, work_for
from solver.reading import IntArray
from solver.watch import Watch

HOT, COOL, COLD = 200.0, 20.0, 2.0  # temperatures, times the price of a kilometre
ROUNDS_BASE, ROUNDS_PER_LOAD = 20_000, 2_000
ANNEAL_SHARE, RECOMBINE_SHARE = 0.2, 0.7  # of the budget, from its begin
MOST_RECOMBINED = 2_000  # loads; above, one linear program takes longer than annealing needs to do better
SLICE_SECONDS = 0.03  # between two looks at the clock, about

Found = Callable[[MatchingPlan], None]


def improve(net: Network, near: Neighbours, plan: MatchingPlan, watch: Watch, seed: int, found: Found) -> None:
    """Improve a lawful plan, calling `found` with better ones now and then and at the end.

    Anneals, recombines chains in rounds, and anneals again from the best of both, cooler.
    """
    if not len(net.origin) or not len(net.start):
        return
    state = dice(seed)
    _anneal(net, near, plan, _Spell(watch, min(1.0, watch.spent(1.0)), 1.0, COOL), state, found)


class _Spell(NamedTuple):
    """A stretch of the budget, as shares of it, and the temperature it begins with."""

    watch: Watch
    begin: float
    end: float
    heat: float

    def done(self) -> float:
        """Return the share of the spell that is over."""
        length = self.end - self.begin
        return min(1.0, (self.watch.spent(1.0) - self.begin) / length) if length > 0 else 1.0


def _chains(plan: MatchingPlan) -> list[tuple[int, IntArray]]:
    return [(chain.truck, np.array(chain.loads, dtype=np.int64)) for chain in plan.chains]


def _cost(net: Network, plan: MatchingPlan) -> int:
    return int(work_for(net, fleet_of(net, plan)).score[0])


def _anneal(
    net: Network, near: Neighbours, plan: MatchingPlan, spell: _Spell, state: Dice, found: Found
) -> MatchingPlan:
    """Return the best plan of a spell of annealing; its rounds end when the time or their number is used
    up."""
    watch, fleet = spell.watch, fleet_of(net, plan)
    work = work_for(net, fleet)
    most = ROUNDS_BASE + ROUNDS_PER_LOAD * len(net.origin)
    scale = max(1, net.price_km) / 10
    rounds, told, told_at = 20, int(work.score[1]), watch.seconds
    while not watch.over(spell.end) and work.score[2] < most:
        done = max(spell.done(), float(work.score[2]) / most)
        began = watch.seconds
        anneal(net, near, fleet, work, state, scale * spell.heat * (COLD / spell.heat) ** done, rounds)
        rounds = _next_rounds(rounds, watch.seconds - began)
        if work.score[1] < told and watch.seconds > told_at + 1.0:
            told, told_at = int(work.score[1]), watch.seconds
            found(plan_of(net, best_sequences(work)))
    best = plan_of(net, best_sequences(work))
    found(best)
    return best


def _next_rounds(rounds: int, seconds: float) -> int:
    """Return how many rounds to do before looking at the clock again."""
    return int(np.clip(rounds * SLICE_SECONDS / max(seconds, 1e-4), 1, 2 * rounds + 1))
