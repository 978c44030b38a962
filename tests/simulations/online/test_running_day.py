import numpy as np
import pytest

from simulations.online.policies import Beat, GreedyNearest, Replanning, run
from simulations.online.reveal import LONGEST_MINUTES, MIXES, SHORTEST_MINUTES, Known, reveal, servable
from simulations.online.running_day import Revealed, RunningDay
from simulations.online.savings import saving
from solver.matching import baselines, check
from solver.matching.flavours import port_day
from solver.matching.plan import Chain, MatchingPlan
from tests.solver.matching.parks import park

BACK = {"origin": 1, "destination": 0}
BEAT = Beat(step=10, react=5)


def numbers(*values):
    return np.array(values, dtype=np.int64)


def a_day(seed=1, loads=40, trucks=20):
    day = servable(port_day(np.random.default_rng(seed), loads=loads, trucks=trucks, warehouses=12))
    return Revealed(day, reveal(np.random.default_rng(seed), day, MIXES["two hours"]))


@pytest.mark.parametrize("mix", MIXES.values(), ids=list(MIXES))
def test_lead_times_are_between_half_an_hour_and_a_day_about_their_median(mix):
    day = park([{}] * 2001, [{}])

    leads = day.loads.earliest - reveal(np.random.default_rng(1), day, mix).loads

    assert leads.min() >= SHORTEST_MINUTES
    assert leads.max() <= LONGEST_MINUTES
    assert abs(np.median(leads) / mix.median_minutes - 1) < 0.2


POLICIES = {
    "greedy": GreedyNearest,
    "re-solve": lambda: Replanning(rounds=50),
    "held back": lambda: Replanning(patience=0.5, rounds=50),
    "sampled": lambda: Replanning(expected=a_day(7), rounds=50),
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_what_a_policy_makes_of_a_day_is_lawful_and_uses_nothing_before_it_is_known(policy):
    day = a_day()

    plan = run(day, policy(), BEAT)

    assert check.violations(day.instance, plan) == []
    for chain in plan.chains:
        at = day.instance.trucks.start[chain.truck]
        for load, start in zip(chain.loads, chain.starts, strict=True):
            leave = start - day.instance.minutes[at, day.instance.loads.origin[load]]
            assert leave >= day.known.loads[load] + BEAT.react
            assert leave >= day.known.trucks[chain.truck] + BEAT.react
            at = day.instance.loads.destination[load]


def test_the_same_day_and_seed_run_the_same():
    assert run(a_day(), Replanning(rounds=50), BEAT) == run(a_day(), Replanning(rounds=50), BEAT)


def test_what_greedy_has_accepted_stands_though_the_other_order_would_have_served_both():
    here = {"origin": 0, "destination": 0, "earliest": 30, "latest": 40}
    day = park([{"origin": 1, "destination": 1, "earliest": 30}, here], [{}])
    revealed = Revealed(day, Known(numbers(-60, -50), numbers(-60)))

    greedy, replanned = run(revealed, GreedyNearest(), BEAT), run(revealed, Replanning(rounds=50), BEAT)

    assert [chain.loads for chain in greedy.chains] == [(0,)]
    assert [chain.loads for chain in replanned.chains] == [(1, 0)]


def test_greedy_fits_a_load_in_between_what_was_accepted():
    day = park([{"earliest": 100, "latest": 120, "due": 500}, {**BACK, "earliest": 20, "latest": 60}], [{}])
    revealed = Revealed(day, Known(numbers(-60, -30), numbers(-60)))

    plan = run(revealed, GreedyNearest(), BEAT)

    assert plan.chains == (Chain(0, (1, 0), (20, 100)),)


def test_a_replanning_dispatcher_waits_for_the_load_that_goes_well_with_the_first():
    """The second load leads home again; offered as soon as known, the first would have gone to a truck of its own."""
    day = park([{"earliest": 100, "latest": 200}, {**BACK, "earliest": 120, "latest": 220}], [{}, {"start": 1}])
    revealed = Revealed(day, Known(numbers(0, 60), numbers(0, 0)))

    plan = run(revealed, Replanning(rounds=100), BEAT)

    assert [chain.loads for chain in plan.chains] == [(0, 1)]


def test_the_board_shows_what_is_known_and_open_and_expected_things_as_such():
    day = Revealed(park([{}, {}, {"latest": 3}], [{}, {}]), Known(numbers(0, 10, 0), numbers(0, 10)))
    state = RunningDay(day)

    early, late = state.see(5, 0), state.see(10, 0, day)
    state.accept(0, 0, 12)
    after = state.see(13, 0)

    assert (early.loads.tolist(), early.trucks.tolist()) == ([0], [0])
    assert (late.loads.tolist(), late.trucks.tolist()) == ([0, 1], [0, 1])
    assert (after.loads.tolist(), after.board.instance.trucks.free_from.tolist()) == ([1], [32, 0])
    assert after.board.out.tolist() == [True, False]
    assert RunningDay(day).see(5, 0, day).board.expected_loads.tolist() == [False, True]


def test_a_load_nobody_can_serve_is_left_out_of_the_comparison():
    day = park([{}, {"latest": 2, "due": 5}, {"kind": 1}], [{}], can=[[1, 0]])

    assert len(servable(day).loads) == 1


def test_savings_count_an_unserved_load_as_driven_alone():
    day = park([{}, {**BACK, "drop": 700}], [{}])
    both = MatchingPlan((Chain(0, (0, 1), (0, 20)),), ())
    one = MatchingPlan((Chain(0, (0,), (0,)),), (1,))

    assert baselines.alone(day).empty_km == 20
    assert (saving(day, both).km, saving(day, one).km) == (20, 0)
    assert (saving(day, both).cost, saving(day, one).cost) == (300 - 50, 300 - 150 - 700)
