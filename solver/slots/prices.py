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
from solver.slots import bound
from solver.slots.model import SCALE, FloatArray, Model

_STEP: Final = 0.95  # of the largest step that is proven to converge
_TINY: Final = 1e-9  # a share that small moves no price
_WEIGHT: Final = 8.0  # first guess of how far prices move per share moved, in Model.unit
_USUAL: Final = 10.0  # Model.unit: a priced choice that costs no more is nothing special
_LOOK: Final = 8  # steps between two looks at the residual
_NARROW: Final = 4  # looks between two times of leaving starts out of sight
_FAR: Final = 3.0  # Model.unit by which a start must be dearer than the visit's cheapest choice to be left out of sight
_SURE: Final = 0.3  # Model.unit by which a choice must lead for its visit to be left alone until the next look


class PriceState(NamedTuple):
    """Where the method stands; arrays are its own and change from run to run. Prices in Model.unit per unit of use."""

    share: FloatArray  # (N,) of a visit on each of its starts
    price: FloatArray  # (R,)
    gain: FloatArray  # (N,) cost of a start less that of not placing
    share_anchor: FloatArray
    price_anchor: FloatArray
    share_next: FloatArray  # as of the last look
    price_next: FloatArray
    share_step: FloatArray  # (V,)
    price_step: FloatArray  # (R,), 0 for rows that cannot bind
    low: IntArray  # (V,) first start that is looked at, for the time being
    high: IntArray  # (V,) last start that is looked at; a visit's other starts have no share
    still: FloatArray  # (R,) use of the visits that are left alone until the next look
    awake: IntArray  # (V,) the others, the first `scalar[5]` of them
    scalar: FloatArray  # (6,): weight, steps since restart, residual then, residual one look before, steps in
    # all, visits awake


def start(model: Model, plan: IntArray, price: FloatArray) -> PriceState:
    """Return the state before the first step: the shares of a plan (V,), prices (R,) in cost units."""
    scale = _scale(model, price)
    touching, rows_used = _touching(model, 1.0 / scale)
    can_bind = _touching(model, np.ones(len(scale)))[0] > model.capacity
    price_step = np.where(can_bind, 1.0 / np.maximum(touching, 1e-12), 0.0)
    placed = np.flatnonzero((plan >= model.first) & (plan <= model.last))
    share = np.zeros(int(model.column[-1]))
    share[model.column[placed] + plan[placed] - model.first[placed]] = 1.0
    price = np.where(price_step > 0.0, price / model.unit, 0.0)
    return PriceState(
        share=share,
        price=price,
        gain=(model.cost - np.repeat(model.drop, np.diff(model.column))) / model.unit,
        share_anchor=share.copy(),
        price_anchor=price.copy(),
        share_next=share.copy(),
        price_next=price.copy(),
        share_step=1.0 / (rows_used * scale),
        price_step=price_step,
        low=model.first.copy(),
        high=model.last.copy(),
        still=np.zeros(len(price)),
        awake=np.arange(len(model.first)),
        scalar=np.array([_WEIGHT, 0.0, np.inf, np.inf, 0.0, float(len(model.first))]),
    )


def _scale(model: Model, price: FloatArray) -> FloatArray:
    """Return how far prices are likely to move around each visit, (V,), 1 for a few slots of displacement.

    It is what the visit's choice costs at `price` (R,), or its dock group's mean of that where that is more.

    A visit's steps are divided by it and those of its rows multiplied, which keeps the method convergent: with b(v)
    for 1 / scale, steps 1 / sum of b over a row's columns and b / (rows of a column) satisfy Pock and Chambolle's
    condition.
    """
    least = bound.minima(model, bound.whole(model, price)) / SCALE
    each = np.maximum(1.0, least / (_USUAL * model.unit))
    members = np.maximum(1, np.diff(model.group_start))
    scale: FloatArray = np.maximum(each, (np.bincount(model.group, each, model.groups) / members)[model.group])
    return scale


