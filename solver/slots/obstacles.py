"""What is full in every slot that a visit would rather have, by name."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from solver.reading import IntArray
from solver.slots import check
from solver.slots.board import Board
from solver.slots.resources import Kind, Resource


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


def obstacles(board: Board, v: int) -> Iterator[Slot]:
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


def free_slots(board: Board, v: int) -> tuple[int, ...]:
    """Return the better starts of visit v in which nothing is full and with which the day would be cheaper."""
    better = board.better
    free = [i for i in better.of(v) if not better.rows_of(i) and saving_alone(board, i) > 0]
    return tuple(sorted(int(better.start[i]) for i in free))


def saving_alone(board: Board, i: int) -> int:
    """Return what the day costs less when a visit has its better start at place i and nobody else moves."""
    if not board.instance.fairness:
        return int(board.better.saving[i])
    moved = board.start.copy()
    moved[board.better.visit[i]] = board.better.start[i]
    return board.cost - check.cost(board.instance, moved)
