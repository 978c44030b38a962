"""Tiny parks for tests, and the whole model as one mixed-integer program, written apart from the method."""

from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from solver.reading import IntArray
from solver.slots import check
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
    "promised": -1,
    "frozen": 0,
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


def drawn_park(rng: np.random.Generator, visits: int, *, horizon: int = 4, **changes: Any) -> SlotInstance:
    """Return a small crowded park with everything in it: promises, frozen visits, quotas, trucks, fairness."""
    rows = []
    for _ in range(visits):
        earliest, latest = np.sort(rng.integers(0, horizon, 2)).tolist()
        duration, promised = int(rng.integers(1, 3)), int(rng.integers(-1, horizon))
        visit = {"wish": int(rng.integers(0, horizon)), "earliest": earliest, "latest": latest, "duration": duration}
        visit |= {"dock_group": int(rng.integers(0, 2)), "weight": int(rng.integers(1, 4)), "promised": promised}
        visit |= {"carrier": int(rng.integers(-1, 2)), "truck": int(rng.integers(-1, 2))}
        rows.append(visit | {"frozen": int(rng.random() < 0.25 and promised + duration <= horizon)})
    head: dict[str, Any] = {
        "docks": rng.integers(0, 3, (2, horizon)).tolist(),
        "gate": rng.integers(0, 3, horizon).tolist(),
        "quota": rng.integers(-1, 2, 2).tolist(),
        "turn": int(rng.integers(0, 2)),
        "early": int(rng.integers(0, 3)),
        "late": int(rng.integers(0, 3)),
        "drop": int(rng.choice([1, 5, 20])),
        "move": int(rng.integers(0, 4)),
        "fairness": int(rng.integers(0, 3)),
        "fair_slots": int(rng.integers(0, 2)),
    }
    return park(rows, horizon=horizon, **(head | changes))


def enumerated(instance: SlotInstance) -> list[IntArray]:
    """Return every lawful plan: all choices there are, as far as the checker accepts them."""
    choices = product(range(-1, instance.horizon), repeat=instance.visits)
    plans = (np.array(plan, dtype=np.int64) for plan in choices)
    return [plan for plan in plans if not check.violations(instance, plan)]


def optimum(instance: SlotInstance, given: dict[int, int] | None = None) -> int | None:
    """Return the least cost of a lawful plan: every row of formulation.md, S5 as pairs, solved by HiGHS.

    `given` visits start in given slots; None when no lawful plan has them there.
    """
    i = instance
    columns = [(v, s) for v in range(i.visits) for s in starts_of(i, v)]
    unplaced = sum(_cost(i, v, -1) for v in range(i.visits))
    unfair = _rows_of_fairness(i, columns)
    if not columns:
        return unplaced + sum(i.fairness * max(0, -limit) for _, limit in unfair)
    rows, limits = _rows(i, columns)
    slack = np.zeros((len(rows), len(unfair)))
    if unfair:
        rows += [row for row, _ in unfair]
        limits += [limit for _, limit in unfair]
        slack = np.vstack([slack, -np.eye(len(unfair))])
    gain = [_cost(i, v, s) - _cost(i, v, -1) for v, s in columns] + [i.fairness] * len(unfair)
    fixed = [int(i.frozen[v] or (given or {}).get(v) == s) for v, s in columns] + [0] * len(unfair)
    result = milp(
        gain,
        integrality=np.array([1] * len(columns) + [0] * len(unfair)),
        bounds=Bounds(fixed, [1] * len(columns) + [np.inf] * len(unfair)),
        constraints=LinearConstraint(np.hstack([np.array(rows, dtype=float), slack]), -np.inf, limits),
        options={"mip_rel_gap": 0.0},
    )
    return None if result.fun is None else round(result.fun) + unplaced


def starts_of(instance: SlotInstance, v: int) -> list[int]:
    """Return the allowed starts of a visit."""
    if instance.frozen[v]:
        return [int(s) for s in [instance.promised[v]] if s >= 0]
    last = min(int(instance.latest[v]), instance.horizon - int(instance.duration[v]))
    return list(range(int(instance.earliest[v]), last + 1))


def _cost(instance: SlotInstance, v: int, s: int) -> int:
    moved = s - int(instance.wish[v])
    each = instance.drop if s < 0 else instance.late * moved if moved > 0 else -instance.early * moved
    if instance.promised[v] >= 0 and s != instance.promised[v]:
        each += instance.move
    return int(instance.weight[v]) * each


def _rows_of_fairness(instance: SlotInstance, columns: list[tuple[int, int]]) -> list[tuple[list[float], int]]:
    """Return per carrier the row `moved by the columns - what is paid for <= limit`."""
    i = instance
    moved = {(v, s): abs(s - int(i.wish[v])) for v, s in columns}
    far = [max((moved[v, s] for s in starts_of(i, v)), default=0) * (1 - int(i.frozen[v])) for v in range(i.visits)]
    return [
        (
            [float(moved[v, s] - far[v]) * bool(i.carrier[v] == c) for v, s in columns],
            sum(i.fair_slots - far[v] for v in range(i.visits) if i.carrier[v] == c),
        )
        for c in range(len(i.quota) if i.fairness else 0)
    ]


def _rows(instance: SlotInstance, columns: list[tuple[int, int]]) -> tuple[list[list[bool]], list[int]]:
    i = instance
    rows, limits = [[v == w for v, _ in columns] for w in range(i.visits)], [1] * i.visits
    capacities = []
    for t in range(i.horizon):
        capacities.append(([s == t for _, s in columns], int(i.gate[t])))
        for g in range(len(i.docks)):
            stands = [bool(i.dock_group[v] == g and s <= t < s + i.duration[v]) for v, s in columns]
            capacities.append((stands, int(i.docks[g, t])))
        capacities += [
            ([bool(i.carrier[v] == c and s == t) for v, s in columns], int(i.quota[c]))
            for c in np.flatnonzero(i.quota >= 0)
        ]
    frozen = np.array([i.frozen[v] for v, _ in columns])
    rows += [row for row, _ in capacities]
    limits += [max(limit, int(np.array(row) @ frozen)) for row, limit in capacities]
    for a, (v, s) in enumerate(columns):
        for b, (w, r) in enumerate(columns[:a]):
            excused = i.frozen[v] and i.frozen[w]
            if v != w and i.truck[v] == i.truck[w] >= 0 and not excused and _overlap(i, v, s, w, r):
                rows.append([j in (a, b) for j in range(len(columns))])
                limits.append(1)
    return rows, limits


def _overlap(i: SlotInstance, v: int, s: int, w: int, r: int) -> bool:
    return bool(s < r + i.duration[w] + i.turn and r < s + i.duration[v] + i.turn)
