"""The slot problem as frozen arrays, checked at birth, and its two files: the instance and the plan."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from solver.outcome import Outcome
from solver.reading import BadInput, Fields, IntArray, read_json

MAX_HORIZON: Final = 10_080  # a week of minutes
MAX_COUNT: Final = 1_000_000  # docks, lanes, quotas, weights, durations
MAX_PRICE: Final = 1_000_000_000  # early, late, drop, move, fairness
MAX_TRUCK: Final = 2**31 - 1
WORST_COST: Final = 2**52  # the costliest plan of an instance; scaled prices then stay below 2**62

VISIT_FIELDS: Final = ("dock_group", "duration", "wish", "earliest", "latest", "weight", "carrier", "truck")
OPTIONAL_VISIT_FIELDS: Final = {"promised": -1, "frozen": 0}  # what a visit has when the file does not say
OPTIONAL_HEAD_FIELDS: Final = ("move", "fairness", "fair_slots")  # 0 when the file does not say

Numbers = Sequence[int] | IntArray


@dataclass(frozen=True, slots=True)
class SlotInstance:
    """Visits that want a start slot each, and the capacities they share (formulation.md).

    All arrays are int64 and read-only. `docks` (G, T) docks per dock group and slot; `gate` (T,) admissions
    per slot; `quota` (C,) starts per slot and carrier, -1 none; per visit, shape (V,): `dock_group`,
    `duration` in slots, `wish`, `earliest`, `latest` start slots, `weight` >= 1, `carrier` and `truck`, -1
    none, `promised` start slot, -1 none, `frozen` 1 when the promise is already kept and cannot change, else
    0. `turn` and the prices `early`, `late`, `drop`, `move`, `fairness` with `fair_slots` as in
    formulation.md. Raises BadInput at birth when a number is outside what the file format allows. A visit
    longer than the room its window leaves (`earliest + duration > horizon`) is lawful input: it has no
    allowed start and is never placed. An empty window (`earliest > latest`) is a mistake and refused, and so
    is a frozen visit whose promise does not end within the horizon.
    """

    slot_minutes: int
    horizon: int
    docks: IntArray
    gate: IntArray
    quota: IntArray
    turn: int
    early: int
    late: int
    drop: int
    dock_group: IntArray
    duration: IntArray
    wish: IntArray
    earliest: IntArray
    latest: IntArray
    weight: IntArray
    carrier: IntArray
    truck: IntArray
    promised: IntArray
    frozen: IntArray
    move: int
    fairness: int
    fair_slots: int

    def __post_init__(self) -> None:
        for name in ("docks", "gate", "quota", *VISIT_FIELDS, *OPTIONAL_VISIT_FIELDS):
            object.__setattr__(self, name, _read_only(name, getattr(self, name)))
        _check(self)

    @property
    def visits(self) -> int:
        """Return the number of visits, V."""
        return len(self.dock_group)

    @classmethod
    def build(
        cls,
        *,
        docks: Sequence[Sequence[int]] | IntArray,
        gate: Numbers,
        quota: Numbers,
        visits: Mapping[str, Numbers],
        source: str = "slot instance",
        **head: int,
    ) -> "SlotInstance":
        """Return an instance from anything array-like; `head` is slot_minutes, horizon, turn, early, late,
        drop.

        What is optional in the file (`promised`, `frozen`, `move`, `fairness`, `fair_slots`) is optional
        here. Raises BadInput that names `source`, the field and its index.
        """
        count = len(visits["dock_group"])
        visits = {name: np.full(count, value) for name, value in OPTIONAL_VISIT_FIELDS.items()} | dict(visits)
        head = dict.fromkeys(OPTIONAL_HEAD_FIELDS, 0) | head
        try:
            return cls(docks=docks, gate=gate, quota=quota, **head, **visits)  # type: ignore[arg-type]  # made arrays at birth
        except BadInput as fault:
            raise BadInput(source, fault.where, fault.problem) from None


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """A start slot per visit: `start` (V,) int64, -1 for a visit that is not placed."""

    start: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _read_only("start", self.start))


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file says: the starts, and the cost and bound it claims for them (None when it claims
    none)."""

    plan: SlotPlan
    cost: int | None
    bound: int | None


