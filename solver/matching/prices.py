"""Prices of loads for the bound, by the incremental subgradient method, and the chains trucks chose on the
way.

Trucks choose their best chain in turn, a few similar ones at a time. A chosen load's price falls by a
`pull`; all prices rise by as much over as many choices as there are trucks. A load chosen once a round keeps
its price. The pull shrinks from round to round; the prices of a round's end are averaged over it, which
quiets them (Nedic and Bertsekas, SIAM J. Optimization 12, 2001).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from solver.matching.bound import THREADS, similar_trucks, worth_of
from solver.matching.grid import Grid
from solver.matching.kernels import kernel
from solver.matching.network import FloatArray, Network
from solver.matching.tables import Tables, TruckClass, best_first, blank_tables, fill, trace, truck_class
from solver.matching.watch import Watch
from solver.reading import IntArray

LONGEST: Final = 64
COMPANY: Final = 5  # similar trucks that choose at the same prices
START_PER_MINUTE: Final = 1.2  # first prices, per minute of a load's duration
FIRST_PULL, LAST_PULL = 60.0, 4.0
ROUNDS: Final = 40
PRICES_SHARE: Final = 0.6  # of the time


@kernel
def choose(
    grid: Grid,
    net: Network,
    cls: TruckClass,
    worth: IntArray,
    tables: Tables,
    pull: int,
    chosen: IntArray,
) -> int:
    """Let the trucks of a class choose, moving `worth`; write (K, 1 + LONGEST) count and loads; return their
    sum."""
    frozen = (
        worth.copy()
    )  # another thread moves `worth` meanwhile; the trace must read what the tables were made of
    fill(grid, net, cls, frozen, tables)
    total = 0
    for k in cls.trucks:
        chosen[k, 0] = 0
        least, q, u = best_first(grid, net, k, tables)
        if least < 0:
            total += least
            chosen[k, 0] = trace(grid, net, cls, frozen, tables, q, u, chosen[k, 1:])
            for at in range(1, 1 + chosen[k, 0]):
                worth[chosen[k, at]] -= pull
    return total


@kernel
def rise(grid: Grid, net: Network, worth: IntArray, by: int) -> None:
    """Raise all prices, up to the loads' own."""
    for i in range(len(worth)):
        if grid.usable[i] and not grid.instant[i]:
            worth[i] = min(worth[i] + by, net.drop[i] * grid.unit_by // grid.unit_of)


class Market:
    """Prices that move while classes of trucks choose."""

    def __init__(self, net: Network, relaxed: Grid, classes: list[IntArray]) -> None:
        self.net, self.relaxed = net, relaxed
        self.classes = [truck_class(net, relaxed, trucks) for trucks in classes]
        self.worth = worth_of(net, relaxed, START_PER_MINUTE * net.duration.astype(np.float64))
        self.chosen: IntArray = np.zeros((len(net.start), 1 + LONGEST), dtype=np.int64)
        self._tables = [blank_tables(relaxed) for _ in range(THREADS)]

    def round(
        self, order: IntArray, pull: int, threads: ThreadPoolExecutor, watch: Watch
    ) -> FloatArray | None:
        """Let the classes choose in `order`; return the prices' mean over the round, None when it was cut
        short."""
        mean, seen, due = np.zeros(len(self.worth)), 0, 0.0
        for at in range(0, len(order), THREADS):
            if watch.over(PRICES_SHARE):
                return None
            turn = [self.classes[c] for c in order[at : at + THREADS]]
            list(
                threads.map(
                    lambda pair: self._choose(pair[0], pair[1], pull), zip(turn, self._tables, strict=False)
                )
            )
            trucks = sum(len(cls.trucks) for cls in turn)
            due += pull * trucks / len(self.net.start)
            if due >= 1:
                rise(self.relaxed, self.net, self.worth, int(due))
                due -= int(due)
            mean += trucks * self.worth
            seen += trucks
        return mean / max(seen, 1)

    def _choose(self, cls: TruckClass, tables: Tables, pull: int) -> None:
        choose(self.relaxed, self.net, cls, self.worth, tables, pull, self.chosen)


def find_prices(net: Network, relaxed: Grid, watch: Watch, rng: np.random.Generator) -> FloatArray:
    """Return prices (N,) in the instance's money, as good as the time allows."""
    market = Market(net, relaxed, similar_trucks(net, COMPANY))
    price = market.worth.astype(np.float64)
    scale = relaxed.unit_by / relaxed.unit_of * max(1.0, float(np.median(price)) / relaxed.unit_by / 150)
    with ThreadPoolExecutor(THREADS) as threads:
        for turn in range(ROUNDS):
            pull = int(
                scale * FIRST_PULL * (LAST_PULL / FIRST_PULL) ** max(watch.spent(PRICES_SHARE), turn / ROUNDS)
            )
            mean = market.round(rng.permutation(len(market.classes)), max(1, pull), threads, watch)
            if mean is None:
                break
            price = mean
    return price * relaxed.unit_of / relaxed.unit_by
