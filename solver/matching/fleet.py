"""All chains at once, as linked lists with what is needed to judge an insertion without walking the chain.

For a chain driven in a given order let `early` of a load be the earliest its loading can start, and `calm`
the start up to which nobody needs to have waited since the first load left its window's end behind. Started
at `early`, the last load has cost max(0, early - calm) minutes of waiting in all, and no schedule of this
order has less (formulation.md, "Waiting"). Seen from a load to the end of its chain: `not_before` is the
start below which a later window makes the truck wait, `calm_until` the start above which a window has cut
`calm`, `at_latest` the start after which a window or the shift fails. Joining a head to a tail is then a few
comparisons.
"""

from typing import NamedTuple

import numpy as np

from solver.matching.kernels import kernel
from solver.matching.network import FAR, Network
from solver.matching.plan import Chain, MatchingPlan
from solver.reading import IntArray


class Fleet(NamedTuple):
    """Per load: next, previous, truck (-1 none) and its five times; per truck: first, last load, cost,
    waiting."""

    next: IntArray
    previous: IntArray
    truck: IntArray
    early: IntArray
    calm: IntArray
    not_before: IntArray
    calm_until: IntArray
    at_latest: IntArray
    first: IntArray
    last: IntArray
    cost: IntArray
    wait: IntArray


def idle_fleet(loads: int, trucks: int) -> Fleet:
    """Return a fleet in which nobody drives."""
    per_load = [np.full(loads, -1, dtype=np.int64) for _ in range(8)]
    per_truck = [np.full(trucks, -1, dtype=np.int64) for _ in range(2)]
    return Fleet(*per_load, *per_truck, *(np.zeros(trucks, dtype=np.int64) for _ in range(2)))


def fleet_of(net: Network, plan: MatchingPlan) -> Fleet:
    """Return the fleet that drives the chains of a lawful plan."""
    fleet = idle_fleet(len(net.origin), len(net.start))
    for chain in plan.chains:
        drive(net, fleet, chain.truck, np.array(chain.loads, dtype=np.int64))
    return fleet


def plan_of(net: Network, sequences: list[tuple[int, IntArray]]) -> MatchingPlan:
    """Return the plan that drives the given (truck, loads in order), each as calmly as its order allows."""
    chains = [
        Chain(k, tuple(loads.tolist()), tuple(calm_starts(net, k, loads).tolist()))
        for k, loads in sequences
        if len(loads)
    ]
    served = np.zeros(len(net.origin), dtype=bool)
    for chain in chains:
        served[list(chain.loads)] = True
    return MatchingPlan(tuple(chains), tuple(np.flatnonzero(~served).tolist()))


def sequences_of(truck: IntArray, early: IntArray) -> list[tuple[int, IntArray]]:
    """Return (truck, loads in order) of every truck used, from each load's truck (-1 none) and its earliest
    start.

    Along a chain earliest starts never decrease; where two are equal the lists do not tell the order, so use
    `sequences` on a fleet when durations may be zero.
    """
    order = np.lexsort((early, truck))
    order = order[truck[order] >= 0]
    cuts = np.flatnonzero(np.diff(truck[order])) + 1
    return [(int(truck[part[0]]), part) for part in np.split(order, cuts) if len(part)]


def sequences(fleet: Fleet) -> list[tuple[int, IntArray]]:
    """Return (truck, loads in order) of every truck used."""
    return [(k, loads_of(fleet, k)) for k in np.flatnonzero(fleet.first >= 0).tolist()]


@kernel
def loads_of(fleet: Fleet, k: int) -> IntArray:
    """Return the loads of truck k in order."""
    count = 0
    i = fleet.first[k]
    while i >= 0:
        count += 1
        i = fleet.next[i]
    loads = np.empty(count, np.int64)
    i = fleet.first[k]
    for at in range(count):
        loads[at] = i
        i = fleet.next[i]
    return loads


@kernel
def calm_starts(net: Network, k: int, loads: IntArray) -> IntArray:
    """Return starts with the least waiting: the last load as early as it can be, the others then as late."""
    starts = np.empty(len(loads), np.int64)
    at, now = net.start[k], net.free_from[k]
    for rank in range(len(loads)):
        i = loads[rank]
        now = max(net.earliest[i], now + net.minutes[at, net.origin[i]])
        starts[rank] = now
        at, now = net.destination[i], now + net.duration[i]
    for rank in range(len(loads) - 2, -1, -1):
        i, j = loads[rank], loads[rank + 1]
        leg = net.duration[i] + net.minutes[net.destination[i], net.origin[j]]
        starts[rank] = min(net.last_start[i], starts[rank + 1] - leg)
    return starts


@kernel
def drive(net: Network, fleet: Fleet, k: int, loads: IntArray) -> None:
    """Give truck k these loads in this order instead of those it has."""
    fleet.first[k], fleet.last[k] = -1, -1
    before = -1
    for i in loads:
        fleet.truck[i], fleet.previous[i], fleet.next[i] = k, before, -1
        if before < 0:
            fleet.first[k] = i
        else:
            fleet.next[before] = i
        before = i
    fleet.last[k] = before
    refresh(net, fleet, k)


