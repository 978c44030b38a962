"""The whole day explained: the scarcest capacities and what one more is worth, and every visit that was moved."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, TypeVar

import numpy as np

from solver.outcome import OnProgress, Progress
from solver.slots import explain, scarce, units, worth
from solver.slots.board import Board
from solver.slots.explain import MOST, VisitExplained
from solver.slots.resources import Kind, Resource
from solver.slots.worth import Worth

Thing = TypeVar("Thing")
Found = TypeVar("Found")

MOVED_SLOTS: Final = 1  # a visit moved by more than this is explained
SCARCEST: Final = 10
WORKERS: Final = 2
GATE_SHARE: Final = 0.4  # of the time, at most, for what one more place at the gate is worth in each slot
UNIT_SHARE: Final = 0.7  # of the time, by when that is known of docks and quotas too; the rest is for single visits
CHUNK: Final = 50  # capacities or visits between two lines of progress
UNIT_SECONDS: Final = 2.0  # for deciding some visits anew; seldom needed
VISIT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class DayExplained:
    """What is scarce on a day, and why visits are not where they wanted to be.

    `scarcest` are the SCARCEST capacities worth most, those of one slot and quotas, which are for the whole day;
    `dock_groups` those dock groups of which one more dock all day is worth most; both by deciding at most MOST visits
    around them anew. `examined` of `binding` capacities were looked at in the time there was: every full slot of the
    gate, and the docks and quotas that keep somebody from a better start. `visits` are those not placed or
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
    seconds: float = 30.0,
    on_progress: OnProgress | None = None,
    clock: Callable[[], float] = monotonic,
    most_visits: int | None = None,
) -> DayExplained:
    """Return what is scarce on the board's day, and every visit not placed or moved by more than MOVED_SLOTS explained,
    or the first `most_visits` of them.

    As far as `seconds` go, first what one more of each capacity is worth, then, for the visits that none of these
    lets in, what would. What full rows stand in whose way is always complete.
    """
    began = clock()

    def tell(stage: str) -> None:
        if on_progress is not None:
            on_progress(Progress(clock() - began, stage, board.cost, None))

    tell("what is full")
    known, binding = _worths(board, clock, seconds, tell)
    examined = len(known)
    unplaced, moved = _unhappy(board)
    visits = [_explained(board, v, known) for v in (*unplaced, *moved)[:most_visits]]
    tell(f"{len(visits)} visits explained")
    _look_closer(board, visits, clock, began + seconds, tell)
    _keep_the_most(known, visits)
    tell("done")
    by_worth = sorted(known.values(), key=lambda each: (-each.worth, each.resource))
    gainful = [each for each in by_worth if each.worth > 0]
    all_day = [each for each in gainful if _is_all_day_docks(each.resource)]
    return DayExplained(
        visits_in_all=board.instance.visits,
        unplaced=len(unplaced),
        moved=len(moved),
        cost=board.cost,
        binding=binding,
        examined=examined,
        scarcest=tuple(each for each in gainful if not _is_all_day_docks(each.resource))[:SCARCEST],
        dock_groups=tuple(all_day[:SCARCEST]),
        visits=tuple(visits),
    )


def _worths(
    board: Board, clock: Callable[[], float], seconds: float, tell: Callable[[str], None]
) -> tuple[dict[Resource, Worth], int]:
    """Return what one more of each capacity is worth, as many as there is time for, and how many there are."""
    began = clock()

    def work(resource: Resource, left: float) -> Worth:
        return worth.worth_around(board, resource, most=MOST, seconds=min(UNIT_SECONDS, left))

    gate = scarce.gate_slots(board)
    known = dict(_side_by_side(work, gate, clock, began + seconds * GATE_SHARE))
    tell(f"gate: {len(known)} of {len(gate)} slots")
    others = scarce.others(board, {resource: each.worth for resource, each in known.items()})
    examined = len(known)
    for chunk in _chunks(others):
        known |= dict(_side_by_side(work, chunk, clock, began + seconds * UNIT_SHARE))
        tell(f"docks and quotas: {len(known) - examined} of {len(others)}")
    return known, len(gate) + len(others)


def _chunks(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    return (things[done : done + CHUNK] for done in range(0, len(things), CHUNK))


def _side_by_side(
    work: Callable[[Thing, float], Found], things: Sequence[Thing], clock: Callable[[], float], until: float
) -> Iterator[tuple[Thing, Found]]:
    """Yield what `work` makes of each thing, told how many seconds are left, in order, until there are none left."""

    def in_time(thing: Thing) -> tuple[Thing, Found] | None:
        left = until - clock()
        return (thing, work(thing, left)) if left > 0 else None

    with ThreadPoolExecutor(WORKERS) as pool:
        yield from (found for found in pool.map(in_time, things) if found is not None)


def _unhappy(board: Board) -> tuple[list[int], list[int]]:
    """Return the visits that are not placed, and those moved by more than MOVED_SLOTS, the most first."""
    distance = np.where(board.start >= 0, np.abs(board.start - board.instance.wish), 0)
    order = np.argsort(-distance, kind="stable")
    return np.flatnonzero(board.start < 0).tolist(), order[distance[order] > MOVED_SLOTS].tolist()


def _explained(board: Board, v: int, known: dict[Resource, Worth]) -> VisitExplained:
    """Return a visit explained with the units whose worth is known or that let it in by themselves."""
    plain = explain.without_units(board, v)
    tried = [known[resource] for resource in units.units_of(board, v) if resource in known]
    found = [unit for each in tried if (unit := units.by_worth(board, each, v, plain.start)) is not None]
    found += units.alone(board, v, plain.start, known)
    return replace(plain, units=units.best_first(board, v, found))


def _look_closer(
    board: Board,
    visits: list[VisitExplained],
    clock: Callable[[], float],
    until: float,
    tell: Callable[[str], None],
) -> None:
    """Explain visits that nothing known lets in by deciding others around each anew, one by one, while time lasts."""

    def work(i: int, left: float) -> VisitExplained:
        return explain.explain_visit(board, visits[i].visit, seconds=min(VISIT_SECONDS, left), clock=clock)

    places = [i for i, plain in enumerate(visits) if plain.slots and not plain.units]
    done = 0
    for chunk in _chunks(places):
        for i, found in _side_by_side(work, chunk, clock, until):
            visits[i] = found
            done += 1
        if clock() >= until:
            break
    tell(f"{done} of {len(places)} visits looked at closer")


def _keep_the_most(known: dict[Resource, Worth], visits: Sequence[VisitExplained]) -> None:
    """Let a capacity be worth the most that was found of it, be it around the capacity or around a visit."""
    for found in (unit.worth for visit in visits for unit in visit.units if unit.worth is not None):
        if found.resource not in known or found.worth > known[found.resource].worth:
            known[found.resource] = found


def _is_all_day_docks(resource: Resource) -> bool:
    return resource.kind is Kind.DOCKS and resource.slot < 0
