"""Recurring appointments: which rules are taken, which days they name, and that each is asked for once as it opens."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from dispatch.model.faults import FieldFault
from dispatch.model.grid import SlotGrid
from dispatch.model.park import Hours, HouseRules
from dispatch.model.series import OccurrenceState, Series, check_recurs, occurrences, parsed
from dispatch.services import appointments, series
from dispatch.services.desk import Desk, Misfit, PageAsked
from dispatch.services.series import SeriesDraft
from tests.api.tiny import DAY, NOW, ZONE, plate, tiny_park

GRID = SlotGrid(15, "Asia/Shanghai")
NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)  # a Wednesday
store_test = pytest.mark.store
anyio = pytest.mark.anyio


def a_series(rule="FREQ=DAILY", begins=NINE, **more):
    return Series("s1", plate(1), "c1", "w1", "frozen", begins, rule, NOW, **more)


def days_of(one, most=10):
    found = []
    for moment in occurrences(GRID, one, one.begins.date()):
        found.append(moment.date())
        if len(found) == most:
            break
    return found


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=MONTHLY", "must be DAILY or WEEKLY"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=WEEKLY;BYMONTH=1", "'BYMONTH=1' is not taken"),
        ("FREQ=WEEKLY;BYDAY=1MO", "'1MO'"),
        ("FREQ=WEEKLY;BYDAY=MO,MO", "twice"),
        ("FREQ=WEEKLY;FREQ=DAILY", "FREQ stands twice"),
        ("FREQ=DAILY;COUNT=0", "COUNT is '0'"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20261231", "both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=2026-12-31", "UNTIL is"),
        ("FREQ=DAILY;INTERVAL=100", "INTERVAL is '100'"),
        ("FREQ=DAILY;WKST=SU", "'WKST=SU' is not taken"),
        ("FREQ=DAILY;", "'' is not taken"),
        ("freq=daily", "is not taken"),
    ],
)
def test_what_is_not_taken_is_refused_by_name(rule, words):
    with pytest.raises(FieldFault, match="rule: ") as fault:
        parsed(rule)

    assert words in str(fault.value)


def test_a_rule_that_never_meets_a_day_is_refused_at_once():
    with pytest.raises(FieldFault, match="names no day"):
        check_recurs(GRID, a_series("FREQ=DAILY;INTERVAL=7;BYDAY=MO"))
    with pytest.raises(FieldFault, match="names no day"):
        check_recurs(GRID, a_series("FREQ=DAILY;COUNT=1", exdates=(DAY,)))
    with pytest.raises(FieldFault, match="names no day"):
        check_recurs(GRID, a_series("FREQ=DAILY;UNTIL=20261124"))


def test_until_is_meant_whole_as_a_day_and_to_the_second_as_a_moment():
    assert len(days_of(a_series("FREQ=DAILY;UNTIL=20261127"))) == 3
    assert len(days_of(a_series("FREQ=DAILY;UNTIL=20261127T010000Z"))) == 3
    assert len(days_of(a_series("FREQ=DAILY;UNTIL=20261127T005959Z"))) == 2


def test_an_occurrence_keeps_its_time_of_day_when_the_clocks_change():
    grid = SlotGrid(15, "Europe/Berlin")
    begins = datetime(2027, 3, 27, 9, 0, tzinfo=grid.zone)

    found = list(occurrences(grid, a_series("FREQ=DAILY;COUNT=3", begins), begins.date()))

    assert [(each.hour, each.utcoffset()) for each in found] == [
        (9, timedelta(hours=1)), (9, timedelta(hours=2)), (9, timedelta(hours=2)),
    ]  # fmt: skip


@given(
    st.sampled_from(["DAILY", "WEEKLY"]),
    st.integers(1, 6),
    st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])),
    st.integers(1, 20),
)
def test_days_are_those_of_the_rule_as_a_calendar_reads_it(frequency, interval, names, count):
    rule = f"FREQ={frequency};INTERVAL={interval};COUNT={count}"
    rule += f";BYDAY={','.join(sorted(names))}" if names else ""
    expected = rrulestr(rule, dtstart=NINE.replace(tzinfo=None))

    assert days_of(a_series(rule), 20) == [each.date() for each in expected]


def draft(rule, **more):
    return SeriesDraft(plate(1), "c1", "w1", "frozen", NINE, rule, **more)


async def results(desk, one):
    return (await series.list_occurrences(desk, one.id, PageAsked(None, 50))).things


@anyio
@store_test
async def test_each_occurrence_is_asked_for_once_as_it_opens_with_a_result_of_its_own(store):
    desk = Desk(tiny_park(docks=1), store)
    wish = NINE + timedelta(days=1)
    taken = appointments.AppointmentDraft(plate(9), "c1", "w1", "frozen", wish, earliest=wish, latest=wish)
    await appointments.request_appointment(desk, taken, NOW, None)
    kept = await series.make_series(
        desk, draft("FREQ=DAILY;COUNT=10", exdates=(date(2026, 11, 27),), before_minutes=0, after_minutes=0), NOW, None
    )

    first = await results(desk, kept.thing)
    again = await series.settle_all(desk, NOW)
    next_day = await series.settle_all(desk, NOW + timedelta(days=1))
    second = await results(desk, kept.thing)

    states = [each.state.value for each in first]
    assert states == ["made", "refused", "excepted", *["made"] * 4, *["pending"] * 3]
    assert "docks" in first[1].problem
    assert first[7].opens_at == datetime(2026, 11, 25, tzinfo=ZONE)
    assert (again, next_day) == (0, 1)
    assert [each.state.value for each in second] == [*states[:7], "made", "pending", "pending"]
    made = await appointments.get_appointment(desk, first[0].appointment)
    assert (made.thing.slot, made.thing.plate) == (36, plate(1))


@anyio
@store_test
async def test_peak_occurrences_are_asked_for_at_their_release_and_wait_in_line_when_that_is_wished(store):
    desk = Desk(tiny_park(docks=1, rules=HouseRules(peak=(Hours("09:00", "10:00"),))), store)
    asked = draft("FREQ=WEEKLY;BYDAY=WE,TH", waitlist=True, before_minutes=0, after_minutes=0)
    kept = await series.make_series(desk, asked, NOW, None)
    noon = NOW.replace(hour=12)
    rival = appointments.AppointmentDraft(plate(9), "c1", "w1", "frozen", NINE, earliest=NINE, latest=NINE)

    assert (await results(desk, kept.thing))[0].state is OccurrenceState.PENDING
    assert (await appointments.request_appointment(desk, rival, noon, None)).thing.state == "confirmed"
    assert await series.settle_all(desk, noon) == 1
    first = (await results(desk, kept.thing))[0]

    assert first.opens_at == noon
    assert (await appointments.get_appointment(desk, first.appointment)).thing.state == "waitlisted"


@anyio
@store_test
async def test_an_ended_series_asks_for_nothing_more(store):
    desk = Desk(tiny_park(), store)
    kept = await series.make_series(desk, draft("FREQ=DAILY"), NOW, None)

    await series.end_series(desk, kept.thing.id, None)

    assert await series.settle_all(desk, NOW + timedelta(days=3)) == 0
    assert len(await results(desk, kept.thing)) == 7
    assert [each.id for each in (await series.list_series(desk, "c1", None, PageAsked())).things] == [kept.thing.id]


@anyio
@store_test
async def test_a_series_that_does_not_fit_the_park_is_refused(store):
    desk = Desk(tiny_park(), store)

    for faulty, field in [
        (draft("FREQ=YEARLY"), "rule"),
        (replace(draft("FREQ=DAILY"), warehouse="w9"), "warehouse"),
        (replace(draft("FREQ=DAILY"), carrier="c9"), "carrier"),
    ]:
        with pytest.raises(Misfit) as misfit:
            await series.make_series(desk, faulty, NOW, None)
        assert misfit.value.field == field
