"""What a truck with an appointment is expected to wait at a gate, and before a dock, from simulations of the plan.

At a gate: the mean over booked trucks that are ready there in the slot, in all replications. Before a dock, where few
come in a slot, and at a gate where nobody does: what one more would wait. In a line first in, first out before c
servers, who comes begins when fewer than c of those before him are still there: at the c-th largest end of service
among them, or at once.
"""

from collections.abc import Mapping

import numpy as np

from dispatch.planning.capacity import dock_groups
from simulations.kernel.arrays import FloatArray
from simulations.kernel.compiled import compiled
from simulations.kernel.draws import generator
from simulations.kernel.layout import Layout, TruckClass
from simulations.kernel.run import Kernel
from simulations.kernel.steps import Steps
from simulations.kernel.times import Mark, Times
from simulations.policies.policy import Decision
from simulations.running.layout import layout_of
from simulations.running.roster import Roster, roster_of
from simulations.scenarios.stage import Stage
from solver.reading import IntArray

LEAST_SEEN = 5


def expected_waits(
    stage: Stage, decision: Decision, numbers: Mapping[str, int], seed: int, replications: int
) -> tuple[FloatArray, FloatArray]:
    """Return expected minutes at the gates (H, T) and before the docks (G, T) of who comes in each slot.

    NaN where no lane or dock works then. A dock is reached after the drive from the zone's gate.
    """
    layout, roster = layout_of(stage), roster_of(stage, decision, numbers)
    kernel = Kernel(layout, roster.legs)
    horizon, slot = stage.park.grid.horizon, stage.park.grid.slot_minutes
    middles: FloatArray = np.asarray((np.arange(horizon) + 0.5) * slot, dtype=np.float64)
    own = {zone.id: zone.drive_minutes for zone in stage.park.zones}
    drive: FloatArray = np.array([own[warehouse.zone] for warehouse, _ in dock_groups(stage.park)], dtype=np.float64)
    gates = np.zeros((len(stage.park.gates), horizon))
    docks = np.zeros((len(drive), horizon))
    seen, waited = np.zeros((2, *gates.shape))
    for replication in range(replications):
        drawn = roster.drawn(layout, generator(seed, replication))
        times = kernel.run(drawn)
        at_gate, at_dock = waits_of(layout, roster, times, middles, drive)
        gates += at_gate / replications
        docks += at_dock / replications
        count, total = _booked_at_gates(roster, times, gates.shape, slot)
        seen += count
        waited += total
    means = np.divide(waited, seen, out=gates, where=seen >= LEAST_SEEN)
    return means, docks


def _booked_at_gates(
    roster: Roster, times: Times, shape: tuple[int, ...], slot_minutes: int
) -> tuple[FloatArray, FloatArray]:
    """Return how many booked trucks became ready at each gate in each slot, and the minutes they waited from then."""
    ready, begins = times[Mark.READY_AT], times[Mark.GATE_BEGINS]
    booked = np.flatnonzero((times.truck_class == TruckClass.BOOKED) & ~np.isnan(begins) & (ready >= 0))
    slot = (ready[booked] // slot_minutes).astype(np.int64)
    in_day = slot < shape[1]
    cell = roster.legs.gate[booked[in_day]] * shape[1] + slot[in_day]
    wait = (begins - ready)[booked[in_day]]
    size = shape[0] * shape[1]
    count, total = np.bincount(cell, minlength=size), np.bincount(cell, weights=wait, minlength=size)
    return count.astype(np.float64).reshape(shape), total.astype(np.float64).reshape(shape)


def waits_of(
    layout: Layout, roster: Roster, times: Times, middles: FloatArray, drive: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what one more truck would wait in a run, (H, T) at the gates and (G, T) before the docks."""
    legs = roster.legs
    lanes = _servers_of_gates(layout, middles)
    moments = middles[None, :] + drive[:, None]
    gates = _waits(
        legs.gate, times[Mark.COMES], times[Mark.GATE_ENDS], lanes, np.repeat(middles[None, :], len(lanes), 0)
    )
    open_docks = np.stack([_values(layout.docks.open, row, moments[row]) for row in range(layout.docks.open.rows)])
    docks = _waits(legs.dock_group, times[Mark.AT_DOCK], times[Mark.DOCK_ENDS], open_docks, moments)
    return gates, docks


def _servers_of_gates(layout: Layout, moments: FloatArray) -> IntArray:
    lanes = np.zeros((len(layout.gates.yard), len(moments)), dtype=np.int64)
    for lane, gate in enumerate(layout.lanes.gate.tolist()):
        lanes[gate] += _values(layout.lanes.open, lane, moments)
    return lanes


def _values(steps: Steps, row: int, moments: FloatArray) -> IntArray:
    at, value = steps.row(row)
    return np.asarray(value[np.searchsorted(at, moments, side="right") - 1], dtype=np.int64)


def _waits(place: IntArray, comes: FloatArray, ends: FloatArray, servers: IntArray, moments: FloatArray) -> FloatArray:
    """Return the wait of one more at each place and moment, (P, T), moments rising along a row."""
    there = np.flatnonzero((place >= 0) & ~np.isnan(comes) & ~np.isnan(ends))
    order = there[np.lexsort((comes[there], place[there]))]
    first = np.searchsorted(place[order], np.arange(len(servers) + 1))
    return _one_more(first, comes[order], ends[order], servers, moments)


@compiled
def _one_more(
    first: IntArray, comes: FloatArray, ends: FloatArray, servers: IntArray, moments: FloatArray
) -> FloatArray:
    """Return max(0, the c-th largest end among those who came by the moment, less the moment); NaN where c is 0."""
    places, times = moments.shape
    found = np.zeros((places, times))
    for place in range(places):
        for t in range(times):
            count, moment = servers[place, t], moments[place, t]
            if count == 0:
                found[place, t] = np.nan
                continue
            still = 0
            nearest = np.empty(0)
            for i in range(first[place], first[place + 1]):
                if comes[i] > moment:
                    break
                if ends[i] > moment:
                    still += 1
            if still >= count:
                nearest = np.empty(still)
                n = 0
                for i in range(first[place], first[place + 1]):
                    if comes[i] <= moment and ends[i] > moment:
                        nearest[n] = ends[i]
                        n += 1
                nearest.sort()
                found[place, t] = nearest[still - count] - moment
    return found
