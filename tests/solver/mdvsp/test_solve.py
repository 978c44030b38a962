"""The solver against a full MIP on small instances, and against what is known of the public ones."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from solver.mdvsp import check
from solver.mdvsp.files import load
from solver.mdvsp.instance import FixedInstance, ShiftInstance
from solver.mdvsp.solve import solve
from solver.outcome import Status
from solver.reading import BadInput

from .oracle import optimum
from .parks import random_fixed, random_shift

DATA = Path(__file__).parents[2] / "data" / "mdvsp"
KNOWN = {
    row["instance"]: int(row["best_known"]) for row in csv.DictReader((DATA / "known.csv").read_text().splitlines())
}


def assert_sound(instance, outcome) -> None:
    assert not check.violations(instance, outcome.plan)
    assert check.cost(instance, outcome.plan) == outcome.cost
    assert outcome.bound <= outcome.cost


@pytest.mark.parametrize("seed", range(6))
def test_small_instances_at_fixed_times_are_solved_to_the_optimum_of_a_full_mip(seed):
    rng = np.random.default_rng(seed)
    instance = random_fixed(rng, trips=int(rng.integers(1, 14)), depots=2 + seed % 2, tight=seed % 3 == 0)

    outcome = solve(instance, seconds=2.0, seed=seed)

    assert_sound(instance, outcome)
    assert outcome.bound <= optimum(instance) <= outcome.cost
    assert outcome.status is Status.OPTIMAL


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shift", [0, 2, 6])
def test_small_instances_with_shifts_are_solved_to_the_optimum_of_a_full_mip(seed, shift):
    instance = random_shift(np.random.default_rng(seed), trips=5 if shift else 9, shift=shift)

    outcome = solve(instance, seconds=2.0, seed=seed)

    assert_sound(instance, outcome)
    assert outcome.bound <= optimum(instance) <= outcome.cost
    assert outcome.status is Status.OPTIMAL


@pytest.mark.parametrize("name", ["n50m2s0", "n50m4s1", "n100m2s0", "n100m3s1", "n150m3s0"])
def test_the_public_toys_are_solved_to_optimality(name):
    instance = load(DATA / f"{name}.zip")

    outcome = solve(instance, seconds=20.0)

    assert_sound(instance, outcome)
    assert outcome.cost == outcome.bound == KNOWN[name]


def test_a_public_instance_of_500_trips_is_solved_to_within_a_twentieth_of_a_percent():
    instance = load(DATA / "m4n500s0.inp.xz")

    outcome = solve(instance, seconds=4.0)

    assert_sound(instance, outcome)
    assert outcome.cost <= KNOWN["m4n500s0"] * 1.0005
    assert outcome.bound >= KNOWN["m4n500s0"] * 0.999
    assert outcome.bound <= KNOWN["m4n500s0"]


def test_cost_does_not_increase_and_the_bound_stays_below_it_as_trips_may_shift_further():
    outcomes = [solve(load(DATA / "GD-4-100-0.txt.xz", shift), seconds=2.0) for shift in (0, 10, 30)]

    assert outcomes[0].cost == KNOWN["GD-4-100-0"]
    for tight, loose in pairwise(outcomes):
        assert loose.cost <= tight.cost
        assert loose.bound <= tight.cost


def test_a_trip_that_would_be_run_twice_in_one_route_is_run_once():
    travel = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    two = np.array([1, 2])
    instance = ShiftInstance(np.array([5]), travel, two, np.array([10, 12]), two[::-1].copy(), np.array([11, 13]), 60)

    outcome = solve(instance, seconds=1.0)

    assert_sound(instance, outcome)
    assert len(outcome.plan.routes) == 1


def test_a_capacity_that_binds_is_kept():
    free = random_fixed(np.random.default_rng(5), trips=10, depots=2)
    used = max(len([r for r in solve(free, seconds=1.0).plan.routes if r.depot == k]) for k in range(2))
    tight = FixedInstance(np.array([used - 1, 10]), free.pull_out, free.pull_in, free.link)

    outcome = solve(tight, seconds=2.0)

    assert_sound(tight, outcome)
    assert outcome.cost == optimum(tight)


def test_depots_with_too_few_vehicles_are_refused_in_one_line():
    one = np.full((1, 3), 5)
    instance = FixedInstance(np.array([2]), one, one.T, np.full((3, 3), -1))

    with pytest.raises(BadInput, match="room for 2 routes, but 3 trips need at least 3"):
        solve(instance, seconds=1.0)


def test_capacities_that_allow_no_plan_end_in_one_line():
    pull_out = np.array([[5, 5], [-1, -1]])
    instance = FixedInstance(np.array([1, 9]), pull_out, pull_out.T.copy(), np.full((2, 2), -1))

    with pytest.raises(BadInput, match="no lawful plan"):
        solve(instance, seconds=0.5)


def test_a_run_that_is_stopped_at_once_returns_a_lawful_plan_and_says_so():
    instance = load(DATA / "m4n500s0.inp.xz")

    outcome = solve(instance, seconds=60.0, should_stop=lambda: True)

    assert_sound(instance, outcome)
    assert outcome.status is Status.INTERRUPTED


def test_progress_never_goes_backwards():
    news = []

    outcome = solve(random_fixed(np.random.default_rng(2), trips=30, depots=3), seconds=1.0, on_progress=news.append)

    costs = [line.cost for line in news if line.cost is not None]
    bounds = [line.bound for line in news if line.bound is not None]
    assert costs == sorted(costs, reverse=True)
    assert bounds == sorted(bounds)
    assert (costs[-1], bounds[-1]) == (outcome.cost, outcome.bound)


def test_routes_may_be_as_long_as_the_day():
    start = np.arange(0, 600, 5)
    travel, here = np.zeros((1, 1), np.int64), np.zeros(120, np.int64)
    instance = ShiftInstance(np.array([3]), travel, here, start, here, start + 5)

    outcome = solve(instance, seconds=3.0)

    assert_sound(instance, outcome)
    assert (len(outcome.plan.routes), outcome.cost, outcome.bound) == (1, 1000, 1000)


def test_trips_that_no_vehicle_can_run_alone_are_run_with_others():
    pull_out = np.array([[5, -1, -1, 6], [-1, -1, -1, 7]])
    pull_in = np.array([[-1, 8], [-1, -1], [9, -1], [4, 4]])
    link = np.full((4, 4), -1)
    link[0, 1], link[1, 2], link[0, 3] = 3, 2, 1
    instance = FixedInstance(np.array([2, 2]), pull_out, pull_in, link)

    outcome = solve(instance, seconds=2.0)

    assert_sound(instance, outcome)
    assert outcome.cost == outcome.bound == optimum(instance) == (5 + 3 + 2 + 9) + (6 + 4)
