"""The best way on from every place and step at given prices of the loads, for a team of trucks side by side.

Time runs backwards. `leave` is the least cost from a row (a place) at a step to the end: home, or on to the cheapest
cluster; `begin` that of beginning the best load of a cluster at a step or later. A load's price is what serving it
earns. Every entry is a lane of numbers, one per truck of the team, so homes and ends of shifts are each truck's own. A
way may serve a load twice (each service takes a step or longer, so time always moves on): that only adds ways, so the
least cost stays a lower bound.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.kernels import kernel, lane_kernel
from solver.matching.lattice import Lattice
from solver.matching.network import Network
from solver.matching.teams import WIDTH, Team
from solver.reading import IntArray

Numbers = NDArray[Any]
EXACT_IN_SINGLE: Final = 2.0**24  # whole numbers below are exact in single precision
FINEST: Final = 256  # parts of a unit of cost in which prices may be


class Table(NamedTuple):
    """`leave` (steps R, WIDTH), row r at step t in entry t R + r; `begin` ((steps + reach) C, WIDTH) likewise."""

    leave: Numbers
    begin: Numbers


def empty_table(net: Network, lat: Lattice, steps: int) -> Table:
    """Return room for teams of up to `steps` steps, in single precision where that is exact."""
    dtype = np.float32 if worst_way(net) < EXACT_IN_SINGLE else np.float64
    rows = np.empty((steps * len(lat.row_place), WIDTH), dtype)
    return Table(rows, np.empty(((steps + lat.reach + 1) * lat.clusters, WIDTH), dtype))


def quantum(net: Network) -> float:
    """Return the unit prices are rounded down to, so that all sums in a table are exact (a power of two)."""
    limit = EXACT_IN_SINGLE if worst_way(net) < EXACT_IN_SINGLE else 2.0**53
    parts = FINEST
    while parts > 1 and worst_way(net) * parts >= limit:
        parts //= 2
    return 1.0 / parts


def worst_way(net: Network) -> float:
    """Return more than any way of any truck can cost or earn."""
    if not len(net.origin) or not len(net.start):
        return 0.0
    shift = float((net.home_by - net.free_from).max(initial=0))
    most = min(shift // max(1, int(net.duration.min())) + 1, len(net.origin) * 1.0 + 4.0 * shift)
    return most * (float(net.drop.max()) + float(net.km.max()) * net.price_km) + float(net.price_truck)


@lane_kernel
def relax(begin: Numbers, base: int, offset: IntArray, cost: Numbers, best: Numbers) -> None:
    """Lower each lane of `best` to the least of `cost` and the entry of `begin` it leads to."""
    for c in range(len(offset)):
        entry, extra = begin[base + offset[c]], cost[c]
        for lane in range(WIDTH):
            way = entry[lane] + extra
            best[lane] = min(best[lane], way)


@lane_kernel
def lower(entry: Numbers, extra: float, best: Numbers) -> None:
    """Lower each lane of `best` to `entry` and `extra`."""
    for lane in range(WIDTH):
        way = entry[lane] + extra
        best[lane] = min(best[lane], way)


@lane_kernel
def go_home(cost: Numbers, latest: Numbers, now: float, best: Numbers) -> None:
    """Set each lane of `best` to the cost of going home now, where that is in time."""
    for lane in range(WIDTH):
        best[lane] = cost[lane] if now <= latest[lane] else np.inf


@kernel
def fill(net: Network, lat: Lattice, team: Team, worth: Numbers, table: Table) -> None:
    """Fill the table for a team, from its last step back to its first; `worth` (N,) are the prices."""
    leave, begin, rows, size = table.leave, table.begin, len(lat.row_place), lat.clusters
    live, count, entered = np.empty(len(team.loads), np.int64), 0, 0
    cost, latest = _homeward(net, lat, team, leave)
    legs, extra = lat.cost.astype(leave.dtype), lat.extra.astype(leave.dtype)
    begin[(team.steps - 1) * size : (team.steps + lat.reach) * size, :] = np.inf
    for t in range(team.steps - 1, -1, -1):
        while entered < len(team.loads) and lat.last[team.loads[entered]] >= t + team.low:
            live[count] = team.loads[entered]
            count += 1
            entered += 1
        if t + 1 < team.steps:
            for c in range(t * size, (t + 1) * size):
                begin[c, :] = begin[c + size, :]
        at = 0
        while at < count:
            i = live[at]
            is_first = lat.first[i] >= t + team.low
            if lat.first[i] <= t + team.low:
                end = lat.first_end[i] - team.low if is_first else t + lat.hops[i]
                if end < team.steps:
                    lower(leave[end * rows + lat.row[i]], extra[i] - worth[i], begin[t * size + lat.cluster[i]])
            if is_first:
                count -= 1
                live[at] = live[count]
            else:
                at += 1
        now = (t + team.low) * lat.step
        for at in range(len(team.rows)):
            r = team.rows[at]
            go_home(cost[at], latest[at], now, leave[t * rows + r])
            relax(begin, t * size, lat.offset[r], legs[r], leave[t * rows + r])


@kernel
def _homeward(net: Network, lat: Lattice, team: Team, like: Numbers) -> tuple[Numbers, Numbers]:
    """Return what going home costs from each row of the team and until when it is possible, each (rows, WIDTH)."""
    cost = np.full((len(team.rows), WIDTH), np.inf, like.dtype)
    latest = np.full((len(team.rows), WIDTH), -np.inf)
    for at in range(len(team.rows)):
        place = lat.row_place[team.rows[at]]
        for lane in range(len(team.trucks)):
            k = team.trucks[lane]
            cost[at, lane] = net.price_km * net.km[place, net.home[k]]
            latest[at, lane] = net.home_by[k] - net.minutes[place, net.home[k]]
    return cost, latest


@kernel
def least_cost(net: Network, lat: Lattice, team: Team, table: Table, lane: int) -> float:
    """Return the least cost of any way of the truck in a lane, its fixed cost included; inf when there is none."""
    k = team.trucks[lane]
    r, best = lat.row_of_start[k], np.inf
    now = max(net.free_from[k], team.low * lat.step)
    for c in range(lat.clusters):
        step = (now + lat.minutes[r, c] + lat.up) // lat.step - team.low
        if step < team.steps:
            best = min(best, net.price_truck + lat.cost[r, c] + table.begin[step * lat.clusters + c, lane])
    return best
