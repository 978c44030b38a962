"""One request answered at once, from what is free now and the prices of scarce slots (formulation.md, "Online").

No solver runs here: one compiled pass over the starts of a day tells which row forbids each, another which open one is
best. Prices only steer among open starts; a request is never refused while its window holds one.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray

FloatArray = NDArray[np.float64]
OFFERED: Final = 3  # alternatives, where the caller does not say how many


class Row(StrEnum):
    """The kind of row that forbids a start; the value is its label in formulation.md."""

    DAY = "S1"  # the visit would end after the horizon, or begin before it
    DOCKS = "S2"
    GATE = "S3"
    CARRIER = "S4"
    TRUCK = "S5"


ORDER: Final = (Row.DAY, Row.DOCKS, Row.GATE, Row.CARRIER, Row.TRUCK)  # the first that binds is the one named
OPEN: Final = -1
_NONE: Final = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a start: a row, of which dock group or carrier (-1 otherwise), in which slot."""

    row: Row
    index: int
    slot: int


@dataclass(frozen=True, slots=True)
class Request:
    """A visit that is asked for now; signs as in formulation.md. The wish may lie outside the horizon.

    `busy` are the slots, rising, in which the truck is held by its other visits, their turn included; they may lie
    beyond the horizon.
    """

    dock_group: int
    duration: int
    wish: int
    earliest: int
    latest: int
    weight: int = 1
    carrier: int = -1
    busy: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Free:
    """What is left now: `docks` (G, T), `gate` (T,), `quota` (C, T), -1 where the carrier has none.

    The arrays are looked at, never kept: whoever books may change them in place.
    """

    docks: IntArray
    gate: IntArray
    quota: IntArray


@dataclass(frozen=True, slots=True)
class BidPrices:
    """What a place is worth to the requests still to come, in cost units: `docks` (G, T) for a dock in a slot,
    `gate` (T,) for an admission, `quota` (C, T) for one of the carrier's starts. Never negative.
    """

    docks: FloatArray
    gate: FloatArray
    quota: FloatArray


class Starts(NamedTuple):
    """What forbids each start of a day: the place in `ORDER` of a row, OPEN where none does; and in which slot."""

    rows: IntArray
    at: IntArray


class Terms(NamedTuple):
    """What holds for every request: prices of a slot too early and too late, of a drop, and the turn, in slots."""

    early: int
    late: int
    drop: int
    turn: int


@dataclass(frozen=True, slots=True)
class Given:
    """The start to give: its F1, and what the prices add to that."""

    slot: int
    cost: int
    price: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """An open start outside the window, and what stands in the way of the start one slot nearer to the wish."""

    slot: int
    cost: int
    nearer: Obstacle | None  # None: nearer is open but too early or too late for the window's own ends


@dataclass(frozen=True, slots=True)
class Refused:
    """No start of the window is open: what stands in the way of its best one, and the nearest open starts."""

    obstacle: Obstacle
    alternatives: tuple[Alternative, ...]


def answer(
    request: Request, free: Free, prices: BidPrices | None, terms: Terms, offered: int = OFFERED
) -> Given | Refused:
    """Return the best start of the window by F1 and prices, the earlier of equals; or why there is none, and the
    `offered` nearest open starts of the day by F1, the earlier of equals.
    """
    given = best_start(request, free, prices, terms)
    if given is not None:
        return given
    obstacle = find_obstacle(request, free, terms, _nearest_in_window(request, terms))
    assert obstacle is not None  # no start of the window is open
    return Refused(obstacle, tuple(_alternatives(request, free, terms, offered)))


def load() -> None:
    """Load what is compiled, or compile it, so that no request waits for it."""
    free = Free(np.ones((1, 2), dtype=np.int64), np.ones(2, dtype=np.int64), np.ones((1, 2), dtype=np.int64))
    for carrier in (-1, 0):
        request, terms = Request(0, 1, 0, 0, 1, carrier=carrier), Terms(1, 1, 9, 1)
        answer(request, free, None, terms)
        nearest_open(starts_of(request, free, terms), request, terms, range(2), 1)


def starts_of(request: Request, free: Free, terms: Terms) -> Starts:
    """Return what forbids each start of the day; they are (T,)."""
    quota = free.quota[request.carrier] if request.carrier >= 0 else _NONE
    docks = free.docks[request.dock_group]
    return Starts(*_scan(docks, free.gate, quota, request.busy, request.duration, terms.turn))


def best_start(request: Request, free: Free, prices: BidPrices | None, terms: Terms) -> Given | None:
    """Return the open start of the window that is best by F1 and prices, the earlier of equals; None without any.

    Without prices every place is free.
    """
    return best_of(starts_of(request, free, terms), request, prices, terms)


def best_of(starts: Starts, request: Request, prices: BidPrices | None, terms: Terms) -> Given | None:
    """Return the best start of the window, as `best_start`, where it is known what forbids each."""
    if prices is None:
        gate = docks = _no_prices(len(starts.rows))
        quota = gate[:0]
    else:
        gate, docks = prices.gate, prices.docks[request.dock_group]
        quota = prices.quota[request.carrier] if request.carrier >= 0 else gate[:0]
    span = (max(0, request.earliest), min(len(starts.rows), request.latest + 1))
    costs = (request.wish, request.weight * terms.early, request.weight * terms.late)
    slot, cost, price = _cheapest(starts.rows, span, costs, request.duration, (gate, docks, quota))
    return Given(slot, cost, price) if slot >= 0 else None


