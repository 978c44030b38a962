"""What is left of every capacity while a plan is being built: place, remove, ask."""

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots.model import Model


class Places(NamedTuple):
    """A plan under construction; arrays change in place."""

    start: IntArray  # (V,), -1 not placed
    free: IntArray  # (R,) left of each row; a truck's rows hold 1 or 0
    at: IntArray  # (V,) index of a placed visit among those that start in its slot
    starters: IntArray  # (T, V') the visits that start in each slot, V' the most the gate admits
    count: IntArray  # (T,) how many those are


def empty(model: Model) -> Places:
    """Return a plan with nothing placed."""
    visits = len(model.first)
    widest = int(min(visits, model.capacity[: model.horizon].max(initial=0)))
    return Places(
        start=np.full(visits, -1),
        free=model.capacity.copy(),
        at=np.zeros(visits, dtype=np.int64),
        starters=np.zeros((model.horizon, max(1, widest)), dtype=np.int64),
        count=np.zeros(model.horizon, dtype=np.int64),
    )


def filled(model: Model, start: IntArray) -> Places:
    """Return the places of a lawful plan, `start` (V,)."""
    places = empty(model)
    _put_all(model, places, start)
    return places


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _put_all(m: Model, p: Places, start: IntArray) -> None:
    for v in range(len(start)):
        if start[v] >= 0:
            put(m, p, v, start[v])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def cost_of(m: Model, v: int, s: int) -> int:
    """Return what visit v costs in slot s, or not placed when s is -1."""
    if s < 0:
        return m.drop[v]
    return m.early[v] * max(0, m.wish[v] - s) + m.late[v] * max(0, s - m.wish[v])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def gate_and_quota_fit(m: Model, p: Places, v: int, s: int) -> bool:
    """Answer whether the gate and the carrier have room for a start in slot s."""
    if p.free[s] <= 0:
        return False
    carriers = m.horizon * (1 + m.groups)
    return m.carrier[v] < 0 or p.free[carriers + m.carrier[v] * m.horizon + s] > 0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def dock_fits(m: Model, p: Places, v: int, s: int) -> bool:
    """Answer whether the dock group has a dock for v from slot s on."""
    dock = m.horizon * (1 + m.group[v])
    for t in range(dock + s, dock + s + m.duration[v]):
        if p.free[t] <= 0:
            return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def truck_fits(m: Model, p: Places, v: int, s: int) -> bool:
    """Answer whether v's truck is elsewhere neither during [s, s + d + turn)."""
    if m.truck[v] < 0:
        return True
    truck = m.horizon * (1 + m.groups + m.carriers + m.truck[v])
    for t in range(truck + s, truck + min(m.horizon, s + m.duration[v] + m.turn)):
        if p.free[t] <= 0:
            return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fits(m: Model, p: Places, v: int, s: int) -> bool:
    """Answer whether visit v can start in slot s of its window with what is left."""
    return gate_and_quota_fit(m, p, v, s) and dock_fits(m, p, v, s) and truck_fits(m, p, v, s)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def put(m: Model, p: Places, v: int, s: int) -> None:
    """Place visit v in slot s."""
    _take(m, p, v, s, 1)
    p.start[v] = s
    p.at[v] = p.count[s]
    p.starters[s, p.count[s]] = v
    p.count[s] += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def lift(m: Model, p: Places, v: int) -> int:
    """Remove visit v; return the slot it had, -1 when it had none."""
    s = p.start[v]
    if s < 0:
        return s
    _take(m, p, v, s, -1)
    p.start[v] = -1
    p.count[s] -= 1
    other = p.starters[s, p.count[s]]
    p.starters[s, p.at[v]] = other
    p.at[other] = p.at[v]
    return s


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _take(m: Model, p: Places, v: int, s: int, amount: int) -> None:
    p.free[s] -= amount
    dock = m.horizon * (1 + m.group[v])
    for t in range(dock + s, dock + s + m.duration[v]):
        p.free[t] -= amount
    if m.carrier[v] >= 0:
        p.free[m.horizon * (1 + m.groups + m.carrier[v]) + s] -= amount
    if m.truck[v] >= 0:
        truck = m.horizon * (1 + m.groups + m.carriers + m.truck[v])
        for t in range(truck + s, truck + min(m.horizon, s + m.duration[v] + m.turn)):
            p.free[t] -= amount


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def cheapest(m: Model, p: Places, v: int, below: int) -> int:
    """Return the cheapest slot that fits v at a cost less than `below`; -1 when there is none.

    Ties go to the earlier slot; the caller keeps v lifted.
    """
    best = -1
    for s in range(m.first[v], m.last[v] + 1):
        each = cost_of(m, v, s)
        if each < below and fits(m, p, v, s):
            below = each
            best = s
    return best
