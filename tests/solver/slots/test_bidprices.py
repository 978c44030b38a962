import numpy as np
import pytest

from solver.slots import dock_worth
from solver.slots.bidprices import BidPricer
from solver.slots.forecast import CERTAIN, SCENARIOS, PastRequests, expect
from solver.slots.online import Free, Request, Terms, best_start

TERMS = Terms(early=1, late=1, drop=100, turn=1)
SLOTS = 4
ONE = {"dock_group": 0, "duration": 1, "wish": 1, "first": 1, "last": 1, "weight": 1, "carrier": -1, "moment": CERTAIN}


def past(*requests):
    table = [ONE | request for request in requests]
    return PastRequests(**{name: np.array([row[name] for row in table]) for name in ONE})


def free(docks=9, gate=9, quota=-1):
    return Free(np.full((1, SLOTS), docks), np.full(SLOTS, gate), np.full((1, SLOTS), quota))


def prices_of(left, *requests, days=1, now=0.0):
    forecast = expect(past(*requests), days=days, groups=1, rng=np.random.default_rng(1))
    return BidPricer(forecast, TERMS, left).refresh(left, now)


def test_a_day_with_room_for_all_has_no_prices():
    prices = prices_of(free(), {}, {}, {})

    assert not prices.gate.any()
    assert not prices.docks.any()
    assert not prices.quota.any()


@pytest.mark.parametrize("scarce", ["docks", "gate", "quota"])
def test_a_place_that_two_expect_and_one_can_have_is_dear_and_its_neighbours_are_not(scarce):
    prices = prices_of(free(**{scarce: 1}), {"carrier": 0}, {"carrier": 0})

    dear = {"docks": prices.docks[0], "gate": prices.gate, "quota": prices.quota[0]}[scarce]
    assert dear[1] > 5
    assert max(dear[0], dear[2], dear[3]) == 0


def test_who_can_move_leaves_the_place_to_who_cannot():
    request = Request(dock_group=0, duration=1, wish=1, earliest=0, latest=3)
    left = free(gate=1)

    assert best_start(request, left, None, TERMS).slot == 1
    assert best_start(request, left, prices_of(left, {}, {}), TERMS).slot in {0, 2}


def test_what_is_expected_until_now_counts_as_past():
    requests = [{"moment": -5.0}] * 40

    assert prices_of(free(docks=1), *requests, days=10, now=-6.0).docks[0, 1] > 0
    assert not prices_of(free(docks=1), *requests, days=10, now=-5.0).docks.any()


def test_prices_fall_when_demand_has_come_and_gone():
    left = free(docks=1)
    forecast = expect(past(*[{"moment": -5.0}] * 40), days=10, groups=1, rng=np.random.default_rng(1))
    pricer = BidPricer(forecast, TERMS, left)
    before = pricer.refresh(left, -6.0).docks[0, 1]

    after = [pricer.refresh(left, -1.0).docks[0, 1] for _ in range(5)][-1]

    assert 0 <= after < before / 2


def test_the_same_history_gives_the_same_prices():
    requests = [{"moment": 1.0, "wish": w, "first": 0, "last": 3} for w in (0, 1, 1, 2)] * 3

    first, second = (prices_of(free(docks=1, gate=2), *requests, days=2) for _ in range(2))

    assert np.array_equal(first.docks, second.docks)
    assert np.array_equal(first.gate, second.gate)


def test_the_worth_of_a_dock_is_what_the_day_costs_without_it():
    requests = [{}, {"first": 0, "last": 2}]  # the second can step aside to slot 0 or 2, the first is lost
    forecast = expect(past(*requests), days=1, groups=1, rng=np.random.default_rng(1))
    one = np.ones(SLOTS, dtype=np.int64)

    found = dock_worth.of_docks(forecast, 0, 0.0, one, np.zeros(SLOTS), TERMS)

    assert found.tolist() == [0, 100, 0, 0]


def test_a_slot_both_could_step_into_is_worth_one_slot_of_displacement():
    requests = [{"first": 0, "last": 1}, {"first": 0, "last": 1}]
    forecast = expect(past(*requests), days=1, groups=1, rng=np.random.default_rng(1))
    docks = np.array([1, 2, 1, 1])

    found = dock_worth.of_docks(forecast, 0, 0.0, docks, np.zeros(SLOTS), TERMS)

    assert found.tolist() == [0, 1, 0, 0]


def test_scenarios_have_as_many_requests_as_the_earlier_days_had_on_average():
    forecast = expect(past(*[{"moment": 1.0}] * 60), days=6, groups=1, rng=np.random.default_rng(1))

    counts = np.diff(forecast.begin)
    assert len(counts) == SCENARIOS
    assert abs(counts.mean() - 10) < 4 * np.sqrt(10 / SCENARIOS)
    assert counts.std() > 0


def test_what_waits_is_in_every_scenario_and_the_least_choice_stands_first():
    requests = [{"moment": 1.0, "first": 0, "last": 3}] * 5 + [{"last": 2}, {"dock_group": 1}, {"last": 0}]

    forecast = expect(past(*requests), days=1, groups=2, rng=np.random.default_rng(1))

    for k in range(SCENARIOS):
        picked = forecast.pick[forecast.begin[k] : forecast.begin[k + 1]]
        assert sum(forecast.moment[picked] == CERTAIN) == 1  # the last one has no start
        assert forecast.moment[picked[0]] == CERTAIN
        assert list(picked) == sorted(picked)
    assert (np.diff(forecast.begin)[SCENARIOS:] == 1).all()
