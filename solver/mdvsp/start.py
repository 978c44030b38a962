"""A start for prices and routes: what the day costs if all depots were one, and a vehicle may end at any of them.

Carpaneto, Dell'Amico, Fischetti and Toth 1989, *A branch and bound algorithm for the multiple depot vehicle scheduling
problem*, section 3: every trip is alone (pull-out and pull-in at the nearest depots) unless it follows another; who
follows whom is an assignment problem in the costs saved. Its duals are lawful prices, and within a fraction of a
percent of the best.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from solver.mdvsp.network import Network
from solver.reading import IntArray


class Start(NamedTuple):
    """The relaxation's cost, lawful prices that prove it (not scaled), and for each trip the one after it, or -1."""

    cost: int
    price: IntArray
    after: IntArray


def start(network: Network, link: IntArray) -> Start:
    """Solve the relaxation; `link` (trips, trips) costs, -1 where forbidden."""
    alone = network.pull_out.min(axis=1), network.pull_in.min(axis=1)
    saved = np.where(link >= 0, np.minimum(0, link - alone[1][:, None] - alone[0][None, :]), 0)
    row, chosen = linear_sum_assignment(saved)
    before, after = duals(saved, chosen)
    price = alone[0] + alone[1] + before + after
    follower = np.where(saved[row, chosen] < 0, chosen, -1)
    return Start(int(price.sum()), price, follower)


def crude_start(network: Network) -> Start:
    """Return prices of a quarter of what each trip costs alone, and no trip after another: for very many trips."""
    price = (network.pull_out + network.pull_in).min(axis=1) // 4
    return Start(int(price.sum()), price, np.full(len(price), -1))


def duals(cost: IntArray, chosen: IntArray) -> tuple[IntArray, IntArray]:
    """Return u, v with u[i] + v[j] <= cost[i, j], tight where j = chosen[i], of a square assignment problem's optimum.

    Shortest paths between rows (Bellman and Ford): row i may be no further than row i' plus what i would pay more for
    the column of i'.
    """
    rows = np.arange(len(cost))
    paid = cost[rows, chosen]
    owner = np.empty_like(chosen)
    owner[chosen] = rows
    u = np.zeros(len(cost), np.int64)
    while True:
        v = paid[owner] - u[owner]
        nearer = np.minimum(u, (cost - v[None, :]).min(axis=1))
        if (nearer == u).all():
            return u, v
        u = nearer
