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
    F1  `early` and `late`, already times the weight
    F2  `drop`, already times the weight

Only carriers with a quota and trucks with several visits have rows. A truck's row t says: of its visits at
most one has t inside [s, s + d + turn). These are the maximal cliques of S5, so the linear relaxation is as
tight as a time-indexed one gets; starts end before the horizon, so rows beyond it would repeat the last one.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots.instance import SlotInstance

FloatArray = NDArray[np.float64]


class Model(NamedTuple):
    """Read-only arrays for compiled kernels; V visits, R rows, N columns (a visit and an allowed start)."""

    horizon: int
    groups: int
    carriers: int  # with a quota
    trucks: int  # with several visits
    turn: int
    first: IntArray  # (V,) first allowed start
    last: IntArray  # (V,) last allowed start; below first where there is none
    duration: IntArray  # (V,)
    group: IntArray  # (V,)
    carrier: IntArray  # (V,) index among carriers with a quota, -1 none
    truck: IntArray  # (V,) index among returning trucks, -1 none
    wish: IntArray  # (V,)
    early: IntArray  # (V,) cost of one slot too early
    late: IntArray  # (V,) cost of one slot too late
    drop: IntArray  # (V,) cost of not placing
    column: IntArray  # (V + 1,) where the columns of a visit begin
    capacity: IntArray  # (R,)
    group_visits: IntArray  # (V,) visits sorted by dock group
    group_start: IntArray  # (G + 1,) where those of a group begin
    truck_visits: IntArray  # visits of returning trucks sorted by truck
    truck_start: IntArray  # (K + 1,)


def build(instance: SlotInstance) -> Model:
    """Return the model of an instance."""
    last = np.minimum(instance.latest, instance.horizon - instance.duration)
    limited = instance.quota >= 0
    carrier_index = np.full(len(instance.quota) + 1, -1)
    carrier_index[:-1][limited] = np.arange(limited.sum())
    truck, trucks = _returning_trucks(instance.truck, last >= instance.earliest)
    group_visits, group_start = _members(instance.dock_group, len(instance.docks))
    truck_visits, truck_start = _members(truck, trucks)
    horizon = instance.horizon
    capacity = (instance.gate, instance.docks.ravel(), np.repeat(instance.quota[limited], horizon))
    return Model(
        horizon=horizon,
        groups=len(instance.docks),
        carriers=int(limited.sum()),
        trucks=trucks,
        turn=instance.turn,
        first=instance.earliest.copy(),
        last=last,
        duration=instance.duration.copy(),
        group=instance.dock_group.copy(),
        carrier=carrier_index[instance.carrier],
        truck=truck,
        wish=instance.wish.copy(),
        early=instance.weight * instance.early,
        late=instance.weight * instance.late,
        drop=instance.weight * instance.drop,
        column=np.concatenate([[0], np.cumsum(np.maximum(0, last - instance.earliest + 1))]),
        capacity=np.concatenate([*capacity, np.ones(trucks * horizon, dtype=np.int64)]),
        group_visits=group_visits,
        group_start=group_start,
        truck_visits=truck_visits,
        truck_start=truck_start,
    )


def _returning_trucks(truck: IntArray, placeable: NDArray[np.bool_]) -> tuple[IntArray, int]:
    """Return per visit the index of its truck among those with several placeable visits, or -1, and their
    number."""
    known = (truck >= 0) & placeable
    index = np.full(len(truck), -1)
    names, inverse, times = np.unique(truck[known], return_inverse=True, return_counts=True)
    several = times > 1
    rank = np.where(several, np.cumsum(several) - 1, -1)
    index[known] = rank[inverse]
    return index, int(several.sum()) if len(names) else 0


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
    return m.early[v] * max(0, m.wish[v] - s) + m.late[v] * max(0, s - m.wish[v])


@njit(cache=True, nogil=True)
def price_of(m: Model, price: Any, before: Any, v: int, s: int) -> Any:
    """Return the prices of the rows that visit v uses when it starts in slot s.

    `price` (R,) and its running sums `before` (R + 1,), whole or not.
    """
    horizon = m.horizon
    dock = horizon * (1 + m.group[v]) + s
    each = price[s] + before[dock + m.duration[v]] - before[dock]
    if m.carrier[v] >= 0:
        each += price[horizon * (1 + m.groups + m.carrier[v]) + s]
    if m.truck[v] >= 0:
        truck = horizon * (1 + m.groups + m.carriers + m.truck[v])
        each += before[truck + min(horizon, s + m.duration[v] + m.turn)] - before[truck + s]
    return each
