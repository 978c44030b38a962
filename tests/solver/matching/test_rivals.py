import numpy as np

from solver.matching import check
from solver.matching.baselines import extended, greedy_nearest
from solver.matching.flavours import port_day, rough
from solver.matching.plan import Chain, MatchingPlan
from solver.matching.rivals import flow_with_repair, routing

from .parks import park


def test_a_repaired_flow_is_lawful_and_better_than_nothing():
    day = port_day(np.random.default_rng(2), loads=80, trucks=40, warehouses=20)

    plan = flow_with_repair(day)

    assert check.violations(day, plan) == []
    assert check.cost(day, plan) < day.loads.drop.sum() // 2


def test_a_flow_of_a_lawless_park_is_repaired():
    for seed in range(10):
        instance = rough(np.random.default_rng(seed), loads=6, trucks=4)

        assert check.violations(instance, flow_with_repair(instance)) == []


def test_nothing_flows_in_an_empty_park():
    assert flow_with_repair(park([], [{}])) == MatchingPlan((), ())


def test_a_plan_is_extended_by_the_nearest_truck():
    instance = park([{}, {"origin": 1, "destination": 0}], [{}])

    plan = extended(instance, MatchingPlan((Chain(0, (0,), (0,)),), (1,)))

    assert plan.chains == (Chain(0, (0, 1), (0, 20)),)


def test_routing_is_lawful():
    day = port_day(np.random.default_rng(2), loads=20, trucks=10, warehouses=10)

    plan = routing(day, 0.5)

    assert check.violations(day, plan) == []
    assert check.cost(day, plan) <= check.cost(day, greedy_nearest(day)) * 1.1
