"""What comes out of a run: the times of every leg; everything else is measured from them."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from simulations.kernel.arrays import FloatArray
from simulations.kernel.layout import Layout
from simulations.kernel.legs import Legs
from solver.reading import IntArray


class Mark(IntEnum):
    """The rows of `Times.at`: when something happened to a leg.

    A run has only COMES and OUT (at and from its terminal).
    """

    COMES = 0  # to the end of the line before the gate
    IN_YARD = 1  # off the road: into the holding yard or straight into a lane
    READY_AT = 2  # may be served: at once, or when an early truck need wait no longer
    GATE_BEGINS = 3
    GATE_ENDS = 4
    AT_DOCK = 5  # in the line of its dock group
    DOCK_BEGINS = 6
    DOCK_ENDS = 7
    AT_EXIT = 8
    EXIT_BEGINS = 9
    OUT = 10


class Area(IntEnum):
    """What the kernel counts while it runs, in truck-minutes: numbers in line and inside, summed over time."""

    ROAD = 0
    YARD = 1
    DOCK_LINE = 2
    EXIT_LINE = 3
    IN_PARK = 4  # from COMES to OUT
    AT_TERMINALS = 5


@dataclass(frozen=True, slots=True)
class Times:
    """Times of legs 0..N-1 in minutes from midnight.

    `at` (len(Mark), N), NaN where it did not happen: no-shows, legs behind a truck that is stuck, the other kind of
    leg. `lane` and `truck_class` (N,), -1 where the leg reached no gate lane or gate. `area` (len(Area),) are
    truck-minutes counted by the kernel apart from the times, to the last event, which was at `end`.
    """

    at: FloatArray
    lane: IntArray
    truck_class: IntArray
    area: FloatArray
    end: float
    events: int

    def __post_init__(self) -> None:
        for name in ("at", "lane", "truck_class", "area"):
            getattr(self, name).flags.writeable = False

    def __getitem__(self, mark: Mark) -> FloatArray:
        return np.asarray(self.at[mark])

    @property
    def road_wait(self) -> FloatArray:
        """Return minutes on the road before the gate: the spill-back of a full holding yard."""
        return np.asarray(self.at[Mark.IN_YARD] - self.at[Mark.COMES])

    @property
    def gate_wait(self) -> FloatArray:
        """Return minutes from coming to the gate to the lane, those of an early truck's own making included."""
        return np.asarray(self.at[Mark.GATE_BEGINS] - self.at[Mark.COMES])

    @property
    def dock_wait(self) -> FloatArray:
        """Return minutes in the line of the dock group."""
        return np.asarray(self.at[Mark.DOCK_BEGINS] - self.at[Mark.AT_DOCK])

    @property
    def turn_time(self) -> FloatArray:
        """Return minutes from coming to the gate to out; of a run, from coming to the terminal to leaving it."""
        return np.asarray(self.at[Mark.OUT] - self.at[Mark.COMES])


def mean_number(begin: FloatArray, end: FloatArray, edges: FloatArray) -> FloatArray:
    """Return how many are there on average in each bin between rising `edges`, shape (len(edges) - 1,).

    One that has begun and whose end is NaN stays; one whose begin is NaN never is there.
    """
    been = _minutes_before(begin, edges) - _minutes_before(end, edges)
    return np.asarray(np.diff(been) / np.diff(edges))


def _minutes_before(moments: FloatArray, edges: FloatArray) -> FloatArray:
    """Return at each edge the sum over moments of the minutes since, 0 for those to come."""
    rising = np.sort(moments[~np.isnan(moments)])
    count = np.searchsorted(rising, edges)
    before = np.concatenate([[0.0], np.cumsum(rising)])
    return np.asarray(count * edges - before[count])


def lane_utilisation(layout: Layout, times: Times, begin: float, end: float) -> FloatArray:
    """Return the share of its open minutes in which each lane served, shape (L,); 0 where it never was open.

    Above 1 when trucks were still being served after the lane closed.
    """
    on = _clipped(times[Mark.GATE_BEGINS], times[Mark.GATE_ENDS], begin, end)
    used = times.lane >= 0
    busy = np.bincount(times.lane[used], weights=on[used], minlength=len(layout.lanes.gate))
    return _share(busy, layout.lanes.open.over(begin, end))


def dock_utilisation(layout: Layout, legs: Legs, times: Times, begin: float, end: float) -> FloatArray:
    """Return the share of their open minutes in which the docks of each group were taken, shape (D,)."""
    on = _clipped(times[Mark.DOCK_BEGINS], times[Mark.DOCK_ENDS], begin, end)
    used = legs.visit
    busy = np.bincount(legs.dock_group[used], weights=on[used], minlength=len(layout.docks.zone))
    return _share(busy, layout.docks.open.over(begin, end))


def _clipped(begins: FloatArray, ends: FloatArray, begin: float, end: float) -> FloatArray:
    return np.nan_to_num(np.clip(ends, begin, end) - np.clip(begins, begin, end))


def _share(busy: ArrayLike, there: FloatArray) -> FloatArray:
    return np.divide(busy, there, out=np.zeros_like(there), where=there > 0)
