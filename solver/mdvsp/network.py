"""What the method asks of a problem: best routes at prices, prices that prove a bound, and all routes below a gap.

Two kinds of network answer: `links.py` for trips at fixed times, `minutes.py` for trips that may shift. Both go through
*states* (a trip, or a trip started at one minute) in an order in which every route runs forwards, and both keep for
every state and depot the least reduced cost of a way from the depot to it. The same on the network turned round is the
least cost of the way back; together they give the best route through every state.

Prices are whole numbers of 1/SCALE of a cost, so that what they prove is exact.
"""

from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from solver.mdvsp.kernels import kernel
from solver.mdvsp.routes import BoolArray, Routes
from solver.reading import IntArray

SCALE: Final = 1000
FAR: Final = 2**58  # the reduced cost of what cannot be; sums of a few stay far from 2**63
ROOM: Final = 16  # trips per proposed route, on the average, that there is room for


class Network(Protocol):
    """A problem's routes. Trips are numbered 0 to n - 1, in the network's own order."""

    @property
    def capacity(self) -> IntArray:
        """Return how many routes may start at each depot, shape (m,)."""

    @property
    def pull_out(self) -> IntArray:
        """Return what it costs to start a route with each trip from each depot, (n, m); FAR where it cannot be."""

    @property
    def pull_in(self) -> IntArray:
        """Return what it costs to end a route after each trip at each depot, (n, m); FAR where it cannot be."""

    def find(self, price: IntArray, rent: IntArray, is_open: BoolArray, times: int) -> Routes:
        """Return routes of negative reduced cost through open trips, about `times` through each, the least first.

        The reduced cost of a route is SCALE times its cost, less the prices of its trips, less the rent of its depot.
        """

    def lawful(self, price: IntArray, rent: IntArray) -> IntArray:
        """Return prices, nowhere above `price`, at which no route has a negative reduced cost."""

    def below(self, price: IntArray, rent: IntArray, is_open: BoolArray, gap: int, most: int) -> Routes | None:
        """Return every route through open trips, none twice, of reduced cost at most `gap`; None if there are more
        than `most`."""

    def costs(self, routes: Routes) -> IntArray:
        """Return the cost of each route."""


def alone(network: Network, trips: IntArray) -> Routes:
    """Return every route that runs one of the trips and no other."""
    at, depot = np.nonzero(network.pull_out[trips] + network.pull_in[trips] < FAR // SCALE)
    routes = Routes(np.arange(len(at) + 1), trips[at], depot, depot)
    return replace(routes, cost=network.costs(routes))


@kernel
def spread(
    way_in: tuple[IntArray, IntArray],
    way_out: tuple[IntArray, IntArray],
    trip_of: IntArray,
    price: IntArray,
    times: int,
) -> tuple[IntArray, IntArray, IntArray]:
    """Return (first, trips, depot) of the best routes through the states, the least reduced cost first.

    `way_in` and `way_out` are the least reduced costs to and from each state and depot, and the state before and after.
    A route is taken only when one of its trips is in fewer than `times` routes taken before it.
    """
    cost_in, before = way_in
    cost_out, after = way_out
    states, depots = cost_in.shape
    trouble = np.empty(states * depots, np.int64)
    for s in range(states):
        for k in range(depots):
            trouble[s * depots + k] = cost_in[s, k] + cost_out[s, k] + price[trip_of[s]]
    some = np.flatnonzero(trouble < 0)
    order = some[np.argsort(trouble[some], kind="mergesort")]
    trips = np.empty(len(price) * times * ROOM + states, np.int64)
    first, depot = np.zeros(len(price) * times + 1, np.int64), np.empty(len(price) * times, np.int64)
    found, covered, way = 0, np.zeros(len(price), np.int64), np.empty(states, np.int64)
    for at in order:
        length = walk(at // depots, at % depots, (before, after), trip_of, way)
        if first[found] + length > len(trips):
            break
        if (covered[way[:length]] < times).any():
            covered[way[:length]] += 1
            found = note(way[:length], at % depots, found, (first, trips, depot))
    return first[: found + 1], trips[: first[found]], depot[:found]


@kernel
def walk(s: int, k: int, ways: tuple[IntArray, IntArray], trip_of: IntArray, way: IntArray) -> int:
    """Write the trips of the best route of depot k through state s to `way`; return how many."""
    before, after = ways
    length, state = 0, s
    while state >= 0:
        way[length] = trip_of[state]
        length += 1
        state = before[state, k]
    way[:length] = way[:length][::-1].copy()
    state = after[s, k]
    while state >= 0:
        way[length] = trip_of[state]
        length += 1
        state = after[state, k]
    return length


@kernel
def note(way: IntArray, k: int, found: int, routes: tuple[IntArray, IntArray, IntArray]) -> int:
    """Write a route of depot k as number `found` to (first, trips, depot), where there is room; return the next."""
    first, trips, depot = routes
    begin = first[found]
    trips[begin : begin + len(way)] = way
    depot[found] = k
    first[found + 1] = begin + len(way)
    return found + 1
