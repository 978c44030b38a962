"""The search for a plan: rounds of transport, and between them troubled dock groups decided anew."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import places, prices, regroup, subproblem, transport
from solver.slots.model import FloatArray
from solver.slots.places import Places
from solver.slots.run import Run

REACHES: Final = (1, 2, 3, 5, 8, 12, 1_000)  # slots from where a visit is
NOISE: Final = 0.9  # slots of displacement: less than one, so that only ties and near ties are drawn
ROUNDS: Final = 6  # of transport after dock groups were decided anew
GROUPS: Final = 24  # decided anew at a time
FEW: Final = 12  # troubled groups; when it is no more, it pays to look wider
WIDE: Final = 0.4  # share of those steps in which siblings' dock groups are decided along
MIP_SECONDS: Final = 0.5
WORSE: Final = 0.002  # relative: how far the search may stray from the best plan


class Search:
    """A plan on the board, and prices of the gate that go with it."""

    def __init__(self, run: Run, start: IntArray, rng: np.random.Generator) -> None:
        self.run, self.rng = run, rng
        self.board: Places = places.filled(run.model, start)
        self.gate: FloatArray = np.zeros(run.model.horizon)
        self.unit = prices.unit_of(run.model)
        columns = subproblem.columns_of(run.model, np.arange(len(run.model.first)))
        self.cost = columns.cost + run.model.drop[columns.visit]

    def transport(self, rounds: int, beside: Callable[[], None] = lambda: None) -> None:
        """Let all visits choose anew, `rounds` times, the last time by cost alone; keep the plan.

        `beside` is called before each round, to look after what goes on beside the search.
        """
        if self.run.model.horizon > transport.MOST_SLOTS:
            return
        for left in reversed(range(rounds)):
            if self.run.is_over():
                break
            beside()
            order = self.rng.permutation(len(self.board.start))
            order = order[np.argsort(self.board.start[order] >= 0, kind="stable")]
            noise = self.rng.random(len(self.cost)) * (NOISE * self.unit if left else 0.0)
            worth = transport.priced(self.run.model, self.cost, noise)
            reach = int(self.rng.choice(REACHES))
            self.gate = transport.improve(self.run.model, self.board, order, reach, worth)
        self.run.plan(self.board.start)

    def gate_alone(self) -> FloatArray:
        """Return prices (T,) of the gate if nothing else were scarce: where the proof begins."""
        if self.run.model.horizon > transport.MOST_SLOTS or self.run.is_over():
            return self.gate
        worth = transport.priced(self.run.model, self.cost, np.zeros(len(self.cost)))
        return transport.gate_prices(self.run.model, self.run.start, worth)

    def step(self, pool: ThreadPoolExecutor, beside: Callable[[], None]) -> None:
        """Decide some dock groups anew and repair the gate; go back to the best plan if that led astray."""
        seconds = min(MIP_SECONDS, max(0.0, self.run.seconds - self.run.elapsed()))
        jobs = [
            pool.submit(regroup.propose, self.run.model, self.board, visits, self.gate, unit=self.unit, seconds=seconds)
            for visits in self._drawn()
        ]
        found = []
        for job in jobs:
            beside()
            found.append(job.result())
        regroup.force(self.run.model, self.board, [proposal for proposal in found if proposal is not None])
        self.transport(ROUNDS, beside)
        if self.run.cost_of(self.board.start) > self.run.cost * (1 + WORSE):
            self.board = places.filled(self.run.model, self.run.start)

    def _drawn(self) -> list[IntArray]:
        """Return sets of visits: of groups with unplaced visits, or of two at random when all are placed."""
        m, start = self.run.model, self.board.start
        troubled = np.unique(m.group[(start < 0) & (m.last >= m.first)])
        groups = self.rng.permutation(troubled)[:GROUPS]
        if not len(groups) and len(start):
            groups = np.unique(m.group[self.rng.integers(0, len(start), 2)])
        wide = len(troubled) <= FEW and bool(self.rng.random() < WIDE)
        return [regroup.drawn(m, start, int(g), int(self.rng.choice(m.wish[m.group == g])), wide=wide) for g in groups]
