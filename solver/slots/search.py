"""The search for a plan: rounds of transport, and between them troubled dock groups decided anew."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import ball, bound, construct, gap, induced, places, regroup, transport
from solver.slots.mip import Effort
from solver.slots.model import FloatArray
from solver.slots.places import Places
from solver.slots.regroup import Proposal
from solver.slots.run import Run

REACHES: Final = (1, 2, 3, 5, 8, 12, 1_000)  # slots from where a visit is
NOISE: Final = 0.9  # slots of displacement: less than one, so that only ties and near ties are drawn
GROUPS: Final = 3  # decided anew at a time
FIRST: Final = 30  # decided anew in the first step, which places what the negotiation left over
MANY: Final = 16  # as long as there are groups with visits that could be placed
FEW: Final = 12  # unplaced visits; when it is no more, it pays to look wider
TRIES: Final = 3  # to place visits, before the search goes back to the best plan
WIDE: Final = 0.2  # share of those steps in which siblings' dock groups are decided along
LEAST: Final = 0.2  # of Model.unit: a share of the gap that is worth a try
WORSE: Final = 0.002  # relative: how far the search may stray from the best plan to get unplaced visits in
WITHIN: Final = 0.5  # share of the other steps that keep to what the gate has left
BALLS: Final = 0.6  # share of the steps that decide balls of visits anew
BALL: Final = 160  # visits of one
AT_ONCE: Final = 8  # balls in a step
WAIT: Final = 10  # rounds of transport at most, for the relaxation to be begun
INDUCED: Final = 0.6  # share of the steps that decide anew where plan and relaxation differ
SURE: Final = (0.7, 0.99)  # share in the relaxation from which on a visit stays, at least and at most
LONGER: Final = 4.0  # times what a dock group is given
PLACING: Final = 0.5  # share of the steps that try to place visits, while some are not
HOPE: Final = 0.05  # of what unplaced visits cost
PROVEN: Final = 0.4  # of what unplaced visits cost: so much of it being unavoidable, there is little hope


class Search:
    """A plan on the board, and prices of the gate that go with it."""

    def __init__(self, run: Run, rng: np.random.Generator) -> None:
        self.run, self.rng = run, rng
        self.board: Places = places.empty(run.model)
        self.gate: FloatArray = np.zeros(run.model.horizon)
        self.waited = 0  # rounds of transport, for the relaxation
        self.is_first = True  # the next step of another kind is the first
        self.tried: FloatArray = np.zeros(run.model.groups)  # share of the gap of a group when last decided anew

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

    def step(self, price: FloatArray, needed: FloatArray, relaxed: FloatArray | None, effort: Effort) -> None:
        """Decide some visits anew and repair the gate; go back to the best plan if that led astray.

        `price` (R,); `needed` (G,) is the part of each group's share of the gap that is proven to be unavoidable;
        `relaxed` (N,) are the shares of the starts in the linear relaxation, None before they are known.
        """
        if relaxed is None and self.waited < WAIT:
            self.waited += 1
            self.transport(1)
            return
        if relaxed is not None and self.rng.random() < INDUCED:
            self._induced(relaxed, effort)
            return
        m = self.run.model
        at = bound.whole(m, price)
        unplaced = (self.board.start < 0) & (m.last >= m.first)
        share = gap.by_group(m, at, self.board.start)
        hopeful = self._hopeful(unplaced, share, needed)
        first, self.is_first = self.is_first, False
        if hopeful.any() and (first or self.rng.random() < PLACING):
            self._place(hopeful, FIRST if first else MANY, effort, wide=not first and int(unplaced.sum()) <= FEW)
        elif self.rng.random() < BALLS:
            self._balls(at, unplaced, effort)
        else:
            self._groups(np.maximum(0.0, share - needed), price[: m.horizon], effort)

    def _induced(self, relaxed: FloatArray, effort: Effort) -> None:
        """Decide anew, together, who is not where the relaxation has them, and let all choose anew around that."""
        left = self.run.seconds - self.run.elapsed()
        longer = replace(effort, seconds=max(0.01, min(LONGER * effort.seconds, left)))
        sure = float(self.rng.uniform(*SURE))
        proposal = induced.propose(self.run.model, self.board, relaxed, sure, self.rng, longer)
        if proposal is not None:
            self._take(proposal)

    def _groups(self, share: FloatArray, gate: FloatArray, effort: Effort) -> None:
        """Decide some dock groups anew, drawn by what there is to gain, `share` (G,)."""
        self.tried = np.minimum(self.tried, share)
        groups = self._heaviest(
            np.where(share > self.tried + LEAST * self.run.model.unit, share - self.tried, 0.0), GROUPS
        )
        if not len(groups):
            self.tried[:] = 0.0
        self.tried[groups] = share[groups]
        if self.rng.random() < WITHIN:
            self._within_gate(groups, effort)
        else:
            self._regroup(groups, gate, effort, rounds=2, worse=0.0, wide=False)

    def _place(self, hopeful: FloatArray, many: int, effort: Effort, *, wide: bool) -> None:
        """Try to place unplaced visits of `hopeful` groups (G,), several times, each time from where the last one led.

        A try takes up to `many` groups; when `wide`, some take one group with those of its siblings.
        """
        for _ in range(TRIES):
            alone = wide and bool(self.rng.random() < WIDE)
            groups = self._heaviest(hopeful, 1 if alone else many)
            self._regroup(groups, self.gate, effort, rounds=4, worse=WORSE, wide=alone)
            unplaced = (self.board.start < 0) & (self.run.model.last >= self.run.model.first)
            hopeful = np.where(np.bincount(self.run.model.group[unplaced], minlength=len(hopeful)) > 0, hopeful, 0.0)
            if not hopeful.any() or self.run.is_over():
                break
        self._go_back_if_dearer()

    def _hopeful(self, unplaced: NDArray[np.bool_], share: FloatArray, needed: FloatArray) -> FloatArray:
        """Return what there is to gain in each group by placing its unplaced visits, (G,), as far as is known.

        That is its share of the gap, and a little of what they cost where prices explain them; 0 where they are mostly
        proven to be unavoidable.
        """
        m = self.run.model
        cost = np.bincount(m.group[unplaced], m.drop[unplaced], m.groups)
        hopeful: FloatArray = np.where(needed < PROVEN * cost, np.maximum(share - needed, HOPE * cost), 0.0)
        return hopeful

    def _balls(self, price: IntArray, unplaced: NDArray[np.bool_], effort: Effort) -> None:
        """Decide the visits anew around some that are unplaced, or far from their cheapest choice at prices (R,)."""
        m = self.run.model
        excess = gap.by_visit(m, price, self.board.start)
        if unplaced.any() and self.rng.random() < PLACING:
            excess = np.where(unplaced, m.drop, 0.0)
        for visit in self._heaviest(np.where(excess > LEAST * m.unit, excess, 0.0), AT_ONCE).tolist():
            if self.run.is_over():
                return
            visits = ball.around(m, self.board, visit, BALL, self.rng)
            proposal = regroup.propose(m, self.board, visits, None, effort)
            if proposal is not None:
                self._take(proposal)

    def _take(self, proposal: Proposal) -> None:
        """Put a proposal that fits on the board."""
        regroup.force(self.run.model, self.board, [proposal])
        self.run.plan(self.board.start)
        self._go_back_if_dearer()

    def _within_gate(self, groups: IntArray, effort: Effort) -> None:
        """Decide the groups anew together with others drawn at random, all within what the gate has left."""
        m = self.run.model
        others = self.rng.permutation(m.groups)
        chosen = np.concatenate([groups, others[~np.isin(others, groups)]])
        size = np.diff(m.group_start)[chosen]
        chosen = chosen[: max(1, int(np.searchsorted(np.cumsum(size), regroup.MOST, side="right")))]
        visits = np.flatnonzero(np.isin(m.group, chosen))
        if len(visits) > regroup.MOST:
            return
        proposal = regroup.propose(m, self.board, visits, None, effort)
        if proposal is not None:
            self._take(proposal)

    def _regroup(
        self, groups: IntArray, gate: FloatArray, effort: Effort, *, rounds: int, worse: float, wide: bool
    ) -> None:
        m, found = self.run.model, []
        for g in groups.tolist():
            if self.run.is_over():
                return
            visits = regroup.drawn(m, g, self._centre(g), wide=wide)
            proposal = regroup.propose(m, self.board, visits, gate, effort)
            if proposal is not None:
                found.append(proposal)
        regroup.force(m, self.board, found)
        self.transport(rounds)
        self._go_back_if_dearer(worse)

    def _go_back_if_dearer(self, worse: float = 0.0) -> None:
        """Put the best plan on the board again if what is there is dearer, relatively by more than `worse`."""
        if self.run.cost_of(self.board.start) > self.run.cost * (1 + worse):
            self.board = places.filled(self.run.model, self.run.movable())

    def _centre(self, group: int) -> int:
        """Return the wish of one of the group's visits, of an unplaced one if there is one."""
        m = self.run.model
        mine = m.group_visits[m.group_start[group] : m.group_start[group + 1]]
        stuck = mine[self.board.start[mine] < 0]
        return int(m.wish[self.rng.choice(stuck if len(stuck) else mine)])

    def _heaviest(self, weight: FloatArray, count: int) -> IntArray:
        """Return up to `count` groups drawn without replacement, the larger their weight (G,) the sooner."""
        able = np.flatnonzero(weight > 0.0)
        key = np.log(self.rng.random(len(able))) / weight[able]  # Efraimidis and Spirakis 2006
        chosen: IntArray = able[np.argsort(-key)[:count]]
        return chosen
