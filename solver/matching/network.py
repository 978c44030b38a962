"""The instance as the method sees it: one duration per load, the loads worth trying beside each other."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.instance import MatchingInstance
from solver.matching.kernels import kernel
from solver.reading import IntArray

FloatArray = NDArray[np.float64]
PAIRS_AT_ONCE = 2_000_000  # between two looks at the clock
FAR = 2**60  # more than any cost of a pair; two of them still fit in 64 bits


class Network(NamedTuple):
    """Loads and trucks for compiled code; all int64.

    `duration` is from the start of loading to the end of unloading; `last_start` is the latest start that
    also delivers by the due time (below `earliest` when none does). `fits` (truck kinds, load kinds).
    `price_km`, `price_wait` and `price_truck` are the prices of F1 to F3, `drop` is F4's per load.
    """

    minutes: IntArray
    km: IntArray
    origin: IntArray
    destination: IntArray
    earliest: IntArray
    last_start: IntArray
    duration: IntArray
    drop: IntArray
    load_kind: IntArray
    truck_kind: IntArray
    start: IntArray
    home: IntArray
    free_from: IntArray
    home_by: IntArray
    fits: IntArray
    price_km: int
    price_wait: int
    price_truck: int


class Neighbours(NamedTuple):
    """Per load, best first, -1 where there are fewer: `before` and `after` (N, width) are loads a truck
    could take just before or after it, `beside` (N, 3 width) loads of which one could stand for the other or
    be next to it, `alone` (N, width) trucks that could serve it alone."""

    before: IntArray
    after: IntArray
    beside: IntArray
    alone: IntArray


def network(instance: MatchingInstance) -> Network:
    """Return the arrays of `instance` with durations and effective windows."""
    loads, trucks, costs = instance.loads, instance.trucks, instance.costs
    drive = instance.minutes[loads.origin, loads.destination]
    duration = loads.load_minutes + drive + loads.unload_minutes
    return Network(
        minutes=instance.minutes,
        km=instance.km,
        origin=loads.origin,
        destination=loads.destination,
        earliest=loads.earliest,
        last_start=np.minimum(loads.latest, loads.due - duration),
        duration=duration,
        drop=loads.drop,
        load_kind=loads.kind,
        truck_kind=trucks.kind,
        start=trucks.start,
        home=trucks.home,
        free_from=trucks.free_from,
        home_by=trucks.home_by,
        fits=instance.can,
        price_km=costs.per_empty_km,
        price_wait=costs.per_wait_minute,
        price_truck=costs.per_truck,
    )


def neighbours(net: Network, width: int, over: Callable[[], bool]) -> Neighbours:
    """Return the `width` best neighbours of every load; time grows with the square of the loads.

    `over` is asked now and then; when it says yes, the lists stay as they are so far.
    """
    n = len(net.origin)
    lists = [np.full((n, width), -1, dtype=np.int64) for _ in range(4)]
    costs = [np.full((n, width), FAR, dtype=np.int64) for _ in range(4)]
    rows = max(1, PAIRS_AT_ONCE // max(1, n + len(net.start)))
    for low in range(0, n, rows):
        if over():
            break
        _pairs(net, low, min(n, low + rows), (lists[0], lists[1], lists[2]), (costs[0], costs[1], costs[2]))
        _alone(net, low, min(n, low + rows), lists[3], costs[3])
    before, after, alike, alone = lists
    beside = np.stack([alike, after, before], axis=2).reshape(n, 3 * width)
    return Neighbours(before, after, beside, alone)


@kernel
def keep_best(costs: IntArray, names: IntArray, cost: int, name: int) -> None:
    """Insert into a list kept sorted by cost if it is among the best; ties keep the one there first."""
    at = len(costs) - 1
    if cost >= costs[at]:
        return
    while at > 0 and costs[at - 1] > cost:
        costs[at], names[at] = costs[at - 1], names[at - 1]
        at -= 1
    costs[at], names[at] = cost, name


@kernel
def shares_a_kind(net: Network, i: int, j: int) -> bool:
    """Answer whether some kind of truck can carry both loads."""
    for kind in range(len(net.fits)):
        if net.fits[kind, net.load_kind[i]] == 1 and net.fits[kind, net.load_kind[j]] == 1:
            return True
    return False


@kernel
def succession_cost(net: Network, i: int, j: int) -> int:
    """Return empty kilometres and unavoidable waiting from load i to load j by price; FAR when j cannot
    follow i."""
    if i == j or net.earliest[i] > net.last_start[i] or not shares_a_kind(net, i, j):
        return FAR
    leg = net.duration[i] + net.minutes[net.destination[i], net.origin[j]]
    if net.earliest[i] + leg > net.last_start[j] or net.earliest[j] > net.last_start[j]:
        return FAR
    wait = max(0, net.earliest[j] - (net.earliest[i] + net.last_start[i]) // 2 - leg)
    return int(net.price_km * net.km[net.destination[i], net.origin[j]] + net.price_wait * wait)


@kernel
def likeness_cost(net: Network, i: int, j: int) -> int:
    """Return how badly load j stands for load i: kilometres between their ends, minutes between their
    windows."""
    apart = net.km[net.origin[i], net.origin[j]] + net.km[net.destination[i], net.destination[j]]
    later = abs(net.earliest[i] - net.earliest[j]) + abs(net.last_start[i] - net.last_start[j])
    return int(net.price_km * apart + max(net.price_wait, 1) * later // 2)


Three = tuple[IntArray, IntArray, IntArray]


@kernel
def _pairs(net: Network, low: int, high: int, lists: Three, costs: Three) -> None:
    """Enter the pairs of loads low to high - 1 with all others into the lists before, after and alike."""
    for i in range(low, high):
        for j in range(len(net.origin)):
            cost = succession_cost(net, i, j)
            if cost < FAR:
                keep_best(costs[1][i], lists[1][i], cost, j)
                keep_best(costs[0][j], lists[0][j], cost, i)
            if i != j and shares_a_kind(net, i, j):
                keep_best(costs[2][i], lists[2][i], likeness_cost(net, i, j), j)


@kernel
def _alone(net: Network, low: int, high: int, trucks: IntArray, costs: IntArray) -> None:
    """Enter the trucks that serve loads low to high - 1 alone, cheapest first."""
    for i in range(low, high):
        for k in range(len(net.start)):
            if net.fits[net.truck_kind[k], net.load_kind[i]] == 0:
                continue
            begin = max(net.earliest[i], net.free_from[k] + net.minutes[net.start[k], net.origin[i]])
            back = begin + net.duration[i] + net.minutes[net.destination[i], net.home[k]]
            if begin <= net.last_start[i] and back <= net.home_by[k]:
                legs = net.km[net.start[k], net.origin[i]] + net.km[net.destination[i], net.home[k]]
                keep_best(costs[i], trucks[i], net.price_km * legs, k)
