"""Every rule of formulation.md again, without a solver: the specification, the oracle and the last guard.

Nothing here knows how plans are made. One function per labelled row; LABELS lists them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.reading import IntArray
from solver.slots.instance import PlanFile, SlotInstance

UNLIMITED: Final = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Limits:
    """What each slot admits: `docks` (G, T), `gate` (T,), `quota` (C, T), UNLIMITED for a carrier without one."""

    docks: IntArray
    gate: IntArray
    quota: IntArray


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
    """Return F1 + F2 + F3 + F4 of a plan, `start` (V,) with -1 for not placed."""
    return sum(part(instance, start) for part in COSTS.values())


def limits(instance: SlotInstance) -> Limits:
    """Return what the rows S2, S3 and S4 admit: the capacity, or what frozen visits use where that is more."""
    fixed = np.where(instance.frozen == 1, instance.promised, -1)
    quota = np.where(instance.quota < 0, UNLIMITED, instance.quota)
    return Limits(
        docks=np.maximum(instance.docks, dock_use(instance, fixed)),
        gate=np.maximum(instance.gate, gate_use(instance, fixed)),
        quota=np.maximum(quota[:, None], carrier_use(instance, fixed)),
    )


def displacement_cost(instance: SlotInstance, start: IntArray) -> int:
    """F1: w(v) * (early * slots before the wish + late * slots after it), over the placed visits."""
    moved = start - instance.wish
    each = instance.weight * (instance.early * np.maximum(0, -moved) + instance.late * np.maximum(0, moved))
    return int(each[start >= 0].sum())


def drop_cost(instance: SlotInstance, start: IntArray) -> int:
    """F2: w(v) * drop over the visits that are not placed."""
    return int(instance.weight[start < 0].sum()) * instance.drop


def move_cost(instance: SlotInstance, start: IntArray) -> int:
    """F3: w(v) * move over the visits with a promise that do not start there, moved or not placed."""
    if not instance.move:
        return 0
    broken = (instance.promised >= 0) & (start != instance.promised)
    return int(instance.weight[broken].sum()) * instance.move


def unfairness_cost(instance: SlotInstance, start: IntArray) -> int:
    """F4: fairness * slots that a carrier's visits are moved beyond fair_slots each, over the carriers."""
    if not instance.fairness:
        return 0
    return int(slots_beyond(instance, start, instance.fair_slots).sum()) * instance.fairness


def slots_beyond(instance: SlotInstance, start: IntArray, fair_slots: int) -> IntArray:
    """Return the slots (C,) that each carrier's visits are moved beyond `fair_slots` each, 0 where they are not."""
    theirs = instance.carrier >= 0
    beyond = np.zeros(len(instance.quota), dtype=np.int64)
    np.add.at(beyond, instance.carrier[theirs], slots_moved(instance, start)[theirs] - fair_slots)
    return np.maximum(0, beyond)


def slots_moved(instance: SlotInstance, start: IntArray) -> IntArray:
    """Return moved(v), (V,): |start - wish|, and for a visit that is not placed the most any allowed start has.

    So leaving a visit out never makes a plan look fairer. A visit without an allowed start has 0 unplaced.
    """
    last = np.minimum(instance.latest, instance.horizon - instance.duration)
    farthest = np.maximum(np.abs(instance.earliest - instance.wish), np.abs(last - instance.wish))
    farthest[(last < instance.earliest) | (instance.frozen == 1)] = 0
    moved: IntArray = np.where(start >= 0, np.abs(start - instance.wish), farthest)
    return moved


