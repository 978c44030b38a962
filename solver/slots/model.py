"""The instance as the method sees it: allowed starts, and one flat vector of capacity rows.

Row layout, used by every price and use vector of shape (R,):

    slot t of the gate              t
    slot t of dock group g          docks + g * T + t
    slot t of limited carrier c     carriers + c * T + t
    slot t of returning truck k     trucks + k * T + t

Where the rows and costs of formulation.md are:

    S1  the shares of a visit sum to at most 1; its starts are `first` to `last`
    S2  the dock rows
    S3  the gate rows
    S4  the carrier rows
    S5  the truck rows
    S6  frozen visits have no columns; what they hold is taken off `capacity`, what they cost is in `constant`
    F1  in `cost` of every column
    F2  in `drop` of every visit
    F3  in `cost` of every column but the promised one, and in `drop`
    F4  charged to `cost` and `drop` by fairness.py

Only carriers with a quota have rows, and only trucks with visits that could get in each other's way. A truck's row t
says: of its visits at most one has t inside [s, s + d + turn). These are the maximal cliques of S5, so the linear
relaxation is as tight as a time-indexed one gets; starts end before the horizon, so rows beyond it would repeat the
last one.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import check
from solver.slots.instance import SlotInstance

FloatArray = NDArray[np.float64]

SCALE: Final = 1024  # proofs count in whole 1/SCALE cost units


class Model(NamedTuple):
    """Read-only arrays for compiled kernels; V visits, R rows, N columns (a visit and an allowed start)."""

    horizon: int
    groups: int
    carriers: int  # with a quota
    trucks: int  # with visits that could get in each other's way
    turn: int
    unit: float  # the mean price of a slot of displacement: what is much and what is little
    step: int  # every cost is a multiple of it
    first: IntArray  # (V,) first allowed start
    last: IntArray  # (V,) last allowed start; below first where there is none
    duration: IntArray  # (V,)
    group: IntArray  # (V,)
    carrier: IntArray  # (V,) index among carriers with a quota, -1 none
    truck: IntArray  # (V,) index among returning trucks, -1 none
    wish: IntArray  # (V,)
    cost: FloatArray  # (N,) of a start
    drop: FloatArray  # (V,) of not placing
    exact_cost: IntArray  # (N,) `cost` in 1/SCALE cost units
    exact_drop: IntArray  # (V,) `drop` in 1/SCALE cost units
    exact_constant: int  # what every plan costs besides, in 1/SCALE cost units
    column: IntArray  # (V + 1,) where the columns of a visit begin
    capacity: IntArray  # (R,)
    group_visits: IntArray  # (V,) visits sorted by dock group
    group_start: IntArray  # (G + 1,) where those of a group begin
    truck_visits: IntArray  # visits of returning trucks sorted by truck
    truck_start: IntArray  # (K + 1,)


def build(instance: SlotInstance) -> Model:
    """Return the model of an instance, without F4."""
    movable = instance.frozen == 0
    last = np.where(movable, np.minimum(instance.latest, instance.horizon - instance.duration), -1)
    limited = instance.quota >= 0
    carrier_index = np.full(len(instance.quota) + 1, -1)
    carrier_index[:-1][limited] = np.arange(limited.sum())
    truck, trucks = _returning_trucks(instance, last)
    group_visits, group_start = _members(instance.dock_group, len(instance.docks))
    truck_visits, truck_start = _members(truck, trucks)
    column = np.concatenate([[0], np.cumsum(np.maximum(0, last - instance.earliest + 1))])
    cost, drop = _costs(instance, column, movable)
    return Model(
        horizon=instance.horizon,
        groups=len(instance.docks),
        carriers=int(limited.sum()),
        trucks=trucks,
        turn=instance.turn,
        unit=_unit(instance),
        step=_step(instance),
        first=instance.earliest.copy(),
        last=last,
        duration=instance.duration.copy(),
        group=instance.dock_group.copy(),
        carrier=carrier_index[instance.carrier],
        truck=truck,
        wish=instance.wish.copy(),
        cost=cost.astype(np.float64),
        drop=drop.astype(np.float64),
        exact_cost=cost * SCALE,
        exact_drop=drop * SCALE,
        exact_constant=_frozen_cost(instance) * SCALE,
        column=column,
        capacity=_capacity(instance, limited, truck, trucks),
        group_visits=group_visits,
        group_start=group_start,
        truck_visits=truck_visits,
        truck_start=truck_start,
    )


def starts_of_columns(first: IntArray, column: IntArray) -> tuple[IntArray, IntArray]:
    """Return visit and start of every column, both (N,), from the first starts (V,) and `column` (V + 1,)."""
    counts = np.diff(column)
    visit = np.repeat(np.arange(len(first)), counts)
    return visit, first[visit] + np.arange(len(visit)) - np.repeat(column[:-1], counts)


def _costs(instance: SlotInstance, column: IntArray, movable: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Return F1 and F3 of every column (N,), F2 and F3 of not placing (V,), 0 for a frozen visit."""
    visit, start = starts_of_columns(instance.earliest, column)
    late = instance.late * np.maximum(0, start - instance.wish[visit])
    early = instance.early * np.maximum(0, instance.wish[visit] - start)
    broken = (instance.promised[visit] >= 0) & (start != instance.promised[visit])
    cost = instance.weight[visit] * (early + late + instance.move * broken)
    drop = instance.weight * (instance.drop + instance.move * (instance.promised >= 0))
    return cost, np.where(movable, drop, 0)


