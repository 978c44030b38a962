"""The search for a bound: prices first, then clusters in whole starts where the gap is, then both again.

Work is done in short pieces, so that it can go on beside the search for a plan.
"""

from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import bound, clusters, gap, prices
from solver.slots.bound import CLUSTERS, LAGRANGIAN
from solver.slots.clusters import Cluster
from solver.slots.mip import Effort
from solver.slots.model import FloatArray, Model
from solver.slots.run import Run

WORK: Final = 6_000_000  # column steps of the price method in a piece
UNEXPLAINED: Final = 0.25  # of the cost of not placing: prices that far below it do not explain an unplaced visit
SETTLED: Final = 1e-4  # relative gain of a piece, below which prices count as settled
WORTH: Final = 0.3  # of Model.unit: the least share of the gap that a cluster is solved for
PIECE_COLUMNS: Final = 3_000  # of clusters in a piece


class Proof:
    """Prices under way, and what they prove."""

    def __init__(self, run: Run, start: IntArray, price: FloatArray) -> None:
        m = run.model
        self.run = run
        self.price = price
        self.best = bound.bound(m, price)
        run.prove(self.best)
        self.state = prices.start(m, start, price)
        self.left_out = self._unexplained(start, price)
        self.settled = False
        self.parts: list[tuple[Cluster, int]] = []
        self.waiting: list[int] | None = None

    def stretch(self, start: IntArray) -> None:
        """Improve the prices a little."""
        m = self.run.model
        rest = m._replace(last=np.where(self.left_out, m.first - 1, m.last))
        looks = max(1, WORK // (8 * max(1, len(m.cost))))
        prices.improve(rest, self.state, looks)
        price = prices.latest(m, self.state)
        reached = bound.bound(rest, price)
        self.settled = abs(reached - self.best) <= SETTLED * max(1, reached)
        self.best = reached
        self.price = price
        self.run.prove(bound.bound(m, price), LAGRANGIAN)

    def decide(self, start: IntArray, effort: Effort) -> None:
        """Decide some more of the clusters in which the gap lies."""
        m = self.run.model
        price = bound.whole(m, self.price)
        if self.waiting is None:
            share = gap.by_group(m, price / bound.SCALE, start)
            order = np.argsort(-share, kind="stable")
            self.waiting = order[share[order] > WORTH * m.unit].tolist()
            self.parts = []
            self.taken = np.zeros(len(m.first), dtype=np.bool_)
        columns = 0
        while self.waiting and columns < PIECE_COLUMNS and not self.run.is_over():
            cluster = clusters.around(m, np.array([self.waiting.pop(0)]), self.taken)
            part = clusters.part(m, price, cluster, effort)
            self.taken[cluster.visits] = True
            self.parts.append((cluster, part.least))
            columns += int((m.column[cluster.visits + 1] - m.column[cluster.visits]).sum())
        self.run.prove(clusters.total(m, price, self.parts), CLUSTERS)

    def _unexplained(self, start: IntArray, price: FloatArray) -> IntArray:
        """Return which visits are unplaced although prices would let them in, (V,)."""
        m: Model = self.run.model
        least = bound.minima(m, bound.whole(m, price)) / bound.SCALE
        unexplained: IntArray = (start < 0) & (m.drop - least > UNEXPLAINED * m.drop)
        return unexplained
