"""Closed days moved out of the stream: nothing is lost, wherever it is broken off, and replay goes through both."""

import pytest

from dispatch.store.archive import archive_days, check_whole, find_mark, read_archive
from dispatch.store.board import Board, prove
from dispatch.store.commit import ArchiveFault, Commit, Event, Write, stored_at
from tests.dispatch.store.small_park import GRID

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def happen(store, count):
    full = store.keys.full
    for number in range(count):
        write = Write(full(f"a:{number % 7}"), b'{"n":%d}' % number, ((full("x:1"), str(number)),))
        await store.commit(Commit(writes=(write,), events=(Event("Changed", b"{}"),)))
    return await store.events(limit=1000)


async def age(store, days=1):
    """Let all events have happened some days earlier."""
    stream = store.keys.stream()
    rows = await store.alone("XRANGE", stream, "-", "+")
    await store.alone("DEL", stream)
    for identity, fields in rows:
        moment, number = identity.decode().split("-")
        await store.alone("XADD", stream, f"{int(moment) - days * 86_400_000}-{number}", *fields)
    return await store.events(limit=1000)


def day_of(events):
    return GRID.day_of(stored_at(events[0].id))


async def replayed(store, directory):
    board = Board()
    await check_whole(store, directory)
    for event in read_archive(directory):
        board.apply(event)
    return await prove(store, board)


async def test_archived_days_leave_the_stream_and_replay_goes_through_both(store, tmp_path):
    await happen(store, 30)
    assert await archive_days(store, GRID, tmp_path, 0) == []  # the day is not over yet
    events = await age(store)
    assert await archive_days(store, GRID, tmp_path, 1) == []  # it is kept
    (done,) = await archive_days(store, GRID, tmp_path, 0)
    left = await store.events()
    await happen(store, 5)
    proof = await replayed(store, tmp_path)

    assert (done.day, done.events) == (day_of(events), 30)
    assert done.file.name == f"events-{done.day.isoformat()}.jsonl.gz"
    assert list(read_archive(tmp_path)) == events
    assert [event.name for event in left] == ["EventsArchived"]
    assert (proof.differences, proof.events) == ((), 36)


async def test_a_run_broken_off_before_the_mark_or_before_the_trim_goes_on(store, tmp_path):
    await happen(store, 10)
    events = await age(store)
    (tmp_path / f"events-{day_of(events).isoformat()}.jsonl.gz").write_bytes(b"half a file")

    await archive_days(store, GRID, tmp_path, 0)
    mark = await find_mark(store)
    await store.alone("DEL", store.keys.stream())
    for event in events:  # as if the trim had not been made
        await store.alone("XADD", store.keys.stream(), event.id, "name", event.name, "document", "{}")
    again = await archive_days(store, GRID, tmp_path, 0)

    assert mark.events == 10
    assert again == []
    assert await store.events() == []
    assert list(read_archive(tmp_path)) == events


async def test_a_missing_file_and_a_stream_trimmed_by_others_are_told(store, tmp_path):
    await happen(store, 10)
    await age(store)
    (done,) = await archive_days(store, GRID, tmp_path, 0)

    await check_whole(store, tmp_path)
    done.file.rename(tmp_path / "elsewhere")
    with pytest.raises(ArchiveFault, match=r"10 events .* are missing"):
        await check_whole(store, tmp_path)
    (tmp_path / "elsewhere").rename(done.file)
    await happen(store, 3)
    await store.alone("XTRIM", store.keys.stream(), "MAXLEN", 1)
    with pytest.raises(ArchiveFault, match="3 events were trimmed"):
        await check_whole(store, tmp_path)
    done.file.write_bytes(done.file.read_bytes()[:-9])
    with pytest.raises(ArchiveFault, match="cannot be read"):
        await check_whole(store, tmp_path)
