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
from solver.slots.model import SCALE, Model

_SLACK: Final = 2.0**-19  # of the sum of the drop costs; HiGHS lets a row be exceeded by 1e-6
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


def part(model: Model, price: IntArray, cluster: Cluster, effort: Effort) -> Part:
    """Return what a cluster's part costs at least at prices (R,) in 1/SCALE cost units, kept rows priced at nothing.

    The search works in floating point; the room taken off for it is argued in formulation.md.
    """
    visits = cluster.visits
    columns = subproblem.columns_of(model, visits)
    rows, position = subproblem.uses(model, columns)
    kept = cluster.kept[rows]
    charge = np.bincount(position, weights=np.where(kept, 0, price[rows]), minlength=len(columns.visit))
    at = model.column[columns.visit] + columns.start - model.first[columns.visit]
    value = (model.exact_cost[at] - model.exact_drop[columns.visit] + charge) / SCALE
    closed = np.bincount(position, weights=kept & (model.capacity[rows] == 0), minlength=len(columns.visit)) > 0
    gainful = (value < 0) & ~closed
    chosen = subproblem.chosen(columns, gainful)
    free = np.where(cluster.kept, model.capacity, len(visits))
    answer = mip.search(model, chosen, value[gainful], free, effort)
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


def total(model: Model, price: IntArray, parts: list[tuple[Cluster, int]]) -> int:
    """Return the bound that prices (R,) and the proven parts of disjoint clusters add up to."""
    least = bound.minima(model, price)
    paid = np.ones(len(price), dtype=np.bool_)
    sum_of_parts = 0
    for cluster, proven in parts:
        sum_of_parts += max(proven, _alone(model, price, cluster, least))
        least[cluster.visits] = 0
        paid &= ~cluster.kept
    return bound.proven(model, int(least.sum()) + sum_of_parts - int((price * model.capacity)[paid].sum()))


def _alone(model: Model, price: IntArray, cluster: Cluster, least: IntArray) -> int:
    """Return what the cluster's part is without whole starts."""
    return int(least[cluster.visits].sum()) - int((price * model.capacity)[cluster.kept].sum())
