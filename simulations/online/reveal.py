"""When the loads and trucks of a day become known: so long before they are ready, by a mix of lead times."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulations.demand.draws import truncated_lognormal
from solver.matching.instance import MatchingInstance
from solver.matching.shares import part_of
from solver.reading import IntArray

SHORTEST_MINUTES, LONGEST_MINUTES = 30, 24 * 60


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """A mix of lead times: lognormal about `median_minutes`, kept within half an hour and a day."""

    name: str
    median_minutes: int
    sigma: float


@dataclass(frozen=True, slots=True)
class Known:
    """The minute from which each load (N,) and each truck (K,) of a day is known."""

    loads: IntArray
    trucks: IntArray


MIXES: Final = {
    mix.name: mix
    for mix in (
        LeadTimes("one hour", 60, 0.6),
        LeadTimes("two hours", 120, 0.8),
        LeadTimes("half a day", 480, 0.8),
    )
}


def reveal(rng: np.random.Generator, instance: MatchingInstance, mix: LeadTimes) -> Known:
    """Return when everything of a day becomes known: a load before its loading can begin, a truck before it is free."""
    return Known(
        loads=instance.loads.earliest - _leads(rng, mix, len(instance.loads)),
        trucks=instance.trucks.free_from - _leads(rng, mix, len(instance.trucks)),
    )


def _leads(rng: np.random.Generator, mix: LeadTimes, count: int) -> IntArray:
    span = (SHORTEST_MINUTES / mix.median_minutes, LONGEST_MINUTES / mix.median_minutes)
    return truncated_lognormal(rng, np.full(count, mix.median_minutes), mix.sigma, span)


def servable(instance: MatchingInstance) -> MatchingInstance:
    """Return the instance without the loads that no truck could serve if it had nothing else to do: no policy can."""
    loads, trucks = instance.loads, instance.trucks
    duration = loads.load_minutes + instance.minutes[loads.origin, loads.destination] + loads.unload_minutes
    can = np.zeros(len(loads), dtype=np.bool_)
    for k in range(len(trucks)):
        start = np.maximum(loads.earliest, trucks.free_from[k] + instance.minutes[trucks.start[k], loads.origin])
        home = start + duration + instance.minutes[loads.destination, trucks.home[k]]
        can |= (
            (instance.can[trucks.kind[k], loads.kind] == 1)
            & (start <= np.minimum(loads.latest, loads.due - duration))
            & (home <= trucks.home_by[k])
        )
    return part_of(instance, np.arange(len(trucks)), np.flatnonzero(can))
