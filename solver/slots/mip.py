"""The one place that speaks to HiGHS: small packing problems over starts, as mixed-integer programs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
from scipy.sparse import csc_array

from solver.highs import new_highs
from solver.reading import IntArray
from solver.slots import subproblem
from solver.slots.model import FloatArray, Model
from solver.slots.subproblem import Columns

TOLERANCE: Final = 1e-9  # by how much a row may be exceeded in the search
_BOUNDED: Final = {  # how a search ends whose bound means something
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kSolutionLimit,
    highspy.HighsModelStatus.kInterrupt,
    highspy.HighsModelStatus.kIterationLimit,
}
_INFINITY: Final = float(highspy.kHighsInf)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a search may go on: `seconds` of time, `nodes` of its tree, down to a `gap`."""

    seconds: float
    nodes: int = 1_000_000
    gap: float = 0.0  # in cost units


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found: (visits, starts) or None, and a lower bound on the total value."""

    starts: tuple[IntArray, IntArray] | None
    bound: float


def search(
    model: Model,
    columns: Columns,
    value: FloatArray,
    free: IntArray,
    effort: Effort,
    *,
    is_over: Callable[[], bool] | None = None,
    below: float | None = None,
) -> Answer:
    """Return the starts of least total `value` (n,) among `columns` within `free` (R,), as far as `effort` goes.

    At most one start per visit is taken; visits that are not in the answer are not placed. `is_over` is asked now and
    then whether to stop. Only starts whose total value is less than `below` are looked for, and then there is no bound.
    (To begin with a known plan is no help: given one, HiGHS 1.16 can call a plan optimal that is not.)
    """
    if not len(columns.visit):
        return Answer((columns.visit, columns.start), 0.0)
    matrix, upper, _ = rows_of(model, columns, free)
    highs = _solver(effort)
    highs.passModel(program(matrix, upper, value))
    if is_over is not None:
        stop = _stopper(is_over)
        highs.cbMipInterrupt.subscribe(stop)
        highs.cbSimplexInterrupt.subscribe(stop)
    if below is not None:
        highs.setOptionValue("objective_bound", below)
    found, bound = finished(highs)
    if found is None:
        return Answer(None, bound)
    if below is not None:
        bound = -np.inf
    taken = found > 0.5
    return Answer((columns.visit[taken], columns.start[taken]), bound)


def _stopper(is_over: Callable[[], bool]) -> Callable[[Any], None]:
    def stop(event: Any) -> None:
        if is_over():
            event.interrupt()

    return stop


def row_prices(model: Model, columns: Columns, value: FloatArray, free: IntArray, effort: Effort) -> FloatArray | None:
    """Return the best prices (R,) of the rows in the linear relaxation of `search`, 0 for rows that cannot bind; None
    if time does not suffice."""
    price = np.zeros(len(free))
    if not len(columns.visit):
        return price
    matrix, upper, binding = rows_of(model, columns, free)
    highs = _solver(effort)
    relaxation = program(matrix, upper, value)
    relaxation.integrality_ = []
    highs.passModel(relaxation)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    dual = np.array(highs.getSolution().row_dual)
    price[binding] = np.maximum(0.0, -dual[len(dual) - len(binding) :])
    return price


def _solver(effort: Effort) -> Any:
    return new_highs(
        {
            "time_limit": max(0.01, effort.seconds),
            "mip_max_nodes": effort.nodes,
            "mip_rel_gap": 0.0,
            "mip_abs_gap": max(1e-6, effort.gap),
            "mip_detect_symmetry": False,
            "mip_feasibility_tolerance": TOLERANCE,
            "primal_feasibility_tolerance": TOLERANCE,
        }
    )


def finished(highs: Any) -> tuple[FloatArray | None, float]:
    """Run a search; return its best point (n,), None if there is none, and its lower bound, minus infinity if it has
    none."""
    highs.run()
    if highs.getModelStatus() not in _BOUNDED:
        return None, -np.inf
    bound = float(highs.getInfo().mip_dual_bound)
    if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None, bound
    return np.array(highs.getSolution().col_value), bound


def program(matrix: csc_array, upper: FloatArray, value: FloatArray) -> highspy.HighsLp:
    """Return `least value x` over whole x in {0, 1} with `matrix x <= upper`."""
    rows, count = matrix.shape
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, rows
    lp.col_cost_ = value
    lp.col_lower_, lp.col_upper_ = np.zeros(count), np.ones(count)
    lp.row_lower_, lp.row_upper_ = np.full(rows, -_INFINITY), upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * count
    return lp


def rows_of(model: Model, columns: Columns, free: IntArray) -> tuple[csc_array, FloatArray, IntArray]:
    """Return the matrix and the upper sides of S1 and of the capacity rows that can bind, and which those are."""
    rows, position = subproblem.uses(model, columns)
    distinct, row = np.unique(rows, return_inverse=True)
    visits, owner = np.unique(columns.visit, return_inverse=True)
    binding = _most_use(row, owner[position], len(distinct), len(visits)) > free[distinct]
    number = np.cumsum(binding) - 1
    kept = binding[row]
    count = len(columns.visit)
    matrix_row = np.concatenate([owner, len(visits) + number[row[kept]]])
    matrix_column = np.concatenate([np.arange(count), position[kept]])
    upper = np.concatenate([np.ones(len(visits)), free[distinct[binding]]]).astype(np.float64)
    shape = (len(upper), count)
    return csc_array((np.ones(len(matrix_row)), (matrix_row, matrix_column)), shape=shape), upper, distinct[binding]


def _most_use(row: IntArray, visit: IntArray, rows: int, visits: int) -> IntArray:
    """Return how many different visits can use each row."""
    pairs = np.unique(row * visits + visit)
    return np.bincount(pairs // max(1, visits), minlength=rows)
