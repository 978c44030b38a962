"""The park as the kernel sees it: lanes, zones, dock groups, terminals and house rules by number.

Times are minutes from midnight. A `pace` is a factor on the minutes of what begins at that time: 1 is ordinary, 1.15
is rain, 1.3 is handling 30 % slower.
"""

from dataclasses import dataclass
from enum import IntEnum
from math import isfinite

import numpy as np

from simulations.kernel.arrays import Checked, FloatArray
from simulations.kernel.distributions import EXACTLY_0, EXACTLY_1, Distribution
from simulations.kernel.steps import Steps
from solver.reading import BadInput, IntArray

MOST = 10**6
NEVER = -1  # rank of a lane for a class it does not serve
UNLIMITED = 10**9


class TruckClass(IntEnum):
    """What a truck is at a gate, decided when it comes there."""

    BOOKED = 0
    WALK_IN = 1
    LATE = 2


class EarlyRule(IntEnum):
    """What happens to a truck that comes before its appointment by more than the tolerance."""

    SERVED = 0
    SERVED_IF_DOCK_FREE = 1
    WAITS = 2


class Pooling(IntEnum):
    """Which lanes help out for which trucks; `lane_ranks` says it in numbers."""

    SEPARATE = 0
    OVERFLOW = 1
    POOLED = 2


def lane_ranks(lane_class: IntArray, pooling: Pooling) -> IntArray:
    """Return the ranks (L, 3) of lanes that are each for one class of trucks.

    Separate lanes serve their own class only; with overflow, the others when none of their own waits; pooled lanes
    serve all in the order of coming. Where no lane is for late trucks they count as walk-ins, where none is for
    walk-ins these use the booked lanes.
    """
    other = {Pooling.SEPARATE: NEVER, Pooling.OVERFLOW: 1, Pooling.POOLED: 0}[pooling]
    rank = np.full((len(lane_class), len(TruckClass)), other, dtype=np.int64)
    rank[np.arange(len(lane_class)), lane_class] = 0
    if TruckClass.WALK_IN not in lane_class:
        rank[:, TruckClass.WALK_IN] = rank[:, TruckClass.BOOKED]
    if TruckClass.LATE not in lane_class:
        rank[:, TruckClass.LATE] = rank[:, TruckClass.WALK_IN]
    return rank


@dataclass(frozen=True, slots=True)
class Lanes:
    """Entry lanes: `gate` (L,), `rank` (L, 3) and whether they are `open`, L rows of 1 and 0.

    `rank[l, c]` is how lane l likes trucks of class c: the lower the rather, NEVER not at all.
    """

    gate: IntArray
    rank: IntArray
    open: Steps

    def __post_init__(self) -> None:
        checked = Checked(self)
        gate = checked.integers("gate", 0, MOST, (None,))
        checked.integers("rank", NEVER, MOST, (len(gate), len(TruckClass)))
        _check_rows(checked, "open", self.open, len(gate))
        if (self.open.value > 1).any():
            checked.fail("open", "must be 0 or 1")


@dataclass(frozen=True, slots=True)
class Gates:
    """Gates 0..G-1: holding yard, minutes a lane needs per truck, exit lanes that work (G rows), pace (G rows)."""

    yard: IntArray
    service: tuple[Distribution, ...]
    exit_lanes: Steps
    exit_service: tuple[Distribution, ...]
    pace: Steps

    def __post_init__(self) -> None:
        checked = Checked(self)
        gates = len(checked.integers("yard", 0, UNLIMITED, (None,)))
        for name in ("service", "exit_service"):
            _check_distributions(checked, name, getattr(self, name), gates)
        for name in ("exit_lanes", "pace"):
            _check_rows(checked, name, getattr(self, name), gates)
        _check_whole(checked, "exit_lanes", self.exit_lanes)


@dataclass(frozen=True, slots=True)
class Zones:
    """Zones 0..Z-1 and the drive between them and the gates: `minutes` (G, Z), Z rows of `pace`.

    With n trucks on the drive to or from a zone, another needs 1 + slope * max(0, n - free_flow) times as long.
    """

    minutes: FloatArray
    pace: Steps
    free_flow: IntArray
    slope: FloatArray
    noise: Distribution = EXACTLY_1

    def __post_init__(self) -> None:
        checked = Checked(self)
        zones = checked.floats("minutes", 0.0, MOST, (None, None)).shape[1]
        checked.integers("free_flow", 0, UNLIMITED, (zones,))
        checked.floats("slope", 0.0, MOST, (zones,))
        _check_rows(checked, "pace", self.pace, zones)
        _check_distributions(checked, "noise", (self.noise,), 1)


