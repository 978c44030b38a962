"""Closures and outages of what is already open for booking: docks, gate lanes, a warehouse, the whole park. Pure.

A closure takes the counters of what it closes, as bookings do: so in the moment it is made nobody can book what is
closed, and where more is booked than is left, the counter stands above its limit until the visits have been moved.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from dispatch.model.faults import FieldFault, check_id
from dispatch.model.park import FORBID_UNKNOWN, DockGroup, Gate, Park, Warehouse

LONGEST = timedelta(days=14)


class ClosureKind(StrEnum):
    """What is closed."""

    DOCK_GROUP = "dock_group"
    GATE = "gate"
    WAREHOUSE = "warehouse"
    PARK = "park"  # a holiday


class ClosureState(StrEnum):
    """Where a closure is in its life."""

    IN_FORCE = "in_force"
    CANCELLED = "cancelled"


CLOSURE_LIFE: dict[tuple[ClosureState, str], ClosureState] = {
    (ClosureState.IN_FORCE, "cancel"): ClosureState.CANCELLED,
}


class Resource(StrEnum):
    """The kind of counter that a closure takes."""

    DOCK = "dock"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Block:
    """What is closed of a dock group or gate on a day: `amounts` docks or entries in each slot from `slot` on."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    resource: Resource
    id: str
    day: date
    slot: int
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """What is closed, from when to when, and why; `closed` docks or lanes, None is all. `blocks` is what it takes.

    `target` is the id of the dock group, gate or warehouse; "" for the park. `job` plans the visits again.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    kind: ClosureKind
    target: str
    begins: datetime
    ends: datetime
    reason: str
    made_at: datetime
    job: str
    closed: int | None = None
    state: ClosureState = ClosureState.IN_FORCE
    blocks: tuple[Block, ...] = ()
    cancelled_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.target:
            check_id("target", self.target)
        if not self.begins < self.ends:
            raise FieldFault("ends", f"{self.ends.isoformat()} must be after begins {self.begins.isoformat()}")
        if self.ends - self.begins > LONGEST:
            raise FieldFault("ends", f"must be within {LONGEST.days} days of begins")


def check_target(park: Park, closure: Closure) -> None:
    """Raise FieldFault for the field that does not fit the park."""
    known = {
        ClosureKind.DOCK_GROUP: {group.id for _, group in _all_groups(park)},
        ClosureKind.GATE: set(park.gate_by_id),
        ClosureKind.WAREHOUSE: set(park.warehouse_by_id),
        ClosureKind.PARK: {""},
    }[closure.kind]
    if closure.target not in known:
        raise FieldFault("target", f"{closure.target!r} is not a {closure.kind} of this park")
    if closure.closed is not None and closure.kind in (ClosureKind.WAREHOUSE, ClosureKind.PARK):
        raise FieldFault("closed", f"a {closure.kind} is closed whole; leave it out")


def days_of(closure: Closure) -> list[date]:
    """Return the days on which it closes anything."""
    return sorted({block.day for block in closure.blocks})


def blocks_of(park: Park, closure: Closure) -> tuple[Block, ...]:
    """Return what the closure closes, slot by slot; a slot that it only touches is closed too.

    The park is closed by its gates, and for who would still be on a dock by the docks of the first slot: a visit that
    begins before and reaches into it holds a dock then.
    """
    return tuple(
        block for day, first, end in _spans(park, closure) for block in _blocks(park, closure, day, first, end)
    )


def as_it_was(park: Park, closure: Closure) -> Closure:
    """Return a closure as what it did close: one that was cancelled has closed the slots that had begun by then."""
    if closure.state is ClosureState.IN_FORCE:
        return closure
    until = closure.cancelled_at or closure.begins
    blocks = tuple(replace(block, amounts=_begun(park, block, until)) for block in closure.blocks)
    return replace(closure, state=ClosureState.IN_FORCE, blocks=blocks)


def _begun(park: Park, block: Block, until: datetime) -> tuple[int, ...]:
    slots = enumerate(block.amounts, start=block.slot)
    return tuple(amount for slot, amount in slots if park.grid.start_of(block.day, slot) < until)


def closed_on(closures: Iterable[Closure], day: date) -> dict[tuple[Resource, str], Counter[int]]:
    """Return how many docks or entries closures in force take of each group and gate on a day, by slot."""
    closed: dict[tuple[Resource, str], Counter[int]] = {}
    for block in _blocks_in_force(closures, day):
        taken = closed.setdefault((block.resource, block.id), Counter())
        for i, amount in enumerate(block.amounts):
            taken[block.slot + i] += amount
    return closed


def find_closing(closures: Iterable[Closure], place: tuple[Resource, str], day: date, slots: range) -> Closure | None:
    """Return a closure in force that takes anything of a group or gate in any of the slots, or None."""
    for closure in closures:
        taken = closed_on((closure,), day).get(place)
        if taken is not None and any(taken[slot] for slot in slots):
            return closure
    return None


def _blocks_in_force(closures: Iterable[Closure], day: date) -> Iterator[Block]:
    in_force = (closure for closure in closures if closure.state is ClosureState.IN_FORCE)
    return (block for closure in in_force for block in closure.blocks if block.day == day)


def _spans(park: Park, closure: Closure) -> Iterator[tuple[date, int, int]]:
    """Yield the days with the slots [first, end) that are closed."""
    grid = park.grid
    day = grid.day_of(closure.begins)
    while grid.start_of(day, 0) < closure.ends:
        first = max(0, grid.slot_of(closure.begins, day))
        last = min(grid.horizon - 1, grid.slot_of(closure.ends - timedelta(seconds=1), day))
        if first <= last:
            yield day, first, last + 1
        day += timedelta(days=1)


def _blocks(park: Park, closure: Closure, day: date, first: int, end: int) -> Iterator[Block]:
    slots = range(first, end)
    match closure.kind:
        case ClosureKind.GATE:
            yield from _gate_block(park, park.gate_by_id[closure.target], closure.closed, day, slots)
        case ClosureKind.DOCK_GROUP:
            for warehouse, group in _all_groups(park):
                if group.id == closure.target:
                    yield from _dock_block(park, warehouse, group, closure.closed, day, slots)
        case ClosureKind.WAREHOUSE:
            warehouse = park.warehouse_by_id[closure.target]
            for group in warehouse.dock_groups:
                yield from _dock_block(park, warehouse, group, None, day, slots)
        case ClosureKind.PARK:
            for gate in park.gates:
                yield from _gate_block(park, gate, None, day, slots)
            for warehouse, group in _all_groups(park):
                yield from _dock_block(park, warehouse, group, None, day, range(first, first + 1))


def _gate_block(park: Park, gate: Gate, lanes: int | None, day: date, slots: range) -> Iterator[Block]:
    left = 0 if lanes is None else max(0, gate.entry_lanes - lanes)
    narrowed, minutes = replace(gate, entry_lanes=left), park.grid.slot_minutes
    amounts = tuple(park.entries_at(gate, slot) - narrowed.entries_at(slot * minutes, minutes) for slot in slots)
    yield from _block(Resource.GATE, gate.id, day, slots, amounts)


def _dock_block(
    park: Park, warehouse: Warehouse, group: DockGroup, docks: int | None, day: date, slots: range
) -> Iterator[Block]:
    """Yield the docks closed. All of a group are taken twice over, so that none is promised beyond those there are."""
    working = [park.docks_at(warehouse, group, slot) for slot in slots]
    amounts = tuple(2 * there if docks is None or docks >= there else docks for there in working)
    yield from _block(Resource.DOCK, group.id, day, slots, amounts)


def _block(resource: Resource, identity: str, day: date, slots: range, amounts: tuple[int, ...]) -> Iterator[Block]:
    if any(amounts):
        yield Block(resource, identity, day, slots.start, amounts)


def _all_groups(park: Park) -> Iterator[tuple[Warehouse, DockGroup]]:
    return ((warehouse, group) for warehouse in park.warehouses for group in warehouse.dock_groups)
