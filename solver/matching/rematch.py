"""Tails matched anew: all rows are cut at one minute, and what comes after goes where it costs least.

An assignment problem between what trucks have done by then and what they do afterwards, solved exactly (the shortest
augmenting paths of Jonker and Volgenant 1987, as scipy has them). Ruin and recreate changes a few rows at once; this
changes all of them, but only where they are cut.
"""

from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from solver.matching.kernels import kernel
from solver.matching.roster import LONGEST, FloatArray, Roster, Scene, assign, row_figures
from solver.reading import IntArray

MOST_TRUCKS: Final = 200  # cut at once
IDLE_TRUCKS: Final = 30  # among them without a row
NEVER: Final = 1e13  # more than any row costs, less than makes sums of it lose a unit


def rematch(on: Scene, roster: Roster, cut: int, rng: np.random.Generator) -> int:
    """Cut the rows at minute `cut` and match heads and tails anew; return what that saves, 0 if nothing is better."""
    busy, idle = np.flatnonzero(roster.length > 0), np.flatnonzero(roster.length == 0)
    if not len(busy):
        return 0
    busy = rng.permutation(busy)[: MOST_TRUCKS - IDLE_TRUCKS]
    trucks = np.concatenate([busy, rng.permutation(idle)[:IDLE_TRUCKS]])
    heads = heads_at(roster, trucks, cut)
    costs = _join_costs(on, roster, trucks, heads)
    _, tails = linear_sum_assignment(costs)
    before, after = np.trace(costs), costs[np.arange(len(trucks)), tails].sum()
    if after >= before:
        return 0
    old_row, old_length = roster.row[trucks], roster.length[trucks]
    _join(on, roster, trucks, heads, tails.astype(np.int64))
    if (roster.driven > on.most_km).any():
        _restore(on, roster, trucks, old_row, old_length)
        return 0
    return int(before - after)


@kernel
def heads_at(roster: Roster, trucks: IntArray, cut: int) -> IntArray:
    """Return how many loads of each row begin before the cut."""
    heads = np.zeros(len(trucks), np.int64)
    for n in range(len(trucks)):
        k = trucks[n]
        while heads[n] < roster.length[k] and roster.early[roster.row[k, heads[n]]] < cut:
            heads[n] += 1
    return heads


@kernel
def _join_costs(on: Scene, roster: Roster, trucks: IntArray, heads: IntArray) -> FloatArray:
    """Return what each truck's head costs with each truck's tail behind it, NEVER where that cannot be driven."""
    count = len(trucks)
    costs = np.full((count, count), NEVER, np.float64)
    row = np.zeros(2 * LONGEST, np.int64)
    for a in range(count):
        k, head = trucks[a], heads[a]
        row[:head] = roster.row[k, :head]
        bare = row_figures(on, k, row, head)[0]
        for b in range(count):
            tail = roster.length[trucks[b]] - heads[b]
            if tail == 0:
                costs[a, b] = min(bare, NEVER)
            elif head + tail <= LONGEST:
                row[head : head + tail] = roster.row[trucks[b], heads[b] : heads[b] + tail]
                costs[a, b] = min(row_figures(on, k, row, head + tail)[0], NEVER)
    return costs


@kernel
def _join(on: Scene, roster: Roster, trucks: IntArray, heads: IntArray, tails: IntArray) -> None:
    old = roster.row[trucks]
    length = roster.length[trucks]
    row = np.zeros(LONGEST, np.int64)
    for n in range(len(trucks)):
        assign(on, roster, trucks[n], row, 0)
    for n in range(len(trucks)):
        head, other = heads[n], tails[n]
        tail = length[other] - heads[other]
        row[:head] = old[n, :head]
        row[head : head + tail] = old[other, heads[other] : heads[other] + tail]
        assign(on, roster, trucks[n], row, head + tail)


@kernel
def _restore(on: Scene, roster: Roster, trucks: IntArray, rows: IntArray, lengths: IntArray) -> None:
    for n in range(len(trucks)):
        assign(on, roster, trucks[n], rows[n], 0)
    for n in range(len(trucks)):
        assign(on, roster, trucks[n], rows[n], lengths[n])
