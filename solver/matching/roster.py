"""The chains of a matching round, short rows of loads, and what one truck's row costs on the board.

A row is walked whole whenever it is judged: rows are two to eight loads, and a walk costs no more than keeping times.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.board import Board
from solver.matching.kernels import kernel, lean_kernel
from solver.reading import IntArray

LONGEST: Final = 24  # loads in a row
FAR: Final = 2**60  # more than any cost of a row; two of them still fit in 64 bits

ByteArray = NDArray[np.uint8]
FloatArray = NDArray[np.float64]


class Scene(NamedTuple):
    """A board for compiled code, int64.

    `last_start` is the latest start that also delivers in time; `leave_from` the first minute to leave for a load;
    `calm` is the minute from which a truck stands (FAR before its first load of the day); `fix` is what a first load
    adds to a truck besides its legs: the price of the truck, or less the way it would drive anyway. `may` (N, K);
    `expected` (N,) are loads nobody knows yet.
    `group` (K,) and `most_km` limit empty kilometres. `km_to` is `km` with row to, column from.
    """

    minutes: IntArray
    km: IntArray
    km_to: IntArray
    origin: IntArray
    destination: IntArray
    earliest: IntArray
    last_start: IntArray
    duration: IntArray
    leave_from: IntArray
    drop: IntArray
    start: IntArray
    home: IntArray
    free_from: IntArray
    home_by: IntArray
    calm: IntArray
    fix: IntArray
    may: ByteArray
    expected: ByteArray
    group: IntArray
    most_km: IntArray
    price_km: int
    price_wait: int


class Roster(NamedTuple):
    """Who drives what.

    Per truck its `row` (K, LONGEST), `length`, `cost`, minutes of `wait` and empty `km`. Per load its `truck`, its
    `rank` in the row (-1 none), and while it has a truck:

    - `early` and `late`, the bounds of its start; `calm`, the latest start that the loads up to it ask for: what it
      begins later has been waited for
    - the place the truck goes `to` afterwards, the minute it must be there `by` and the kilometres `onward` to there
    - of the last load's start: the minutes of `work` from its own start to there, the earliest that its window and
      those behind it `push` it to, the latest to which they `cap` what is calm

    Per group the empty kilometres `driven`.
    """

    row: IntArray
    length: IntArray
    cost: IntArray
    wait: IntArray
    km: IntArray
    truck: IntArray
    rank: IntArray
    early: IntArray
    late: IntArray
    calm: IntArray
    to: IntArray
    by: IntArray
    onward: IntArray
    work: IntArray
    push: IntArray
    cap: IntArray
    driven: IntArray


def scene(on: Board) -> Scene:
    """Return the arrays of a board."""
    instance = on.instance
    loads, trucks, costs = instance.loads, instance.trucks, instance.costs
    duration = loads.load_minutes + instance.minutes[loads.origin, loads.destination] + loads.unload_minutes
    anyway = -costs.per_empty_km * instance.km[trucks.start, trucks.home]
    may = instance.can.T.astype(np.uint8)[np.ix_(loads.kind, trucks.kind)]
    may[on.forbidden[:, 1], on.forbidden[:, 0]] = 0
    may[np.ix_(~on.expected_loads, on.expected_trucks)] = 0  # what is known does not wait for what may never come
    return Scene(
        minutes=instance.minutes,
        km=instance.km,
        km_to=np.ascontiguousarray(instance.km.T),
        origin=loads.origin,
        destination=loads.destination,
        earliest=loads.earliest,
        last_start=np.minimum(loads.latest, loads.due - duration),
        duration=duration,
        leave_from=on.leave_from,
        drop=loads.drop,
        start=trucks.start,
        home=trucks.home,
        free_from=trucks.free_from,
        home_by=trucks.home_by,
        calm=np.where(on.out, on.since, FAR),
        fix=np.where(on.out, anyway, costs.per_truck),
        may=may,
        expected=on.expected_loads.astype(np.uint8),
        group=on.groups,
        most_km=on.most_km,
        price_km=costs.per_empty_km,
        price_wait=costs.per_wait_minute,
    )


def idle_roster(on: Scene) -> Roster:
    """Return a roster in which nobody drives."""
    loads, trucks = len(on.origin), len(on.start)
    per_truck = [np.zeros(trucks, dtype=np.int64) for _ in range(4)]
    per_load = [np.full(loads, -1, dtype=np.int64) for _ in range(11)]
    driven = np.zeros(len(on.most_km), dtype=np.int64)
    return Roster._make([np.full((trucks, LONGEST), -1, dtype=np.int64), *per_truck, *per_load, driven])


@lean_kernel
def row_cost(on: Scene, k: int, row: IntArray, length: int) -> int:
    """Return what truck k adds to its cost by driving the first `length` loads of a row; FAR when it cannot."""
    return row_figures(on, k, row, length)[0]


@lean_kernel
def row_figures(on: Scene, k: int, row: IntArray, length: int) -> tuple[int, int, int]:
    """Return what the row costs, FAR when the truck cannot drive it, the minutes it waits and the kilometres empty."""
    if length == 0:
        return 0, 0, 0
    at, now, calm, km, wait = on.start[k], on.free_from[k], on.calm[k], 0, 0
    hopes = np.uint8(0)  # what is known does not stand behind what may never come
    for rank in range(length):
        i = row[rank]
        leg = on.minutes[at, on.origin[i]]
        now = max(on.earliest[i], max(now, on.leave_from[i]) + leg)
        if now > on.last_start[i] or on.may[i, k] == 0 or on.expected[i] < hopes:
            return FAR, 0, 0
        hopes = on.expected[i]
        calm = min(on.last_start[i], calm + leg)
        wait = max(0, now - calm)
        km += on.km[at, on.origin[i]]
        at, now, calm = on.destination[i], now + on.duration[i], calm + on.duration[i]
    if now + on.minutes[at, on.home[k]] > on.home_by[k]:
        return FAR, 0, 0
    km += on.km[at, on.home[k]]
    return int(on.fix[k] + on.price_km * km + on.price_wait * wait), int(wait), int(km)


@kernel
def row_starts(on: Scene, k: int, row: IntArray) -> IntArray:
    """Return the starts of a row's loads with the least waiting: the last as early as it can be, the others late."""
    starts = np.empty(len(row), np.int64)
    at, now = on.start[k], on.free_from[k]
    for rank in range(len(row)):
        i = row[rank]
        now = max(on.earliest[i], max(now, on.leave_from[i]) + on.minutes[at, on.origin[i]])
        starts[rank] = now
        at, now = on.destination[i], now + on.duration[i]
    for rank in range(len(row) - 2, -1, -1):
        i, j = row[rank], row[rank + 1]
        leg = on.duration[i] + on.minutes[on.destination[i], on.origin[j]]
        starts[rank] = min(on.last_start[i], starts[rank + 1] - leg)
    return starts