@kernel
def leg_minutes(net: Network, i: int, j: int) -> int:
    """Return minutes from the start of loading i to the arrival at the origin of j."""
    return int(net.duration[i] + net.minutes[net.destination[i], net.origin[j]])


@kernel
def refresh(net: Network, fleet: Fleet, k: int) -> None:
    """Recompute the times of truck k's loads and its cost."""
    fleet.cost[k], fleet.wait[k] = 0, 0
    i = fleet.first[k]
    if i < 0:
        return
    km = net.km[net.start[k], net.origin[i]]
    fleet.early[i] = max(net.earliest[i], net.free_from[k] + net.minutes[net.start[k], net.origin[i]])
    fleet.calm[i] = net.last_start[i]
    while fleet.next[i] >= 0:
        j = fleet.next[i]
        leg = leg_minutes(net, i, j)
        km += net.km[net.destination[i], net.origin[j]]
        fleet.early[j] = max(net.earliest[j], fleet.early[i] + leg)
        fleet.calm[j] = min(net.last_start[j], fleet.calm[i] + leg)
        i = j
    km += net.km[net.destination[i], net.home[k]]
    fleet.wait[k] = max(0, fleet.early[i] - fleet.calm[i])
    fleet.cost[k] = net.price_truck + net.price_km * km + net.price_wait * fleet.wait[k]
    _refresh_tails(net, fleet, k)


@kernel
def _refresh_tails(net: Network, fleet: Fleet, k: int) -> None:
    i = fleet.last[k]
    homeward = net.duration[i] + net.minutes[net.destination[i], net.home[k]]
    fleet.not_before[i], fleet.calm_until[i] = net.earliest[i], net.last_start[i]
    fleet.at_latest[i] = min(net.last_start[i], net.home_by[k] - homeward)
    while fleet.previous[i] >= 0:
        j, i = i, fleet.previous[i]
        leg = leg_minutes(net, i, j)
        fleet.not_before[i] = max(net.earliest[i], fleet.not_before[j] - leg)
        fleet.calm_until[i] = min(net.last_start[i], fleet.calm_until[j] - leg)
        fleet.at_latest[i] = min(net.last_start[i], fleet.at_latest[j] - leg)


@kernel
def insertion_cost(net: Network, fleet: Fleet, x: int, k: int, i: int) -> int:
    """Return what it adds to truck k to take load x just after its load i (-1: first); FAR when it cannot."""
    if net.fits[net.truck_kind[k], net.load_kind[x]] == 0:
        return FAR
    j = fleet.first[k] if i < 0 else fleet.next[i]
    at = net.start[k] if i < 0 else net.destination[i]
    to = net.home[k] if j < 0 else net.origin[j]
    early = net.free_from[k] if i < 0 else fleet.early[i] + net.duration[i]
    early = max(net.earliest[x], early + net.minutes[at, net.origin[x]])
    if early > net.last_start[x]:
        return FAR
    leg = net.duration[x] + net.minutes[net.destination[x], to]
    latest = net.home_by[k] if j < 0 else fleet.at_latest[j]
    if early + leg > latest:
        return FAR
    calm = net.last_start[x]
    if i >= 0:
        calm = min(calm, fleet.calm[i] + leg_minutes(net, i, x))
    early, calm = early + leg, calm + leg
    if j >= 0:
        early, calm = max(early, fleet.not_before[j]), min(calm, fleet.calm_until[j])
    wait = max(0, early - calm) - fleet.wait[k]
    km = net.km[at, net.origin[x]] + net.km[net.destination[x], to]
    if i < 0 and j < 0:
        return int(net.price_truck + net.price_km * km + net.price_wait * wait)
    return int(net.price_km * (km - net.km[at, to]) + net.price_wait * wait)


@kernel
def insert(net: Network, fleet: Fleet, x: int, k: int, i: int) -> None:
    """Let truck k take load x just after its load i (-1: first)."""
    j = fleet.first[k] if i < 0 else fleet.next[i]
    fleet.truck[x], fleet.previous[x], fleet.next[x] = k, i, j
    if i < 0:
        fleet.first[k] = x
    else:
        fleet.next[i] = x
    if j < 0:
        fleet.last[k] = x
    else:
        fleet.previous[j] = x
    refresh(net, fleet, k)


@kernel
def remove(fleet: Fleet, x: int) -> None:
    """Take load x out of its chain; the chain's times are stale until `refresh`."""
    k, i, j = fleet.truck[x], fleet.previous[x], fleet.next[x]
    if i < 0:
        fleet.first[k] = j
    else:
        fleet.next[i] = j
    if j < 0:
        fleet.last[k] = i
    else:
        fleet.previous[j] = i
    fleet.truck[x], fleet.previous[x], fleet.next[x] = -1, -1, -1
