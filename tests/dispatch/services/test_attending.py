"""The record of past days, kept once, binds the peak of the week after and lets docks be promised beyond."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dispatch.model.attendance import CarrierRecord, Shows
from dispatch.model.park import DockKind, Earning, Hours, HouseRules, Overbooking
from dispatch.model.promises import Appointment, AppointmentState, Source
from dispatch.model.refusals import DocksFull, PeakQuotaFull
from dispatch.services import appointments, attending, booking, closures
from dispatch.services.appointments import AppointmentDraft
from dispatch.services.attending import AllowanceKeeper, close_days, list_earned, list_overbooked
from dispatch.services.closures import ClosureDraft, ClosureKind
from dispatch.services.desk import Desk
from tests.api.tiny import DAY, NOW, ZONE, plate, tiny_park

pytestmark = [pytest.mark.anyio, pytest.mark.store]

MONDAY = NOW.date() - timedelta(days=1)
PEAK = HouseRules(peak=(Hours("09:00", "10:00"),), earned=Earning(least_bookings=5))
NOON = NOW.replace(hour=12)


def past(number, day, state, slot=36):
    return Appointment(
        id=f"past-{day}-{number}", state=state, source=Source.REQUEST, plate=plate(number), carrier="c1",
        warehouse="w1", dock_group="w1-reefer", dock_kind=DockKind.REEFER, cargo_kind="frozen", gate="east",
        day=day, slot=slot, slots=1, made_at=NOW - timedelta(days=20), changed_at=NOW - timedelta(days=1),
    )  # fmt: skip


async def live(desk, day, states, slot=36):
    """Put appointments of a past day into the store, in the states they ended in."""
    for number, state in enumerate(states):
        ended = past(number, day, state, slot)
        before = replace(ended, state=AppointmentState.WAITLISTED)
        await desk.store.commit(booking.create(desk.park, desk.keys, before))
        change = booking.change(desk.park, desk.keys, before, 1, ended, "expire")
        await desk.store.commit(replace(change, takes=()))


def draft(number, clock="09:00", **more):
    wish = datetime.fromisoformat(f"{DAY}T{clock}:00").replace(tzinfo=ZONE)
    return AppointmentDraft(plate(number), "c1", "w1", "frozen", wish, earliest=wish, latest=wish, **more)


async def refresh(desk):
    await AllowanceKeeper(desk, lambda: NOON).refresh()


async def test_who_wasted_slots_has_fewer_peak_entries_the_week_after(store):
    desk = Desk(tiny_park(docks=9, rules=PEAK), store)
    for day in range(1, 8):
        await live(desk, MONDAY - timedelta(days=day), [AppointmentState.COMPLETED, AppointmentState.NO_SHOW])

    closed = await close_days(store, desk.park, NOON)
    again = await close_days(store, desk.park, NOON)
    await refresh(desk)
    this_week, next_week = await list_earned(desk, "c1", NOON)

    assert (closed, again) == (14 * 2, 0)
    assert this_week.is_final
    assert this_week.earned.record == CarrierRecord(kept=7, no_shows=7, peak=14)
    assert (this_week.earned.factor_percent, this_week.earned.peak_entries) == (50.0, 1)
    assert next_week.earned.peak_entries is None
    await appointments.request_appointment(desk, draft(1), NOON, None)
    with pytest.raises(PeakQuotaFull):
        await appointments.request_appointment(desk, draft(2, "09:15"), NOON, None)
    assert await appointments.request_appointment(desk, draft(2, "10:00"), NOON, None)


async def test_a_day_is_recorded_only_when_it_is_over_and_settled(store):
    desk = Desk(tiny_park(rules=PEAK), store)
    await live(desk, NOW.date(), [AppointmentState.NO_SHOW])
    midnight = NOW.replace(hour=0) + timedelta(days=1)

    await close_days(store, desk.park, midnight + timedelta(hours=5))
    early = await store.find(desk.keys.attendance(NOW.date()))
    await close_days(store, desk.park, midnight + timedelta(hours=6))
    kept = await store.find(desk.keys.attendance(NOW.date()))

    assert early is None
    assert kept.document["shows"] == {"w1-reefer@9": {"expected": 1, "missed": 1}}


async def test_docks_are_promised_beyond_those_there_are_by_the_no_shows_of_the_hour_and_no_further(store):
    terms = Overbooking(overflow_percent=30, least_expected=10)
    desk = Desk(tiny_park(docks=4, rules=HouseRules(overbooking=terms)), store)
    for day in range(1, 6):
        states = [AppointmentState.COMPLETED, AppointmentState.NO_SHOW, AppointmentState.COMPLETED]
        await live(desk, MONDAY - timedelta(days=day), states)
    await close_days(store, desk.park, NOON)
    await refresh(desk)

    made = Counter()
    for number in range(8):
        for clock in ("09:00", "10:00"):
            try:
                await appointments.request_appointment(desk, draft(20 * number + int(clock[:2]), clock), NOON, None)
            except DocksFull:
                continue
            made[clock] += 1

    (told,) = await list_overbooked(desk, NOON)
    assert (told.hour, told.docks, told.promised, told.no_show_percent) == (9, 4, 5, 33.3)
    assert told.overflow_percent <= 30
    assert made == {"09:00": 5, "10:00": 4}


async def test_what_is_closed_whole_is_not_overbooked(store):
    terms = Overbooking(overflow_percent=30, least_expected=10)
    desk = Desk(tiny_park(docks=4, rules=HouseRules(overbooking=terms)), store)
    for day in range(1, 6):
        await live(desk, MONDAY - timedelta(days=day), [AppointmentState.NO_SHOW, AppointmentState.COMPLETED])
    await attending.keep_record(desk, NOON)
    wish = draft(1).wish
    asked = ClosureDraft(ClosureKind.DOCK_GROUP, wish, wish + timedelta(hours=1), "burst pipe", "w1-reefer")
    await closures.make_closure(desk, asked, NOON, None)

    with pytest.raises(DocksFull):
        await appointments.request_appointment(desk, draft(1), NOON, None)


async def test_off_by_default_nothing_is_overbooked(store):
    desk = Desk(tiny_park(), store)
    for day in range(1, 6):
        await live(desk, MONDAY - timedelta(days=day), [AppointmentState.NO_SHOW] * 12)

    await attending.keep_record(desk, NOON)

    assert await list_overbooked(desk, NOON) == []
    assert desk.allowances.docks("w1-reefer", 4, 9) == 4
    assert (await store.find(desk.keys.attendance(MONDAY - timedelta(days=1)))).document["shows"]["w1-reefer@9"] == {
        "expected": 12, "missed": 12,
    }  # fmt: skip
    assert Shows() + Shows(1, 1) == Shows(1, 1)
