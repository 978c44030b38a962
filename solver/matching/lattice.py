"""The instance on a lattice of places and times, coarse enough to look at every chain of every truck.

Places where loads begin are gathered in clusters, times in steps. The shortest legs never overstate a leg and round
times down, so that whatever is possible is possible here and costs no more (for the bound); the likely legs take a
cluster's mean and round to the nearest step, so that what is possible here mostly is (for chains, which are then driven
to the minute). Waiting costs nothing here.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.kernels import kernel
from solver.matching.network import FloatArray, Network
from solver.reading import IntArray

MOST_STEPS: Final = 2_400  # in the longest shift


class Grain(NamedTuple):
    """How fine a lattice is: minutes of a step, the most clusters, which legs it has, and where these are likely, the
    most rows."""

    step: int
    clusters: int
    is_likely: bool
    rows: int = 50


class Lattice(NamedTuple):
    """Rows are the places trucks leave from, destinations and starts; with likely legs they are gathered in clusters
    too, named by their first place.

    `cluster_of_place` (P,), -1 where no load begins; `cluster`, `row` (N,) are a load's origin and destination;
    `row_of_start` (K,); `row_place` (R,). From rows to clusters, (R, C): the `cost` of the kilometres, `minutes`, and
    `offset`, how far ahead in a table with C entries a step the arrival is; `reach` is the most steps of a leg. Per
    load, (N,): `extra`, what any leg to its origin costs more than that to its cluster; the steps `first` to `last` in
    which it can start, its `hops` from start to end, and `first_end`, the step of its end when it starts in `first`.
    `up` is added to minutes before they are rounded down to steps.
    """

    step: int
    up: int
    clusters: int
    reach: int
    cluster_of_place: IntArray
    row_place: IntArray
    cluster: IntArray
    row: IntArray
    row_of_start: IntArray
    cost: FloatArray
    minutes: IntArray
    offset: IntArray
    extra: FloatArray
    first: IntArray
    last: IntArray
    hops: IntArray
    first_end: IntArray


def lattice(net: Network, grain: Grain) -> Lattice:
    """Return the lattice of this grain, or of a coarser step where the longest shift would have too many steps."""
    step = step_for(net, grain.step)
    up = step // 2 if grain.is_likely else 0
    left = np.union1d(net.destination, net.start)
    row_of_place = clusters(net, left, grain.rows if grain.is_likely else len(left))
    row_place = _heads(row_of_place)
    cluster_of_place = clusters(net, np.unique(net.origin), grain.clusters)
    cluster, row = cluster_of_place[net.origin], row_of_place[net.destination]
    km, minutes = (_over(_over(m, cluster_of_place, grain).T, row_of_place, grain).T for m in (net.km, net.minutes))
    longer = np.zeros(len(net.origin), np.int64)
    if not grain.is_likely and len(cluster):
        longer = (net.km[row_place][:, net.origin] - km[:, cluster]).min(axis=0)
    first = (net.earliest + up) // step
    start = np.maximum(net.earliest, first * step)
    hops = (minutes + up) // step
    return Lattice(
        step=step,
        up=up,
        clusters=km.shape[1],
        reach=int(hops.max(initial=0)),
        cluster_of_place=cluster_of_place,
        row_place=row_place,
        cluster=cluster,
        row=row,
        row_of_start=row_of_place[net.start],
        cost=km.astype(np.float64) * net.price_km,
        minutes=minutes,
        offset=hops * km.shape[1] + np.arange(km.shape[1]),
        extra=longer.astype(np.float64) * net.price_km,
        first=first,
        last=np.maximum(first, net.last_start // step),
        hops=np.maximum(1, (net.duration + up) // step),
        first_end=np.maximum(first + 1, (start + net.duration + up) // step),
    )


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


def usable(net: Network, step: int) -> NDArray[np.bool_]:
    """Answer which loads are on a lattice: those with a start, and not instant."""
    return np.asarray((net.earliest <= net.last_start) & (net.duration >= step))


def step_for(net: Network, minutes: int) -> int:
    """Return `minutes`, or more where the longest shift would have too many steps."""
    first, last = span(net)
    shift = np.minimum(net.home_by, last) - np.maximum(net.free_from, first)
    return max(minutes, -(-int(shift.max(initial=0)) // MOST_STEPS))


def span(net: Network) -> tuple[int, int]:
    """Return the times before which and after which nothing that costs can differ."""
    loads = np.flatnonzero(net.earliest <= net.last_start)
    if not len(loads):
        return 0, 0
    longest = int(net.minutes.max())
    return int(net.earliest[loads].min()) - longest, int((net.last_start + net.duration)[loads].max()) + longest


def clusters(net: Network, places: IntArray, most: int) -> IntArray:
    """Return the cluster of each place, -1 where no load begins.

    Heads are chosen one by one, each the place farthest from the heads so far (Gonzalez 1985), by the mean difference
    of the kilometres to and from everywhere; a place joins its nearest head.
    """
    cluster = np.full(len(net.km), -1)
    if len(places) <= most:
        cluster[places] = np.arange(len(places))
        return cluster
    profile = np.concatenate([net.km[places], net.km[:, places].T], axis=1).astype(np.float32)
    mine = np.zeros(len(places), np.int64)
    apart = np.abs(profile - profile[0]).mean(axis=1)
    for head in range(1, most):
        new = np.abs(profile - profile[np.argmax(apart)]).mean(axis=1)
        mine[new < apart] = head
        apart = np.minimum(apart, new)
    cluster[places] = np.unique(mine, return_inverse=True)[1]
    return cluster


def _heads(cluster_of_place: IntArray) -> IntArray:
    """Return the first place of each cluster."""
    count = int(cluster_of_place.max(initial=-1)) + 1
    return np.array([np.flatnonzero(cluster_of_place == c)[0] for c in range(count)], dtype=np.int64)


def _over(rows: IntArray, cluster_of_place: IntArray, grain: Grain) -> IntArray:
    """Return the rows of a matrix gathered over the places of each cluster, (R, C)."""
    count = int(cluster_of_place.max(initial=-1)) + 1
    members = [np.flatnonzero(cluster_of_place == c) for c in range(count)]
    if grain.is_likely:
        parts = [np.rint(rows[:, mine].mean(axis=1)).astype(np.int64) for mine in members]
    else:
        parts = [rows[:, mine].min(axis=1) for mine in members]
    return np.stack(parts, axis=1) if parts else np.zeros((len(rows), 0), np.int64)


@kernel
def close(matrix: IntArray) -> None:
    """Make every entry the length of the shortest way (Floyd and Warshall)."""
    for via in range(len(matrix)):
        for a in range(len(matrix)):
            for b in range(len(matrix)):
                matrix[a, b] = min(matrix[a, b], matrix[a, via] + matrix[via, b])
