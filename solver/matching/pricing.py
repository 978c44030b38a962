"""The best chain of every truck at given prices of the loads, by dynamic programming over the lattice.

For a group of trucks (same kind, home, deadline) time runs backwards. `leave[r, t]` is the least cost from place r at
step t to the end: home, or the cheapest cluster to go to; `begin[c, t]` that of beginning the best load of cluster c at
step t or later. A load's price is what serving it earns. A chain may serve a load twice (each service takes longer
than a step, so time always moves on): that only adds chains, so the least cost stays a lower bound.
"""

from typing import NamedTuple

import numpy as np

from solver.matching.kernels import kernel
from solver.matching.lattice import Groups, Lattice, Legs, groups
from solver.matching.network import FAR, Network
from solver.reading import IntArray

LONGEST_CHAIN = 64


class Table(NamedTuple):
    """Room for one group: `leave`, `leave_to` (R, T), the latter a rank in `near`, -1 for home; `begin`, `begin_load`,
    `begin_step` (C, T); `live` (N,)."""

    leave: IntArray
    leave_to: IntArray
    begin: IntArray
    begin_load: IntArray
    begin_step: IntArray
    live: IntArray


class Ground(NamedTuple):
    """What pricing works on."""

    net: Network
    lat: Lattice
    legs: Legs
    groups: Groups
    table: Table


class Chains(NamedTuple):
    """Per truck: the least cost `least` of a chain at the prices (0 for none), its `length`, its `loads` (K, 64)."""

    least: IntArray
    length: IntArray
    loads: IntArray


def ground(net: Network, lat: Lattice, legs: Legs) -> Ground:
    """Return the trucks in groups, with a table large enough for every group."""
    parts = groups(net, lat)
    rows, clusters = legs.km.shape
    steps = int(parts.steps.max(initial=1))
    leave, leave_to = np.zeros((2, rows, steps), np.int64)
    begin, begin_load, begin_step = np.zeros((3, clusters, steps), np.int64)
    table = Table(leave, leave_to, begin, begin_load, begin_step, np.zeros(len(net.origin), np.int64))
    return Ground(net, lat, legs, parts, table)


def no_chains(trucks: int) -> Chains:
    """Return a result in which nobody drives."""
    return Chains(np.zeros(trucks, np.int64), np.zeros(trucks, np.int64), np.zeros((trucks, LONGEST_CHAIN), np.int64))


@kernel
def find_chains(on: Ground, chosen: IntArray, price: IntArray, chains: Chains) -> None:
    """Find the best chain of every truck in the chosen groups."""
    for g in chosen:
        fill(on, g, price)
        for at in range(on.groups.first[g], on.groups.first[g + 1]):
            trace(on, g, on.groups.trucks[at], chains)


@kernel
def find_diverse_chains(on: Ground, chosen: IntArray, price: IntArray, chains: Chains) -> None:
    """Find the best chain of one truck after the other; a load that one takes earns nothing for those that follow:
    its entry of `price` becomes 0."""
    for g in chosen:
        for at in range(on.groups.first[g], on.groups.first[g + 1]):
            k = on.groups.trucks[at]
            fill(on, g, price)
            trace(on, g, k, chains)
            for rank in range(chains.length[k]):
                price[chains.loads[k, rank]] = 0


@kernel
def fill(on: Ground, g: int, price: IntArray) -> None:
    """Fill the table for a group, from its last step back to its first."""
    groups, table = on.groups, on.table
    kind = groups.kind[g]
    loads = groups.loads[groups.first_load[kind] : groups.first_load[kind + 1]]
    live, entered = 0, 0
    for t in range(groups.steps[g] - 1, -1, -1):
        while entered < len(loads) and on.legs.last[loads[entered]] >= t + groups.low[g]:
            table.live[live] = loads[entered]
            live += 1
            entered += 1
        for c in range(len(table.begin)):
            table.begin[c, t] = FAR
        live = _begin(on, g, t, live, price)
        if t + 1 < groups.steps[g]:
            _stand(t, table)
        _leave(on, g, t)


