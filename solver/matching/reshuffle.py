"""Ruin and recreate on a roster: some related loads leave their rows and go back where they cost least.

After slack induction by string removals (Christiaens and Vanden Berghe, Transportation Science 54, 2020); made for
rounds that last a fraction of a second and begin from the plan of the round before.
"""

from typing import NamedTuple

import numpy as np

from solver.matching.kernels import Dice, kernel, lean_kernel, pick, throw
from solver.matching.roster import FAR, LONGEST, FloatArray, Roster, Scene, added, assign, note
from solver.reading import IntArray

WIDTH = 16  # neighbours per load
ALONE = 64  # trucks per load
FREE_TRIED = 3  # trucks without loads tried per load
STRING = 6  # loads taken out of one row, at most
UNSERVED_TRIED = 2  # seeds drawn again in the hope of a load nobody has
CHOOSY = 0.9  # share of rounds that take rows only of trucks that could carry the seed
TAKEN_OUT = 20  # loads taken out in a round, on average
OVERLOOKED = 60  # of so many places one is overlooked, at most, so that the search does not always do the same


class Near(NamedTuple):
    """Per load, nearest first, -1 where there are fewer: loads `beside` it that could stand for it or next to it in a
    row, (N, 3 WIDTH), and trucks that serve it `alone`, (N, ALONE)."""

    beside: IntArray
    alone: IntArray


class Desk(NamedTuple):
    """What a reshuffle works with: loads taken out and still to be placed, rows as they were, what was touched.

    `keys` are what pending loads are ordered by; `tally` is [loads out, rows kept, round]; `score` is [cost now, best
    cost].
    """

    pending: IntArray
    kept: IntArray
    kept_row: IntArray
    kept_length: IntArray
    mark_truck: IntArray
    mark_load: IntArray
    trial: IntArray
    place: IntArray
    keys: FloatArray
    tally: IntArray
    score: IntArray


def desk(on: Scene, roster: Roster) -> Desk:
    """Return an empty desk for a roster."""
    loads, trucks = len(on.origin), len(on.start)
    total = int(roster.cost.sum() + on.drop[roster.truck < 0].sum())
    return Desk(
        pending=np.zeros(loads, dtype=np.int64),
        kept=np.zeros(trucks, dtype=np.int64),
        kept_row=np.zeros((trucks, LONGEST), dtype=np.int64),
        kept_length=np.zeros(trucks, dtype=np.int64),
        mark_truck=np.full(trucks, -1, dtype=np.int64),
        mark_load=np.full(loads, -1, dtype=np.int64),
        trial=np.zeros(LONGEST + 1, dtype=np.int64),
        place=np.zeros(2, dtype=np.int64),
        keys=np.zeros(loads),
        tally=np.zeros(3, dtype=np.int64),
        score=np.array([total, total]),
    )


def neighbours(on: Scene) -> Near:
    """Return each load's nearest neighbours on the board; time grows with loads times loads and trucks."""
    return Near(_beside(on), _alone(on))


