"""What a park can take on a day, slot by slot, and what bookings leave of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from dispatch.model.closures import Closure, ClosureState, Resource
from dispatch.model.life import dock_times, end_slot
from dispatch.model.park import DockGroup, Park, Warehouse
from dispatch.model.promises import HOLDING, Appointment
from solver.reading import IntArray

NO_QUOTA = -1


@dataclass(frozen=True)
class FreeCapacity:
    """What is free on a day. All arrays int64, read-only, one column per slot.

    `docks` (G, T) per dock group in the order of `dock_groups(park)`, `gates` (H, T) entries per gate in the park's
    order, `quotas` (C, T) starts per enterprise in the park's order, NO_QUOTA where it has none. `busy` gives for a
    plate the spans of slots [begin, end) in which it is at docks.
    """

    docks: IntArray
    gates: IntArray
    quotas: IntArray
    busy: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("docks", "gates", "quotas"):
            array = np.array(getattr(self, name), dtype=np.int64)
            array.flags.writeable = False
            object.__setattr__(self, name, array)


def dock_groups(park: Park) -> list[tuple[Warehouse, DockGroup]]:
    """Return every dock group with its warehouse, in the park's order."""
    return [(warehouse, group) for warehouse in park.warehouses for group in warehouse.dock_groups]


def whole_capacity(park: Park) -> FreeCapacity:
    """Return what is free on a day without bookings."""
    slots = range(park.grid.horizon)
    groups = dock_groups(park)
    quotas = [NO_QUOTA if enterprise.quota is None else enterprise.quota for enterprise in park.enterprises]
    return FreeCapacity(
        docks=_table([[park.docks_at(w, g, slot) for slot in slots] for w, g in groups], len(slots)),
        gates=_table([[park.entries_at(gate, slot) for slot in slots] for gate in park.gates], len(slots)),
        quotas=np.repeat(np.array(quotas, dtype=np.int64)[:, None], len(slots), axis=1),
    )


def open_capacity(park: Park, day: date, closures: Iterable[Closure]) -> FreeCapacity:
    """Return what closures in force leave of a day without bookings, never below zero."""
    whole = whole_capacity(park)
    docks, gates = whole.docks.copy(), whole.gates.copy()
    rows = {(Resource.DOCK, group.id): docks[i] for i, (_, group) in enumerate(dock_groups(park))}
    rows |= {(Resource.GATE, gate.id): gates[i] for i, gate in enumerate(park.gates)}
    for block in (block for closure in closures if closure.state is ClosureState.IN_FORCE for block in closure.blocks):
        row = rows.get((block.resource, block.id))
        if row is not None and block.day == day:
            row[block.slot : block.slot + len(block.amounts)] -= np.array(block.amounts, dtype=np.int64)
    return FreeCapacity(np.maximum(docks, 0), np.maximum(gates, 0), whole.quotas)


def free_capacity(
    park: Park, day: date, appointments: Iterable[Appointment], closures: Iterable[Closure] = ()
) -> FreeCapacity:
    """Return what closures and the appointments of a day that hold places leave free, never below zero.

    An appointment made when the park file was another one takes only what is in the park now.
    """
    whole = open_capacity(park, day, closures)
    docks, gates, quotas = whole.docks.copy(), whole.gates.copy(), whole.quotas.copy()
    group_index = {group.id: i for i, (_, group) in enumerate(dock_groups(park))}
    gate_index = {gate.id: i for i, gate in enumerate(park.gates)}
    carrier_index = {enterprise.id: i for i, enterprise in enumerate(park.enterprises)}
    busy: dict[str, tuple[tuple[int, int], ...]] = {}
    for each in appointments:
        if each.day != day or each.state not in HOLDING:
            continue
        until = end_slot(each)
        for place in dock_times(each):
            _take(docks, group_index.get(place.dock_group), place.slot, place.slot + place.slots)
        _take(gates, gate_index.get(each.gate), each.slot, each.slot + 1)
        _take(quotas, carrier_index.get(each.carrier), each.slot, each.slot + 1)
        busy[each.plate] = (*busy.get(each.plate, ()), (each.slot, until))
    quotas = np.where(whole.quotas == NO_QUOTA, NO_QUOTA, np.maximum(quotas, 0))
    return FreeCapacity(np.maximum(docks, 0), np.maximum(gates, 0), quotas, busy)


def _take(table: IntArray, row: int | None, begin: int, end: int) -> None:
    if row is not None:
        table[row, begin:end] -= 1


def _table(rows: list[list[int]], columns: int) -> IntArray:
    return np.array(rows, dtype=np.int64).reshape(len(rows), columns)
