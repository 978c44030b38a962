"""What a driven day is judged by: occupation seen from outside, and a ledger that asks a reason of every refusal."""

from datetime import timedelta

import pytest

from api.driving.callers import Ledger
from api.driving.connections import Answer
from api.driving.occupation import Shut, oversold
from api.settings import demo_park_file
from dispatch.files import load_park
from dispatch.model.park import HouseRules
from simulations.demand.generate import generate_day
from simulations.driving.habits import How
from simulations.driving.script import write_script
from tests.api.tiny import DAY, NOW, plate, tiny_park

PARK = tiny_park(docks=2, rules=HouseRules(turn_slots=1))
NINE = 36


def booked(number=1, slot=NINE, slots=1, **more):
    """Return an appointment as the API shows it, as far as it is looked at."""
    return {
        "id": f"appointment-{number}",
        "state": "confirmed",
        "plate": plate(number),
        "carrier": "c1",
        "day": DAY.isoformat(),
        "slot": slot,
        "slots": slots,
        "gate": "east",
        "dock_group": "w1-reefer",
        "stops": [],
        "offer": None,
    } | more


def test_what_fits_is_not_oversold():
    assert oversold(PARK, [booked(1), booked(2), booked(3, slot=NINE + 1)]) == []


def test_who_no_longer_holds_a_place_counts_for_nothing():
    assert oversold(PARK, [booked(1), booked(2), booked(3, state="no_show"), booked(4, state="cancelled")]) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([booked(1), booked(2), booked(3)], "dock w1-reefer holds 3 of 2 in slot 36"),
        ([booked(1, slots=2), booked(2, slots=2), booked(3, slot=NINE + 1)], "holds 3 of 2 in slot 37"),
        ([booked(n, dock_group=f"w1-{kind}") for n, kind in enumerate(["container", "reefer"] * 3)], "gate east holds"),
        ([booked(n, carrier="c2", gate=gate) for n, gate in enumerate(["east", "west", "west"])], "carrier c2 has 3"),
        ([booked(1), booked(2, plate=plate(1), slot=NINE + 1)], "is in two places"),
        ([booked(1), booked(2), booked(3, slot=50, offer={"gate": "west", "slot": NINE, "day": DAY.isoformat(),
                                                         "stops": []})], "dock w1-reefer holds 3 of 2"),
    ],
)  # fmt: skip
def test_whatever_holds_more_than_there_is_of_it_is_named(found, words):
    assert any(words in each for each in oversold(PARK, found))


def test_a_truck_done_early_is_free_again_once_it_has_turned():
    done = booked(1, state="completed", slots=1)

    assert oversold(PARK, [done, booked(2, plate=plate(1), slot=NINE + 2)]) == []


def test_what_is_closed_may_be_full_of_those_who_were_there_before_but_of_nobody_who_came_later():
    shut = [Shut("dock", "w1-reefer", DAY, range(NINE, NINE + 4), 1, NOW)]
    before = {"appointment-1": NOW - timedelta(hours=1), "appointment-2": NOW - timedelta(hours=1)}

    assert oversold(PARK, [booked(1), booked(2)], shut, before) == []
    assert oversold(PARK, [booked(1), booked(2)], shut, before | {"appointment-2": NOW + timedelta(minutes=1)})


def test_a_refusal_needs_a_reason_that_the_park_knows_and_must_name_what_it_is_for():
    ledger = Ledger()

    ledger.note("ask", Answer(409, {"type": "/problems/docks-full", "resource": "dock group w1-reefer 09:00"}))
    assert ledger.fault_count == 0

    ledger.note("ask", Answer(409, {"type": "/problems/docks-full"}))
    ledger.note("ask", Answer(409, {"type": "/problems/because", "resource": "me"}))
    ledger.note("ask", Answer(422, {"type": "/problems/invalid-request", "errors": []}))
    ledger.note("ask", Answer(404, {"type": "/problems/docks-full", "resource": "dock group w1-reefer 09:00"}))
    assert ledger.fault_count == 4
    assert not ledger.failures

    ledger.note("ask", Answer(500, {"type": "/problems/internal-error"}))
    assert ledger.failures == {"ask: 500 internal-error": 1}


def test_the_script_of_a_day_is_the_same_for_its_seed_and_asks_for_every_visit_once():
    park = load_park(demo_park_file())
    day = generate_day(park, visits=120, seed=5)

    one, other = write_script(park, day, 5), write_script(park, day, 5)

    assert one == other
    assert one != write_script(park, day, 6)
    assert sorted(each.visit.id for each in one.askings) == sorted(visit.id for visit in day.visits)
    assert {How.PLAN, How.BULK, How.SINGLE} <= {each.how for each in one.askings}
    assert all(one.begins <= each.at <= each.visit.wish for each in one.askings)
    assert [each.load for each in one.postings] == list(day.loads)
