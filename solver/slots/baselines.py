"""What happens without a plan, and what an honest queue for slots gives: the two things a plan is compared
with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import check, construct, model
from solver.slots.instance import SlotInstance, SlotPlan


@dataclass(frozen=True, slots=True)
class Uncoordinated:
    """Everybody comes at their wish: `start` (V,), and what that is above capacity.

    `gate_excess` (T,) trucks above the gate's capacity; `dock_excess` (T,) trucks above the docks, over all
    groups.
    """

    start: IntArray
    gate_excess: IntArray
    dock_excess: IntArray


@dataclass(frozen=True, slots=True)
class Measures:
    """A plan in numbers; displacement is the distance of start from wish over the placed visits, in
    minutes."""

    visits: int
    placed: int
    placed_share: float
    mean_displacement_minutes: float
    p95_displacement_minutes: float
    cost: int


def uncoordinated(instance: SlotInstance) -> Uncoordinated:
    """Return the day on which every visit starts at its wish, lawful or not, and how far above capacity it
    is."""
    start = instance.wish
    gate = np.maximum(0, check.gate_use(instance, start) - instance.gate)
    docks = np.maximum(0, check.dock_use(instance, start) - instance.docks).sum(axis=0)
    return Uncoordinated(start, gate, docks)


def first_come(instance: SlotInstance, order: IntArray) -> SlotPlan:
    """Return the plan of booking in request order: each visit of `order` (V,) takes the cheapest start left.

    A visit for which nothing lawful is left, or nothing cheaper than `drop`, is not placed. Ties between two
    starts go to the later one.
    """
    return SlotPlan(construct.in_order(model.build(instance), np.asarray(order, dtype=np.int64)))


def measures(instance: SlotInstance, start: IntArray) -> Measures:
    """Return the numbers a report shows for `start` (V,), -1 not placed. With nothing placed distances are
    0."""
    placed: NDArray[np.bool_] = start >= 0
    minutes = np.abs(start - instance.wish)[placed] * instance.slot_minutes
    count = int(placed.sum())
    return Measures(
        visits=instance.visits,
        placed=count,
        placed_share=count / instance.visits if instance.visits else 1.0,
        mean_displacement_minutes=float(minutes.mean()) if count else 0.0,
        p95_displacement_minutes=float(np.percentile(minutes, 95)) if count else 0.0,
        cost=check.cost(instance, start),
    )
