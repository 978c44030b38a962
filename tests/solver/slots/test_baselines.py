import numpy as np

from solver.slots import baselines, check

from .parks import park


def test_uncoordinated_trucks_come_when_they_wish():
    found = baselines.uncoordinated(park([{}, {}, {}], gate=[1] * 4, docks=[[2] * 4]))

    assert found.start.tolist() == [1, 1, 1]
    assert found.gate_excess.tolist() == [0, 2, 0, 0]
    assert found.dock_excess.tolist() == [0, 1, 0, 0]


def test_who_asks_first_gets_the_wish():
    instance = park([{}, {}], gate=[1] * 4)

    plan = baselines.first_come(instance, np.array([1, 0]))

    assert plan.start[1] == 1
    assert abs(plan.start[0] - 1) == 1
    assert check.violations(instance, plan.start) == []


def test_who_asks_when_all_is_full_gets_nothing():
    plan = baselines.first_come(park([{}, {}], gate=[0, 1, 0, 0]), np.array([0, 1]))

    assert plan.start.tolist() == [1, -1]


def test_measures_speak_minutes():
    found = baselines.measures(park([{}, {}, {}]), np.array([1, 3, -1]))

    assert (found.placed, found.mean_displacement_minutes, found.cost) == (2, 15.0, 102)


def test_an_empty_day_has_measures():
    assert baselines.measures(park([]), np.zeros(0, dtype=np.int64)).placed_share == 1.0
