"""The cheapest chains of one truck at given prices, by labelling: fast, over promising successions only.

A label is a partial chain: the load it ends in, the earliest start of that load, how calm it is (fleet.py),
and what it has cost so far, prices taken off. Labels are extended in order of time, to the next loads worth
trying; a label no better, no earlier and no calmer than another at the same load is dropped, and a load
keeps only a few. A chain never takes a load twice. What is found is lawful and its cost exact; that nothing
cheaper exists is not claimed.
"""

from typing import NamedTuple

import numpy as np

from solver.matching.fleet import leg_minutes
from solver.matching.kernels import kernel
from solver.matching.network import FloatArray, Neighbours, Network
from solver.reading import IntArray

MOST_LABELS = 60_000
KEPT = 2  # labels per load
FIRSTS = 60  # first loads tried per truck
CHAINS = 3  # chains returned per truck
LONGEST = 48
RISE_EVERY = 16  # choices between two rises of all prices


class Labels(NamedTuple):
    """Room for the labels of one truck: per label, per load (its labels), per minute (labels that start
    then)."""

    load: IntArray
    early: IntArray
    calm: IntArray
    parent: IntArray
    cost: FloatArray
    same_minute: IntArray
    of_load: IntArray
    count_of_load: IntArray
    of_minute: IntArray
    used: IntArray


class Found(NamedTuple):
    """Chains found: per truck and rank the reduced cost, the number of loads and the loads (K, CHAINS,
    LONGEST)."""

    reduced: FloatArray
    length: IntArray
    loads: IntArray


def room(net: Network) -> Labels:
    """Return working memory for a network."""
    loads = len(net.origin)
    integers = [np.zeros(MOST_LABELS, dtype=np.int64) for _ in range(4)]
    shift = int((net.home_by - net.free_from).max(initial=0))
    return Labels(
        load=integers[0],
        early=integers[1],
        calm=integers[2],
        parent=integers[3],
        cost=np.zeros(MOST_LABELS),
        same_minute=np.zeros(MOST_LABELS, dtype=np.int64),
        of_load=np.zeros((loads, KEPT), dtype=np.int64),
        count_of_load=np.zeros(loads, dtype=np.int64),
        of_minute=np.full(min(max(shift, 0), 20_000) + 1, -1, dtype=np.int64),
        used=np.zeros(1, dtype=np.int64),
    )


def blank(trucks: int) -> Found:
    """Return room for what is found."""
    return Found(
        np.zeros((trucks, CHAINS)),
        np.zeros((trucks, CHAINS), dtype=np.int64),
        np.zeros((trucks, CHAINS, LONGEST), dtype=np.int64),
    )


@kernel
def find_chains(
    net: Network,
    near: Neighbours,
    price: FloatArray,
    trucks: IntArray,
    labels: Labels,
    found: Found,
    pull: float,
) -> None:
    """Find the cheapest chains of some trucks, in turn; those that do not pay have length 0.

    With a `pull`, prices move (in place) while trucks choose: a chosen load falls by it, and every load
    rises by as much over as many choices as there are trucks. This is the incremental subgradient method
    (Nedic and Bertsekas, SIAM J. Optimization 12, 2001) on the Lagrangian dual.
    """
    for turn, k in enumerate(trucks):
        found.length[k, :] = 0
        found.reduced[k, :] = 0.0
        labels.used[0] = 0
        labels.count_of_load[:] = 0
        labels.of_minute[:] = -1
        _first_labels(net, price, k, labels)
        for minute in range(len(labels.of_minute)):
            at = labels.of_minute[minute]
            while at >= 0:
                _finish(net, k, labels, at, found)
                _extend(net, near, price, k, labels, at)
                at = labels.same_minute[at]
        for rank in range(found.length[k, 0]):
            price[found.loads[k, 0, rank]] -= pull
        if pull > 0 and turn % RISE_EVERY == 0:
            rise = pull * RISE_EVERY / len(net.start)
            for i in range(len(price)):
                price[i] = min(price[i] + rise, net.drop[i])


