"""Compiles once what the simulations compile, so that no run spends its seconds on it: `python -m simulations.warm`."""

import numpy as np

from simulations.benchmarks.big_park import whole_day, whole_park
from simulations.kernel.distributions import fixed
from simulations.kernel.draws import draws, generator, roll
from simulations.kernel.gate import GateDay, simulate_gate
from simulations.kernel.run import run


def main() -> None:
    """Simulate a small day of a park, and a gate alone."""
    park, day = whole_park(100), whole_day(100, np.random.default_rng(1))
    run(park, day, draws(park, day, roll(generator(1, 0), len(day))))
    simulate_gate(GateDay(np.ones(24), 1, fixed(2.0)), replications=1, seed=1)


if __name__ == "__main__":
    main()
