"""Compiles once what the solvers compile, so that no run spends its seconds on it: `python -m solver.warm`."""

import itertools

import numpy as np

from solver.matching.board import board
from solver.matching.flavours import port_day
from solver.matching.online import Effort, match_round
from solver.matching.solve import solve as solve_matching
from solver.slots.flavours import FLAVOURS, generate
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


if __name__ == "__main__":
    main()
