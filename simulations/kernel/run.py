"""The entry: a park, a day and its draws in, the times of every leg out."""

import numpy as np

from simulations.kernel.check import check_counts
from simulations.kernel.draws import Draws
from simulations.kernel.events import play
from simulations.kernel.layout import Layout
from simulations.kernel.legs import Legs, check_fits
from simulations.kernel.times import Times
from simulations.kernel.world import TIMES, fresh, lane_numbers, world


class Kernel:
    """A park and a day, made ready once for many replications; safe to be run by several threads."""

    def __init__(self, layout: Layout, legs: Legs) -> None:
        """Raise BadInput where a leg names what the park does not have."""
        check_fits(layout, legs)
        self.layout = layout
        self.legs = legs
        self._before = world(layout, legs)

    def run(self, drawn: Draws) -> Times:
        """Return the times of the day by the order of events in model.md.

        Conservation of trucks and Little's law are asserted.
        """
        assert len(drawn.shows) == len(self.legs), "draws are of another day"
        w = fresh(self._before, self.legs, drawn)
        play(w)
        times = Times(
            at=np.array([w.legs[name] for name in TIMES]),
            lane=lane_numbers(self.layout, w),
            truck_class=w.legs.truck_class.astype(np.int64),
            area=w.counts.minutes.copy(),
            end=float(w.run[0].clock),
            events=int(w.run[0].events),
        )
        check_counts(self.legs, drawn, times)
        return times


def run(layout: Layout, legs: Legs, drawn: Draws) -> Times:
    """Return the times of one replication of a day; `Kernel` is for many."""
    return Kernel(layout, legs).run(drawn)
