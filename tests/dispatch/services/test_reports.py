"""The projection: whatever is rebuilt, archived or shared, it says what the stream says."""

import asyncio

import pytest

from dispatch.services import booking
from dispatch.services.reports import AuditAsked, Reports
from dispatch.store.archive import archive_days
from dispatch.store.changes import acting
from tests.dispatch.store.small_park import DAY, GRID, a_park, an_appointment, at, plate
from tests.dispatch.store.test_archive import age

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def book(store, *numbers, by="operator", cancel=False):
    park = a_park(store.keys.park_id, entries=99, docks=99)
    with acting(by, lambda: at("05:00")):
        for number in numbers:
            made = an_appointment(f"A{number}", plate=plate(number))
            await store.commit(booking.create(park, store.keys, made))
            if cancel:
                await store.commit(booking.cancel(park, store.keys, made, 1, at("06:00")))


async def said(reports, store, **asked):
    await reports.catch_up(store)
    return [(deed.by, deed.name, deed.subject) for deed in await reports.audit(AuditAsked(**asked), 0, 100)]


async def test_the_audit_says_who_did_what_to_what_and_pages(store):
    reports = Reports()
    await book(store, 1, by="enterprise:C1 key:k1", cancel=True)
    await book(store, 2, by="enterprise:C10 key:k2")

    assert await said(reports, store, by="enterprise:C1") == [
        ("enterprise:C1 key:k1", "AppointmentConfirmed", "appointment/A1"),
        ("enterprise:C1 key:k1", "AppointmentCancelled", "appointment/A1"),
    ]
    assert len(await said(reports, store, by="enterprise")) == 3
    assert await said(reports, store, by="enterprise:C") == []
    assert len(await said(reports, store, subject="appointment/A2")) == 1
    assert len(await said(reports, store, name="AppointmentCancelled")) == 1
    assert len(await said(reports, store, since=at("05:00"), until=at("05:01"))) == 3
    assert await said(reports, store, since=at("05:01")) == []
    first = await reports.audit(AuditAsked(), 0, 2)
    assert [deed.number for deed in await reports.audit(AuditAsked(), first[-1].number, 2)] == [first[-1].number + 1]
    assert first[0].at == at("05:00")


async def test_it_has_the_latest_of_each_thing_and_a_rebuild_from_the_archive_says_the_same(store, tmp_path):
    archive = tmp_path / "archive"
    reports = Reports(tmp_path / "reports.sqlite", archive)
    await book(store, 1, 2)
    await book(store, 3, cancel=True)
    await age(store)
    await reports.catch_up(store)
    await archive_days(store, GRID, archive, 0)
    await book(store, 4)
    await reports.catch_up(store)

    before, audit = await reports.happened((DAY,)), await reports.audit(AuditAsked(), 0, 100)
    count = await reports.rebuild(store)
    after = await reports.happened((DAY,))
    fresh = Reports(None, archive)
    await fresh.catch_up(store)

    assert [(each.id, str(each.state)) for each in before.appointments] == [
        ("A1", "confirmed"), ("A2", "confirmed"), ("A3", "cancelled"), ("A4", "confirmed"),
    ]  # fmt: skip
    assert after == before == await fresh.happened((DAY,))
    assert count == len(audit) == 6
    assert [deed.id for deed in await reports.audit(AuditAsked(), 0, 100)] == [deed.id for deed in audit]
    reports.close()


async def test_one_that_was_left_behind_goes_on_from_the_archive(store, tmp_path):
    reports = Reports(tmp_path / "reports.sqlite", tmp_path / "archive")
    await book(store, 1)
    await age(store, 2)
    await reports.catch_up(store)
    await book(store, 2)
    rows = await store.alone("XRANGE", store.keys.stream(), "-", "+")
    await store.alone("DEL", store.keys.stream())
    for number, (identity, fields) in enumerate(rows):  # the first as it was, the second a day ago
        moment = int(identity.decode().split("-")[0]) - number * 86_400_000
        await store.alone("XADD", store.keys.stream(), f"{moment}-0", *fields)
    await archive_days(store, GRID, tmp_path / "archive", 0)

    assert await said(reports, store) == [
        ("operator", "AppointmentConfirmed", "appointment/A1"),
        ("operator", "AppointmentConfirmed", "appointment/A2"),
        ("", "EventsArchived", ""),
        ("", "EventsArchived", ""),
    ]
    reports.close()


async def test_processes_that_share_a_file_take_each_event_in_once(store, tmp_path):
    several = [Reports(tmp_path / "reports.sqlite") for _ in range(4)]
    await book(store, *range(1, 60))
    await asyncio.gather(*(reports.catch_up(store) for reports in several))

    counts = [len(await reports.audit(AuditAsked(), 0, 1000)) for reports in several]
    assert counts == [59] * 4
    for reports in several:
        reports.close()
