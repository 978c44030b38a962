"""Every capacity of a day by name: which row it is, what it admits, and what a start uses of it.

Row layout of every vector of shape (R,) here:

    slot t of the gate             t
    slot t of dock group g         (1 + g) * T + t
    slot t of carrier c            (1 + G + c) * T + t
    slot t of truck k              (1 + G + C + k) * T + t, k the rank of its number among the trucks there are

A truck's row t is used by a visit that is on the dock or turns in slot t, and admits one.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from solver.reading import IntArray
from solver.slots import check
from solver.slots.instance import SlotInstance


class Kind(StrEnum):
    """What a capacity is a capacity of."""

    GATE = "gate"
    DOCKS = "dock group"
    QUOTA = "carrier"
    TRUCK = "truck"


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """One capacity: a gate, dock group, carrier or truck by its number (the gate has -1) in one slot.

    Slot -1 stands for the whole day, every slot of it.
    """

    kind: Kind
    index: int
    slot: int

    def __str__(self) -> str:
        named = str(self.kind) if self.kind is Kind.GATE else f"{self.kind} {self.index}"
        return f"{named} all day" if self.slot < 0 else f"{named} slot {self.slot}"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a day: their `capacity` (R,), and what frozen visits use of them, `fixed` (R,).

    `trucks` are the truck numbers there are, `truck` (V,) each visit's rank among them, -1 none.
    """

    horizon: int
    groups: int
    carriers: int
    trucks: IntArray
    truck: IntArray
    capacity: IntArray
    fixed: IntArray

    def is_capacity(self, row: int) -> bool:
        """Answer whether the row is a capacity of the park: one can be added to it, which one truck cannot be."""
        return row < (1 + self.groups + self.carriers) * self.horizon

    @property
    def limit(self) -> IntArray:
        """Return what each row admits, (R,): its capacity, or what frozen visits use where that is more."""
        return np.maximum(self.capacity, self.fixed)

    def limit_with(self, resource: Resource) -> IntArray:
        """Return what each row admits, (R,), when one more of a capacity of the park is there."""
        more = self.capacity.copy()
        more[self.rows(resource)] += 1
        return np.maximum(more, self.fixed)

    def resource(self, row: int) -> Resource:
        """Return the capacity that a row is."""
        block, slot = divmod(row, self.horizon)
        if block == 0:
            return Resource(Kind.GATE, -1, slot)
        if block <= self.groups:
            return Resource(Kind.DOCKS, block - 1, slot)
        if block <= self.groups + self.carriers:
            return Resource(Kind.QUOTA, block - 1 - self.groups, slot)
        return Resource(Kind.TRUCK, int(self.trucks[block - 1 - self.groups - self.carriers]), slot)

    def rows(self, resource: Resource) -> list[int]:
        """Return the rows that a capacity of the park is: one, or one per slot when it is for the whole day."""
        before = {Kind.GATE: 1, Kind.DOCKS: 1, Kind.QUOTA: 1 + self.groups}
        first = (before[resource.kind] + resource.index) * self.horizon
        return list(range(first, first + self.horizon)) if resource.slot < 0 else [first + resource.slot]


@dataclass(frozen=True, slots=True)
class Entries:
    """What some starts use: `row` (m,) is used by the start at `position` (m,) of those that were asked for."""

    row: IntArray
    position: IntArray


def rows_of(instance: SlotInstance) -> Rows:
    """Return the rows of a day; a carrier without a quota has rows that are UNLIMITED."""
    quota = np.where(instance.quota < 0, check.UNLIMITED, instance.quota)
    known = instance.truck >= 0
    trucks, rank = np.unique(instance.truck[known], return_inverse=True)
    truck = np.full(instance.visits, -1)
    truck[known] = rank
    capacity = [instance.gate, instance.docks.ravel(), np.repeat(quota, instance.horizon)]
    capacity.append(np.ones(len(trucks) * instance.horizon, dtype=np.int64))
    rows = Rows(
        horizon=instance.horizon,
        groups=len(instance.docks),
        carriers=len(instance.quota),
        trucks=trucks,
        truck=truck,
        capacity=np.concatenate(capacity),
        fixed=np.zeros(0, dtype=np.int64),
    )
    return replace(rows, fixed=used(instance, rows, np.where(instance.frozen == 1, instance.promised, -1)))


def enlarged(instance: SlotInstance, resource: Resource) -> SlotInstance:
    """Return the day with one more of a capacity of the park; a carrier's quota is for the whole day only."""
    slots = slice(None) if resource.slot < 0 else resource.slot
    match resource.kind:
        case Kind.GATE:
            gate = instance.gate.copy()
            gate[slots] += 1
            return replace(instance, gate=gate)
        case Kind.DOCKS:
            docks = instance.docks.copy()
            docks[resource.index, slots] += 1
            return replace(instance, docks=docks)
        case Kind.QUOTA if resource.slot < 0:
            quota = instance.quota.copy()
            quota[resource.index] += 1
            return replace(instance, quota=quota)
    raise ValueError(f"nothing can be added to {resource}")


def used(instance: SlotInstance, rows: Rows, start: IntArray) -> IntArray:
    """Return what a plan, `start` (V,) with -1 for not placed, uses of every row, (R,)."""
    placed = np.flatnonzero(start >= 0)
    return np.bincount(entries(instance, rows, placed, start[placed]).row, minlength=len(rows.capacity))


def entries(instance: SlotInstance, rows: Rows, visit: IntArray, start: IntArray) -> Entries:
    """Return what each start (n,) of a visit (n,), lawful by itself, uses."""
    horizon = rows.horizon
    position = np.arange(len(visit))
    theirs = position[instance.carrier[visit] >= 0]
    known = position[rows.truck[visit] >= 0]
    docks = (1 + instance.dock_group[visit]) * horizon + start
    quota = (1 + rows.groups + instance.carrier[visit[theirs]]) * horizon + start[theirs]
    truck = (1 + rows.groups + rows.carriers + rows.truck[visit[known]]) * horizon + start[known]
    held = np.minimum(instance.duration[visit[known]] + instance.turn, horizon - start[known])
    docked = _runs(position, docks, instance.duration[visit])
    driven = _runs(known, truck, held)
    return Entries(
        row=np.concatenate([start, docked.row, quota, driven.row]),
        position=np.concatenate([position, docked.position, theirs, driven.position]),
    )


def _runs(position: IntArray, first: IntArray, length: IntArray) -> Entries:
    """Return for each position the rows first, first + 1, ..., `length` of them."""
    offset = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    return Entries(np.repeat(first, length) + offset, np.repeat(position, length))
