"""When slots open, what quotas and shares leave, and that what availability says is what a request is answered."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from dispatch.model import rules
from dispatch.model.allowances import Allowances, monday_of
from dispatch.model.faults import FieldFault
from dispatch.model.park import Hours, HouseRules, PriorityGroup, Release
from dispatch.model.promises import AppointmentState
from dispatch.model.refusals import BookingNotOpen, DailyQuotaFull, EntriesHeld, PeakQuotaFull, QuotaFull, Refusal
from dispatch.services import appointments, availability
from dispatch.services.appointments import AppointmentDraft, AppointmentFilter
from dispatch.services.availability import Question
from dispatch.services.desk import Desk, PageAsked
from tests.api.tiny import DAY, NOW, ZONE, later, plate, tiny_park

anyio = pytest.mark.anyio
store_test = pytest.mark.store
PEAK = HouseRules(peak=(Hours("09:00", "10:00"),))
NOON = NOW.replace(hour=12)  # of the day before


def at(clock, day=DAY):
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=ZONE)


def draft(number=1, clock="09:00", day=DAY, **more):
    wish = at(clock, day)
    return AppointmentDraft(plate(number), more.pop("carrier", "c1"), "w1", "frozen", wish, earliest=wish, latest=wish)


def shared_park(**more):
    """Return a park of ten entries a slot, of which c2's group has three until two hours before."""
    groups = (PriorityGroup("first", "First", 30, 120),)
    park = tiny_park(docks=20, **more)
    firms = tuple(replace(firm, group="first", quota=None) if firm.id == "c2" else firm for firm in park.enterprises)
    return replace(park, priority_groups=groups, enterprises=firms)


def quota_park(**quotas):
    park = tiny_park(docks=20, entry_lanes=2, rules=PEAK)
    firms = tuple(replace(firm, **quotas) if firm.id == "c2" else firm for firm in park.enterprises)
    return replace(park, enterprises=firms)


async def book(desk, asked, now=NOON):
    return (await appointments.request_appointment(desk, asked, now, None)).thing


async def refusal_of(desk, asked, now=NOON):
    with pytest.raises(Refusal) as caught:
        await book(desk, asked, now)
    return caught.value


def test_a_day_opens_at_its_release_time_and_its_peak_hours_at_theirs():
    park = tiny_park(rules=replace(PEAK, release=Release("08:00", 1, "12:00")))

    assert rules.opens_at(park, later(7), 32) == at("08:00")
    assert not rules.may_book(park, later(7), 32, at("07:59"))
    assert rules.may_book(park, later(7), 32, at("08:00"))
    assert rules.opens_at(park, DAY, 36) == NOON
    assert not rules.may_book(park, DAY, 36, NOON - timedelta(seconds=1))
    assert rules.may_book(park, DAY, 36, NOON)
    assert rules.may_book(park, DAY, 40, NOON - timedelta(days=1))


def test_peak_hours_never_open_before_their_day():
    park = tiny_park(rules=replace(PEAK, booking_horizon_days=1, release=Release("14:00", 3, "12:00")))

    assert rules.opens_at(park, DAY, 36) == NOON.replace(hour=14)


def test_shares_above_the_whole_and_unknown_groups_are_faults_of_the_park_file():
    groups = (PriorityGroup("a", "A", 60), PriorityGroup("b", "B", 50))
    with pytest.raises(FieldFault, match="110 percent"):
        replace(tiny_park(), priority_groups=groups)
    with pytest.raises(FieldFault, match="open"):
        replace(tiny_park(), priority_groups=(PriorityGroup("open", "Open", 5),))
    firms = tuple(replace(firm, group="c") for firm in tiny_park().enterprises)
    with pytest.raises(FieldFault, match=r"enterprises\[0\].group"):
        replace(tiny_park(), enterprises=firms)


@anyio
@store_test
async def test_a_slot_that_is_not_released_is_refused_with_the_moment_it_opens(store):
    desk = Desk(tiny_park(rules=PEAK), store)

    refusal = await refusal_of(desk, draft(), NOON - timedelta(minutes=1))
    far = await refusal_of(desk, draft(1, "11:00", later(10)))

    assert isinstance(refusal, BookingNotOpen)
    assert refusal.opens_at == NOON
    assert [each.slot for each in refusal.alternatives] == [35, 34, 33]
    assert "opens for booking at 2026-11-24T12:00:00+08:00" in refusal.alternatives[0].not_nearer
    assert far.opens_at == rules.day_opens_at(desk.park, later(10))
    assert (await book(desk, draft())).slot == 36


@anyio
@store_test
async def test_a_daily_quota_holds_over_all_slots_and_is_given_back_by_cancelling(store):
    desk = Desk(quota_park(quota=None, daily_quota=2), store)
    first = await book(desk, draft(1, "11:00", carrier="c2"))
    await book(desk, draft(2, "12:00", carrier="c2"))

    refusal = await refusal_of(desk, draft(3, "13:00", carrier="c2"))
    await appointments.cancel_appointment(desk, first.id, NOON, None)

    assert isinstance(refusal, DailyQuotaFull)
    assert refusal.resource == "carrier c2 2026-11-25"
    assert DAY.isoformat() not in {each.day for each in refusal.alternatives}
    assert await book(desk, draft(3, "13:00", carrier="c2"))


