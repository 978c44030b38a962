"""The day as the kernel sees it: trucks and, in order, the legs of each: visits to the park and port runs."""

from dataclasses import dataclass, fields
from enum import IntEnum
from math import inf

import numpy as np

from simulations.kernel.arrays import BoolArray, Checked, FloatArray
from simulations.kernel.layout import MOST, UNLIMITED, Layout
from solver.reading import BadInput, IntArray


class LegKind(IntEnum):
    """What a truck does on a leg."""

    VISIT = 0
    RUN = 1


@dataclass(frozen=True, slots=True)
class Legs:
    """Legs 0..N-1, all arrays (N,); those of a truck follow one another in the order in which it drives them.

    `truck` does not fall from one leg to the next. `identity` numbers what the leg is: draws belong to the identity,
    so a visit keeps its draws in any plan; no two legs share one. `planned` is the minute the truck means to be there,
    -inf for as soon as it can; `road_minutes` is the drive there from where the leg before ended (not used for a
    truck's first leg). `no_show` is the probability that the leg is left out; `punctuality` is the kind of punctuality.

    Of a visit: `appointment` (minute, NaN for a walk-in), `gate` and `exit_gate`, `dock_group`, `cargo` kind and
    `handling_minutes` on the dock, and after them `loading_minutes` of what a dual visit collects. Of a run: the
    `terminal`. Numbers of the other kind of leg are -1.
    """

    truck: IntArray
    identity: IntArray
    kind: IntArray
    planned: FloatArray
    road_minutes: FloatArray
    no_show: FloatArray
    punctuality: IntArray
    appointment: FloatArray
    gate: IntArray
    exit_gate: IntArray
    dock_group: IntArray
    cargo: IntArray
    handling_minutes: FloatArray
    loading_minutes: FloatArray
    terminal: IntArray

    def __post_init__(self) -> None:
        checked = Checked(self)
        truck = checked.integers("truck", 0, UNLIMITED, (None,))
        shape = truck.shape
        if (np.diff(truck) < 0).any():
            checked.fail(f"truck[{int(np.argmax(np.diff(truck) < 0)) + 1}]", "is below the one before it")
        identity = checked.integers("identity", 0, UNLIMITED, shape)
        if len(np.unique(identity)) != len(identity):
            checked.fail("identity", "has a number twice")
        checked.integers("kind", 0, max(LegKind), shape)
        checked.floats("planned", -inf, MOST, shape)
        checked.floats("road_minutes", 0.0, MOST, shape)
        checked.floats("no_show", 0.0, 1.0, shape)
        checked.floats("appointment", -MOST, MOST, shape, nan=True)
        checked.floats("handling_minutes", 0.0, MOST, shape)
        checked.floats("loading_minutes", 0.0, MOST, shape)
        for name in ("punctuality", "gate", "exit_gate", "dock_group", "cargo", "terminal"):
            checked.integers(name, -1, MOST, shape)
        if (np.isneginf(self.planned) & self.first).any():
            checked.fail("planned", "must be a minute for the first leg of a truck")

    def __len__(self) -> int:
        return len(self.truck)

    @property
    def first(self) -> BoolArray:
        """Return which legs are the first of their truck."""
        return np.asarray(np.diff(self.truck, prepend=-1) > 0)

    @property
    def visit(self) -> BoolArray:
        """Return which legs are visits."""
        return np.asarray(self.kind == LegKind.VISIT)

    def take(self, index: IntArray | BoolArray) -> "Legs":
        """Return some of the legs, in the order of the index."""
        return Legs(**{each.name: getattr(self, each.name)[index] for each in fields(self)})

    def joined(self, other: "Legs") -> "Legs":
        """Return these legs and, as further trucks after them, those of `other`; identities must not meet."""
        beyond = int(self.truck[-1]) + 1 if len(self) else 0
        columns = {each.name: (getattr(self, each.name), getattr(other, each.name)) for each in fields(self)}
        columns["truck"] = (self.truck, other.truck + beyond)
        return Legs(**{name: np.concatenate(both) for name, both in columns.items()})


def check_fits(layout: Layout, legs: Legs) -> None:
    """Raise BadInput for the first leg that refers to something the park does not have."""
    visit = legs.visit
    gates, groups = len(layout.gates.yard), len(layout.docks.zone)
    limits = (
        ("gate", gates, visit),
        ("exit_gate", gates, visit),
        ("dock_group", groups, visit),
        ("cargo", len(layout.docks.noise), visit),
        ("terminal", len(layout.outside.turn), ~visit),
        ("punctuality", len(layout.outside.punctuality), np.ones(len(legs), dtype=bool)),
    )
    for name, size, meant in limits:
        value = getattr(legs, name)
        bad = meant & ((value < 0) | (value >= size))
        if bad.any():
            leg = int(bad.argmax())
            raise BadInput("legs", f"{name}[{leg}]", f"is {value[leg]}, must be from 0 to {size - 1}")