def load(path: Path) -> SlotInstance:
    """Return the instance in a JSON file of the format in formulation.md; BadInput when it cannot be used."""
    source = str(path)
    fields = Fields(source, read_json(path))
    head = {
        name: fields.integer(name, low, high)
        for name, (low, high) in _HEAD_RANGES.items()
        if name not in OPTIONAL_HEAD_FIELDS or fields.has(name)
    }
    horizon = head["horizon"]
    docks = fields.matrix("docks", 0, MAX_COUNT, rows=None, columns=horizon)
    gate = fields.integers("gate", 0, MAX_COUNT, length=horizon)
    quota = fields.integers("quota", -1, MAX_COUNT)
    visits = _read_visits(fields.object("visits"), horizon, len(docks), len(quota))
    fields.done()
    return SlotInstance.build(docks=docks, gate=gate, quota=quota, visits=visits, source=source, **head)


def save(instance: SlotInstance, path: Path) -> None:
    """Write the instance as JSON, whole or not at all; the same instance gives the same bytes.

    Optional fields that say nothing are left out.
    """
    document: dict[str, Any] = {"slot_minutes": instance.slot_minutes, "horizon": instance.horizon}
    document |= {name: getattr(instance, name).tolist() for name in ("docks", "gate", "quota")}
    document |= {name: getattr(instance, name) for name in ("turn", "early", "late", "drop")}
    document |= {name: getattr(instance, name) for name in OPTIONAL_HEAD_FIELDS if getattr(instance, name)}
    said = [name for name, value in OPTIONAL_VISIT_FIELDS.items() if (getattr(instance, name) != value).any()]
    document["visits"] = {name: getattr(instance, name).tolist() for name in (*VISIT_FIELDS, *said)}
    _write(path, orjson.dumps(document) + b"\n")


def load_plan(path: Path, instance: SlotInstance) -> PlanFile:
    """Return the plan in a JSON file; BadInput when it is not a plan for `instance`'s visits.

    Only the shape is checked here: whether the starts are lawful is check.violations' question. A start may
    be any slot of the horizon or -1.
    """
    fields = Fields(str(path), read_json(path))
    start = fields.integers("start", -1, instance.horizon - 1, length=instance.visits)
    cost = fields.integer("cost", 0, 2 * WORST_COST) if fields.has("cost") else None
    bound = fields.integer("bound", -2 * WORST_COST, 2 * WORST_COST) if fields.has("bound") else None
    fields.ignore("gap", "wall_seconds", "status", "bound_from", "progress")
    fields.done()
    return PlanFile(SlotPlan(start), cost, bound)


def save_plan(outcome: Outcome[SlotPlan], path: Path) -> None:
    """Write a plan with its cost and proof as JSON, whole or not at all."""
    document = {
        "start": outcome.plan.start.tolist(),
        "cost": outcome.cost,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "wall_seconds": outcome.wall_seconds,
        "status": outcome.status.value,
        "bound_from": outcome.bound_from,
    }
    _write(path, orjson.dumps(document) + b"\n")


_HEAD_RANGES: Final = {
    "slot_minutes": (1, 1_440),
    "horizon": (1, MAX_HORIZON),
    "turn": (0, MAX_HORIZON),
    "early": (0, MAX_PRICE),
    "late": (0, MAX_PRICE),
    "drop": (0, MAX_PRICE),
    "move": (0, MAX_PRICE),
    "fairness": (0, MAX_PRICE),
    "fair_slots": (0, MAX_HORIZON),
}


def _visit_ranges(horizon: int, groups: int, carriers: int) -> dict[str, tuple[int, int]]:
    slot = (0, horizon - 1)
    return {
        "dock_group": (0, groups - 1),
        "duration": (1, MAX_COUNT),
        "wish": slot,
        "earliest": slot,
        "latest": slot,
        "weight": (1, MAX_COUNT),
        "carrier": (-1, carriers - 1),
        "truck": (-1, MAX_TRUCK),
        "promised": (-1, horizon - 1),
        "frozen": (0, 1),
    }


