"""The one place that speaks to HiGHS: small packing problems over starts, as mixed-integer programs."""

from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
from scipy.sparse import csc_array

from solver.reading import IntArray
from solver.slots import subproblem
from solver.slots.model import FloatArray, Model
from solver.slots.subproblem import Columns

_INFINITY: Final = float(highspy.kHighsInf)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a search may go on: `seconds` of time, `nodes` of its tree, down to a relative `gap`."""

    seconds: float
    nodes: int = 1_000_000
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found: (visits, starts) or None, and a lower bound on the total value."""

    starts: tuple[IntArray, IntArray] | None
    bound: float


def search(model: Model, columns: Columns, value: FloatArray, free: IntArray, effort: Effort) -> Answer:
    """Return the starts of least total `value` (n,) among `columns` within `free` (R,), as far as `effort` goes.

    At most one start per visit is taken; visits that are not in the answer are not placed.
    """
    if not len(columns.visit):
        return Answer((columns.visit, columns.start), 0.0)
    matrix, upper = _rows(model, columns, free)
    highs = _solver(effort)
    highs.passModel(_program(matrix, upper, value))
    highs.run()
    found, bound = _point(highs), float(highs.getInfo().mip_dual_bound)
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        bound = -np.inf
    if found is None:
        return Answer(None, bound)
    taken = found > 0.5
    return Answer((columns.visit[taken], columns.start[taken]), bound)


def _solver(effort: Effort) -> highspy.Highs:
    highs = highspy.Highs()
    options = {
        "output_flag": False,
        "threads": 1,
        "time_limit": max(0.01, effort.seconds),
        "mip_max_nodes": effort.nodes,
        "mip_rel_gap": effort.gap,
        "mip_detect_symmetry": False,
    }
    for name, setting in options.items():
        highs.setOptionValue(name, setting)
    return highs


def _point(highs: highspy.Highs) -> FloatArray | None:
    if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return np.array(highs.getSolution().col_value)


def _program(matrix: csc_array, upper: FloatArray, value: FloatArray) -> highspy.HighsLp:
    """Return `least value x` over whole x in {0, 1} with `matrix x <= upper`."""
    rows, count = matrix.shape
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = count, rows
    program.col_cost_ = value
    program.col_lower_, program.col_upper_ = np.zeros(count), np.ones(count)
    program.row_lower_, program.row_upper_ = np.full(rows, -_INFINITY), upper
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = matrix.indptr, matrix.indices
    program.a_matrix_.value_ = matrix.data
    program.integrality_ = [highspy.HighsVarType.kInteger] * count
    return program


def _rows(model: Model, columns: Columns, free: IntArray) -> tuple[csc_array, FloatArray]:
    """Return the matrix and the upper sides of S1 and of the capacity rows that can bind."""
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
    return csc_array((np.ones(len(matrix_row)), (matrix_row, matrix_column)), shape=shape), upper


def _most_use(row: IntArray, visit: IntArray, rows: int, visits: int) -> IntArray:
    """Return how many different visits can use each row."""
    pairs = np.unique(row * visits + visit)
    return np.bincount(pairs // max(1, visits), minlength=rows)
