"""The return-load problem as frozen arrays, checked at birth, and its file (formulation.md)."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from solver.reading import BadInput, Fields, IntArray, read_json

MAX_TIME: Final = 10_000_000  # minutes from midnight, either way: about nineteen years
MAX_MINUTES: Final = 1_000_000  # one leg, or one service
MAX_KM: Final = 1_000_000
MAX_PRICE: Final = 1_000_000  # per kilometre, per minute
MAX_SUM: Final = 1_000_000_000_000  # per truck, per unserved load
WORST_COST: Final = 2**62  # no plan of an instance may cost more
SOURCE: Final = "matching instance"
NO_CARRIER: Final = -1


def _not_told() -> IntArray:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices of F1 (per empty kilometre), F2 (per minute stood between loads) and F3 (per truck used)."""

    per_empty_km: int
    per_wait_minute: int
    per_truck: int


@dataclass(frozen=True, slots=True)
class Trucks:
    """Per truck, shape (K,): kind, where and when it is free, where its home is and when it must be there.

    `carrier` is a number of one's own choice, NO_CARRIER where the file does not tell.
    """

    kind: IntArray
    start: IntArray
    home: IntArray
    free_from: IntArray
    home_by: IntArray
    carrier: IntArray = field(default_factory=_not_told)

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True)
class Loads:
    """Per load, shape (N,): kind, from where to where, the window of the start of loading, due, service,
    price.

    `carrier` is the carrier that would serve it with its own trucks, NO_CARRIER where the file does not tell.
    """

    kind: IntArray
    origin: IntArray
    destination: IntArray
    earliest: IntArray
    latest: IntArray
    due: IntArray
    load_minutes: IntArray
    unload_minutes: IntArray
    drop: IntArray
    carrier: IntArray = field(default_factory=_not_told)

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True)
class MatchingInstance:
    """Loads to be moved and trucks to move them (formulation.md).

    `minutes` and `km` (P, P), row from, column to; they may be asymmetric and need not satisfy the triangle
    inequality. `can` (truck kinds, load kinds) is 0 or 1. All arrays are int64 and read-only. Raises
    BadInput at birth when a number is outside what the file format allows, when an array has the wrong
    length, when a window is empty (earliest > latest), or when some plan could cost 2**62 or more. A load
    that no truck can deliver by its due time and a truck whose shift ends before it is free are lawful: they
    stay unserved and unused.
    """

    minutes: IntArray
    km: IntArray
    costs: Costs
    trucks: Trucks
    can: IntArray
    loads: Loads
    source: str = SOURCE

    def __post_init__(self) -> None:
        for name in ("minutes", "km", "can"):
            object.__setattr__(self, name, _frozen(self.source, name, getattr(self, name), dimensions=2))
        for group in (self.trucks, self.loads):
            for column in fields(group):
                where = f"{_group_name(group)}.{column.name}"
                values = _frozen(self.source, where, getattr(group, column.name), dimensions=1)
                object.__setattr__(group, column.name, values)
            if not len(group.carrier):
                object.__setattr__(group, "carrier", _frozen("", "", np.full(len(group), NO_CARRIER), dimensions=1))
        _check(self)

    @property
    def places(self) -> int:
        """Return the number of places, P."""
        return len(self.minutes)


def load(path: Path) -> MatchingInstance:
    """Return the instance in a JSON file of the format in formulation.md; BadInput when it cannot be used."""
    source = str(path)
    document = Fields(source, read_json(path))
    minutes = _read_matrix(document, "minutes", MAX_MINUTES)
    instance = MatchingInstance(
        minutes=minutes,
        km=_read_matrix(document, "km", MAX_KM),
        costs=_read_costs(document.object("costs")),
        can=_read_matrix(document, "can", 1),
        trucks=Trucks(**_read_columns(document.object("trucks"), TRUCK_RANGES)),
        loads=Loads(**_read_columns(document.object("loads"), LOAD_RANGES)),
        source=source,
    )
    document.done()
    return instance


