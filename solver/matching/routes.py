"""Chains of one truck, driven to the minute, that the table of its team leads to.

`follow` takes at every place what costs least from there on by the table. `explore` looks through all chains whose
promise, by the table, is below the best known: with the shortest legs a promise never overstates, so when nothing is
left to look at, the best known is the least cost of any chain that serves no load twice.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.kernels import kernel
from solver.matching.lattice import Lattice
from solver.matching.network import Network
from solver.matching.table import Numbers, Table, least_cost
from solver.matching.teams import Team
from solver.reading import IntArray

LONGEST: Final = 48  # loads of a chain found by `follow`
DEEPEST: Final = 20  # and by `explore`
BREADTH: Final = 192  # loads that may follow one another in `explore`
MARGIN: Final = 3.0  # by how many kilometres' price the table may err and its cluster still be looked into


class Trail(NamedTuple):
    """Where `explore` stands: per depth, (DEEPEST, BREADTH), the loads that may come next, best first, when they
    end, the cost up to there and the promise; and the `best` loads so far (DEEPEST + 1,), their number first."""

    loads: IntArray
    ends: IntArray
    costs: NDArray[np.float64]
    promises: NDArray[np.float64]
    best: IntArray


class Stand(NamedTuple):
    """Where a truck stands: its lane, the place and the row of it, the minute, and what it has cost so far."""

    lane: int
    place: int
    row: int
    now: int
    cost: float


class View(NamedTuple):
    """What a truck sees: the day, the lattice, its team and the team's table, the prices, and the loads `taken`."""

    net: Network
    lat: Lattice
    team: Team
    table: Table
    worth: Numbers
    taken: NDArray[Any]


def new_trail() -> Trail:
    """Return room for one search."""
    size = (DEEPEST, BREADTH)
    return Trail(
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size),
        np.empty(size),
        np.zeros(DEEPEST + 1, np.int64),
    )


@kernel
def at_start(view: View, lane: int) -> Stand:
    """Return where the truck of a lane begins, its fixed cost paid."""
    k = view.team.trucks[lane]
    return Stand(
        lane, view.net.start[k], view.lat.row_of_start[k], view.net.free_from[k], np.float64(view.net.price_truck)
    )


@kernel
def follow(view: View, lane: int, chain: IntArray) -> float:
    """Write to `chain` the loads, their number first, that the table leads the truck of a lane to, none of them
    taken; return what the chain costs less their prices."""
    net, k = view.net, view.team.trucks[lane]
    stand, count = at_start(view, lane), 0
    chain[0] = 0
    while count < LONGEST:
        home = np.float64(net.price_km * net.km[stand.place, net.home[k]]) if count else np.inf
        j, end = _next(view, stand, chain[1 : 1 + count], home)
        if j < 0:
            break
        cost = stand.cost + net.price_km * net.km[stand.place, net.origin[j]] - view.worth[j]
        chain[1 + count] = j
        count += 1
        stand = Stand(lane, net.destination[j], view.lat.row[j], end, cost)
    chain[0] = count
    return float(stand.cost + net.price_km * net.km[stand.place, net.home[k]]) if count else 0.0


@kernel
def _next(view: View, stand: Stand, loads: IntArray, best: float) -> tuple[int, int]:
    """Return the load not among `loads` that promises the least from here on, less than `best`, and when it ends; -1
    for none."""
    # names for what the loops look at: a field of a field would be counted in and out at every look
    net, lat, table, worth, taken = view.net, view.lat, view.table, view.worth, view.taken
    low, steps, first_load, by_cluster = view.team.low, view.team.steps, view.team.first_load, view.team.by_cluster
    leave, begin, minutes, km, price_km = table.leave, table.begin, net.minutes, net.km, net.price_km
    place, lane, k = stand.place, stand.lane, view.team.trucks[stand.lane]
    home, home_by, now = net.home[k], net.home_by[k], max(stand.now, low * lat.step)
    margin = MARGIN * price_km
    chosen, chosen_end = -1, 0
    leads = np.full(lat.clusters, np.inf)
    for c in range(lat.clusters):
        step = (now + lat.minutes[stand.row, c] + lat.up) // lat.step - low
        if step < steps:
            leads[c] = begin[step * lat.clusters + c, lane] + lat.cost[stand.row, c]
    for c in np.argsort(leads):
        if leads[c] == np.inf or leads[c] > best + margin:
            break
        for at in range(first_load[c], first_load[c + 1]):
            j = by_cluster[at]
            if taken[j]:
                continue
            start = max(net.earliest[j], stand.now + minutes[place, net.origin[j]])
            end = start + net.duration[j]
            there = net.destination[j]
            if start > net.last_start[j] or end + minutes[there, home] > home_by:
                continue
            promise = np.float64(price_km * km[there, home])
            step = (end + lat.up) // lat.step - low
            if step < steps:
                promise = min(promise, np.float64(leave[step * len(lat.row_place) + lat.row[j], lane]))
            promise += price_km * km[place, net.origin[j]] - worth[j]
            if promise < best and j not in loads:
                best, chosen, chosen_end = promise, j, end
    return chosen, chosen_end


