"""Whether the books balance: every counter is what appointments, matches and closures on the board take, exactly."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from dispatch.model.closures import Closure, ClosureState
from dispatch.model.park import Park
from dispatch.model.promises import Appointment
from dispatch.services import booking
from dispatch.services.closures import takes_of
from dispatch.services.freight import MatchRecord
from dispatch.services.offering import STANDING
from dispatch.store import codec
from dispatch.store.board import Board, Difference
from dispatch.store.keys import Keys

COUNTED = (
    "dock",
    "gate",
    "carrier",
    "carrier-days",
    "carrier-peaks",
    "truck-days",
    "holds",
    "pool",
    "truck",
    "placed",
    "chained",
    "inside",
)


def imbalances(park: Park, keys: Keys, board: Board) -> list[Difference]:
    """Return the counters that do not hold what the board's appointments and matches take, by key."""
    due: dict[str, Counter[str]] = {}
    taken = (_taken_by_appointments(park, keys, board), _taken_by_matches(keys, board), _taken_by_closures(keys, board))
    for key, field, amount in chain.from_iterable(taken):
        due.setdefault(keys.short(key), Counter())[field] += amount
    kept: Mapping[str, dict[str, int]] = {
        key: fields for key, fields in board.counters.items() if key.partition(":")[0] in COUNTED and fields
    }
    return [
        Difference(key, kept.get(key), dict(due[key]) if key in due else None)
        for key in sorted({*due, *kept})
        if kept.get(key) != due.get(key)
    ]


def _taken_by_appointments(park: Park, keys: Keys, board: Board) -> Iterator[tuple[str, str, int]]:
    for document in _things(board, "appointment"):
        appointment = codec.read(Appointment, document)
        if booking.is_held(appointment):
            for claim in booking.claims(park, keys, appointment):
                yield claim.take.key, claim.take.field, claim.take.amount


def _taken_by_matches(keys: Keys, board: Board) -> Iterator[tuple[str, str, int]]:
    for document in _things(board, "match"):
        record = codec.read(MatchRecord, document)
        if record.match.state in STANDING:
            yield keys.chained(record.match.day), record.match.plate, 1


def _taken_by_closures(keys: Keys, board: Board) -> Iterator[tuple[str, str, int]]:
    for document in _things(board, "closure"):
        closure = codec.read(Closure, document)
        if closure.state is ClosureState.IN_FORCE:
            for take in takes_of(keys, closure):
                yield take.key, take.field, take.amount


def _things(board: Board, kind: str) -> Iterator[Any]:
    return (document for key, (_, document) in board.entities.items() if key.startswith(f"{kind}:"))
