"""First prices and a first bound from what any plan must balance: places, and the hours of the trucks used.

Every truck used leaves an empty leg to begin at its start and one to end at its home; every load served lets
one end at its origin and one begin at its destination. And nobody works longer than the shift: legs and
loads together take no more minutes than the shifts of the trucks used. Relaxing M1 to M4 to this leaves a
transportation problem with one more row, a linear program of the size of the place matrix. With its duals
`leave` (per place where legs begin), `reach` (where they end) and `hour` (per minute), leave(p) + reach(q)
<= price of the leg p to q + hour * minutes(p, q) for all legs, every chain of truck k costs at least

    per_truck + leave(start) + reach(home) - hour * shift(k) + sum over its loads of price(i),
    price(i) = reach(origin) + leave(destination) + hour * duration(i).

The duals are rounded to whole units and the legs' inequality is made true again before anything is claimed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from solver.matching.network import FloatArray, Network
from solver.reading import IntArray

NAME: Final = "linear relaxation that balances empty legs at every place and keeps the sum of shifts"
FINENESS: Final = 1000  # units per unit of money in the rounded duals
NEAREST: Final = 12  # legs per place that the first linear program knows
ROUNDS: Final = 30
TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole duals in units of 1 / FINENESS: `leave` and `reach` (P,) and `hour`, and what they prove."""

    leave: IntArray
    reach: IntArray
    hour: int
    bound: int
    prices: FloatArray


@dataclass(frozen=True, slots=True)
class _Sides:
    """Places where legs begin and end, and legs (begin, end) as indices into these."""

    begins: IntArray
    ends: IntArray
    cost: FloatArray
    minutes: FloatArray


def balance(net: Network, left: Callable[[], float]) -> Balance:
    """Return duals and what they prove; the network has trucks and loads with a window.

    `left` returns the seconds left; when they run out, the duals are worse but what they prove is proven.
    """
    usable = net.earliest <= net.last_start
    shift = net.home_by - net.free_from
    able = np.flatnonzero(shift >= 0)
    sides = _sides(net, usable, able)
    leave, reach, hour = _duals(net, sides, np.flatnonzero(usable), able, left)
    return _rounded(net, sides, leave, reach, hour)


def _sides(net: Network, usable: NDArray[np.bool_], able: IntArray) -> _Sides:
    begins = np.union1d(net.destination[usable], net.start[able])
    ends = np.union1d(net.origin[usable], net.home[able])
    legs = np.ix_(begins, ends)
    return _Sides(
        begins, ends, (net.price_km * net.km[legs]).astype(np.float64), net.minutes[legs].astype(np.float64)
    )


def _duals(
    net: Network, sides: _Sides, loads: IntArray, able: IntArray, left: Callable[[], float]
) -> tuple[FloatArray, FloatArray, float]:
    """Return float duals of the linear program, its legs generated as they are violated."""
    begins, ends = len(sides.begins), len(sides.ends)
    known = _nearest(sides)
    leave, reach, hour = np.zeros(begins), np.zeros(ends), 0.0
    for _ in range(ROUNDS):
        duals = _solve(net, sides, np.argwhere(known), (loads, able), left())
        if duals is None:
            break
        leave, reach, hour = duals[:begins], duals[begins : begins + ends], max(0.0, float(-duals[-1]))
        slack = sides.cost + hour * sides.minutes - leave[:, None] - reach[None, :]
        violated = (slack < -TOLERANCE) & ~known
        if not violated.any():
            break
        worst = np.where(violated, slack, 0.0)
        rows, columns = worst.argmin(axis=1), worst.argmin(axis=0)
        violated_best = np.zeros_like(known)
        violated_best[np.arange(begins), rows] = True
        violated_best[columns, np.arange(ends)] = True
        known |= violated_best & violated
    return leave, reach, hour


