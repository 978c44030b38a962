"""One request answered at once, from what is free now and the prices of scarce slots (formulation.md, "Online").

No solver runs here: a handful of array operations over the starts of one window. Prices only steer among open
starts; a request is never refused while its window holds one.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
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


def best_start(request: Request, free: Free, prices: BidPrices | None, terms: Terms) -> Given | None:
    """Return the open start of the window that is best by F1 and prices, the earlier of equals; None without any.

    Without prices every place is free.
    """
    starts = open_starts(request, free, terms, range(request.earliest, request.latest + 1))
    if not len(starts):
        return None
    cost = move_cost(request, terms, starts)
    price = price_of(request, prices, starts) if prices is not None else np.zeros(len(starts))
    best = int((cost + price).argmin())
    return Given(int(starts[best]), int(cost[best]), float(price[best]))


def open_starts(request: Request, free: Free, terms: Terms, span: range) -> IntArray:
    """Return the starts of a span of slots, rising, that no row forbids."""
    starts = np.arange(max(0, span.start), min(len(free.gate), span.stop))
    forbidden = np.zeros(len(starts), dtype=np.bool_)
    for binds, _ in _rules(request, free, terms, starts):
        forbidden |= binds
    return starts[~forbidden]


def find_obstacle(request: Request, free: Free, terms: Terms, slot: int) -> Obstacle | None:
    """Return the first row, in the order of `ORDER`, that forbids a start in the slot; None when it is open."""
    if slot < 0 or slot >= len(free.gate):
        return Obstacle(Row.DAY, -1, min(max(0, slot), len(free.gate) - 1))
    index = {Row.DOCKS: request.dock_group, Row.CARRIER: request.carrier}
    for row, (binds, at) in zip(ORDER, _rules(request, free, terms, np.array([slot])), strict=True):
        if binds[0]:
            return Obstacle(row, index.get(row, -1), int(at[0]))
    return None


def move_cost(request: Request, terms: Terms, starts: IntArray) -> IntArray:
    """Return F1 of starts."""
    moved = starts - request.wish
    each: IntArray = request.weight * np.where(moved > 0, terms.late * moved, -terms.early * moved)
    return each


def price_of(request: Request, prices: BidPrices, starts: IntArray) -> FloatArray:
    """Return the prices of the rows that starts within the horizon use. A truck's own time has no price."""
    before = np.zeros(prices.docks.shape[1] + 1)
    prices.docks[request.dock_group].cumsum(out=before[1:])
    price: FloatArray = prices.gate[starts] + before[starts + request.duration] - before[starts]
    if request.carrier >= 0:
        price = price + prices.quota[request.carrier, starts]
    return price


def _rules(
    request: Request, free: Free, terms: Terms, starts: IntArray
) -> tuple[tuple[NDArray[np.bool_], IntArray], ...]:
    """Return for each row in `ORDER` which of the starts, slots of the horizon, it forbids, and in which slot."""
    full = np.flatnonzero(free.docks[request.dock_group] <= 0)
    return (
        (starts > len(free.gate) - request.duration, starts),
        _first_within(full, starts, request.duration),
        (free.gate[starts] <= 0, starts),
        (_used_up(request, free, starts), starts),
        _first_within(request.busy, starts, request.duration + terms.turn),
    )


def _used_up(request: Request, free: Free, starts: IntArray) -> NDArray[np.bool_]:
    if request.carrier < 0:
        return np.zeros(len(starts), dtype=np.bool_)
    used_up: NDArray[np.bool_] = free.quota[request.carrier, starts] == 0
    return used_up


def _first_within(slots: IntArray, starts: IntArray, length: int) -> tuple[NDArray[np.bool_], IntArray]:
    """Return whether any of `slots` (rising) lies in [start, start + length), and the first that does."""
    if not len(slots):
        return np.zeros(len(starts), dtype=np.bool_), starts
    place = slots.searchsorted(starts)
    first = slots[np.minimum(place, len(slots) - 1)]
    return (place < len(slots)) & (first < starts + length), first


def _nearest_in_window(request: Request, terms: Terms) -> int:
    """Return the window's start that is best by F1, open or not."""
    starts = np.arange(request.earliest, request.latest + 1)
    return int(starts[np.argmin(move_cost(request, terms, starts))])


def _alternatives(request: Request, free: Free, terms: Terms, offered: int) -> list[Alternative]:
    starts = open_starts(request, free, terms, range(len(free.gate)))
    cost = move_cost(request, terms, starts)
    found = []
    for place in np.argsort(cost, kind="stable")[:offered].tolist():
        slot = int(starts[place])
        nearer = slot + (1 if slot < request.wish else -1)
        found.append(Alternative(slot, int(cost[place]), find_obstacle(request, free, terms, nearer)))
    return found
