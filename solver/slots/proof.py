"""The search for a bound, beside the search for a plan: prices first, then the dock groups in whole starts.

Work is done in short pieces on a thread of a pool; the caller asks now and then what has been proven.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import bound, groupwise, prices
from solver.slots.bound import GROUPS, LAGRANGIAN
from solver.slots.model import FloatArray
from solver.slots.run import Run

STRETCH: Final = 20  # price steps in a piece
SETTLED: Final = 0.0005  # relative: when the relaxation counts as solved
PRICES_SHARE: Final = 0.5  # of the time, after which the groups get their turn
GROUP_SECONDS: Final = 2.0


class Proof:
    """Prices under way, and what they prove."""

    def __init__(self, run: Run, plan: IntArray, gate: FloatArray) -> None:
        self.run = run
        self.unit = prices.unit_of(run.model)
        self.state = prices.start(run.model, plan, gate)
        self.best_price = self.state.price_next * self.unit
        self.best = bound.bound(run.model, self.best_price)
        run.prove(self.best)
        self.settled = False
        self.groups: list[int] = []
        self.parts: IntArray | None = None
        self.job: Future[tuple[int, str]] | None = None

    def advance(self, pool: ThreadPoolExecutor) -> None:
        """Hear what the last piece proved and begin the next; waits for nothing."""
        if self.job is not None and not self.job.done():
            return
        self.wait()
        if self.parts is None or self.groups:
            turn = self.settled or self.run.elapsed() > PRICES_SHARE * self.run.seconds
            self.job = pool.submit(self._group if turn else self._stretch)

    def wait(self) -> None:
        """Wait for the piece under way and hear what it proved."""
        if self.job is not None:
            self.run.prove(*self.job.result())
            self.job = None

    def _stretch(self) -> tuple[int, str]:
        """Improve the prices a little."""
        m = self.run.model
        prices.run(m, self.state, self.unit, STRETCH)
        price = self.state.price_next * self.unit
        proven = bound.bound(m, price)
        if proven > self.best:
            self.best, self.best_price = proven, price
        cost, beyond = prices.error(m, self.state)
        near = abs(cost - proven) <= max(1.0, SETTLED * proven)  # the bound is rounded up to a whole cost
        self.settled = near and beyond <= SETTLED * len(m.first)
        return proven, LAGRANGIAN

    def _group(self) -> tuple[int, str]:
        """Decide the next dock group at the best prices."""
        m = self.run.model
        price = bound.whole(m, self.best_price)
        if self.parts is None:
            self.parts = bound.parts(m, price)
            self.groups = groupwise.order(m, self.best_price).tolist()
        if self.groups:
            g = self.groups.pop(0)
            seconds = min(GROUP_SECONDS, max(0.01, self.run.seconds - self.run.elapsed()))
            self.parts[g] = max(self.parts[g], groupwise.part(m, price, g, seconds=seconds))
        return bound.from_groups(m, np.asarray(self.parts)), GROUPS
