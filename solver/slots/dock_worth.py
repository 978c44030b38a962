"""What one dock in one slot is worth to the requests still to come: the scenarios played through with it and without.

Each scenario of a dock group is served on what the group has left, the requests with the least choice first, each at
its cheapest open start (F1 and the gate's prices). A dock that no request uses in the end is worth nothing; for any
other the scenario is played again without it, and the difference in cost is its worth (the rollout estimate of
Bertsekas, Tsitsiklis, Wu, Rollout algorithms for combinatorial optimization, J. Heuristics 3, 1997).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots.forecast import Forecast
from solver.slots.online import Terms

FloatArray = NDArray[np.float64]


@njit(cache=True, nogil=True)
def of_docks(f: Forecast, g: int, now: float, docks: IntArray, gate: FloatArray, terms: Terms) -> FloatArray:
    """Return the mean worth of one dock of group g in each slot, (T,), 0 where none is left.

    `docks` (T,) is what the group has left, `gate` (T,) prices.
    """
    horizon = len(docks)
    worth = np.zeros(horizon)
    left, trial, again = docks.copy(), docks.copy(), docks.copy()
    for k in range(g * f.scenarios, (g + 1) * f.scenarios):
        waiting = f.pick[f.begin[k] : f.begin[k + 1]]
        waiting = waiting[f.moment[waiting] > now]
        if len(waiting) == 0:
            continue
        cost = _serve(f, waiting, docks, gate, terms, left)
        for t in range(horizon):
            if docks[t] > 0 and left[t] == 0:
                trial[:] = docks
                trial[t] -= 1
                worth[t] += _serve(f, waiting, trial, gate, terms, again) - cost
    for t in range(horizon):
        worth[t] = max(0.0, worth[t] / f.scenarios)
    return worth


@njit(cache=True, nogil=True)
def to_come(f: Forecast, g: int, now: float) -> int:
    """Return how many requests of group g are still to come, over all scenarios."""
    count = 0
    for i in range(f.begin[g * f.scenarios], f.begin[(g + 1) * f.scenarios]):
        count += f.moment[f.pick[i]] > now
    return count


@njit(cache=True, nogil=True)
def _serve(
    f: Forecast,
    waiting: IntArray,
    docks: IntArray,
    gate: FloatArray,
    terms: Terms,
    left: IntArray,
) -> float:
    """Serve requests in their order on `docks` (T,); return the cost, and in `left` (T,) what remains."""
    left[:] = docks
    total = 0.0
    for v in waiting:
        best, chosen = float(terms.drop * f.weight[v]), -1
        open_since = f.first[v]
        for t in range(f.first[v], f.last[v] + f.duration[v]):
            if left[t] <= 0:
                open_since = t + 1
            s = t - f.duration[v] + 1
            if s >= open_since:
                moved = s - f.wish[v]
                cost = f.weight[v] * (terms.late * moved if moved > 0 else -terms.early * moved) + gate[s]
                if cost < best:
                    best, chosen = cost, s
        if chosen >= 0:
            left[chosen : chosen + f.duration[v]] -= 1
        total += best
    return total