def nearest_open(starts: Starts, request: Request, terms: Terms, span: range, most: int) -> list[int]:
    """Return up to `most` open starts of a span of slots, the best by F1 first, the earlier one of equals."""
    within = (max(0, span.start), min(len(starts.rows), span.stop))
    costs = (request.wish, request.weight * terms.early, request.weight * terms.late)
    found: list[int] = _nearest(starts.rows, within, costs, most).tolist()
    return found


def find_obstacle(request: Request, free: Free, terms: Terms, slot: int) -> Obstacle | None:
    """Return the first row, in the order of `ORDER`, that forbids a start in the slot; None when it is open."""
    return obstacle_at(starts_of(request, free, terms), request, slot)


def obstacle_at(starts: Starts, request: Request, slot: int) -> Obstacle | None:
    """Return the row that forbids a start, as `find_obstacle`, where it is known what forbids each."""
    if slot < 0 or slot >= len(starts.rows):
        return Obstacle(Row.DAY, -1, min(max(0, slot), len(starts.rows) - 1))
    if starts.rows[slot] == OPEN:
        return None
    row = ORDER[starts.rows[slot]]
    index = {Row.DOCKS: request.dock_group, Row.CARRIER: request.carrier}.get(row, -1)
    return Obstacle(row, index, int(starts.at[slot]))


def move_cost(request: Request, terms: Terms, starts: IntArray) -> IntArray:
    """Return F1 of starts."""
    moved = starts - request.wish
    each: IntArray = request.weight * np.where(moved > 0, terms.late * moved, -terms.early * moved)
    return each


@njit(cache=True)
def _scan(
    docks: IntArray, gate: IntArray, quota: IntArray, busy: IntArray, duration: int, turn: int
) -> tuple[IntArray, IntArray]:
    """Return for each start the first row in `ORDER` that forbids it, and in which slot. `busy` rises; from the day's
    end on, the next full dock and the next busy slot are kept in hand."""
    horizon, beyond = len(gate), len(gate) + len(gate)
    rows, at = np.full(horizon, -1), np.arange(horizon)
    full, place = beyond, len(busy)
    for start in range(horizon - 1, -1, -1):
        if docks[start] <= 0:
            full = start
        while place > 0 and busy[place - 1] >= start:
            place -= 1
        if start > horizon - duration:
            rows[start] = 0
        elif full < start + duration:
            rows[start], at[start] = 1, full
        elif gate[start] <= 0:
            rows[start] = 2
        elif len(quota) and quota[start] == 0:
            rows[start] = 3
        elif place < len(busy) and busy[place] < start + duration + turn:
            rows[start], at[start] = 4, busy[place]
    return rows, at


@njit(cache=True)
def _nearest(rows: IntArray, span: tuple[int, int], costs: tuple[int, int, int], most: int) -> IntArray:
    """Return up to `most` open starts within [begin, end), each the least behind the one before by cost, then slot."""
    wish, early, late = costs
    found = np.zeros(most, dtype=np.int64)
    last_cost, last = -1, -1
    for count in range(most):
        best, best_cost = -1, 0
        for start in range(span[0], span[1]):
            moved = start - wish
            cost = late * moved if moved > 0 else -early * moved
            is_behind = cost > last_cost or (cost == last_cost and start > last)
            if rows[start] == -1 and is_behind and (best < 0 or cost < best_cost):
                best, best_cost = start, cost
        if best < 0:
            return found[:count]
        found[count], last, last_cost = best, best, best_cost
    return found


@njit(cache=True)
def _cheapest(
    rows: IntArray,
    span: tuple[int, int],
    costs: tuple[int, int, int],
    duration: int,
    prices: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[int, int, float]:
    """Return the best open start within [begin, end) with its F1 and price, -1 without any; costs are the wish and what
    a slot too early and too late cost, prices those of gate, docks and quota."""
    wish, early, late = costs
    gate, docks, quota = prices
    before = np.zeros(len(docks) + 1)
    for slot in range(len(docks)):
        before[slot + 1] = before[slot] + docks[slot]
    best, best_cost, best_price = -1, 0, 0.0
    for start in range(span[0], span[1]):
        if rows[start] != -1:
            continue
        moved = start - wish
        cost = late * moved if moved > 0 else -early * moved
        price = gate[start] + before[start + duration] - before[start]
        if len(quota):
            price += quota[start]
        if best < 0 or cost + price < best_cost + best_price:
            best, best_cost, best_price = start, cost, price
    return best, best_cost, best_price


@lru_cache(maxsize=16)
def _no_prices(horizon: int) -> FloatArray:
    zeros = np.zeros(horizon)
    zeros.flags.writeable = False  # as those of a pricer
    return zeros


def _nearest_in_window(request: Request, terms: Terms) -> int:
    """Return the window's start that is best by F1, open or not."""
    starts = np.arange(request.earliest, request.latest + 1)
    return int(starts[np.argmin(move_cost(request, terms, starts))])


def _alternatives(request: Request, free: Free, terms: Terms, offered: int) -> list[Alternative]:
    starts = starts_of(request, free, terms)
    found = []
    for slot in nearest_open(starts, request, terms, range(len(free.gate)), offered):
        nearer = slot + (1 if slot < request.wish else -1)
        cost = int(move_cost(request, terms, np.array(slot)))
        found.append(Alternative(slot, cost, obstacle_at(starts, request, nearer)))
    return found
