"""Why a visit is where it is: what is full in every slot it would rather have, and which one more would let it in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from time import monotonic
from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import check, neighbourhood, worth
from solver.slots.blocking import own_cost
from solver.slots.board import Board
from solver.slots.resources import Kind, Resource
from solver.slots.worth import Worth

MOST: Final = 120  # visits decided anew around a visit or a capacity
MOVED_SLOTS: Final = 1  # a visit moved by more than this is explained on a whole day


@dataclass(frozen=True, slots=True)
class Full:
    """Something that has no room: the gate, a dock group, a carrier (index as in the file) or the visit's own truck.

    `slots` are those of it that are full. `limit` is the most they admit; `frozen` when frozen visits alone take all
    of it; `others` are the visits of the same truck that are in the way, empty for anything but a truck.
    """

    kind: Kind
    index: int
    slots: tuple[int, ...]
    limit: int
    frozen: bool
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A start that would cost the visit `saving` less by itself, and what is full there; nothing: it is free."""

    slot: int
    saving: int
    full: tuple[Full, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One more of `resource`, with which the visit starts in `slot`, in a plan of the enlarged day that costs `saving`
    less than this one.

    `worth` is what one more of it is worth to the day, None where it was not worked out. `alone`: that plan moves this
    visit and nobody else, and the day could make more of the unit; otherwise it is the plan that `worth` was found by.
    """

    resource: Resource
    slot: int
    saving: int
    worth: Worth | None
    alone: bool


@dataclass(frozen=True, slots=True)
class VisitExplained:
    """A visit: where it wanted to start, where it does (-1 not placed), and every slot it would rather have.

    `may_start` is False for a visit without an allowed start and for a frozen one. `free` are better slots in which
    nothing is full, with one of which the plan would be cheaper. `anyway` is a better slot that it
    can have without anything more, None when none was found: it gets it when `decided` visits around it are decided
    anew, and the day then costs `anyway_saving` less; if that is 0, at the expense of others. `units` are the single
    capacities with one more of which it gets a better slot, the best slot first; where the plan was improved anyway,
    a better slot than it had from that.
    """

    visit: int
    wish: int
    start: int
    moved_minutes: int
    frozen: bool
    may_start: bool
    slots: tuple[Slot, ...]
    free: tuple[int, ...]
    anyway: int | None = None
    anyway_saving: int = 0
    decided: int = 0
    units: tuple[Unit, ...] = ()


def explain_visit(
    board: Board, v: int, *, seconds: float = 5.0, most: int = MOST, clock: Callable[[], float] = monotonic
) -> VisitExplained:
    """Return why visit v is where it is in the board's plan.

    Every capacity that is full in a slot it would rather have is tried with one more, as far as `seconds` go: at most
    `most` visits around it are decided anew, exactly.
    """
    until = clock() + seconds
    plain = without_units(board, v)
    wanted = units_of(board, v)
    if not plain.slots or not wanted:
        return plain
    rows = sorted({row for resource in wanted for row in board.rows.rows(resource) if board.is_full(row)})
    visits = neighbourhood.around(board, rows, [v], most=most)
    without = neighbourhood.resolve(board, visits, seconds=max(0.05, until - clock()), favour=v)
    saved = board.cost - without.cost
    best = int(without.start[v]) if saved else plain.start
    tried: dict[Resource, Worth] = {}
    for resource in wanted:
        if (left := until - clock()) <= 0:
            break
        tried[resource] = worth.worth_of(board, resource, visits, without, seconds=left, favour=v)
    found = [unit for each in tried.values() if (unit := with_worth(board, each, v, best)) is not None]
    found += units_alone(board, v, best, tried)
    return replace(
        plain,
        anyway=int(without.start[v]) if _is_better(board, v, int(without.start[v]), plain.start) else None,
        anyway_saving=saved,
        decided=len(visits),
        units=best_first(board, v, found),
    )


def without_units(board: Board, v: int) -> VisitExplained:
    """Return what is full in every slot visit v would rather have, without trying what one more would do."""
    instance, start = board.instance, int(board.start[v])
    last = min(int(instance.latest[v]), instance.horizon - int(instance.duration[v]))
    frozen = bool(instance.frozen[v])
    return VisitExplained(
        visit=v,
        wish=int(instance.wish[v]),
        start=start,
        moved_minutes=(start - int(instance.wish[v])) * instance.slot_minutes if start >= 0 else 0,
        frozen=frozen,
        may_start=not frozen and int(instance.earliest[v]) <= last,
        slots=tuple(_slots(board, v)),
        free=tuple(sorted(int(board.better.start[i]) for i in board.better.of(v) if _is_free(board, i))),
    )


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


def units_alone(board: Board, v: int, best: int, known: Mapping[Resource, Worth]) -> Iterator[Unit]:
    """Yield the units that by themselves let visit v start, nobody else moving, in a better slot than `best`.

    `known` is what some of them are worth to the day.
    """
    for i in board.better.of(v):
        slot = int(board.better.start[i])
        unit = alone(board, i)
        if unit is not None and _is_better(board, v, slot, best):
            saving = saving_alone(board, i)
            if saving > 0:
                yield Unit(unit, slot, saving, known.get(unit), alone=True)


def alone(board: Board, i: int) -> Resource | None:
    """Return the unit that by itself makes room for the better start at place i; None when no single one does."""
    rows = board.better.rows_of(i)
    units = units_at(board, i)
    if len(units) != 1 or any(board.rows.resource(row).kind is Kind.TRUCK for row in rows):
        return None
    enlarged = np.maximum(board.rows.capacity[rows] + 1, board.rows.fixed[rows])  # over-full of frozen visits: no help
    return units[0] if (enlarged > board.used[rows]).all() else None


def saving_alone(board: Board, i: int) -> int:
    """Return what the day costs less when a visit has its better start at place i and nobody else moves."""
    if not board.instance.fairness:
        return int(board.better.saving[i])
    moved = board.start.copy()
    moved[board.better.visit[i]] = board.better.start[i]
    return board.cost - check.cost(board.instance, moved)


def with_worth(board: Board, tried: Worth, v: int, best: int) -> Unit | None:
    """Return the unit of `tried` if visit v gets a better slot than `best` by it, and the day is cheaper by it."""
    found = worth.slot_in(tried, v)
    if found is None or not tried.worth or not _is_better(board, v, found[1], best):
        return None
    return Unit(tried.resource, found[1], board.cost - tried.cost_after, tried, alone=False)


def best_first(board: Board, v: int, units: list[Unit]) -> tuple[Unit, ...]:
    """Return the best unit per capacity, the best slot first, then one slot's before a day's, then what saves most."""
    order = sorted(
        units, key=lambda unit: (_cost_at(board, v, unit.slot), unit.alone, unit.resource.slot < 0, -unit.saving)
    )
    kept: dict[Resource, Unit] = {}
    for unit in order:
        kept.setdefault(unit.resource, unit)
    return tuple(kept.values())


def _is_free(board: Board, i: int) -> bool:
    return not board.better.rows_of(i) and saving_alone(board, i) > 0


def _cost_at(board: Board, v: int, slot: int) -> int:
    return int(own_cost(board.instance, np.array([v]), np.array([slot]))[0])


def _is_better(board: Board, v: int, slot: int, than: int) -> bool:
    return _cost_at(board, v, slot) < _cost_at(board, v, than)


def _slots(board: Board, v: int) -> Iterator[Slot]:
    """Yield the starts that visit v would rather have in the order of the day."""
    better = board.better
    for i in sorted(better.of(v), key=lambda i: int(better.start[i])):
        full = [board.rows.resource(row) for row in better.rows_of(i)]
        by_owner = groupby(sorted(full), key=lambda resource: (resource.kind, resource.index))
        found = [_full(board, v, list(resources), int(better.start[i])) for _, resources in by_owner]
        order = list(Kind)
        yield Slot(
            int(better.start[i]),
            int(better.saving[i]),
            tuple(sorted(found, key=lambda each: (order.index(each.kind), each.index))),
        )


def _full(board: Board, v: int, resources: list[Resource], slot: int) -> Full:
    first = resources[0]
    slots = tuple(resource.slot for resource in resources)
    if first.kind is Kind.TRUCK:
        others = _own_others(board, v, slot)
        frozen = all(board.instance.frozen[other] for other in others)
        return Full(first.kind, first.index, slots, 1, frozen, others)
    rows = [row for resource in resources for row in board.rows.rows(resource)]
    limit = board.limit[rows]
    frozen = bool((board.rows.fixed[rows] >= np.maximum(1, limit)).all())
    return Full(first.kind, first.index, slots, int(limit.max()), frozen)


def _own_others(board: Board, v: int, slot: int) -> tuple[int, ...]:
    """Return the other visits of v's truck that overlap it when it starts in `slot`."""
    instance, start = board.instance, board.start
    other = np.flatnonzero((instance.truck == instance.truck[v]) & (start >= 0))
    other = other[other != v]
    apart = start[other] + instance.duration[other] + instance.turn <= slot
    apart |= slot + int(instance.duration[v]) + instance.turn <= start[other]
    found: IntArray = other[~apart]
    return tuple(found.tolist())
