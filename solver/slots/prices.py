"""Prices for the capacity rows: the linear relaxation solved by a primal-dual first-order method.

The relaxation (S1-S5 with 0 <= x <= 1) is the saddle point of

    min over shares x in a simplex per visit, max over prices y >= 0 of   c x + y (K x - capacity)

and both sides are cheap: K is never built, its products are running sums over slots. The method is the
primal-dual hybrid gradient of Chambolle and Pock (2011) with the diagonal steps of Pock and Chambolle (2011),
reflected Halpern averaging and restarts on the fixed-point residual, as Lu and Yang (2024) use it for linear
programs. The shares of a visit are projected exactly onto their simplex, so S1 holds at every step.

Prices need not be optimal to be useful: bound.py turns any of them into a proof.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots.model import FloatArray, Model, cost_of

_STEP: Final = 0.95  # of the largest step that is proven to converge
_TINY: Final = 1e-9  # a share that small moves no price
_WEIGHT: Final = 30.0  # first guess of how far prices move per share moved, in units of cost


class PriceState(NamedTuple):
    """Where the method stands; arrays are its own and change from run to run."""

    share: FloatArray  # (N,) of a visit on each of its starts
    price: FloatArray  # (R,) in cost units / unit
    share_anchor: FloatArray
    price_anchor: FloatArray
    share_next: FloatArray
    price_next: FloatArray
    share_step: FloatArray  # (V,)
    price_step: FloatArray  # (R,), 0 for rows that cannot bind
    scalar: FloatArray  # (5,): weight, steps since restart, residual then, residual one step before, steps in all


def start(model: Model, plan: IntArray, gate: FloatArray) -> PriceState:
    """Return the state before the first step: the shares of a plan (V,), prices of the gate (T,) in cost units."""
    touching, rows_used = _touching(model)
    can_bind = touching > model.capacity
    price_step = np.where(can_bind, 1.0 / np.maximum(touching, 1.0), 0.0)
    placed = np.flatnonzero(plan >= 0)
    share = np.zeros(int(model.column[-1]))
    share[model.column[placed] + plan[placed] - model.first[placed]] = 1.0
    price = np.zeros(len(model.capacity))
    price[: model.horizon] = np.where(can_bind[: model.horizon], gate / unit_of(model), 0.0)
    return PriceState(
        share=share,
        price=price,
        share_anchor=share.copy(),
        price_anchor=price.copy(),
        share_next=share.copy(),
        price_next=price.copy(),
        share_step=1.0 / rows_used,
        price_step=price_step,
        scalar=np.array([_WEIGHT, 0.0, np.inf, np.inf, 0.0]),
    )


def unit_of(model: Model) -> float:
    """Return the cost unit in which the method works, the mean price of a slot of displacement."""
    slot = np.concatenate([model.early, model.late])
    mean = float(slot.mean()) if len(slot) else 0.0
    return mean if mean > 0 else max(1.0, float(model.drop.mean()) if len(model.drop) else 1.0)


@njit(cache=True, nogil=True)
def run(m: Model, state: PriceState, unit: float, steps: int) -> None:
    """Take `steps` steps from where the state stands."""
    work = np.empty(len(state.price))
    before = np.empty(len(state.price) + 1)
    room = np.empty(m.horizon)
    for _ in range(steps):
        _primal(m, state, unit, before, work, room)
        _dual(m, state, work)
        state.scalar[4] += 1
        _average(m, state)


@njit(cache=True, nogil=True)
def _primal(m: Model, state: PriceState, unit: float, before: FloatArray, work: FloatArray, room: FloatArray) -> None:
    """Move each visit's shares against its priced costs; leave the reflected use of every row in `work`."""
    price = state.price
    work[:] = 0.0
    before[0] = 0.0
    before[1:] = np.cumsum(price)
    for v in range(len(m.first)):
        first, last = m.first[v], m.last[v]
        at = m.column[v] - first
        step = _STEP * state.share_step[v] / state.scalar[0]
        _add_prices(m, price, before, v, room)
        total = 0.0
        for s in range(first, last + 1):
            each = (cost_of(m, v, s) - m.drop[v]) / unit + room[s]
            room[s] = state.share[at + s] - step * each
            total += max(0.0, room[s])
        level = _level(room, first, last, total)
        for s in range(first, last + 1):
            share = max(0.0, room[s] - level)
            state.share_next[at + s] = share
            use = 2.0 * share - state.share[at + s]
            if abs(use) > _TINY:
                _begin_use(m, work, v, s, use)
    _sum_up(m, work)


