"""What is left of every capacity while a plan is being built: place, remove, ask."""

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.reading import IntArray
from solver.slots.model import Model, cost_of


class Places(NamedTuple):
    """A plan under construction; arrays change in place."""

    start: IntArray  # (V,), -1 not placed
    free: IntArray  # (R,) left of each row; a truck's rows hold 1 or 0
    at: IntArray  # (V,) index of a placed visit among those that start in its slot
    starters: IntArray  # (T, V') the visits that start in each slot, V' the most the gate admits
    starting: IntArray  # (T,) how many those are


def empty(model: Model) -> Places:
    """Return a plan with nothing placed."""
    visits = len(model.first)
    widest = int(min(visits, model.capacity[: model.horizon].max(initial=0)))
    return Places(
        start=np.full(visits, -1),
        free=model.capacity.copy(),
        at=np.zeros(visits, dtype=np.int64),
        starters=np.zeros((model.horizon, max(1, widest)), dtype=np.int64),
        starting=np.zeros(model.horizon, dtype=np.int64),
    )


def filled(model: Model, start: IntArray) -> Places:
    """Return the places of a lawful plan, `start` (V,)."""
    places = empty(model)
    _put_all(model, places, start)
    return places


@njit(cache=True, nogil=True)
def _put_all(m: Model, p: Places, start: IntArray) -> None:
    for v in range(len(start)):
        if start[v] >= 0:
            put(m, p, v, start[v])


@njit(cache=True, nogil=True)
def within_gate_fits(m: Model, free: IntArray, v: int, s: int) -> bool:
    """Answer whether `free` (R,) has a quota, a dock and v's truck for a start in slot s, whatever the gate has."""
    if m.carrier[v] >= 0 and free[m.horizon * (1 + m.groups + m.carrier[v]) + s] <= 0:
        return False
    dock = m.horizon * (1 + m.group[v]) + s
    for t in range(dock, dock + m.duration[v]):
        if free[t] <= 0:
            return False
    if m.truck[v] >= 0:
        truck = m.horizon * (1 + m.groups + m.carriers + m.truck[v])
        for t in range(truck + s, truck + min(m.horizon, s + m.duration[v] + m.turn)):
            if free[t] <= 0:
                return False
    return True


@njit(cache=True, nogil=True)
def fits(m: Model, p: Places, v: int, s: int) -> bool:
    """Answer whether visit v can start in slot s of its window with what is left."""
    return bool(p.free[s] > 0) and within_gate_fits(m, p.free, v, s)


@njit(cache=True, nogil=True)
def put(m: Model, p: Places, v: int, s: int) -> None:
    """Place visit v in slot s."""
    take(m, p.free, v, s, 1)
    p.start[v] = s
    p.at[v] = p.starting[s]
    p.starters[s, p.starting[s]] = v
    p.starting[s] += 1


@njit(cache=True, nogil=True)
def lift(m: Model, p: Places, v: int) -> int:
    """Remove visit v; return the slot it had, -1 when it had none."""
    s = int(p.start[v])
    if s < 0:
        return s
    take(m, p.free, v, s, -1)
    p.start[v] = -1
    p.starting[s] -= 1
    other = p.starters[s, p.starting[s]]
    p.starters[s, p.at[v]] = other
    p.at[other] = p.at[v]
    return s


@njit(cache=True, nogil=True)
def take(m: Model, free: IntArray, v: int, s: int, amount: int) -> None:
    """Take what visit v uses from slot s on off `free` (R,), `amount` times; -1 gives it back."""
    free[s] -= amount
    dock = m.horizon * (1 + m.group[v])
    for t in range(dock + s, dock + s + m.duration[v]):
        free[t] -= amount
    if m.carrier[v] >= 0:
        free[m.horizon * (1 + m.groups + m.carrier[v]) + s] -= amount
    if m.truck[v] >= 0:
        truck = m.horizon * (1 + m.groups + m.carriers + m.truck[v])
        for t in range(truck + s, truck + min(m.horizon, s + m.duration[v] + m.turn)):
            free[t] -= amount


@njit(cache=True, nogil=True)
def cheapest(m: Model, p: Places, v: int, below: float) -> int:
    """Return the cheapest slot that fits v at a cost less than `below`; -1 when there is none.

    Of equally cheap ones the latest; the caller keeps v lifted.
    """
    best, least = -1, below
    for s in range(m.last[v], m.first[v] - 1, -1):
        each = cost_of(m, v, s)
        if each < least and fits(m, p, v, s):
            best, least = s, each
    return best
