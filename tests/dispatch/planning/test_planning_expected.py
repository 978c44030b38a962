from datetime import date, timedelta

import numpy as np

from dispatch.model.promises import Appointment, AppointmentState, Source
from dispatch.planning import expected
from solver.slots.forecast import CERTAIN
from tests.dispatch.tiny import DAY, a_park, a_visit, at

WEDNESDAY = date(2026, 6, 3)


def an_appointment(**changes):
    fields = {
        "id": "A1",
        "state": AppointmentState.CONFIRMED,
        "source": Source.REQUEST,
        "plate": "浙B12345",
        "carrier": "C1",
        "warehouse": "W1",
        "dock_group": "W1-box",
        "dock_kind": "box",
        "cargo_kind": "general",
        "gate": "east",
        "day": DAY,
        "slot": 33,
        "slots": 2,
        "made_at": at("18:00", days=-1),
        "wish": at("08:00"),
        "earliest": at("07:00"),
        "latest": at("23:50"),
    }
    return Appointment(**(fields | changes))


def test_similar_days_are_the_same_weekday_of_the_four_weeks_before_today():
    tuesday = WEDNESDAY - timedelta(days=1)

    assert expected.similar_days(WEDNESDAY, tuesday) == tuple(WEDNESDAY - timedelta(weeks=w) for w in (1, 2, 3, 4))
    week_ahead = expected.similar_days(WEDNESDAY + timedelta(days=7), WEDNESDAY)
    assert week_ahead == tuple(WEDNESDAY - timedelta(weeks=w) for w in (1, 2, 3, 4))


def test_an_appointment_counts_as_what_was_asked_for_not_as_what_was_given():
    found = expected.booked_requests(a_park(), DAY, [an_appointment()])

    assert (found.wish.tolist(), found.first.tolist(), found.last.tolist()) == ([32], [28], [94])
    assert (found.dock_group.tolist(), found.duration.tolist(), found.carrier.tolist()) == ([0], [2], [1])
    assert found.moment.tolist() == [-6.0]


def test_appointments_that_do_not_say_what_was_asked_for_are_left_out():
    silent = an_appointment(wish=None, earliest=None, latest=None)
    of_docks_gone = an_appointment(dock_group="W9-box")

    assert len(expected.booked_requests(a_park(), DAY, [silent, of_docks_gone]).wish) == 0


def test_visits_that_wait_for_a_plan_come_for_sure():
    found = expected.waiting_requests(a_park(), DAY, [a_visit(weight=3), a_visit("V2", warehouse="W9")])

    assert found.moment.tolist() == [CERTAIN]
    assert (found.wish.tolist(), found.weight.tolist()) == ([32], [3])


def test_days_are_put_together_in_their_order():
    one = expected.booked_requests(a_park(), DAY, [an_appointment()])
    other = expected.waiting_requests(a_park(), DAY, [a_visit()])

    both = expected.together([one, other])

    assert np.array_equal(both.moment, [-6.0, CERTAIN])
    assert both.wish.dtype == np.int64