@njit(cache=True, nogil=True)
def _add_prices(m: Model, price: FloatArray, before: FloatArray, v: int, room: FloatArray) -> None:
    """Leave in `room` (T,) what the rows that visit v uses cost at each of its starts."""
    horizon = m.horizon
    dock = horizon * (1 + m.group[v])
    first, last = m.first[v], m.last[v]
    for s in range(first, last + 1):
        room[s] = price[s] + before[dock + m.duration[v] + s] - before[dock + s]
    if m.carrier[v] >= 0:
        quota = horizon * (1 + m.groups + m.carrier[v])
        for s in range(first, last + 1):
            room[s] += price[quota + s]
    if m.truck[v] >= 0:
        truck = horizon * (1 + m.groups + m.carriers + m.truck[v])
        length = m.duration[v] + m.turn
        for s in range(first, last + 1):
            room[s] += before[truck + min(horizon, s + length)] - before[truck + s]


@njit(cache=True, nogil=True)
def _begin_use(m: Model, work: FloatArray, v: int, s: int, use: float) -> None:
    """Note a use of `use` by visit v from slot s on; on docks and trucks only where it begins and ends."""
    horizon = m.horizon
    work[s] += use
    if m.carrier[v] >= 0:
        work[horizon * (1 + m.groups + m.carrier[v]) + s] += use
    dock = horizon * (1 + m.group[v])
    work[dock + s] += use
    if s + m.duration[v] < horizon:
        work[dock + s + m.duration[v]] -= use
    if m.truck[v] >= 0:
        truck = horizon * (1 + m.groups + m.carriers + m.truck[v])
        work[truck + s] += use
        if s + m.duration[v] + m.turn < horizon:
            work[truck + s + m.duration[v] + m.turn] -= use


@njit(cache=True, nogil=True)
def _sum_up(m: Model, work: FloatArray) -> None:
    """Turn the begins and ends of dock and truck rows into use."""
    horizon = m.horizon
    carriers = horizon * (1 + m.groups)
    trucks = carriers + horizon * m.carriers
    for base in range(horizon, carriers, horizon):
        for r in range(base + 1, base + horizon):
            work[r] += work[r - 1]
    for base in range(trucks, len(work), horizon):
        for r in range(base + 1, base + horizon):
            work[r] += work[r - 1]


@njit(cache=True, nogil=True)
def _level(room: FloatArray, first: int, last: int, total: float) -> float:
    """Return what to take off so that the positive parts sum to at most 1 (Michelot 1986)."""
    if total <= 1.0:
        return 0.0
    count = 0
    for s in range(first, last + 1):
        count += room[s] > 0.0
    level = (total - 1.0) / count
    for _ in range(last - first + 1):
        kept, total = 0, 0.0
        for s in range(first, last + 1):
            if room[s] > level:
                kept += 1
                total += room[s]
        if kept >= count or kept == 0:
            break
        count = kept
        level = (total - 1.0) / count
    return level


@njit(cache=True, nogil=True)
def _dual(m: Model, state: PriceState, work: FloatArray) -> None:
    """Move the prices towards the excess of the reflected use."""
    for r in range(len(work)):
        if state.price_step[r] > 0.0:
            step = _STEP * state.scalar[0] * state.price_step[r]
            state.price_next[r] = max(0.0, state.price[r] + step * (work[r] - m.capacity[r]))


