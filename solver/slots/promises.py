"""A booked day to be planned again: what was promised, what has begun, and what is closed from now on."""

from dataclasses import replace

import numpy as np

from solver.reading import IntArray
from solver.slots.instance import SlotInstance


def as_promised(instance: SlotInstance, start: IntArray, *, now: int, move: int) -> SlotInstance:
    """Return the day as it is in slot `now`, when a lawful plan, `start` (V,), has been promised and followed so far.

    Who started before `now` is frozen, and so is who was not placed and could only have started before. Everybody
    else starts in `now` or later; a promise that is not kept costs `move` times the weight.
    """
    gone = (start < now) & (instance.latest < now)
    frozen = (instance.frozen == 1) | gone | ((start >= 0) & (start < now))
    earliest = np.where(frozen, instance.earliest, np.maximum(instance.earliest, now))
    return replace(instance, promised=start, frozen=frozen.astype(np.int64), earliest=earliest, move=move)


def with_docks_closed(
    instance: SlotInstance, *, share: float, begin: int, rng: np.random.Generator
) -> tuple[SlotInstance, IntArray]:
    """Return the day with a share of all docks, drawn at random, closed from slot `begin` on, and how many of each
    group, (G,)."""
    docks = instance.docks[:, begin]
    closed = np.asarray(rng.multivariate_hypergeometric(docks, round(share * int(docks.sum()))), dtype=np.int64)
    left = instance.docks.copy()
    left[:, begin:] = np.maximum(0, left[:, begin:] - closed[:, None])
    return replace(instance, docks=left), closed


def with_gate_narrowed(instance: SlotInstance, *, share: float, begin: int) -> SlotInstance:
    """Return the day with a share of what the gate admits gone from slot `begin` on, rounded up: a lane is closed."""
    gate = instance.gate.copy()
    gate[begin:] -= -np.floor(-share * gate[begin:]).astype(np.int64)
    return replace(instance, gate=gate)
