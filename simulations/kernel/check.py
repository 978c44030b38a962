"""What holds of every run, asked of the times alone: trucks are neither lost nor made, and Little's law holds."""

import numpy as np

from simulations.kernel.arrays import BoolArray, FloatArray
from simulations.kernel.draws import Draws
from simulations.kernel.layout import Layout
from simulations.kernel.legs import Legs
from simulations.kernel.steps import Steps
from simulations.kernel.times import Area, Mark, Times
from solver.reading import IntArray

CLOSE = 1e-9
_SPANS = {
    Area.ROAD: (Mark.COMES, Mark.IN_YARD),
    Area.YARD: (Mark.IN_YARD, Mark.GATE_BEGINS),
    Area.DOCK_LINE: (Mark.AT_DOCK, Mark.DOCK_BEGINS),
    Area.EXIT_LINE: (Mark.AT_EXIT, Mark.EXIT_BEGINS),
    Area.IN_PARK: (Mark.COMES, Mark.OUT),
    Area.AT_TERMINALS: (Mark.COMES, Mark.OUT),
}


def check_counts(legs: Legs, drawn: Draws, times: Times) -> None:
    """Assert conservation of trucks and Little's law, the part of the check that is cheap enough for every run."""
    faults = conservation_faults(legs, drawn, times) + little_faults(legs, times)
    assert not faults, faults[0]


def conservation_faults(legs: Legs, drawn: Draws, times: Times) -> list[str]:
    """Return what is wrong with the counts of legs: each was left out, came, or waits for a leg that is not out."""
    came, out = ~np.isnan(times[Mark.COMES]), ~np.isnan(times[Mark.OUT])
    blocked = _behind_a_stuck_leg(legs, drawn, out)
    wrong = {
        "came without showing": came & ~drawn.shows,
        "shows, and neither came nor waits for another": drawn.shows & ~came & ~blocked,
        "came before the leg before it was out": came & blocked,
        "is out and never came": out & ~came,
    }
    return [f"leg {int(bad.argmax())} {what}" for what, bad in wrong.items() if bad.any()]


def _behind_a_stuck_leg(legs: Legs, drawn: Draws, out: BoolArray) -> BoolArray:
    stuck = drawn.shows & ~out
    before: IntArray = np.cumsum(stuck) - stuck
    first = np.maximum.accumulate(np.where(legs.first, np.arange(len(legs)), 0))
    return np.asarray(before > before[first])


def little_faults(legs: Legs, times: Times) -> list[str]:
    """Return where the truck-minutes that the kernel counted are not the sum of what the legs spent there."""
    faults = []
    visit = legs.visit
    for area, (begin, end) in _SPANS.items():
        spent = np.fmin(times[end], times.end) - times[begin]
        if begin == Mark.COMES:  # the one mark of a beginning that visits and runs both have
            spent = spent[~visit if area == Area.AT_TERMINALS else visit]
        total = float(np.nansum(spent))
        if abs(total - times.area[area]) > CLOSE * max(1.0, total, times.end * len(legs)):
            faults.append(f"{area.name}: {times.area[area]} truck-minutes counted, {total} spent")
    return faults


def violations(layout: Layout, legs: Legs, drawn: Draws, times: Times) -> list[str]:
    """Return every rule of the model that the times break, checked without the kernel's order of events."""
    faults = conservation_faults(legs, drawn, times) + little_faults(legs, times)
    visits = times.at[:, legs.visit]
    for earlier, later in zip(list(Mark)[1:-1], list(Mark)[2:], strict=True):
        if earlier != Mark.IN_YARD and (visits[later] < visits[earlier]).any():
            faults.append(f"a visit has {later.name} before {earlier.name}")
    faults += _over_full("docks", layout.docks.open, legs.dock_group, times[Mark.DOCK_BEGINS], times[Mark.DOCK_ENDS])
    faults += _over_full("lane", layout.lanes.open, times.lane, times[Mark.GATE_BEGINS], times[Mark.GATE_ENDS])
    faults += _over_full("exit", layout.gates.exit_lanes, legs.exit_gate, times[Mark.EXIT_BEGINS], times[Mark.OUT])
    return faults


def _over_full(what: str, most: Steps, row: IntArray, begins: FloatArray, ends: FloatArray) -> list[str]:
    """Return the rows where somebody began while as many as are open, or more, were there."""
    faults = []
    for number in np.unique(row[~np.isnan(begins)]).tolist():
        mine = row == number
        starts, stops = np.sort(begins[mine & ~np.isnan(begins)]), np.sort(ends[mine & ~np.isnan(ends)])
        there = np.searchsorted(starts, starts, side="right") - np.searchsorted(stops, starts, side="right")
        at, value = most.row(number)
        allowed = value[np.searchsorted(at, starts, side="right") - 1]
        if (there > allowed).any():
            faults.append(f"{what} {number}: {there.max()} there at once")
    return faults