@njit(cache=True, nogil=True)
def _average(m: Model, state: PriceState) -> None:
    """Take the reflected Halpern step, or restart from the new point when the residual says so."""
    scalar = state.scalar
    residual = np.sqrt(
        _share_distance(m, state, state.share) * scalar[0] / _STEP
        + _price_distance(state, state.price) / (_STEP * scalar[0])
    )
    since = scalar[1]
    if since == 0:
        scalar[2] = residual
    restart = since > 0 and (
        residual <= 0.2 * scalar[2]
        or (residual <= 0.8 * scalar[2] and residual > scalar[3])
        or (since > 20 and since > 0.36 * scalar[4])
    )
    scalar[3] = residual
    if restart:
        _restart(m, state)
        return
    new = (since + 1.0) / (since + 2.0)
    for j in range(len(state.share)):
        state.share[j] = new * (2.0 * state.share_next[j] - state.share[j]) + (1.0 - new) * state.share_anchor[j]
    for r in range(len(state.price)):
        state.price[r] = new * (2.0 * state.price_next[r] - state.price[r]) + (1.0 - new) * state.price_anchor[r]
    scalar[1] = since + 1.0


@njit(cache=True, nogil=True)
def _restart(m: Model, state: PriceState) -> None:
    """Make the new point the anchor, and balance the two step lengths by the way just gone."""
    shares = np.sqrt(_share_distance(m, state, state.share_anchor))
    prices = np.sqrt(_price_distance(state, state.price_anchor))
    if shares > 0.0 and prices > 0.0:
        state.scalar[0] = np.sqrt(prices / shares * state.scalar[0])
    state.share[:] = state.share_next
    state.price[:] = state.price_next
    state.share_anchor[:] = state.share_next
    state.price_anchor[:] = state.price_next
    state.scalar[1] = 0.0
    state.scalar[3] = np.inf


@njit(cache=True, nogil=True)
def _share_distance(m: Model, state: PriceState, other: FloatArray) -> float:
    """Return the squared distance of the new shares to `other`, each visit by its step."""
    total = 0.0
    for v in range(len(m.first)):
        each = 0.0
        for j in range(m.column[v], m.column[v + 1]):
            each += (state.share_next[j] - other[j]) ** 2
        total += each / state.share_step[v]
    return total


@njit(cache=True, nogil=True)
def _price_distance(state: PriceState, other: FloatArray) -> float:
    """Return the squared distance of the new prices to `other`, each row by its step."""
    total = 0.0
    for r in range(len(other)):
        if state.price_step[r] > 0.0:
            total += (state.price_next[r] - other[r]) ** 2 / state.price_step[r]
    return total


@njit(cache=True, nogil=True)
def error(m: Model, state: PriceState) -> tuple[float, float]:
    """Return the cost of the latest shares in cost units, and the sum of what they use beyond the
    capacities."""
    use = np.zeros(len(state.price))
    cost = 0.0
    for v in range(len(m.first)):
        cost += m.drop[v]
        for s in range(m.first[v], m.last[v] + 1):
            share = state.share_next[m.column[v] + s - m.first[v]]
            if share > 0.0:
                cost += share * (cost_of(m, v, s) - m.drop[v])
                _begin_use(m, use, v, s, share)
    _sum_up(m, use)
    beyond = 0.0
    for r in range(len(use)):
        beyond += max(0.0, use[r] - m.capacity[r])
    return cost, beyond


@njit(cache=True, nogil=True)
def _touching(m: Model) -> tuple[FloatArray, FloatArray]:
    """Return how many columns use each row (R,), and how many rows a column of each visit uses (V,)."""
    horizon = m.horizon
    docks = horizon
    carriers = docks + m.groups * horizon
    trucks = carriers + m.carriers * horizon
    columns = np.zeros(len(m.capacity))
    rows = np.zeros(len(m.first))
    for v in range(len(m.first)):
        rows[v] = 1.0 + min(horizon, m.duration[v]) + (m.carrier[v] >= 0)
        if m.truck[v] >= 0:
            rows[v] += min(horizon, m.duration[v] + m.turn)
        for s in range(m.first[v], m.last[v] + 1):
            columns[s] += 1
            for t in range(s, s + m.duration[v]):
                columns[docks + m.group[v] * horizon + t] += 1
            if m.carrier[v] >= 0:
                columns[carriers + m.carrier[v] * horizon + s] += 1
            if m.truck[v] >= 0:
                for t in range(s, min(horizon, s + m.duration[v] + m.turn)):
                    columns[trucks + m.truck[v] * horizon + t] += 1
    return columns, rows
