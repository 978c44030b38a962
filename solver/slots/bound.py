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
from solver.slots.model import SCALE, FloatArray, Model

LAGRANGIAN: Final = "Lagrangian relaxation of S2-S5 (S5 as cliques), summed in integers"
CLUSTERS: Final = "Lagrangian relaxation of S2-S5 (S5 as cliques), some dock groups and trucks by branch and bound (HiGHS)"
SEARCH: Final = "branch and bound (HiGHS) over the starts that the Lagrangian bound leaves"
_SAFE: Final = 2.0**60


def bound(model: Model, price: FloatArray) -> int:
    """Return a proven lower bound on the cost of every lawful plan, from prices (R,) in cost units."""
    scaled = whole(model, price)
    return proven(model, int(minima(model, scaled).sum()) - int((scaled * model.capacity).sum()))


def whole(model: Model, price: FloatArray) -> IntArray:
    """Return prices (R,) in whole 1/SCALE cost units; all zero if they are so large that sums would leave 64 bits."""
    scaled = np.rint(np.clip(np.nan_to_num(price, posinf=0.0), 0.0, 2.0**52) * SCALE)
    if float(np.sum(scaled * np.maximum(model.capacity, 1.0))) >= _SAFE:
        scaled[:] = 0.0
    return scaled.astype(np.int64)


def proven(model: Model, scaled: int) -> int:
    """Return the bound that a relaxation's value, in 1/SCALE cost units and without the constant, proves."""
    return max(0, _next_possible_cost(model, -(-(scaled + model.exact_constant) // SCALE)))


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
    """Return the smallest multiple of what all costs are multiples of that is >= `least`."""
    return -(-least // model.step) * model.step


@njit(cache=True, nogil=True)
def minima(m: Model, price: IntArray) -> IntArray:
    """Return what each visit's choice costs at least at integer prices (R,), both in 1/SCALE cost units; (V,)."""
    before = np.zeros(len(price) + 1, dtype=np.int64)
    before[1:] = np.cumsum(price)
    least = np.zeros(len(m.first), dtype=np.int64)
    exact_cost, column = m.exact_cost, m.column
    carriers = m.horizon * (1 + m.groups)
    trucks = carriers + m.horizon * m.carriers
    for v in range(len(m.first)):
        best, first = m.exact_drop[v], m.first[v]
        dock, held = m.horizon * (1 + m.group[v]), m.duration[v] + m.turn
        quota = carriers + m.horizon * m.carrier[v] if m.carrier[v] >= 0 else -1
        truck = trucks + m.horizon * m.truck[v] if m.truck[v] >= 0 else -1
        for s in range(first, m.last[v] + 1):
            each = exact_cost[column[v] + s - first] + price[s] + before[dock + s + m.duration[v]] - before[dock + s]
            if quota >= 0:
                each += price[quota + s]
            if truck >= 0:
                each += before[truck + min(m.horizon, s + held)] - before[truck + s]
            best = min(best, each)
        least[v] = best
    return least