@kernel
def _begin(on: Ground, g: int, t: int, live: int, price: IntArray) -> int:
    """Offer every load that can start in the step to its cluster; return how many loads may start in earlier ones."""
    legs, table, low, steps = on.legs, on.table, on.groups.low[g], on.groups.steps[g]
    at = 0
    while at < live:
        i = table.live[at]
        is_first = legs.first[i] >= t + low
        if legs.first[i] <= t + low:
            end = legs.first_end[i] - low if is_first else t + legs.hops_of_load[i]
            if end < steps:
                cost = table.leave[on.lat.row[i], end] - price[i] + on.net.price_km * legs.extra_km[i]
                c = on.lat.cluster[i]
                if cost < table.begin[c, t]:
                    table.begin[c, t], table.begin_load[c, t], table.begin_step[c, t] = cost, i, t
        if is_first:
            live -= 1
            table.live[at] = table.live[live]
        else:
            at += 1
    return live


@kernel
def _stand(t: int, table: Table) -> None:
    """Let a truck wait in a cluster for what can be begun a step later."""
    for c in range(len(table.begin)):
        if table.begin[c, t + 1] < table.begin[c, t]:
            table.begin[c, t] = table.begin[c, t + 1]
            table.begin_load[c, t], table.begin_step[c, t] = table.begin_load[c, t + 1], table.begin_step[c, t + 1]


@kernel
def _leave(on: Ground, g: int, t: int) -> None:
    """Fill `leave` for a step: home directly, or on to the cheapest cluster."""
    net, legs, groups, table = on.net, on.legs, on.groups, on.table
    now, steps, home = (t + groups.low[g]) * on.lat.step, groups.steps[g], groups.home[g]
    kind = groups.kind[g]
    least = FAR  # what goes on from here costs no less, wherever it goes: later steps only cost more
    for c in range(len(table.begin)):
        least = min(least, table.begin[c, t])
    for r in groups.rows[groups.first_row[kind] : groups.first_row[kind + 1]]:
        best, to = FAR, -1
        place = on.lat.row_place[r]
        if now + net.minutes[place, home] <= groups.deadline[g]:
            best = net.price_km * net.km[place, home]
        for rank in range(len(table.begin)):
            if legs.near_cost[r, rank] + least >= best:
                break
            step = t + legs.near_hops[r, rank]
            if step < steps:
                c = legs.near[r, rank]
                cost = table.begin[c, step] + legs.near_cost[r, rank]
                if cost < best:
                    best, to = cost, rank
        table.leave[r, t], table.leave_to[r, t] = best, to


@kernel
def trace(on: Ground, g: int, k: int, chains: Chains) -> None:
    """Read truck k's best chain off the table of its group."""
    net, lat, legs, groups, table = on.net, on.lat, on.legs, on.groups, on.table
    r, low = lat.row_of_start[k], groups.low[g]
    free = max(net.free_from[k], low * lat.step)
    best, c, t = 0, -1, 0
    for to in range(len(table.begin)):
        step = (free + legs.minutes[r, to] + legs.up) // lat.step - low
        if step < groups.steps[g]:
            cost = net.price_truck + net.price_km * legs.km[r, to] + table.begin[to, step]
            if cost < best:
                best, c, t = cost, to, step
    length = 0
    while c >= 0 and length < LONGEST_CHAIN:
        i, t = table.begin_load[c, t], table.begin_step[c, t]
        chains.loads[k, length] = i
        length += 1
        t = legs.first_end[i] - low if legs.first[i] == t + low else t + legs.hops_of_load[i]
        r = lat.row[i]
        rank = table.leave_to[r, t]
        c = -1
        if rank >= 0:
            c = legs.near[r, rank]
            t += legs.near_hops[r, rank]
    chains.least[k], chains.length[k] = best, length


@kernel
def lattice_costs(on: Ground, chains: Chains, costs: IntArray) -> None:
    """Write what every truck pays for its chain on the lattice, its fixed cost and its kilometres, to `costs` (K,)."""
    net, lat, legs = on.net, on.lat, on.legs
    for k in range(len(costs)):
        km, r = 0, lat.row_of_start[k]
        for rank in range(chains.length[k]):
            i = chains.loads[k, rank]
            km += legs.km[r, lat.cluster[i]] + legs.extra_km[i]
            r = lat.row[i]
        km += net.km[lat.row_place[r], net.home[k]]
        costs[k] = net.price_truck + net.price_km * km
