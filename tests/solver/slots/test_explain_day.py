from itertools import count

import numpy as np
import pytest

from solver.slots import check, neighbourhood, resources
from solver.slots.baselines import first_come
from solver.slots.board import board
from solver.slots.explain_day import SCARCEST, explain_day
from solver.slots.flavours import FLAVOURS, generate
from solver.slots.resources import Kind, Resource

from .parks import drawn_park, optimum, park

LONG = 600.0


def best_board(instance):
    nothing = board(instance, np.where(instance.frozen == 1, instance.promised, -1))
    everyone = np.flatnonzero(instance.frozen == 0)
    return board(instance, neighbourhood.resolve(nothing, everyone, seconds=60.0).start)


@pytest.mark.parametrize("seed", range(12))
def test_the_scarcest_are_worth_what_adding_one_and_planning_again_saves(seed):
    instance = drawn_park(np.random.default_rng(seed), 8, horizon=6, drop=20)
    day = best_board(instance)

    found = explain_day(day, seconds=LONG)

    least = optimum(instance)
    for each in (*found.scarcest, *found.dock_groups):
        assert each.exact
        assert each.worth == least - optimum(resources.enlarged(instance, each.resource)) > 0
    assert [each.worth for each in found.scarcest] == sorted((each.worth for each in found.scarcest), reverse=True)
    assert found.examined == found.binding
    assert len(found.scarcest) <= SCARCEST


@pytest.mark.parametrize("seed", range(12))
def test_no_slot_of_the_gate_that_is_worth_anything_is_missed(seed):
    instance = drawn_park(np.random.default_rng(seed), 8, horizon=6, drop=20)

    found = explain_day(best_board(instance), seconds=LONG)

    gate = [Resource(Kind.GATE, -1, slot) for slot in range(6)]
    worth = {each: optimum(instance) - optimum(resources.enlarged(instance, each)) for each in gate}
    listed = {each.resource: each.worth for each in found.scarcest}
    cut = min(listed.values(), default=0) if len(listed) == SCARCEST else 0
    for each in gate:
        assert listed.get(each, 0) == worth[each] or worth[each] <= cut


def test_every_visit_unplaced_or_moved_by_more_than_a_slot_is_explained():
    visits = [{}, {}, {}, {"wish": 3}, {"duration": 9}]
    day = board(park(visits, gate=[1] * 4), np.array([1, 2, 3, -1, -1]))

    found = explain_day(day, seconds=LONG)

    assert [each.visit for each in found.visits] == [3, 4, 2]
    assert (found.unplaced, found.moved, found.visits_in_all, found.cost) == (2, 1, 5, day.cost)
    assert found.visits[0].units[0].slot == 3
    assert not found.visits[1].may_start


def test_a_day_of_which_nobody_was_moved_has_nothing_scarce():
    found = explain_day(board(park([{}, {}]), np.array([1, 1])), seconds=LONG)

    assert (found.scarcest, found.dock_groups, found.visits) == ((), (), ())


def test_of_a_larger_day_every_claim_is_borne_out_by_a_plan_of_the_enlarged_day():
    instance = generate(FLAVOURS["peaky"], 200, np.random.default_rng(5))
    day = board(instance, first_come(instance, np.arange(200)).start)

    found = explain_day(day, seconds=2.0)

    assert found.scarcest
    for each in (*found.scarcest, *found.dock_groups):
        after = day.start.copy()
        after[each.visits] = each.after
        enlarged = resources.enlarged(instance, each.resource)
        assert check.violations(enlarged, after) == []
        assert check.cost(enlarged, after) == each.cost_after <= day.cost - each.worth
    for visit in found.visits:
        for unit in visit.units:
            after = day.start.copy()
            after[unit.visits] = unit.after
            enlarged = resources.enlarged(instance, unit.resource)
            assert after[visit.visit] == unit.slot
            assert check.violations(enlarged, after) == []
            assert check.cost(enlarged, after) <= day.cost - unit.saving


def test_when_time_is_short_what_is_full_is_still_complete():
    instance = generate(FLAVOURS["peaky"], 200, np.random.default_rng(5))
    day = board(instance, np.full(200, -1))
    ticks = count()

    found = explain_day(day, seconds=5.0, clock=lambda: float(next(ticks)))

    assert len(found.visits) == 200
    assert found.examined <= found.binding


def test_progress_is_told():
    heard = []

    explain_day(board(park([{}, {}], gate=[1] * 4), np.array([1, 2])), seconds=LONG, on_progress=heard.append)

    assert heard[0].stage == "what is full"
    assert heard[-1].stage == "done"
