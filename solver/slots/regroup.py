"""Dock groups decided anew, exactly, at prices of the gate; the gate itself is put right afterwards.

Where docks are scarce, a visit gets in only when others of its group move. At given prices of the gate the groups do
not see each other, so each is a small integer program of its own: its docks, quotas and trucks as the others leave
them. The new starts are forced in: where the gate is full, visits of other groups lose their place, and transport.py
finds them another.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import mip, places, subproblem
from solver.slots.mip import Effort
from solver.slots.model import FloatArray, Model
from solver.slots.places import Places
from solver.slots.subproblem import Columns

MOST: Final = 250  # visits decided at once; of larger groups those of one time of day
_LEAST: Final = 1e-3  # slots of displacement: what new starts must be better by
_STAY: Final = 0.01  # slots of displacement that staying is worth, so that ties move nothing


@dataclass(frozen=True, slots=True)
class Proposal:
    """New starts for some visits: `visits` (n,), `start` (n,), -1 not placed."""

    visits: IntArray
    start: IntArray


def drawn(model: Model, group: int, centre: int, *, wide: bool) -> IntArray:
    """Return the visits of a group and their trucks' other visits; when `wide`, all visits of the groups of those.

    Of more than MOST the nearest to slot `centre` are taken.
    """
    members = _nearest(model, model.group_visits[model.group_start[group] : model.group_start[group + 1]], centre)
    trucks = model.truck[members[model.truck[members] >= 0]]
    siblings = model.truck_visits[np.isin(model.truck[model.truck_visits], trucks)]
    if wide:
        theirs = np.flatnonzero(np.isin(model.group, model.group[siblings]))
        return _nearest(model, np.union1d(members, theirs), centre)
    return np.union1d(members, siblings)


def _nearest(model: Model, visits: IntArray, centre: int) -> IntArray:
    if len(visits) <= MOST:
        return visits
    return visits[np.argsort(np.abs(model.wish[visits] - centre), kind="stable")[:MOST]]


def propose(model: Model, board: Places, visits: IntArray, gate: FloatArray | None, effort: Effort) -> Proposal | None:
    """Return the best starts of `visits` with all other visits where they are, None if none is found.

    At prices `gate` (T,) the gate admits everybody and what that puts out is to be repaired; without prices it admits
    what it can, and the proposal fits.

    The board is read, not changed, so several proposals can be worked out side by side.
    """
    return decided(model, board, visits, subproblem.columns_of(model, visits), effort, gate=gate)


def decided(
    model: Model, board: Places, visits: IntArray, columns: Columns, effort: Effort, *, gate: FloatArray | None = None
) -> Proposal | None:
    """Return the best choice of `visits` among `columns`, which are all theirs, as `propose` does."""
    free = board.free.copy()
    _give_back(model, free, visits, board.start[visits])
    value = columns.cost - _STAY * model.unit * (columns.start == board.start[columns.visit])
    if gate is not None:
        free[: model.horizon] = len(visits)
        value += gate[columns.start]
    else:
        columns, value = _within(model, columns, value, free)
    columns, value = _worth_it(columns, value)
    now = float(value[columns.start == board.start[columns.visit]].sum())
    answer = mip.search(model, columns, value, free, effort, below=now - _LEAST * model.unit).starts
    if answer is None:
        return None
    new = np.full(len(model.first), -1)
    new[answer[0]] = answer[1]
    return Proposal(visits, new[visits])


def _within(model: Model, columns: Columns, value: FloatArray, free: IntArray) -> tuple[Columns, FloatArray]:
    """Leave out the starts that `free` (R,) has no room for."""
    rows, position = subproblem.uses(model, columns)
    room = np.ones(len(columns.visit), dtype=np.bool_)
    room[position[free[rows] <= 0]] = False
    return subproblem.chosen(columns, room), value[room]


def _worth_it(columns: Columns, value: FloatArray) -> tuple[Columns, FloatArray]:
    """Leave out the starts that cost more than not being placed."""
    gainful = value < 0
    return subproblem.chosen(columns, gainful), value[gainful]


@njit(cache=True, nogil=True)
def _give_back(m: Model, free: IntArray, visits: IntArray, start: IntArray) -> None:
    """Add to `free` (R,) what `visits` use."""
    for i in range(len(visits)):
        if start[i] >= 0:
            places.take(m, free, visits[i], start[i], -1)


def force(model: Model, board: Places, proposals: list[Proposal]) -> None:
    """Put proposals on the board, one after the other; what no longer fits is left unplaced."""
    proposed = np.zeros(len(model.first), dtype=np.bool_)
    for proposal in proposals:
        proposed[proposal.visits] = True
        _force(model, board, proposal.visits, proposal.start, proposed)


@njit(cache=True, nogil=True)
def _force(m: Model, p: Places, visits: IntArray, start: IntArray, proposed: NDArray[np.bool_]) -> None:
    for v in visits:
        places.lift(m, p, v)
    for i in range(len(visits)):
        v, s = visits[i], start[i]
        if s < 0 or not places.within_gate_fits(m, p.free, v, s):
            continue
        if p.free[s] <= 0:
            loser = _cheapest_starter(m, p, s, proposed)
            if loser < 0:
                continue
            places.lift(m, p, loser)
        places.put(m, p, v, s)


@njit(cache=True, nogil=True)
def _cheapest_starter(m: Model, p: Places, s: int, proposed: NDArray[np.bool_]) -> int:
    """Return who starts in slot s, is not `proposed`, and costs least unplaced, the freest first; -1 if nobody."""
    best, least, bonds = -1, np.int64(0), 0
    for i in range(p.starting[s]):
        u = p.starters[s, i]
        tied = 2 * (m.carrier[u] >= 0) + (m.truck[u] >= 0)
        if not proposed[u] and (best < 0 or (m.drop[u], tied) < (least, bonds)):
            best, least, bonds = u, m.drop[u], tied
    return best