def _read_visits(fields: Fields, horizon: int, groups: int, carriers: int) -> dict[str, Numbers]:
    ranges = _visit_ranges(horizon, groups, carriers)
    first = fields.any("dock_group")
    length = len(first) if isinstance(first, list) else None
    named = [*VISIT_FIELDS, *(name for name in OPTIONAL_VISIT_FIELDS if fields.has(name))]
    visits: dict[str, Numbers] = {name: fields.integers(name, *ranges[name], length=length) for name in named}
    fields.done()
    return visits


def _check(instance: SlotInstance) -> None:
    for name, (low, high) in _HEAD_RANGES.items():
        value = getattr(instance, name)
        if type(value) is not int or not low <= value <= high:
            raise BadInput("slot instance", name, f"is {value!r}, must be a whole number from {low} to {high}")
    _check_shape(instance)
    for name in ("docks", "gate"):
        _check_range(name, getattr(instance, name), 0, MAX_COUNT)
    _check_range("quota", instance.quota, -1, MAX_COUNT)
    ranges = _visit_ranges(instance.horizon, len(instance.docks), len(instance.quota))
    for name, (low, high) in ranges.items():
        _check_range(f"visits.{name}", getattr(instance, name), low, high)
    _check_windows(instance)
    _check_frozen(instance)
    _check_worst_cost(instance)


def _check_shape(instance: SlotInstance) -> None:
    shapes: dict[str, tuple[int, ...]] = {"gate": (instance.horizon,), "quota": (instance.quota.size,)}
    shapes |= dict.fromkeys((*VISIT_FIELDS, *OPTIONAL_VISIT_FIELDS), (instance.visits,))
    shapes["docks"] = (len(instance.docks), instance.horizon)
    for name, shape in shapes.items():
        found = getattr(instance, name).shape
        if found != shape:
            raise BadInput("slot instance", name, f"has shape {found}, must have {shape}")


def _check_range(name: str, values: IntArray, low: int, high: int) -> None:
    bad = np.argwhere((values < low) | (values > high))
    if len(bad):
        at = "".join(f"[{i}]" for i in bad[0])
        raise BadInput("slot instance", f"{name}{at}", f"is {values[tuple(bad[0])]}, must be from {low} to {high}")


def _check_windows(instance: SlotInstance) -> None:
    empty = np.flatnonzero(instance.earliest > instance.latest)
    if len(empty):
        v = int(empty[0])
        earliest, latest = instance.earliest[v], instance.latest[v]
        problem = f"is {latest}, before visits.earliest[{v}] = {earliest}: an empty window"
        raise BadInput("slot instance", f"visits.latest[{v}]", problem)


def _check_frozen(instance: SlotInstance) -> None:
    beyond = (instance.frozen == 1) & (instance.promised + instance.duration > instance.horizon)
    too_late = np.flatnonzero(beyond & (instance.promised >= 0))
    if len(too_late):
        v = int(too_late[0])
        problem = f"is {instance.promised[v]} for a frozen visit of {instance.duration[v]} slots, which would end "
        problem += f"after the last of {instance.horizon}"
        raise BadInput("slot instance", f"visits.promised[{v}]", problem)


def _check_worst_cost(instance: SlotInstance) -> None:
    each = max(instance.drop, instance.early * instance.horizon, instance.late * instance.horizon)
    worst = int(instance.weight.sum()) * each
    worst += int(instance.weight[instance.promised >= 0].sum()) * instance.move
    worst += int((instance.carrier >= 0).sum()) * instance.horizon * instance.fairness
    if worst >= WORST_COST:
        problem = f"with the prices as given a plan could cost {worst}; the limit is {WORST_COST - 1}"
        raise BadInput("slot instance", "visits.weight", problem)


def _read_only(name: str, values: Numbers) -> IntArray:
    try:
        array = np.array(values, dtype=np.int64) if len(values) else np.zeros(_empty_shape(values), np.int64)
    except (TypeError, ValueError, OverflowError):
        raise BadInput("slot instance", name, "must be whole numbers of 64 bits") from None
    array.flags.writeable = False
    return array


def _empty_shape(values: Numbers) -> tuple[int, ...]:
    return values.shape if isinstance(values, np.ndarray) else (0,)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
