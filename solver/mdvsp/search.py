"""Better plans from a plan: some of its routes that have to do with each other are chosen anew, exactly.

At lawful prices no route has a negative reduced cost, and what a plan costs beyond the bound is the sum of those of its
routes. So if routes A of a plan can be replaced by cheaper ones, each of these has a reduced cost below the sum over A:
listing all those routes (Network.below) and choosing among them (exact.py) misses nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.mdvsp.cases import Case
from solver.mdvsp.exact import Pace, choose
from solver.mdvsp.network import SCALE, alone
from solver.mdvsp.routes import BoolArray, Routes
from solver.reading import IntArray

FIRST_TRIPS: Final = 80  # in a part chosen anew
LEAST_TRIPS: Final = 30
MOST_ROUTES: Final = 12_000
SECONDS: Final = 2.0
QUICK: Final = 0.4  # seconds: the next part may be larger
GROWTH: Final = 1.1


@dataclass(slots=True)
class Search:
    """Parts of a plan chosen anew, one after the other; `size` is how many trips a part has, and follows the pace."""

    case: Case
    rng: np.random.Generator
    clock: Callable[[], float]
    size: float = FIRST_TRIPS

    def step(self, routes: Routes, over: Callable[[], bool]) -> Routes | None:
        """Return a cheaper plan that differs in one part, None when none was found there."""
        begun = self.clock()
        reduced = self._reduced(routes)
        part = self._part(routes, np.maximum(reduced, 0) + 1)
        old, rest = routes.chosen(np.flatnonzero(part)), routes.chosen(np.flatnonzero(~part))
        is_open = np.zeros(len(self.case.price), np.bool_)
        is_open[old.trips] = True
        candidates = self._candidates(is_open, int(reduced[part].sum()))
        room = self.case.generation.network.capacity - np.bincount(
            rest.depot, minlength=len(self.case.generation.network.capacity)
        )
        candidates = candidates.followed_by(old)
        chosen = choose(candidates, is_open, room, Pace(SECONDS, over))
        took = self.clock() - begun
        if took < QUICK:
            self.size = min(self.size * GROWTH, float(len(is_open)))
        elif not chosen.is_best:
            self.size = max(self.size / GROWTH**2, LEAST_TRIPS)
        if chosen.which is None:
            return None
        new = candidates.chosen(chosen.which)
        return rest.followed_by(new) if new.cost.sum() < old.cost.sum() else None

    def _reduced(self, routes: Routes) -> IntArray:
        reduced: IntArray = routes.cost * SCALE - routes.sums(self.case.price) - self.case.rent[routes.depot]
        return reduced

    def _candidates(self, is_open: BoolArray, gap: int) -> Routes:
        network = self.case.generation.network
        while gap > 0:
            found = network.below(self.case.price, self.case.rent, is_open, gap, MOST_ROUTES)
            if found is not None:
                return found
            gap = gap * 2 // 3
        return alone(network, np.flatnonzero(is_open))

    def _part(self, routes: Routes, weight: IntArray) -> BoolArray:
        """Return which routes make up a part: one by its reduced cost, then those that good routes link it with."""
        owner = np.empty(len(self.case.price), np.int64)
        owner[routes.trips] = np.repeat(np.arange(len(routes)), np.diff(routes.first))
        pool = self.case.generation.pool.routes
        likely = np.argsort(self._reduced(pool), kind="stable")[: 4 * len(owner)]
        part = np.zeros(len(routes), np.bool_)
        part[self.rng.choice(len(routes), p=weight / weight.sum())] = True
        trips = int(np.diff(routes.first)[part].sum())
        for r in self.rng.permutation(likely).tolist():
            owners = np.unique(owner[pool.trips_of(r)])
            if not part[owners].any():
                continue
            more = owners[~part[owners]]
            trips += int((routes.first[more + 1] - routes.first[more]).sum())
            part[more] = True
            if trips >= self.size:
                break
        return part
