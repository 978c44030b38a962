"""Which visits to decide anew together: those that a chain of moves could pass through that begins at one visit.

Such a chain goes from a visit to the full rows that keep it from cheaper starts, to who holds these rows, to what keeps
those from other starts, and so on. The visits that are reached first are taken.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots.model import Model, cost_of
from solver.slots.places import Places

STARTS: Final = 5  # cheaper starts of a visit, drawn at random, that are looked behind
HOLDERS: Final = 6  # of a full row, drawn at random, that are taken in

Flags = NDArray[np.bool_]


def around(model: Model, board: Places, visit: int, most: int, rng: np.random.Generator) -> IntArray:
    """Return up to `most` visits around `visit`, sorted; fewer when no more can be reached."""
    return np.sort(_around(model, board, visit, most, rng.integers(1 << 30, size=64 * most)))


@njit(cache=True, nogil=True)
def _around(m: Model, p: Places, visit: int, most: int, dice: IntArray) -> IntArray:
    found = np.empty(most, dtype=np.int64)
    taken = np.zeros(len(m.first), dtype=np.bool_)
    found[0] = visit
    taken[visit] = True
    count, at, throw = 1, 0, 0
    while at < count < most:
        v = found[at]
        at += 1
        now = cost_of(m, v, p.start[v]) + (m.unit if at > 1 else 0.0)  # who makes room may pay for it
        window = m.last[v] - m.first[v] + 1
        tried = 0
        for _ in range(3 * STARTS):
            if window <= 0 or tried == STARTS or count == most:
                break
            throw = (throw + 2) % len(dice)
            s = m.first[v] + dice[throw] % window
            if s != p.start[v] and cost_of(m, v, s) <= now + 3.0 * m.unit:
                tried += 1
                count = _at_gate(p, s, found, taken, count, dice[throw + 1 - len(dice)])
                count = _at_docks(m, p, v, s, (found, taken), count, dice[throw + 1 - len(dice)])
        if m.truck[v] >= 0:
            for i in range(m.truck_start[m.truck[v]], m.truck_start[m.truck[v] + 1]):
                count = _take(found, taken, count, m.truck_visits[i])
    return found[:count]


@njit(cache=True, nogil=True)
def _at_gate(p: Places, s: int, found: IntArray, taken: Flags, count: int, die: int) -> int:
    """Take in some who start in slot s if its gate is full; return how many are found."""
    if p.free[s] <= 0:
        for i in range(min(HOLDERS, p.starting[s])):
            count = _take(found, taken, count, p.starters[s, (die + i) % p.starting[s]])
    return count


@njit(cache=True, nogil=True)
def _at_docks(m: Model, p: Places, v: int, s: int, sets: tuple[IntArray, Flags], count: int, die: int) -> int:
    """Take in some whose docks keep v from slot s; return how many are found."""
    dock = m.horizon * (1 + m.group[v])
    full_from, full_to = -1, -1
    for t in range(s, s + m.duration[v]):
        if p.free[dock + t] <= 0:
            full_to = t
            full_from = t if full_from < 0 else full_from
    if full_from < 0:
        return count
    members = m.group_visits[m.group_start[m.group[v]] : m.group_start[m.group[v] + 1]]
    held = 0
    for i in range(len(members)):
        u = members[(i + die) % len(members)]
        if held < HOLDERS and 0 <= p.start[u] <= full_to and p.start[u] + m.duration[u] > full_from:
            held += 1
            count = _take(sets[0], sets[1], count, u)
    return count


@njit(cache=True, nogil=True)
def _take(found: IntArray, taken: Flags, count: int, v: int) -> int:
    if taken[v] or count == len(found):
        return count
    found[count] = v
    taken[v] = True
    return count + 1
