"""Every rule of formulation.md again, without a solver: the specification, the oracle and the last guard.

Nothing here knows how plans are made. One function per labelled row; LABELS lists them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots.instance import PlanFile, SlotInstance


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken row: its label, one line naming the indices, and the indices themselves (-1 where none)."""

    label: str
    text: str
    visit: int = -1
    other: int = -1
    dock_group: int = -1
    carrier: int = -1
    truck: int = -1
    slot: int = -1
    used: int = -1
    limit: int = -1


def violations(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """Return every broken row of a plan, `start` (V,) with -1 for not placed; an empty list means lawful."""
    if start.shape != (instance.visits,):
        return [Violation("S1", f"S1 the plan has {start.size} starts, the instance {instance.visits} visits")]
    return [fault for rule in LABELS.values() for fault in rule(instance, start)]


def cost(instance: SlotInstance, start: IntArray) -> int:
    """Return F1 + F2 of a plan, `start` (V,) with -1 for not placed."""
    return displacement_cost(instance, start) + drop_cost(instance, start)


def displacement_cost(instance: SlotInstance, start: IntArray) -> int:
    """F1: w(v) * (early * slots before the wish + late * slots after it), over the placed visits."""
    moved = start - instance.wish
    each = instance.weight * (instance.early * np.maximum(0, -moved) + instance.late * np.maximum(0, moved))
    return int(each[start >= 0].sum())


def drop_cost(instance: SlotInstance, start: IntArray) -> int:
    """F2: w(v) * drop over the visits that are not placed."""
    return int(instance.weight[start < 0].sum()) * instance.drop


def each_visit_starts_once_in_its_window(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S1: a visit gets one allowed start (earliest <= s <= latest, s + duration <= horizon) or none."""
    outside = (start < instance.earliest) | (start > instance.latest)
    outside |= start + instance.duration > instance.horizon
    faults = []
    for v in np.flatnonzero(outside & (start != -1)).tolist():
        last = min(int(instance.latest[v]), instance.horizon - int(instance.duration[v]))
        allowed = f"{instance.earliest[v]} to {last}" if last >= instance.earliest[v] else "none"
        text = f"S1 visit {v}: starts in slot {start[v]}, allowed is {allowed}"
        faults.append(Violation("S1", text, visit=v, slot=int(start[v])))
    return faults


def no_dock_group_is_over_full(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S2: in every slot a dock group holds at most as many trucks as it has docks."""
    used = dock_use(instance, start)
    return [
        Violation(
            "S2",
            f"S2 dock group {g} slot {t}: {used[g, t]} trucks, {instance.docks[g, t]} docks",
            dock_group=g,
            slot=t,
            used=int(used[g, t]),
            limit=int(instance.docks[g, t]),
        )
        for g, t in np.argwhere(used > instance.docks).tolist()
    ]


def the_gate_is_not_over_full(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S3: in every slot the gate admits at most what its lanes can serve."""
    used = gate_use(instance, start)
    return [
        Violation(
            "S3",
            f"S3 gate slot {t}: {used[t]} trucks, {instance.gate[t]} can be admitted",
            slot=t,
            used=int(used[t]),
            limit=int(instance.gate[t]),
        )
        for t in np.flatnonzero(used > instance.gate).tolist()
    ]


def no_carrier_exceeds_its_quota(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S4: in every slot a carrier with a quota starts at most that many visits."""
    used = carrier_use(instance, start)
    limit = np.where(instance.quota < 0, np.iinfo(np.int64).max, instance.quota)
    return [
        Violation(
            "S4",
            f"S4 carrier {c} slot {t}: {used[c, t]} starts, quota {instance.quota[c]}",
            carrier=c,
            slot=t,
            used=int(used[c, t]),
            limit=int(instance.quota[c]),
        )
        for c, t in np.argwhere(used > limit[:, None]).tolist()
    ]


def no_truck_is_in_two_places(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S5: visits of one truck, each [start, start + duration + turn), do not overlap.

    Sorted by start, some neighbours overlap if any two do; neighbours are what is reported.
    """
    mine = np.flatnonzero((instance.truck >= 0) & (start >= 0))
    mine = mine[np.lexsort((mine, start[mine], instance.truck[mine]))]
    first, second = mine[:-1], mine[1:]
    free = start[first] + instance.duration[first] + instance.turn
    clash = (instance.truck[first] == instance.truck[second]) & (start[second] < free)
    return [
        Violation(
            "S5",
            f"S5 truck {instance.truck[a]}: visit {b} starts in slot {start[b]}, visit {a} keeps it until {until}",
            visit=b,
            other=a,
            truck=int(instance.truck[a]),
            slot=int(start[b]),
        )
        for a, b, until in zip(first[clash].tolist(), second[clash].tolist(), free[clash].tolist(), strict=True)
    ]


def dock_use(instance: SlotInstance, start: IntArray) -> IntArray:
    """Return trucks on the docks, (G, T); starts outside the horizon count nowhere."""
    groups, horizon = instance.docks.shape
    placed = np.flatnonzero((start >= 0) & (start < horizon))
    row = instance.dock_group[placed] * (horizon + 1)
    end = np.minimum(start[placed] + instance.duration[placed], horizon)
    size = groups * (horizon + 1)
    change = np.bincount(row + start[placed], minlength=size) - np.bincount(row + end, minlength=size)
    return change.reshape(groups, horizon + 1).cumsum(axis=1)[:, :horizon]


def gate_use(instance: SlotInstance, start: IntArray) -> IntArray:
    """Return admissions per slot, (T,)."""
    inside = (start >= 0) & (start < instance.horizon)
    return np.bincount(start[inside], minlength=instance.horizon)


def carrier_use(instance: SlotInstance, start: IntArray) -> IntArray:
    """Return starts per carrier and slot, (C, T)."""
    carriers, horizon = len(instance.quota), instance.horizon
    mine = (start >= 0) & (start < horizon) & (instance.carrier >= 0)
    flat = instance.carrier[mine] * horizon + start[mine]
    return np.bincount(flat, minlength=carriers * horizon).reshape(carriers, horizon)


def claims(instance: SlotInstance, file: PlanFile) -> list[str]:
    """Return one line per false claim of a plan file: a cost that is not the plan's, a bound above the
    cost."""
    found = cost(instance, file.plan.start)
    faults = []
    if file.cost is not None and file.cost != found:
        faults.append(f"cost: the file claims {file.cost}, the plan costs {found}")
    if file.bound is not None and file.bound > found:
        faults.append(f"bound: the file claims no plan is below {file.bound}, this one costs {found}")
    return faults


LABELS: Final[dict[str, Callable[[SlotInstance, IntArray], list[Violation]]]] = {
    "S1": each_visit_starts_once_in_its_window,
    "S2": no_dock_group_is_over_full,
    "S3": the_gate_is_not_over_full,
    "S4": no_carrier_exceeds_its_quota,
    "S5": no_truck_is_in_two_places,
}

COSTS: Final[dict[str, Callable[[SlotInstance, IntArray], int]]] = {"F1": displacement_cost, "F2": drop_cost}
