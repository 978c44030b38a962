"""A few visits decided anew, exactly, all others staying where they are, with or without one unit more of something.

Which visits: a ball around the full rows that are asked about. Who wants such a row or could leave it is in; so are,
in turn, those who want what these hold, and those who hold what keeps these from a better start, until enough are in.
So a chain of moves that the unit sets off is inside if it is short. When the ball takes in every visit that can move,
the answer is the optimum of the whole day.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from solver.reading import IntArray
from solver.slots import blocking, check, resources
from solver.slots.blocking import Columns
from solver.slots.board import Board
from solver.slots.instance import SlotInstance
from solver.slots.resources import Entries

PER_ROW: Final = 8  # visits taken in for wanting a row, and as many for holding it
STARTS: Final = 4  # better starts of a visit whose full rows are looked behind
_WISH: Final = 0.4  # of a cost unit at most: the favoured visit breaks ties, and ties only
_TOLERANCE: Final = 1e-7  # of the search, relative; what rounding a bound up to whole units must keep clear of

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Favour:
    """A visit for which ties are broken: of equally cheap plans it is where it is nearest to its wish.

    With `below` it must start where it costs less than that by itself.
    """

    visit: int
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A plan for the whole day after some visits were decided anew: `start` (V,), its `cost`, and a bound.

    No choice for those visits costs less than `bound`.
    """

    start: IntArray
    cost: int
    bound: int

    @property
    def proven(self) -> bool:
        """Answer whether no choice for these visits is cheaper."""
        return self.cost == self.bound


def around(board: Board, rows: Sequence[int], visits: Sequence[int], *, most: int) -> IntArray:
    """Return at most `most` visits that are not frozen, near to `rows` and `visits`; all if they are no more."""
    loose = np.flatnonzero(board.instance.frozen == 0)
    if len(loose) <= most:
        return loose
    chosen = dict.fromkeys(v for v in visits if not board.instance.frozen[v])
    seen = set(rows)
    queue = deque(rows)
    for v in chosen:
        _look_behind(board, v, seen, queue)
    while queue and len(chosen) < most:
        row = queue.popleft()
        for v in (*board.claimants.of(row, PER_ROW), *board.holders.of(row, PER_ROW)):
            if v not in chosen and len(chosen) < most:
                chosen[v] = None
                _look_behind(board, v, seen, queue)
    return np.array(sorted(chosen), dtype=np.int64)


def _look_behind(board: Board, v: int, seen: set[int], queue: deque[int]) -> None:
    """Put the full rows that a visit holds, and those that keep it from its best starts, at the queue's end."""
    wanted = board.better.of(v)[:STARTS]
    rows = [row for row in board.held(v).tolist() if board.is_full(row)]
    for i in wanted:
        rows += board.better.rows_of(i)
    for row in rows:
        if row not in seen:
            seen.add(row)
            queue.append(row)


def resolve(
    board: Board, visits: IntArray, *, seconds: float, limit: IntArray | None = None, favour: Favour | None = None
) -> Resolved:
    """Return the cheapest plan in which only `visits` (sorted, not frozen) may change, as far as `seconds` go.

    `limit` (R,) is what the rows admit, those of the board when left out. The board's plan is the answer when nothing
    as cheap is found.
    """
    instance = board.instance
    fixed = board.start.copy()
    fixed[visits] = -1
    free = (board.limit if limit is None else limit) - resources.used(instance, board.rows, fixed)
    offered, found = _open(board, _for_favour(blocking.columns(instance, visits), favour), free)
    unfair = _unfairness(instance, fixed, offered)
    known = check.cost(instance, fixed) - unfair.counted
    must = favour.visit if favour is not None and favour.below is not None else -1
    taken, least = _search(offered, found, free, unfair, _value(instance, offered, favour), must, seconds)
    start, cost = board.start, board.cost
    if taken is not None:
        fixed[offered.visit[taken]] = offered.start[taken]
        if (cost_found := check.cost(instance, fixed)) <= cost:
            start, cost = fixed, cost_found
    return Resolved(start, cost, min(cost, _whole(least, known)))


def _open(board: Board, offered: Columns, free: IntArray) -> tuple[Columns, Entries]:
    """Return the starts for which all rows have room, and what they use."""
    found = resources.entries(board.instance, board.rows, offered.visit, offered.start)
    open_ = np.ones(len(offered.visit), dtype=np.bool_)
    open_[found.position[free[found.row] <= 0]] = False
    number = np.cumsum(open_) - 1
    kept = open_[found.position]
    return (
        Columns(offered.visit[open_], offered.start[open_], offered.cost[open_]),
        Entries(found.row[kept], number[found.position[kept]]),
    )


