"""Trucks in teams that are priced side by side: one kind, similar shifts, at most a lane's width of them."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.lattice import Lattice, span, usable
from solver.matching.network import Network
from solver.reading import IntArray

BoolArray = NDArray[np.bool_]
WIDTH: Final = 64  # trucks of a team, the lanes of a table


class Team(NamedTuple):
    """Up to WIDTH `trucks` of one kind; the first step `low` of their time and the number of `steps`.

    `loads` are those they can carry, latest window first; `rows` where these end; `by_cluster` the same loads in the
    order of their clusters, those of cluster c from `first_load[c]` on.
    """

    trucks: IntArray
    low: int
    steps: int
    loads: IntArray
    rows: IntArray
    first_load: IntArray
    by_cluster: IntArray


def teams(net: Network, lat: Lattice, idle: BoolArray, free: BoolArray) -> list[Team]:
    """Return the `idle` (K,) trucks that can work, in teams, with the `free` (N,) loads."""
    is_on = usable(net, lat.step) & free
    working = idle & (net.free_from <= net.home_by)
    found = []
    for kind in range(len(net.fits)):
        loads = np.flatnonzero(is_on & (net.fits[kind, net.load_kind] == 1))
        mine = np.flatnonzero(working & (net.truck_kind == kind))
        if len(loads) and len(mine):
            loads = loads[np.argsort(-lat.last[loads], kind="stable")]
            found += [team for part in _alike(net, mine) if (team := _team(net, lat, part, loads)) is not None]
    return found


def _alike(net: Network, trucks: IntArray) -> list[IntArray]:
    """Return trucks in parts with similar ends and begins of their shifts."""
    trucks = trucks[np.argsort(net.home_by[trucks], kind="stable")]
    chunks = max(1, round(float(np.sqrt(len(trucks) / WIDTH))))
    parts = []
    for chunk in np.array_split(trucks, chunks):
        by_begin = chunk[np.argsort(net.free_from[chunk], kind="stable")]
        parts += np.array_split(by_begin, -(-len(by_begin) // WIDTH))
    return parts


def _team(net: Network, lat: Lattice, trucks: IntArray, loads: IntArray) -> Team | None:
    begin, end = span(net)
    low = max(int(net.free_from[trucks].min()), begin) // lat.step
    high = min(int(net.home_by[trucks].max()), end) // lat.step + 1
    loads = loads[(lat.first[loads] <= high) & (lat.last[loads] >= low)]
    if not len(loads) or high < low:
        return None
    by_cluster = loads[np.argsort(lat.cluster[loads], kind="stable")]
    return Team(
        trucks=trucks,
        low=low,
        steps=high - low + 1,
        loads=loads,
        rows=np.unique(lat.row[loads]),
        first_load=np.searchsorted(lat.cluster[by_cluster], np.arange(lat.clusters + 1)),
        by_cluster=by_cluster,
    )