def save(instance: MatchingInstance, path: Path) -> None:
    """Write the instance as JSON, whole or not at all; the same instance gives the same bytes."""
    document: dict[str, Any] = {
        "minutes": instance.minutes.tolist(),
        "km": instance.km.tolist(),
        "costs": {each.name: getattr(instance.costs, each.name) for each in fields(Costs)},
        "trucks": _columns(instance.trucks),
        "can": instance.can.tolist(),
        "loads": _columns(instance.loads),
    }
    write_whole(path, orjson.dumps(document) + b"\n")


def _columns(group: Trucks | Loads) -> dict[str, list[int]]:
    """Return the columns of a file; carriers are written where any is told."""
    columns: dict[str, list[int]] = {each.name: getattr(group, each.name).tolist() for each in fields(group)}
    if (group.carrier == NO_CARRIER).all():
        del columns["carrier"]
    return columns


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


_MAX_INDEX: Final = 10_000_000  # references are checked against what they refer to at birth
_TIME: Final = (-MAX_TIME, MAX_TIME)
TRUCK_RANGES: Final = {
    "kind": (0, _MAX_INDEX),
    "start": (0, _MAX_INDEX),
    "home": (0, _MAX_INDEX),
    "free_from": _TIME,
    "home_by": _TIME,
    "carrier": (NO_CARRIER, _MAX_INDEX),
}
LOAD_RANGES: Final = {
    "kind": (0, _MAX_INDEX),
    "origin": (0, _MAX_INDEX),
    "destination": (0, _MAX_INDEX),
    "earliest": _TIME,
    "latest": _TIME,
    "due": _TIME,
    "load_minutes": (0, MAX_MINUTES),
    "unload_minutes": (0, MAX_MINUTES),
    "drop": (0, MAX_SUM),
    "carrier": (NO_CARRIER, _MAX_INDEX),
}
_OPTIONAL: Final = ("carrier",)
_COST_RANGES: Final = {
    "per_empty_km": (0, MAX_PRICE),
    "per_wait_minute": (0, MAX_PRICE),
    "per_truck": (0, MAX_SUM),
}


def _read_matrix(document: Fields, name: str, high: int) -> IntArray:
    """Return a matrix, its types checked a row at a time; a fault is found again, entry by entry, to be
    named."""
    value = document.any(name)
    width = len(value[0]) if isinstance(value, list) and value and isinstance(value[0], list) else 0
    if width and all(type(row) is list and len(row) == width and set(map(type, row)) == {int} for row in value):
        try:
            table = np.array(value, dtype=np.int64)
        except OverflowError:
            table = np.full((1, 1), -1)
        if table.min() >= 0 and table.max() <= high:
            return table
    return document.matrix(name, 0, high, rows=None, columns=None)


def _read_costs(document: Fields) -> Costs:
    values = {name: document.integer(name, low, high) for name, (low, high) in _COST_RANGES.items()}
    document.done()
    return Costs(**values)


def _read_columns(document: Fields, ranges: dict[str, tuple[int, int]]) -> dict[str, IntArray]:
    columns = {name: document.integers(name, *span) for name, span in ranges.items() if name not in _OPTIONAL}
    for name in _OPTIONAL:
        if document.has(name):
            columns[name] = document.integers(name, *ranges[name], length=len(columns["kind"]))
    document.done()
    return columns


def _group_name(group: Trucks | Loads) -> str:
    return "trucks" if isinstance(group, Trucks) else "loads"