@kernel
def _beside(on: Scene) -> IntArray:
    """Return for each load, in turn: loads it is like, loads to come after it, loads to come before it."""
    loads = len(on.origin)
    near, best = np.full((loads, 3, WIDTH), -1, np.int64), np.full((loads, 3, WIDTH), FAR, np.int64)
    for i in range(loads):
        for j in range(loads):
            if i == j or on.earliest[i] > on.last_start[i] or on.earliest[j] > on.last_start[j]:
                continue
            apart = on.km[on.origin[i], on.origin[j]] + on.km[on.destination[i], on.destination[j]]
            later = abs(on.earliest[i] - on.earliest[j]) + abs(on.last_start[i] - on.last_start[j])
            cost = on.price_km * apart + max(on.price_wait, 1) * later // 2
            if cost < best[i, 0, WIDTH - 1]:  # asked here as well: a call costs more than a look
                _keep_best(best[i, 0], near[i, 0], cost, j)
            leg = on.duration[i] + on.minutes[on.destination[i], on.origin[j]]
            if on.earliest[i] + leg <= on.last_start[j]:
                wait = max(0, on.earliest[j] - (on.earliest[i] + on.last_start[i]) // 2 - leg)
                cost = on.price_km * on.km[on.destination[i], on.origin[j]] + on.price_wait * wait
                if cost < best[i, 1, WIDTH - 1]:
                    _keep_best(best[i, 1], near[i, 1], cost, j)
                if cost < best[j, 2, WIDTH - 1]:
                    _keep_best(best[j, 2], near[j, 2], cost, i)
    mixed = np.full((loads, 3 * WIDTH), -1, np.int64)
    for n in range(3 * WIDTH):
        mixed[:, n] = near[:, n % 3, n // 3]
    return mixed


@kernel
def _alone(on: Scene) -> IntArray:
    """Return the trucks that serve each load alone, cheapest first."""
    loads, trucks = len(on.origin), len(on.start)
    near, best = np.full((loads, ALONE), -1, np.int64), np.full((loads, ALONE), FAR, np.int64)
    for i in range(loads):
        for k in range(trucks):
            if on.may[i, k] == 0:
                continue
            leg = on.minutes[on.start[k], on.origin[i]]
            early = max(on.earliest[i], max(on.free_from[k], on.leave_from[i]) + leg)
            back = early + on.duration[i] + on.minutes[on.destination[i], on.home[k]]
            if early <= on.last_start[i] and back <= on.home_by[k]:
                km = on.km[on.start[k], on.origin[i]] + on.km[on.destination[i], on.home[k]]
                wait = max(0, early - leg - on.calm[k])
                cost = on.fix[k] + on.price_km * km + on.price_wait * wait
                if cost < best[i, ALONE - 1]:
                    _keep_best(best[i], near[i], cost, k)
    return near


@lean_kernel
def _keep_best(costs: IntArray, names: IntArray, cost: int, name: int) -> None:
    """Insert into a list kept sorted by cost if it is among the best; ties keep the one there first."""
    at = len(costs) - 1
    if cost >= costs[at]:
        return
    while at > 0 and costs[at - 1] > cost:
        costs[at], names[at] = costs[at - 1], names[at - 1]
        at -= 1
    costs[at], names[at] = cost, name


@kernel
def fill(on: Scene, near: Near, roster: Roster, at: Desk, dice: Dice) -> None:
    """Put every load nobody has where it costs least, dearest first, if that is less than its price."""
    at.tally[0] = 0
    for i in range(len(on.origin)):
        if roster.truck[i] < 0:
            at.pending[at.tally[0]] = i
            at.tally[0] += 1
    order = np.argsort(-on.drop[at.pending[: at.tally[0]]])
    at.pending[: at.tally[0]] = at.pending[: at.tally[0]][order]
    at.tally[1] = 0
    at.tally[2] += 1
    _recreate(on, near, roster, at, dice, len(on.start))
    at.score[0] = _total(on, roster)
    at.score[1] = at.score[0]


@kernel
def reshuffle(on: Scene, near: Near, roster: Roster, at: Desk, dice: Dice, heat: float, rounds: int) -> Roster:
    """Do some rounds of ruin and recreate, cooling from `heat` (in cost) to a hundredth; return the best roster."""
    best_row, best_length = roster.row.copy(), roster.length.copy()
    stale = np.zeros(len(roster.length), np.bool_)  # rows that differ from the best ones
    for step in range(rounds if len(on.origin) else 0):
        warmth = heat * 0.01 ** (step / rounds)
        change = -_ruin(on, near, roster, at, dice)
        _shuffle(on, at, dice)
        change += _recreate(on, near, roster, at, dice, FREE_TRIED)
        is_taken = change <= 0 or change < -warmth * np.log(max(throw(dice), 1e-12))
        for n in range(at.tally[1]):
            group = on.group[at.kept[n]]
            is_taken = is_taken and roster.driven[group] <= on.most_km[group]
        if is_taken:
            at.score[0] += change
            for n in range(at.tally[1]):
                stale[at.kept[n]] = True
            if at.score[0] < at.score[1]:
                at.score[1] = at.score[0]
                changed = np.flatnonzero(stale)
                for n in range(len(changed)):
                    best_row[changed[n]], best_length[changed[n]] = roster.row[changed[n]], roster.length[changed[n]]
                    stale[changed[n]] = False
        else:
            _undo(on, roster, at)
    best = _idle(on, roster)
    for k in range(len(best_length)):
        assign(on, best, k, best_row[k], int(best_length[k]))
    return best


@kernel
def _idle(on: Scene, like: Roster) -> Roster:
    nobody, nothing = np.full(len(on.origin), -1, np.int64), np.zeros(len(on.start), np.int64)
    return Roster(
        np.full_like(like.row, -1),
        nothing.copy(),
        nothing.copy(),
        nothing.copy(),
        nothing,
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody,
        np.zeros_like(on.most_km),
    )


@lean_kernel
def _total(on: Scene, roster: Roster) -> int:
    total = roster.cost.sum()
    for i in range(len(on.origin)):
        if roster.truck[i] < 0:
            total += on.drop[i]
    return int(total)


@lean_kernel
def _keep(roster: Roster, at: Desk, k: int) -> int:
    """Note truck k's row as it is, once a round; return its cost the first time, else 0."""
    if at.mark_truck[k] == at.tally[2]:
        return 0
    at.mark_truck[k] = at.tally[2]
    at.kept[at.tally[1]] = k
    for rank in range(roster.length[k]):
        at.kept_row[at.tally[1], rank] = roster.row[k, rank]
    at.kept_length[at.tally[1]] = roster.length[k]
    at.tally[1] += 1
    return int(roster.cost[k])


@lean_kernel
def _ruin(on: Scene, near: Near, roster: Roster, at: Desk, dice: Dice) -> int:
    """Take strings of loads out of the rows around a random load; return what those rows and the loads left cost."""
    at.tally[0], at.tally[1] = 0, 0
    at.tally[2] += 1
    seed = pick(dice, len(on.origin))
    for _ in range(UNSERVED_TRIED):
        other = pick(dice, len(on.origin))
        if roster.truck[other] < 0 and on.earliest[other] <= on.last_start[other]:
            seed = other
    longest = 1 + pick(dice, STRING)
    rows = 1 + pick(dice, max(1, 4 * TAKEN_OUT // (longest + 1) - 1))
    is_choosy = throw(dice) < CHOOSY
    gone = _take(on, roster, at, seed, longest, dice)
    for x in near.beside[seed]:
        if x < 0 or at.tally[1] >= rows or at.mark_load[x] == at.tally[2]:
            continue
        if not is_choosy or roster.truck[x] < 0 or on.may[seed, roster.truck[x]]:
            gone += _take(on, roster, at, x, longest, dice)
    if rows > at.tally[1]:  # rows that may serve the seed instead of its own
        for k in near.alone[seed]:
            if k >= 0 and at.tally[1] < rows and roster.length[k] and at.mark_truck[k] != at.tally[2]:
                gone += _take(on, roster, at, roster.row[k, 0], longest, dice)
    return gone


@lean_kernel
def _take(on: Scene, roster: Roster, at: Desk, x: int, longest: int, dice: Dice) -> int:
    """Take load x out, with some of its neighbours in its row; return what the row or the load cost so far."""
    k = roster.truck[x]
    if k < 0:
        _await_place(at, x)
        return int(on.drop[x])
    if at.mark_truck[k] == at.tally[2]:
        return 0
    cost = _keep(roster, at, k)
    length = 1 + pick(dice, min(longest, roster.length[k]))
    first = roster.rank[x] - pick(dice, length)
    first = max(0, min(first, roster.length[k] - length))
    left = 0
    for rank in range(roster.length[k]):
        i = roster.row[k, rank]
        if first <= rank < first + length:
            _await_place(at, i)
        else:
            at.trial[left] = i
            left += 1
    assign(on, roster, k, at.trial, left)
    if roster.cost[k] >= FAR:  # the direct way may be longer than the detour
        for rank in range(left):
            _await_place(at, at.trial[rank])
        assign(on, roster, k, at.trial, 0)
    return cost


@lean_kernel
def _await_place(at: Desk, x: int) -> None:
    at.mark_load[x] = at.tally[2]
    at.pending[at.tally[0]] = x
    at.tally[0] += 1


@lean_kernel
def _shuffle(on: Scene, at: Desk, dice: Dice) -> None:
    """Order the pending loads: random, dear first, early first, long first or tight windows first."""
    kind = pick(dice, 5)
    for n in range(at.tally[0]):
        x = at.pending[n]
        key = throw(dice)
        if kind == 1:
            key = -np.float64(on.drop[x])
        elif kind == 2:
            key = np.float64(on.earliest[x])
        elif kind == 3:
            key = -np.float64(on.duration[x])
        elif kind == 4:
            key = np.float64(on.last_start[x] - on.earliest[x])
        spot = n
        while spot > 0 and at.keys[spot - 1] > key:
            at.keys[spot], at.pending[spot] = at.keys[spot - 1], at.pending[spot - 1]
            spot -= 1
        at.keys[spot], at.pending[spot] = key, x


@lean_kernel
def _recreate(on: Scene, near: Near, roster: Roster, at: Desk, dice: Dice, tried: int) -> int:
    """Put the pending loads back one by one where they cost least; return what they and the rows touched cost.

    So many trucks without loads are tried for each: those that serve it best alone, then any.
    """
    place = at.place
    cost = 0
    for n in range(at.tally[0]):
        x = at.pending[n]
        least = _cheapest_place(on, near, roster, x, dice, place)
        if tried > FREE_TRIED and least >= on.drop[x]:
            for k in range(tried):
                least = _try_alone(on, roster, x, k, place, least)
        if least < on.drop[x]:
            k, rank = place[0], place[1]
            cost -= _keep(roster, at, k)
            for later in range(roster.length[k], rank, -1):
                roster.row[k, later] = roster.row[k, later - 1]
                roster.rank[roster.row[k, later]] = later
            roster.row[k, rank] = x
            roster.truck[x], roster.rank[x] = k, rank
            roster.length[k] += 1
            note(on, roster, k)
        else:
            cost += on.drop[x]
    for n in range(at.tally[1]):
        cost += roster.cost[at.kept[n]]
    return int(cost)


@lean_kernel
def _undo(on: Scene, roster: Roster, at: Desk) -> None:
    for n in range(at.tally[1]):
        assign(on, roster, at.kept[n], at.trial, 0)
    for n in range(at.tally[1]):
        assign(on, roster, at.kept[n], at.kept_row[n], at.kept_length[n])


@lean_kernel
def _cheapest_place(on: Scene, near: Near, roster: Roster, x: int, dice: Dice, place: IntArray) -> int:
    """Return the least that load x adds to any row, or on a truck without loads; `place` is (truck, rank).

    A place is tried only if its kilometres, less all the waiting they may do away with, could make it the best.
    """
    best, free = FAR, 0
    for k in near.alone[x]:
        if k >= 0 and free < FREE_TRIED and roster.length[k] == 0:
            free += 1
            best = _try_alone(on, roster, x, k, place, best)
    overlooked = pick(dice, OVERLOOKED)
    to_origin, from_destination = on.km_to[on.origin[x]], on.km[on.destination[x]]
    for i in range(len(on.origin)):
        k = roster.truck[i]
        if k < 0 or on.may[x, k] == 0 or roster.length[k] >= LONGEST or (i + overlooked) % OVERLOOKED == 0:
            continue
        most = best + on.price_wait * roster.wait[k]
        km = to_origin[on.destination[i]] + from_destination[roster.to[i]] - roster.onward[i]
        if on.price_km * km < most:
            best = _try(on, roster, x, k, roster.rank[i] + 1, km, place, best)
        if roster.rank[i] == 0:
            start, origin = on.start[k], on.origin[i]
            km = to_origin[start] + from_destination[origin] - on.km[start, origin]
            if on.price_km * km < most:
                best = _try(on, roster, x, k, 0, km, place, best)
    return int(best)


@lean_kernel
def _try(  # noqa: PLR0913, PLR0917 - a tuple of the nouns would be built anew for every place tried
    on: Scene, roster: Roster, x: int, k: int, rank: int, km: int, place: IntArray, best: int
) -> int:
    """Return what load x adds at that rank of truck k's row if it beats `best`, and note the place; else `best`."""
    cost = added(on, roster, x, k, rank, km)
    if cost >= best or roster.driven[on.group[k]] + km > on.most_km[on.group[k]]:
        return best
    place[0], place[1] = k, rank
    return cost


@lean_kernel
def _try_alone(on: Scene, roster: Roster, x: int, k: int, place: IntArray, best: int) -> int:
    """Return what load x costs alone on truck k, if that has no loads and beats `best`, and note the place."""
    if roster.length[k] or on.may[x, k] == 0:
        return best
    km = on.km[on.start[k], on.origin[x]] + on.km[on.destination[x], on.home[k]]
    return _try(on, roster, x, k, 0, km, place, best)
