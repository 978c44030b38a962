"""The search for a plan: rounds of transport, and between them troubled dock groups decided anew."""

from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import construct, gap, places, regroup, transport
from solver.slots.mip import Effort
from solver.slots.model import FloatArray
from solver.slots.places import Places
from solver.slots.regroup import Proposal
from solver.slots.run import Run

REACHES: Final = (1, 2, 3, 5, 8, 12, 1_000)  # slots from where a visit is
NOISE: Final = 0.9  # slots of displacement: less than one, so that only ties and near ties are drawn
ROUNDS: Final = 4  # of transport after dock groups were decided anew
GROUPS: Final = 6  # decided anew at a time
FEW: Final = 12  # unplaced visits; when it is no more, it pays to look wider
WIDE: Final = 0.4  # share of those steps in which siblings' dock groups are decided along
WORSE: Final = 0.002  # relative: how far the search may stray from the best plan


class Search:
    """A plan on the board, and prices of the gate that go with it."""

    def __init__(self, run: Run, rng: np.random.Generator) -> None:
        self.run, self.rng = run, rng
        self.board: Places = places.empty(run.model)
        self.gate: FloatArray = np.zeros(run.model.horizon)

    def first_fit(self) -> FloatArray:
        """Place visits one by one, heavy and inflexible ones first; return prices of the gate if nothing else were
        scarce, (T,)."""
        m = self.run.model
        order = np.lexsort((self.rng.random(len(m.first)), m.last - m.first, -m.drop))
        start = construct.in_order(m, order)
        self.run.plan(start)
        if m.horizon > transport.MOST_SLOTS or self.run.is_over():
            return self.gate
        return transport.gate_prices(m, start, transport.priced(m, np.zeros(len(m.cost))))

    def settle(self, start: IntArray) -> None:
        """Begin anew from starts (V,) that may over-fill rows: heavy visits keep theirs, others find what is left."""
        m = self.run.model
        self.board = places.empty(m)
        order = np.lexsort((self.rng.random(len(m.first)), -m.drop))
        construct.settle(m, self.board, order, start)
        construct.fill(m, self.board, order)
        self.run.plan(self.board.start)

    def transport(self, rounds: int) -> None:
        """Let all visits choose anew, `rounds` times, the last time by cost alone; keep the plan."""
        m = self.run.model
        if m.horizon > transport.MOST_SLOTS:
            return
        for left in reversed(range(rounds)):
            if self.run.is_over():
                break
            order = self.rng.permutation(len(self.board.start))
            order = order[np.argsort(self.board.start[order] >= 0, kind="stable")]
            noise = self.rng.random(len(m.cost)) * (NOISE * m.unit if left else 0.0)
            reach = int(self.rng.choice(REACHES))
            self.gate = transport.improve(m, self.board, order, reach, transport.priced(m, noise))
        self.run.plan(self.board.start)

    def step(self, price: FloatArray, effort: Effort) -> None:
        """Decide some dock groups anew and repair the gate; go back to the best plan if that led astray."""
        found: list[Proposal] = []
        for visits in self._drawn(price):
            if self.run.is_over():
                return
            proposal = regroup.propose(self.run.model, self.board, visits, self.gate, effort)
            if proposal is not None:
                found.append(proposal)
        regroup.force(self.run.model, self.board, found)
        self.transport(ROUNDS)
        if self.run.cost_of(self.board.start) > self.run.cost * (1 + WORSE):
            self.board = places.filled(self.run.model, self.run.start)

    def _drawn(self, price: FloatArray) -> list[IntArray]:
        """Return sets of visits: of groups drawn by their share of the gap at prices (R,)."""
        m, start = self.run.model, self.board.start
        share = gap.by_group(m, price, start)
        able = np.flatnonzero(share > 0.1 * m.unit)
        if not len(able):
            return []
        # the larger the share, the sooner (Efraimidis and Spirakis 2006)
        key = np.log(self.rng.random(len(able))) / share[able]
        groups = able[np.argsort(-key)[:GROUPS]]
        unplaced = int(((start < 0) & (m.last >= m.first)).sum())
        wide = unplaced <= FEW and bool(self.rng.random() < WIDE)
        return [regroup.drawn(m, start, int(g), int(self.rng.choice(m.wish[m.group == g])), wide=wide) for g in groups]
