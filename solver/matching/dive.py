"""A plan out of shares: the chains with the largest shares are fixed, the rest is priced and shared anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.matching.chains import chain_cost
from solver.matching.generation import Generation, Over, Pass, Sequences
from solver.matching.network import Network
from solver.matching.pricing import Effort, Ground

LEAST_SHARE, WHOLE = 0.03, 0.95
LEAST_SLICE: Final = 5  # chains fixed at once at least
HASTE: Final = 1.3  # so much larger slices than would be done in time if each took as long as what is left is large
BETWEEN: Final = Pass(parts=3, effort=Effort(looks=20, is_fresh=True), steps=200, turns=1)
SOON: Final = 1e-3  # seconds
FEW_TEAMS: Final = 10  # so few are all priced between two slices


@dataclass(slots=True)
class Pace:
    """How large the slices must be to be done in time: `left` tells the seconds left for the dive, `least` is the
    part of all shares fixed at once when there is time enough."""

    left: Callable[[], float]
    least: float
    before: float | None = None

    def slice(self) -> float:
        """Return which part of all shares to fix next: a slice takes time in proportion to what is left, so slices of a
        part s take 1 / s times the time of the first."""
        left, before = self.left(), self.before
        self.before = left
        if before is None or before <= left:
            return self.least
        return min(1.0, max(self.least, HASTE * (before - left) / max(left, SOON)))


def dive(generation: Generation, ground: Ground, pace: Pace, over: Over) -> Sequences:
    """Return chains for the trucks and loads of `generation` that serve no load twice.

    Chains with the largest shares are fixed, a slice at a time; between two slices the chains for what is left are
    priced and shared anew.
    """
    plan: Sequences = []
    while not over():
        slice_ = _slice(generation, pace.slice())
        if not slice_:
            break
        plan += slice_
        generation.narrow(ground)
        turns = BETWEEN.turns if len(ground.teams) > FEW_TEAMS else BETWEEN.parts
        generation.round(ground, BETWEEN._replace(turns=turns), over)
    return plan


def plan_cost(net: Network, plan: Sequences) -> int:
    """Return what chains cost, and what the loads in none of them do."""
    served = [i for _, loads in plan for i in loads.tolist()]
    unserved = int(net.drop.sum()) - int(net.drop[served].sum())
    return sum(chain_cost(net, k, loads) for k, loads in plan) + unserved


def _slice(generation: Generation, part: float) -> Sequences:
    """Fix chains by falling share: all that are nearly whole, and at least a slice of what is shared."""
    pool, first = generation.master.pool, generation.master.pool.first
    fixed: Sequences = []
    quota = max(LEAST_SLICE, part * pool.mean.sum())
    for r in np.argsort(-pool.mean, kind="stable").tolist():
        if pool.mean[r] < LEAST_SHARE or (len(fixed) >= quota and pool.mean[r] < WHOLE):
            break
        k, loads = int(pool.truck[r]), pool.loads[first[r] : first[r + 1]].copy()
        if not generation.driven[k] and not generation.served[loads].any():
            generation.driven[k] = True
            generation.served[loads] = True
            fixed.append((k, loads))
    return fixed
