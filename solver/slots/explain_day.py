"""The whole day explained: the scarcest capacities and what one more is worth, and every visit that was moved."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

import numpy as np

from solver.outcome import OnProgress, Progress
from solver.slots import explain, scarce, worth
from solver.slots.board import Board
from solver.slots.explain import MOST, MOVED_SLOTS, VisitExplained
from solver.slots.resources import Kind, Resource
from solver.slots.worth import Worth

SCARCEST: Final = 10
WORKERS: Final = 2
UNIT_SHARE: Final = 0.7  # of the time, for what one more of each capacity is worth; the rest is for single visits
UNIT_SECONDS: Final = 2.0  # for deciding some visits anew; seldom needed
VISIT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class DayExplained:
    """What is scarce on a day, and why visits are not where they wanted to be.

    `scarcest` are the SCARCEST capacities worth most, those of one slot and quotas, which are for the whole day;
    `dock_groups` those dock groups of which one more dock all day is worth most; both by deciding at most MOST visits
    around them anew, `examined` of `binding` such capacities in the time there was. `visits` are those not placed or
    moved by more than MOVED_SLOTS, the unplaced first, then those moved most.
    """

    visits_in_all: int
    unplaced: int
    moved: int
    cost: int
    binding: int
    examined: int
    scarcest: tuple[Worth, ...]
    dock_groups: tuple[Worth, ...]
    visits: tuple[VisitExplained, ...]


def explain_day(
    board: Board,
    *,
    seconds: float = 45.0,
    on_progress: OnProgress | None = None,
    clock: Callable[[], float] = monotonic,
) -> DayExplained:
    """Return what is scarce on the board's day, and every visit not placed or moved by more than MOVED_SLOTS explained.

    As far as `seconds` go, first what one more of each capacity is worth, then, for the visits that none of these
    lets in, what would. What full rows stand in whose way is always complete.
    """
    began = clock()

    def tell(stage: str) -> None:
        if on_progress is not None:
            on_progress(Progress(clock() - began, stage, board.cost, None))

    tell("what is full")
    units, binding = _worths(board, clock, began + seconds * UNIT_SHARE, tell)
    unplaced, moved = _unhappy(board)
    visits = [_explained(board, v, units) for v in (*unplaced, *moved)]
    tell(f"{len(visits)} visits explained")
    _look_closer(board, visits, clock, began + seconds)
    tell("done")
    by_worth = sorted(units.values(), key=lambda each: (-each.worth, each.resource))
    gainful = [each for each in by_worth if each.worth > 0]
    all_day = [each for each in gainful if _is_all_day_docks(each.resource)]
    return DayExplained(
        visits_in_all=board.instance.visits,
        unplaced=len(unplaced),
        moved=len(moved),
        cost=board.cost,
        binding=binding,
        examined=len(units),
        scarcest=tuple(each for each in gainful if not _is_all_day_docks(each.resource))[:SCARCEST],
        dock_groups=tuple(all_day[:SCARCEST]),
        visits=tuple(visits),
    )


def _worths(
    board: Board, clock: Callable[[], float], until: float, tell: Callable[[str], None]
) -> tuple[dict[Resource, Worth], int]:
    """Return what one more of each capacity is worth, as many as there is time for, and how many there are."""
    gate = scarce.gate_slots(board)
    known = dict(_side_by_side(board, gate, clock, until))
    tell(f"gate: {len(known)} of {len(gate)} slots")
    others = scarce.others(board, {resource: each.worth for resource, each in known.items()})
    for done in range(0, len(others), 50):
        known |= dict(_side_by_side(board, others[done : done + 50], clock, until))
        tell(f"docks and quotas: {len(known) - len(gate)} of {len(others)}")
        if clock() >= until:
            break
    return known, len(gate) + len(others)


def _side_by_side(
    board: Board, wanted: Sequence[Resource], clock: Callable[[], float], until: float
) -> Iterator[tuple[Resource, Worth]]:
    def work(resource: Resource) -> Worth | None:
        left = min(UNIT_SECONDS, until - clock())
        return worth.worth_around(board, resource, most=MOST, seconds=left) if left > 0 else None

    with ThreadPoolExecutor(WORKERS) as pool:
        for resource, found in zip(wanted, pool.map(work, wanted), strict=True):
            if found is not None:
                yield resource, found


def _unhappy(board: Board) -> tuple[list[int], list[int]]:
    """Return the visits that are not placed, and those moved by more than MOVED_SLOTS, the most first."""
    distance = np.where(board.start >= 0, np.abs(board.start - board.instance.wish), 0)
    order = np.argsort(-distance, kind="stable")
    return np.flatnonzero(board.start < 0).tolist(), order[distance[order] > MOVED_SLOTS].tolist()


def _explained(board: Board, v: int, units: dict[Resource, Worth]) -> VisitExplained:
    """Return a visit explained with the units whose worth is known or that let it in by themselves."""
    plain = explain.without_units(board, v)
    known = [units[resource] for resource in explain.units_of(board, v) if resource in units]
    found = [unit for each in known if (unit := explain.with_worth(board, each, v, plain.start)) is not None]
    found += explain.units_alone(board, v, plain.start, units)
    return replace(plain, units=explain.best_first(board, v, found))


def _look_closer(board: Board, visits: list[VisitExplained], clock: Callable[[], float], until: float) -> None:
    """Explain visits that nothing known lets in by deciding others around each anew, one by one, while time lasts."""
    for i, plain in enumerate(visits):
        left = min(VISIT_SECONDS, until - clock())
        if left <= 0:
            return
        if plain.slots and not plain.units:
            visits[i] = explain.explain_visit(board, plain.visit, seconds=left, clock=clock)


def _is_all_day_docks(resource: Resource) -> bool:
    return resource.kind is Kind.DOCKS and resource.slot < 0
