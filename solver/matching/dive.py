"""A plan out of shares: the chains with the largest shares are fixed, the rest is priced and shared anew."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.matching.chains import chain_cost, settle
from solver.matching.generation import MASTER_STEPS, Generation, Over
from solver.matching.network import FloatArray, Network
from solver.matching.pricing import find_diverse_chains, no_chains
from solver.reading import IntArray

LEAST_SHARE, WHOLE = 0.05, 0.95
SLICE, LEAST_SLICE = 0.08, 12.0  # of all shares, and of chains, fixed at once at least
FASTER, ALL_BUT = 1.7, 3.5  # later slices are that much quicker; exp(-3.5) of all shares may stay for the filling
FILLS = 4
DEARER = 1.6  # prices of loads nobody has taken, from one filling to the next

Sequences = list[tuple[int, IntArray]]


@dataclass(slots=True)
class Pace:
    """How large the slices must be to be done in time: `left` tells the seconds left for the dive."""

    left: Callable[[], float]
    before: float | None = None

    def slice(self) -> float:
        """Return which part of all shares to fix next; what is left is fixed geometrically, ever faster."""
        left, before = self.left(), self.before
        self.before = left
        if before is None or before <= left:
            return SLICE
        rounds = max(1.0, FASTER * left / (before - left))
        return max(SLICE, 1.0 - float(np.exp(-ALL_BUT / rounds)))


def dive(generation: Generation, pace: Pace, over: Over, rng: np.random.Generator) -> Sequences:
    """Return chains for the trucks and loads of `generation` that serve no load twice.

    Chains with the largest shares are fixed, a slice at a time; between two slices the chains for what is left are
    priced and shared anew. At the end the loads nobody took are offered at rising prices.
    """
    plan: Sequences = []
    while not over():
        share = generation.master.run(MASTER_STEPS)
        slice_ = _slice(generation, share, pace.slice())
        if not slice_:
            break
        plan += slice_
        generation.narrow()
        generation.round(over)
    price = generation.master.price.copy()
    for _ in range(FILLS):
        generation.narrow()
        plan += _fill_up(generation, np.minimum(price, generation.ground.net.drop), rng)
        price = price * DEARER + 1.0
    return plan


def plan_cost(net: Network, plan: Sequences) -> int:
    """Return what chains cost, and what the loads in none of them do."""
    served = [i for _, loads in plan for i in loads.tolist()]
    unserved = int(net.drop.sum()) - int(net.drop[served].sum())
    return sum(chain_cost(net, k, loads) for k, loads in plan) + unserved


def _slice(generation: Generation, share: FloatArray, part: float) -> Sequences:
    """Fix chains by falling share: all that are nearly whole, and at least a slice of what is shared."""
    master = generation.master
    fixed: Sequences = []
    quota = max(LEAST_SLICE, part * share.sum())
    for r in np.argsort(-share, kind="stable").tolist():
        if share[r] < LEAST_SHARE or (len(fixed) >= quota and share[r] < WHOLE):
            break
        k, loads = master.trucks[r], master.loads[r]
        if not generation.driven[k] and not generation.taken[loads].any():
            generation.fix(k, loads)
            fixed.append((k, loads))
    return fixed


def _fill_up(generation: Generation, price: FloatArray, rng: np.random.Generator) -> Sequences:
    """Give idle trucks their best chains of loads nobody has taken, where that pays."""
    on = generation.ground
    filled: Sequences = []
    worth = np.where(generation.taken == 1, 0, np.floor(price)).astype(np.int64)
    chains, costs = no_chains(len(on.net.start)), np.zeros(len(on.net.start), np.int64)
    order = rng.permutation(len(on.groups.kind))
    find_diverse_chains(on, order, worth, chains)
    settle(on.net, chains, generation.taken, costs)
    for k in np.flatnonzero(chains.length).tolist():
        loads = chains.loads[k, : chains.length[k]].copy()
        if not generation.taken[loads].any() and costs[k] < price[loads].sum():
            generation.fix(k, loads)
            filled.append((k, loads))
    return filled
