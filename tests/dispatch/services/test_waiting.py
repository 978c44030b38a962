"""Who waits for room: in which order places that come free are offered, and that nobody slips in between."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from dispatch.model.park import HouseRules, PriorityGroup
from dispatch.model.promises import GIVEN_UP, HOLDING, AppointmentState
from dispatch.model.refusals import Refusal
from dispatch.services import appointments, moving, waiting
from dispatch.services.appointments import AppointmentDraft, AppointmentFilter
from dispatch.services.desk import Desk, Misfit, PageAsked
from dispatch.services.moving import Changes
from dispatch.services.sweeping import sweep
from tests.api.tiny import DAY, NOW, ZONE, plate, tiny_park

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)
EVERYBODY = AppointmentFilter().admits
RULES = HouseRules(waitlist_minutes=15)


def draft(number=1, minutes=0, *, half=0, **more):
    wish = NINE + timedelta(minutes=minutes)
    either = timedelta(minutes=half)
    return AppointmentDraft(
        plate(number),
        more.pop("carrier", "c1"),
        "w1",
        "frozen",
        wish,
        earliest=wish - either,
        latest=wish + either,
        **more,
    )


@pytest.fixture
def desk(store):
    """One dock; c2 belongs to the group that comes first."""
    park = tiny_park(docks=1, rules=RULES)
    firms = tuple(replace(firm, group="first") if firm.id == "c2" else firm for firm in park.enterprises)
    return Desk(replace(park, priority_groups=(PriorityGroup("first", "First"),), enterprises=firms), store)


async def ask(desk, number, minutes=0, *, after=0, **more):
    now = NOW + timedelta(seconds=after)
    return (
        await appointments.request_appointment(desk, draft(number, minutes, waitlist=True, **more), now, None)
    ).thing


async def state_of(desk, appointment):
    return (await appointments.get_appointment(desk, appointment.id)).thing.state.value


async def cancel(desk, appointment, now=NOW):
    return await appointments.cancel_appointment(desk, appointment.id, now, None)


async def test_without_room_a_request_waits_and_without_the_flag_it_is_refused(desk):
    held = await ask(desk, 1)

    waiting_one = await ask(desk, 2)

    assert (held.state, waiting_one.state) == (AppointmentState.CONFIRMED, AppointmentState.WAITLISTED)
    assert waiting_one.reason == "dock group w1-reefer 09:00"
    with pytest.raises(Refusal):
        await appointments.request_appointment(desk, draft(3), NOW, None)


async def test_a_place_given_back_is_held_for_the_first_in_line_by_group_then_by_asking(desk):
    held = await ask(desk, 1)
    second = await ask(desk, 2, after=1)
    third = await ask(desk, 3, after=2)
    first = await ask(desk, 4, after=3, carrier="c2")

    await cancel(desk, held)

    offered = (await appointments.get_appointment(desk, first.id)).thing
    assert [await state_of(desk, each) for each in (first, second, third)] == ["requested", "waitlisted", "waitlisted"]
    assert offered.expires_at == NOW + timedelta(minutes=15)
    assert [each.id for each in (await waiting.list_line(desk, DAY, EVERYBODY, PageAsked())).things] == [
        second.id,
        third.id,
    ]
    with pytest.raises(Refusal):
        await appointments.request_appointment(desk, draft(9), NOW, None)


async def test_accepted_it_is_confirmed_declined_or_expired_it_goes_to_the_next(desk):
    held = await ask(desk, 1)
    line = [await ask(desk, 2 + i, after=i) for i in range(3)]

    await cancel(desk, held)
    declined = await cancel(desk, line[0])
    assert declined.thing.reason == GIVEN_UP
    assert [await state_of(desk, each) for each in line] == ["cancelled", "requested", "waitlisted"]
    await sweep(desk, NOW + timedelta(minutes=15))
    assert [await state_of(desk, each) for each in line] == ["cancelled", "expired", "requested"]
    await appointments.confirm_appointment(desk, line[2].id, NOW + timedelta(minutes=16), None)

    assert await state_of(desk, line[2]) == "confirmed"


async def test_who_does_not_fit_what_came_free_is_passed_over_and_stays_first(desk):
    held = [await ask(desk, 1), await ask(desk, 2, minutes=15)]
    other = await ask(desk, 3)
    fitting = await ask(desk, 4, minutes=15, after=1)

    await cancel(desk, held[1])

    assert [await state_of(desk, each) for each in (other, fitting)] == ["waitlisted", "requested"]


async def test_a_move_away_and_a_no_show_make_room_too(desk):
    held = await ask(desk, 1)
    other = await ask(desk, 2, minutes=60)
    line = [await ask(desk, 3), await ask(desk, 4, minutes=60, after=1)]

    await moving.amend_appointment(desk, held.id, Changes(wish=NINE + timedelta(hours=3)), NOW, None)
    assert [await state_of(desk, each) for each in line] == ["requested", "waitlisted"]
    await appointments.confirm_appointment(desk, line[0].id, NOW, None)
    await cancel(desk, other)

    assert [await state_of(desk, each) for each in line] == ["confirmed", "requested"]


async def test_who_waits_leaves_the_line_when_he_likes_and_when_his_last_start_is_past(desk):
    await ask(desk, 1)
    leaves, stays = await ask(desk, 2), await ask(desk, 3)

    await cancel(desk, leaves)
    assert [each.id for each in (await waiting.list_line(desk, DAY, EVERYBODY, PageAsked())).things] == [stays.id]
    await sweep(desk, NINE)

    assert await state_of(desk, stays) == "expired"
    assert not (await waiting.list_line(desk, DAY, EVERYBODY, PageAsked())).things


async def test_a_chained_visit_does_not_wait(desk):
    stops = (appointments.StopDraft("w1", "frozen"),)

    with pytest.raises(Misfit, match="chained"):
        await appointments.request_appointment(desk, draft(1, waitlist=True, stops=stops), NOW, None)


@pytest.mark.parametrize("seed", range(3))
async def test_nobody_slips_in_before_the_line_however_many_ask_while_places_come_free(desk, seed):
    """Cancellations, fresh requests, declines and confirmations at once: whoever is offered a place was the first in
    line who fitted it, and no counter passes its limit."""
    rng = np.random.default_rng(seed)
    held = [await ask(desk, i, minutes=15 * i) for i in range(8)]
    line = [await ask(desk, 20 + i, minutes=15 * (i % 8), after=i) for i in range(24)]

    async def fresh(number):
        try:
            return await appointments.request_appointment(desk, draft(number, 15 * int(rng.integers(8))), NOW, None)
        except Refusal:
            return None

    async def leave(appointment):
        await asyncio.sleep(float(rng.random()) * 0.02)
        await cancel(desk, appointment)

    chosen = [held[i] for i in rng.choice(8, 5, replace=False)]
    fresh_ones = [fresh(100 + i) for i in range(40)]
    results = await asyncio.gather(*(leave(each) for each in chosen), *fresh_ones)

    assert not any(results)
    freed = {each.slot for each in chosen}
    states = [(each.slot, await state_of(desk, each)) for each in line]
    for slot in range(36, 44):
        in_order = [state for at, state in states if at == slot]
        assert in_order == (["requested"] if slot in freed else ["waitlisted"]) + ["waitlisted"] * 2
    listed = await appointments.list_appointments(desk, AppointmentFilter(day=DAY), PageAsked(None, 200))
    holding = Counter(each.slot for each in listed.things if each.state in HOLDING)
    assert max(holding.values()) == 1


async def test_a_daily_quota_that_comes_free_serves_who_waits_for_another_hour(store):
    park = tiny_park(docks=3, rules=RULES)
    firms = tuple(replace(firm, daily_quota=1) if firm.id == "c2" else firm for firm in park.enterprises)
    desk = Desk(replace(park, enterprises=firms), store)
    held = await ask(desk, 1, carrier="c2")
    waits = await ask(desk, 2, minutes=180, carrier="c2")

    await cancel(desk, held)

    assert waits.reason == "carrier c2 2026-11-25"
    assert await state_of(desk, waits) == "requested"


class Line:
    """A pure model of one slot with so many docks: who holds a dock, who is offered one, and who waits, in order."""

    def __init__(self, docks):
        self.docks = docks
        self.states: dict[str, str] = {}
        self.line: list[tuple[int, int, str]] = []  # rank, number, id

    def holding(self):
        return [each for each, state in self.states.items() if state in ("confirmed", "requested")]

    def ask(self, identity, rank, number):
        is_free = len(self.holding()) < self.docks
        self.states[identity] = "confirmed" if is_free else "waitlisted"
        if not is_free:
            self.line.append((rank, number, identity))

    def end(self, identity, state):
        self.line = [each for each in self.line if each[2] != identity]
        self.states[identity] = state
        while self.line and len(self.holding()) < self.docks:
            first = min(self.line)
            self.line.remove(first)
            self.states[first[2]] = "requested"


@pytest.mark.parametrize("seed", range(4))
async def test_any_life_of_a_slot_and_its_line_is_that_of_the_model(store, seed):
    rng = np.random.default_rng(seed)
    park = tiny_park(docks=2, rules=replace(RULES, waitlist_minutes=5))
    firms = tuple(replace(firm, group="first", quota=None) if firm.id == "c2" else firm for firm in park.enterprises)
    desk = Desk(replace(park, priority_groups=(PriorityGroup("first", "First"),), enterprises=firms), store)
    model, offered_at = Line(2), {}

    for step in range(60):
        now = NOW + timedelta(minutes=step)
        for each in [each for each, since in offered_at.items() if since <= step - 5]:
            if model.states[each] == "requested":
                await sweep(desk, now)
                model.end(each, "expired")
        known = [each for each, state in model.states.items() if state in ("confirmed", "requested", "waitlisted")]
        act = rng.choice(["ask", "cancel", "confirm"], p=[0.5, 0.3, 0.2])
        chosen = str(rng.choice(known)) if known else ""
        if act == "ask" or not known:
            carrier = str(rng.choice(["c1", "c2"]))
            made = await ask(desk, step, after=60 * step, carrier=carrier)
            model.ask(made.id, int(carrier == "c1"), step)
        elif act == "cancel":
            await appointments.cancel_appointment(desk, chosen, now, None)
            model.end(chosen, "cancelled")
        elif model.states[chosen] == "requested":
            await appointments.confirm_appointment(desk, chosen, now, None)
            model.states[chosen] = "confirmed"
        for each, state in model.states.items():
            if state == "requested":
                offered_at.setdefault(each, step)

        listed = await appointments.list_appointments(desk, AppointmentFilter(day=DAY), PageAsked(None, 200))
        assert {each.id: each.state.value for each in listed.things} == model.states, step
        line = (await waiting.list_line(desk, DAY, EVERYBODY, PageAsked(None, 200))).things
        assert [each.id for each in line] == [each for _, _, each in sorted(model.line)]
