import numpy as np
import pytest

from solver.slots import check, neighbourhood, resources
from solver.slots.board import board
from solver.slots.neighbourhood import Favour
from solver.slots.resources import Kind, Resource

from .parks import drawn_park, optimum, park

EVERYONE = 10**6


def nothing_placed(instance):
    """Return the lawful plan in which only frozen visits are there."""
    return np.where(instance.frozen == 1, instance.promised, -1)


@pytest.mark.parametrize("seed", range(40))
def test_when_everyone_may_move_the_answer_is_the_optimum(seed):
    instance = drawn_park(np.random.default_rng(seed), 7, horizon=6)
    day = board(instance, nothing_placed(instance))

    found = neighbourhood.resolve(day, neighbourhood.around(day, [], [], most=EVERYONE), seconds=5)

    assert check.violations(instance, found.start) == []
    assert check.cost(instance, found.start) == found.cost == found.bound == optimum(instance)


@pytest.mark.parametrize("seed", range(20))
def test_only_the_chosen_visits_move_and_the_plan_is_no_dearer(seed):
    rng = np.random.default_rng(seed)
    instance = drawn_park(rng, 8, horizon=6, fairness=0)
    whole = board(instance, nothing_placed(instance))
    whole = board(instance, neighbourhood.resolve(whole, np.flatnonzero(instance.frozen == 0)[:5], seconds=5).start)
    few = np.flatnonzero(instance.frozen == 0)[-3:]

    found = neighbourhood.resolve(whole, few, seconds=5, favour=Favour(int(few[0])) if len(few) else None)

    others = np.setdiff1d(np.arange(8), few)
    assert (found.start[others] == whole.start[others]).all()
    assert check.violations(instance, found.start) == []
    assert found.bound == found.cost <= whole.cost


def test_of_equally_cheap_plans_the_favoured_visit_gets_the_better_start():
    instance = park([{}, {}], gate=[1] * 4)
    day = board(instance, nothing_placed(instance))

    for favoured in (0, 1):
        found = neighbourhood.resolve(day, np.array([0, 1]), seconds=5, favour=Favour(favoured))
        assert (found.start[favoured], found.cost, found.bound) == (1, 1, 1)


def test_a_favoured_visit_can_be_made_to_start_where_it_is_better_off():
    instance = park([{}, {"weight": 3}], gate=[1] * 4)
    day = board(instance, np.array([2, 1]))

    found = neighbourhood.resolve(day, np.array([0, 1]), seconds=5, limit=day.limit, favour=Favour(0, below=1))

    assert found.start.tolist() == [2, 1]  # the plan with visit 0 in its wish costs 3, more than the board's 1
    with_room = neighbourhood.resolve(day, np.array([0, 1]), seconds=5, limit=day.limit + 1, favour=Favour(0, below=1))
    assert with_room.start.tolist() == [1, 1]


def test_a_ball_takes_in_who_wants_and_who_holds_a_full_row_and_who_is_behind_them():
    visits = [{"wish": 1, "latest": 1}, {"wish": 1}, {"wish": 2}, {"wish": 3, "earliest": 3, "dock_group": 1}]
    instance = park(visits, gate=[1] * 4, docks=[[9] * 4, [9] * 4])
    day = board(instance, np.array([0, 1, 2, 3]))

    assert neighbourhood.around(day, [1], [], most=3).tolist() == [0, 1]
    assert neighbourhood.around(board(instance, np.array([1, 2, -1, 3])), [1], [], most=3).tolist() == [0, 1, 2]


def test_frozen_visits_are_never_taken_in():
    instance = park([{"frozen": 1, "promised": 1}, {}], gate=[1] * 4)
    day = board(instance, np.array([1, 2]))

    assert neighbourhood.around(day, [1], [0, 1], most=1).tolist() == [1]
    assert neighbourhood.around(day, [], [], most=9).tolist() == [1]


@pytest.mark.parametrize("seed", range(10))
def test_use_and_limits_are_the_checkers(seed):
    instance = drawn_park(np.random.default_rng(seed), 6, horizon=5)
    start = np.random.default_rng(seed).integers(-1, 4, 6)
    rows, limits = resources.rows_of(instance), check.limits(instance)
    start = np.minimum(start, instance.horizon - instance.duration)

    used = resources.used(instance, rows, start)

    by_kind = [check.gate_use(instance, start), *check.dock_use(instance, start), *check.carrier_use(instance, start)]
    assert np.concatenate(by_kind).tolist() == used[: 5 * (1 + 2 + 2)].tolist()
    admitted = np.concatenate([limits.gate, limits.docks.ravel(), limits.quota.ravel()])
    assert admitted.tolist() == rows.limit[: 5 * (1 + 2 + 2)].tolist()


def test_a_row_has_one_name():
    instance = park([{"truck": 7, "carrier": 1}, {"truck": 3}], quota=[1, 2], docks=[[9] * 4, [9] * 4])
    rows = resources.rows_of(instance)
    found = resources.entries(instance, rows, np.array([0]), np.array([2])).row

    assert [str(rows.resource(row)) for row in found.tolist()] == [
        "gate slot 2",
        "dock group 0 slot 2",
        "carrier 1 slot 2",
        "truck 7 slot 2",
        "truck 7 slot 3",
    ]
    assert rows.rows(Resource(Kind.DOCKS, 1, 2)) == [4 * 2 + 2]
    assert rows.rows(Resource(Kind.QUOTA, 0, -1)) == [12, 13, 14, 15]


def test_one_more_of_a_capacity_is_one_more_of_it_alone():
    instance = park([{"carrier": 0}], quota=[0], docks=[[1] * 4, [2] * 4])

    assert resources.enlarged(instance, Resource(Kind.GATE, -1, 2)).gate.tolist() == [9, 9, 10, 9]
    assert resources.enlarged(instance, Resource(Kind.DOCKS, 1, -1)).docks.tolist() == [[1] * 4, [3] * 4]
    assert resources.enlarged(instance, Resource(Kind.QUOTA, 0, -1)).quota.tolist() == [1]
    with pytest.raises(ValueError, match="nothing can be added"):
        resources.enlarged(instance, Resource(Kind.TRUCK, 0, 1))
