import asyncio
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.store.commit import Commit, Take, Write
from dispatch.store.tally import Taken

HORIZON = 96
DAY = date(2026, 11, 25)


@given(st.dictionaries(st.integers(0, HORIZON - 1), st.integers(0, 10**9)))
def test_what_is_taken_is_the_same_by_field_and_by_slot(taken):
    fields = {str(slot): count for slot, count in taken.items()}

    read = Taken.of(fields)

    assert read.fields == fields
    assert read.by_slot(HORIZON).tolist() == [taken.get(slot, 0) for slot in range(HORIZON)]
    assert read.by_slot(HORIZON) is read.by_slot(HORIZON)
    assert bool(read) == bool(taken)


@pytest.mark.anyio
@pytest.mark.store
async def test_who_asks_in_the_same_tick_gets_the_very_same_and_who_asks_later_what_is_true_then(store):
    key = store.keys.gate("east", DAY)
    take = Commit(takes=(Take(key, "36", 1, 5),))

    (first,), (second,), (nothing,) = await asyncio.gather(
        store.counters([key]), store.counters([key]), store.counters([f"{key}-other"])
    )
    asked_before = asyncio.create_task(store.counters([key]))
    await store.commit(take)
    (later,) = await store.counters([key])
    await asked_before

    assert first is second
    assert not first
    assert not nothing
    assert later.fields == {"36": 1}


@pytest.mark.anyio
@pytest.mark.store
async def test_an_index_is_read_with_the_counters(store):
    index = store.keys.plans()
    await store.commit(Commit(writes=(Write(store.keys.plan("a"), b"1", add_to=((index, "a"),)),)))

    counters, members = await store.counters_and_members([store.keys.holds(DAY)], [index])

    assert (counters[0].fields, members) == ({}, [("a",)])
