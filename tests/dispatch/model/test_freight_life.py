"""The lives of loads, matches and exceptions as tables: all of each can be reached, and what has ended stays so."""

import pytest

from dispatch.model.exceptions import EXCEPTION_LIFE, ExceptionState
from dispatch.model.promises import LOAD_LIFE, MATCH_LIFE, LoadState, MatchState
from dispatch.services.freight import LoadRecord
from dispatch.store import codec

LOADS = [(before, after) for (before, _), after in LOAD_LIFE.items()]
MATCHES = [(before, after) for (before, _), after in MATCH_LIFE.items()]


@pytest.mark.parametrize(
    ("steps", "first", "ends"),
    [
        (LOADS, {LoadState.POSTED}, {LoadState.WITHDRAWN, LoadState.EXPIRED}),
        (
            MATCHES,
            {MatchState.PLANNED, MatchState.OFFERED},
            {
                MatchState.FINISHED,
                MatchState.DECLINED,
                MatchState.EXPIRED,
                MatchState.HANDED_BACK,
                MatchState.UNDONE,
            },
        ),
        (list(EXCEPTION_LIFE), {ExceptionState.OPEN}, {ExceptionState.CLOSED}),
    ],
)
def test_every_state_is_reached_and_the_last_ones_are_left_no_more(steps, first, ends):
    reached = set(first)
    while more := {after for before, after in steps if before in reached} - reached:
        reached |= more

    assert reached == set(type(next(iter(first))))
    assert reached - {before for before, _ in steps} == ends


def test_what_is_on_its_way_cannot_be_withdrawn_or_offered_to_others():
    for state in (LoadState.AT_PICKUP, LoadState.IN_TRANSIT, LoadState.DELIVERED, LoadState.DISPUTED):
        assert {event for before, event in LOAD_LIFE if before is state} <= {"depart", "deliver", "dispute", "settle"}


def test_a_load_kept_by_the_version_before_is_read_as_posted_with_its_match():
    load = {
        "id": "L1", "enterprise": "E1", "cargo_kind": "general", "origin": "W1", "destination": "W2", "price": 1,
        "earliest": "2026-11-25T08:00:00+08:00", "latest": "2026-11-25T09:00:00+08:00",
        "due": "2026-11-25T12:00:00+08:00", "load_minutes": 10, "unload_minutes": 10, "blocked_carriers": [],
    }  # fmt: skip
    old = {"load": load, "state": "matched", "posted_at": "2026-11-24T08:00:00+08:00", "match": "P-1", "declined": []}

    record = codec.read(LoadRecord, old)

    assert (record.state, record.match, record.offered_to) == (LoadState.POSTED, "P-1", ())
