"""The instance on a lattice of places and times, coarse enough to look at every chain of every truck.

Places where loads begin are gathered in clusters, times in steps. Two sets of legs go with it: the shortest never
overstate a leg and round times down, so that whatever is possible is possible here and costs no more (for the bound);
the likely take a cluster's mean and round to the nearest step, so that what is possible here mostly is (for plans,
which are then cut to what is, to the minute). Waiting costs nothing here.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from solver.matching.kernels import kernel
from solver.matching.network import FloatArray, Network
from solver.reading import IntArray

MOST_STEPS: Final = 400  # in the longest shift
MOST_CLUSTERS: Final = 44


class Lattice(NamedTuple):
    """All int64. Rows are the places trucks leave from: the E destinations first, then other starts.

    `cluster_of_place` (P,), -1 where no load begins; `cluster` and `row` (N,) are a load's origin and destination;
    `row_of_start` (K,); `row_place` (R,).
    """

    step: int
    cluster_of_place: IntArray
    cluster: IntArray
    row: IntArray
    row_of_start: IntArray
    row_place: IntArray


class Legs(NamedTuple):
    """One way of rounding.

    From a row to a cluster, (R, C): `km`, `minutes`; `near`, the clusters of a row, nearest first, with the cost
    `near_cost` of going there and the steps `near_hops` it takes when left on a step. Per load, (N,): `extra_km`, what
    any leg to its origin is longer than to its cluster; the steps `first` to `last` in which it can start,
    `hops_of_load` from start to end, and `first_end`, the step of its end when it starts in `first`. `up` is added to
    minutes before they are rounded down to steps.
    """

    km: IntArray
    minutes: IntArray
    near: IntArray
    near_cost: IntArray
    near_hops: IntArray
    extra_km: IntArray
    first: IntArray
    last: IntArray
    hops_of_load: IntArray
    first_end: IntArray
    up: int


class Groups(NamedTuple):
    """Trucks that share kind, home and the step in which the shift ends; `trucks` from `first` of each group on.

    `low` and `steps`: the first step of the group's time and their number. `deadline` in minutes. `loads` from
    `first_load` of a kind on are those it can carry, latest window first; `rows` likewise where they end.
    """

    kind: IntArray
    home: IntArray
    deadline: IntArray
    low: IntArray
    steps: IntArray
    first: IntArray
    trucks: IntArray
    first_load: IntArray
    loads: IntArray
    first_row: IntArray
    rows: IntArray


def with_instant_loads(net: Network, step: int) -> Network:
    """Return the network in which instant loads (shorter than a step) are free legs that any drive may use: a
    relaxation in which leaving them costs nothing, and so they need not be on the lattice."""
    instant = np.flatnonzero((net.duration < step) & (net.earliest <= net.last_start))
    if not len(instant):
        return net
    km, minutes, drop = net.km.copy(), net.minutes.copy(), net.drop.copy()
    for matrix in (km, minutes):
        matrix[net.origin[instant], net.destination[instant]] = 0
        close(matrix)
    drop[instant] = 0
    return net._replace(km=km, minutes=minutes, drop=drop)


def lattice(net: Network, step: int) -> Lattice:
    """Return the places of the lattice."""
    ends = np.unique(net.destination)
    row_place = np.concatenate([ends, np.setdiff1d(net.start, ends)])
    row_of_place = np.full(len(net.km), -1)
    row_of_place[row_place] = np.arange(len(row_place))
    cluster_of_place = _clusters(net, np.unique(net.origin))
    return Lattice(
        step=step,
        cluster_of_place=cluster_of_place,
        cluster=cluster_of_place[net.origin],
        row=row_of_place[net.destination],
        row_of_start=row_of_place[net.start],
        row_place=row_place,
    )


def shortest_legs(net: Network, lat: Lattice) -> Legs:
    """Return legs that are never longer than the real ones, and times rounded down."""
    km, minutes = (_over(matrix, lat, np.min) for matrix in (net.km, net.minutes))
    extra_km = (net.km[lat.row_place][:, net.origin] - km[:, lat.cluster]).min(axis=0)
    return _legs(net, lat, km, minutes, extra_km, 0)


def likely_legs(net: Network, lat: Lattice) -> Legs:
    """Return legs as long as they are on average, and times rounded to the nearest step."""
    km, minutes = (_over(matrix, lat, np.mean) for matrix in (net.km, net.minutes))
    return _legs(net, lat, km, minutes, np.zeros(len(net.origin), np.int64), lat.step // 2)


def _legs(net: Network, lat: Lattice, km: IntArray, minutes: IntArray, extra_km: IntArray, up: int) -> Legs:
    first = (net.earliest + up) // lat.step
    start = np.maximum(net.earliest, first * lat.step)
    near = np.argsort(km, axis=1, kind="stable")
    return Legs(
        km=km,
        minutes=minutes,
        near=near,
        near_cost=np.take_along_axis(km, near, axis=1) * net.price_km,
        near_hops=np.take_along_axis((minutes + up) // lat.step, near, axis=1),
        extra_km=extra_km,
        first=first,
        last=np.maximum(first, net.last_start // lat.step),
        hops_of_load=np.maximum(1, (net.duration + up) // lat.step),
        first_end=np.maximum(first + 1, (start + net.duration + up) // lat.step),
        up=up,
    )


def usable(net: Network, lat: Lattice) -> IntArray:
    """Return the loads on the lattice: those with a start, and not instant."""
    return np.flatnonzero((net.earliest <= net.last_start) & (net.duration >= lat.step))


def groups(net: Network, lat: Lattice) -> Groups:
    """Return the groups of trucks that are free before their shift ends."""
    step, loads = lat.step, usable(net, lat)
    first_time, last_time = _span(net, loads)
    deadline = np.minimum(-(-net.home_by // step) * step, last_time)
    working = np.flatnonzero((net.free_from <= net.home_by) & (net.free_from <= last_time))
    names = np.stack([net.truck_kind, net.home, deadline], axis=1)[working]
    heads, group_of = np.unique(names, axis=0, return_inverse=True)
    order = np.argsort(group_of, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(group_of, minlength=len(heads)))])
    trucks = working[order]
    free = np.maximum(net.free_from[trucks], first_time)
    begin = np.minimum.reduceat(free, first[:-1]) // step if len(heads) else np.zeros(0, np.int64)
    by_kind = [loads[net.fits[kind, net.load_kind[loads]] == 1] for kind in range(len(net.fits))]
    by_kind = [mine[np.argsort(-net.last_start[mine], kind="stable")] for mine in by_kind]
    rows = [np.unique(lat.row[mine]) for mine in by_kind]
    return Groups(
        kind=heads[:, 0].copy(),
        home=heads[:, 1].copy(),
        deadline=heads[:, 2].copy(),
        low=begin,
        steps=np.maximum(heads[:, 2] // step - begin + 1, 1),
        first=first,
        trucks=trucks,
        first_load=_starts(by_kind),
        loads=np.concatenate([np.zeros(0, np.int64), *by_kind]),
        first_row=_starts(rows),
        rows=np.concatenate([np.zeros(0, np.int64), *rows]),
    )


def step_for(net: Network, minutes: int) -> int:
    """Return `minutes`, or more where the longest shift would have too many steps."""
    first, last = _span(net, np.flatnonzero(net.earliest <= net.last_start))
    shift = np.minimum(net.home_by, last) - np.maximum(net.free_from, first)
    return max(minutes, -(-int(shift.max(initial=0)) // MOST_STEPS))


def _span(net: Network, loads: IntArray) -> tuple[int, int]:
    """Return the times before which and after which nothing that costs can differ."""
    if not len(loads):
        return 0, 0
    longest = int(net.minutes.max())
    return int(net.earliest[loads].min()) - longest, int((net.last_start + net.duration)[loads].max()) + longest


def _clusters(net: Network, places: IntArray) -> IntArray:
    """Return the cluster of each place, -1 where no load begins: every place is within a radius of its cluster's
    first; the radius grows until there are few enough."""
    cluster = np.full(len(net.km), -1)
    apart = np.maximum(net.km, net.km.T)
    radius = 0
    while True:
        heads: list[int] = []
        for p in places.tolist():
            near = np.flatnonzero(apart[p, heads] <= radius) if heads else np.zeros(0, np.int64)
            cluster[p] = near[0] if len(near) else len(heads)
            if not len(near):
                heads.append(p)
            if len(heads) > MOST_CLUSTERS:
                break
        if len(heads) <= MOST_CLUSTERS:
            return cluster
        radius = radius + 1 + radius // 4


def _over(matrix: IntArray, lat: Lattice, gather: Callable[..., FloatArray]) -> IntArray:
    """Return the matrix from rows to clusters, gathered over the places of each cluster."""
    clusters = range(int(lat.cluster_of_place.max()) + 1)
    parts = [gather(matrix[lat.row_place][:, lat.cluster_of_place == c], axis=1) for c in clusters]
    return np.rint(np.stack(parts, axis=1)).astype(np.int64)


@kernel
def close(matrix: IntArray) -> None:
    """Make every entry the length of the shortest way (Floyd and Warshall)."""
    for via in range(len(matrix)):
        for a in range(len(matrix)):
            for b in range(len(matrix)):
                matrix[a, b] = min(matrix[a, b], matrix[a, via] + matrix[via, b])


def _starts(parts: list[IntArray]) -> IntArray:
    return np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
