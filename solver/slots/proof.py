"""The search for a bound: prices first, then clusters in whole starts where the gap is, then both again.

Work is done in short pieces, so that it can go on beside the search for a plan.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import bound, clusters, gap, mip, prices, subproblem
from solver.slots.bound import CLUSTERS, LAGRANGIAN, SEARCH
from solver.slots.mip import Effort
from solver.slots.model import SCALE, FloatArray
from solver.slots.run import Run
from solver.slots.subproblem import Columns

WORK: Final = 5_000_000  # column steps of the price method in a piece
LOOKS: Final = 40  # of it, at most
UNEXPLAINED: Final = 0.25  # of the cost of not placing: prices that far below it do not explain an unplaced visit
SETTLED: Final = 1e-5  # relative gain of a piece that is none
PATIENCE: Final = 4  # pieces without gain, after which prices count as settled
WORTH: Final = 0.3  # of Model.unit: the least share of the gap that a cluster is decided for
MANY: Final = 8  # dock groups of a cluster that grows no more
FEW_UNPLACED: Final = 12  # visits; when it is no more, clusters may grow until they explain them
MORE_PIECES: Final = 20  # of prices, before clusters are decided once more
NARROWLY: Final = 0.01  # cost units: room for rounding where starts are left out that no better plan can have
MOST_COLUMNS: Final = 25_000  # of a problem that is worth deciding whole


class Proof:
    """Prices under way, and what they prove."""

    def __init__(self, run: Run, start: IntArray, price: FloatArray) -> None:
        m = run.model
        self.run = run
        self.price = price
        run.prove(bound.bound(m, price))
        self.unexplained = np.flatnonzero(self._unexplained(start, price)).tolist()
        self.state: prices.PriceState | None = None
        self.plan = start
        self.reached = 0  # the best bound of prices alone
        self.idle = 0  # pieces without a gain
        self.pieces_left = 10**9  # of prices, until clusters get their turn
        self.lined_up = False
        self.whole_tried = False
        self.found: IntArray | None = None  # a plan (V,) that came of deciding the rest whole
        self.waiting: list[tuple[IntArray, bool]] = []  # sets of dock groups to be decided, the most promising
        # first, and whether they may take visits of other such groups along
        self.reserved: NDArray[np.bool_] = np.zeros(len(m.first), dtype=np.bool_)  # (V,) visits of such groups
        self.sum = clusters.Sum(m, bound.whole(m, price))
        self.share: FloatArray = np.zeros(m.groups)
        self.gain: FloatArray = np.zeros(m.groups)  # of deciding a group's cluster, when last tried

    def advance(self, plan: IntArray, effort: Effort, *, enough_prices: bool) -> None:
        """Do one piece of work with a plan (V,) in view; `enough_prices` says that clusters should get their turn."""
        self.plan = plan
        if self.unexplained:
            self._put_right(effort)
        elif self.pieces_left > 0 and not (enough_prices and self.pieces_left > MORE_PIECES):
            self._stretch()
        elif self.waiting:
            self._decide(effort)
        elif self.pieces_left != 0:
            self._line_up()
        else:
            self.pieces_left = MORE_PIECES

    def shares(self) -> FloatArray | None:
        """Return the shares (N,) of the starts in the relaxation as it is at present, None if it is not begun."""
        return None if self.state is None else self.state.share_next.copy()

    def decide_whole(self, cost: int, effort: Effort) -> bool:
        """Decide the rest of a small problem whole, once its clusters are decided; answer whether that was done.

        `cost` is that of the best plan known; a better one is left in `found`.
        """
        if self.whole_tried or not self.lined_up or self.waiting:
            return False
        self.whole_tried = True
        m, run = self.run.model, self.run
        left = self._left(cost - m.step - self.sum.least_cost() + NARROWLY)
        if len(left.visit) > MOST_COLUMNS:
            return False
        answer = mip.search(m, left, left.cost, m.capacity, effort, is_over=run.is_over)
        if answer.starts is not None:
            start = run.frozen.copy()
            start[answer.starts[0]] = answer.starts[1]
            self.found = start
            cost = min(cost, run.cost_of(start))
        rest = float(m.drop.sum()) + m.exact_constant / SCALE
        run.prove(min(cost, bound.from_search(m, answer.bound + rest)), SEARCH)
        return True

    def _left(self, excess: float) -> Columns:
        """Return the starts that can be in a plan that costs less than `excess` more than what is proven.

        Those are at most that much dearer than their visit's cheapest choice at the prices, or, if they are in a
        cluster, so much and what the cluster gains: without it the prices alone prove that much less.
        """
        m = self.run.model
        columns = subproblem.columns_of(m, np.arange(len(m.first)))
        rows, position = subproblem.uses(m, columns)
        price = self.sum.price / SCALE
        reduced = columns.cost + np.bincount(position, weights=price[rows], minlength=len(columns.visit))
        least = np.zeros(len(m.first))
        np.minimum.at(least, columns.visit, reduced)
        near = reduced - least[columns.visit] <= (excess + self.sum.gained())[columns.visit]
        return subproblem.chosen(columns, near)

    def _put_right(self, effort: Effort) -> None:
        """Put the prices around an unplaced visit right that they do not explain."""
        v = self.unexplained.pop(0)
        self.price = clusters.repriced(self.run.model, self.price, clusters.near(self.run.model, v), effort)

    def _stretch(self) -> None:
        """Improve the prices a little."""
        m = self.run.model
        if self.state is None:
            self.state = prices.start(m, self.plan, self.price)
        prices.improve(m, self.state, max(1, min(LOOKS, WORK // (8 * max(1, len(m.cost))))))
        price = prices.latest(m, self.state)
        reached = bound.bound(m, price)
        if reached > self.reached * (1 + SETTLED):
            self.idle = 0
        else:
            self.idle += 1
        if reached >= self.reached:
            self.reached, self.price = reached, price
            self.run.prove(reached, LAGRANGIAN)
        self.pieces_left = 0 if self.idle >= PATIENCE else self.pieces_left - 1
        if self.pieces_left == 0:
            self.idle = 0
            self._line_up()

    def _line_up(self) -> None:
        """Let the dock groups wait in which the gap lies at the present prices."""
        m = self.run.model
        self.pieces_left = 0
        self.lined_up = True
        self.sum = clusters.Sum(m, bound.whole(m, self.price))
        self.share = gap.by_group(m, self.sum.price, self.plan)
        order = np.argsort(-np.maximum(self.share, self.gain), kind="stable")
        self.waiting = [(np.array([g]), False) for g in order[self.share[order] > WORTH * m.unit]]
        self.reserved = (self.share > WORTH * m.unit)[m.group]
        self.gain[:] = 0.0
        if not self.waiting:
            self.pieces_left = MORE_PIECES

    def _decide(self, effort: Effort) -> None:
        """Decide the next cluster; one that does not explain why its visits are not all placed waits to be decided
        once more, first with its trucks' visits in groups that wait too, then together with such groups."""
        m = self.run.model
        groups, freely = self.waiting.pop(0)
        mine = np.isin(m.group, groups)
        cluster = clusters.around(m, groups, ~mine & (False if freely else self.reserved | self.sum.taken))
        part = clusters.part(m, self.sum.price, cluster, effort)
        gain = max(0, self.sum.gain(cluster, part.least))  # a search cut short may prove nothing
        self.gain[groups[0]] = max(self.gain[groups[0]], gain / SCALE)
        self.sum.offer(cluster, part.least)
        self.run.prove(self.sum.bound(), CLUSTERS)
        if part.start is not None and self._may_grow(groups) and not self._explains(groups, gain):
            grown = clusters.grown(m, groups, cluster, part.start, self.plan) if freely else groups
            if not freely or len(grown) > len(groups):
                self.waiting.insert(0, (grown, True))

    def _may_grow(self, groups: IntArray) -> bool:
        m = self.run.model
        return len(groups) < MANY and int(((self.plan < 0) & (m.last >= m.first)).sum()) <= FEW_UNPLACED

    def _explains(self, groups: IntArray, gain: int) -> bool:
        """Answer whether what is left of some groups' share of the gap is less than a visit not placed costs."""
        m = self.run.model
        self.share = gap.by_group(m, self.sum.price, self.plan)
        unplaced = np.isin(m.group, groups) & (self.plan < 0) & (m.last >= m.first)
        least = float(m.drop[unplaced].min(initial=np.inf))
        return float(self.share[groups].sum()) - gain / SCALE < UNEXPLAINED * least

    def _unexplained(self, start: IntArray, price: FloatArray) -> NDArray[np.bool_]:
        """Return which visits are unplaced although prices would let them in, (V,)."""
        m = self.run.model
        least = bound.minima(m, bound.whole(m, price)) / SCALE
        unexplained: NDArray[np.bool_] = (start < 0) & (m.drop - least > UNEXPLAINED * m.drop)
        return unexplained
