"""Where the gap lies: the distance between a plan and a bound, dock group by dock group.

At prices p the cost of a lawful plan exceeds the Lagrangian bound by exactly

    sum_v (priced cost of v's choice - the least priced cost of any choice of v)   what visits are away from
    + sum_r p[r] * (capacity[r] - use[r])                                          what priced rows are left empty

(complementary slackness, written as a sum). Every term is >= 0 and belongs to a visit or a row, so the sum tells which
dock groups a better plan must change, or which must be decided in whole starts for a better bound.
"""

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots import bound
from solver.slots.model import SCALE, FloatArray, Model


def by_group(model: Model, price: IntArray, start: IntArray) -> FloatArray:
    """Return each dock group's share of the gap between a lawful plan (V,) and the bound at prices (R,), (G,).

    `price` in 1/SCALE cost units, the shares in cost units. Gate, quota and truck rows left empty belong to nobody
    and are left out.
    """
    least = bound.minima(model, price)
    paid = _paid(model, price, start, 0)  # what visits pay docks is what the docks earn
    docks = slice(model.horizon, model.horizon * (1 + model.groups))
    worth = (price * model.capacity)[docks].reshape(model.groups, model.horizon).sum(axis=1)
    beyond = np.bincount(model.group, weights=paid - least, minlength=model.groups)
    share: FloatArray = (beyond + worth) / SCALE
    return share


def by_visit(model: Model, price: IntArray, start: IntArray) -> FloatArray:
    """Return by how much each visit's choice in a plan (V,) is dearer than its cheapest at prices (R,), (V,).

    `price` in 1/SCALE cost units, the answer in cost units; 0 for visits without a choice.
    """
    excess: FloatArray = (_paid(model, price, start, 1) - bound.minima(model, price)) / SCALE
    return np.where(model.last >= model.first, excess, 0.0)


@njit(cache=True, nogil=True)
def _paid(m: Model, price: IntArray, start: IntArray, docks: int) -> IntArray:
    """Return what each visit costs as planned, with the prices of the rows it uses, the docks' if `docks`, (V,)."""
    horizon, exact_cost, exact_drop, column = m.horizon, m.exact_cost, m.exact_drop, m.column
    carriers = horizon * (1 + m.groups)
    trucks = carriers + horizon * m.carriers
    paid = np.zeros(len(start), dtype=np.int64)
    for v in range(len(start)):
        s = start[v]
        if m.last[v] < m.first[v] or s < 0:
            paid[v] = exact_drop[v]
            continue
        paid[v] = exact_cost[column[v] + s - m.first[v]] + price[s]
        if docks:
            dock = horizon * (1 + m.group[v])
            for t in range(dock + s, dock + s + m.duration[v]):
                paid[v] += price[t]
        if m.carrier[v] >= 0:
            paid[v] += price[carriers + horizon * m.carrier[v] + s]
        if m.truck[v] >= 0:
            truck = trucks + horizon * m.truck[v]
            for t in range(truck + s, truck + min(horizon, s + m.duration[v] + m.turn)):
                paid[v] += price[t]
    return paid
