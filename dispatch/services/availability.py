"""What can still be booked: a dock group's day, slot by slot, from the live counters."""

from dataclasses import dataclass
from datetime import date, datetime

from dispatch.model import rules
from dispatch.model.park import DockKind
from dispatch.services.desk import Desk, Misfit


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """One slot: docks that work and are free, the first gate that still admits a truck, and whether it may be booked.

    `is_bookable` is for a visit of one slot, by a carrier within its quota and a truck that is elsewhere free.
    """

    slot: int
    starts_at: datetime
    docks: int
    free_docks: int
    gate: str | None
    free_entries: int
    is_bookable: bool


async def list_slots(desk: Desk, warehouse_id: str, dock_kind: DockKind, day: date, now: datetime) -> list[SlotSeen]:
    """Return every slot of the day; Misfit when the warehouse is not known or has no such docks."""
    park, keys = desk.park, desk.keys
    warehouse = park.warehouse_by_id.get(warehouse_id)
    if warehouse is None:
        raise Misfit("warehouse", f"{warehouse_id!r} is not a warehouse of this park")
    group = warehouse.find_dock_group(dock_kind)
    if group is None:
        kinds = ", ".join(group.kind for group in warehouse.dock_groups)
        raise Misfit("dock_kind", f"{warehouse_id} has no {dock_kind} docks; it has: {kinds}")
    gates = park.gates_for(warehouse)
    taken, *entered = await desk.store.taken([keys.dock(group.id, day), *(keys.gate(gate.id, day) for gate in gates)])
    docks = desk.capacities.docks(warehouse, group)
    entries = [desk.capacities.entries(gate) for gate in gates]
    slots = []
    for slot in range(park.grid.horizon):
        free_docks = max(0, docks[slot] - taken.get(str(slot), 0))
        free = [max(0, limits[slot] - used.get(str(slot), 0)) for limits, used in zip(entries, entered, strict=True)]
        gate = next((gate.id for gate, left in zip(gates, free, strict=True) if left), None)
        bookable = free_docks > 0 and gate is not None and rules.may_book(park, day, slot, now)
        slots.append(SlotSeen(slot, park.grid.start_of(day, slot), docks[slot], free_docks, gate, sum(free), bookable))
    return slots