def _nearest(sides: _Sides) -> NDArray[np.bool_]:
    known = np.zeros(sides.cost.shape, dtype=bool)
    key = sides.cost + sides.minutes
    out = np.argsort(key, axis=1, kind="stable")[:, :NEAREST]
    into = np.argsort(key, axis=0, kind="stable")[:NEAREST]
    known[np.arange(len(known))[:, None], out] = True
    known[into, np.arange(len(sides.ends))] = True
    return known


def _solve(
    net: Network, sides: _Sides, legs: IntArray, who: tuple[IntArray, IntArray], seconds: float
) -> FloatArray | None:
    """Return the duals (begins, ends, time) of the program over some legs, trucks used and loads left."""
    loads, able = who
    begins, ends = len(sides.begins), len(sides.ends)
    begin, end = legs[:, 0], legs[:, 1]
    start, home = np.searchsorted(sides.begins, net.start[able]), np.searchsorted(sides.ends, net.home[able])
    to = np.searchsorted(sides.begins, net.destination[loads])
    out = np.searchsorted(sides.ends, net.origin[loads])
    count = len(legs) + len(able) + len(loads)
    column = np.arange(count)
    leg, truck, left = np.split(column, [len(legs), len(legs) + len(able)])
    rows = np.concatenate([begin, begins + end, start, begins + home, to, begins + out])
    columns = np.concatenate([leg, leg, truck, truck, left, left])
    signs = np.concatenate([np.ones(2 * len(legs)), -np.ones(2 * len(able)), np.ones(2 * len(loads))])
    need = np.concatenate([np.bincount(to, minlength=begins), np.bincount(out, minlength=ends)])
    duration = net.duration[loads].astype(np.float64)
    shift = (net.home_by - net.free_from)[able].astype(np.float64)
    time = np.concatenate([sides.minutes[begin, end], -shift, -duration])
    fixed = np.full(len(able), float(net.price_truck))
    price = np.concatenate([sides.cost[begin, end], fixed, net.drop[loads]])
    matrix: Any = csr_array((signs, (rows, columns)), shape=(begins + ends, count))  # untyped in the stubs
    found = linprog(
        price,
        A_eq=matrix,
        b_eq=need,
        A_ub=time[None, :],
        b_ub=[-duration.sum()],
        bounds=[(0, None)] * len(legs) + [(0, 1)] * (count - len(legs)),
        method="highs",
        options={"time_limit": max(0.05, seconds)},
    )
    if found.status != 0:
        return None
    return np.concatenate([found.eqlin.marginals, found.ineqlin.marginals])


def _rounded(net: Network, sides: _Sides, leave: FloatArray, reach: FloatArray, hour: float) -> Balance:
    """Return whole duals: `reach` is lowered until no leg violates, then the bound is summed in whole
    numbers."""
    whole_hour = round(hour * FINENESS)
    whole_leave = np.rint(leave * FINENESS).astype(np.int64)
    whole_reach = np.rint(reach * FINENESS).astype(np.int64)
    legs = np.ix_(sides.begins, sides.ends)
    worth = FINENESS * net.price_km * net.km[legs] + whole_hour * net.minutes[legs]
    whole_reach = np.minimum(whole_reach, (worth - whole_leave[:, None]).min(axis=0))
    at_leave, at_reach = np.zeros((2, len(net.km)), dtype=np.int64)
    at_leave[sides.begins], at_reach[sides.ends] = whole_leave, whole_reach
    usable = net.earliest <= net.last_start
    price = at_reach[net.origin] + at_leave[net.destination] + whole_hour * net.duration
    price = np.where(usable, np.minimum(price, FINENESS * net.drop), FINENESS * net.drop)
    shift = net.home_by - net.free_from
    earn = FINENESS * net.price_truck + at_leave[net.start] + at_reach[net.home] - whole_hour * shift
    earn = np.where(shift >= 0, np.minimum(earn, 0), 0)
    bound = sum(price.tolist()) + sum(earn.tolist())
    return Balance(at_leave, at_reach, whole_hour, bound // FINENESS, price / FINENESS)
