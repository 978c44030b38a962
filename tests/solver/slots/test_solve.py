from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from solver.outcome import Status
from solver.slots import (
    bound,
    check,
    clusters,
    construct,
    fairness,
    flavours,
    gap,
    induced,
    model,
    places,
    prices,
    regroup,
    subproblem,
    transport,
)
from solver.slots.instance import SlotInstance
from solver.slots.mip import Effort
from solver.slots.proof import Proof
from solver.slots.run import Run
from solver.slots.solve import solve

from .parks import drawn_park, optimum, park

FEW_SECONDS = 2.0


def lawful(instance, outcome):
    assert check.violations(instance, outcome.plan.start) == []
    assert check.cost(instance, outcome.plan.start) == outcome.cost
    assert 0 <= outcome.bound <= outcome.cost
    assert (outcome.status is Status.OPTIMAL) == (outcome.bound == outcome.cost)
    return outcome


@st.composite
def small_parks(draw):
    horizon = draw(st.integers(3, 8))
    slots = st.integers(0, horizon - 1)
    groups, carriers = draw(st.integers(1, 2)), draw(st.integers(0, 2))
    capacity = st.lists(st.integers(0, 2), min_size=horizon, max_size=horizon)
    visits = []
    for _ in range(draw(st.integers(0, 8))):
        earliest, latest = sorted((draw(slots), draw(slots)))
        visits.append(
            {
                "dock_group": draw(st.integers(0, groups - 1)),
                "duration": draw(st.integers(1, 4)),
                "wish": draw(slots),
                "earliest": earliest,
                "latest": latest,
                "weight": draw(st.integers(1, 3)),
                "carrier": draw(st.integers(-1, carriers - 1)),
                "truck": draw(st.integers(-1, 2)),
            }
        )
    return park(
        visits,
        horizon=horizon,
        docks=[draw(capacity) for _ in range(groups)],
        gate=draw(capacity),
        quota=[draw(st.integers(-1, 1)) for _ in range(carriers)],
        turn=draw(st.integers(0, 2)),
        early=draw(st.integers(0, 3)),
        late=draw(st.integers(0, 3)),
        drop=draw(st.sampled_from([0, 1, 5, 100])),
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_parks())
def test_cost_is_never_below_the_optimum_and_bound_never_above(instance):
    outcome = lawful(instance, solve(instance, seconds=0.5))

    assert outcome.bound <= optimum(instance) <= outcome.cost


@settings(max_examples=80, deadline=None)
@given(small_parks(), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 5.0, 1e6, 1e15, 1e30]))
def test_any_prices_prove_a_true_bound(instance, seed, size):
    rows = model.build(instance)
    price = np.random.default_rng(seed).random(len(rows.capacity)) * size

    assert bound.bound(rows, price) <= optimum(instance)


def test_unequal_trucks_share_one_lane_at_least_cost():
    outcome = lawful(park_of_three := park([{"weight": 3}, {}, {}], gate=[1] * 4), solve(park_of_three, seconds=1))

    assert (outcome.cost, outcome.status) == (2, Status.OPTIMAL)
    assert outcome.plan.start[0] == 1


def test_a_hundred_visits_are_solved_to_proven_optimality():
    day = flavours.generate(flavours.FLAVOURS["flat"], 100, np.random.default_rng(3))

    assert lawful(day, solve(day, seconds=10)).status is Status.OPTIMAL


def test_a_day_without_visits_is_optimal_at_once():
    outcome = lawful(empty := park([]), solve(empty))

    assert (outcome.cost, outcome.status, outcome.plan.start.size) == (0, Status.OPTIMAL, 0)


def test_a_stop_at_once_returns_a_lawful_plan():
    day = flavours.generate(flavours.FLAVOURS["peaky"], 500, np.random.default_rng(1))

    assert lawful(day, solve(day, should_stop=lambda: True)).status is Status.INTERRUPTED


def test_hardly_any_time_returns_a_lawful_plan():
    day = flavours.generate(flavours.FLAVOURS["tight"], 500, np.random.default_rng(1))

    lawful(day, solve(day, seconds=0.1))


def test_no_time_counts_by_the_clock_that_was_given():
    ticks = iter(range(10_000_000))
    day = flavours.generate(flavours.FLAVOURS["tight"], 300, np.random.default_rng(1))

    outcome = lawful(day, solve(day, seconds=15.0, clock=lambda: float(next(ticks))))

    assert outcome.wall_seconds >= 15.0


def test_progress_gets_better_only():
    heard = []
    day = flavours.generate(flavours.FLAVOURS["peaky"], 300, np.random.default_rng(1))

    outcome = solve(day, seconds=FEW_SECONDS, on_progress=heard.append)

    assert tuple(heard) == outcome.progress
    assert all(a.cost >= b.cost and a.bound <= b.bound for a, b in pairwise(heard))


