"""Every condition of the commit script alone, against the real store."""

import asyncio

import pytest

from dispatch.store.commit import (
    Commit,
    CounterFull,
    Done,
    Event,
    Expect,
    FingerprintDiffers,
    Take,
    VersionChanged,
    Write,
)
from dispatch.store.store import Store

pytestmark = [pytest.mark.anyio, pytest.mark.store]


def key(store: Store, name: str) -> str:
    return f"{{{store.keys.park_id}}}:{name}"


async def test_an_entity_is_found_as_it_was_written(store: Store) -> None:
    thing = key(store, "thing")

    await store.commit(Commit(writes=(Write(thing, b'{"a":1}'),)))

    found = await store.find(thing)
    assert found is not None
    assert (found.version, found.document) == (1, {"a": 1})
    assert await store.find(key(store, "nothing")) is None


async def test_a_commit_at_the_wrong_version_is_refused_and_says_what_it_found(store: Store) -> None:
    thing = key(store, "thing")
    other = key(store, "other")
    await store.commit(Commit(expects=(Expect(thing, 0),), writes=(Write(thing, b"1"),)))

    with pytest.raises(VersionChanged) as refused:
        await store.commit(Commit(expects=(Expect(other, 0), Expect(thing, 0)), writes=(Write(other, b"2"),)))

    assert refused.value.expect == Expect(thing, 0)
    assert refused.value.found == 1
    assert await store.find(other) is None


async def test_a_full_counter_refuses_everything_and_names_itself(store: Store) -> None:
    dock, gate = key(store, "dock"), key(store, "gate")
    await store.commit(Commit(takes=(Take(gate, "37", 1, 1),)))

    commit = Commit(
        takes=(Take(dock, "37", 1, 5), Take(gate, "37", 1, 1)),
        writes=(Write(key(store, "thing"), b"1", add_to=((key(store, "index"), "m"),)),),
        events=(Event("Happened", b"{}"),),
    )
    with pytest.raises(CounterFull) as refused:
        await store.commit(commit)

    assert refused.value.take == Take(gate, "37", 1, 1)
    assert refused.value.taken == 1
    assert await store.taken([dock, gate]) == [{}, {"37": 1}]
    assert await store.members(key(store, "index")) == []
    assert await store.events() == []


async def test_two_takes_of_one_counter_in_one_commit_count_together(store: Store) -> None:
    dock = key(store, "dock")

    with pytest.raises(CounterFull) as refused:
        await store.commit(Commit(takes=(Take(dock, "1", 2, 3), Take(dock, "1", 2, 3))))

    assert refused.value.taken == 2
    assert await store.taken([dock]) == [{}]


async def test_giving_back_never_goes_below_zero(store: Store) -> None:
    dock = key(store, "dock")
    await store.commit(Commit(takes=(Take(dock, "1", 1, 3),)))

    await store.commit(Commit(takes=(Take(dock, "1", -2, 0), Take(dock, "2", -1, 0))))

    assert await store.taken([dock]) == [{}]


async def test_a_commit_may_give_back_and_take_the_same_place(store: Store) -> None:
    dock = key(store, "dock")
    await store.commit(Commit(takes=(Take(dock, "1", 1, 1),)))

    await store.commit(Commit(takes=(Take(dock, "1", -1, 1), Take(dock, "1", 1, 1))))

    assert await store.taken([dock]) == [{"1": 1}]


async def test_a_repeat_under_the_same_key_changes_nothing_and_answers_the_same(store: Store) -> None:
    commit = Commit(
        takes=(Take(key(store, "dock"), "1", 1, 9),),
        events=(Event("Taken", b"{}"),),
        idempotency_key=store.keys.idempotency("k"),
        fingerprint="f",
        answer=b"yes",
    )
    first = await store.commit(commit)

    again = await store.commit(commit)

    assert again == Done(answer=b"yes", repeated=True, last_event=first.last_event)
    assert await store.taken([key(store, "dock")]) == [{"1": 1}]
    assert len(await store.events()) == 1
    assert await store.find_repeat(store.keys.idempotency("k"), "f") == again
    assert await store.find_repeat(store.keys.idempotency("never"), "f") is None


async def test_another_request_under_the_same_key_is_refused(store: Store) -> None:
    record = store.keys.idempotency("k")
    await store.commit(Commit(idempotency_key=record, fingerprint="f"))

    with pytest.raises(FingerprintDiffers):
        await store.commit(Commit(idempotency_key=record, fingerprint="g"))
    with pytest.raises(FingerprintDiffers):
        await store.find_repeat(record, "g")


async def test_what_was_refused_may_be_tried_again_under_its_key(store: Store) -> None:
    dock = key(store, "dock")
    commit = Commit(takes=(Take(dock, "1", 1, 1),), idempotency_key=store.keys.idempotency("k"), fingerprint="f")
    await store.commit(Commit(takes=(Take(dock, "1", 1, 1),)))
    with pytest.raises(CounterFull):
        await store.commit(commit)
    await store.commit(Commit(takes=(Take(dock, "1", -1, 1),)))

    done = await store.commit(commit)

    assert not done.repeated


async def test_the_record_of_a_request_is_kept_for_two_days(store: Store) -> None:
    record = store.keys.idempotency("k")
    await store.commit(Commit(idempotency_key=record, fingerprint="f"))

    seconds = await store.alone("TTL", record)

    assert 47 * 3600 < seconds <= 48 * 3600


