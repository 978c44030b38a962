"""Small instances: random ones, and some made by hand."""

import numpy as np

from solver.mdvsp.instance import FixedInstance, ShiftInstance


def random_fixed(rng: np.random.Generator, *, trips: int, depots: int, tight: bool = False) -> FixedInstance:
    """Trips in time order; links and a few pull-outs and pull-ins are forbidden at random, depot 0 reaches all."""
    start = np.sort(rng.integers(0, 60, trips))
    end = start + rng.integers(5, 20, trips)
    link = rng.integers(0, 300, (trips, trips))
    link[(end[:, None] > start[None, :]) | (rng.random((trips, trips)) < 0.2)] = -1
    pull_out, pull_in = rng.integers(500, 900, (depots, trips)), rng.integers(500, 900, (trips, depots))
    pull_out[1:][rng.random((depots - 1, trips)) < 0.2] = -1
    pull_in[:, 1:][rng.random((trips, depots - 1)) < 0.2] = -1
    capacity = np.array([trips] + [1 if tight else trips] * (depots - 1))
    return FixedInstance(capacity, pull_out, pull_in, link)


def random_shift(rng: np.random.Generator, *, trips: int, shift: int, places: int = 5) -> ShiftInstance:
    """Two depots; travel times are asymmetric and need not satisfy the triangle inequality."""
    travel = rng.integers(2, 15, (places, places))
    np.fill_diagonal(travel, 0)
    start = rng.integers(0, 80, trips)
    return ShiftInstance(
        capacity=np.array([trips, trips]),
        travel=travel,
        origin=rng.integers(0, places, trips),
        start=start,
        destination=rng.integers(0, places, trips),
        end=start + rng.integers(4, 20, trips),
        shift=shift,
    )


def inp_text(instance: FixedInstance) -> str:
    """Return the instance in the .inp format."""
    m, n = instance.depots, instance.trips
    cost = np.full((m + n, m + n), -1)
    cost[:m, m:], cost[m:, :m], cost[m:, m:] = instance.pull_out, instance.pull_in, instance.link
    head = f"{m}\t{n}\t" + "\t".join(map(str, instance.capacity))
    return "\n".join([head, *("\t".join(map(str, row)) for row in cost)]) + "\n"


def gd_text(instance: ShiftInstance) -> str:
    """Return the instance in the GD format."""
    columns = (instance.origin, instance.start, instance.destination, instance.end)
    lines = [f"{instance.depots} {instance.trips} {len(instance.travel)} ", " ".join(map(str, instance.capacity))]
    lines += [" ".join(map(str, trip)) for trip in zip(*columns, strict=True)]
    lines += [" ".join(map(str, row)) for row in instance.travel]
    return "\n".join(lines) + "\n"
