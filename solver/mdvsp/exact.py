"""A choice among given routes, by branch and bound (HiGHS): the set partitioning problem of formulation.md, whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
from scipy import sparse

from solver.highs import new_highs
from solver.mdvsp.routes import BoolArray, Routes
from solver.reading import IntArray

SHORTEST_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a choice may take, and what is asked meanwhile whether to stop."""

    seconds: float
    should_stop: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Choice:
    """The routes chosen (indices), None when none were; `is_best` when no choice costs less, or there is none."""

    which: IntArray | None
    is_best: bool


def choose(routes: Routes, is_open: BoolArray, capacity: IntArray, pace: Pace) -> Choice:
    """Return the cheapest routes that run every open trip once within the capacity, as far as the pace allows.

    A route with a trip twice must not be among `routes`. (No known choice is given to start from: HiGHS 1.16 then
    called choices optimal that were not.)
    """
    if not is_open.any():
        return Choice(np.zeros(0, np.int64), is_best=True)
    if not len(routes):
        return Choice(None, is_best=True)
    highs = new_highs(
        {"time_limit": max(SHORTEST_SECONDS, pace.seconds), "mip_rel_gap": 0.0, "mip_abs_gap": 0.5}  # costs are whole
    )
    highs.passModel(_model(routes, is_open, capacity))
    highs.cbMipInterrupt.subscribe(lambda event: _stop(event, pace.should_stop))
    highs.run()
    status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Choice(None, is_best=True)
    shares = np.array(highs.getSolution().col_value)
    if not len(shares) or highs.getInfo().primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
        return Choice(None, is_best=False)
    return Choice(np.flatnonzero(shares > 0.5), is_best=status == highspy.HighsModelStatus.kOptimal)


def _stop(event: Any, should_stop: Callable[[], bool]) -> None:
    if should_stop():
        event.interrupt()


def _model(routes: Routes, is_open: BoolArray, capacity: IntArray) -> highspy.HighsLp:
    count, trips = len(routes), np.flatnonzero(is_open)
    row = np.cumsum(is_open) - 1
    covers = sparse.csc_matrix((np.ones(len(routes.trips)), row[routes.trips], routes.first), shape=(len(trips), count))
    leaves = sparse.csc_matrix((np.ones(count), (routes.depot, np.arange(count))), shape=(len(capacity), count))
    matrix = sparse.vstack([covers, leaves]).tocsc()
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count, len(trips) + len(capacity)
    model.col_cost_ = routes.cost.astype(np.float64)
    model.col_lower_, model.col_upper_ = np.zeros(count), np.ones(count)
    model.row_lower_ = np.concatenate([np.ones(len(trips)), np.zeros(len(capacity))])
    model.row_upper_ = np.concatenate([np.ones(len(trips)), capacity.astype(np.float64)])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    model.integrality_ = [highspy.HighsVarType.kInteger] * count
    return model
