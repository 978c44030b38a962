"""What stands in the way of a better start: for every visit and every start it would rather have, the full rows."""

from dataclasses import dataclass

import numpy as np

from solver.reading import IntArray
from solver.slots.instance import SlotInstance
from solver.slots.resources import Entries, Rows, entries, used


@dataclass(frozen=True, slots=True)
class Columns:
    """Allowed starts, sorted by visit: `visit` and `start` (n,), and `cost` (n,), F1 + F3 of the visit there."""

    visit: IntArray
    start: IntArray
    cost: IntArray


@dataclass(frozen=True, slots=True)
class Better:
    """The starts that would cost a visit less than where it is.

    Sorted by visit, then by what they would save, the most first. `visit`, `start`, `saving` (n,); the rows that have
    no room for start i are `binding[begin[i] : begin[i + 1]]`, `begin` (n + 1,).
    """

    visit: IntArray
    start: IntArray
    saving: IntArray
    begin: IntArray
    binding: IntArray

    def of(self, v: int) -> range:
        """Return the places of a visit's better starts."""
        return range(*np.searchsorted(self.visit, [v, v + 1]).tolist())

    def rows_of(self, i: int) -> list[int]:
        """Return the rows that have no room for the better start at place i."""
        rows: list[int] = self.binding[self.begin[i] : self.begin[i + 1]].tolist()
        return rows


def columns(instance: SlotInstance, visits: IntArray) -> Columns:
    """Return every allowed start of some visits (sorted); a frozen visit has none but the one it has."""
    loose = visits[instance.frozen[visits] == 0]
    last = np.minimum(instance.latest, instance.horizon - instance.duration)[loose]
    count = np.maximum(0, last - instance.earliest[loose] + 1)
    visit = np.repeat(loose, count)
    offset = np.arange(len(visit)) - np.repeat(np.cumsum(count) - count, count)
    start = instance.earliest[visit] + offset
    return Columns(visit, start, own_cost(instance, visit, start))


def own_cost(instance: SlotInstance, visit: IntArray, start: IntArray) -> IntArray:
    """Return what each visit (n,) costs by itself, F1 + F2 + F3, when it starts in `start` (n,), -1 not placed."""
    moved = start - instance.wish[visit]
    each = instance.early * np.maximum(0, -moved) + instance.late * np.maximum(0, moved)
    each = np.where(start < 0, instance.drop, each)
    broken = (instance.promised[visit] >= 0) & (instance.promised[visit] != start)
    cost: IntArray = instance.weight[visit] * (each + instance.move * broken)
    return cost


def better(instance: SlotInstance, rows: Rows, start: IntArray) -> Better:
    """Return the better starts of all visits in a lawful plan, `start` (V,), and what is full there without them."""
    everyone = np.arange(instance.visits)
    allowed = columns(instance, everyone)
    saving = own_cost(instance, everyone, start)[allowed.visit] - allowed.cost
    order = np.lexsort((allowed.start, -saving, allowed.visit))
    order = order[saving[order] > 0]
    visit, where = allowed.visit[order], allowed.start[order]
    found = entries(instance, rows, visit, where)
    others = used(instance, rows, start)[found.row] - _own(instance, rows, found, visit, start)
    full = others >= rows.limit[found.row]
    position, binding = found.position[full], found.row[full]
    by_start = np.argsort(position, kind="stable")
    begin = np.searchsorted(position[by_start], np.arange(len(order) + 1))
    return Better(visit, where, saving[order], begin, binding[by_start])


def _own(instance: SlotInstance, rows: Rows, found: Entries, visit: IntArray, start: IntArray) -> IntArray:
    """Return 1 where an entry's row is used by its own visit already, from where it is now."""
    v = visit[found.position]
    block, slot = np.divmod(found.row, rows.horizon)
    docked = (block > 0) & (block <= rows.groups)
    driven = block > rows.groups + rows.carriers
    length = np.where(docked, instance.duration[v], np.where(driven, instance.duration[v] + instance.turn, 1))
    now = start[v]
    own: IntArray = ((now >= 0) & (now <= slot) & (slot < now + length)).astype(np.int64)
    return own
