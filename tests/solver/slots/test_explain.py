from dataclasses import replace

import numpy as np
import pytest

from solver.slots import check, neighbourhood, resources
from solver.slots.board import board
from solver.slots.explain import explain_visit
from solver.slots.obstacles import Full
from solver.slots.resources import Kind, Resource

from .parks import drawn_park, optimum, park

EVERYONE = 10**6
LONG = 60.0


def nothing_placed(instance):
    return np.where(instance.frozen == 1, instance.promised, -1)


def best_plan(instance):
    everyone = np.flatnonzero(instance.frozen == 0)
    return neighbourhood.resolve(board(instance, nothing_placed(instance)), everyone, seconds=LONG).start


def first_come_plan(instance):
    """Return a lawful plan that is seldom the best: each visit in turn takes the first start that is lawful."""
    start = nothing_placed(instance)
    for v in np.flatnonzero(instance.frozen == 0):
        for slot in range(instance.horizon):
            tried = start.copy()
            tried[v] = slot
            if not check.violations(instance, tried):
                start = tried
                break
    return start


def crowded(seed, **changes):
    return drawn_park(np.random.default_rng(seed), 8, horizon=6, drop=20, early=2, late=1, **changes)


@pytest.mark.parametrize("seed", range(20))
def test_a_slot_is_called_free_just_when_the_visit_could_move_there(seed):
    instance = crowded(seed)
    day = board(instance, first_come_plan(instance))

    for v in range(instance.visits):
        for slot in explain_visit(day, v, seconds=0).slots:
            moved = day.start.copy()
            moved[v] = slot.slot
            assert (check.violations(instance, moved) == []) == (not slot.full)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_called_full_is_all_that_stands_in_the_way(seed):
    instance = crowded(seed)
    day = board(instance, first_come_plan(instance))

    for v in range(instance.visits):
        for slot in explain_visit(day, v, seconds=0).slots:
            moved = day.start.copy()
            moved[v] = slot.slot
            labels = {Kind.GATE: "S3", Kind.DOCKS: "S2", Kind.QUOTA: "S4", Kind.TRUCK: "S5"}
            faults = check.violations(instance, moved)
            assert {fault.label for fault in faults} == {labels[full.kind] for full in slot.full}
            for full in slot.full:
                if full.kind is Kind.DOCKS:
                    assert full.slots == tuple(fault.slot for fault in faults if fault.label == "S2")


@pytest.mark.parametrize("seed", range(25))
def test_one_more_is_worth_the_difference_of_the_two_optima_and_the_slot_is_really_got(seed):
    instance = crowded(seed)
    day = board(instance, best_plan(instance))

    for v in range(instance.visits):
        for unit in explain_visit(day, v, seconds=LONG).units:
            enlarged = resources.enlarged(instance, unit.resource)
            got = optimum(enlarged, {v: unit.slot})
            assert got is not None
            assert got <= day.cost - unit.saving
            if not unit.kept:
                assert unit.worth.exact
                assert unit.worth.worth == unit.saving == optimum(instance) - optimum(enlarged)


@pytest.mark.parametrize("seed", range(25))
def test_for_an_optimal_plan_a_few_visits_never_promise_more_than_the_optima_differ(seed):
    instance = crowded(seed)
    day = board(instance, best_plan(instance))

    for v in range(instance.visits):
        for unit in explain_visit(day, v, seconds=LONG, most=3).units:
            enlarged = resources.enlarged(instance, unit.resource)
            assert optimum(enlarged, {v: unit.slot}) <= day.cost - unit.saving
            if unit.worth is not None:
                assert unit.worth.worth <= optimum(instance) - optimum(enlarged)


@pytest.mark.parametrize("seed", range(25))
def test_what_a_poor_plan_gains_anyway_is_not_put_down_to_the_unit(seed):
    instance = crowded(seed)
    day = board(instance, first_come_plan(instance))

    for v in range(instance.visits):
        found = explain_visit(day, v, seconds=LONG)
        if found.anyway is not None:
            assert optimum(instance, {v: found.anyway}) == optimum(instance)
        for unit in found.units:
            enlarged = resources.enlarged(instance, unit.resource)
            if unit.worth is not None:
                assert unit.worth.worth == optimum(instance) - optimum(enlarged)
                if not unit.kept:
                    assert optimum(enlarged, {v: unit.slot}) == unit.worth.cost_after


