"""The board folded from the stream: whatever is committed, it is what the store holds; and what is not, is named."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.services import booking, freight, publication
from dispatch.services.books import imbalances
from dispatch.store.board import Board, prove
from dispatch.store.changes import acting
from dispatch.store.commit import Commit, Event, Take, Write
from dispatch.store.store import Store
from tests.dispatch.store.small_park import (
    DAY,
    NOW,
    a_load,
    a_match,
    a_park,
    a_truck,
    a_visit,
    an_appointment,
    at,
    plate,
)

pytestmark = [pytest.mark.anyio, pytest.mark.store]

names = st.sampled_from(["a:1", "a:2", "b:1"])
moves = st.lists(st.tuples(st.sampled_from(["x:1", "x:2"]), st.sampled_from(["m", "n"])), max_size=2).map(tuple)
documents = st.one_of(st.none(), st.sampled_from([b'{"n":1}', b'{"n":2}']))
commits = st.builds(
    lambda writes, takes, events: (writes, takes, events),
    st.lists(st.tuples(names, documents, moves, moves), max_size=3),
    st.lists(st.tuples(st.sampled_from(["c:1", "c:2"]), st.sampled_from("12"), st.integers(-3, 3)), max_size=4),
    st.lists(st.sampled_from([b'{"n":1}', b"{}"]), min_size=1, max_size=3),
)


def commit_of(store, drawn):
    writes, takes, events = drawn
    full = store.keys.full
    return Commit(
        writes=tuple(
            Write(full(key), document, tuple((full(i), m) for i, m in join), tuple((full(i), m) for i, m in leave))
            for key, document, join, leave in writes
        ),
        takes=tuple(Take(full(key), field, amount, 5) for key, field, amount in takes),
        events=tuple(Event("Changed", document) for document in events),
    )


async def test_whatever_is_committed_the_fold_of_the_stream_is_what_the_store_holds(store_url, park_id):
    numbers = iter(range(1000))

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(commits, max_size=12))
    def folded(drawn):
        async def run():
            async with Store(store_url, f"{park_id}-{next(numbers)}") as store:
                await store.commit_many([commit_of(store, each) for each in drawn])
                proof = await prove(store, Board())
            assert proof.differences == ()

        asyncio.run(run())

    await asyncio.to_thread(folded)


async def test_it_is_exact_while_others_go_on_changing_the_store(store):
    async def change(number):
        for _ in range(60):
            await store.commit(commit_of(store, ([(f"a:{number}", b"{}", (("x:1", str(number)),), ())], [], [b"{}"])))

    changing = asyncio.gather(*(change(number) for number in range(8)))
    proofs = [await prove(store, Board()) for _ in range(5)]
    await changing
    last = await prove(store, Board())

    assert [proof.differences for proof in [*proofs, last]] == [()] * 6
    assert last.events == 480


async def test_what_was_changed_behind_the_streams_back_is_named(store):
    await store.commit(commit_of(store, ([("a:1", b"{}", (), ())], [("c:1", "1", 2)], [b"{}"])))
    full = store.keys.full
    await store.alone("HINCRBY", full("c:1"), "1", 1)
    await store.alone("HSET", full("a:2"), "v", 1, "d", "{}")
    await store.alone("DEL", full("a:1"))

    proof = await prove(store, Board())

    assert [(each.key, each.store, each.stream) for each in proof.differences] == [
        ("a:1", None, (1, {})),
        ("a:2", (1, {}), None),
        ("c:1", {"1": 3}, {"1": 2}),
    ]


async def test_the_notes_of_the_machinery_are_no_part_of_the_board(store):
    keys = store.keys
    answered = Commit(
        writes=(Write(keys.job("j"), b"{}"),),
        events=(Event("JobQueued", b"{}"),),
        idempotency_key=keys.idempotency("k"),
    )
    await store.commit(answered)

    proof = await prove(store, Board())

    assert (proof.keys, proof.differences) == (0, ())


async def test_after_a_day_of_bookings_loads_and_plans_the_books_balance(store):
    park = a_park(store.keys.park_id, entries=9, docks=9)
    keys, grid = store.keys, park.grid
    await store.commit_many([freight.post_visit(keys, grid, a_visit(number)) for number in range(1, 5)])
    await store.commit_many([freight.post_load(keys, grid, a_load(number), NOW) for number in (1, 2)])
    await store.commit(freight.announce_truck(keys, a_truck(1)))
    made = [an_appointment(f"A{n}", plate=plate(n), visit=f"V{n}") for n in range(1, 5)]
    await store.commit_many([booking.create(park, keys, each, plan="P1") for each in made])
    await store.commit(booking.cancel(park, keys, made[0], 1, NOW))
    await publication.make_matches(store, park, [a_match(1, ("L1", "L2"))], NOW)
    board = Board()
    proof = await prove(store, board)

    assert proof.differences == ()
    assert imbalances(park, keys, board) == []

    await store.commit(Commit(takes=(Take(keys.gate("east", DAY), "36", 1, 9),), events=(Event("Oops", b"{}"),)))
    await prove(store, board)

    assert [each.key for each in imbalances(park, keys, board)] == [keys.short(keys.gate("east", DAY))]


async def test_an_event_says_who_did_it_and_when_by_his_clock(store):
    with acting("driver 7", lambda: at("09:00")):
        await store.commit(Commit(events=(Event("Done", b"{}"),)))
    await store.commit(Commit(events=(Event("Done", b"{}"),)))

    signed, unsigned = await store.events()

    assert (signed.by, signed.at) == ("driver 7", at("09:00"))
    assert unsigned.by == ""
    assert abs((unsigned.at - signed.at).days) < 1000