@kernel
def explore(view: View, trail: Trail, lane: int, known: float, most: int) -> tuple[float, bool]:
    """Return the least cost below `known` of a chain of the truck in a lane, less its loads' prices, and whether
    every chain that promised less has been looked at, within `most` places looked around from. The chain is
    `trail.best`, of no loads when nothing is below `known`."""
    net, k = view.net, view.team.trucks[lane]
    trail.best[0] = 0
    if least_cost(net, view.lat, view.team, view.table, lane) >= known:
        return known, True
    counts, at = np.zeros(DEEPEST, np.int64), np.zeros(DEEPEST, np.int64)
    loads = np.empty(DEEPEST, np.int64)
    depth, looked, is_all = 0, 1, True
    counts[0], is_all = _look(view, trail, at_start(view, lane), loads[:0], known)
    while depth >= 0:
        rank = at[depth]
        if rank >= counts[depth] or trail.promises[depth, rank] >= known:
            depth -= 1
            continue
        at[depth] += 1
        j, end, cost = trail.loads[depth, rank], trail.ends[depth, rank], trail.costs[depth, rank]
        loads[depth] = j
        home = cost + net.price_km * net.km[net.destination[j], net.home[k]]
        if home < known:
            known = home
            trail.best[0] = depth + 1
            trail.best[1 : depth + 2] = loads[: depth + 1]
        if looked >= most or depth + 1 >= DEEPEST:
            is_all = False
            if looked >= most:
                break
            continue
        depth += 1
        looked += 1
        at[depth] = 0
        stand = Stand(lane, net.destination[j], view.lat.row[j], end, cost)
        counts[depth], is_whole = _look(view, trail, stand, loads[:depth], known)
        is_all = is_all and is_whole
    return known, is_all


@kernel
def _look(view: View, trail: Trail, stand: Stand, loads: IntArray, known: float) -> tuple[int, bool]:
    """Write to the trail, best first, the loads that may come after `loads` and promise less than `known`; return
    their number and whether there was room for all."""
    net, lat, table, worth, taken = view.net, view.lat, view.table, view.worth, view.taken
    low, steps, first_load, by_cluster = view.team.low, view.team.steps, view.team.first_load, view.team.by_cluster
    leave, begin, minutes, km, price_km = table.leave, table.begin, net.minutes, net.km, net.price_km
    place, lane, k, depth = stand.place, stand.lane, view.team.trucks[stand.lane], len(loads)
    home, home_by, now = net.home[k], net.home_by[k], max(stand.now, low * lat.step)
    names, ends, costs, promises = trail.loads[depth], trail.ends[depth], trail.costs[depth], trail.promises[depth]
    count, is_whole = 0, True
    for c in range(lat.clusters):
        step = (now + lat.minutes[stand.row, c] + lat.up) // lat.step - low
        if step >= steps:
            continue
        if stand.cost + begin[step * lat.clusters + c, lane] + lat.cost[stand.row, c] >= known:
            continue
        for at in range(first_load[c], first_load[c + 1]):
            j = by_cluster[at]
            if taken[j]:
                continue
            start = max(net.earliest[j], stand.now + minutes[place, net.origin[j]])
            end = start + net.duration[j]
            if start > net.last_start[j] or end + minutes[net.destination[j], home] > home_by:
                continue
            step = (end + lat.up) // lat.step - low
            if step >= steps:
                continue
            cost = stand.cost + price_km * km[place, net.origin[j]] - worth[j]
            promise = cost + leave[step * len(lat.row_place) + lat.row[j], lane]
            if promise >= known or j in loads:
                continue
            if count >= BREADTH:
                is_whole = False
                break
            names[count], ends[count], costs[count], promises[count] = j, end, cost, promise
            count += 1
    order = np.argsort(promises[:count])
    names[:count], ends[:count] = names[:count][order], ends[:count][order]
    costs[:count], promises[:count] = costs[:count][order], promises[:count][order]
    return count, is_whole
