"""All random numbers of a replication, drawn up front and by identity: common random numbers for every plan.

`roll` draws uniform numbers, a row per identity; `draws` turns the rows of a day's legs into minutes and factors. Two
plans, parks or policies simulated on the same dice differ only by what they are: a visit that moves keeps its row, and
identities that are added at the end move nobody's.
"""

from dataclasses import dataclass, fields
from enum import IntEnum
from math import inf

import numpy as np

from simulations.kernel.arrays import BoolArray, Checked, FloatArray
from simulations.kernel.distributions import Distribution
from simulations.kernel.layout import Layout
from simulations.kernel.legs import Legs
from solver.reading import BadInput, IntArray

_SMALLEST = 2.0**-54  # half the grain of the generator's numbers: keeps 0 out of the open interval


class Die(IntEnum):
    """The columns of a row of dice, one per thing that chance decides."""

    SHOW = 0
    PUNCTUALITY = 1
    ROAD = 2
    GATE = 3
    DRIVE_IN = 4
    HANDLING = 5
    DRIVE_OUT = 6
    EXIT = 7
    TURN = 8
    LOADING = 9


@dataclass(frozen=True, slots=True)
class Dice:
    """Uniform numbers in (0, 1), shape (identities, len(Die))."""

    uniform: FloatArray

    def __post_init__(self) -> None:
        Checked(self).floats("uniform", _SMALLEST, 1.0 - _SMALLEST, (None, len(Die)))


def roll(rng: np.random.Generator, identities: int) -> Dice:
    """Return the dice of a replication; those of the first identities do not depend on how many there are."""
    return Dice(rng.random((identities, len(Die))) + _SMALLEST)


def generator(seed: int, replication: int) -> np.random.Generator:
    """Return the generator of a replication, numbered from 0: independent of the others, the same in every run."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, replication))))


@dataclass(frozen=True, slots=True)
class Draws:
    """What chance decides of each leg, all arrays (N,): `shows`, and in minutes how long after its planned minute it
    comes (`offset`), its service at the gate and the exit lane, its turn at the terminal; factors on the drives, the
    handling and the loading.
    """

    shows: BoolArray
    offset: FloatArray
    road_factor: FloatArray
    gate_minutes: FloatArray
    in_factor: FloatArray
    handling_factor: FloatArray
    loading_factor: FloatArray
    out_factor: FloatArray
    exit_minutes: FloatArray
    turn_minutes: FloatArray

    def __post_init__(self) -> None:
        checked = Checked(self)
        shape = checked.booleans("shows", (None,)).shape
        checked.floats("offset", -inf, inf, shape)
        for each in fields(self)[2:]:
            checked.floats(each.name, 0.0, inf, shape)


def draws(layout: Layout, legs: Legs, dice: Dice) -> Draws:
    """Return the draws of a day's legs; BadInput when the dice have no row for an identity."""
    if len(legs) and legs.identity.max() >= len(dice.uniform):
        raise BadInput("dice", "", f"has {len(dice.uniform)} rows, identity {legs.identity.max()} needs one more")
    row = dice.uniform[legs.identity]
    outside, gates, zones = layout.outside, layout.gates, layout.zones
    return Draws(
        shows=row[:, Die.SHOW] >= legs.no_show,
        offset=_by_kind(outside.punctuality, legs.punctuality, row[:, Die.PUNCTUALITY]),
        road_factor=outside.road_noise.inverse(row[:, Die.ROAD]),
        gate_minutes=_by_kind(gates.service, legs.gate, row[:, Die.GATE]),
        in_factor=zones.noise.inverse(row[:, Die.DRIVE_IN]),
        handling_factor=_by_kind(layout.docks.noise, legs.cargo, row[:, Die.HANDLING]),
        loading_factor=_by_kind(layout.docks.noise, legs.cargo, row[:, Die.LOADING]),
        out_factor=zones.noise.inverse(row[:, Die.DRIVE_OUT]),
        exit_minutes=_by_kind(gates.exit_service, legs.exit_gate, row[:, Die.EXIT]),
        turn_minutes=_by_kind(outside.turn, legs.terminal, row[:, Die.TURN]),
    )


def _by_kind(kinds: tuple[Distribution, ...], kind: IntArray, uniform: FloatArray) -> FloatArray:
    """Return a draw per leg from the distribution of its kind; 0 where the kind is -1."""
    found = np.zeros(len(uniform))
    distinct: dict[Distribution, list[int]] = {}
    for number, each in enumerate(kinds):
        distinct.setdefault(each, []).append(number)
    for distribution, numbers in distinct.items():
        here = np.isin(kind, numbers) if len(distinct) > 1 else kind >= 0
        found[here] = distribution.inverse(uniform[here])
    return found
