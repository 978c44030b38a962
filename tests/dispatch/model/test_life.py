"""The life of an appointment, walked step by step through its whole table."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from dispatch.model.life import after, no_show_at
from dispatch.model.promises import (
    APPOINTMENT_LIFE,
    EVENT_OF,
    HOLDING,
    INSIDE,
    AppointmentState,
    MoveOffer,
)
from dispatch.model.refusals import NotAllowedNow
from dispatch.services.booking import BORN, claims
from dispatch.store.keys import Keys
from tests.dispatch.store.small_park import NOW, a_park, an_appointment, at

PARK = a_park("p")
OVER = {"completed", "cancelled", "expired", "no_show"}


@pytest.mark.parametrize(("state", "step"), list(product(AppointmentState, EVENT_OF)))
def test_every_step_from_every_state_is_in_the_table_or_refused(state, step):
    appointment = an_appointment(state=state, expires_at=at("06:00"))

    if (state, step) in APPOINTMENT_LIFE:
        assert after(PARK, appointment, step, NOW).state is APPOINTMENT_LIFE[state, step]
    else:
        with pytest.raises(NotAllowedNow, match=state):
            after(PARK, appointment, step, NOW)


def test_every_state_is_reached_from_one_that_appointments_are_made_in():
    reached = set(BORN)
    while True:
        further = reached | {end for (begin, _), end in APPOINTMENT_LIFE.items() if begin in reached}
        if further == reached:
            break
        reached = further

    assert reached == set(AppointmentState)


def test_every_state_comes_to_an_end_and_an_end_is_left_by_no_step_but_the_way_out():
    ended = {AppointmentState(state) for state in OVER}
    for state in ended:
        assert {step for begin, step in APPOINTMENT_LIFE if begin is state} <= {"check_out"}
    for _ in APPOINTMENT_LIFE:
        ended |= {begin for (begin, _), end in APPOINTMENT_LIFE.items() if end in ended}
    assert ended == set(AppointmentState)


def test_every_step_of_the_table_has_an_event_and_every_event_a_step():
    assert {step for _, step in APPOINTMENT_LIFE} | set(BORN.values()) == set(EVENT_OF)


@pytest.mark.parametrize("state", AppointmentState)
def test_a_state_holds_its_places_or_nothing_and_a_truck_inside_is_counted_once(state):
    taken = claims(PARK, Keys("p"), an_appointment(state=state))

    assert bool(taken) == (state in HOLDING)
    assert sum("inside" in claim.take.key for claim in taken) == (state in INSIDE)
    assert len({(claim.take.key, claim.take.field) for claim in taken}) == len(taken)


def test_a_sweep_looks_when_a_hold_ends_when_an_offer_ends_and_when_a_truck_is_a_no_show():
    held = an_appointment(state=AppointmentState.REQUESTED, expires_at=at("06:00"))
    offer = MoveOffer(held.day, 40, "east", at("08:30"), "late")

    confirmed = after(PARK, held, "confirm", NOW, expires_at=None)
    offered = after(PARK, confirmed, "offer_move", NOW, offer=offer)

    assert after(PARK, held, "amend", NOW).due_at == at("06:00")
    assert confirmed.due_at == no_show_at(PARK, confirmed) == at("10:00")
    assert offered.due_at == at("08:30")
    assert after(PARK, confirmed, "excuse", NOW, excused_minutes=20).due_at == at("10:20")
    assert after(PARK, confirmed, "check_in", NOW).due_at is None


def test_a_place_offered_beside_its_own_is_held_too_and_what_both_need_only_once():
    keys = Keys("p")
    appointment = an_appointment()
    offered = replace(appointment, offer=MoveOffer(appointment.day, 37, "east", NOW + timedelta(minutes=5), "late"))

    docks = [c.take.field for c in claims(PARK, keys, offered) if c.take.key == keys.dock("W1-box", appointment.day)]
    gates = [c.take.field for c in claims(PARK, keys, offered) if c.take.key == keys.gate("east", appointment.day)]

    assert docks == ["36", "37", "38"]
    assert gates == ["36", "37"]
