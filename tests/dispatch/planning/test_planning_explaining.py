"""A plan as it stands, explained in the park's words; what one more is said to be worth is found by adding it."""

from dataclasses import replace

import pytest

from dispatch.model.park import DockGroup, DockKind
from dispatch.model.promises import AppointmentState
from dispatch.planning.explaining import as_it_stands, day_explained, visit_explained
from dispatch.planning.slots import slot_problem
from solver.slots.solve import solve
from tests.dispatch.planning.test_planning_matching_round import an_appointment
from tests.dispatch.tiny import DAY, a_gate, a_park, a_visit, a_warehouse, at

EARLY = at("06:00", days=-1)


def a_day(docks=1, count=4, **visit):
    park = a_park(gates=(a_gate(lanes=9),), warehouses=(a_warehouse(docks=docks),))
    return park, [a_visit(f"V{n}", plate=f"浙B0000{n}", wish="08:00", minutes=30, **visit) for n in range(count)]


def placed(visits, slots, **more):
    return [
        replace(an_appointment(), id=f"A{n}", visit=visit.id, plate=visit.plate, slot=slot, slots=2, **more)
        for n, (visit, slot) in enumerate(zip(visits, slots, strict=True))
    ]


def clock():
    return 0.0


def test_a_visit_is_told_what_is_full_where_it_would_rather_be_and_which_one_more_lets_it_in():
    park, visits = a_day()
    on = as_it_stands(park, DAY, visits, placed(visits, (32, 34, 30, 36)), (), EARLY)

    told = visit_explained(on, "V3", 5.0, clock)

    assert (told["wish"], told["starts_at"], told["moved_minutes"]) == (at("08:00"), at("09:00"), 60)
    at_wish = next(each for each in told["better"] if each["starts_at"] == at("08:00"))
    assert [(each["resource"], each["slots"]) for each in at_wish["full"]] == [
        ("dock group W1-box", ["08:00", "08:15"])
    ]
    best = told["with_one_more"][0]
    assert best["resource"].startswith("dock group W1-box ")
    assert best["starts_at"] == at("08:00")
    assert visit_explained(on, "V9", 5.0, clock) is None


def test_what_one_more_dock_is_said_to_be_worth_is_what_the_day_costs_less_with_it():
    park, visits = a_day()
    found = solve(slot_problem(park, DAY, visits).instance, seconds=1.0)
    on = as_it_stands(park, DAY, visits, placed(visits, found.plan.start.tolist()), (), EARLY)

    told = day_explained(on, 5.0, clock)

    (docks,) = told["dock_groups"]
    wider = replace(
        park, warehouses=(replace(park.warehouses[0], dock_groups=(DockGroup("W1-box", DockKind.BOX, 2),)),)
    )
    with_it = solve(slot_problem(wider, DAY, visits).instance, seconds=1.0)
    assert docks["resource"] == "dock group W1-box all day"
    assert (docks["worth"], docks["exact"]) == (told["cost"] - with_it.cost, True)
    assert told["cost"] == found.cost
    assert [each["visit"] for each in told["explained"]] != []


def test_who_has_no_place_and_who_has_begun_are_told_so():
    park, visits = a_day(count=2, earliest=at("08:00"), latest=at("08:00"))
    inside = placed(visits[:1], (32,), state=AppointmentState.CHECKED_IN)
    on = as_it_stands(park, DAY, visits, inside, (), at("08:05"))

    told = day_explained(on, 2.0, clock)
    begun, left = (visit_explained(on, name, 2.0, clock) for name in ("V0", "V1"))

    assert (told["visits"], told["unplaced"]) == (2, 1)
    assert (begun["frozen"], begun["starts_at"], left["starts_at"]) == (True, at("08:00"), None)
    assert left["better"][0]["full"][0]["frozen"]


@pytest.mark.parametrize("slots", [(32, 32, 33, 40), (32, 32, 32, 32)])
def test_what_is_held_beyond_what_there_is_or_outside_a_window_is_explained_all_the_same(slots):
    park, visits = a_day(earliest=at("08:00"), latest=at("08:15"))
    on = as_it_stands(park, DAY, visits, placed(visits, slots), (), EARLY)

    told = day_explained(on, 2.0, clock)

    assert (told["visits"], told["unplaced"]) == (4, 0)


def test_a_visit_that_no_start_is_left_to_is_told_so():
    park, visits = a_day(count=1, earliest=at("08:00"), latest=at("08:00"))
    busy = replace(an_appointment(), plate=visits[0].plate, slot=31, slots=4)
    on = as_it_stands(park, DAY, visits, [busy], (), EARLY)

    told = visit_explained(on, "V0", 2.0, clock)

    assert (told["starts_at"], told["may_start"], told["better"]) == (None, False, [])
