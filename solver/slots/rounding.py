"""From shares to starts: dock groups are decided a batch at a time, exactly, the undecided ones held as
shares.

A batch sees the capacity that is left when what is decided counts as decided and what is not counts as its
shares in the relaxation. Taking more than that is allowed at a charge: later batches then give way. Starts
are valued at their price-reduced cost, so a batch takes scarce slots only where they are worth it.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import subproblem
from solver.slots.model import FloatArray, Model
from solver.slots.neighbourhood import Priced
from solver.slots.subproblem import Room

_BATCH: Final = 100  # visits
_SECONDS: Final = 1.0
_GAP: Final = 1e-4
_DEAR: Final = 2.0  # slots of displacement


def by_groups(
    model: Model, view: Priced, share: FloatArray, unit: float, should_end: Callable[[], bool]
) -> IntArray:
    """Return lawful starts (V,), -1 not placed, close to the relaxation's shares (N,); the rest unplaced
    at the end."""
    start = np.full(len(model.first), -1)
    undecided = share.copy()
    for batch in _batches(model, view):
        if should_end():
            break
        index = _columns_at(model, batch)
        undecided[index] = 0.0
        columns = subproblem.chosen(view.columns, index)
        near = (view.excess[index] <= view.within[columns.visit]) | (share[index] > 0.01)
        columns = subproblem.chosen(columns, near)
        value = view.excess[index][near] - view.drop_excess[columns.visit] - 1e-6
        room = _room(model, view, start, undecided, _DEAR * unit)
        answer = subproblem.best_starts(model, columns, value, room, seconds=_SECONDS, gap=_GAP)
        if answer is not None:
            start[answer[0]] = answer[1]
    return start


def _batches(model: Model, view: Priced) -> list[IntArray]:
    """Return the visits in batches: whole groups, those with dear docks first, large ones cut by time of
    day."""
    dear = np.bincount(model.group, weights=view.drop_excess < model.drop, minlength=model.groups)
    size = np.bincount(model.group, minlength=model.groups)
    rank = np.empty(model.groups, dtype=np.int64)
    rank[np.argsort(-dear / np.maximum(1, size), kind="stable")] = np.arange(model.groups)
    order = np.lexsort((model.wish, rank[model.group]))
    return np.array_split(order, max(1, round(len(order) / _BATCH)))


def _columns_at(model: Model, visits: IntArray) -> IntArray:
    """Return the positions of all columns of `visits`."""
    counts = model.column[visits + 1] - model.column[visits]
    first = np.repeat(model.column[visits] - (np.cumsum(counts) - counts), counts)
    return first + np.arange(counts.sum())


def _room(model: Model, view: Priced, start: IntArray, undecided: FloatArray, dear: float) -> Room:
    """Return the capacity left by the decided visits; what the others' shares hold of gate and quotas is
    dear."""
    placed = np.flatnonzero(start >= 0)
    taken = np.zeros(len(view.columns.visit))
    taken[model.column[placed] + start[placed] - model.first[placed]] = 1.0
    rows, position = view.entries
    left = model.capacity - np.bincount(rows, weights=taken[position], minlength=len(model.capacity))
    held = np.bincount(rows, weights=undecided[position], minlength=len(model.capacity))
    free = np.clip(np.ceil(left - held - 0.1), 0, left)
    return Room(free.astype(np.int64), (left - free).astype(np.int64), dear)
