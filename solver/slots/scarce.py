"""Which capacities of a day are worth looking at, likeliest first: a cheap guess before the exact answer.

The guess for one more of something is the most that one visit, let in by it, would save. A visit that the gate keeps
out as well must pay for its place there what one more such place was found to be worth.
"""

from collections.abc import Iterable, Mapping

from solver.slots.board import Board
from solver.slots.resources import Kind, Resource
from solver.slots.units import units_at


def gate_slots(board: Board) -> list[Resource]:
    """Return the slots in which the gate is full."""
    return [Resource(Kind.GATE, -1, slot) for slot in range(board.instance.horizon) if board.is_full(slot)]


def others(board: Board, gate: Mapping[Resource, int]) -> list[Resource]:
    """Return the docks, dock groups and quotas that keep somebody from a better start, the likeliest scarce first.

    `gate` is what one more place at the gate is worth in each slot. Left out is what is not worth anything even by
    guess.
    """
    guess: dict[Resource, int] = {}
    for i in range(len(board.better.visit)):
        rows = board.better.rows_of(i)
        named = units_at(board, i)
        rest = [unit for unit in named if unit.kind is not Kind.GATE]
        if len(rest) != 1 or any(not board.rows.is_capacity(row) for row in rows):
            continue
        paid = sum(gate.get(unit, 0) for unit in named if unit.kind is Kind.GATE)
        saved = int(board.better.saving[i]) - paid
        for unit in _and_all_day(rest):
            guess[unit] = max(guess.get(unit, 0), saved)
    return sorted((unit for unit, saved in guess.items() if saved > 0), key=lambda unit: (-guess[unit], unit))


def _and_all_day(units: Iterable[Resource]) -> list[Resource]:
    """Return units and, for the docks of one slot, the dock group for the whole day: that is how docks are opened."""
    return [
        each for unit in units for each in ([unit] if unit.slot < 0 else [unit, Resource(unit.kind, unit.index, -1)])
    ]
