"""A booked day goes wrong at noon: how many promises are kept, and at what cost, as the price of moving one rises."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solver.outcome import Outcome
from solver.reading import IntArray
from solver.slots import check, promises
from solver.slots.flavours import FLAVOURS, SLOTS, generate
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.solve import solve

Clock = Callable[[], float]

NOON = SLOTS // 2
DOCKS_CLOSED = 0.05
LANE = 0.1  # of what the gate admits: one of ten lanes


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are booked, at which prices of moving a promise they are planned again, and how long each time."""

    flavours: Sequence[str] = ("peaky",)
    visits: int = 10_000
    prices: Sequence[int] = (0, 1, 5, 20, 100)
    seconds: float = 10.0
    seed: int = 1


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per day, mishap and price of moving a promise; every plan is checked.

    `moved` counts the promises after noon that are not kept, `dropped` those of them that get no slot at all any more.
    `cost` is F1 + F2; `gap` is that of the whole cost with F3.
    """
    for name in study.flavours:
        day = generate(FLAVOURS[name], study.visits, np.random.default_rng(study.seed))
        booked = solve(day, seconds=study.seconds, clock=clock).plan.start
        for mishap, after in mishaps(day, np.random.default_rng(study.seed)):
            for price in study.prices:
                again = promises.as_promised(after, booked, now=NOON, move=price)
                outcome = solve(again, seconds=study.seconds, clock=clock)
                yield {"day": f"{name} {study.visits}", "mishap": mishap, "move": price} | figures(again, outcome)


def mishaps(day: SlotInstance, rng: np.random.Generator) -> Iterator[tuple[str, SlotInstance]]:
    """Yield what goes wrong at noon by name, and the day as it then is."""
    yield "nothing", day
    yield "5 % of docks", promises.with_docks_closed(day, share=DOCKS_CLOSED, begin=NOON, rng=rng)[0]
    yield "a gate lane", promises.with_gate_narrowed(day, share=LANE, begin=NOON)


def figures(again: SlotInstance, outcome: Outcome[SlotPlan]) -> dict[str, Any]:
    """Return what came of planning a promised day again."""
    start = outcome.plan.start
    faults = check.violations(again, start)
    assert not faults, faults[0].text
    open_promises = (again.promised >= 0) & (again.frozen == 0)
    moved = open_promises & (start != again.promised)
    return {
        "promises": int(open_promises.sum()),
        "moved": int(moved.sum()),
        "dropped": int((moved & (start < 0)).sum()),
        "placed": int((start >= 0).sum()),
        "cost": without_moves(again, start),
        "gap": outcome.gap,
        "seconds": outcome.wall_seconds,
    }


def without_moves(again: SlotInstance, start: IntArray) -> int:
    """Return the cost of a plan as if promises were free to move."""
    return check.cost(replace(again, move=0), start)
