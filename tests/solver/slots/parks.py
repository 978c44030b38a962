"""Tiny parks for tests, and the whole model as one mixed-integer program, written apart from the method."""

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from solver.slots.instance import SlotInstance

ONE_VISIT = {
    "dock_group": 0,
    "duration": 1,
    "wish": 1,
    "earliest": 0,
    "latest": 3,
    "weight": 1,
    "carrier": -1,
    "truck": -1,
}


def park(visits: list[dict[str, int]], **changes: Any) -> SlotInstance:
    """Return a park of 4 slots with one roomy dock group; `visits` say how they differ from ONE_VISIT."""
    horizon = changes.pop("horizon", 4)
    head: dict[str, Any] = {
        "slot_minutes": 15,
        "horizon": horizon,
        "docks": [[9] * horizon],
        "gate": [9] * horizon,
        "quota": [],
        "turn": 1,
        "early": 1,
        "late": 1,
        "drop": 100,
    } | changes
    rows = [ONE_VISIT | visit for visit in visits]
    return SlotInstance.build(visits={name: [row[name] for row in rows] for name in ONE_VISIT}, **head)


def optimum(instance: SlotInstance) -> int:
    """Return the least cost of a lawful plan: every row of formulation.md, S5 as pairs, solved by HiGHS."""
    columns = [
        (v, s)
        for v in range(instance.visits)
        for s in range(instance.earliest[v], min(instance.latest[v], instance.horizon - instance.duration[v]) + 1)
    ]
    dropped = int(instance.weight.sum()) * instance.drop
    if not columns:
        return dropped
    rows, limits = _rows(instance, columns)
    gain = [_cost(instance, v, s) - int(instance.weight[v]) * instance.drop for v, s in columns]
    result = milp(
        gain,
        integrality=np.ones(len(columns)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(np.array(rows), -np.inf, limits),
        options={"mip_rel_gap": 0.0},
    )
    return round(result.fun) + dropped


def _cost(instance: SlotInstance, v: int, s: int) -> int:
    moved = s - int(instance.wish[v])
    return int(instance.weight[v]) * (instance.late * moved if moved > 0 else -instance.early * moved)


def _rows(instance: SlotInstance, columns: list[tuple[int, int]]) -> tuple[list[list[bool]], list[int]]:
    i = instance
    rows, limits = [[v == w for v, _ in columns] for w in range(i.visits)], [1] * i.visits
    for t in range(i.horizon):
        rows.append([s == t for _, s in columns])
        limits.append(int(i.gate[t]))
        for g in range(len(i.docks)):
            rows.append([i.dock_group[v] == g and s <= t < s + i.duration[v] for v, s in columns])
            limits.append(int(i.docks[g, t]))
        for c in np.flatnonzero(i.quota >= 0):
            rows.append([i.carrier[v] == c and s == t for v, s in columns])
            limits.append(int(i.quota[c]))
    for a, (v, s) in enumerate(columns):
        for b, (w, r) in enumerate(columns[:a]):
            if v != w and i.truck[v] == i.truck[w] >= 0 and _overlap(i, v, s, w, r):
                rows.append([j in (a, b) for j in range(len(columns))])
                limits.append(1)
    return rows, limits


def _overlap(i: SlotInstance, v: int, s: int, w: int, r: int) -> bool:
    return bool(s < r + i.duration[w] + i.turn and r < s + i.duration[v] + i.turn)
