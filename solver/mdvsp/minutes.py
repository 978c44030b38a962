"""Trips that may shift by a few minutes: the network of places and minutes.

A state is a trip started at one minute of its window. Waiting is free, so what matters of the past is only the
cheapest way of standing idle at a place by a minute: one pass over the minutes keeps that for every place (the
time-space network of Kliewer, Mellouli and Suhl 2006, *A time-space network based exact optimization model for
multi-depot bus scheduling*, with the waiting arcs kept implicit). So a pass costs states times places, however many
trips could follow each other.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from solver.mdvsp.instance import PER_VEHICLE, ShiftInstance
from solver.mdvsp.kernels import kernel
from solver.mdvsp.network import FAR, SCALE, note, spread
from solver.mdvsp.routes import BoolArray, Routes
from solver.reading import IntArray


class Pass(NamedTuple):
    """One direction through time. State s of trip t starts it `begin[s]` minutes after the first minute there is."""

    trip_of: IntArray
    begin: IntArray
    order: IntArray  # states by the minute they begin
    origin: IntArray  # of each trip
    destination: IntArray
    duration: IntArray
    travel: IntArray  # travel[p, q]: minutes from q to p, so that a row lists the ways to one place
    minutes: int


@dataclass(frozen=True, slots=True)
class MinuteNetwork:
    """Network of a ShiftInstance; trips are numbered as there."""

    instance: ShiftInstance
    capacity: IntArray
    pull_out: IntArray
    pull_in: IntArray
    onward: Pass
    backward: Pass

    def find(self, price: IntArray, rent: IntArray, is_open: BoolArray, times: int) -> Routes:
        """Return routes of negative reduced cost (Network.find)."""
        way_in, way_out = self._ways(price, rent, is_open)
        first, trips, depot = spread(way_in, way_out, self.onward.trip_of, price, times)
        routes = Routes(first, trips, depot, depot)
        return replace(routes, cost=self.costs(routes))

    def lawful(self, price: IntArray, rent: IntArray) -> IntArray:
        """Return prices at which no route has a negative reduced cost (Network.lawful)."""
        mended, everyone = price.copy(), np.ones(len(price), np.bool_)
        way_through(self.onward, self.pull_out * SCALE - rent[None, :], mended, everyone, self.pull_in * SCALE)
        return mended

    def below(self, price: IntArray, rent: IntArray, is_open: BoolArray, gap: int, most: int) -> Routes | None:
        """Return every route of reduced cost at most `gap` (Network.below)."""
        start, end = self.pull_out * SCALE - rent[None, :], self.pull_in * SCALE
        cost_out, _ = way_through(self.backward, end, price, is_open, np.zeros((0, 0), np.int64))
        window = np.stack([self.instance.earliest, self.instance.latest])
        first, trips, depot, is_all = all_below(
            self.onward, window, (start, end, cost_out), price, np.flatnonzero(is_open), (gap, most)
        )
        routes = Routes(first, trips, depot, depot)
        return replace(routes, cost=self.costs(routes)) if is_all else None

    def costs(self, routes: Routes) -> IntArray:
        """Return the cost of each route."""
        instance = self.instance
        ahead = instance.travel[instance.destination[routes.trips[:-1]], instance.origin[routes.trips[1:]]]
        legs = np.concatenate([[0], ahead])[: len(routes.trips)]
        legs[routes.first[:-1]] = 0
        total = np.concatenate([[0], np.cumsum(legs)])
        heads, tails = routes.trips[routes.first[:-1]], routes.trips[routes.first[1:] - 1]
        ends = self.pull_out[heads, routes.depot] + self.pull_in[tails, routes.depot]
        found: IntArray = ends + total[routes.first[1:]] - total[routes.first[:-1]]
        return found

    def _ways(
        self, price: IntArray, rent: IntArray, is_open: BoolArray
    ) -> tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray]]:
        none = np.zeros((0, 0), np.int64)
        onward = way_through(self.onward, self.pull_out * SCALE - rent[None, :], price, is_open, none)
        return onward, way_through(self.backward, self.pull_in * SCALE, price, is_open, none)


def minute_network(instance: ShiftInstance) -> MinuteNetwork:
    """Return the network of an instance."""
    depots, trips, shifts = len(instance.capacity), len(instance.start), 2 * instance.shift + 1
    duration = instance.end - instance.start
    trip_of = np.repeat(np.arange(trips), shifts)
    begin = instance.earliest[trip_of] + np.tile(np.arange(shifts), trips)
    first = int(begin.min(initial=0))
    last = int((begin + duration[trip_of]).max(initial=0))
    finish = begin + duration[trip_of]
    ends = (instance.origin, instance.destination)
    return MinuteNetwork(
        instance=instance,
        capacity=np.minimum(instance.capacity, trips),
        pull_out=np.ascontiguousarray(PER_VEHICLE + instance.travel[:depots, instance.origin].T),
        pull_in=np.ascontiguousarray(instance.travel[instance.destination, :depots]),
        onward=_pass(trip_of, begin - first, ends, duration, instance.travel.T, last - first + 1),
        backward=_pass(trip_of, last - finish, ends[::-1], duration, instance.travel, last - first + 1),
    )


def _pass(
    trip_of: IntArray, begin: IntArray, ends: tuple[IntArray, IntArray], duration: IntArray, travel: IntArray, span: int
) -> Pass:
    order = np.argsort(begin, kind="stable")
    return Pass(trip_of, begin, order, ends[0], ends[1], duration, np.ascontiguousarray(travel), span)


@kernel
def way_through(
    onward: Pass, start: IntArray, price: IntArray, is_open: BoolArray, end: IntArray
) -> tuple[IntArray, IntArray]:
    """Return for each state and depot the least reduced cost of a way that ends with it, and the state before it or -1.

    If `end` is not empty, a trip with a state in which a route could end with a negative reduced cost has its `price`
    lowered, in place, until none can. States passed before that keep the higher price, which only makes the ways
    through them cheaper than they are: the prices left at the end are lawful all the more.
    """
    states, depots, places = len(onward.begin), start.shape[1], len(onward.travel)
    least, before = np.full((states, depots), FAR), np.full((states, depots), -1)
    idle = np.full((onward.minutes + 1, places, depots), FAR)  # the least reduced cost of standing idle there by then
    last = np.full((onward.minutes + 1, places, depots), -1)  # the state that this way ends with
    now = 0
    for s in onward.order:
        t = onward.trip_of[s]
        if not is_open[t]:
            continue
        while now < onward.begin[s]:
            now += 1
            keep_waiting(idle[now - 1], last[now - 1], idle[now], last[now])
        least[s] = start[t]
        drive_there(onward.travel[onward.origin[t]], now, (idle, last), (least[s], before[s]))
        if len(end):
            for k in range(depots):
                price[t] = min(price[t], least[s, k] + end[t, k])
        least[s] -= price[t]
        p, then = onward.destination[t], now + onward.duration[t]
        for k in range(depots):
            if least[s, k] < idle[then, p, k]:
                idle[then, p, k], last[then, p, k] = least[s, k], s
    return least, before


@kernel
def keep_waiting(idle_before: IntArray, last_before: IntArray, idle: IntArray, last: IntArray) -> None:
    """Let whoever stood idle a minute before stand idle still, where nobody cheaper has come."""
    places, depots = idle.shape
    for p in range(places):
        for k in range(depots):
            if idle_before[p, k] < idle[p, k]:
                idle[p, k], last[p, k] = idle_before[p, k], last_before[p, k]


@kernel
def drive_there(travel: IntArray, now: int, idle: tuple[IntArray, IntArray], best: tuple[IntArray, IntArray]) -> None:
    """Lower `best` (reduced cost and state before, per depot) to the cheapest way of being at a place now."""
    for p in range(len(travel)):
        minutes = travel[p]
        if minutes <= now:
            for k in range(len(best[0])):
                cost = idle[0][now - minutes, p, k] + minutes * SCALE
                if cost < best[0][k]:
                    best[0][k], best[1][k] = cost, idle[1][now - minutes, p, k]


@kernel
def all_below(
    onward: Pass,
    window: IntArray,
    costs: tuple[IntArray, IntArray, IntArray],
    price: IntArray,
    open_trips: IntArray,
    limits: tuple[int, int],
) -> tuple[IntArray, IntArray, IntArray, bool]:
    """Return (first, trips, depot) of every route of reduced cost at most `gap`, and whether these are all of them.

    `window` holds the earliest and latest start of each trip; `costs` of starting, of ending, and the least reduced
    cost from each state to the end; `limits` are the gap and how many routes may be found. Each trip of a route is
    started as early as can be, which leaves most room for the next.
    """
    start, end, cost_out = costs
    gap, most = limits
    shifts = window[1, 0] - window[0, 0] + 1 if len(price) else 1
    n, depots = start.shape
    first, depot, trips = np.zeros(most + 1, np.int64), np.empty(most, np.int64), np.empty(max(8 * most, n), np.int64)
    found = 0
    way, spent, at, ready = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    is_on_way = np.zeros(n, np.bool_)
    for k in range(depots):
        for head in open_trips[start[open_trips, k] + cost_out[open_trips * shifts, k] <= gap]:
            depth = 0
            way[0], spent[0], at[0] = head, start[head, k] - price[head], -1
            ready[0] = window[0, head] + onward.duration[head]
            is_on_way[head] = True
            while depth >= 0:
                j = way[depth]
                if at[depth] < 0:
                    at[depth] = 0
                    if spent[depth] + end[j, k] <= gap:
                        if found == most or first[found] + depth + 1 > len(trips):
                            return first[: found + 1], trips[: first[found]], depot[:found], False
                        found = note(way[: depth + 1], k, found, (first, trips, depot))
                is_longer = False
                while at[depth] < len(open_trips) and not is_longer:
                    i = open_trips[at[depth]]
                    at[depth] += 1
                    minutes = onward.travel[onward.origin[i], onward.destination[j]]
                    begun = max(window[0, i], ready[depth] + minutes)
                    state = i * shifts + min(begun, window[1, i]) - window[0, i]
                    is_dear = spent[depth] + minutes * SCALE + cost_out[state, k] > gap
                    if begun > window[1, i] or is_on_way[i] or is_dear:
                        continue
                    depth += 1
                    way[depth], spent[depth] = i, spent[depth - 1] + minutes * SCALE - price[i]
                    at[depth], ready[depth] = -1, begun + onward.duration[i]
                    is_on_way[i] = is_longer = True
                if not is_longer:
                    is_on_way[j] = False
                    depth -= 1
    return first[: found + 1], trips[: first[found]], depot[:found], True
