"""A stronger proof where whole starts matter: some dock groups and trucks decided exactly, the rest at prices.

The linear relaxation is weak where few docks take long visits of unequal length, and where the visits of one truck
have windows that overlap. So for some visits, a cluster, the dock rows of whole groups and the rows of whole trucks
are kept and the starts are whole, while every other row keeps its price. That is a small integer program, and its
proven lower bound takes the place of the cluster's part of the Lagrangian sum. Clusters share no visit, so any number
of them add up.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import bound, mip, subproblem
from solver.slots.mip import Effort
from solver.slots.model import SCALE, FloatArray, Model
from solver.slots.subproblem import Columns

_SLACK: Final = 2.0 * mip.TOLERANCE  # of the sum of the drop costs
MORE: Final = 3  # dock groups that a cluster grows by at a time
MOST: Final = 250  # visits of a cluster that has grown
_NOTHING: Final = -(2**62)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Visits decided together: `visits` (n,), and the rows that are kept: `kept` (R,)."""

    visits: IntArray
    kept: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """A proven lower bound on a cluster's part in 1/SCALE cost units, and the starts found for its visits (n,), -1
    not placed, None if none were."""

    least: int
    start: IntArray | None


def around(model: Model, groups: IntArray, taken: NDArray[np.bool_]) -> Cluster:
    """Return the cluster of some dock groups: their visits and, of their trucks, the visits elsewhere.

    Visits that are `taken` (V,) already are left out, and with them the rows that they use.
    """
    inside = np.isin(model.group, groups)
    trucks = np.unique(model.truck[inside & (model.truck >= 0)])
    inside |= np.isin(model.truck, trucks)
    inside &= ~taken
    kept = np.zeros((len(model.capacity) // model.horizon, model.horizon), dtype=np.bool_)
    whole = np.bincount(model.group[taken & np.isin(model.group, groups)], minlength=model.groups) == 0
    kept[1 + groups[whole[groups]]] = True
    broken = np.unique(model.truck[~inside & (model.truck >= 0)])
    kept[1 + model.groups + model.carriers + np.setdiff1d(trucks, broken)] = True
    return Cluster(np.flatnonzero(inside), kept.ravel())


def grown(model: Model, groups: IntArray, cluster: Cluster, start: IntArray, plan: IntArray) -> IntArray:
    """Return `groups` and the smallest of those that made its cluster look better than the plan (V,) is.

    Those are the dock groups, kept at prices only, of visits that the cluster's starts (n,) move from where they are.
    """
    moved = cluster.visits[start != plan[cluster.visits]]
    others = np.setdiff1d(model.group[moved], groups)
    size = np.diff(model.group_start)
    size_now = int(size[groups].sum())
    others = others[np.argsort(size[others], kind="stable")][:MORE]
    return np.concatenate([groups, others[np.cumsum(size[others]) + size_now <= MOST]])


def near(model: Model, visit: int) -> Cluster:
    """Return the cluster of what could make room for a visit: its group's visits that can be at the docks with it.

    The dock rows in which it could stand are kept, and the rows of trucks whose visits are all in the cluster.
    """
    first, last = int(model.first[visit]), int(model.last[visit] + model.duration[visit])
    group = int(model.group[visit])
    inside = (model.group == group) & (model.first < last) & (model.last + model.duration > first)
    trucks = np.unique(model.truck[inside & (model.truck >= 0)])
    inside |= np.isin(model.truck, trucks)
    kept = np.zeros((len(model.capacity) // model.horizon, model.horizon), dtype=np.bool_)
    kept[1 + group, first:last] = True
    kept[1 + model.groups + model.carriers + trucks] = True
    return Cluster(np.flatnonzero(inside & (model.last >= model.first)), kept.ravel())


def part(model: Model, price: IntArray, cluster: Cluster, effort: Effort) -> Part:
    """Return what a cluster's part costs at least at prices (R,) in 1/SCALE cost units, kept rows priced at nothing.

    The search works in floating point; the room taken off for it is argued in formulation.md.
    """
    visits = cluster.visits
    columns, value = _priced(model, price, cluster)
    answer = mip.search(model, columns, value, np.where(cluster.kept, model.capacity, len(visits)), effort)
    dropped = int(model.exact_drop[visits].sum())
    start = None
    if answer.starts is not None:
        full = np.full(len(model.first), -1)
        full[answer.starts[0]] = answer.starts[1]
        start = full[visits]
    if not np.isfinite(answer.bound):
        return Part(_NOTHING, start)
    slack = _SLACK * (1.0 + dropped / SCALE + abs(answer.bound)) + 1e-4
    return Part(int(np.floor((answer.bound - slack) * SCALE)) + dropped, start)


def repriced(model: Model, price: FloatArray, cluster: Cluster, effort: Effort) -> FloatArray:
    """Return prices (R,) in cost units with those of the cluster's kept rows put right, all else being as it is."""
    columns, value = _priced(model, bound.whole(model, price), cluster)
    free = np.where(cluster.kept, model.capacity, len(cluster.visits))
    found = mip.row_prices(model, columns, value, free, effort)
    return price if found is None else np.where(cluster.kept, found, price)


def _priced(model: Model, price: IntArray, cluster: Cluster) -> tuple[Columns, FloatArray]:
    """Return the starts of a cluster that are worth it at prices (R,) and their worth, kept rows priced at nothing.

    Starts on closed docks are left out, for the sake of the argument in formulation.md.
    """
    columns = subproblem.columns_of(model, cluster.visits)
    rows, position = subproblem.uses(model, columns)
    kept = cluster.kept[rows]
    charge = np.bincount(position, weights=np.where(kept, 0, price[rows]), minlength=len(columns.visit))
    at = model.column[columns.visit] + columns.start - model.first[columns.visit]
    value = (model.exact_cost[at] - model.exact_drop[columns.visit] + charge) / SCALE
    closed = np.bincount(position, weights=kept & (model.capacity[rows] == 0), minlength=len(columns.visit)) > 0
    gainful = (value < 0) & ~closed
    return subproblem.chosen(columns, gainful), value[gainful]


class Sum:
    """The bound that prices (R,), in 1/SCALE cost units, and the proven parts of disjoint clusters add up to."""

    def __init__(self, model: Model, price: IntArray) -> None:
        self.model, self.price = model, price
        self.least = bound.minima(model, price)
        self.worth = price * model.capacity
        self.value = int(self.least.sum()) - int(self.worth.sum())
        self.owner = np.full(len(self.least), -1)  # (V,) which cluster a visit is in, -1 none
        self.gains: list[int] = []  # of the clusters

    @property
    def taken(self) -> NDArray[np.bool_]:
        """Return which visits are in a cluster, (V,)."""
        return self.owner >= 0

    def gain(self, cluster: Cluster, least: int) -> int:
        """Return by how much a proven part exceeds what the prices alone prove for it, in 1/SCALE cost units."""
        return least - int(self.least[cluster.visits].sum()) + int(self.worth[cluster.kept].sum())

    def offer(self, cluster: Cluster, least: int) -> None:
        """Put a cluster's proven part in place of the clusters that it shares visits with, if it gains more."""
        gain = max(0, self.gain(cluster, least))
        others = np.setdiff1d(self.owner[cluster.visits], [-1])
        lost = sum(self.gains[i] for i in others.tolist())
        if gain < lost:
            return
        self.value += gain - lost
        self.owner[np.isin(self.owner, others)] = -1
        self.owner[cluster.visits] = len(self.gains)
        self.gains.append(gain)

    def gained(self) -> FloatArray:
        """Return what each visit's cluster gains, in cost units, 0 for a visit in none, (V,)."""
        gained: FloatArray = np.array([*self.gains, 0])[self.owner] / SCALE
        return gained

    def least_cost(self) -> float:
        """Return what every lawful plan costs at least, before it is rounded up to a possible cost."""
        return (self.value + self.model.exact_constant) / SCALE

    def bound(self) -> int:
        """Return the proven lower bound on the cost of every lawful plan."""
        return bound.proven(self.model, self.value)
