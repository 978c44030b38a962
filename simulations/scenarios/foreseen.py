"""What a park can be known to take while disturbances hold: what policies plan with."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dispatch.model.day import Visit
from dispatch.model.park import Park
from dispatch.planning.capacity import FreeCapacity, dock_groups, whole_capacity
from simulations.scenarios.changes import Disturbance, DocksClosed, Handling, LaneClosed, Rain


def foreseen_capacity(park: Park, disturbances: Iterable[Disturbance], first_slot: int = 0) -> FreeCapacity:
    """Return what the park takes, slot by slot, with these disturbances; slots before `first_slot` as without them.

    A slot in which a disturbance holds for a part counts as if it held throughout.
    """
    whole = whole_capacity(park)
    gates, docks = whole.gates.copy(), whole.docks.copy()
    lanes_left = np.repeat(np.array([[gate.entry_lanes] for gate in park.gates]), gates.shape[1], axis=1)
    slower = np.ones(gates.shape[1])
    for each in disturbances:
        here = _slots(park, each, first_slot)
        match each:
            case LaneClosed(side="entry"):
                lanes_left[[gate.id for gate in park.gates].index(each.gate), here] -= 1
            case DocksClosed():
                row = [group.id for _, group in dock_groups(park)].index(each.dock_group)
                docks[row, here] -= docks[row, here] if each.docks is None else each.docks
            case Rain():
                slower[here] *= each.factor
    lanes = np.maximum(1, np.array([[gate.entry_lanes] for gate in park.gates]))
    gates = np.floor(gates * np.maximum(lanes_left, 0) / lanes / slower + 1e-9).astype(np.int64)
    return FreeCapacity(np.maximum(docks, 0), gates, whole.quotas)


def foreseen_visits(park: Park, visits: Iterable[Visit], disturbances: Iterable[Disturbance]) -> tuple[Visit, ...]:
    """Return the visits with the minutes on the dock that they are known to take where handling is slower.

    A visit counts as handled when it wishes.
    """
    slow = [(each.span, each.factor) for each in disturbances if isinstance(each, Handling | Rain)]
    return tuple(_slowed(park, visit, slow) for visit in visits) if slow else tuple(visits)


def _slowed(park: Park, visit: Visit, slow: list[tuple[tuple[int, int], float]]) -> Visit:
    minute = park.grid.minute_of(visit.wish, park.grid.day_of(visit.wish))
    factor = float(np.prod([factor for (begin, end), factor in slow if begin <= minute < end]))
    if factor == 1:
        return visit
    minutes = max(1, round(visit.minutes * factor))
    return replace(visit, minutes=minutes, collect_minutes=min(minutes - 1, round(visit.collect_minutes * factor)))


def _slots(park: Park, disturbance: Disturbance, first_slot: int) -> slice:
    begin, end = disturbance.span
    return slice(max(first_slot, begin // park.grid.slot_minutes), -(-end // park.grid.slot_minutes))
