from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.model import rules
from dispatch.model.park import DockKind, Hours, HouseRules, Release
from dispatch.model.promises import Appointment, AppointmentState, LoadState, Source
from tests.api.tiny import DAY, NOW, ZONE, later, tiny_park

PARK = tiny_park(rules=HouseRules(lead_minutes=15, booking_horizon_days=7, cancel_deadline_minutes=60))
APPOINTMENT = Appointment(
    id="a1",
    state=AppointmentState.CONFIRMED,
    source=Source.REQUEST,
    plate="浙B00001",
    carrier="c1",
    warehouse="w1",
    dock_group="w1-reefer",
    dock_kind=DockKind.REEFER,
    cargo_kind="frozen",
    gate="east",
    day=DAY,
    slot=36,
    slots=1,
    made_at=NOW,
)


def test_a_slot_may_be_booked_up_to_the_lead_time_and_no_later():
    nine = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)

    assert rules.may_book(PARK, DAY, 36, nine - timedelta(minutes=15))
    assert not rules.may_book(PARK, DAY, 36, nine - timedelta(minutes=14))


def test_a_day_may_be_booked_from_today_to_the_horizon():
    assert rules.may_book_day(PARK, NOW.date(), NOW)
    assert rules.may_book_day(PARK, NOW.date() + timedelta(days=7), NOW)
    assert not rules.may_book_day(PARK, NOW.date() + timedelta(days=8), NOW)
    assert not rules.may_book_day(PARK, NOW.date() - timedelta(days=1), NOW)
    assert later(7) == NOW.date() + timedelta(days=8)


def test_a_visit_fits_a_day_when_it_ends_with_it():
    assert rules.fits_day(PARK, 94, 2)
    assert not rules.fits_day(PARK, 95, 2)
    assert not rules.fits_day(PARK, -1, 1)


def test_an_appointment_may_be_cancelled_up_to_its_deadline():
    eight = datetime(2026, 11, 25, 8, 0, tzinfo=ZONE)

    assert rules.may_cancel(PARK, APPOINTMENT, eight)
    assert not rules.may_cancel(PARK, APPOINTMENT, eight + timedelta(seconds=1))


def test_a_cancelled_appointment_may_not_be_cancelled_again():
    cancelled = replace(APPOINTMENT, state=AppointmentState.CANCELLED)

    assert not rules.may_cancel(PARK, cancelled, NOW)


@pytest.mark.parametrize(
    ("state", "answer"), [("posted", True), ("offered", True), ("accepted", False), ("withdrawn", False)]
)
def test_only_a_posted_load_may_be_withdrawn(state, answer):
    assert rules.may_withdraw(LoadState(state)) is answer


def test_a_truck_may_carry_what_its_kind_carries():
    assert rules.may_carry(PARK, "chassis", "frozen")
    assert not rules.may_carry(PARK, "chassis", "coal")


@given(st.integers(-2, 12), st.integers(0, 24 * 60 - 1), st.integers(0, 4), st.integers(0, 8))
def test_a_peak_slot_is_open_from_its_moment_on_however_it_is_found_out(ahead, minute, peak_days, horizon):
    release = Release("08:00", peak_days, "12:00")
    peak = (Hours("09:00", "10:00"),)
    park = tiny_park(rules=HouseRules(peak=peak, release=release, booking_horizon_days=horizon, lead_minutes=0))
    now = park.grid.moment_of(DAY - timedelta(days=ahead), minute)

    is_open = rules.may_book_day(park, DAY, now) and 36 not in rules.unreleased(park, DAY, now)

    assert is_open == (ahead >= 0 and now >= rules.opens_at(park, DAY, 36))
    assert rules.may_book_day(park, DAY, now) == (ahead >= 0 and now >= rules.day_opens_at(park, DAY))
