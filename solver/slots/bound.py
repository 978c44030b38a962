"""The proof: a Lagrangian bound computed in integers, true for any prices whatever.

Each row r of S2-S5 is dropped and its excess use charged at a price p[r] >= 0. What remains splits into one
choice per visit, so

    bound(p) = sum_v min(drop_v, min_s cost[v,s] + prices of the rows that start s uses) - sum_r p[r] cap[r]

is at most the cost of every lawful plan. Prices are whole numbers of 1/SCALE cost units, so no rounding
enters the sum, and a proven bound of x means every plan costs at least x rounded up to the next possible
cost.
"""

from typing import Final

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots.model import FloatArray, Model, cost_of, price_of

SCALE: Final = 1024
LAGRANGIAN: Final = "Lagrangian relaxation of S2-S5 (S5 as cliques), summed in integers"
GROUPS: Final = "Lagrangian relaxation of S3-S5 (S5 as cliques), S1-S2 by branch and bound (HiGHS) per dock group"
SEARCH: Final = "branch and bound (HiGHS) over the starts that the Lagrangian bound leaves"
_SAFE: Final = 2.0**60


def bound(model: Model, price: FloatArray) -> int:
    """Return a proven lower bound on the cost of every lawful plan, from prices (R,) in cost units."""
    scaled = whole(model, price)
    return _proven(model, int(parts(model, scaled).sum()))


def whole(model: Model, price: FloatArray) -> IntArray:
    """Return prices (R,) in whole 1/SCALE cost units; all zero if they are so large that sums would leave 64 bits."""
    scaled = np.rint(np.clip(np.nan_to_num(price, posinf=0.0), 0.0, 2.0**52) * SCALE)
    if float(np.sum(scaled * np.maximum(model.capacity, 1.0))) >= _SAFE:
        scaled[:] = 0.0
    return scaled.astype(np.int64)


def from_groups(model: Model, part: IntArray) -> int:
    """Return the bound that proven lower bounds on the parts, (G + 1,) in 1/SCALE cost units, add up to."""
    return _proven(model, int(part.sum()))


def _proven(model: Model, scaled: int) -> int:
    return max(0, _next_possible_cost(model, -(-scaled // SCALE)))


def from_search(model: Model, least: float) -> int:
    """Return the bound that a search in floating point proves, with room for its tolerances.

    `least` is the search's own lower bound on the cost. Costs are whole numbers, so anything a tolerance of
    1e-6 of the sums involved could move is taken off before rounding up.
    """
    if not np.isfinite(least):
        return 0
    slack = 1e-3 + 1e-9 * float(model.drop.sum())
    return max(0, _next_possible_cost(model, int(np.ceil(least - slack))))


def _next_possible_cost(model: Model, least: int) -> int:
    """Return the smallest sum of the instance's cost coefficients' common divisor that is >= `least`."""
    step = int(np.gcd.reduce(np.concatenate([model.early, model.late, model.drop])))
    return -(-least // step) * step if step else least


@njit(cache=True, nogil=True)
def parts(m: Model, price: IntArray) -> IntArray:
    """Return SCALE times the optimum of the relaxation at integer prices (R,), dock group by dock group.

    Shape (G + 1,): a group's part is the choices of its visits less the worth of its docks, the last one is less the
    worth of gate, quotas and trucks.
    """
    before = np.zeros(len(price) + 1, dtype=np.int64)
    before[1:] = np.cumsum(price)
    part = np.zeros(m.groups + 1, dtype=np.int64)
    for r in range(len(price)):
        g = r // m.horizon - 1
        part[g if 0 <= g < m.groups else m.groups] -= price[r] * m.capacity[r]
    for v in range(len(m.first)):
        best = m.drop[v] * SCALE
        for s in range(m.first[v], m.last[v] + 1):
            best = min(best, cost_of(m, v, s) * SCALE + price_of(m, price, before, v, s))
        part[m.group[v]] += best
    return part
