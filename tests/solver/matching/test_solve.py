import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.matching import baselines, check
from solver.matching.flavours import port_day, rough
from solver.matching.instance import Costs
from solver.matching.solve import solve
from solver.outcome import Status

from .mip import mip_optimum
from .oracle import optimum
from .parks import park


def solved(instance, seconds: float = 0.4, **more):
    outcome = solve(instance, seconds=seconds, **more)
    assert check.violations(instance, outcome.plan) == []
    assert outcome.cost == check.cost(instance, outcome.plan)
    assert outcome.bound <= outcome.cost
    return outcome


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), loads=st.integers(0, 4), trucks=st.integers(0, 3))
def test_cost_is_never_below_and_bound_never_above_the_optimum(seed, loads, trucks):
    instance = rough(np.random.default_rng(seed), loads=loads, trucks=trucks)

    outcome = solved(instance, seconds=0.2)

    assert outcome.bound <= optimum(instance) <= outcome.cost


@pytest.mark.parametrize("seed", range(200, 212))
def test_the_full_program_lies_between_bound_and_cost(seed):
    instance = rough(np.random.default_rng(seed), loads=4, trucks=3)

    outcome = solved(instance, seconds=0.3)

    assert outcome.bound <= mip_optimum(instance) <= outcome.cost


@pytest.mark.parametrize("seed", range(200, 220))
def test_the_full_program_and_every_chain_tried_agree(seed):
    instance = rough(np.random.default_rng(seed), loads=3, trucks=2)

    assert mip_optimum(instance) == optimum(instance)


def test_tiny_problems_are_mostly_solved_to_the_optimum():
    instances = [rough(np.random.default_rng(seed), loads=4, trucks=3) for seed in range(100, 112)]

    best = sum(solved(instance, 0.3).cost == optimum(instance) for instance in instances)

    assert best >= 11


def test_a_return_load_is_taken_on_the_way_back():
    instance = park([{}, {"origin": 1, "destination": 0}], [{}, {}])

    outcome = solved(instance)

    assert [chain.loads for chain in outcome.plan.chains] == [(0, 1)]
    assert outcome.cost == 50


def test_a_load_cheaper_to_leave_is_left():
    outcome = solved(park([{"drop": 100}], [{}]))

    assert outcome.plan.unserved == (0,)


def test_nothing_to_do_is_optimal_at_once():
    outcome = solved(park([], [{}]))

    assert (outcome.status, outcome.cost, outcome.bound) == (Status.OPTIMAL, 0, 0)


def test_no_trucks_is_optimal_at_the_price_of_all_loads():
    outcome = solved(park([{}, {}]))

    assert (outcome.status, outcome.cost) == (Status.OPTIMAL, 2000)


@pytest.mark.parametrize(
    ("loads", "trucks", "can"),
    [
        ([{"due": 10}] * 3, [{}] * 2, [[1]]),
        ([{}] * 3, [{}] * 2, [[0]]),
    ],
)
def test_loads_nobody_can_serve_are_proven_lost(loads, trucks, can):
    outcome = solved(park(loads, trucks, can=can))

    assert (outcome.status, outcome.cost) == (Status.OPTIMAL, 3000)


def test_a_truck_that_starts_after_its_shift_ends_is_not_used():
    outcome = solved(park([{}], [{"free_from": 50, "home_by": 40}]))

    assert outcome.plan.chains == ()


def test_windows_of_zero_width_are_met():
    loads = [{"earliest": t, "latest": t, "origin": t // 20 % 2, "destination": 1 - t // 20 % 2} for t in (20, 40, 60)]

    outcome = solved(park(loads, [{"start": 1, "home": 0}]))

    assert outcome.plan.unserved == ()


def test_a_detour_that_is_shorter_is_not_driven():
    distance = [[0, 100, 1], [1, 0, 1], [1, 1, 0]]
    instance = park([{"origin": 1, "destination": 0, "drop": 9000}], [{}], distance=distance)

    assert solved(instance).cost == 50 + 10 * 100


def test_instant_loads_in_a_circle_earn_once():
    circle = [{"origin": a, "destination": b, "load_minutes": 0, "unload_minutes": 0} for a, b in ((0, 1), (1, 0))]
    instance = park(circle * 3, [{}, {}], distance=[[0, 0], [0, 0]])

    outcome = solved(instance)

    assert outcome.plan.unserved == ()
    assert outcome.cost == 50


def test_a_thousand_loads_from_one_place_at_one_time():
    instance = park([{"latest": 0}] * 1000, [{}] * 50, costs=Costs(10, 1, 50))

    outcome = solved(instance, seconds=2.0)

    assert outcome.cost == 950 * 1000 + 50 * 150


def test_a_small_day_is_better_than_greedy():
    instance = port_day(np.random.default_rng(5), loads=60, trucks=30, warehouses=20)

    outcome = solved(instance, seconds=2.0)

    assert outcome.cost < check.cost(instance, baselines.greedy_nearest(instance))
    assert outcome.bound > 0


def test_a_small_day_is_proven_within_five_percent():
    instance = port_day(np.random.default_rng(9), loads=40, trucks=25, warehouses=15)

    assert solved(instance, seconds=2.0).gap <= 0.05


def test_asymmetric_ways_are_driven_as_they_are():
    distance = [[0, 10, 50], [30, 0, 10], [10, 50, 0]]
    loads = [{"origin": a, "destination": b, "drop": 9000} for a, b in ((0, 1), (1, 2), (2, 0))]

    outcome = solved(park(loads, [{}, {}], distance=distance))

    assert (outcome.status, outcome.cost) == (Status.OPTIMAL, 50)


def test_asked_to_stop_at_once_it_still_returns_a_lawful_plan():
    instance = port_day(np.random.default_rng(6), loads=50, trucks=25, warehouses=20)

    outcome = solved(instance, seconds=30.0, should_stop=lambda: True)

    assert outcome.status is Status.INTERRUPTED
    assert outcome.wall_seconds < 15


def test_a_tenth_of_a_second_is_enough_for_a_lawful_plan():
    instance = port_day(np.random.default_rng(7), loads=300, trucks=150, warehouses=50)

    assert solved(instance, seconds=0.1).status is not Status.INTERRUPTED


def test_progress_is_told_in_order_and_kept():
    told = []

    outcome = solved(
        port_day(np.random.default_rng(8), loads=40, trucks=20, warehouses=10), 1.0, on_progress=told.append
    )

    assert told == list(outcome.progress)
    assert told[0].stage == "greedy"
    costs = [line.cost for line in told]
    assert costs == sorted(costs, reverse=True)


def test_huge_prices_do_not_overflow():
    instance = park([{"drop": 10**12}] * 3, [{}] * 2, costs=Costs(10**6, 10**6, 10**12))

    solved(instance)


def test_trucks_that_come_when_all_loads_are_gone_do_not_break_the_proof():
    rng = np.random.default_rng(1)
    free = rng.integers(0, 1200, int(rng.integers(300, 1400)))
    trucks = [{"free_from": int(a), "home_by": int(a + rng.integers(400, 700))} for a in free]
    loads = [{"earliest": int(a), "latest": int(a) + 30, "due": int(a) + 200} for a in rng.integers(0, 200, 3)]

    outcome = solved(park(loads, trucks), seconds=1.0)

    assert outcome.status in {Status.FEASIBLE, Status.OPTIMAL}
