"""Some visits decided anew, exactly, with all others where they are: a small mixed-integer program for
HiGHS."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from solver.reading import IntArray
from solver.slots.model import FloatArray, Model


@dataclass(frozen=True, slots=True)
class Columns:
    """Starts on offer: `visit` and `start` (n,), sorted by visit, `cost` (n,) against not being placed."""

    visit: IntArray
    start: IntArray
    cost: IntArray


def columns_of(model: Model, visits: IntArray) -> Columns:
    """Return every allowed start of `visits` (distinct)."""
    counts = model.column[visits + 1] - model.column[visits]
    visit = np.repeat(visits, counts)
    offset = np.arange(len(visit)) - np.repeat(np.cumsum(counts) - counts, counts)
    start = model.first[visit] + offset
    late = model.late[visit] * np.maximum(0, start - model.wish[visit])
    early = model.early[visit] * np.maximum(0, model.wish[visit] - start)
    return Columns(visit, start, early + late - model.drop[visit])


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found: (visits, starts) or None, and a lower bound on the cost with the unplaced
    counted."""

    starts: tuple[IntArray, IntArray] | None
    bound: float


def best_starts(
    model: Model, columns: Columns, value: FloatArray, free: IntArray, *, seconds: float, gap: float = 0.0
) -> tuple[IntArray, IntArray] | None:
    """Return (visits, starts) of least total `value` (n,) among `columns` within `free` (R,); None if none is
    found.

    Visits that are not in the answer are not placed. At most one start per visit is taken. `gap` is the
    relative gap at which the search ends.
    """
    return _search(model, columns, value, free, seconds, gap).starts


def exactly(model: Model, columns: Columns, *, seconds: float) -> Answer:
    """Return the cheapest choice among `columns` for the whole day, as far as `seconds` go, and its bound."""
    found = _search(model, columns, columns.cost.astype(np.float64), model.capacity, seconds, 0.0)
    return Answer(found.starts, found.bound + float(model.drop.sum()))


def relaxed(model: Model, columns: Columns, value: FloatArray, free: IntArray, *, seconds: float) -> float:
    """Return a lower bound on the total `value` (n,) of any choice among `columns` within `free` (R,)."""
    return _search(model, columns, value, free, seconds, 0.0).bound


def _search(model: Model, columns: Columns, value: FloatArray, free: IntArray, seconds: float, gap: float) -> Answer:
    if not len(columns.visit):
        return Answer((columns.visit, columns.start), 0.0)
    rows, position = uses(model, columns)
    distinct, row = np.unique(rows, return_inverse=True)
    visits, owner = np.unique(columns.visit, return_inverse=True)
    binding = _most_use(row, owner[position], len(distinct), len(visits)) > free[distinct]
    number = np.cumsum(binding) - 1
    kept = binding[row]
    count = len(columns.visit)
    matrix_row = np.concatenate([owner, len(visits) + number[row[kept]]])
    matrix_column = np.concatenate([np.arange(count), position[kept]])
    upper = np.concatenate([np.ones(len(visits)), free[distinct[binding]]])
    shape = (len(upper), count)
    matrix = csr_array((np.ones(len(matrix_row)), (matrix_row, matrix_column)), shape=shape)
    result = milp(
        value,
        integrality=np.ones(count, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, -np.inf, upper),
        options={"time_limit": max(0.01, seconds), "mip_rel_gap": gap},
    )
    least = -np.inf if result.mip_dual_bound is None else float(result.mip_dual_bound)
    if result.x is None:
        return Answer(None, least)
    taken = result.x > 0.5
    return Answer((columns.visit[taken], columns.start[taken]), least)


def _most_use(row: IntArray, visit: IntArray, rows: int, visits: int) -> IntArray:
    """Return how many different visits can use each row."""
    pairs = np.unique(row * visits + visit)
    return np.bincount(pairs // max(1, visits), minlength=rows)