async def test_a_server_that_forgot_the_script_is_taught_it_again(store: Store) -> None:
    dock = key(store, "dock")
    await store.alone("SCRIPT", "FLUSH")

    done = await asyncio.gather(*(store.commit(Commit(takes=(Take(dock, "1", 1, 50),))) for _ in range(50)))

    assert len(done) == 50
    assert await store.taken([dock]) == [{"1": 50}]


async def test_of_two_thousand_commits_for_three_hundred_places_exactly_three_hundred_succeed(store: Store) -> None:
    gate, docks = key(store, "gate"), [key(store, f"dock{i}") for i in range(3)]

    async def book(i: int) -> bool:
        dock = docks[i % 3]
        try:
            await store.commit(Commit(takes=(Take(dock, "1", 1, 100), Take(gate, "1", 1, 300))))
        except CounterFull:
            return False
        return True

    booked = await asyncio.gather(*(book(i) for i in range(2000)))

    assert sum(booked) == 300
    assert await store.taken([gate, *docks]) == [{"1": 300}, {"1": 100}, {"1": 100}, {"1": 100}]


async def test_many_commits_are_made_each_for_itself_and_in_order(store: Store) -> None:
    dock = key(store, "dock")

    outcomes = await store.commit_many([Commit(takes=(Take(dock, "1", amount, 3),)) for amount in (1, 5, 2, 1)])

    assert [type(outcome) for outcome in outcomes] == [Done, CounterFull, Done, CounterFull]


async def test_events_come_in_the_order_of_the_commits_and_behind_an_id(store: Store) -> None:
    commits = [Commit(events=(Event("Counted", str(i).encode()),)) for i in range(5)]
    outcomes = await store.commit_many(commits)

    events = await store.events(limit=3)
    rest = await store.events(events[-1].id)

    assert [(event.name, event.document) for event in (*events, *rest)] == [("Counted", i) for i in range(5)]
    last = outcomes[-1]
    assert isinstance(last, Done)
    assert last.last_event == rest[-1].id == await store.last_event()


async def test_whoever_waits_for_an_event_gets_it_when_it_happens(store: Store) -> None:
    waiting = asyncio.create_task(store.events(wait_seconds=5))
    await asyncio.sleep(0.05)

    await store.commit(Commit(events=(Event("Happened", b"1"),)))

    assert [event.name for event in await waiting] == ["Happened"]


async def test_pages_of_an_index_follow_each_other_without_gaps(store: Store) -> None:
    index = key(store, "index")
    members = [f"2026-11-25#{slot:04d}#A{i}" for slot in (9, 10, 11) for i in range(4)]
    await store.commit_many([Commit(writes=(Write(key(store, m), b"1", add_to=((index, m),)),)) for m in members])

    seen: list[str] = []
    after = None
    while True:
        page = await store.page(index, after=after, limit=5)
        seen += page.members
        if (after := page.next_after) is None:
            break

    assert seen == members
    assert (await store.page(index, prefix="2026-11-25#0010#", limit=3)).members == tuple(members[4:7])
    assert (await store.page(index, prefix="2026-11-25#0010#", after=members[6])).members == (members[7],)
    assert (await store.page(index, prefix="2026-11-25#0010#", after=members[1])).members == tuple(members[4:8])
    assert (await store.page(index, newest_first=True, limit=2)).members == (members[11], members[10])
    newest = await store.page(index, newest_first=True, after=members[10], limit=2, prefix="2026-11-25#0010#")
    assert newest.members == (members[7], members[6])
    assert await store.count(index) == 12
    assert await store.count(index, "2026-11-25#0011#") == 4


async def test_a_write_may_move_an_entity_between_indexes(store: Store) -> None:
    open_ones, closed_ones, thing = key(store, "open"), key(store, "closed"), key(store, "thing")
    await store.commit(Commit(writes=(Write(thing, b"1", add_to=((open_ones, "t"),)),)))

    await store.commit(
        Commit(writes=(Write(thing, b"2", remove_from=((open_ones, "t"),), add_to=((closed_ones, "t"),)),))
    )

    assert await store.members(open_ones) == []
    assert await store.members(closed_ones) == ["t"]


async def test_text_that_cannot_be_stored_is_the_askers_fault_and_holds_up_nobody(store: Store) -> None:
    dock = key(store, "dock")
    good = asyncio.create_task(store.commit(Commit(takes=(Take(dock, "1", 1, 9),))))

    with pytest.raises(ValueError, match="surrogates"):
        await store.commit(Commit(takes=(Take(key(store, "\ud800"), "1", 1, 9),)))
    with pytest.raises(ValueError, match="surrogates"):
        await store.find("\ud800")

    await good
    assert await store.taken([dock]) == [{"1": 1}]


async def test_many_who_wait_for_events_do_not_hold_up_a_booking(store: Store) -> None:
    waiting = [asyncio.create_task(store.events(wait_seconds=5)) for _ in range(100)]
    await asyncio.sleep(0.1)

    async with asyncio.timeout(2):
        await store.commit(Commit(takes=(Take(key(store, "dock"), "1", 1, 9),)))
    await store.commit(Commit(events=(Event("Happened", b"1"),)))

    assert [len(events) for events in await asyncio.gather(*waiting)] == [1] * 100
