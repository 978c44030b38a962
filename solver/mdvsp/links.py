"""Trips at fixed times: the network of links between trips, in an order in which every link runs forwards."""

from dataclasses import dataclass, replace

import numpy as np

from solver.mdvsp.instance import FixedInstance
from solver.mdvsp.kernels import kernel
from solver.mdvsp.network import FAR, SCALE, note, spread
from solver.mdvsp.routes import BoolArray, Routes
from solver.reading import IntArray

Links = tuple[IntArray, IntArray, IntArray]  # for each trip: first, other trip, scaled cost


@dataclass(frozen=True, slots=True)
class LinkNetwork:
    """Network of a FixedInstance; trip t of the network is trip `names[t]` of the instance."""

    names: IntArray
    capacity: IntArray
    pull_out: IntArray
    pull_in: IntArray
    link: IntArray
    into: Links
    outof: Links

    def find(self, price: IntArray, rent: IntArray, is_open: BoolArray, times: int) -> Routes:
        """Return routes of negative reduced cost (Network.find)."""
        way_in, way_out = self._ways(price, rent, is_open)
        first, trips, depot = spread(way_in, way_out, np.arange(len(price)), price, times)
        routes = Routes(first, trips, depot, depot)
        return replace(routes, cost=self.costs(routes))

    def lawful(self, price: IntArray, rent: IntArray) -> IntArray:
        """Return prices at which no route has a negative reduced cost (Network.lawful)."""
        mended = price.copy()
        way_through(
            self.into, _rented(self.pull_out, rent), mended, np.ones(len(price), np.bool_), _scaled(self.pull_in)
        )
        return mended

    def below(self, price: IntArray, rent: IntArray, is_open: BoolArray, gap: int, most: int) -> Routes | None:
        """Return every route of reduced cost at most `gap` (Network.below)."""
        _, (cost_out, _) = self._ways(price, rent, is_open)
        ends = (_rented(self.pull_out, rent), _scaled(self.pull_in))
        first, trips, depot, is_all = all_below(self.outof, ends, cost_out, price, gap, most)
        routes = Routes(first, trips, depot, depot)
        return replace(routes, cost=self.costs(routes)) if is_all else None

    def costs(self, routes: Routes) -> IntArray:
        """Return the cost of each route."""
        links = np.concatenate([[0], self.link[routes.trips[:-1], routes.trips[1:]], [0]])[: len(routes.trips) + 1]
        links[routes.first[:-1]] = 0
        total = np.concatenate([[0], np.cumsum(links[: len(routes.trips)])])
        heads, tails = routes.trips[routes.first[:-1]], routes.trips[routes.first[1:] - 1]
        ends = self.pull_out[heads, routes.depot] + self.pull_in[tails, routes.depot]
        found: IntArray = ends + total[routes.first[1:]] - total[routes.first[:-1]]
        return found

    def _ways(
        self, price: IntArray, rent: IntArray, is_open: BoolArray
    ) -> tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray]]:
        none = np.zeros((0, 0), np.int64)
        into = way_through(self.into, _rented(self.pull_out, rent), price, is_open, none)
        return into, way_through(self.outof, _scaled(self.pull_in), price, is_open, none)


def link_network(instance: FixedInstance) -> LinkNetwork:
    """Return the network of an instance."""
    names = instance.order
    link = np.ascontiguousarray(instance.link[np.ix_(names, names)])
    return LinkNetwork(
        names=names,
        capacity=np.minimum(instance.capacity, len(names)),
        pull_out=np.ascontiguousarray(np.where(instance.pull_out < 0, FAR // SCALE, instance.pull_out)[:, names].T),
        pull_in=np.ascontiguousarray(np.where(instance.pull_in < 0, FAR // SCALE, instance.pull_in)[names]),
        link=link,
        into=_links(link.T),
        outof=_links(link),
    )


def _links(link: IntArray) -> Links:
    """Return for each row the columns it is linked with, and the scaled costs."""
    row, column = np.nonzero(link >= 0)
    first = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(link)))]).astype(np.int64)
    return first, column.astype(np.int64), link[row, column] * SCALE


def _scaled(cost: IntArray) -> IntArray:
    return cost * SCALE


def _rented(pull_out: IntArray, rent: IntArray) -> IntArray:
    return pull_out * SCALE - rent[None, :]


@kernel
def way_through(
    links: Links, start: IntArray, price: IntArray, is_open: BoolArray, end: IntArray
) -> tuple[IntArray, IntArray]:
    """Return for each trip and depot the least reduced cost of a way that ends with it, and the trip before it or -1.

    Trips are gone through in the order in which their links have been seen: upwards when links lead to lower numbers,
    else downwards. If `end` is not empty, a trip at which a route could end with a negative reduced cost has its
    `price` lowered, in place, until none can.
    """
    first, other, cost = links
    trips, depots = start.shape
    least, before = np.full((trips, depots), FAR), np.full((trips, depots), -1)
    is_upwards = len(other) == 0 or other[0] < np.searchsorted(first, 0, side="right") - 1
    for at in range(trips):
        j = at if is_upwards else trips - 1 - at
        if not is_open[j]:
            continue
        least[j] = start[j]
        for e in range(first[j], first[j + 1]):
            for k in range(depots):
                if least[other[e], k] + cost[e] < least[j, k]:
                    least[j, k] = least[other[e], k] + cost[e]
                    before[j, k] = other[e]
        if len(end):
            for k in range(depots):
                price[j] = min(price[j], least[j, k] + end[j, k])
        least[j] -= price[j]
    return least, before


@kernel
def all_below(
    links: Links, ends: tuple[IntArray, IntArray], cost_out: IntArray, price: IntArray, gap: int, most: int
) -> tuple[IntArray, IntArray, IntArray, bool]:
    """Return (first, trips, depot) of every route of reduced cost at most `gap`, and whether these are all of them.

    `cost_out` is the least reduced cost from each trip (its own price included) to the end, so no step is in vain.
    """
    start, end = ends
    link_first, other, cost = links
    n, depots = start.shape
    first, depot, trips = np.zeros(most + 1, np.int64), np.empty(most, np.int64), np.empty(max(8 * most, n), np.int64)
    found = 0
    way, spent, at = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for k in range(depots):
        for head in range(n):
            if start[head, k] + cost_out[head, k] > gap:
                continue
            depth = 0
            way[0], spent[0], at[0] = head, start[head, k] - price[head], link_first[head] - 1
            while depth >= 0:
                j = way[depth]
                if at[depth] < link_first[j]:
                    at[depth] = link_first[j]
                    if spent[depth] + end[j, k] <= gap:
                        if found == most or first[found] + depth + 1 > len(trips):
                            return first[: found + 1], trips[: first[found]], depot[:found], False
                        found = note(way[: depth + 1], k, found, (first, trips, depot))
                e = at[depth]
                while e < link_first[j + 1] and spent[depth] + cost[e] + cost_out[other[e], k] > gap:
                    e += 1
                at[depth] = e + 1
                if e == link_first[j + 1]:
                    depth -= 1
                else:
                    i = other[e]
                    depth += 1
                    way[depth], spent[depth], at[depth] = i, spent[depth - 1] + cost[e] - price[i], link_first[i] - 1
    return first[: found + 1], trips[: first[found]], depot[:found], True
