"""One more of one capacity, and the better slot that a visit gets by it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from solver.reading import IntArray
from solver.slots import neighbourhood, worth
from solver.slots.blocking import own_cost
from solver.slots.board import Board
from solver.slots.neighbourhood import Favour, Resolved
from solver.slots.obstacles import saving_alone
from solver.slots.resources import Kind, Resource
from solver.slots.worth import Worth


@dataclass(frozen=True, slots=True)
class Unit:
    """One more of `resource`, with which a visit starts in `slot` and the day costs `saving` less than without it.

    In the plan of which that is true `visits` (n,) start in `after` (n,), the others where they are. `worth` is what
    one more of it is worth to the day, None where it was not worked out. `kept`: the unit has to be kept for this
    visit, as the day could make more of it; otherwise the plan is the one that `worth` was found by.
    """

    resource: Resource
    slot: int
    saving: int
    worth: Worth | None
    kept: bool
    visits: IntArray
    after: IntArray


def units_of(board: Board, v: int) -> list[Resource]:
    """Return the capacities of the park that are full in a slot visit v would rather have, the best slot's first.

    Each as a unit that can be added: a quota for the whole day, since a carrier has one, and a dock for the whole day
    when several slots of it are full for one start.
    """
    return list(dict.fromkeys(unit for i in board.better.of(v) for unit in units_at(board, i)))


def units_at(board: Board, i: int) -> list[Resource]:
    """Return the capacities of the park that are full for the better start at place i, as units to be added."""
    full = [board.rows.resource(row) for row in board.better.rows_of(i)]
    docks = [resource for resource in full if resource.kind is Kind.DOCKS]
    units = [resource for resource in full if resource.kind is Kind.GATE]
    units += docks if len(docks) == 1 else [Resource(Kind.DOCKS, d.index, -1) for d in docks[:1]]
    return units + [Resource(Kind.QUOTA, c.index, -1) for c in full if c.kind is Kind.QUOTA]


def by_worth(board: Board, tried: Worth, v: int, than: int) -> Unit | None:
    """Return the unit of `tried` if the plan it was found by gives visit v a better slot than `than`."""
    slot = worth.slot_in(tried, v)
    if slot is None or not tried.worth or not is_better(board, v, slot, than):
        return None
    return Unit(tried.resource, slot, tried.worth, tried, kept=False, visits=tried.visits, after=tried.after)


def alone(board: Board, v: int, than: int, known: Mapping[Resource, Worth]) -> Iterator[Unit]:
    """Yield the units that give visit v a better slot than `than` without anybody else moving.

    `known` is what some of them are worth to the day.
    """
    for i in board.better.of(v):
        slot = int(board.better.start[i])
        unit = _sufficient(board, i)
        if unit is not None and is_better(board, v, slot, than) and (saving := saving_alone(board, i)) > 0:
            moved = np.array([v]), np.array([slot])
            yield Unit(unit, slot, saving, known.get(unit), kept=True, visits=moved[0], after=moved[1])


def kept(board: Board, tried: Worth, without: Resolved, v: int, than: int, *, seconds: float) -> Unit | None:
    """Return the unit of `tried` kept for visit v, to give it a better slot than `than`; None if that saves nothing.

    The visits of `tried` are decided anew once more, v having to be better off; `without` is what deciding them gives
    without the unit.
    """
    more = board.rows.limit_with(tried.resource)
    favour = Favour(v, below=_cost_at(board, v, than))
    found = neighbourhood.resolve(board, tried.visits, seconds=seconds, limit=more, favour=favour)
    slot, saving = int(found.start[v]), without.bound - found.cost
    if saving <= 0 or not is_better(board, v, slot, than):
        return None
    after = found.start[tried.visits]
    return Unit(tried.resource, slot, saving, tried, kept=True, visits=tried.visits, after=after)


def best_first(board: Board, v: int, units: list[Unit]) -> tuple[Unit, ...]:
    """Return the best unit per capacity, the best slot first, then one slot's before a day's, then what saves most."""
    order = sorted(
        units, key=lambda unit: (_cost_at(board, v, unit.slot), unit.kept, unit.resource.slot < 0, -unit.saving)
    )
    best: dict[Resource, Unit] = {}
    for unit in order:
        best.setdefault(unit.resource, unit)
    return tuple(best.values())


def is_better(board: Board, v: int, slot: int, than: int) -> bool:
    """Answer whether visit v costs less by itself in one slot than in another, -1 being not placed."""
    return _cost_at(board, v, slot) < _cost_at(board, v, than)


def _sufficient(board: Board, i: int) -> Resource | None:
    """Return the unit that by itself makes room for the better start at place i; None when no single one does."""
    rows = board.better.rows_of(i)
    units = units_at(board, i)
    if len(units) != 1 or any(board.rows.resource(row).kind is Kind.TRUCK for row in rows):
        return None
    enlarged = np.maximum(board.rows.capacity[rows] + 1, board.rows.fixed[rows])  # over-full of frozen visits: no help
    return units[0] if (enlarged > board.used[rows]).all() else None


def _cost_at(board: Board, v: int, slot: int) -> int:
    return int(own_cost(board.instance, np.array([v]), np.array([slot]))[0])
