from dataclasses import replace

import pytest

from dispatch.planning.matching import matching_problem
from dispatch.planning.why_matching import Why, why_load_is_left, why_truck_has_no_load
from solver.matching.explain import Reason
from solver.matching.plan import Chain, MatchingPlan
from tests.dispatch.tiny import DAY, a_load, a_park, a_table, a_truck, at


def a_problem(loads, trucks):
    return matching_problem(a_park(), DAY, loads, trucks, a_table())


def test_a_load_left_is_told_the_plate_that_comes_nearest_and_how_late():
    early = replace(a_load(), earliest=at("06:00"), latest=at("06:06"))
    problem = a_problem([early], [a_truck()])

    assert why_load_is_left(problem, MatchingPlan((), (0,)), "L1") == Why(
        Reason.TOO_LATE, "浙B12345", "L1", minutes_late=14, cost_change=None
    )


def test_an_idle_truck_is_told_the_load_it_could_have():
    problem = a_problem([a_load()], [a_truck(), a_truck("浙B00001")])
    plan = MatchingPlan((Chain(0, (0,), (480,)),), ())

    assert why_truck_has_no_load(problem, plan, "浙B00001") == Why(
        Reason.CHEAPER, "浙B00001", "L1", minutes_late=0, cost_change=0
    )


def test_what_is_not_of_the_problem_cannot_be_explained():
    with pytest.raises(ValueError, match="L9"):
        why_load_is_left(a_problem([a_load()], [a_truck()]), MatchingPlan((), (0,)), "L9")
