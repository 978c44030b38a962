"""Seeded instances like a container port's park, for tests and benchmarks (all figures assumed).

The places: warehouses in a park of about 3 km², four terminals 5 to 50 km away, two empty-container depots,
a rail terminal and twelve towns at 40 to 250 km. Roads are 1.3 times the straight line, driven at 25, 45 or
65 km/h by distance class.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.matching.instance import Costs, Loads, MatchingInstance, Trucks
from solver.reading import IntArray

COSTS: Final = Costs(per_empty_km=10, per_wait_minute=1, per_truck=300)
CAN: Final = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 1]])  # three truck kinds, four load kinds
TRUCK_KIND_SHARES: Final = (0.6, 0.25, 0.15)
LOAD_KIND_SHARES: Final = (0.6, 0.22, 0.12, 0.06)
FLOW_SHARES: Final = (0.34, 0.28, 0.2, 0.18)  # import, export, empties, hinterland
CIRCUITY: Final = 1.3


@dataclass(frozen=True, slots=True)
class Region:
    """Where things are: place indices by sort, and the matrices between all places."""

    warehouses: IntArray
    terminals: IntArray
    depots: IntArray
    towns: IntArray
    km: IntArray
    minutes: IntArray


def port_day(rng: np.random.Generator, *, loads: int, trucks: int, warehouses: int = 330) -> MatchingInstance:
    """Return a day of `loads` loads and `trucks` trucks around one park."""
    region = _region(rng, warehouses)
    return MatchingInstance(
        minutes=region.minutes,
        km=region.km,
        costs=COSTS,
        trucks=_trucks(rng, region, trucks),
        can=CAN,
        loads=_loads(rng, region, loads),
    )


def rough(rng: np.random.Generator, *, loads: int, trucks: int, places: int = 4) -> MatchingInstance:
    """Return a small lawless instance: matrices without symmetry or triangle inequality, many ties and
    zeros."""
    size = (places, places)
    earliest = rng.integers(0, 60, loads)
    latest = earliest + rng.integers(0, 50, loads)
    free_from = rng.integers(-10, 60, trucks)
    return MatchingInstance(
        minutes=rng.integers(0, 25, size),
        km=rng.integers(0, 20, size),
        costs=Costs(int(rng.integers(0, 4)), int(rng.integers(0, 4)), int(rng.integers(0, 40))),
        trucks=Trucks(
            kind=rng.integers(0, 2, trucks),
            start=rng.integers(0, places, trucks),
            home=rng.integers(0, places, trucks),
            free_from=free_from,
            home_by=free_from + rng.integers(-20, 160, trucks),
        ),
        can=np.array([[1, 1], [1, 0]]),
        loads=Loads(
            kind=rng.integers(0, 2, loads),
            origin=rng.integers(0, places, loads),
            destination=rng.integers(0, places, loads),
            earliest=earliest,
            latest=latest,
            due=latest + rng.integers(-10, 60, loads),
            load_minutes=rng.integers(0, 10, loads),
            unload_minutes=rng.integers(0, 10, loads),
            drop=rng.integers(0, 120, loads),
        ),
    )


def _region(rng: np.random.Generator, warehouses: int) -> Region:
    park = rng.uniform(0.0, 1.73, (warehouses, 2))
    rings = [_ring(rng, np.array([5.0, 12.0, 25.0, 50.0])), _ring(rng, np.array([3.0, 9.0]))]
    rings += [_ring(rng, np.array([15.0])), _ring(rng, np.linspace(40.0, 250.0, 12))]
    at = np.concatenate([park, *rings])
    straight = np.linalg.norm(at[:, None, :] - at[None, :, :], axis=2)
    road = CIRCUITY * straight
    speed = np.where(road < 10, 25.0, np.where(road < 60, 45.0, 65.0))
    first = np.cumsum([0, warehouses, *map(len, rings)])
    spans = [np.arange(a, b) for a, b in pairwise(first)]
    return Region(
        warehouses=spans[0],
        terminals=np.concatenate([spans[1], spans[3]]),
        depots=spans[2],
        towns=spans[4],
        km=np.ceil(road).astype(np.int64),
        minutes=np.ceil(60 * road / speed).astype(np.int64),
    )


def _ring(rng: np.random.Generator, radius_km: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = rng.uniform(0, np.pi, len(radius_km))
    return np.stack([radius_km * np.cos(angle), radius_km * np.sin(angle)], axis=1)


def _loads(rng: np.random.Generator, region: Region, count: int) -> Loads:
    popular = rng.pareto(1.2, len(region.warehouses)) + 0.3
    warehouse = rng.choice(region.warehouses, count, p=popular / popular.sum())
    terminal = rng.choice(region.terminals, count, p=[0.4, 0.25, 0.2, 0.1, 0.05])
    depot = rng.choice(region.depots, count)
    town = rng.choice(region.towns, count)
    back = rng.random(count) < 0.5
    flow = rng.choice(4, count, p=FLOW_SHARES)
    origin = np.choose(flow, [terminal, warehouse, np.where(back, depot, warehouse), np.where(back, town, terminal)])
    destination = np.choose(
        flow, [warehouse, terminal, np.where(back, warehouse, depot), np.where(back, terminal, town)]
    )
    earliest = np.clip(rng.normal(690, 200, count), 240, 1260).astype(np.int64)
    latest = earliest + rng.integers(60, 241, count)
    load_minutes, unload_minutes = rng.integers(20, 61, (2, count))
    drive = region.minutes[origin, destination]
    due = latest + load_minutes + drive + unload_minutes + rng.integers(-30, 121, count)
    return Loads(
        kind=rng.choice(4, count, p=LOAD_KIND_SHARES),
        origin=origin,
        destination=destination,
        earliest=earliest,
        latest=latest,
        due=np.maximum(due, earliest + load_minutes + drive + unload_minutes),
        load_minutes=load_minutes,
        unload_minutes=unload_minutes,
        drop=np.minimum(20_000, 2_000 + 50 * region.km[origin, destination] + rng.integers(0, 2_000, count)),
    )


def _trucks(rng: np.random.Generator, region: Region, count: int) -> Trucks:
    near = np.concatenate([region.depots, region.terminals[-1:], region.warehouses[:3]])
    far = region.towns[:8]
    home = np.where(rng.random(count) < 0.75, rng.choice(near, count), rng.choice(far, count))
    away = rng.choice(np.concatenate([region.terminals, region.warehouses]), count)
    free_from = np.clip(rng.normal(480, 150, count), 180, 1200).astype(np.int64)
    return Trucks(
        kind=rng.choice(3, count, p=TRUCK_KIND_SHARES),
        start=np.where(rng.random(count) < 0.3, home, away),
        home=home,
        free_from=free_from,
        home_by=free_from + rng.integers(480, 841, count),
    )