@kernel
def latest_starts(on: Scene, k: int, row: IntArray) -> IntArray:
    """Return the latest starts of a row's loads at which all windows and the end of the shift still hold."""
    starts = np.empty(len(row), np.int64)
    to, by = on.home[k], on.home_by[k]
    for rank in range(len(row) - 1, -1, -1):
        i = row[rank]
        starts[rank] = min(on.last_start[i], by - on.minutes[on.destination[i], to] - on.duration[i])
        to, by = on.origin[i], starts[rank]
    return starts


@lean_kernel
def assign(on: Scene, roster: Roster, k: int, row: IntArray, length: int) -> None:
    """Give truck k these loads, which nobody else has, instead of those it has; those it had and lost are nobody's.

    Its cost is FAR when it cannot drive them.
    """
    for rank in range(roster.length[k]):
        i = roster.row[k, rank]
        roster.truck[i], roster.rank[i] = -1, -1
    for rank in range(length):
        i = row[rank]
        roster.row[k, rank] = i
        roster.truck[i], roster.rank[i] = k, rank
    roster.length[k] = length
    note(on, roster, k)


@lean_kernel
def note(on: Scene, roster: Roster, k: int) -> None:
    """Write down what truck k's row costs, the bounds of its starts, and where it goes after each load."""
    length = roster.length[k]
    at, now, calm, km, is_lawful = on.start[k], on.free_from[k], on.calm[k], 0, True
    hopes = np.uint8(0)
    for rank in range(length):
        i = roster.row[k, rank]
        leg = on.minutes[at, on.origin[i]]
        now = max(on.earliest[i], max(now, on.leave_from[i]) + leg)
        calm = min(on.last_start[i], calm + leg)
        km += on.km[at, on.origin[i]]
        is_lawful = is_lawful and now <= on.last_start[i] and on.may[i, k] != 0 and on.expected[i] >= hopes
        hopes = on.expected[i]
        roster.early[i], roster.calm[i] = now, calm
        at, now, calm = on.destination[i], now + on.duration[i], calm + on.duration[i]
    roster.driven[on.group[k]] -= roster.km[k]
    roster.cost[k], roster.wait[k], roster.km[k] = 0, 0, 0
    if length == 0:
        return
    if is_lawful and now + on.minutes[at, on.home[k]] <= on.home_by[k]:
        roster.wait[k] = max(0, now - calm)
        roster.km[k] = km + on.km[at, on.home[k]]
        roster.cost[k] = on.fix[k] + on.price_km * roster.km[k] + on.price_wait * roster.wait[k]
    else:
        roster.cost[k] = FAR
    roster.driven[on.group[k]] += roster.km[k]
    _note_what_follows(on, roster, k)


