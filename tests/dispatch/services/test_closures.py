"""A closure falls in the moment it is made; who is booked there is moved with few moves, told, and may refuse."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from dispatch.model.closures import ClosureKind
from dispatch.model.park import HouseRules
from dispatch.model.promises import HOLDING, AppointmentState
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.services import appointments, availability, closures, displaced, waiting
from dispatch.services.appointments import AppointmentDraft, AppointmentFilter, StopDraft
from dispatch.services.availability import Question
from dispatch.services.books import imbalances
from dispatch.services.closures import ClosureDraft
from dispatch.services.desk import Desk, Misfit, PageAsked
from dispatch.services.replanning import replan_closure
from dispatch.store.board import Board
from tests.api.tiny import DAY, NOW, ZONE, later, plate, tiny_park

pytestmark = [pytest.mark.anyio, pytest.mark.store]

RULES = HouseRules(replan_seconds=1)


def at(clock, day=DAY):
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=ZONE)


def draft(number=1, clock="09:00", *, half=120, cargo="frozen", **more):
    wish = at(clock)
    either = timedelta(minutes=half)
    return AppointmentDraft(
        plate(number), "c1", "w1", cargo, wish, earliest=wish - either, latest=wish + either, **more
    )


@pytest.fixture
def desk(store):
    return Desk(tiny_park(rules=RULES), store)


async def book(desk, *drafted, **more):
    return (await appointments.request_appointment(desk, draft(*drafted, **more), NOW, None)).thing


async def close(desk, kind, target="", begins="09:00", ends="10:00", closed=None):
    asked = ClosureDraft(ClosureKind(kind), at(begins), at(ends), "burst pipe", target, closed)
    return (await closures.make_closure(desk, asked, NOW, None)).thing


async def read(desk, appointment):
    return (await appointments.get_appointment(desk, appointment.id)).thing


async def held_on(desk, day=DAY):
    listed = await appointments.list_appointments(desk, AppointmentFilter(day=day), PageAsked(None, 200))
    return [each for each in listed.things if each.state in HOLDING]


async def check_books(desk):
    board = Board()
    while events := await desk.store.events(board.last_event, 500):
        for event in events:
            board.apply(event)
    assert imbalances(desk.park, desk.keys, board) == []


async def test_what_is_closed_is_refused_at_once_and_given_back_when_the_closure_is_cancelled(desk):
    made = await close(desk, "dock_group", "w1-reefer", closed=1)
    await book(desk, 1, half=0)

    told = "dock group w1-reefer 09:00 .closed until 2026-11-25T10:00:00.08:00: burst pipe."
    with pytest.raises(Refusal, match=told):
        await book(desk, 2, half=0)
    nine = (await availability.list_slots(desk, Question("w1", DAY, cargo_kind="frozen"), NOW))[36]
    assert (nine.docks, nine.free_docks) == (1, 0)
    assert nine.obstacle is not None
    assert "burst pipe" in nine.obstacle.resource
    hours = await availability.list_hours(desk, DAY, "w1", None, NOW)
    assert [hour.docks for hour in hours if hour.dock_kind == "reefer" and hour.starts_at.hour in (9, 10)] == [4, 8]
    waits = (await appointments.request_appointment(desk, draft(3, half=0, waitlist=True), NOW, None)).thing
    await check_books(desk)
    await closures.cancel_closure(desk, made.id, NOW, None)

    assert (await read(desk, waits)).state is AppointmentState.REQUESTED
    await check_books(desk)
    with pytest.raises(NotAllowedNow):
        await closures.cancel_closure(desk, made.id, NOW, None)


async def test_a_closed_dock_moves_as_few_as_must_be_and_each_is_told(desk):
    booked = [await book(desk, 10 * i + n, clock, half=0) for i, clock in enumerate(["09:00", "09:15"]) for n in (1, 2)]
    made = await close(desk, "dock_group", "w1-reefer", closed=1, begins="09:00", ends="09:30")

    result = await replan_closure(desk, made.id, NOW)

    now = [await read(desk, each) for each in booked]
    moved = [each for each in now if each.displaced_by]
    assert (result["moved"], result["waitlisted"], result["left"]) == (2, 0, 0)
    assert len(moved) == 2
    for each in moved:
        assert each.moved is not None
        assert each.moved.reason == each.reason == "burst pipe"
        assert each.moved.slot in {36, 37}
        assert each.slot in {34, 35, 38, 39}
    assert Counter(each.slot for each in now if each.slot in {36, 37}) == {36: 1, 37: 1}
    told = [event for event in await desk.store.events("0", 500) if event.name == "AppointmentDisplaced"]
    assert {event.document["id"] for event in told} == {each.id for each in moved}
    await check_books(desk)


async def test_a_closed_gate_sends_its_trucks_through_the_other_without_another_slot(desk):
    booked = [
        await book(desk, n, half=0, cargo=cargo) for n, cargo in enumerate(["frozen", "frozen", "import", "import"])
    ]
    made = await close(desk, "gate", "east")

    result = await replan_closure(desk, made.id, NOW)

    now = [await read(desk, each) for each in booked]
    assert result["moved"] == 4
    assert {(each.slot, each.gate) for each in now} == {(36, "west")}


async def test_a_closed_warehouse_puts_everybody_elsewhere_on_the_day_also_who_would_still_be_inside(desk):
    inside = await book(desk, 1, "08:45", cargo="import", half=0)
    others = [await book(desk, 2 + n, clock, half=15) for n, clock in enumerate(["09:00", "10:00", "14:00"])]
    made = await close(desk, "warehouse", "w1", "09:00", "13:00")

    result = await replan_closure(desk, made.id, NOW)

    now = [await read(desk, each) for each in (inside, *others)]
    assert result["moved"] == 3
    assert all(each.slot + each.slots <= 36 or each.slot >= 52 for each in now)
    assert now[3].displaced_by is None
    await check_books(desk)


async def test_a_holiday_moves_everybody_to_the_nearest_day_and_nobody_new_comes_in(desk):
    booked = [await book(desk, n, half=0) for n in (1, 2)]
    chain = await book(desk, 3, "10:00", half=0, stops=(StopDraft("w1", "import"),))
    made = await close(desk, "park", begins="00:00", ends="23:59")

    with pytest.raises(Refusal):
        await book(desk, 9, "16:00", half=0)
    result = await replan_closure(desk, made.id, NOW)

    now = [await read(desk, each) for each in (*booked, chain)]
    assert result["moved"] == 3
    assert {each.day for each in now} == {later(1)}
    assert not await held_on(desk)
    await check_books(desk)


async def test_a_chain_of_which_a_stop_is_closed_is_moved_whole_told_and_may_be_refused(desk):
    chain = await book(desk, 3, "09:00", half=0, stops=(StopDraft("w1", "import"),))
    beside = await book(desk, 4, "09:00", cargo="import", half=0)
    made = await close(desk, "dock_group", "w1-container", "09:15", "10:00")

    result = await replan_closure(desk, made.id, NOW)

    now = await read(desk, chain)
    assert result["moved"] == 2
    assert (now.slot, [stop.slot for stop in now.stops]) == (36, [40])  # the stop alone has to wait
    assert (now.displaced_by, now.reason, now.moves) == (made.id, "burst pipe", 1)
    assert (await read(desk, beside)).slot == 35
    await check_books(desk)
    assert (await displaced.refuse_change(desk, chain.id, NOW, None, waitlist=False)).thing.state == "cancelled"
    await check_books(desk)


async def test_a_chain_that_no_day_has_room_for_whole_is_cancelled_without_blame(desk):
    chain = await book(desk, 3, "09:00", half=0, stops=(StopDraft("w1", "import"),))
    asked = ClosureDraft(ClosureKind.WAREHOUSE, at("00:00"), at("00:00", later(13)), "rebuilding", "w1")
    made = (await closures.make_closure(desk, asked, NOW, None)).thing

    result = await replan_closure(desk, made.id, NOW)

    now = await read(desk, chain)
    assert (result["cancelled"], now.state, now.displaced_by) == (1, AppointmentState.CANCELLED, made.id)
    assert now.reason == "rebuilding"
    await check_books(desk)


async def test_who_has_begun_or_is_about_to_is_left(desk):
    booked = await book(desk, 1)
    made = await close(desk, "dock_group", "w1-reefer")

    result = await replan_closure(desk, made.id, at("08:55"))

    assert result["left"] == 0
    assert (await read(desk, booked)).slot == 36


async def test_the_new_slot_may_be_accepted_or_refused_without_blame_also_for_the_line(desk):
    booked = [await book(desk, n, half=0) for n in (1, 2)] + [await book(desk, 3, "09:15", half=0)]
    await replan_closure(desk, (await close(desk, "dock_group", "w1-reefer")).id, NOW)

    accepted = (await displaced.accept_change(desk, booked[0].id, NOW, None)).thing
    refused = (await displaced.refuse_change(desk, booked[1].id, NOW, None, waitlist=False)).thing
    waits = (await displaced.refuse_change(desk, booked[2].id, NOW, None, waitlist=True)).thing

    assert (accepted.state, accepted.displaced_by) == (AppointmentState.CONFIRMED, None)
    assert refused.state is AppointmentState.CANCELLED
    assert refused.displaced_by is not None
    assert waits.state in {AppointmentState.WAITLISTED, AppointmentState.REQUESTED}
    with pytest.raises(NotAllowedNow):
        await displaced.refuse_change(desk, booked[0].id, NOW, None, waitlist=False)
    await check_books(desk)


async def test_a_closure_of_what_is_not_there_or_does_not_work_is_refused(desk):
    with pytest.raises(Misfit, match="target"):
        await close(desk, "dock_group", "w9-reefer")
    with pytest.raises(Misfit, match="nothing of it works"):
        await close(desk, "warehouse", "w1", "20:00", "21:00")
    with pytest.raises(Misfit, match="closed whole"):
        await close(desk, "warehouse", "w1", closed=1)
    with pytest.raises(Misfit, match="ends"):
        await close(desk, "gate", "east", "10:00", "09:00")


@pytest.mark.parametrize("seed", range(2))
async def test_nobody_is_oversold_when_docks_and_lanes_close_while_everybody_books(store, seed):
    rng = np.random.default_rng(seed)
    park = tiny_park(docks=4, rules=RULES)
    desk = Desk(replace(park, gates=tuple(replace(gate, seconds_per_truck=300) for gate in park.gates)), store)

    async def one(number):
        clock = f"{int(rng.integers(8, 12)):02}:{int(rng.choice([0, 15, 30, 45])):02}"
        cargo = str(rng.choice(["frozen", "import"]))
        try:
            await book(desk, number, clock, cargo=cargo, half=30)
        except Refusal:
            return

    asks = [one(number) for number in range(120)]
    first, second, *_ = await asyncio.gather(
        close(desk, "dock_group", "w1-reefer", "08:30", "11:00", closed=2),
        close(desk, "gate", "west", "09:00", "09:45"),
        *asks,
    )
    for made in (first, second):
        await replan_closure(desk, made.id, NOW)

    held = await held_on(desk)
    reefer = Counter(t for a in held if a.dock_kind == "reefer" for t in range(a.slot, a.slot + a.slots))
    gates = Counter((a.gate, a.slot) for a in held)
    assert all(count <= (2 if 34 <= t < 44 else 4) for t, count in reefer.items())
    assert all(count <= 3 and not (gate == "west" and 36 <= t < 39) for (gate, t), count in gates.items())
    line = (await waiting.list_line(desk, DAY, lambda _: True, PageAsked(None, 200))).things
    assert all(each.displaced_by for each in line)
    await check_books(desk)


async def test_nobody_is_moved_to_an_earlier_start_without_notice(desk):
    booked = await book(desk, 1, half=0)
    made = await close(desk, "dock_group", "w1-reefer", "08:45", "11:00")

    await replan_closure(desk, made.id, at("08:00"))

    assert (await read(desk, booked)).slot == 44  # 08:30 would have been nearer
