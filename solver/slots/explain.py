"""Why a visit is where it is: what is full in every slot it would rather have, and which one more would let it in."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from solver.slots import neighbourhood, units, worth
from solver.slots.board import Board
from solver.slots.neighbourhood import Favour
from solver.slots.obstacles import Slot, free_slots, obstacles
from solver.slots.resources import Resource
from solver.slots.units import Unit
from solver.slots.worth import Worth

MOST: Final = 120  # visits decided anew around a visit or a capacity


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
    `most` visits around it are decided anew, exactly. If none of these plans lets the visit in, the first unit is
    looked for that does when it is kept for it.
    """
    until = clock() + seconds
    plain = without_units(board, v)
    wanted = units.units_of(board, v)
    if not plain.slots or not wanted:
        return plain
    rows = sorted({row for resource in wanted for row in board.rows.rows(resource) if board.is_full(row)})
    visits = neighbourhood.around(board, rows, [v], most=most)
    without = neighbourhood.resolve(board, visits, seconds=max(0.05, until - clock()), favour=Favour(v))
    saved, anyway = board.cost - without.cost, int(without.start[v])
    than = anyway if saved else plain.start
    tried: dict[Resource, Worth] = {}
    for resource in wanted:
        if (left := until - clock()) <= 0:
            break
        tried[resource] = worth.worth_of(board, resource, visits, without, seconds=left, favour=Favour(v))
    found = [unit for each in tried.values() if (unit := units.by_worth(board, each, v, than)) is not None]
    found += units.alone(board, v, than, tried)
    for each in tried.values():
        if found or (left := until - clock()) <= 0:
            break
        found += [unit] if (unit := units.kept(board, each, without, v, than, seconds=left)) is not None else []
    return replace(
        plain,
        anyway=anyway if units.is_better(board, v, anyway, plain.start) else None,
        anyway_saving=saved,
        decided=len(visits),
        units=units.best_first(board, v, found),
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
        slots=tuple(obstacles(board, v)),
        free=free_slots(board, v),
    )