def each_visit_starts_once_in_its_window(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S1: a visit gets one allowed start (earliest <= s <= latest, s + duration <= horizon) or none.

    What a frozen visit may do is the business of S6.
    """
    outside = (start < instance.earliest) | (start > instance.latest)
    outside |= start + instance.duration > instance.horizon
    outside &= instance.frozen == 0
    faults = []
    for v in np.flatnonzero(outside & (start != -1)).tolist():
        last = min(int(instance.latest[v]), instance.horizon - int(instance.duration[v]))
        allowed = f"{instance.earliest[v]} to {last}" if last >= instance.earliest[v] else "none"
        text = f"S1 visit {v}: starts in slot {start[v]}, allowed is {allowed}"
        faults.append(Violation("S1", text, visit=v, slot=int(start[v])))
    return faults


def no_dock_group_is_over_full(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S2: in every slot a dock group holds at most as many trucks as it has docks."""
    used, limit = dock_use(instance, start), limits(instance).docks
    return [
        Violation(
            "S2",
            f"S2 dock group {g} slot {t}: {used[g, t]} trucks, {limit[g, t]} docks",
            dock_group=g,
            slot=t,
            used=int(used[g, t]),
            limit=int(limit[g, t]),
        )
        for g, t in np.argwhere(used > limit).tolist()
    ]


def the_gate_is_not_over_full(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S3: in every slot the gate admits at most what its lanes can serve."""
    used, limit = gate_use(instance, start), limits(instance).gate
    return [
        Violation(
            "S3",
            f"S3 gate slot {t}: {used[t]} trucks, {limit[t]} can be admitted",
            slot=t,
            used=int(used[t]),
            limit=int(limit[t]),
        )
        for t in np.flatnonzero(used > limit).tolist()
    ]


def no_carrier_exceeds_its_quota(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S4: in every slot a carrier with a quota starts at most that many visits."""
    used, limit = carrier_use(instance, start), limits(instance).quota
    return [
        Violation(
            "S4",
            f"S4 carrier {c} slot {t}: {used[c, t]} starts, quota {limit[c, t]}",
            carrier=c,
            slot=t,
            used=int(used[c, t]),
            limit=int(limit[c, t]),
        )
        for c, t in np.argwhere(used > limit).tolist()
    ]


def no_truck_is_in_two_places(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S5: visits of one truck, each [start, start + duration + turn), do not overlap unless both are frozen.

    Reported is, per visit, the earlier one that keeps the truck longest among those it may not overlap. A start
    outside the horizon is the business of S1.
    """
    mine = np.flatnonzero((instance.truck >= 0) & (start >= 0) & (start < instance.horizon))
    mine = mine[np.lexsort((mine, start[mine], instance.truck[mine]))]
    if not len(mine):
        return []
    movable = np.where(instance.frozen[mine] == 1, -1, mine)
    longest = _longest_before(instance, start, mine, mine)
    other = np.where(instance.frozen[mine] == 1, _longest_before(instance, start, mine, movable), longest)
    free = start[other] + instance.duration[other] + instance.turn
    clash = (other >= 0) & (start[mine] < free)
    return [
        Violation(
            "S5",
            f"S5 truck {instance.truck[a]}: visit {b} starts in slot {start[b]}, visit {a} keeps it until {until}",
            visit=b,
            other=a,
            truck=int(instance.truck[a]),
            slot=int(start[b]),
        )
        for a, b, until in zip(other[clash].tolist(), mine[clash].tolist(), free[clash].tolist(), strict=True)
    ]


def _longest_before(instance: SlotInstance, start: IntArray, order: IntArray, counted: IntArray) -> IntArray:
    """Return for each visit of `order` (n,), sorted by truck and start, who before it keeps its truck longest.

    Only visits in `counted` (n,), `order` with -1 in some places, count. -1 where there is none.
    """
    truck = np.unique(instance.truck[order], return_inverse=True)[1]
    until = start[order] + instance.duration[order] + instance.turn
    key = truck * (int(until.max()) + 1) + np.where(counted >= 0, until, 0)
    most = np.maximum.accumulate(key)
    at = np.maximum.accumulate(np.where(key == most, np.arange(len(order)), 0))
    before = np.where(truck[1:] == truck[:-1], counted[at[:-1]], -1)
    return np.concatenate([[-1], before])


def a_frozen_visit_stays_where_it_was_promised(instance: SlotInstance, start: IntArray) -> list[Violation]:
    """S6: a frozen visit starts in its promised slot, whatever its window says; without a promise it stays out."""
    return [
        Violation(
            "S6",
            f"S6 visit {v}: starts in slot {start[v]}, frozen is {instance.promised[v]}",
            visit=v,
            slot=int(start[v]),
        )
        for v in np.flatnonzero((instance.frozen == 1) & (start != instance.promised)).tolist()
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
    "S6": a_frozen_visit_stays_where_it_was_promised,
}

COSTS: Final[dict[str, Callable[[SlotInstance, IntArray], int]]] = {
    "F1": displacement_cost,
    "F2": drop_cost,
    "F3": move_cost,
    "F4": unfairness_cost,
}