def _frozen_cost(instance: SlotInstance) -> int:
    """Return F1 + F2 of the frozen visits, which is F1 + F2 + F3: their promises are kept."""
    start = np.where(instance.frozen == 1, instance.promised, -1)
    left_out = (instance.frozen == 1) & (instance.promised < 0)
    return check.displacement_cost(instance, start) + int(instance.weight[left_out].sum()) * instance.drop


def _unit(instance: SlotInstance) -> float:
    slot = np.concatenate([instance.weight * instance.early, instance.weight * instance.late])
    mean = float(slot.mean()) if len(slot) else 0.0
    return mean if mean > 0 else max(1.0, float((instance.weight * instance.drop).mean()) if len(slot) else 1.0)


def _step(instance: SlotInstance) -> int:
    """Return the greatest common divisor of all prices, 1 if all are 0."""
    prices = [instance.early, instance.late, instance.drop, instance.move, instance.fairness]
    return int(np.gcd.reduce(np.array(prices))) or 1


def _capacity(instance: SlotInstance, limited: NDArray[np.bool_], truck: IntArray, trucks: int) -> IntArray:
    """Return what the rows have left for the visits that are not frozen, (R,)."""
    limits = check.limits(instance)
    fixed = np.where(instance.frozen == 1, instance.promised, -1)
    return np.concatenate(
        [
            limits.gate - check.gate_use(instance, fixed),
            (limits.docks - check.dock_use(instance, fixed)).ravel(),
            (limits.quota - check.carrier_use(instance, fixed))[limited].ravel(),
            _free_trucks(instance, fixed, truck, trucks).ravel(),
        ]
    )


def _free_trucks(instance: SlotInstance, fixed: IntArray, truck: IntArray, trucks: int) -> IntArray:
    """Return 1 where no frozen visit keeps the truck, else 0, (K, T)."""
    free = np.ones((trucks, instance.horizon), dtype=np.int64)
    for v in np.flatnonzero((fixed >= 0) & (truck >= 0)).tolist():
        free[truck[v], fixed[v] : fixed[v] + instance.duration[v] + instance.turn] = 0
    return free


def _returning_trucks(instance: SlotInstance, last: IntArray) -> tuple[IntArray, int]:
    """Return per visit the index of its truck among those whose visits could overlap, or -1, and their number."""
    low = np.where(instance.frozen == 1, instance.promised, instance.earliest)
    high = np.where(instance.frozen == 1, instance.promised, last) + instance.duration + instance.turn
    mine = np.flatnonzero((instance.truck >= 0) & (high - instance.duration - instance.turn >= np.maximum(0, low)))
    index = np.full(len(last), -1)
    if not len(mine):
        return index, 0
    mine = mine[np.lexsort((low[mine], instance.truck[mine]))]
    owner = np.unique(instance.truck[mine], return_inverse=True)[1]
    until = np.maximum.accumulate(owner * (int(high.max()) + 1) + high[mine]) - owner * (int(high.max()) + 1)
    clash = np.zeros(int(owner[-1]) + 1, dtype=np.bool_)
    clash[owner[1:][(owner[1:] == owner[:-1]) & (low[mine[1:]] < until[:-1])]] = True
    index[mine] = np.where(clash, np.cumsum(clash) - 1, -1)[owner]
    return index, int(clash.sum())


def _members(owner: IntArray, owners: int) -> tuple[IntArray, IntArray]:
    """Return the members sorted by owner (those with owner -1 left out) and where each owner's begin."""
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] >= 0]
    return order, np.concatenate([[0], np.cumsum(np.bincount(owner[order], minlength=owners))])


@njit(cache=True, nogil=True)
def cost_of(m: Model, v: int, s: int) -> Any:
    """Return what visit v costs in slot s, or not placed when s is -1."""
    if s < 0:
        return m.drop[v]
    return m.cost[m.column[v] + s - m.first[v]]
