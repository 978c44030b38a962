"""Column generation: the master prices trips, the network finds routes that pay at these prices, they join the master.

Desrosiers and Luebbecke 2005, *A primer in column generation*; for this problem Ribeiro and Soumis 1994.
"""

from typing import Final

import numpy as np

from solver.mdvsp.master import Master
from solver.mdvsp.network import SCALE, Network
from solver.mdvsp.routes import BoolArray, Pool, Routes
from solver.reading import IntArray

FEW_FRESH: Final = 0.02  # routes per trip: when fewer are new, more are asked for
MANY_TIMES: Final = 4
HIGHEST: Final = 2**40  # price: where no plan is lawful prices rise without end, but must stay far from FAR
REBALANCE: Final = 2.0
LOOK_EVERY: Final = 8  # calm rounds
STUCK: Final = 0.7  # of an error is left after as many


class Generation:
    """Routes, shares and prices over the trips that are open."""

    def __init__(self, network: Network, master: Master, is_open: BoolArray) -> None:
        self.network, self.master, self.is_open = network, master, is_open
        self.pool = Pool()
        self._fresh, self._times = len(is_open), 1
        self._calm, self._errors = 0, (np.inf, np.inf)

    def add(self, routes: Routes) -> int:
        """Let routes join; return how many are new."""
        return self.pool.add(routes)

    def round(self, steps: int) -> int:
        """Take steps of the master and add routes that pay at the mean prices; return how many."""
        self.master.run(self.pool.routes, steps)
        price, rent = self.whole_prices()
        self._times = MANY_TIMES if self._fresh < FEW_FRESH * len(price) else 1
        self._fresh = self.add(self.network.find(price, rent, self.is_open, self._times))
        return self._fresh

    def rebalance(self, loss: float) -> None:
        """Let prices move further where shares are further from lawful than prices are, less far where they are nearer.

        `loss` is what the mean prices lost on being made lawful; what the mean shares lack is valued at the mean price.
        Both are costs. The larger of the two is helped when it has hardly shrunk since the last look. (The aim is that
        of Applegate et al. 2021, *Practical large-scale linear programming using primal-dual hybrid gradient*, section
        3.3, whose rule by distances moved is too restless while routes still join.)
        """
        self._calm += 1
        if self._calm % LOOK_EVERY:
            return
        before, now = self._errors, (self.master.lack(self.pool.routes), loss)
        self._errors = now
        if now[0] > 2 * now[1] and now[0] > STUCK * before[0]:
            self.master.balance *= REBALANCE
        elif now[1] > 2 * now[0] and now[1] > STUCK * before[1]:
            self.master.balance /= REBALANCE

    def reduced(self, routes: Routes, price: IntArray, rent: IntArray) -> IntArray:
        """Return the reduced cost of each route."""
        return routes.cost * SCALE - routes.sums(price) - rent[routes.depot]

    def whole_prices(self) -> tuple[IntArray, IntArray]:
        """Return the mean prices, and rents with the fleet's fee, as whole numbers of 1/SCALE."""
        price, rent, fee = self.whole_duals()
        return price, rent + fee

    def whole_duals(self) -> tuple[IntArray, IntArray, int]:
        """Return the mean prices of trips, rents of depots (<= 0) and fee of the fleet as whole numbers of 1/SCALE."""
        whole = np.rint(np.clip(self.master.mean_dual * SCALE, -HIGHEST, HIGHEST)).astype(np.int64)
        trips = self.master.trips
        return whole[:trips], np.minimum(0, whole[trips:-1]), int(whole[-1])

    def narrowed(self, is_open: BoolArray, running: IntArray) -> "Generation":
        """Return a generation that starts where this one stands, over the trips that are open.

        `running` is how many routes of each depot are fixed besides: they take of its capacity and of the fleet.
        """
        routes = self.pool.routes
        which = np.flatnonzero(routes.within(is_open))
        narrow = Generation(self.network, self.master.narrowed(which, len(routes), running), is_open)
        narrow.add(routes.chosen(which))
        return narrow
