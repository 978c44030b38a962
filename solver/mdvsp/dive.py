"""A plan from shares: routes with the largest shares are fixed, a few at a time; what is left is priced anew.

Diving as in Joncour, Michel, Sadykov, Sverdlov and Vanderbeck 2010, *Column generation based primal heuristics*.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from solver.mdvsp.exact import Pace, choose
from solver.mdvsp.generation import Generation
from solver.mdvsp.network import alone
from solver.mdvsp.routes import Routes, no_routes
from solver.reading import IntArray

SURE: Final = 0.9  # a route with this share is fixed at once
SLICE: Final = 0.06  # of the open trips, are fixed at least in one go
ROUNDS: Final = 4
STEPS: Final = 80
FEW: Final = 70  # open trips: what is left is chosen exactly
FEW_SECONDS: Final = 3.0
MOST_CANDIDATES: Final = 6000


def dive(generation: Generation, rng: np.random.Generator, over: Callable[[], bool], *, noise: float) -> Routes | None:
    """Return routes that run every open trip once, within the capacity; None when none were found or when over."""
    fixed = no_routes()
    depots = len(generation.master.capacity)
    is_open = generation.is_open.copy()
    part = generation.narrowed(is_open, np.zeros(depots, np.int64))
    while is_open.any():
        for _ in range(ROUNDS):
            if over():
                return None
            part.round(STEPS)
        if is_open.sum() <= FEW:
            rest = _choose_rest(part, over)
            return fixed.followed_by(rest) if rest is not None else None
        chosen = _most_shared(part, rng, noise)
        if not len(chosen):
            return None
        routes = part.pool.routes.chosen(chosen)
        fixed = fixed.followed_by(routes)
        is_open[routes.trips] = False
        part = part.narrowed(is_open, np.bincount(routes.depot, minlength=depots))
    return fixed


def _choose_rest(part: Generation, over: Callable[[], bool]) -> Routes | None:
    routes = part.pool.routes
    price, rent = part.whole_prices()
    pays = np.argsort(part.reduced(routes, price, rent), kind="stable")[:MOST_CANDIDATES]
    candidates = routes.chosen(pays).followed_by(alone(part.network, np.flatnonzero(part.is_open)))
    simple = np.flatnonzero(candidates.are_simple())
    candidates = candidates.chosen(simple)
    chosen = choose(candidates, part.is_open, part.master.capacity, Pace(FEW_SECONDS, over))
    return candidates.chosen(chosen.which) if chosen.which is not None else None


def _most_shared(part: Generation, rng: np.random.Generator, noise: float) -> IntArray:
    """Return routes that do not meet, by falling share, within the capacity."""
    routes, share = part.pool.routes, part.master.mean_share
    weight = share * (1 + noise * rng.random(len(share)))
    left, room = part.is_open.copy(), part.master.capacity.copy()
    enough = max(1, int(SLICE * left.sum()))
    taken: list[int] = []
    covered = 0
    for r in np.argsort(-weight, kind="stable").tolist():
        if (share[r] < SURE and covered >= enough) or share[r] <= 0:
            break
        trips = routes.trips_of(r)
        if left[trips].all() and room[routes.depot[r]] > 0 and len(set(trips.tolist())) == len(trips):
            taken.append(r)
            covered += len(trips)
            left[trips] = False
            room[routes.depot[r]] -= 1
    return np.array(taken, dtype=np.int64)