def latest(model: Model, state: PriceState) -> FloatArray:
    """Return the prices (R,) in cost units as of the last look."""
    price: FloatArray = state.price_next * model.unit
    return price


def improve(model: Model, state: PriceState, looks: int) -> None:
    """Go on from where the state stands, `looks` times _LOOK steps."""
    _improve(model, state, looks)


@njit(cache=True, nogil=True)
def _improve(m: Model, state: PriceState, looks: int) -> None:
    use = np.empty(len(state.price))
    before = np.empty(len(state.price) + 1)
    room = np.empty(m.horizon)
    for k in range(looks):
        if k % _NARROW == 0:
            _narrow(m, state, before, room)
        for _ in range(_LOOK - 1):
            _step(m, state, use, before, room)
        _look(m, state, use, before, room)


@njit(cache=True, nogil=True)
def _narrow(m: Model, state: PriceState, before: FloatArray, room: FloatArray) -> None:
    """Leave out of sight, at both ends of each visit's window, the starts that are far from being worth it."""
    _sum_prices(state.price, before)
    for v in range(len(m.first)):
        state.low[v], state.high[v] = m.first[v], m.last[v]
        at, count = m.column[v], m.last[v] - m.first[v] + 1
        if count <= 1:
            continue
        _charge(m, state, before, v, room)
        limit = 0.0  # what not being placed is worth
        for i in range(count):
            limit = min(limit, room[i])
        limit += _FAR
        low, high = 0, count - 1
        while low < high and room[low] > limit and state.share[at + low] <= _TINY:
            state.share[at + low], state.share_anchor[at + low], state.share_next[at + low] = 0.0, 0.0, 0.0
            low += 1
        while low < high and room[high] > limit and state.share[at + high] <= _TINY:
            state.share[at + high], state.share_anchor[at + high], state.share_next[at + high] = 0.0, 0.0, 0.0
            high -= 1
        state.low[v], state.high[v] = m.first[v] + low, m.first[v] + high


@njit(cache=True, nogil=True)
def _step(m: Model, state: PriceState, use: FloatArray, before: FloatArray, room: FloatArray) -> None:
    """Take one reflected step and average it with the anchor."""
    weight, since = state.scalar[0], state.scalar[1]
    new = (since + 1.0) / (since + 2.0)
    low, high, share, anchor = state.low, state.high, state.share, state.share_anchor
    _sum_prices(state.price, before)
    use[:] = state.still
    for k in range(int(state.scalar[5])):
        v = state.awake[k]
        count, at = high[v] - low[v] + 1, m.column[v] + low[v] - m.first[v]
        level = _descend(m, state, before, v, room, _STEP / weight)
        for i in range(count):
            old = share[at + i]
            reflected = 2.0 * max(0.0, room[i] - level) - old
            room[i] = reflected
            share[at + i] = new * reflected + (1.0 - new) * anchor[at + i]
        _begin_use(m, state, use, v, room)
    _sum_up(m, use)
    price, begin, price_step = state.price, state.price_anchor, state.price_step
    for r in range(len(use)):
        if price_step[r] > 0.0:
            old = price[r]
            moved = max(0.0, old + _STEP * weight * price_step[r] * (use[r] - m.capacity[r]))
            price[r] = new * (2.0 * moved - old) + (1.0 - new) * begin[r]
    state.scalar[1] = since + 1.0
    state.scalar[4] += 1.0


