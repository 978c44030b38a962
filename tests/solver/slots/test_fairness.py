from dataclasses import replace

import numpy as np
import pytest

from solver.outcome import Outcome, Status
from solver.slots import carriers, check
from solver.slots.fair_plan import fair_plan
from solver.slots.instance import SlotPlan

from .parks import drawn_park, enumerated, park

QUOTAS = [-1, -1]


def test_nobody_displaced_is_perfectly_fair():
    found = carriers.report(park([{"carrier": 0}, {"carrier": 1}], quota=QUOTAS), np.array([1, 1]))

    assert found.jain == 1.0
    assert found.burden_minutes.tolist() == [0, 0]


def test_all_moved_alike_is_perfectly_fair_and_one_moved_alone_is_least_fair():
    instance = park([{"carrier": 0}, {"carrier": 1}], quota=QUOTAS)

    assert carriers.report(instance, np.array([0, 2])).jain == 1.0
    assert carriers.report(instance, np.array([0, 1])).jain == 0.5


def test_jains_index_is_the_one_of_the_paper():
    assert carriers.jain_index(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / (3 * 6))


def test_a_carrier_without_visits_and_visits_without_carrier_do_not_count():
    found = carriers.report(park([{"carrier": 0}, {}], quota=[-1, -1, -1]), np.array([0, 3]))

    assert found.jain == 1.0
    assert [row["carrier"] for row in found.as_json()["carriers"]] == [0]


def test_the_report_speaks_minutes_of_the_placed_and_counts_the_unplaced_as_farthest():
    instance = park([{"carrier": 0}, {"carrier": 0}, {"carrier": 1}], quota=QUOTAS)

    found = carriers.report(instance, np.array([0, -1, 1]))

    assert found.as_json()["carriers"][0] == {
        "carrier": 0,
        "visits": 2,
        "placed": 1,
        "placed_share": 0.5,
        "mean_minutes": 15.0,
        "burden_minutes": 22.5,
    }


def test_the_default_share_is_the_mean_displacement_rounded_up():
    instance = park([{"carrier": 0}, {"carrier": 1}, {}], quota=QUOTAS)

    assert carriers.mean_slots_moved(instance, np.array([0, 1, 3])) == 1
    assert carriers.mean_slots_moved(park([{}]), np.array([0])) == 0


def by_enumeration(instance, seconds):
    """Return the best of all plans there are, as a solver would."""
    plan = min(enumerated(instance), key=lambda start: check.cost(instance, start))
    cost = check.cost(instance, plan)
    return Outcome(SlotPlan(plan), cost, cost, 0.0, Status.OPTIMAL, "enumeration")


def crowd():
    """One carrier's two visits are light, the other's heavy; only one visit can start in a slot."""
    light, heavy = {"carrier": 0, "weight": 1}, {"carrier": 1, "weight": 2}
    return park([light, light, heavy, heavy], quota=QUOTAS, gate=[1] * 4)


def test_fairness_moves_the_burden_and_its_price_is_what_the_rest_costs_more():
    found = fair_plan(crowd(), price=5, fair_slots=None, seconds=1, solver=by_enumeration)

    assert found.instance.fair_slots == 1
    assert found.outcome.cost <= check.cost(found.instance, found.plain.plan.start)
    assert found.price == sum_without(found) - found.plain.cost > 0
    assert found.jain_after > found.jain_before


def sum_without(found):
    return check.cost(replace(found.instance, fairness=0), found.outcome.plan.start)


def test_a_fair_plan_claims_what_the_day_as_it_came_can_confirm():
    day = crowd()

    found = fair_plan(day, price=5, fair_slots=1, seconds=1, solver=by_enumeration)

    claimed = found.claimed(day)
    assert claimed.cost == check.cost(day, claimed.plan.start)
    assert claimed.bound == found.plain.bound <= claimed.cost
    assert claimed.status is Status.FEASIBLE
    assert found.claimed(replace(day, fairness=5, fair_slots=1)) is found.outcome


def test_when_the_fair_run_finds_nothing_better_the_plain_plan_is_the_fair_one():
    def tired(instance, seconds):
        if not instance.fairness:
            return by_enumeration(instance, seconds)
        nothing = np.full(instance.visits, -1)
        return Outcome(SlotPlan(nothing), check.cost(instance, nothing), 0, 0.0, Status.FEASIBLE, "nothing")

    found = fair_plan(crowd(), price=1, fair_slots=0, seconds=1, solver=tired)

    assert found.outcome.plan is found.plain.plan
    assert found.outcome.bound == found.plain.bound
    assert found.price == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_higher_price_never_leaves_more_unfairness(seed):
    day = drawn_park(np.random.default_rng(seed), 4, fairness=0)

    found = [fair_plan(day, price=price, fair_slots=0, seconds=1, solver=by_enumeration) for price in (1, 3, 30)]

    assert [f.price >= 0 for f in found] == [True] * 3
    beyond = [check.unfairness_cost(f.instance, f.outcome.plan.start) // f.instance.fairness for f in found]
    assert beyond == sorted(beyond, reverse=True)
