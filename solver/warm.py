"""Compiles once what the solvers compile, so that no run spends its seconds on it: `python -m solver.warm`."""

import itertools

import numpy as np

from solver.matching.board import board
from solver.matching.flavours import port_day
from solver.matching.online import Effort, match_round
from solver.matching.solve import solve as solve_matching
from solver.mdvsp.instance import FixedInstance, ShiftInstance
from solver.mdvsp.solve import solve as solve_mdvsp
from solver.slots import online
from solver.slots.bidprices import BidPricer
from solver.slots.flavours import FLAVOURS, generate
from solver.slots.forecast import PastRequests, expect
from solver.slots.online import Free, Terms
from solver.slots.solve import solve as solve_slots

TICK_SECONDS = 1e-4


def main() -> None:
    """Solve a small instance of each problem, by a clock that only ticks when it is looked at."""
    ticks = itertools.count()
    rng = np.random.default_rng(1)
    solve_slots(generate(FLAVOURS["peaky"], 300, rng), seconds=2.0)
    day = port_day(rng, loads=80, trucks=30, warehouses=20)
    solve_matching(day, seconds=3.0, clock=lambda: next(ticks) * TICK_SECONDS)
    match_round(board(day, now=0), Effort(rounds=20))
    _price_a_day(rng)
    online.load()
    for instance in _timetables():
        solve_mdvsp(instance, seconds=30.0)


def _price_a_day(rng: np.random.Generator) -> None:
    """Price a day of two slots for which one request is expected."""
    zero, one = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    past = PastRequests(
        dock_group=zero, duration=one, wish=zero, first=zero, last=one, weight=one, carrier=zero, moment=np.ones(1)
    )
    free = Free(np.ones((1, 2), dtype=np.int64), np.ones(2, dtype=np.int64), np.ones((1, 2), dtype=np.int64))
    BidPricer(expect(past, days=1, groups=1, rng=rng), Terms(1, 1, 9, 0), free).refresh(free, 0.0)


def _timetables() -> tuple[FixedInstance, ShiftInstance]:
    """Return three trips that leave a choice, at fixed times and with a shift."""
    ends = np.array([[5, 6, 9], [7, 5, 8]])
    fixed = FixedInstance(np.array([1, 3]), ends, ends.T, np.array([[-1, 9, 1], [-1, -1, 2], [-1, -1, -1]]))
    travel, places = np.array([[0, 3, 9], [3, 0, 4], [9, 4, 0]]), np.array([1, 0, 2])
    start = np.array([5, 20, 30])
    return fixed, ShiftInstance(np.array([1, 3]), travel, places, start, places[::-1], start + 6, 1)


if __name__ == "__main__":
    main()