@anyio
@store_test
async def test_peak_entries_that_were_not_earned_are_refused_in_the_peak_alone(store):
    desk = Desk(quota_park(quota=None), store)
    desk.allowance_board.post(Allowances(peak_entries={("c2", monday_of(DAY)): 1}))
    await book(desk, draft(1, carrier="c2"))

    refusal = await refusal_of(desk, draft(2, "09:15", carrier="c2"))

    assert isinstance(refusal, PeakQuotaFull)
    assert await book(desk, draft(2, "10:00", carrier="c2"))
    assert await book(desk, draft(3, "09:15", carrier="c1"))


@anyio
@store_test
async def test_a_guaranteed_share_is_kept_until_its_cutoff_and_is_everybodys_after_it(store):
    desk = Desk(shared_park(), store)
    for number in range(7):
        await book(desk, draft(number))

    held = await refusal_of(desk, draft(10))
    own = [await book(desk, draft(20 + number, carrier="c2")) for number in range(2)]
    late = await book(desk, draft(10), at("07:00"))

    assert isinstance(held, EntriesHeld)
    assert held.opens_at == at("07:00")
    assert [each.pool for each in own] == ["first", "first"]
    assert late.pool == "open"
    assert (await refusal_of(desk, draft(11), at("07:00"))).code == "gate-full"


@anyio
@store_test
async def test_a_group_whose_share_is_used_up_takes_from_what_is_open(store):
    desk = Desk(shared_park(), store)

    pools = Counter([(await book(desk, draft(number, carrier="c2"))).pool for number in range(10)])

    assert pools == {"first": 3, "open": 7}


@anyio
@store_test
@pytest.mark.parametrize("seed", range(3))
async def test_no_quota_and_no_share_is_passed_however_many_ask_at_once(store, seed):
    rng = np.random.default_rng(seed)
    park = replace(shared_park(), rules=PEAK)
    firms = tuple(replace(f, quota=3, daily_quota=9) if f.id == "c2" else f for f in park.enterprises)
    desk = Desk(replace(park, enterprises=firms), store)
    desk.allowance_board.post(Allowances(peak_entries={("c1", monday_of(DAY)): 12}))
    made: list[str] = []

    async def act(number):
        clock = f"{int(rng.integers(8, 12)):02}:{int(rng.choice([0, 15, 30, 45])):02}"
        try:
            if made and rng.random() < 0.2:
                await appointments.cancel_appointment(desk, made[int(rng.integers(len(made)))], NOON, None)
            else:
                made.append((await book(desk, draft(number, clock, carrier=str(rng.choice(["c1", "c2"]))))).id)
        except Refusal:
            pass

    for begin in range(0, 200, 40):
        await asyncio.gather(*(act(begin + i) for i in range(40)))

    listed = await appointments.list_appointments(desk, AppointmentFilter(day=DAY), PageAsked(None, 200))
    held = [each for each in listed.things if each.state is AppointmentState.CONFIRMED]
    seconds = [each for each in held if each.carrier == "c2"]
    assert 0 < len(seconds) <= 9
    assert max(Counter(each.slot for each in seconds).values()) <= 3
    assert sum(each.carrier == "c1" and each.slot in park.peak_slots for each in held) <= 12
    assert max(Counter(each.slot for each in held if each.pool == "open").values()) <= 7
    assert max(Counter(each.slot for each in held if each.pool == "first").values()) <= 3
    by_day, by_peak = await store.taken([desk.keys.carrier_days(DAY), desk.keys.carrier_peaks(DAY)])
    assert by_day == dict(Counter(each.carrier for each in held))
    assert by_peak == dict(Counter(each.carrier for each in held if each.slot in park.peak_slots))


@anyio
@store_test
async def test_what_availability_says_is_what_a_request_for_just_that_start_is_answered(store):
    desk = Desk(replace(shared_park(), rules=PEAK), store)
    now = NOON - timedelta(hours=1)
    for number, clock in enumerate(["08:00"] * 6 + ["10:00"] * 7):
        await book(desk, draft(number, clock), now)
    asked = Question("w1", DAY, cargo_kind="frozen", carrier="c1", truck=plate(50))

    seen = await availability.list_slots(desk, asked, now)

    assert {each.slot for each in seen if each.is_bookable} == set(range(32, 36)) | set(range(41, 72))
    for each in seen[30:44]:
        wish = each.starts_at
        one = AppointmentDraft(plate(50), "c1", "w1", "frozen", wish, earliest=wish, latest=wish)
        if each.is_bookable:
            made = await book(desk, one, now)
            await appointments.cancel_appointment(desk, made.id, now, None)
        else:
            refusal = await refusal_of(desk, one, now)
            assert each.obstacle is not None
            assert (refusal.resource, refusal.opens_at) == (each.obstacle.resource, each.obstacle.opens_at)


@anyio
@store_test
async def test_hours_count_what_can_be_booked_in_them(store):
    desk = Desk(replace(shared_park(), rules=PEAK), store)
    for number, clock in enumerate(["08:00"] * 6 + ["10:00"] * 7):
        await book(desk, draft(number, clock))

    hours = await availability.list_hours(desk, DAY, None, None, NOON - timedelta(hours=1))

    reefer = {each.starts_at.hour: each for each in hours if each.dock_kind == "reefer"}
    assert [reefer[hour].bookable for hour in (7, 8, 9, 10)] == [0, 4 * 7 - 6, 0, 4 * 7 - 7]
    assert (reefer[8].docks, reefer[8].free_docks, reefer[8].free_entries) == (80, 74, 22)
    assert reefer[9].opens_at == NOON


def test_every_quota_has_a_refusal_of_its_own():
    assert len({kind.code for kind in (QuotaFull, DailyQuotaFull, PeakQuotaFull, EntriesHeld)}) == 4
