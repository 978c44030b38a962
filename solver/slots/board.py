"""A lawful plan with everything an explanation asks of it, worked out once."""

from dataclasses import dataclass

import numpy as np

from solver.reading import IntArray
from solver.slots import check, resources
from solver.slots.blocking import Better, better, own_cost
from solver.slots.instance import SlotInstance
from solver.slots.resources import Rows


@dataclass(frozen=True, slots=True)
class Index:
    """Visits per row, the likeliest to move first: those of row r are `visit[begin[r] : begin[r + 1]]`."""

    visit: IntArray
    begin: IntArray

    def of(self, row: int, most: int) -> list[int]:
        """Return the first `most` visits of a row."""
        begin, end = int(self.begin[row]), int(self.begin[row + 1])
        found: list[int] = self.visit[begin : min(end, begin + most)].tolist()
        return found


@dataclass(frozen=True, slots=True)
class Board:
    """A plan, `start` (V,), its cost, the rows, their limit and use (R,), and who wants and who holds each row.

    `claimants` of a row are visits that it keeps from a better start, those with the fewest other full rows first;
    `holders` use it, those that could leave it most cheaply first.
    """

    instance: SlotInstance
    start: IntArray
    cost: int
    rows: Rows
    limit: IntArray
    used: IntArray
    better: Better
    claimants: Index
    holders: Index

    def is_full(self, row: int) -> bool:
        """Answer whether a row admits nobody more."""
        return bool(self.used[row] >= self.limit[row])

    def held(self, v: int) -> IntArray:
        """Return the rows that a visit uses; none when it is not placed."""
        if self.start[v] < 0:
            return np.zeros(0, dtype=np.int64)
        return resources.entries(self.instance, self.rows, np.array([v]), self.start[[v]]).row


def board(instance: SlotInstance, start: IntArray) -> Board:
    """Return the board of a plan, `start` (V,), which must be lawful."""
    rows = resources.rows_of(instance)
    found = better(instance, rows, start)
    return Board(
        instance=instance,
        start=start,
        cost=check.cost(instance, start),
        rows=rows,
        limit=rows.limit,
        used=resources.used(instance, rows, start),
        better=found,
        claimants=_claimants(found, len(rows.capacity)),
        holders=_holders(instance, rows, start),
    )


def _claimants(found: Better, rows: int) -> Index:
    full = np.diff(found.begin)
    column = np.repeat(np.arange(len(full)), full)
    order = np.lexsort((found.visit[column], -found.saving[column], full[column], found.binding))
    return Index(found.visit[column[order]], np.searchsorted(found.binding[order], np.arange(rows + 1)))


def _holders(instance: SlotInstance, rows: Rows, start: IntArray) -> Index:
    placed = np.flatnonzero((start >= 0) & (instance.frozen == 0))
    found = resources.entries(instance, rows, placed, start[placed])
    leaving = _cost_of_leaving(instance, placed, start[placed])
    order = np.lexsort((placed[found.position], leaving[found.position], found.row))
    begin = np.searchsorted(found.row[order], np.arange(len(rows.capacity) + 1))
    return Index(placed[found.position[order]], begin)


def _cost_of_leaving(instance: SlotInstance, visit: IntArray, start: IntArray) -> IntArray:
    """Return what the cheapest neighbouring start would cost each visit more, not being placed if it has none."""
    last = np.minimum(instance.latest, instance.horizon - instance.duration)[visit]
    out = own_cost(instance, visit, np.full(len(visit), -1))
    before = np.where(start > instance.earliest[visit], own_cost(instance, visit, start - 1), out)
    after = np.where(start < last, own_cost(instance, visit, start + 1), out)
    cost: IntArray = np.minimum(out, np.minimum(before, after)) - own_cost(instance, visit, start)
    return cost
