"""F4 by prices: what a carrier's visits are moved beyond its share, charged to each of them at a price.

For any prices 0 <= q[c] <= fairness the cost F4 is at least

    sum over c of q[c] * (sum over its visits of moved(v) - fair_slots * n(c))

with equality for the best q (Lagrangian duality of max(0, .)). So charging every start q[c] per slot of displacement,
and taking the constant off, gives a problem without F4 whose lower bounds are lower bounds of the whole; the plans are
measured by the whole cost.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import check
from solver.slots.instance import SlotInstance
from solver.slots.model import SCALE, FloatArray, Model, starts_of_columns
from solver.slots.negotiate import Negotiation

STRIDE: Final = 0.1  # of the price `fairness`, per slot by which a carrier's mean displacement is beyond its share


@dataclass(frozen=True, slots=True)
class Fairness:
    """The model without F4, and what F4 needs besides it."""

    base: Model
    price: int  # fairness
    carrier: IntArray  # (V,) -1 none
    moved: IntArray  # (N,) slots of displacement of a column
    far: IntArray  # (V,) those that count for not being placed
    allowance: IntArray  # (C,) slots that a carrier's movable visits may be moved free of price, may be negative
    visits: IntArray  # (C,)

    @classmethod
    def of(cls, instance: SlotInstance, model: Model) -> "Fairness":
        """Return the fairness of an instance, with its model."""
        carriers = len(instance.quota)
        mine = instance.carrier >= 0
        visits = np.bincount(instance.carrier[mine], minlength=carriers)
        kept = mine & (instance.frozen == 1)
        fixed = check.slots_moved(instance, np.where(instance.frozen == 1, instance.promised, -1))
        stays = np.bincount(instance.carrier[kept], fixed[kept], carriers).astype(np.int64)
        visit, start = starts_of_columns(model.first, model.column)
        return cls(
            base=model,
            price=instance.fairness,
            carrier=instance.carrier,
            moved=np.abs(start - instance.wish[visit]),
            far=check.slots_moved(instance, np.full(instance.visits, -1)),
            allowance=instance.fair_slots * visits - stays,
            visits=visits,
        )

    def charged(self, level: FloatArray) -> Model:
        """Return the model with carriers' displacement charged at `level` (C,), 0 to 1 of the price."""
        whole: IntArray = np.rint(np.clip(level, 0.0, 1.0) * self.price * SCALE).astype(np.int64)
        each: IntArray = np.append(whole, np.int64(0))[self.carrier]
        cost: IntArray = self.base.exact_cost + np.repeat(each, np.diff(self.base.column)) * self.moved
        drop: IntArray = self.base.exact_drop + each * self.far
        return self.base._replace(
            exact_cost=cost,
            exact_drop=drop,
            exact_constant=self.base.exact_constant - int((whole * self.allowance).sum()),
            cost=cost / SCALE,
            drop=drop / SCALE,
        )

    def beyond(self, start: IntArray) -> FloatArray:
        """Return by how many slots a visit, on average, each carrier is beyond its share in a plan (V,); (C,)."""
        placed = np.flatnonzero((start >= 0) & (self.carrier >= 0))
        out = np.flatnonzero((start < 0) & (self.carrier >= 0))
        carriers = len(self.visits)
        at = self.base.column[placed] + start[placed] - self.base.first[placed]
        moved = np.bincount(self.carrier[placed], self.moved[at], carriers).astype(np.float64)
        moved += np.bincount(self.carrier[out], self.far[out], carriers)
        mean: FloatArray = (moved - self.allowance) / np.maximum(1, self.visits)
        return mean


class Levels:
    """The carriers' levels while the negotiation goes on: they rise for who is beyond its share, and fall."""

    def __init__(self, fairness: Fairness) -> None:
        self.fairness = fairness
        self.level = np.zeros(len(fairness.visits))

    def recharge(self, talks: Negotiation) -> Model:
        """Return the model at new levels."""
        self.level = np.clip(self.level + STRIDE * self.fairness.beyond(talks.start), 0.0, 1.0)
        return self.fairness.charged(self.level)
