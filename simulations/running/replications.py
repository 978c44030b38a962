"""Many replications of a decided day, two at a time, on random numbers that belong to the seed and the replication."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np

from simulations.kernel.arrays import FloatArray
from simulations.kernel.draws import generator
from simulations.kernel.run import Kernel
from simulations.policies.policy import Decision
from simulations.running.layout import layout_of
from simulations.running.measures import SCALARS, Measures, measured
from simulations.running.roster import roster_of
from simulations.scenarios.stage import Stage

THREADS = 2

OnDone = Callable[[int], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Dice:
    """The seed and number of replications; the same for everything that is compared."""

    seed: int
    replications: int


@dataclass(frozen=True)
class Replicated:
    """The measures of replications 0..R-1: the fields of `Measures`, each with a first axis of R."""

    scalars: FloatArray
    series: FloatArray
    lanes: FloatArray
    docks: FloatArray
    by_hour: FloatArray
    by_warehouse: FloatArray
    by_carrier: FloatArray
    turn_times: FloatArray

    def scalar(self, name: str) -> FloatArray:
        """Return a measure's values, (R,)."""
        return np.asarray(self.scalars[:, list(SCALARS).index(name)])


class Stopped(Exception):
    """The run was asked to stop before all replications were done."""


def replicated(
    stage: Stage,
    decision: Decision,
    numbers: Mapping[str, int],
    dice: Dice,
    on_done: OnDone | None = None,
    should_stop: ShouldStop | None = None,
) -> Replicated:
    """Return the measures of every replication; `numbers` are the identities of all that is compared.

    `on_done` hears the number of replications done; Stopped when `should_stop` says so between two.
    """
    layout, roster = layout_of(stage), roster_of(stage, decision, numbers)
    kernel = Kernel(layout, roster.legs)

    def one(replication: int) -> Measures:
        if should_stop is not None and should_stop():
            raise Stopped
        drawn = roster.drawn(layout, generator(dice.seed, replication))
        return measured(layout, roster, kernel.run(drawn), drawn.shows)

    found: list[Measures] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for each in pool.map(one, range(dice.replications)):
            found.append(each)
            if on_done is not None:
                on_done(len(found))
    return Replicated(**{each.name: np.stack([getattr(m, each.name) for m in found]) for each in fields(Measures)})
