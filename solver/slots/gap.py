"""Where the gap lies: the distance between a plan and a bound, dock group by dock group.

At prices p the cost of a lawful plan exceeds the Lagrangian bound by exactly

    sum_v (priced cost of v's choice - the least priced cost of any choice of v)   what visits are away from
    + sum_r p[r] * (capacity[r] - use[r])                                          what priced rows are left empty

(complementary slackness, written as a sum). Every term is >= 0 and belongs to a visit or a row, so the sum tells which
dock groups a better plan must change, or which must be decided in whole starts for a better bound.
"""

from typing import Any

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots.model import FloatArray, Model


def by_group(model: Model, price: FloatArray, start: IntArray) -> FloatArray:
    """Return each dock group's share of the gap between a lawful plan (V,) and the bound at prices (R,), (G,).

    Gate, quota and truck rows left empty belong to nobody and are left out.
    """
    share = np.zeros(model.groups)
    _share_out(model, price, start, share)
    return share


@njit(cache=True, nogil=True)
def _share_out(m: Model, price: FloatArray, start: IntArray, share: FloatArray) -> None:
    horizon = m.horizon
    before = np.zeros(len(price) + 1)
    before[1:] = np.cumsum(price)
    for r in range(horizon, horizon * (1 + m.groups)):
        share[r // horizon - 1] += price[r] * m.capacity[r]
    for v in range(len(m.first)):
        least = _least(m, price, before, v)
        s = start[v]
        if m.last[v] < m.first[v]:
            continue
        if s < 0:
            share[m.group[v]] += m.drop[v] - least
            continue
        # the docks' prices are paid by the visit and earned by the rows, and cancel
        share[m.group[v]] += m.cost[m.column[v] + s - m.first[v]] + _others(m, price, before, v, s) - least


@njit(cache=True, nogil=True)
def _least(m: Model, price: FloatArray, before: FloatArray, v: int) -> Any:
    """Return the least priced cost of any choice of v."""
    least = m.drop[v]
    dock = m.horizon * (1 + m.group[v])
    for s in range(m.first[v], m.last[v] + 1):
        each = m.cost[m.column[v] + s - m.first[v]] + _others(m, price, before, v, s)
        least = min(least, each + before[dock + s + m.duration[v]] - before[dock + s])
    return least


@njit(cache=True, nogil=True)
def _others(m: Model, price: FloatArray, before: FloatArray, v: int, s: int) -> Any:
    """Return the prices of the gate, quota and truck rows that v uses from slot s on."""
    each = price[s]
    if m.carrier[v] >= 0:
        each += price[m.horizon * (1 + m.groups + m.carrier[v]) + s]
    if m.truck[v] >= 0:
        truck = m.horizon * (1 + m.groups + m.carriers + m.truck[v])
        each += before[truck + min(m.horizon, s + m.duration[v] + m.turn)] - before[truck + s]
    return each
