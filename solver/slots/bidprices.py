"""Bid prices of one day, kept fresh while it fills: from what is left and what is still expected, nothing else.

A place at the gate has its price on the mean day (`fluid.py`): so many requests use the gate that their mean is nearly
certain. A dock group sees few requests, so to its price on the mean day comes a share of what its docks are worth when
scenarios are played through (`dock_worth.py`).
"""

from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots import dock_worth, fluid
from solver.slots.forecast import FloatArray, Forecast
from solver.slots.online import BidPrices, Free, Terms

GATE_MARGIN: Final = 2.0  # standard deviations of a slot's demand that are not counted on at the gate
DOCKS_COUNTED: Final = 0.9  # of the docks; the rest is lost between visits of unequal length
WORTH_COUNTED: Final = 0.1  # who comes later is answered by prices too, and avoids most losses of a simple rule
FRESH: Final = 0.875  # a dock group is valued anew when less than this of its demand then is still to come


class BidPricer:
    """Prices one day. `refresh` is the only thing that changes it; not for two threads at once."""

    def __init__(self, forecast: Forecast, terms: Terms, free: Free) -> None:
        self._forecast = forecast
        self._terms = terms
        self._at = fluid.Climb(*(np.zeros(each.shape) for each in (free.gate, free.docks, free.quota)))
        self._worth = np.zeros(free.docks.shape)
        self._valued: IntArray = np.full(free.docks.shape, -1)  # the docks that were left at the last valuation
        self._to_come = np.zeros(len(free.docks), dtype=np.int64)  # requests expected then
        self._rounds = fluid.FIRST_ROUNDS

    def refresh(self, free: Free, now: float) -> BidPrices:
        """Return the prices by what is `free` now; requests expected until `now` count as past."""
        coming = fluid.mean_day(self._forecast, now)
        mean = fluid.climb(coming, _counted(coming, free), self._at, self._terms, self._rounds)
        self._rounds = fluid.ROUNDS
        self._value_docks(free, now, mean.gate)
        return BidPrices(_frozen(mean.docks + WORTH_COUNTED * self._worth), _frozen(mean.gate), _frozen(mean.quota))

    def _value_docks(self, free: Free, now: float, gate: FloatArray) -> None:
        for g, docks in enumerate(free.docks):
            expected = dock_worth.to_come(self._forecast, g, now)
            changed = (docks != self._valued[g]).any()
            if not changed and expected >= FRESH * self._to_come[g]:
                continue
            self._worth[g] = dock_worth.of_docks(self._forecast, g, now, docks, gate, self._terms)
            self._valued[g] = docks
            self._to_come[g] = expected


def _counted(coming: fluid.MeanDay, free: Free) -> fluid.Left:
    """Return what of each row may be counted on."""
    demand = fluid.spread(coming, len(free.gate))
    margin = GATE_MARGIN * np.sqrt(np.minimum(demand, np.maximum(0, free.gate)))
    return fluid.Left(
        gate=np.maximum(0.0, free.gate - margin),
        docks=np.maximum(0.0, free.docks * DOCKS_COUNTED),
        quota=np.where(free.quota < 0, np.inf, free.quota),
    )


def _frozen(prices: FloatArray) -> FloatArray:
    prices.flags.writeable = False
    return prices
