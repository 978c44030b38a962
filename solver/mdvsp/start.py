"""A start for prices and routes: what the day costs if all depots were one, and a vehicle may end at any of them.

Carpaneto, Dell'Amico, Fischetti and Toth 1989, *A branch and bound algorithm for the multiple depot vehicle scheduling
problem*, section 3: every trip is alone (pull-out and pull-in at the nearest depots) unless it follows another; who
follows whom is an assignment problem in the costs saved. Its duals are lawful prices, and within a fraction of a
percent of the best.
"""

from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from solver.mdvsp.network import Network
from solver.reading import IntArray

DEAR: Final = 2**36  # what a trip costs alone that no vehicle can run alone; floating point still counts in ones there


class Start(NamedTuple):
    """Lawful prices (not scaled), whose sum is the relaxation's cost, and for each trip the one after it, or -1."""

    price: IntArray
    after: IntArray


def start(network: Network, link: IntArray) -> Start:
    """Solve the relaxation; `link` (trips, trips) costs, -1 where forbidden."""
    alone = np.minimum(network.pull_out.min(axis=1), DEAR), np.minimum(network.pull_in.min(axis=1), DEAR)
    saved = np.where(link >= 0, np.minimum(0, link - alone[1][:, None] - alone[0][None, :]), 0)
    row, chosen = linear_sum_assignment(saved)
    before, after = duals(saved, chosen)
    price = alone[0] + alone[1] + before + after
    follower = np.where(saved[row, chosen] < 0, chosen, -1)
    return Start(price, follower)


def crude_start(network: Network) -> Start:
    """Return prices of a quarter of what each trip costs alone, and no trip after another: for very many trips."""
    price = np.minimum((network.pull_out + network.pull_in).min(axis=1), DEAR) // 4
    return Start(price, np.full(len(price), -1))


def duals(cost: IntArray, chosen: IntArray) -> tuple[IntArray, IntArray]:
    """Return u, v with u[i] + v[j] <= cost[i, j], tight where j = chosen[i], of a square assignment problem's optimum.

    Shortest paths between rows (Bellman and Ford): row i may be no further than row i' plus what i would pay more for
    the column of i'. Ends after as many passes as there are rows, then not tight, should `chosen` be no optimum.
    """
    rows = np.arange(len(cost))
    paid = cost[rows, chosen]
    owner = np.empty_like(chosen)
    owner[chosen] = rows
    u = np.zeros(len(cost), np.int64)
    v = paid[owner] - u[owner]
    for _ in rows:
        nearer = np.minimum(u, (cost - v[None, :]).min(axis=1))
        if (nearer == u).all():
            break
        u = nearer
        v = paid[owner] - u[owner]
    return u, v
