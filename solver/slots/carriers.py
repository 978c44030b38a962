"""How evenly a plan treats carriers: what each one's visits are moved, and one index over all of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import check
from solver.slots.instance import SlotInstance


@dataclass(frozen=True, slots=True)
class Fairness:
    """A plan, carrier by carrier; every array is of shape (C,), and 0 for a carrier without visits.

    `mean_minutes` is the mean displacement of the placed visits. `burden_minutes` is the mean of moved(v) of
    formulation.md over all of a carrier's visits: one that is not placed counts as moved as far as its window
    allows. `jain` is Jain's index of the burdens (see `jain_index`).
    """

    visits: IntArray
    placed: IntArray
    mean_minutes: NDArray[np.float64]
    burden_minutes: NDArray[np.float64]
    jain: float

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain numbers: the index, and an object per carrier that has visits."""
        carriers = [
            {
                "carrier": c,
                "visits": int(self.visits[c]),
                "placed": int(self.placed[c]),
                "placed_share": int(self.placed[c]) / int(self.visits[c]),
                "mean_minutes": float(self.mean_minutes[c]),
                "burden_minutes": float(self.burden_minutes[c]),
            }
            for c in np.flatnonzero(self.visits).tolist()
        ]
        return {"jain": self.jain, "carriers": carriers}


def report(instance: SlotInstance, start: IntArray) -> Fairness:
    """Return how a plan, `start` (V,) with -1 for not placed, treats the carriers."""
    placed = start >= 0
    moved = check.slots_moved(instance, start)
    visits = _per_carrier(instance, np.ones(instance.visits, dtype=np.int64))
    counts = _per_carrier(instance, placed.astype(np.int64))
    burden = _per_carrier(instance, moved) * instance.slot_minutes / np.maximum(1, visits)
    return Fairness(
        visits=visits,
        placed=counts,
        mean_minutes=_per_carrier(instance, moved * placed) * instance.slot_minutes / np.maximum(1, counts),
        burden_minutes=burden,
        jain=jain_index(burden[visits > 0]),
    )


def jain_index(shares: NDArray[np.float64]) -> float:
    """Return (sum x)^2 / (n * sum x^2) of n shares >= 0: 1 when all are equal, 1 / n when one bears everything.

    1 too when there is nothing to bear, or nobody to bear it. Jain, Chiu and Hawe, "A quantitative measure of
    fairness and discrimination", DEC-TR-301 (1984), section 4.
    """
    squares = float((shares**2).sum())
    return float(shares.sum()) ** 2 / (len(shares) * squares) if squares > 0 else 1.0


def mean_slots_moved(instance: SlotInstance, start: IntArray) -> int:
    """Return the mean of moved(v) over the visits that belong to a carrier, rounded up to whole slots; 0 without any.

    With this as `fair_slots` nobody pays in F4 for a day on which all carriers are moved alike.
    """
    theirs = instance.carrier >= 0
    count = int(theirs.sum())
    return -(-int(check.slots_moved(instance, start)[theirs].sum()) // count) if count else 0


def _per_carrier(instance: SlotInstance, amount: IntArray) -> IntArray:
    """Return the sums (C,) of `amount` (V,) over each carrier's visits."""
    theirs = instance.carrier >= 0
    sums = np.zeros(len(instance.quota), dtype=np.int64)
    np.add.at(sums, instance.carrier[theirs], amount[theirs])
    return sums