@kernel
def _first_labels(net: Network, price: FloatArray, k: int, labels: Labels) -> None:
    n = len(net.origin)
    cost = np.empty(n)
    for i in range(n):
        cost[i] = np.inf
        if net.fits[net.truck_kind[k], net.load_kind[i]] == 1:
            early = max(net.earliest[i], net.free_from[k] + net.minutes[net.start[k], net.origin[i]])
            if early <= net.last_start[i] and early + net.duration[i] <= net.home_by[k]:
                leg = net.price_km * net.km[net.start[k], net.origin[i]]
                cost[i] = net.price_truck + leg - price[i]
    limit = np.inf
    if n > FIRSTS:
        limit = np.partition(cost, FIRSTS)[FIRSTS]
    for i in range(n):
        if cost[i] < np.inf and cost[i] <= limit:
            early = max(net.earliest[i], net.free_from[k] + net.minutes[net.start[k], net.origin[i]])
            _offer(net, k, labels, i, early, net.last_start[i], -1, cost[i])


@kernel
def _offer(  # noqa: PLR0913, PLR0917 - the fields of a label
    net: Network, k: int, labels: Labels, i: int, early: int, calm: int, parent: int, cost: float
) -> None:
    """Keep a new label unless a kept one is as good in everything, or the load has enough better ones."""
    full = cost + net.price_wait * max(0, early - calm)
    worst, worst_full = -1, full
    for rank in range(labels.count_of_load[i]):
        other = labels.of_load[i, rank]
        other_full = labels.cost[other] + net.price_wait * max(0, labels.early[other] - labels.calm[other])
        if other_full <= full and labels.early[other] <= early:
            return
        if other_full > worst_full:
            worst, worst_full = rank, other_full
    at = labels.used[0]
    minute = early - net.free_from[k]
    if at >= MOST_LABELS or minute >= len(labels.of_minute):
        return
    if labels.count_of_load[i] < KEPT:
        labels.of_load[i, labels.count_of_load[i]] = at
        labels.count_of_load[i] += 1
    elif worst >= 0:
        labels.of_load[i, worst] = at
    else:
        return
    labels.used[0] += 1
    labels.load[at], labels.early[at], labels.calm[at] = i, early, calm
    labels.parent[at], labels.cost[at] = parent, cost
    labels.same_minute[at] = labels.of_minute[minute]
    labels.of_minute[minute] = at


@kernel
def _extend(net: Network, near: Neighbours, price: FloatArray, k: int, labels: Labels, at: int) -> None:
    i = labels.load[at]
    kept = False
    for rank in range(labels.count_of_load[i]):
        kept |= labels.of_load[i, rank] == at
    if not kept:
        return
    for j in near.after[i]:
        if j < 0:
            return
        if net.fits[net.truck_kind[k], net.load_kind[j]] == 0:
            continue
        leg = leg_minutes(net, i, j)
        early = max(net.earliest[j], labels.early[at] + leg)
        if early > net.last_start[j] or early + net.duration[j] > net.home_by[k] or _has(labels, at, j):
            continue
        if early == labels.early[at]:
            continue  # only instant loads stand still in time; chains of them are left to the other methods
        calm = min(net.last_start[j], labels.calm[at] + leg)
        km = net.price_km * net.km[net.destination[i], net.origin[j]]
        _offer(net, k, labels, j, early, calm, at, labels.cost[at] + km - price[j])


@kernel
def _has(labels: Labels, at: int, j: int) -> bool:
    while at >= 0:
        if labels.load[at] == j:
            return True
        at = labels.parent[at]
    return False


@kernel
def _finish(net: Network, k: int, labels: Labels, at: int, found: Found) -> None:
    """Record the chain that ends here if it gets home in time and is among the truck's cheapest."""
    i = labels.load[at]
    home = labels.early[at] + net.duration[i] + net.minutes[net.destination[i], net.home[k]]
    cost = labels.cost[at] + net.price_wait * max(0, labels.early[at] - labels.calm[at])
    cost += net.price_km * net.km[net.destination[i], net.home[k]]
    if home > net.home_by[k] or cost >= found.reduced[k, CHAINS - 1]:
        return
    rank = CHAINS - 1
    while rank > 0 and cost < found.reduced[k, rank - 1]:
        found.reduced[k, rank] = found.reduced[k, rank - 1]
        found.length[k, rank] = found.length[k, rank - 1]
        found.loads[k, rank] = found.loads[k, rank - 1]
        rank -= 1
    length = 0
    step = at
    while step >= 0:
        length += 1
        step = labels.parent[step]
    if length > LONGEST:
        return
    found.reduced[k, rank], found.length[k, rank] = cost, length
    step = at
    for place in range(length - 1, -1, -1):
        found.loads[k, rank, place] = labels.load[step]
        step = labels.parent[step]
