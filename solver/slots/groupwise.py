"""A stronger proof where docks are scarce: each dock group's part of the relaxation, decided in whole starts.

At prices of gate, quotas and trucks the relaxation falls apart into dock groups. With the dock rows kept and starts
whole, a group's part is a small integer program, whose proven lower bound replaces the group's part of the
Lagrangian bound where it is higher. Packing intervals of unequal length into few docks is where the two differ.
"""

from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import bound, subproblem
from solver.slots.model import FloatArray, Model

_SLACK: Final = 2.0**-19  # of the sum of the drop costs; HiGHS lets a row be exceeded by 1e-6


def order(model: Model, price: FloatArray) -> IntArray:
    """Return the dock groups whose docks have a price, the dearest first."""
    docks = price[model.horizon : model.horizon * (1 + model.groups)].reshape(model.groups, model.horizon)
    worth = docks.sum(axis=1)
    dear: IntArray = np.argsort(-worth, kind="stable")[: int((worth > 0).sum())]
    return dear


def part(model: Model, price: IntArray, group: int, *, seconds: float) -> int:
    """Return a proven lower bound on a group's part at `price` (R,), both in 1/SCALE cost units.

    The group pays for gate, quotas and trucks and has its docks for nothing. The search works in floating point; the
    room taken off for it is argued in formulation.md.
    """
    visits = model.group_visits[model.group_start[group] : model.group_start[group + 1]]
    columns = subproblem.columns_of(model, visits)
    rows, position = subproblem.uses(model, columns)
    docks = (rows >= model.horizon) & (rows < model.horizon * (1 + model.groups))
    charge = np.where(docks, 0, price[rows])
    value = columns.cost * bound.SCALE + np.bincount(position, weights=charge, minlength=len(columns.visit))
    closed = np.bincount(position, weights=docks & (model.capacity[rows] == 0), minlength=len(columns.visit)) > 0
    gainful = (value < 0) & ~closed
    free = model.capacity.copy()
    free[: model.horizon] = len(visits)
    free[model.horizon * (1 + model.groups) :] = len(visits)
    chosen = subproblem.chosen(columns, gainful)
    least = subproblem.relaxed(model, chosen, value[gainful] / bound.SCALE, free, seconds=seconds)
    if not np.isfinite(least):
        return -(2**62)
    dropped = int(model.drop[visits].sum())
    slack = _SLACK * (1.0 + dropped + abs(least)) + 1e-4
    return int(np.floor((least - slack) * bound.SCALE)) + dropped * bound.SCALE
