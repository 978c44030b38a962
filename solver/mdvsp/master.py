"""The master problem: which of the routes found so far to run, relaxed to shares; its duals price trips and depots.

    minimise    sum_r cost[r] x[r]
    such that   sum of x over routes with trip t  = 1                 price[t], free      (V1)
                sum of x over routes of depot k  <= capacity[k]       rent[k] <= 0        (V3)
                least <= sum of x <= most                             fee                 (size of the fleet)

solved by the primal-dual hybrid gradient method (Chambolle and Pock 2011, with the diagonal steps of Pock and
Chambolle 2011) from where the last call ended, and routes join between calls. Prices need only be good: whatever they
are, the bound they give is proven by the network (bound.py). Means over many steps make them calm, so that no other
stabilisation of column generation is needed.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solver.mdvsp.kernels import kernel
from solver.mdvsp.routes import FloatArray, Routes
from solver.reading import IntArray

DAMPING: Final = 0.95


@dataclass(slots=True)
class Master:
    """Where the method stands, and the means over the last call.

    `balance` says how far prices move for a trip that is covered once too often or not at all. `fleet` is the least and
    the most number of routes. `share` of each route; `dual` of each trip, then of each depot, then of the fleet.
    """

    trips: int
    capacity: IntArray
    fleet: tuple[float, float]
    balance: float
    share: FloatArray
    dual: FloatArray
    mean_share: FloatArray
    mean_dual: FloatArray

    def run(self, routes: Routes, rounds: int) -> None:
        """Take `rounds` steps over `routes`, of which the first are those of the last call."""
        self.share = self._widened(self.share, len(routes))
        self.mean_share, self.mean_dual = np.zeros(len(routes)), np.zeros(len(self.dual))
        low = np.concatenate([np.ones(self.trips), np.full(len(self.capacity), -np.inf), [self.fleet[0]]])
        high = np.concatenate([np.ones(self.trips), self.capacity, [self.fleet[1]]])
        descend(
            (routes.first, routes.trips, routes.depot, routes.cost.astype(np.float64)),
            (low, high),
            len(self.capacity),
            (self.share, self.dual),
            (self.mean_share, self.mean_dual),
            self.balance,
            rounds,
        )

    def lack(self, routes: Routes) -> float:
        """Return how far the mean shares are from covering each trip once, valued at the mean price of a trip."""
        known = len(self.mean_share)
        weight = np.repeat(self.mean_share, np.diff(routes.first[: known + 1]))
        covered = np.bincount(routes.trips[: len(weight)], weights=weight, minlength=self.trips)
        price = self.mean_dual[: self.trips]
        return float(np.abs(1 - covered).sum() * np.abs(price).mean())

    def narrowed(self, which: IntArray, routes: int, running: IntArray) -> "Master":
        """Return a master over the routes `which` of `routes` that starts where this one stands.

        `running` is how many routes of each depot are fixed besides: they take of its capacity and of the fleet.
        """
        fixed = int(running.sum())
        return replace(
            self,
            capacity=self.capacity - running,
            fleet=(self.fleet[0] - fixed, self.fleet[1] - fixed),
            share=self._widened(self.share, routes)[which],
            dual=self.dual.copy(),
            mean_share=self._widened(self.mean_share, routes)[which],
            mean_dual=self.mean_dual.copy(),
        )

    def _widened(self, share: FloatArray, routes: int) -> FloatArray:
        return np.concatenate([share, np.zeros(routes - len(share))])


def new_master(price: FloatArray, capacity: IntArray, balance: float) -> Master:
    """Return a master without routes."""
    dual = np.concatenate([price, np.zeros(len(capacity) + 1)])
    none = np.zeros(0)
    return Master(len(price), capacity, (-np.inf, np.inf), balance, none, dual, none, dual.copy())


@kernel
def descend(
    problem: tuple[IntArray, IntArray, IntArray, FloatArray],
    limits: tuple[FloatArray, FloatArray],
    depots: int,
    state: tuple[FloatArray, FloatArray],
    means: tuple[FloatArray, FloatArray],
    balance: float,
    rounds: int,
) -> None:
    """Take steps in `state` (share, dual); `means` become the means over them.

    The rows of depots and of the fleet meet every route or a large part of them, but few of those have a share; their
    steps are made for those few.
    """
    first, trips, depot, cost = problem
    low, high = limits
    share, dual = state
    rows, fleet = len(dual), len(dual) - 1  # the row of the fleet is the last,
    base = fleet - depots  # those of the depots are before it
    step = np.ones(rows)
    step[base:] += base / 2
    for r in range(len(cost)):
        if share[r] > 0:
            step[base + depot[r]] += 1
            step[fleet] += 1
        for e in range(first[r], first[r + 1]):
            step[trips[e]] += 1
    step = DAMPING * balance / step
    met = np.empty(rows)
    for _ in range(rounds):
        met[:] = 0.0
        for r in range(len(cost)):
            reduced = cost[r] - dual[base + depot[r]] - dual[fleet]
            for e in range(first[r], first[r + 1]):
                reduced -= dual[trips[e]]
            new = max(0.0, share[r] - DAMPING / balance / (first[r + 1] - first[r] + 2) * reduced)
            ahead = 2 * new - share[r]
            if ahead != 0.0:
                met[base + depot[r]] += ahead
                met[fleet] += ahead
                for e in range(first[r], first[r + 1]):
                    met[trips[e]] += ahead
            share[r] = new
            means[0][r] += new / rounds
        for row in range(rows):
            pull = dual[row] / step[row] - met[row]
            dual[row] = step[row] * (pull + min(max(-pull, low[row]), high[row]))
            means[1][row] += dual[row] / rounds