def random_visits(count: int, seed: int, **fixed: int) -> list[dict[str, int]]:
    rng = np.random.default_rng(seed)
    visits = []
    for wish in rng.integers(20, 80, count).tolist():
        window = {"wish": wish, "earliest": wish - 8, "latest": wish + 8, "duration": int(rng.integers(1, 6))}
        visits.append(window | fixed)
    return visits


ADVERSARIAL: dict[str, SlotInstance] = {
    "one warehouse with 3,000 visits": park(random_visits(3000, 1), horizon=96, docks=[[90] * 96], gate=[60] * 96),
    "all wishes in one slot": park(
        random_visits(400, 2, wish=40, earliest=30, latest=50), horizon=96, docks=[[80] * 96], gate=[15] * 96
    ),
    "quotas of zero": park(random_visits(50, 3, carrier=0), horizon=96, docks=[[9] * 96], gate=[9] * 96, quota=[0]),
    "a truck with eight visits": park(
        random_visits(8, 4, truck=3, earliest=10, latest=60, wish=30),
        horizon=96,
        docks=[[9] * 96],
        gate=[9] * 96,
    ),
    "capacity zero everywhere": park(random_visits(50, 5), horizon=96, docks=[[0] * 96], gate=[0] * 96),
    "five-minute slots": park(random_visits(300, 6), horizon=288, docks=[[9] * 288], gate=[9] * 288),
    "durations longer than the window and the day": park(
        random_visits(30, 7, duration=90) + random_visits(30, 8, duration=10**6), horizon=96, docks=[[9] * 96]
    ),
}


@pytest.mark.parametrize("name", list(ADVERSARIAL))
def test_an_adversarial_park_gets_a_lawful_plan_and_a_true_bound(name):
    lawful(ADVERSARIAL[name], solve(ADVERSARIAL[name], seconds=FEW_SECONDS))


def test_nothing_is_placed_where_nothing_fits():
    for name in ("quotas of zero", "capacity zero everywhere"):
        outcome = solve(ADVERSARIAL[name], seconds=FEW_SECONDS)
        assert (outcome.plan.start == -1).all()
        assert outcome.status is Status.OPTIMAL


def test_a_truck_with_eight_visits_makes_them_all():
    outcome = solve(ADVERSARIAL["a truck with eight visits"], seconds=FEW_SECONDS)

    assert (outcome.plan.start >= 0).all()


@settings(max_examples=80, deadline=None)
@given(small_parks(), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 5.0, 1e3]))
def test_clusters_in_whole_starts_prove_a_true_bound_at_any_prices(instance, seed, size):
    rows = model.build(instance)
    price = bound.whole(rows, np.random.default_rng(seed).random(len(rows.capacity)) * size)
    proven = clusters.Sum(rows, price)
    before = proven.bound()

    for g in range(rows.groups):
        cluster = clusters.around(rows, np.array([g]), proven.taken)
        proven.offer(cluster, clusters.part(rows, price, cluster, Effort(1.0)).least)

    assert before <= proven.bound() <= optimum(instance)


@settings(max_examples=60, deadline=None)
@given(small_parks(), st.integers(0, 2**32 - 1), st.integers(0, 7))
def test_prices_put_right_around_a_visit_still_prove_a_true_bound(instance, seed, visit):
    rows = model.build(instance)
    if visit >= instance.visits or rows.last[visit] < rows.first[visit]:
        return
    price = np.random.default_rng(seed).random(len(rows.capacity)) * 5.0

    better = clusters.repriced(rows, price, clusters.near(rows, visit), Effort(1.0))

    assert bound.bound(rows, better) <= optimum(instance)


@pytest.mark.parametrize("seed", range(40))
def test_parks_with_promises_frozen_visits_and_fairness_are_solved_within_their_bound(seed):
    day = drawn_park(np.random.default_rng(seed), 7, horizon=5)

    outcome = lawful(day, solve(day, seconds=10.0, effort=6, seed=seed))

    assert outcome.bound <= optimum(day) <= outcome.cost


@pytest.mark.parametrize("seed", range(20))
def test_any_levels_of_fairness_prove_a_true_bound(seed):
    rng = np.random.default_rng(seed)
    day = drawn_park(rng, 7, horizon=5, fairness=3, fair_slots=0)
    levels = rng.random(2)

    rows = fairness.Fairness.of(day, model.build(day)).charged(levels)

    assert bound.bound(rows, rng.random(len(rows.capacity))) <= optimum(day)


