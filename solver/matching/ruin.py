"""Ruin and recreate: take related loads out of the chains, put them back where they cost least, anneal.

The scheme is slack induction by string removals (Christiaens and Vanden Berghe, Transportation Science 54,
2020) with insertions looked for only beside a load's neighbours and in the trucks that serve it best alone.
A round that is not accepted is undone from a journal of the chains it touched.
"""

from typing import NamedTuple

import numpy as np

from solver.matching.fleet import Fleet, drive, insert, insertion_cost, loads_of, refresh, remove
from solver.matching.kernels import Dice, kernel, pick, throw
from solver.matching.network import FAR, Neighbours, Network
from solver.reading import IntArray

LONGEST_STRING = 6
TAKEN_OUT = 10  # loads taken out in a round, on average
BLINK = 0.01  # share of places for an insertion that are overlooked
IDLE_TRIED = 3  # idle trucks tried per load


class Work(NamedTuple):
    """What a search remembers: the best chains (as lists), the journal of a round, and the score.

    `score` is [cost now, best cost, rounds done]; `journal` holds the loads of touched trucks, `journal_end`
    where each truck's part ends; `pending` the loads to be put back, `rank` their order.
    """

    best_next: IntArray
    best_first: IntArray
    stamp: IntArray
    touched: IntArray
    journal: IntArray
    journal_end: IntArray
    pending: IntArray
    taken: IntArray
    score: IntArray


def work_for(net: Network, fleet: Fleet) -> Work:
    """Return the memory of a search that starts from `fleet`."""
    loads, trucks = len(net.origin), len(net.start)
    cost = int(fleet.cost.sum() + net.drop[fleet.truck < 0].sum())
    return Work(
        best_next=fleet.next.copy(),
        best_first=fleet.first.copy(),
        stamp=np.full(trucks, -1, dtype=np.int64),
        touched=np.zeros(trucks, dtype=np.int64),
        journal=np.zeros(loads, dtype=np.int64),
        journal_end=np.zeros(trucks + 1, dtype=np.int64),
        pending=np.zeros(loads, dtype=np.int64),
        taken=np.full(loads, -1, dtype=np.int64),
        score=np.array([cost, cost, 0]),
    )


def best_sequences(work: Work) -> list[tuple[int, IntArray]]:
    """Return (truck, loads in order) of every truck used in the best plan found."""
    chains = []
    for k in np.flatnonzero(work.best_first >= 0).tolist():
        loads, i = [], int(work.best_first[k])
        while i >= 0:
            loads.append(i)
            i = int(work.best_next[i])
        chains.append((k, np.array(loads, dtype=np.int64)))
    return chains


@kernel
def anneal(net: Network, near: Neighbours, fleet: Fleet, work: Work, state: Dice, heat: float, rounds: int) -> None:
    """Do some rounds of ruin and recreate at one temperature."""
    score = work.score
    for _ in range(rounds):
        score[2] += 1
        counts = np.zeros(2, np.int64)  # touched trucks, pending loads
        change = _ruin(net, near, fleet, work, state, counts)
        change += _recreate(net, near, fleet, work, state, counts)
        if change <= 0 or change < -heat * np.log(max(throw(state), 1e-12)):
            score[0] += change
            if score[0] < score[1]:
                score[1] = score[0]
                work.best_next[:] = fleet.next
                work.best_first[:] = fleet.first
        else:
            _undo(net, fleet, work, counts)


@kernel
def _touch(fleet: Fleet, work: Work, k: int, counts: IntArray) -> int:
    """Write truck k's chain into the journal once a round; return its cost if it was not yet there, else
    0."""
    if work.stamp[k] == work.score[2]:
        return 0
    work.stamp[k] = work.score[2]
    end = work.journal_end[counts[0]]
    i = fleet.first[k]
    while i >= 0:
        work.journal[end] = i
        end += 1
        i = fleet.next[i]
    work.touched[counts[0]] = k
    counts[0] += 1
    work.journal_end[counts[0]] = end
    return int(fleet.cost[k])


@kernel
def _undo(net: Network, fleet: Fleet, work: Work, counts: IntArray) -> None:
    for at in range(counts[1]):
        i = work.pending[at]
        fleet.truck[i], fleet.previous[i], fleet.next[i] = -1, -1, -1
    for at in range(counts[0]):
        part = work.journal[work.journal_end[at] : work.journal_end[at + 1]]
        drive(net, fleet, work.touched[at], part)


@kernel
def _await_place(work: Work, x: int, counts: IntArray) -> None:
    if work.taken[x] != work.score[2]:
        work.taken[x] = work.score[2]
        work.pending[counts[1]] = x
        counts[1] += 1


