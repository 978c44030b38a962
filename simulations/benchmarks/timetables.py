"""Larger timetables like a given one: for sizes of which no public instance is at hand."""

import numpy as np

from solver.mdvsp.instance import ShiftInstance

SPREAD_MINUTES = 20


def widened(instance: ShiftInstance, trips: int, rng: np.random.Generator) -> ShiftInstance:
    """Return an instance with so many trips between the same places: each like one drawn, some minutes off."""
    drawn = rng.integers(0, instance.trips, trips)
    moved = rng.integers(-SPREAD_MINUTES, SPREAD_MINUTES + 1, trips)
    return ShiftInstance(
        capacity=np.full(instance.depots, trips),
        travel=instance.travel,
        origin=instance.origin[drawn],
        start=instance.start[drawn] + moved,
        destination=instance.destination[drawn],
        end=instance.end[drawn] + moved,
        shift=instance.shift,
        source=f"{instance.source}, widened to {trips} trips",
    )
