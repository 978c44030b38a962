import numpy as np

from solver.matching import baselines, check
from solver.matching.flavours import port_day
from solver.matching.plan import Chain, MatchingPlan

from .parks import park


def test_alone_drives_every_load_out_and_back():
    driven = baselines.alone(park([{}, {"origin": 1, "destination": 0}], [{}]))

    assert (driven.empty_km, driven.loaded_km, driven.empty_share) == (20, 20, 0.5)


def test_alone_leaves_out_what_nobody_can_carry():
    assert baselines.alone(park([{}], [{}], can=[[0]])) == baselines.Driven(0, 0)


def test_alone_takes_the_best_home():
    assert baselines.alone(park([{"destination": 0}], [{"home": 1}, {"home": 0}])).empty_km == 0


def test_greedy_takes_the_nearest_truck():
    plan = baselines.greedy_nearest(park([{}], [{"start": 1}, {}]))

    assert plan == MatchingPlan((Chain(1, (0,), (0,)),), ())


def test_greedy_is_lawful():
    day = port_day(np.random.default_rng(1), loads=80, trucks=20, warehouses=20)

    assert check.violations(day, baselines.greedy_nearest(day)) == []


def test_measures_of_a_round_trip():
    instance = park([{}, {"origin": 1, "destination": 0}, {}], [{}])

    figures = baselines.measures(instance, MatchingPlan((Chain(0, (0, 1), (0, 25)),), (2,)))

    assert (figures.empty_km, figures.loaded_km, figures.empty_share) == (0, 20, 0.0)
    assert (figures.trucks_used, figures.served, figures.unserved) == (1, 2, 1)
    assert (figures.wait_minutes, figures.cost) == (5, 5 + 50 + 1000)


def test_flows_that_do_not_balance_must_be_driven_empty():
    instance = park([{}, {}], [{}])

    plan = MatchingPlan((Chain(0, (0, 1), (0, 30)),), ())

    assert baselines.flow_imbalance_km(instance, plan) == 20


def test_the_imbalance_limit_is_never_above_what_is_driven():
    day = port_day(np.random.default_rng(2), loads=80, trucks=20, warehouses=20)
    plan = baselines.greedy_nearest(day)

    assert 0 < baselines.flow_imbalance_km(day, plan) <= baselines.measures(day, plan).empty_km


def test_nothing_driven_needs_nothing_empty():
    assert baselines.flow_imbalance_km(park([{}], [{}]), MatchingPlan((), (0,))) == 0