@dataclass(frozen=True, slots=True)
class Docks:
    """Dock groups 0..D-1: their zone, docks that work (D rows), pace of handling (D rows), and per cargo kind 0..K-1
    the factor on a visit's handling minutes.
    """

    zone: IntArray
    open: Steps
    pace: Steps
    noise: tuple[Distribution, ...]

    def __post_init__(self) -> None:
        checked = Checked(self)
        groups = len(checked.integers("zone", 0, MOST, (None,)))
        _check_rows(checked, "open", self.open, groups)
        _check_rows(checked, "pace", self.pace, groups)
        _check_whole(checked, "open", self.open)
        _check_distributions(checked, "noise", self.noise, len(self.noise))


@dataclass(frozen=True, slots=True)
class Outside:
    """What is outside: turn times of terminals 0..T-1 and their pace (T rows), noise and pace (one row) of the roads,
    and how trucks keep their time: minutes after the planned arrival, per kind of punctuality 0..P-1.
    """

    turn: tuple[Distribution, ...]
    pace: Steps
    road_pace: Steps
    road_noise: Distribution = EXACTLY_1
    punctuality: tuple[Distribution, ...] = (EXACTLY_0,)

    def __post_init__(self) -> None:
        checked = Checked(self)
        _check_distributions(checked, "turn", self.turn, len(self.turn))
        _check_distributions(checked, "road_noise", (self.road_noise,), 1)
        _check_rows(checked, "pace", self.pace, len(self.turn))
        _check_rows(checked, "road_pace", self.road_pace, 1)


@dataclass(frozen=True, slots=True)
class Rules:
    """House rules of the gate; tolerances in minutes."""

    early: EarlyRule = EarlyRule.SERVED_IF_DOCK_FREE
    early_tolerance: float = 15.0
    late_tolerance: float = 15.0

    def __post_init__(self) -> None:
        for name in ("early_tolerance", "late_tolerance"):
            value = getattr(self, name)
            if not (isfinite(value) and 0 <= value <= MOST):
                raise BadInput("rules", name, f"is {value}, must be from 0 to {MOST} minutes")


@dataclass(frozen=True, slots=True)
class Layout:
    """A park, whole and consistent."""

    lanes: Lanes
    gates: Gates
    zones: Zones
    docks: Docks
    outside: Outside
    rules: Rules = Rules()

    def __post_init__(self) -> None:
        gates, zones = self.zones.minutes.shape
        if len(self.gates.yard) != gates:
            raise BadInput("layout", "zones.minutes", f"has {gates} rows, must have {len(self.gates.yard)}")
        for where, index, size in (("lanes.gate", self.lanes.gate, gates), ("docks.zone", self.docks.zone, zones)):
            if index.size and index.max() >= size:
                raise BadInput("layout", f"{where}[{index.argmax()}]", f"is {index.max()}, must be below {size}")
        for gate in range(gates):
            served = (self.lanes.rank[self.lanes.gate == gate] != NEVER).any(axis=0)
            if not served.all():
                lost = TruckClass(int(served.argmin())).name.lower()
                raise BadInput("layout", "lanes.rank", f"gate {gate} has no lane for trucks that are {lost}")


def _check_rows(checked: Checked, field: str, steps: Steps, rows: int) -> None:
    if steps.rows != rows:
        checked.fail(field, f"has {steps.rows} rows, must have {rows}")


def _check_whole(checked: Checked, field: str, steps: Steps) -> None:
    if (steps.value != np.rint(steps.value)).any():
        checked.fail(field, "must be whole numbers")


def _check_distributions(checked: Checked, field: str, found: tuple[Distribution, ...], count: int) -> None:
    if len(found) != count:
        checked.fail(field, f"has {len(found)} distributions, must have {count}")
    for i, each in enumerate(found):
        if each.may_be_negative:
            checked.fail(f"{field}[{i}]", "may be negative, but nothing takes less than no time")