@lean_kernel
def _note_what_follows(on: Scene, roster: Roster, k: int) -> None:
    to, by, j = on.home[k], on.home_by[k], -1
    for rank in range(roster.length[k] - 1, -1, -1):
        i = roster.row[k, rank]
        leg = on.minutes[on.destination[i], to]
        roster.to[i], roster.by[i], roster.onward[i] = to, by, on.km[on.destination[i], to]
        roster.late[i] = min(on.last_start[i], by - leg - on.duration[i])
        roster.work[i], roster.push[i], roster.cap[i] = 0, on.earliest[i], on.last_start[i]
        if j >= 0:
            work = on.duration[i] + leg + roster.work[j]
            roster.work[i] = work
            pushed = max(roster.push[j], on.leave_from[j] + leg + roster.work[j])
            roster.push[i] = max(pushed, on.earliest[i] + work)
            roster.cap[i] = min(roster.cap[j], on.last_start[i] + work)
        to, by, j = on.origin[i], roster.late[i], i


@lean_kernel
def added(on: Scene, roster: Roster, x: int, k: int, rank: int, km: int) -> int:
    """Return what load x adds at that rank of truck k's row, `km` kilometres more; FAR where times cannot hold."""
    at, now, calm, hopes = on.start[k], on.free_from[k], on.calm[k], np.uint8(0)
    if rank > 0:
        i = roster.row[k, rank - 1]
        at, now, calm = on.destination[i], roster.early[i] + on.duration[i], roster.calm[i] + on.duration[i]
        hopes = on.expected[i]
    leg = on.minutes[at, on.origin[x]]
    begin = max(on.earliest[x], max(now, on.leave_from[x]) + leg)
    if begin > on.last_start[x] or on.expected[x] < hopes:
        return FAR
    calm, end = min(on.last_start[x], calm + leg), begin + on.duration[x]
    if rank == roster.length[k]:
        if end + on.minutes[on.destination[x], on.home[k]] > on.home_by[k]:
            return FAR
        wait = max(0, begin - calm)
    else:
        j = roster.row[k, rank]
        leg = on.minutes[on.destination[x], on.origin[j]]
        start = max(end, on.leave_from[j]) + leg
        if start > roster.late[j] or on.expected[j] < on.expected[x]:
            return FAR
        calm += on.duration[x] + leg
        wait = max(0, max(start + roster.work[j], roster.push[j]) - min(calm + roster.work[j], roster.cap[j]))
    fix = on.fix[k] if roster.length[k] == 0 else 0
    return int(fix + on.price_km * km + on.price_wait * (wait - roster.wait[k]))
