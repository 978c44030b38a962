"""Prices of the mean day: the dual of the linear program in which demand flows at its expected rate.

Bid prices from the deterministic linear program (Talluri, van Ryzin, The Theory and Practice of Revenue Management,
2004, section 3.3.1): maximise over p >= 0 the mean over scenarios of sum_v min(drop, min_s F1 + prices of the rows)
minus what the rows have left times p. The gradient of a row is its expected use minus what it has left; a first-order
method climbs it and its later iterates are averaged. Prices are never trusted to be optimal: they only steer.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots.forecast import Forecast
from solver.slots.online import Terms

MEAN_OF: Final = 4  # scenarios that stand for the mean day
FIRST_ROUNDS, ROUNDS = 300, 30  # from nothing; from the prices of a moment ago
SLOWING: Final = 5.0  # how many times smaller the steps become over the rounds
GATE_STEP, OTHER_STEP = 2.0, 3.0  # slots of displacement, for a row used twice over

FloatArray = NDArray[np.float64]


class MeanDay(NamedTuple):
    """The requests still to come in `days` scenarios, side by side in memory, sorted by dock group."""

    days: int
    begin: IntArray  # (G + 1,) where those of a group begin
    duration: IntArray  # (N,)
    wish: IntArray
    first: IntArray
    last: IntArray
    weight: IntArray
    carrier: IntArray


class Left(NamedTuple):
    """What may be counted on of each row: `gate` (T,), `docks` (G, T), `quota` (C, T), infinite without a quota."""

    gate: FloatArray
    docks: FloatArray
    quota: FloatArray


class Climb(NamedTuple):
    """Iterates, in place: `gate` (T,), `docks` (G, T), `quota` (C, T)."""

    gate: FloatArray
    docks: FloatArray
    quota: FloatArray


def mean_day(f: Forecast, now: float) -> MeanDay:
    """Return the requests of the first scenarios that come after `now`."""
    days = min(MEAN_OF, f.scenarios)
    groups = (len(f.begin) - 1) // f.scenarios
    low = f.begin[np.arange(groups) * f.scenarios]
    picks = [f.pick[a:b] for a, b in zip(low, f.begin[np.arange(groups) * f.scenarios + days], strict=True)]
    coming = [pick[f.moment[pick] > now] for pick in picks]
    pick = np.concatenate([f.pick[:0], *coming])
    return MeanDay(
        days=days,
        begin=np.concatenate([[0], np.cumsum([len(each) for each in coming], dtype=np.int64)]),
        duration=f.duration[pick],
        wish=f.wish[pick],
        first=f.first[pick],
        last=f.last[pick],
        weight=f.weight[pick],
        carrier=f.carrier[pick],
    )


@njit(cache=True, nogil=True)
def spread(m: MeanDay, horizon: int) -> FloatArray:
    """Return how many requests each slot may expect if all spread evenly over their windows, (T,)."""
    found = np.zeros(horizon)
    for v in range(len(m.first)):
        each = 1.0 / (m.days * (m.last[v] - m.first[v] + 1))
        for s in range(m.first[v], m.last[v] + 1):
            found[s] += each
    return found


@njit(cache=True, nogil=True)
def climb(m: MeanDay, left: Left, at: Climb, terms: Terms, rounds: int) -> Climb:
    """Move the iterates `at` by so many rounds, in place; return the mean of the later half of them."""
    mean = Climb(np.zeros_like(at.gate), np.zeros_like(at.docks), np.zeros_like(at.quota))
    use = Climb(np.zeros_like(at.gate), np.zeros_like(at.docks), np.zeros_like(at.quota))
    unit = float(max(1, terms.early, terms.late))
    averaged = 0
    for k in range(rounds):
        _expected_use(m, at, use, terms)
        pace = unit / (1.0 + k * SLOWING / rounds)
        for t in range(len(at.gate)):
            _step(at.gate, use.gate, left.gate, t, GATE_STEP * pace, 2.0)
        for g in range(len(at.docks)):
            for t in range(len(at.gate)):
                _step(at.docks[g], use.docks[g], left.docks[g], t, OTHER_STEP * pace, 1.0)
        for c in range(len(at.quota)):
            for t in range(len(at.gate)):
                if left.quota[c, t] < np.inf:
                    _step(at.quota[c], use.quota[c], left.quota[c], t, OTHER_STEP * pace, 1.0)
        if 2 * k >= rounds:
            mean.gate[:] += at.gate
            mean.docks[:] += at.docks
            mean.quota[:] += at.quota
            averaged += 1
    mean.gate[:] /= averaged
    mean.docks[:] /= averaged
    mean.quota[:] /= averaged
    return mean


@njit(cache=True, nogil=True)
def _step(price: FloatArray, use: FloatArray, left: FloatArray, t: int, pace: float, least: float) -> None:
    price[t] = max(0.0, price[t] + pace * (use[t] - left[t]) / max(least, left[t]))


@njit(cache=True, nogil=True)
def _expected_use(m: MeanDay, at: Climb, use: Climb, terms: Terms) -> None:
    horizon, share = len(at.gate), 1.0 / m.days
    before = np.zeros(horizon + 1)
    use.gate[:] = 0.0
    use.docks[:] = 0.0
    use.quota[:] = 0.0
    for g in range(len(at.docks)):
        for t in range(horizon):
            before[t + 1] = before[t] + at.docks[g, t]
        for v in range(m.begin[g], m.begin[g + 1]):
            s = _choice(m, v, at, before, terms)
            if s < 0:
                continue
            use.gate[s] += share
            for t in range(s, s + m.duration[v]):
                use.docks[g, t] += share
            if m.carrier[v] >= 0:
                use.quota[m.carrier[v], s] += share


@njit(cache=True, nogil=True)
def _choice(m: MeanDay, v: int, at: Climb, before: FloatArray, terms: Terms) -> int:
    """Return the start that request v takes at these prices, -1 when none is worth it; `before` sums its docks'."""
    best, chosen = float(terms.drop * m.weight[v]), -1
    for s in range(m.first[v], m.last[v] + 1):
        moved = s - m.wish[v]
        cost = m.weight[v] * (terms.late * moved if moved > 0 else -terms.early * moved)
        cost += at.gate[s] + before[s + m.duration[v]] - before[s]
        if m.carrier[v] >= 0:
            cost += at.quota[m.carrier[v], s]
        if cost < best:
            best, chosen = cost, s
    return chosen
