"""What else could plan a day's slots: the whole model given to a general solver."""

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
from ortools.sat.python import cp_model

from solver.highs import new_highs
from solver.reading import IntArray
from solver.slots import mip, model, subproblem
from solver.slots.instance import SlotInstance

THREADS = 2

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Found:
    """A plan, `start` (V,), None if there is none, and the bound that was proven, with the seconds it took."""

    start: IntArray | None
    bound: int
    seconds: float


def highs_whole(instance: SlotInstance, seconds: float, clock: Clock) -> Found:
    """Return what HiGHS makes of the whole day as one mixed-integer program."""
    began = clock()
    m = model.build(instance)
    columns = subproblem.columns_of(m, np.arange(instance.visits))
    matrix, upper, _ = mip.rows_of(m, columns, m.capacity)
    highspy.Highs.resetGlobalScheduler(True)  # noqa: FBT003 - which fixes the number of threads
    highs = new_highs({"threads": THREADS, "time_limit": seconds, "mip_rel_gap": 0.0})
    highs.passModel(mip.program(matrix, upper, columns.cost))
    point, bound = mip.finished(highs)
    highspy.Highs.resetGlobalScheduler(True)  # noqa: FBT003
    proven = int(np.ceil(bound + float(m.drop.sum()) - 1e-3)) if np.isfinite(bound) else 0
    start = None
    if point is not None:
        start = np.full(instance.visits, -1)
        start[columns.visit[point > 0.5]] = columns.start[point > 0.5]
    return Found(start, max(0, proven), clock() - began)


def cp_sat_whole(instance: SlotInstance, seconds: float, clock: Clock) -> Found:
    """Return what CP-SAT makes of the whole day: a yes or no per visit and start, and the rows as sums."""
    began = clock()
    m = model.build(instance)
    columns = subproblem.columns_of(m, np.arange(instance.visits))
    rows, position = subproblem.uses(m, columns)
    sat = cp_model.CpModel()
    chosen = [sat.new_bool_var("") for _ in range(len(columns.visit))]
    for v in range(instance.visits):
        sat.add_at_most_one(chosen[m.column[v] : m.column[v + 1]])
    order = np.argsort(rows, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(rows[order])) + 1):
        if len(mine) and len(mine) > m.capacity[rows[mine[0]]]:
            sat.add(sum(chosen[j] for j in position[mine].tolist()) <= int(m.capacity[rows[mine[0]]]))
    sat.minimize(sum(int(c) * x for c, x in zip(columns.cost, chosen, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = THREADS
    solver.parameters.max_time_in_seconds = max(1.0, seconds - (clock() - began))
    status = solver.solve(sat)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return Found(None, 0, clock() - began)
    taken = np.array([solver.boolean_value(x) for x in chosen])
    start = np.full(instance.visits, -1)
    start[columns.visit[taken]] = columns.start[taken]
    bound = int(np.ceil(solver.best_objective_bound + float(m.drop.sum()) - 1e-3))
    return Found(start, max(0, bound), clock() - began)