def _for_favour(offered: Columns, favour: Favour | None) -> Columns:
    """Return the starts without those that the favoured visit must not have."""
    if favour is None or favour.below is None:
        return offered
    keep = (offered.visit != favour.visit) | (offered.cost < favour.below)
    return Columns(offered.visit[keep], offered.start[keep], offered.cost[keep])


def _value(instance: SlotInstance, offered: Columns, favour: Favour | None) -> FloatArray:
    """Return what each start costs against leaving its visit out, (n,); a little less for the favoured one's."""
    out = blocking.own_cost(instance, offered.visit, np.full(len(offered.visit), -1))
    near = 1 - np.abs(offered.start - instance.wish[offered.visit]) / instance.horizon
    value: FloatArray = offered.cost - out - _WISH * near * (offered.visit == (-1 if favour is None else favour.visit))
    return value


@dataclass(frozen=True, slots=True)
class _Unfairness:
    """F4 of the carriers whose visits are decided: sum of `moved` over starts at `position` <= `room` + what is paid.

    `owner`, `position`, `moved` (n,) one entry per start; `room` (k,), below 0 where the rest is too much already;
    `price` per slot; `counted` is F4 of these carriers while all the visits are left out.
    """

    owner: IntArray
    position: IntArray
    moved: IntArray
    room: IntArray
    price: int
    counted: int


def _unfairness(instance: SlotInstance, fixed: IntArray, offered: Columns) -> _Unfairness:
    carrier = instance.carrier[offered.visit]
    position = np.flatnonzero(carrier >= 0) if instance.fairness else np.zeros(0, dtype=np.int64)
    carriers, owner = np.unique(carrier[position], return_inverse=True)
    unplaced = check.slots_moved(instance, fixed)
    rest = np.zeros(len(instance.quota), dtype=np.int64)
    theirs = instance.carrier >= 0
    np.add.at(rest, instance.carrier[theirs], unplaced[theirs] - instance.fair_slots)
    visit, start = offered.visit[position], offered.start[position]
    return _Unfairness(
        owner=owner,
        position=position,
        moved=np.abs(start - instance.wish[visit]) - unplaced[visit],
        room=-rest[carriers],
        price=instance.fairness,
        counted=int(np.maximum(0, rest[carriers]).sum()) * instance.fairness,
    )


def _search(
    offered: Columns,
    found: Entries,
    free: IntArray,
    unfair: _Unfairness,
    value: FloatArray,
    must: int,
    seconds: float,
) -> tuple[NDArray[np.bool_] | None, float]:
    """Return which starts are best taken (n,), None if none is known, and what their value cannot be below.

    The program has a 0/1 variable per start and, per carrier, what its visits are moved beyond their share. Visit
    `must`, if it is not -1, has to start.
    """
    if not len(offered.visit):
        return np.zeros(0, dtype=np.bool_), float(unfair.counted)
    visits, owner = np.unique(offered.visit, return_inverse=True)
    distinct, row = np.unique(found.row, return_inverse=True)
    pairs = np.unique(row * max(1, len(visits)) + owner[found.position])
    scarce = np.bincount(pairs // max(1, len(visits)), minlength=len(distinct)) > free[distinct]
    number = len(visits) + np.cumsum(scarce) - 1
    kept = scarce[row]
    n, k = len(offered.visit), len(unfair.room)
    fair_row = len(visits) + int(scarce.sum())
    at_row = np.concatenate([owner, number[row[kept]], fair_row + unfair.owner, fair_row + np.arange(k)])
    at_column = np.concatenate([np.arange(n), found.position[kept], unfair.position, n + np.arange(k)])
    entry = np.concatenate([np.ones(n + int(kept.sum())), unfair.moved, -np.ones(k)])
    upper = np.concatenate([np.ones(len(visits)), free[distinct[scarce]], unfair.room])
    lower = np.where(np.arange(len(upper)) < len(visits), 0.0, -np.inf)
    lower[: len(visits)][visits == must] = 1.0
    rows = csr_array((entry, (at_row, at_column)), (len(upper), n + k))
    result = milp(
        np.concatenate([value, np.full(k, float(unfair.price))]),
        integrality=np.concatenate([np.ones(n), np.zeros(k)]),
        bounds=Bounds(0, np.concatenate([np.ones(n), np.full(k, np.inf)])),
        constraints=LinearConstraint(rows, lower, upper),
        options={"time_limit": max(0.01, seconds), "mip_rel_gap": 0.0},
    )
    least = -np.inf if result.mip_dual_bound is None else float(result.mip_dual_bound)
    return (None if result.x is None else result.x[:n] > 0.5), least


def _whole(least: float, known: int) -> int:
    """Return a bound on whole costs from the search's, which leaves out `known` and breaks ties below a unit."""
    return max(0, known + int(np.ceil(least - _TOLERANCE * max(1.0, abs(least))))) if np.isfinite(least) else 0
