"""The proof, by cases: any fleet, or fleets of at most v vehicles and fleets of more.

Where a vehicle costs much more than driving, the linear relaxation runs 116.5 vehicles and no plan does. So, once the
relaxation has settled on a number of vehicles that is not whole, it is solved twice: with at most the whole number
below and with at least the one above. The bound is the lesser of the two; usually the first costs more than a plan
that is known.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from solver.mdvsp.bound import NAME, SPLIT_NAME, bound
from solver.mdvsp.generation import FEW_FRESH, Generation
from solver.mdvsp.network import SCALE, Network
from solver.mdvsp.record import Record
from solver.reading import IntArray

STEPS: Final = 100
PATIENCE: Final = 10  # rounds
LEAST_RISE: Final = 4e-6  # of the bound, over as many rounds, or it has settled
ALMOST_WHOLE: Final = 0.03  # vehicles


class Case:
    """One generation with its best bound, and the prices that prove it. `vehicles` is the limit of its fleet."""

    def __init__(self, generation: Generation, vehicles: int = 0) -> None:
        self.generation, self.vehicles = generation, vehicles
        self.value = 0
        self.price: IntArray = np.zeros(len(generation.is_open), np.int64)
        self.rent: IntArray = np.zeros(len(generation.network.capacity), np.int64)

    def round(self) -> bool:
        """Generate routes once and see what the new prices prove; answer whether few routes were new."""
        fresh = self.generation.round(STEPS)
        price, rent, fee = self.generation.whole_duals()
        value, lawful = bound(self.generation.network, price, rent, fee if self.vehicles else 0, self.vehicles)
        if value > self.value:
            self.value, self.price = value, lawful
            self.rent = rent + (fee if self.vehicles else 0)
        is_calm = fresh < FEW_FRESH * len(price)
        if is_calm:
            self.generation.rebalance(float((price - lawful).sum()) / SCALE)
        return is_calm

    def settle(self, over: Callable[[], bool], tell: Callable[[], None], enough: Callable[[], int | None]) -> None:
        """Go on until the bound hardly rises any more, or is `enough`, or it is over."""
        history: list[int] = []
        while not over():
            is_calm = self.round()
            tell()
            history = [*history, self.value] if is_calm else []
            limit = enough()
            if limit is not None and self.value >= limit:
                return
            if len(history) > PATIENCE and self.value - history[-PATIENCE - 1] <= LEAST_RISE * self.value:
                return

    def snapshot(self) -> "Case":
        """Return a copy that does not change when this one goes on."""
        same = Case(self._copied(), self.vehicles)
        same.value, same.price, same.rent = self.value, self.price, self.rent
        return same

    def moved(self, network: Network) -> "Case":
        """Return a case on another network of the same trips, on which all these routes can be run."""
        copied = self._copied()
        moved = Generation(network, copied.master, copied.is_open)
        moved.add(copied.pool.routes)
        return Case(moved)

    def split(self) -> "tuple[Case, Case] | None":
        """Return the two cases of smaller and larger fleets; None when the number of vehicles is all but whole."""
        master = self.generation.master
        vehicles = float(master.mean_share.sum())
        if abs(vehicles - round(vehicles)) < ALMOST_WHOLE:
            return None
        below = math.floor(vehicles)
        cases = []
        for low, high, limit in ((-np.inf, float(below), below), (below + 1.0, np.inf, below + 1)):
            part = self._copied()
            part.master.fleet = (low, high)
            cases.append(Case(part, limit))
        return cases[0], cases[1]

    def _copied(self) -> Generation:
        return self.generation.narrowed(self.generation.is_open, np.zeros_like(self.rent))


class Proof:
    """The cases that together are every plan, and the record of what they prove."""

    def __init__(self, whole: Case, record: Record) -> None:
        self._whole, self._record = whole, record
        self.cases = [whole]

    def settle(self, case: Case, over: Callable[[], bool]) -> None:
        """Let a case go on until it settles or is proven dearer than the plan known."""
        case.settle(over, self._tell, lambda: self._record.best()[1])

    def split(self) -> list[Case]:
        """Go on by cases if that helps; return them, the one that is likelier to hold the best plan first."""
        parts = self._whole.split()
        if parts is not None:
            self.cases = list(parts)
        return self.cases[::-1] if parts is not None else []

    def open_cases(self) -> list[Case]:
        """Return the cases not yet proven to hold no plan cheaper than the one known."""
        cost = self._record.best()[1]
        return [case for case in self.cases if cost is None or max(case.value, self._whole.value) < cost]

    def _tell(self) -> None:
        value = min(max(case.value, self._whole.value) for case in self.cases)
        cost = self._record.best()[1]
        name = NAME if len(self.cases) == 1 else SPLIT_NAME
        self._record.prove(value if cost is None else min(value, cost), name)