def explained(instance, start, v):
    return explain_visit(board(instance, np.array(start)), v, seconds=LONG)


def test_a_full_gate_is_named_and_one_more_place_gives_the_wish():
    found = explained(park([{}, {"weight": 3}], gate=[1] * 4), [2, 1], 0)

    assert [(slot.slot, slot.saving, slot.full) for slot in found.slots] == [
        (1, 1, (Full(Kind.GATE, -1, (1,), 1, frozen=False),))
    ]
    (unit,) = found.units
    assert (unit.resource, unit.slot, unit.saving, unit.kept) == (Resource(Kind.GATE, -1, 1), 1, 1, False)
    assert (unit.worth.worth, unit.worth.cost_before, unit.worth.cost_after, unit.worth.exact) == (1, 1, 0, True)


def test_a_place_that_others_need_more_is_offered_for_this_visit_alone():
    instance = park([{}, {"weight": 3}, {"weight": 3}], gate=[1] * 4)

    found = explained(instance, [2, 1, 0], 0)

    (unit,) = found.units
    assert (unit.resource, unit.slot, unit.saving, unit.kept) == (Resource(Kind.GATE, -1, 1), 1, 1, True)
    assert unit.worth.worth == 3


def test_the_own_other_visit_is_named_and_no_truck_is_added():
    found = explained(park([{"truck": 5}, {"truck": 5, "weight": 9}], horizon=6), [3, 1], 0)

    assert found.slots[1].full == (Full(Kind.TRUCK, 5, (1, 2), 1, frozen=False, others=(1,)),)
    assert found.units == ()


def test_docks_full_in_several_slots_ask_for_a_dock_all_day():
    visits = [{"duration": 2, "latest": 5}, {"duration": 2, "weight": 9}]

    found = explained(park(visits, horizon=6, docks=[[1] * 6]), [3, 1], 0)

    assert found.slots[1].full[0].slots == (1, 2)
    assert found.units[0].resource == Resource(Kind.DOCKS, 0, -1)
    assert found.units[0].slot == 1


def test_a_quota_is_added_for_the_whole_day():
    found = explained(park([{"carrier": 0}, {"carrier": 0}], quota=[1]), [2, 1], 0)

    assert found.units[0].resource == Resource(Kind.QUOTA, 0, -1)
    assert (found.anyway, found.anyway_saving) == (1, 0)


def test_frozen_visits_that_fill_a_row_are_named_and_one_more_does_not_help_where_they_over_fill_it():
    frozen = {"frozen": 1, "promised": 1}
    instance = park([{}, frozen, frozen], gate=[9, 0, 9, 9])

    found = explained(instance, [2, 1, 1], 0)

    assert found.slots[0].full == (Full(Kind.GATE, -1, (1,), 2, frozen=True),)
    assert found.units == ()


def test_a_free_better_slot_is_called_free():
    found = explained(park([{}]), [3], 0)

    assert found.free == (0, 1, 2)
    assert found.units == ()


def test_a_free_slot_that_fairness_forbids_is_not_called_a_fault_of_the_plan():
    instance = park([{"carrier": 0, "wish": 2}], early=0, late=1, quota=[-1], fairness=5)

    found = explained(instance, [3], 0)

    assert [(slot.slot, slot.full) for slot in found.slots] == [(0, ()), (1, ()), (2, ())]
    assert found.free == (1, 2)


def test_a_visit_without_a_start_or_frozen_may_not_start():
    instance = park([{"duration": 9}, {"frozen": 1, "promised": 3}])

    for v in (0, 1):
        found = explained(instance, [-1, 3], v)
        assert (found.may_start, found.slots, found.units) == (False, (), ())


def test_a_promise_makes_its_slot_the_better_one():
    instance = replace(park([{"promised": 3}, {"wish": 3, "weight": 9}], gate=[1] * 4), move=5)

    found = explained(instance, [1, 3], 0)

    assert [(slot.slot, slot.saving) for slot in found.slots] == [(3, 3)]