@njit(cache=True, nogil=True)
def _look(m: Model, state: PriceState, use: FloatArray, before: FloatArray, room: FloatArray) -> None:
    """Take one step, keep where it leads, and restart from there or average as the residual says."""
    scalar = state.scalar
    weight, since = scalar[0], scalar[1]
    _sum_prices(state.price, before)
    use[:] = 0.0
    state.still[:] = 0.0
    awake = 0
    shares, gone = 0.0, 0.0  # squared distance to where the step began, and to the anchor
    for v in range(len(m.first)):
        count, at = state.high[v] - state.low[v] + 1, m.column[v] + state.low[v] - m.first[v]
        level = _descend(m, state, before, v, room, _STEP / weight)
        sure = _STEP / weight * state.share_step[v] * _SURE
        sleeps = True
        for i in range(count):
            each, old = max(0.0, room[i] - level), state.share[at + i]
            sleeps &= each == old == state.share_anchor[at + i] and (each == 1.0 or room[i] - level < -sure)
            room[i] = 2.0 * each - old
            state.share_next[at + i] = each
            shares += (each - old) ** 2 / state.share_step[v]
            gone += (each - state.share_anchor[at + i]) ** 2 / state.share_step[v]
        _begin_use(m, state, use, v, room)
        if sleeps:
            _begin_use(m, state, state.still, v, room)
        else:
            state.awake[awake] = v
            awake += 1
    scalar[5] = awake
    _sum_up(m, use)
    prices, went = 0.0, 0.0
    for r in range(len(use)):
        if state.price_step[r] > 0.0:
            old = state.price[r]
            moved = max(0.0, old + _STEP * weight * state.price_step[r] * (use[r] - m.capacity[r]))
            state.price_next[r] = moved
            prices += (moved - old) ** 2 / state.price_step[r]
            went += (moved - state.price_anchor[r]) ** 2 / state.price_step[r]
    residual = np.sqrt(shares * weight / _STEP + prices / (_STEP * weight))
    scalar[4] += 1.0
    if _is_time(scalar, residual):
        if gone > 0.0 and went > 0.0:
            scalar[0] = np.sqrt(np.sqrt(went / gone) * weight)
        scalar[1], scalar[2], scalar[3] = 0.0, np.inf, np.inf
        _settle(state.share, state.share_anchor, state.share_next)
        _settle(state.price, state.price_anchor, state.price_next)
        return
    if np.isinf(scalar[2]):
        scalar[2] = residual
    scalar[3] = residual
    scalar[1] = since + 1.0
    new = (since + 1.0) / (since + 2.0)
    _average(state.share, state.share_anchor, state.share_next, new)
    _average(state.price, state.price_anchor, state.price_next, new)


@njit(cache=True, nogil=True)
def _settle(point: FloatArray, anchor: FloatArray, reached: FloatArray) -> None:
    point[:] = reached
    anchor[:] = reached


@njit(cache=True, nogil=True)
def _average(point: FloatArray, anchor: FloatArray, reached: FloatArray, new: float) -> None:
    for j in range(len(point)):
        point[j] = new * (2.0 * reached[j] - point[j]) + (1.0 - new) * anchor[j]


@njit(cache=True, nogil=True)
def _is_time(scalar: FloatArray, residual: float) -> bool:
    """Answer whether to restart: the residual has shrunk enough, or begins to grow, or it has taken long."""
    since = scalar[1]
    if since < _LOOK:
        return False
    if residual <= 0.2 * scalar[2]:
        return True
    if residual <= 0.8 * scalar[2] and residual > scalar[3]:
        return True
    return bool(since > 64 and since > 0.36 * scalar[4])


@njit(cache=True, nogil=True)
def _sum_prices(price: FloatArray, before: FloatArray) -> None:
    total = 0.0
    for r in range(len(price)):
        before[r] = total
        total += price[r]
    before[len(price)] = total


@njit(cache=True, nogil=True, inline="always")
def _descend(m: Model, state: PriceState, before: FloatArray, v: int, room: FloatArray, length: float) -> float:
    """Move v's shares against their priced costs into `room` (T,), the first start in sight first.

    Returns what projects them onto their simplex.
    """
    count = state.high[v] - state.low[v] + 1
    at = m.column[v] + state.low[v] - m.first[v]
    share = state.share[at : at + count]
    step = length * state.share_step[v]
    _charge(m, state, before, v, room)
    for i in range(count):
        room[i] = share[i] - step * room[i]
    return _level(room, count)