def _frozen(source: str, name: str, values: Any, *, dimensions: int) -> IntArray:
    """Return a read-only copy as int64; what is not whole numbers in a box of `dimensions` is refused."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise BadInput(source, name, "must be whole numbers, every row of the same length") from None
    if array.size == 0 and array.ndim <= dimensions:
        array = np.zeros(array.shape if array.ndim == dimensions else (0,) * dimensions, np.int64)
    if array.ndim != dimensions:
        raise BadInput(source, name, f"has {array.ndim} dimensions, must have {dimensions}")
    if array.dtype.kind not in "iu" or (array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max):
        raise BadInput(source, name, "must be whole numbers of 64 bits")
    array = array.astype(np.int64)
    array.flags.writeable = False
    return array


def _check(instance: MatchingInstance) -> None:
    refuse = _refuser(instance.source)
    _check_costs(instance.costs, refuse)
    _check_matrices(instance, refuse)
    _check_group(instance.trucks, "trucks", TRUCK_RANGES, refuse)
    _check_group(instance.loads, "loads", LOAD_RANGES, refuse)
    _check_references(instance, refuse)
    _check_windows(instance.loads, refuse)
    if worst_cost(instance) >= WORST_COST:
        refuse("costs", f"prices and distances let a plan cost {worst_cost(instance)}, must stay below 2**62")


Refuse = Callable[[str, str], None]


def _refuser(source: str) -> Refuse:
    def refuse(where: str, problem: str) -> None:
        raise BadInput(source, where, problem)

    return refuse


def _check_costs(costs: Costs, refuse: Refuse) -> None:
    for name, (low, high) in _COST_RANGES.items():
        value = getattr(costs, name)
        if type(value) is not int or not low <= value <= high:
            refuse(f"costs.{name}", f"is {value!r}, must be a whole number from {low} to {high}")


def _check_matrices(instance: MatchingInstance, refuse: Refuse) -> None:
    places = len(instance.minutes)
    for name, high in (("minutes", MAX_MINUTES), ("km", MAX_KM)):
        matrix = getattr(instance, name)
        if matrix.shape != (places, places):
            refuse(name, f"has shape {matrix.shape}, must have {(places, places)}: places by places")
        _check_range(name, matrix, 0, high, refuse)
    _check_range("can", instance.can, 0, 1, refuse)


def _check_group(group: Trucks | Loads, name: str, ranges: dict[str, tuple[int, int]], refuse: Refuse) -> None:
    for column, (low, high) in ranges.items():
        values = getattr(group, column)
        if len(values) != len(group.kind):
            refuse(f"{name}.{column}", f"has {len(values)} entries, must have {len(group.kind)} as {name}.kind")
        _check_range(f"{name}.{column}", values, low, high, refuse)


def _check_references(instance: MatchingInstance, refuse: Refuse) -> None:
    truck_kinds, load_kinds = instance.can.shape
    places = instance.places
    for where, values, count, what in (
        ("trucks.kind", instance.trucks.kind, truck_kinds, "rows of can"),
        ("trucks.start", instance.trucks.start, places, "places"),
        ("trucks.home", instance.trucks.home, places, "places"),
        ("loads.kind", instance.loads.kind, load_kinds, "columns of can"),
        ("loads.origin", instance.loads.origin, places, "places"),
        ("loads.destination", instance.loads.destination, places, "places"),
    ):
        bad = np.flatnonzero(values >= count)
        if len(bad):
            refuse(f"{where}[{bad[0]}]", f"is {values[bad[0]]}, but there are {count} {what}, counted from 0")


def _check_windows(loads: Loads, refuse: Refuse) -> None:
    empty = np.flatnonzero(loads.earliest > loads.latest)
    if len(empty):
        i = empty[0]
        problem = f"is {loads.latest[i]}, before loads.earliest[{i}] = {loads.earliest[i]}: an empty window"
        refuse(f"loads.latest[{i}]", problem)


def _check_range(name: str, values: IntArray, low: int, high: int, refuse: Refuse) -> None:
    if values.size == 0 or (values.min() >= low and values.max() <= high):
        return
    bad = np.argwhere((values < low) | (values > high))[0]
    at = "".join(f"[{i}]" for i in bad)
    refuse(f"{name}{at}", f"is {values[tuple(bad)]}, must be from {low} to {high}")


def worst_cost(instance: MatchingInstance) -> int:
    """Return more than any plan can cost, in whole numbers of any size."""
    loads, trucks, costs = len(instance.loads), len(instance.trucks), instance.costs
    used = min(loads, trucks)
    longest = int(instance.km.max()) if instance.km.size else 0
    earliest, latest = instance.loads.earliest, instance.loads.latest
    span = int(latest.max()) - int(earliest.min()) if loads else 0
    empty = (loads + used) * longest * costs.per_empty_km
    waits = used * span * costs.per_wait_minute
    return empty + waits + used * costs.per_truck + sum(map(int, instance.loads.drop))
