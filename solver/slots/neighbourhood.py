"""Large-neighbourhood search: free the visits of a few dock groups, decide them anew exactly, keep what is
better.

Prices say where there is something to gain. By complementary slackness the gap between a plan and the bound
is the sum, over visits, of how much dearer the visit's start is than its cheapest at current prices, plus the
worth of the priced capacity left over. So groups are drawn by that excess, and a freed visit is offered only
the starts that are nearly the cheapest at current prices, and the one it had.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots import places, subproblem
from solver.slots.model import FloatArray, Model
from solver.slots.places import Places
from solver.slots.subproblem import Columns

_WITHIN: Final = 2.5  # slots of displacement
_FLOOR: Final = 0.02  # of the mean excess, so that every group is drawn sometimes


@dataclass(frozen=True, slots=True)
class Priced:
    """All columns, and by how much each is dearer than its visit's cheapest choice at some prices."""

    columns: Columns
    excess: FloatArray  # (N,)
    drop_excess: FloatArray  # (V,) of not being placed
    within: FloatArray  # (V,) how much dearer than the cheapest a start may be to be on offer
    entries: tuple[IntArray, IntArray]  # of the capacity matrix: rows, and positions in `columns`


def priced(model: Model, price: FloatArray, unit: float) -> Priced:
    """Return every column with its excess at `price` (R,).

    Where docks are dear, prices say little about which start is best, so there more starts are on offer.
    """
    columns = subproblem.columns_of(model, np.arange(len(model.first)))
    rows, position = entries = subproblem.uses(model, columns)
    reduced = columns.cost + np.bincount(position, weights=price[rows], minlength=len(columns.visit))
    least = np.zeros(len(model.first))
    np.minimum.at(least, columns.visit, reduced)
    docks = price[model.horizon : model.horizon * (1 + model.groups)].reshape(model.groups, model.horizon)
    within = _WITHIN * unit + docks.max(axis=1, initial=0.0)[model.group]
    return Priced(columns, reduced - least[columns.visit], -least, within, entries)


def plan_excess(model: Model, view: Priced, start: IntArray) -> FloatArray:
    """Return per visit (V,) how much dearer its start (or its not being placed) is than its cheapest
    choice."""
    excess = view.drop_excess.copy()
    placed = np.flatnonzero(start >= 0)
    excess[placed] = view.excess[model.column[placed] + start[placed] - model.first[placed]]
    return excess


def draw(model: Model, excess: FloatArray, size: int, rng: np.random.Generator) -> IntArray:
    """Return about `size` visits to free: whole dock groups, drawn by excess, the largest cut to one time
    of day."""
    excess = excess + _FLOOR * excess.mean() + 1e-9
    centre = rng.choice(len(excess), p=excess / excess.sum())
    by_group = np.bincount(model.group, weights=excess, minlength=model.groups) + 1e-12
    order = np.argsort(rng.exponential(size=model.groups) / by_group)
    freed: list[IntArray] = []
    count = 0
    for g in [model.group[centre], *order]:
        members = model.group_visits[model.group_start[g] : model.group_start[g + 1]]
        if len(members) > size:
            near = np.abs(model.wish[members] - model.wish[centre]) + rng.random(len(members)) * 4
            members = members[np.argsort(near)[:size]]
        freed.append(members)
        count += len(members)
        if count >= size:
            break
    siblings = model.truck_visits[np.isin(model.truck[model.truck_visits], model.truck[freed[0]])]
    return np.unique(np.concatenate([*freed, siblings]))


def offered(model: Model, view: Priced, visits: IntArray, start: IntArray) -> Columns:
    """Return the starts of `visits` whose excess is within reach, and the ones they have.

    Groups with a visit that is not placed get all their starts.
    """
    counts = model.column[visits + 1] - model.column[visits]
    first = np.repeat(model.column[visits] - (np.cumsum(counts) - counts), counts)
    index = first + np.arange(counts.sum())
    columns = subproblem.chosen(view.columns, index)
    had = columns.start == start[columns.visit]
    troubled = np.isin(model.group[columns.visit], model.group[visits[start[visits] < 0]])
    return subproblem.chosen(columns, had | troubled | (view.excess[index] <= view.within[columns.visit]))


@dataclass(frozen=True, slots=True)
class Proposal:
    """New starts for some visits: `visits` (n,), `start` (n,), -1 not placed, and the cost they save."""

    visits: IntArray
    start: IntArray
    saved: int


def propose(
    model: Model, board: Places, visits: IntArray, columns: Columns, seconds: float
) -> Proposal | None:
    """Return the best starts for `visits` among `columns` with all others where they are; None without a
    gain.

    The board is read, not changed, so several proposals can be worked out side by side.
    """
    had = board.start[visits]
    free = board.free.copy()
    _give_back(model, free, visits, had)
    room = subproblem.Room(free)
    answer = subproblem.best_starts(model, columns, columns.cost.astype(np.float64), room, seconds=seconds)
    if answer is None:
        return None
    new = np.full(len(model.first), -1)
    new[answer[0]] = answer[1]
    saved = _cost(model, visits, had) - _cost(model, visits, new[visits])
    return Proposal(visits, new[visits], saved) if saved >= 0 else None


def accept(model: Model, board: Places, proposal: Proposal) -> bool:
    """Put a proposal on the board if it still fits; answer whether it did."""
    had = board.start[proposal.visits]
    if _put_all_if_fit(model, board, proposal.visits, proposal.start):
        return True
    _put_all_if_fit(model, board, proposal.visits, had)
    return False


def _cost(model: Model, visits: IntArray, start: IntArray) -> int:
    moved = start - model.wish[visits]
    each = model.late[visits] * np.maximum(0, moved) + model.early[visits] * np.maximum(0, -moved)
    return int(np.where(start >= 0, each, model.drop[visits]).sum())


@njit(cache=True, nogil=True)
def _give_back(m: Model, free: IntArray, visits: IntArray, start: IntArray) -> None:
    """Add to `free` (R,) what `visits` use."""
    for i in range(len(visits)):
        if start[i] >= 0:
            places.take(m, free, visits[i], start[i], -1)


@njit(cache=True, nogil=True)
def _put_all_if_fit(m: Model, p: Places, visits: IntArray, start: IntArray) -> bool:
    """Move all visits to their new starts; answer whether they fit, and leave them unplaced if they do
    not."""
    for v in visits:
        places.lift(m, p, v)
    for i in range(len(visits)):
        if start[i] >= 0:
            if not places.fits(m, p, visits[i], start[i]):
                for j in range(i):
                    places.lift(m, p, visits[j])
                return False
            places.put(m, p, visits[i], start[i])
    return True