def test_the_shares_of_the_gap_and_what_other_rows_leave_empty_add_up_to_the_gap():
    day = flavours.generate(flavours.FLAVOURS["tight"], 200, np.random.default_rng(4))
    rows = model.build(day)
    start = construct.in_order(rows, np.arange(200))
    price = bound.whole(rows, np.random.default_rng(5).random(len(rows.capacity)))
    others = np.ones(len(price), dtype=bool)
    others[rows.horizon : rows.horizon * (1 + rows.groups)] = False
    left = rows.capacity - used_by(rows, start)

    shares = gap.by_group(rows, price, start).sum() + (price * left)[others].sum() / bound.SCALE

    lagrangian = bound.minima(rows, price).sum() - (price * rows.capacity).sum()
    assert shares == pytest.approx(check.cost(day, start) - lagrangian / bound.SCALE)


def used_by(rows, start):
    board = places.filled(rows, start)
    return rows.capacity - board.free


def test_the_price_method_comes_near_the_linear_relaxation_of_a_day():
    day = flavours.generate(flavours.FLAVOURS["flat"], 300, np.random.default_rng(2))
    rows = model.build(day)
    state = prices.start(rows, construct.in_order(rows, np.arange(300)), np.zeros(len(rows.capacity)))

    prices.improve(rows, state, 300)

    assert bound.bound(rows, prices.latest(rows, state)) >= 0.97 * relaxation(rows)


def relaxation(rows):
    columns = subproblem.columns_of(rows, np.arange(len(rows.first)))
    uses, position = subproblem.uses(rows, columns)
    count = len(columns.visit)
    matrix = csr_array((np.ones(len(uses)), (uses, position)), shape=(len(rows.capacity), count))
    each = csr_array((np.ones(count), (columns.visit, np.arange(count))), shape=(len(rows.first), count))
    found = linprog(columns.cost, A_ub=vstack([matrix, each]), b_ub=np.append(rows.capacity, np.ones(len(rows.first))))
    return found.fun + rows.drop.sum()


@pytest.mark.parametrize("flavour", ["peaky", "tight"])
def test_the_same_effort_and_seed_give_the_same_plan(flavour):
    day = flavours.generate(flavours.FLAVOURS[flavour], 150, np.random.default_rng(6))

    first, second = (solve(day, seconds=1e9, effort=5, seed=7) for _ in range(2))

    assert first.plan.start.tolist() == second.plan.start.tolist()
    assert (first.cost, first.bound) == (second.cost, second.bound)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_parks(), st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_a_round_of_transport_keeps_a_plan_lawful_and_never_makes_it_dearer(instance, seed, reach):
    rows = model.build(instance)
    order = np.random.default_rng(seed).permutation(instance.visits)
    board = places.filled(rows, construct.in_order(rows, order))
    before = check.cost(instance, board.start)

    gate = transport.improve(rows, board, order, reach, transport.priced(rows, np.zeros(len(rows.cost))))

    assert check.violations(instance, board.start) == []
    assert check.cost(instance, board.start) <= before
    assert (gate >= 0).all()


@pytest.mark.parametrize("flavour", ["peaky", "tight", "flat", "cramped"])
def test_what_plan_and_relaxation_disagree_on_is_decided_anew_lawfully_and_cheaper(flavour):
    rng = np.random.default_rng(4)
    day = flavours.generate(flavours.FLAVOURS[flavour], 400, rng)
    rows = model.build(day)
    board = places.filled(rows, construct.in_order(rows, np.arange(400)))
    before = check.cost(day, board.start)
    state = prices.start(rows, board.start, np.zeros(len(rows.capacity)))
    prices.improve(rows, state, 60)

    proposal = induced.propose(rows, board, state.share_next, 0.9, rng, Effort(10.0))
    regroup.force(rows, board, [proposal])

    assert check.violations(day, board.start) == []
    assert check.cost(day, board.start) < before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_parks(), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 5.0, 100.0]))
def test_starts_are_left_out_only_if_no_better_plan_has_them(instance, seed, size):
    run = Run(instance, 100.0, lambda: 0.0)
    rows = run.model
    rng = np.random.default_rng(seed)
    proof = Proof(run, np.full(instance.visits, -1), rng.random(len(rows.capacity)) * size)
    proof.sum = clusters.Sum(rows, bound.whole(rows, proof.price))
    cluster = clusters.around(rows, np.array([0]), np.zeros(instance.visits, dtype=np.bool_))
    proof.sum.offer(cluster, clusters.part(rows, proof.sum.price, cluster, Effort(10.0)).least)
    proof.lined_up = True

    assert proof.decide_whole(optimum(instance) + rows.step, Effort(10.0))

    assert run.bound <= optimum(instance)
    assert proof.found is not None
    assert check.cost(instance, proof.found) == optimum(instance)
