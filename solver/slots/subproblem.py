"""The columns of some visits, and the rows that they use: what a small integer program is built from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots.model import FloatArray, Model


@dataclass(frozen=True, slots=True)
class Columns:
    """Starts on offer: `visit` and `start` (n,), sorted by visit, `cost` (n,) against not being placed."""

    visit: IntArray
    start: IntArray
    cost: FloatArray


def columns_of(model: Model, visits: IntArray) -> Columns:
    """Return every allowed start of `visits` (distinct)."""
    counts = model.column[visits + 1] - model.column[visits]
    visit = np.repeat(visits, counts)
    offset = np.arange(len(visit)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = model.column[visit] + offset
    return Columns(visit, model.first[visit] + offset, model.cost[at] - model.drop[visit])


def chosen(columns: Columns, keep: IntArray | NDArray[np.bool_]) -> Columns:
    """Return the columns at some positions, or of a mask."""
    return Columns(columns.visit[keep], columns.start[keep], columns.cost[keep])


def uses(model: Model, columns: Columns) -> tuple[IntArray, IntArray]:
    """Return the entries of K for `columns`: row indices and column positions, one pair per entry."""
    horizon = model.horizon
    visit, start = columns.visit, columns.start
    position = np.arange(len(visit))
    carrier = model.carrier[visit] >= 0
    truck = model.truck[visit] >= 0
    docked = _runs(position, horizon * (1 + model.group[visit]) + start, model.duration[visit])
    carriers = horizon * (1 + model.groups)
    trucks = carriers + horizon * model.carriers
    owned = visit[truck]
    until = np.minimum(horizon, start[truck] + model.duration[owned] + model.turn)
    held = _runs(position[truck], trucks + horizon * model.truck[owned] + start[truck], until - start[truck])
    quota = carriers + horizon * model.carrier[visit[carrier]] + start[carrier]
    rows = np.concatenate([start, docked[0], quota, held[0]])
    return rows, np.concatenate([position, docked[1], position[carrier], held[1]])


def _runs(position: IntArray, first_row: IntArray, length: IntArray) -> tuple[IntArray, IntArray]:
    """Return for each position the rows first_row, first_row + 1, ..., `length` of them."""
    repeated = np.repeat(position, length)
    offset = np.arange(len(repeated)) - np.repeat(np.cumsum(length) - length, length)
    return np.repeat(first_row, length) + offset, repeated
