"""A first plan and first prices by negotiation: visits choose again and again at prices that follow the crowding.

Sweep by sweep every visit leaves its start and takes the one that is cheapest for it: its cost, the prices of the
rows it would use, a surcharge for every row that is over-full already, and a little random noise. After each sweep a
row's price rises if it is over-full and falls if it has room. While the noise shrinks and the surcharge grows, the
starts settle into a plan in which hardly a row is over-full. It is the negotiated congestion of McMurchie and Ebeling
(1995) with the noise of simulated annealing, and, for the prices, a stochastic subgradient method on the Lagrangian
dual: their running mean is where prices.py goes on.

A row that stays over-full for long gets steps that grow geometrically, for its price may have to reach that of not
placing a visit, which is hundreds of slots of displacement.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots.model import FloatArray, Model

NOISE: Final = (0.2, 0.02)  # first and last, in slots of displacement (Model.unit)
SURCHARGE: Final = (0.35, 3.0)
STEP: Final = (0.07, 0.015)
GROWTH: Final = 1.2  # of the step of a row that stays over-full
PATIENCE: Final = 12  # sweeps before the step grows
LONGEST_STREAK: Final = 200
STEEPEST: Final = 0.125  # of the dearest visit's cost of not being placed: the longest step
MEMORY: Final = 0.05  # weight of the latest prices in their running mean
CHUNK: Final = 10  # sweeps in one order, and between two looks at the clock
TABLE: Final = 1 << 14  # random numbers kept, drawn once


@dataclass(slots=True)
class Negotiation:
    """Where the negotiation stands; arrays change in place."""

    start: IntArray  # (V,), -1 not placed; rows may be over-full
    use: IntArray  # (R,) of every row
    price: FloatArray  # (R,)
    mean: FloatArray  # (R,) running mean of the prices
    streak: IntArray  # (R,) sweeps for which a row has been over-full


def negotiate(
    model: Model,
    price: FloatArray,
    rng: np.random.Generator,
    *,
    sweeps: int,
    recharge: Callable[[Negotiation], Model] | None = None,
    is_over: Callable[[], bool],
) -> Negotiation:
    """Return where `sweeps` sweeps lead from prices (R,); fewer if `is_over` says so between two chunks.

    `recharge` may change the costs between two chunks.
    """
    visits, rows = len(model.first), len(model.capacity)
    state = Negotiation(
        start=np.full(visits, -1),
        use=np.zeros(rows, dtype=np.int64),
        price=price.copy(),
        mean=price.copy(),
        streak=np.zeros(rows, dtype=np.int64),
    )
    table = -rng.gumbel(size=TABLE)
    steepest = STEEPEST * float(model.drop.max(initial=0.0))
    at = np.array([int(rng.integers(1 << 31))])
    for done in range(0, sweeps, CHUNK):
        order = _order(model, rng)
        for k in range(done, min(sweeps, done + CHUNK)):
            far = k / max(1, sweeps - 1)
            noise, surcharge, step = (model.unit * a * (b / a) ** far for a, b in (NOISE, SURCHARGE, STEP))
            _sweep(model, (state.start, state.use, state.price), surcharge, order, table * noise, at)
            _reprice(model, state.price, state.use, state.streak, step, steepest)
            state.mean += (state.price - state.mean) * max(MEMORY, 1.0 / (k + 1))
        if is_over():
            break
        if recharge is not None:
            model = recharge(state)
    return state


def _order(model: Model, rng: np.random.Generator) -> IntArray:
    """Return all visits that have starts, dock group by dock group, groups and members shuffled."""
    group = rng.permutation(model.groups)[model.group] if model.groups else model.group
    order: IntArray = np.lexsort((rng.random(len(group)), group))
    return order[(model.last >= model.first)[order]]


@njit(cache=True, nogil=True)
def _sweep(
    m: Model,
    talks: tuple[IntArray, IntArray, FloatArray],
    surcharge: float,
    order: IntArray,
    noise: FloatArray,
    at: IntArray,
) -> None:
    """Let every visit of `order` choose anew; `talks` are the starts (V,), the use and the prices of the rows (R,)."""
    start, use, price = talks
    horizon, capacity = m.horizon, m.capacity
    carriers = horizon * (1 + m.groups)
    trucks = carriers + horizon * m.carriers
    docked, kept = np.empty(horizon + 1), np.empty(horizon + 1)  # running sums of what dock and truck slots ask
    for v in order:
        first, last, duration = m.first[v], m.last[v], m.duration[v]
        dock = horizon * (1 + m.group[v])
        quota = carriers + horizon * m.carrier[v] if m.carrier[v] >= 0 else -1
        truck = trucks + horizon * m.truck[v] if m.truck[v] >= 0 else -1
        held = duration + m.turn
        _note(m, use, v, start[v], -1)
        _ask(price[dock:], use[dock:], capacity[dock:], surcharge, first, last + duration, docked)
        if truck >= 0:
            _ask(price[truck:], use[truck:], capacity[truck:], surcharge, first, min(horizon, last + held), kept)
        at[0] = (at[0] * 1664525 + 1013904223) & 0xFFFFFFFF
        draw = at[0] >> 8
        best, least = -1, m.drop[v] + noise[draw & (TABLE - 1)]
        column = m.column[v] - first
        for s in range(first, last + 1):
            each = m.cost[column + s] + price[s] + docked[s + duration] - docked[s]
            each += noise[(draw + 1 + s) & (TABLE - 1)]
            each += _crowding(use[s] - capacity[s], surcharge)
            if quota >= 0:
                each += price[quota + s] + _crowding(use[quota + s] - capacity[quota + s], surcharge)
            if truck >= 0:
                each += kept[min(horizon, s + held)] - kept[s]
            if each < least:
                best, least = s, each
        start[v] = best
        _note(m, use, v, best, 1)


@njit(cache=True, nogil=True)
def _ask(
    price: FloatArray, use: IntArray, capacity: IntArray, surcharge: float, first: int, end: int, sums: FloatArray
) -> None:
    """Leave in `sums` the running sums of what slots `first` to before `end` ask for, up to `end` itself."""
    total = 0.0
    for t in range(first, end):
        sums[t] = total
        total += price[t] + _crowding(use[t] - capacity[t], surcharge)
    sums[end] = total


@njit(cache=True, nogil=True)
def _crowding(excess: int, surcharge: float) -> float:
    """Return the surcharge for one more where the use exceeds the capacity by `excess` already, 0 if it is below."""
    return surcharge * (1 + excess) if excess >= 0 else 0.0


@njit(cache=True, nogil=True)
def _note(m: Model, use: IntArray, v: int, s: int, amount: int) -> None:
    """Add `amount` to the use of every row that v uses when it starts in slot s; nothing for s = -1."""
    if s < 0:
        return
    use[s] += amount
    dock = m.horizon * (1 + m.group[v])
    for t in range(dock + s, dock + s + m.duration[v]):
        use[t] += amount
    if m.carrier[v] >= 0:
        use[m.horizon * (1 + m.groups + m.carrier[v]) + s] += amount
    if m.truck[v] >= 0:
        truck = m.horizon * (1 + m.groups + m.carriers + m.truck[v])
        for t in range(truck + s, truck + min(m.horizon, s + m.duration[v] + m.turn)):
            use[t] += amount


@njit(cache=True, nogil=True)
def _reprice(m: Model, price: FloatArray, use: IntArray, streak: IntArray, step: float, steepest: float) -> None:
    """Let every row's price follow its use."""
    for r in range(len(price)):
        excess = use[r] - m.capacity[r]
        if excess > 0:
            streak[r] = min(LONGEST_STREAK, max(0, streak[r]) + 1)
            price[r] += _stride(streak[r], step, steepest) * min(excess, 4)
        elif excess < 0 and price[r] > 0.0:
            if streak[r] > PATIENCE:
                price[r] = max(0.0, price[r] - 0.5 * _stride(streak[r], step, steepest))
                streak[r] -= 6
            else:
                streak[r] = 0
                price[r] = max(0.0, price[r] - 0.5 * step * min(-excess, 4))


@njit(cache=True, nogil=True)
def _stride(streak: int, step: float, steepest: float) -> float:
    """Return how far a price moves per unit of excess after so many sweeps."""
    return max(step, min(steepest, step * GROWTH ** max(0, streak - PATIENCE)))
