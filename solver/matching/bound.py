"""What no plan can beat: prices on the loads, and for every truck the most it could earn at them.

For prices p(i) <= drop(i), sum p(i) + sum over trucks of min(0, least cost of a chain minus its loads'
prices) is below the cost of every plan. The least is taken over all chains on the place-time grid
(tables.py), for classes of trucks at a time. Splitting a class can only raise the bound, so the class that
can raise it most is split next, until the time is up or every class is one truck. All sums are of whole
numbers.
"""

import heapq
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from solver.matching.grid import Grid
from solver.matching.kernels import kernel
from solver.matching.network import FloatArray, Network
from solver.matching.tables import Tables, TruckClass, best_first, blank_tables, fill, truck_class
from solver.matching.watch import Watch
from solver.reading import IntArray

NAME: Final = "Lagrangian relaxation of M1, every truck's best chain on a place-time grid"
TRIVIAL: Final = "loads that nobody can serve in their window"
THREADS: Final = 2
FIRST_CLASS: Final = 12  # trucks to a class at first, at most

Tell = Callable[[int, str], None]


def trivial_bound(net: Network) -> int:
    """Return the price of the loads that no truck can serve, whatever else happens."""
    usable = net.earliest <= net.last_start
    if len(net.start):
        kinds = np.unique(net.truck_kind)
        usable &= net.fits[kinds][:, net.load_kind].any(axis=0)
    else:
        usable &= False
    return sum(net.drop[~usable].tolist())


def prove(net: Network, relaxed: Grid, price: FloatArray, watch: Watch, tell: Tell) -> None:
    """Call `tell` with ever higher lower bounds that prices on the loads (N,) prove.

    The first comes when every truck has been priced once.
    """
    worth = worth_of(net, relaxed, price)
    lost = sum(net.drop[~relaxed.usable].tolist())
    base = sum(worth[relaxed.usable].tolist())
    ledger = _Ledger(net)
    rooms = [blank_tables(relaxed) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        while ledger.open and not watch.over():
            tasks = [
                (
                    trucks,
                    threads.submit(_least, relaxed, net, truck_class(net, relaxed, trucks), worth, tables),
                )
                for trucks, tables in zip(ledger.next(THREADS), rooms, strict=False)
            ]
            for trucks, task in tasks:
                ledger.book(trucks, task.result())
            if ledger.complete:
                units = base + ledger.total()
                tell(lost + units * relaxed.unit_of // relaxed.unit_by, NAME)


def worth_of(net: Network, relaxed: Grid, price: FloatArray) -> IntArray:
    """Return whole prices in units, capped by the loads' own, below zero for loads that take no step.

    Such a load could be served without end within one step; its price eats what rounding wins, so that no
    round of them pays. Prices below zero beyond the loads' own would be of no use.
    """
    cap = net.drop * relaxed.unit_by // relaxed.unit_of
    worth = np.floor(price * relaxed.unit_by / relaxed.unit_of).astype(np.int64)
    worth = np.clip(worth, -cap, cap)
    worth[relaxed.instant] = -(3 * relaxed.mercy + 3)
    return worth


class _Ledger:
    """Classes of trucks still to be priced, and the least cost known of each truck."""

    def __init__(self, net: Network) -> None:
        self._least = np.zeros(len(net.start), dtype=np.int64)
        self._priced = np.zeros(len(net.start), dtype=bool)
        self.open: list[tuple[float, int, IntArray]] = []
        self._order = 0
        for trucks in similar_trucks(net, FIRST_CLASS):
            self._push(-np.inf, trucks)

    @property
    def complete(self) -> bool:
        return bool(self._priced.all())

    def total(self) -> int:
        return sum(self._least.tolist())

    def next(self, count: int) -> Iterator[IntArray]:
        for _ in range(min(count, len(self.open))):
            yield heapq.heappop(self.open)[2]

    def book(self, trucks: IntArray, least: IntArray) -> None:
        first = not self._priced[trucks[0]]
        self._priced[trucks] = True
        self._least[trucks] = least if first else np.maximum(least, self._least[trucks])
        hope = float(-least.sum())
        if len(trucks) > 1 and least.min() < 0 and hope > 0:
            for half in (trucks[: len(trucks) // 2], trucks[len(trucks) // 2 :]):
                self._push(-hope / 2, half)

    def _push(self, key: float, trucks: IntArray) -> None:
        self._order += 1
        heapq.heappush(self.open, (key, self._order, trucks))


def similar_trucks(net: Network, most: int) -> list[IntArray]:
    """Return every truck in a class of at most `most`, of one kind and home, whose shifts end near each
    other."""
    order = np.lexsort((net.free_from, net.home_by, net.home, net.truck_kind))
    change = np.diff(net.home[order]) | np.diff(net.truck_kind[order])
    groups = np.split(order, np.flatnonzero(change) + 1)
    return [part for group in groups for part in np.array_split(group, -(-len(group) // most)) if len(part)]


@kernel
def _least(grid: Grid, net: Network, cls: TruckClass, worth: IntArray, tables: Tables) -> IntArray:
    """Return the cost of the cheapest path of every truck of a class, 0 where none pays; units."""
    fill(grid, net, cls, worth, tables)
    least = np.zeros(len(cls.trucks), np.int64)
    for at in range(len(least)):
        least[at] = min(0, best_first(grid, net, cls.trucks[at], tables)[0])
    return least
