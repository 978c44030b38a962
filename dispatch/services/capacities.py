"""The park's capacity per slot as arrays, made once per dock group and gate: what the counters' limits are."""

import numpy as np

from dispatch.model.park import DockGroup, Gate, Park, Warehouse
from solver.reading import IntArray


class Capacities:
    """Remembers docks and gate entries per slot of a day; every day of a park has the same."""

    def __init__(self, park: Park) -> None:
        self._park = park
        self._docks: dict[str, IntArray] = {}
        self._entries: dict[str, IntArray] = {}

    def docks(self, warehouse: Warehouse, group: DockGroup) -> IntArray:
        """Return the docks of the group that work in each slot of a day; read-only, (T,)."""
        known = self._docks.get(group.id)
        if known is None:
            known = self._docks[group.id] = _row(self._park.docks_of(warehouse, group))
        return known

    def entries(self, gate: Gate) -> IntArray:
        """Return how many trucks the gate admits in each slot of a day; read-only, (T,)."""
        known = self._entries.get(gate.id)
        if known is None:
            known = self._entries[gate.id] = _row(self._park.entries_of(gate))
        return known


def _row(values: tuple[int, ...]) -> IntArray:
    row = np.array(values, dtype=np.int64)
    row.flags.writeable = False
    return row
