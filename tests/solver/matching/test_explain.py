import numpy as np
import pytest

from solver.matching import check
from solver.matching.explain import Reason, empty_trucks, explain_load, explain_truck, timed
from solver.matching.flavours import rough
from solver.matching.plan import Chain, MatchingPlan
from solver.matching.solve import solve

from .parks import park

BACK = {"origin": 1, "destination": 0}


def confirmed(instance, plan, found):
    """Answer whether the checker says of the changed plan what the explanation says."""
    faults = tuple(fault.text for fault in check.violations(instance, found.changed))
    if faults:
        return found.violations == faults and found.cost_change is None
    return found.violations == () and found.cost_change == check.cost(instance, found.changed) - check.cost(
        instance, plan
    )


def test_a_load_no_kind_can_carry_is_told_and_m4_confirms_it():
    instance = park([{}], [{}], can=[[0]])
    plan = MatchingPlan((), (0,))

    found = explain_load(instance, plan, 0)

    assert found.reason is Reason.NO_KIND
    assert found.violations[0].startswith("M4")


def test_a_load_is_told_how_late_the_nearest_truck_is():
    instance = park([{**BACK, "latest": 20}], [{"free_from": 24}, {"free_from": 90}])
    plan = MatchingPlan((), (0,))

    found = explain_load(instance, plan, 0)

    assert (found.reason, found.truck, found.minutes_late) == (Reason.TOO_LATE, 0, 14)
    assert "nearest is truck 0, 14 minutes late" in found.text
    assert confirmed(instance, plan, found)


def test_a_truck_that_would_be_home_late_is_told_so():
    instance = park([{**BACK}], [{"home_by": 25}])
    plan = MatchingPlan((), (0,))

    found = explain_load(instance, plan, 0)

    assert (found.reason, found.minutes_late) == (Reason.TOO_LATE, 5)
    assert found.violations[0].startswith("M3")


def test_a_load_dearer_than_its_price_is_told_both_numbers():
    instance = park([{"drop": 149}], [{}])
    plan = MatchingPlan((), (0,))

    found = explain_load(instance, plan, 0)

    assert (found.reason, found.cost_change) == (Reason.DEARER, 1)
    assert "could take it for 150; leaving it costs 149" in found.text
    assert confirmed(instance, plan, found)


def test_a_load_that_could_be_served_more_cheaply_is_admitted():
    instance = park([{"drop": 151}], [{}])

    found = explain_load(instance, MatchingPlan((), (0,)), 0)

    assert (found.reason, found.cost_change) == (Reason.CHEAPER, -1)


def test_the_nearest_change_may_be_in_the_middle_of_a_chain():
    instance = park([{}, {}, {**BACK, "drop": 1}], [{}])
    plan = MatchingPlan((Chain(0, (0, 1), (0, 30)),), (2,))

    found = explain_load(instance, plan, 2)

    assert found.changed.chains[0].loads == (0, 2, 1)
    assert confirmed(instance, plan, found)


def test_a_served_load_needs_no_explanation():
    with pytest.raises(ValueError, match="is served"):
        explain_load(park([{}], [{}]), MatchingPlan((Chain(0, (0,), (0,)),), ()), 0)


def test_an_idle_truck_is_told_whose_load_it_could_take_and_what_that_costs():
    instance = park([{}], [{}, {"start": 1}])
    plan = MatchingPlan((Chain(0, (0,), (0,)),), ())

    found = explain_truck(instance, plan, 1)

    assert (found.reason, found.load, found.cost_change) == (Reason.DEARER, 0, 100)
    assert "which truck 0 takes, the plan would cost 100 more" in found.text
    assert confirmed(instance, plan, found)
    assert empty_trucks(plan, 2) == [1]


def test_an_idle_truck_without_a_load_of_its_kind_is_told_so():
    found = explain_truck(park([{}], [{}, {"kind": 1}], can=[[1], [0]]), MatchingPlan((Chain(0, (0,), (0,)),), ()), 1)

    assert found.reason is Reason.NO_KIND


def test_an_idle_truck_too_late_for_everything_is_told_by_how_much():
    instance = park([{}], [{"home_by": 15}])
    plan = MatchingPlan((), (0,))

    found = explain_truck(instance, plan, 0)

    assert (found.reason, found.minutes_late) == (Reason.TOO_LATE, 15)
    assert confirmed(instance, plan, found)


def test_starts_are_as_calm_as_the_order_allows():
    instance = park([{}, {**BACK, "earliest": 50}], [{}])

    assert timed(instance, 0, (0, 1)) == (30, 50)


@pytest.mark.parametrize("seed", range(4))
def test_every_explanation_is_confirmed_by_the_checker(seed):
    instance = rough(np.random.default_rng(seed), loads=6, trucks=4)
    plan = solve(instance, seconds=0.1).plan

    found = [explain_load(instance, plan, i) for i in plan.unserved]
    found += [explain_truck(instance, plan, k) for k in range(4)]

    for each in found:
        if each.reason is not Reason.NO_KIND:
            assert confirmed(instance, plan, each), each.text


@pytest.mark.parametrize("seed", range(4))
def test_in_an_optimal_plan_no_explanation_admits_a_cheaper_one(seed):
    instance = rough(np.random.default_rng(seed), loads=5, trucks=3)
    outcome = solve(instance, seconds=0.3)

    found = [explain_load(instance, outcome.plan, i) for i in outcome.plan.unserved]

    assert all(each.cost_change is None or each.cost_change >= outcome.bound - outcome.cost for each in found)