@kernel
def _ruin(net: Network, near: Neighbours, fleet: Fleet, work: Work, state: Dice, counts: IntArray) -> int:
    """Take strings of loads out of the chains around a random load; return minus the cost of what was
    touched."""
    seed = pick(state, len(net.origin))
    longest = 1 + pick(state, LONGEST_STRING)
    chains = 1 + pick(state, max(1, 4 * TAKEN_OUT // (longest + 1) - 1))
    gone = 0
    for at in range(-1, near.beside.shape[1]):
        x = seed if at < 0 else near.beside[seed, at]
        if x < 0 or work.taken[x] == work.score[2]:
            continue
        k = fleet.truck[x]
        if k < 0:
            gone += net.drop[x]
            _await_place(work, x, counts)
        elif work.stamp[k] != work.score[2] and chains > 0:
            chains -= 1
            gone += _touch(fleet, work, k, counts)
            _take_string(net, fleet, work, x, longest, state, counts)
    return int(-gone)


@kernel
def _take_string(net: Network, fleet: Fleet, work: Work, x: int, longest: int, state: Dice, counts: IntArray) -> None:
    """Take up to `longest` consecutive loads of x's chain out, x among them; all of it if the rest cannot be
    driven."""
    k = fleet.truck[x]
    length = 1 + pick(state, longest)
    i = x
    for _ in range(pick(state, length)):
        if fleet.previous[i] >= 0:
            i = fleet.previous[i]
    for _ in range(length):
        if i >= 0:
            after = fleet.next[i]
            remove(fleet, i)
            _await_place(work, i, counts)
            i = after
    refresh(net, fleet, k)
    i = fleet.first[k]
    if i >= 0 and fleet.early[i] > fleet.at_latest[i]:
        for i in loads_of(fleet, k):
            remove(fleet, i)
            _await_place(work, i, counts)
        refresh(net, fleet, k)


@kernel
def _recreate(net: Network, near: Neighbours, fleet: Fleet, work: Work, state: Dice, counts: IntArray) -> int:
    """Put the pending loads back one by one where they cost least; return the cost of all that was
    touched."""
    pending = work.pending[: counts[1]]
    pending[:] = pending[_order(net, pending, state)]
    place = np.empty(2, np.int64)
    left = 0
    for x in pending:
        cost = _cheapest_place(net, near, fleet, x, state, place)
        if cost < net.drop[x]:
            left -= _touch(fleet, work, place[0], counts)
            insert(net, fleet, x, place[0], place[1])
        else:
            left += net.drop[x]
    for at in range(counts[0]):
        left += fleet.cost[work.touched[at]]
    return int(left)


@kernel
def _order(net: Network, pending: IntArray, state: Dice) -> IntArray:
    """Return an order of the pending loads: random, dear first, early first, far first or tight windows
    first."""
    kind = pick(state, 5)
    keys = np.empty(len(pending), np.float64)
    for at in range(len(pending)):
        x = pending[at]
        keys[at] = throw(state)
        if kind == 1:
            keys[at] = -net.drop[x]
        elif kind == 2:
            keys[at] = net.earliest[x]
        elif kind == 3:
            keys[at] = -net.duration[x]
        elif kind == 4:
            keys[at] = net.last_start[x] - net.earliest[x]
    return np.argsort(keys)


@kernel
def _cheapest_place(net: Network, near: Neighbours, fleet: Fleet, x: int, state: Dice, place: IntArray) -> int:
    """Return the least cost at which load x fits beside its neighbours or into an idle truck; `place` says
    where."""
    best = FAR
    for neighbour in near.before[x]:
        if neighbour >= 0 and fleet.truck[neighbour] >= 0:
            best = _try(net, fleet, x, fleet.truck[neighbour], neighbour, state, place, best)
    for neighbour in near.after[x]:
        if neighbour >= 0 and fleet.truck[neighbour] >= 0:
            before = fleet.previous[neighbour]
            best = _try(net, fleet, x, fleet.truck[neighbour], before, state, place, best)
    idle = 0
    for k in near.alone[x]:
        if k >= 0 and idle < IDLE_TRIED and fleet.first[k] < 0:
            idle += 1
            best = _try(net, fleet, x, k, -1, state, place, best)
    return int(best)


@kernel
def _try(  # noqa: PLR0913, PLR0917 - a tuple of the nouns would be built anew for every place tried
    net: Network, fleet: Fleet, x: int, k: int, i: int, state: Dice, place: IntArray, best: int
) -> int:
    """Return the cost of load x in truck k after its load i if that beats `best`, and note the place; else
    `best`."""
    if throw(state) < BLINK:
        return best
    cost = insertion_cost(net, fleet, x, k, i)
    if cost >= best:
        return best
    place[0], place[1] = k, i
    return int(cost)
