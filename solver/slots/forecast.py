"""What is expected to be asked for, as scenarios: days made of requests of earlier days, drawn at random.

A dock group sees so few visits that what matters is their chance, not their mean: so every scenario gives each group
its own random number of requests (Poisson around the mean of the earlier days), drawn with replacement from the
group's own. Requests that are known, and will come for sure, are in every scenario.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray

SCENARIOS: Final = 64
CERTAIN: Final = float("inf")  # the moment of a request that is still to come, whatever the time

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PastRequests:
    """Requests of earlier days, all arrays (N,), slots of their day; `first` to `last` are the allowed starts.

    `moment` says when, on a clock on which all days begin at the same time, each was asked for.
    """

    dock_group: IntArray
    duration: IntArray
    wish: IntArray
    first: IntArray
    last: IntArray
    weight: IntArray
    carrier: IntArray
    moment: FloatArray


class Forecast(NamedTuple):
    """Scenarios for compiled code. The N requests are sorted by dock group, within it the narrowest window first.

    `pick` holds the numbers of the requests of group g in scenario k at `begin[g * K + k]` to `begin[g * K + k + 1]`,
    rising: who has the least choice stands first.
    """

    scenarios: int  # K
    duration: IntArray  # (N,)
    wish: IntArray
    first: IntArray
    last: IntArray
    weight: IntArray
    carrier: IntArray
    moment: FloatArray
    pick: IntArray
    begin: IntArray  # (G * K + 1,)


def expect(past: PastRequests, *, days: int, groups: int, rng: np.random.Generator) -> Forecast:
    """Return scenarios of a day like the `days` earlier ones; requests at the moment CERTAIN come in each once."""
    order = np.lexsort((past.last - past.first, past.dock_group))
    order = order[(past.last >= past.first)[order]]  # the others have no start: they take nothing
    group, certain = past.dock_group[order], np.isposinf(past.moment[order])
    lists: list[IntArray] = []
    for g in range(groups):
        low, high = np.searchsorted(group, [g, g + 1]).tolist()
        sure, likely = np.flatnonzero(certain[low:high]) + low, np.flatnonzero(~certain[low:high]) + low
        counts = rng.poisson(len(likely) / max(1, days), SCENARIOS).tolist()
        for count in counts:
            drawn = likely[rng.integers(0, len(likely), count)] if count else likely[:0]
            lists.append(np.sort(np.concatenate([sure, drawn])))
    return Forecast(
        scenarios=SCENARIOS,
        duration=past.duration[order],
        wish=past.wish[order],
        first=past.first[order],
        last=past.last[order],
        weight=past.weight[order],
        carrier=past.carrier[order],
        moment=past.moment[order],
        pick=np.concatenate([np.zeros(0, dtype=np.int64), *lists]),
        begin=np.concatenate([[0], np.cumsum([len(each) for each in lists])]).astype(np.int64),
    )
