"""Many routes in a few arrays, and the pool of those found so far."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.mdvsp.kernels import kernel
from solver.reading import IntArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Routes:
    """R routes: route r runs from `depot[r]` the trips `trips[first[r] : first[r + 1]]` and costs `cost[r]`.

    Costs are those of formulation.md, not scaled. `first` has R + 1 entries.
    """

    first: IntArray
    trips: IntArray
    depot: IntArray
    cost: IntArray

    def __len__(self) -> int:
        return len(self.depot)

    def trips_of(self, r: int) -> IntArray:
        """Return the trips of route r in order."""
        return self.trips[self.first[r] : self.first[r + 1]]

    def chosen(self, which: IntArray) -> "Routes":
        """Return the routes with the indices `which`, in that order."""
        length = np.diff(self.first)[which]
        first = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        at = np.repeat(self.first[which] - first[:-1], length) + np.arange(first[-1])
        return Routes(first, self.trips[at], self.depot[which], self.cost[which])

    def followed_by(self, more: "Routes") -> "Routes":
        """Return these routes and then `more`."""
        return Routes(
            np.concatenate([self.first, more.first[1:] + self.first[-1]]),
            np.concatenate([self.trips, more.trips]),
            np.concatenate([self.depot, more.depot]),
            np.concatenate([self.cost, more.cost]),
        )

    def within(self, is_open: BoolArray) -> BoolArray:
        """Answer for each route whether all its trips are open."""
        closed = np.concatenate([[0], np.cumsum(~is_open[self.trips])])
        found: BoolArray = closed[self.first[1:]] == closed[self.first[:-1]]
        return found

    def are_simple(self) -> BoolArray:
        """Answer for each route whether it has no trip twice."""
        found: BoolArray = have_no_trip_twice(self.first, self.trips)
        return found

    def sums(self, worth: IntArray) -> IntArray:
        """Return for each route the sum of `worth` over its trips."""
        total = np.concatenate([[0], np.cumsum(worth[self.trips])])
        found: IntArray = total[self.first[1:]] - total[self.first[:-1]]
        return found


def no_routes() -> Routes:
    """Return an empty set of routes."""
    none = np.zeros(0, np.int64)
    return Routes(np.zeros(1, np.int64), none, none, none)


class Pool:
    """Routes found so far, each once."""

    def __init__(self) -> None:
        self.routes = no_routes()
        self._known: set[int] = set()

    def __len__(self) -> int:
        return len(self.routes)

    def add(self, routes: Routes) -> int:
        """Add the routes that are new; return how many were."""
        names = route_names(routes.first, routes.trips, routes.depot).tolist()
        fresh = []
        for r, name in enumerate(names):
            if name not in self._known:
                self._known.add(name)
                fresh.append(r)
        if fresh:
            self.routes = self.routes.followed_by(routes.chosen(np.array(fresh, dtype=np.int64)))
        return len(fresh)


@kernel
def route_names(first: IntArray, trips: IntArray, depot: IntArray) -> IntArray:
    """Return a number for each route that depends on its depot and trips (FNV-1a over 64-bit words, then mixed)."""
    names = np.empty(len(depot), np.int64)
    for r in range(len(depot)):
        name = (np.uint64(14695981039346656037) ^ np.uint64(depot[r])) * np.uint64(1099511628211)
        for e in range(first[r], first[r + 1]):
            name = (name ^ np.uint64(trips[e] + 1)) * np.uint64(1099511628211)
            name ^= name >> np.uint64(29)
        names[r] = np.int64(name >> np.uint64(1))
    return names


@kernel
def have_no_trip_twice(first: IntArray, trips: IntArray) -> BoolArray:
    """Answer for each route whether all its trips differ; routes are short."""
    simple = np.ones(len(first) - 1, np.bool_)
    for r in range(len(first) - 1):
        for e in range(first[r], first[r + 1]):
            for d in range(first[r], e):
                if trips[d] == trips[e]:
                    simple[r] = False
    return simple
