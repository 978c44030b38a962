"""What can still be booked, from the live counters and by the rules that bookings are decided by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dispatch.model import rules
from dispatch.model.closures import Closure, Resource, closed_on
from dispatch.model.park import DockGroup, DockKind, Enterprise, Park, Warehouse
from dispatch.model.refusals import Refusal
from dispatch.model.shares import pools_for
from dispatch.services.closures import closures_of, told_closed
from dispatch.services.counters import CounterView
from dispatch.services.desk import Desk, Misfit, get_cargo_kind, get_carrier
from dispatch.services.openings import DayCounters, Wanted, find_gate, find_obstacle, never_open
from dispatch.services.quotas import pool_of
from dispatch.store.keys import slot_field

NOBODY = Enterprise("-", "a carrier without quotas")  # no enterprise has this id
NO_PLATE = "-"
Closed = Mapping[tuple[Resource, str], Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Question:
    """What room is asked for: docks of a kind, or those a cargo kind needs, and for whom; None is anybody.

    A visit takes `minutes` on the dock: left out, the cargo kind's handling time, else one slot.
    """

    warehouse: str
    day: date
    dock_kind: DockKind | None = None
    cargo_kind: str | None = None
    minutes: int | None = None
    carrier: str | None = None
    truck: str | None = None


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """One slot: docks that work and are free, the first gate that still admits a truck, and whether it may be booked.

    `obstacle` is what a request for just this start would be refused by now; None when it may be booked. The waits are
    those expected at that gate and before the docks, None where nothing is known.
    """

    slot: int
    starts_at: datetime
    docks: int
    free_docks: int
    gate: str | None
    free_entries: int
    obstacle: Refusal | None
    gate_wait_minutes: float | None = None
    dock_wait_minutes: float | None = None

    @property
    def is_bookable(self) -> bool:
        """Answer whether a request for this start would be granted."""
        return self.obstacle is None


@dataclass(frozen=True, slots=True)
class HourSeen:
    """One hour of one kind of docks, over all warehouses asked for.

    Docks are counted once for each slot they work in. `bookable` is how many visits of one slot a carrier without
    quotas could book in it now; `opens_at` is when the hour's first slot opened, or will.
    """

    dock_kind: DockKind
    starts_at: datetime
    docks: int
    free_docks: int
    free_entries: int
    bookable: int
    opens_at: datetime


async def list_slots(desk: Desk, asked: Question, now: datetime) -> list[SlotSeen]:
    """Return every slot of the day; Misfit when the warehouse is not known or has no such docks."""
    wanted = _wanted(desk.park, asked)
    (counters,) = await CounterView(desk, wanted, now).read([asked.day])
    seen = [_slot_seen(desk.park, wanted, counters, slot, now) for slot in range(desk.park.grid.horizon)]
    seen = _told_closed(desk, wanted, await closures_of(desk.store, asked.day), asked.day, seen)
    waits = await desk.wait_board.find(desk.store, asked.day, now)
    if waits is None:
        return seen
    return [
        replace(
            each,
            gate_wait_minutes=waits.at_gate(each.gate, each.slot),
            dock_wait_minutes=waits.at_dock(wanted.group.id, each.slot),
        )
        for each in seen
    ]


def _told_closed(
    desk: Desk, wanted: Wanted, closures: Sequence[Closure], day: date, seen: list[SlotSeen]
) -> list[SlotSeen]:
    """Return the slots with the docks that are not closed, and why what is closed cannot be had."""
    if not closures:
        return seen
    docks = _docks_open(desk, wanted.warehouse, wanted.group, closed_on(closures, day))
    for each in seen:
        if each.obstacle is not None:
            told_closed(desk.park, wanted, each.obstacle, closures, day, each.slot)
    return [replace(each, docks=left) for each, (_, left) in zip(seen, docks, strict=True)]


@dataclass(slots=True)
class _Kind:
    """Docks of one kind over the warehouses asked for, by slot: those that work, and those that are free."""

    docks: list[int]
    free: list[int]


async def list_hours(
    desk: Desk, day: date, warehouse_id: str | None, dock_kind: DockKind | None, now: datetime
) -> list[HourSeen]:
    """Return every hour of the day for each kind of docks asked for, of one warehouse or of all."""
    park, horizon = desk.park, desk.park.grid.horizon
    groups = _groups(park, warehouse_id, dock_kind)
    entries = await _free_entries(desk, day, now)
    closed = closed_on(await closures_of(desk.store, day), day)
    taken = await desk.store.taken([desk.keys.dock(group.id, day) for _, group in groups])
    kinds: dict[DockKind, _Kind] = {}
    for (warehouse, group), used in zip(groups, taken, strict=True):
        counted = kinds.setdefault(group.kind, _Kind([0] * horizon, [0] * horizon))
        docks = _docks_open(desk, warehouse, group, closed)
        for slot, (limit, left) in enumerate(docks):
            counted.docks[slot] += left
            counted.free[slot] += max(0, limit - used.get(slot_field(slot), 0))
    may_book = [rules.may_book(park, day, slot, now) for slot in range(horizon)]
    bookable = {kind: _bookable(counted.free, entries, may_book) for kind, counted in kinds.items()}
    hours: dict[int, list[int]] = {}
    for slot in range(horizon):
        hours.setdefault(park.hour_of(slot), []).append(slot)
    return [
        HourSeen(
            dock_kind=kind,
            starts_at=park.grid.start_of(day, slots[0]),
            docks=sum(counted.docks[slot] for slot in slots),
            free_docks=sum(counted.free[slot] for slot in slots),
            free_entries=sum(entries[slot] for slot in slots),
            bookable=sum(bookable[kind][slot] for slot in slots),
            opens_at=rules.opens_at(park, day, slots[0]),
        )
        for kind, counted in kinds.items()
        for slots in hours.values()
    ]


def _wanted(park: Park, asked: Question) -> Wanted:
    warehouse = _warehouse(park, asked.warehouse)
    cargo = get_cargo_kind(park, asked.cargo_kind, asked.dock_kind) if asked.cargo_kind is not None else None
    kind = cargo.dock_kind if cargo is not None else asked.dock_kind
    group = warehouse.find_dock_group(kind) if kind is not None else None
    if group is None:
        raise _no_such_docks(warehouse, kind)
    minutes = asked.minutes or (cargo.handling_minutes if cargo is not None else 1)
    carrier = get_carrier(park, asked.carrier) if asked.carrier is not None else NOBODY
    return Wanted(asked.truck or NO_PLATE, carrier, warehouse, group, park.grid.slots_for(minutes))


def _warehouse(park: Park, warehouse_id: str) -> Warehouse:
    warehouse = park.warehouse_by_id.get(warehouse_id)
    if warehouse is None:
        raise Misfit("warehouse", f"{warehouse_id!r} is not a warehouse of this park")
    return warehouse


def _no_such_docks(warehouse: Warehouse, kind: DockKind | None) -> Misfit:
    kinds = ", ".join(group.kind for group in warehouse.dock_groups)
    return Misfit("dock_kind", f"{warehouse.id} has no {kind} docks; it has: {kinds}")


def _slot_seen(park: Park, wanted: Wanted, counters: DayCounters, slot: int, now: datetime) -> SlotSeen:
    docks = int(counters.dock_limits[slot])
    entries = sum(max(0, int(limits[slot] - taken[slot])) for _, taken, limits in counters.gates)
    gate = find_gate(counters, slot)
    if rules.may_book(park, counters.day, slot, now):
        obstacle = find_obstacle(park, wanted, counters, slot)
    else:
        obstacle = never_open(park, wanted, counters.day, slot, now)
    return SlotSeen(
        slot=slot,
        starts_at=park.grid.start_of(counters.day, slot),
        docks=docks,
        free_docks=max(0, docks - int(counters.docks[slot])),
        gate=gate.id if gate is not None else None,
        free_entries=entries,
        obstacle=obstacle,
    )


def _groups(park: Park, warehouse_id: str | None, kind: DockKind | None) -> list[tuple[Warehouse, DockGroup]]:
    warehouses = park.warehouses if warehouse_id is None else (_warehouse(park, warehouse_id),)
    groups = [(each, group) for each in warehouses for group in each.dock_groups if kind in (None, group.kind)]
    if not groups and warehouse_id is not None:
        raise _no_such_docks(warehouses[0], kind)
    return groups


async def _free_entries(desk: Desk, day: date, now: datetime) -> list[int]:
    """Return how many trucks of a carrier without quotas may be booked to start in each slot by the gates."""
    park, keys = desk.park, desk.keys
    pools = [pool_of(park, keys, pool, day, now) for pool in pools_for(park, NOBODY)]
    used = await desk.store.taken([*(keys.gate(gate.id, day) for gate in park.gates), *(pool.key for pool in pools)])
    gates = [
        (desk.capacities.entries(gate).tolist(), taken)
        for gate, taken in zip(park.gates, used[: len(park.gates)], strict=True)
    ]
    free = [
        sum(max(0, limits[slot] - taken.get(slot_field(slot), 0)) for limits, taken in gates)
        for slot in range(park.grid.horizon)
    ]
    for pool, taken in zip(pools, used[len(park.gates) :], strict=True):
        free = [min(left, max(0, pool.left(taken, slot))) for slot, left in enumerate(free)]
    return free


def _docks_open(desk: Desk, warehouse: Warehouse, group: DockGroup, closed: Closed) -> list[tuple[int, int]]:
    """Return for each slot how many docks of the group may be promised, and how many of those are not closed."""
    taken, hour_of = closed.get((Resource.DOCK, group.id), {}), desk.park.hour_of
    limits = [
        desk.allowances.docks(group.id, count, hour_of(slot))
        for slot, count in enumerate(desk.capacities.docks(warehouse, group).tolist())
    ]
    return [(limit, max(0, limit - taken.get(slot, 0))) for slot, limit in enumerate(limits)]


def _bookable(free: Sequence[int], entries: Sequence[int], may_book: Sequence[bool]) -> list[int]:
    return [min(docks, left) if may else 0 for docks, left, may in zip(free, entries, may_book, strict=True)]