@njit(cache=True, nogil=True, inline="always")
def _charge(m: Model, state: PriceState, before: FloatArray, v: int, room: FloatArray) -> None:
    """Leave in `room` (T,) what v's starts in sight cost less not being placed, prices included."""
    horizon = m.horizon
    low, duration = state.low[v], m.duration[v]
    count = state.high[v] - low + 1
    at = m.column[v] + low - m.first[v]
    dock = horizon * (1 + m.group[v]) + low
    gain, gate = state.gain[at : at + count], state.price[low : low + count]
    opens, closes = before[dock : dock + count], before[dock + duration : dock + duration + count]
    for i in range(count):
        room[i] = gain[i] + gate[i] + closes[i] - opens[i]
    if m.carrier[v] >= 0:
        quota = horizon * (1 + m.groups + m.carrier[v]) + low
        for i in range(count):
            room[i] += state.price[quota + i]
    if m.truck[v] >= 0:
        truck = horizon * (1 + m.groups + m.carriers + m.truck[v])
        held = duration + m.turn
        for i in range(count):
            room[i] += before[truck + min(horizon, low + i + held)] - before[truck + low + i]


@njit(cache=True, nogil=True, fastmath=True)
def _level(room: FloatArray, count: int) -> float:
    """Return what to take off so that the positive parts sum to at most 1 (Michelot 1986)."""
    total = 0.0
    for i in range(count):
        total += max(0.0, room[i])
    if total <= 1.0:
        return 0.0
    level, positive = 0.0, count + 1
    while True:
        kept, total = 0, 0.0
        for i in range(count):
            if room[i] > level:
                kept += 1
                total += room[i]
        if kept >= positive or kept == 0:
            return level
        positive = kept
        level = (total - 1.0) / kept


@njit(cache=True, nogil=True, inline="always")
def _begin_use(m: Model, state: PriceState, use: FloatArray, v: int, amount: FloatArray) -> None:
    """Note the use of v's shares, `amount` (T,) with the first start in sight first; on docks and trucks only where
    it begins and ends."""
    horizon = m.horizon
    first, duration = state.low[v], m.duration[v]
    dock = horizon * (1 + m.group[v]) + first
    quota = horizon * (1 + m.groups + m.carrier[v]) + first if m.carrier[v] >= 0 else -1
    truck = horizon * (1 + m.groups + m.carriers + m.truck[v]) + first if m.truck[v] >= 0 else -1
    for i in range(state.high[v] - first + 1):
        each = amount[i]
        if abs(each) > _TINY:
            use[first + i] += each
            use[dock + i] += each
            if first + i + duration < horizon:
                use[dock + i + duration] -= each
            if quota >= 0:
                use[quota + i] += each
            if truck >= 0:
                use[truck + i] += each
                if first + i + duration + m.turn < horizon:
                    use[truck + i + duration + m.turn] -= each


@njit(cache=True, nogil=True)
def _sum_up(m: Model, use: FloatArray) -> None:
    """Turn the begins and ends of dock and truck rows into use."""
    horizon = m.horizon
    carriers = horizon * (1 + m.groups)
    trucks = carriers + horizon * m.carriers
    for base in range(horizon, carriers, horizon):
        for r in range(base + 1, base + horizon):
            use[r] += use[r - 1]
    for base in range(trucks, len(use), horizon):
        for r in range(base + 1, base + horizon):
            use[r] += use[r - 1]


@njit(cache=True, nogil=True)
def _touching(m: Model, each: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how many columns use each row (R,), a visit's counting `each` (V,), and how many rows a column of each
    visit uses (V,)."""
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
            columns[s] += each[v]
            for t in range(s, s + m.duration[v]):
                columns[docks + m.group[v] * horizon + t] += each[v]
            if m.carrier[v] >= 0:
                columns[carriers + m.carrier[v] * horizon + s] += each[v]
            if m.truck[v] >= 0:
                for t in range(s, min(horizon, s + m.duration[v] + m.turn)):
                    columns[trucks + m.truck[v] * horizon + t] += each[v]
    return columns, rows
