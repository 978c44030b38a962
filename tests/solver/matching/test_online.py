from dataclasses import replace

import numpy as np
import pytest

from solver.matching import check
from solver.matching.board import board
from solver.matching.flavours import port_day, rough
from solver.matching.instance import Costs
from solver.matching.online import Effort, match_round
from solver.matching.plan import Chain
from solver.matching.reshuffle import neighbours
from solver.matching.roster import FAR, assign, idle_roster, row_cost, scene
from solver.reading import BadInput

from .oracle import optimum
from .parks import park

QUICK = Effort(rounds=300)
BACK = {"origin": 1, "destination": 0}


def numbers(*values):
    return np.array(values, dtype=np.int64)


def test_with_everything_known_a_round_is_lawful_never_below_the_optimum_and_nearly_always_at_it():
    days = [rough(np.random.default_rng(seed), loads=5, trucks=3) for seed in range(10)]

    plans = [match_round(board(day, -100), QUICK).plan for day in days]

    assert [check.violations(day, plan) for day, plan in zip(days, plans, strict=True)] == [[]] * 10
    dearer = [check.cost(day, plan) - optimum(day) for day, plan in zip(days, plans, strict=True)]
    assert min(dearer) == 0
    assert dearer.count(0) >= 9


@pytest.mark.parametrize("seed", range(3))
def test_a_row_costs_what_the_checker_says(seed):
    instance = port_day(np.random.default_rng(seed), loads=40, trucks=15, warehouses=12)

    planned = match_round(board(instance, 0), QUICK)
    at = scene(board(instance, 0))

    rows = sum(row_cost(at, chain.truck, numbers(*chain.loads), len(chain.loads)) for chain in planned.plan.chains)
    assert rows + check.unserved_cost(instance, planned.plan) == check.cost(instance, planned.plan)


def test_the_same_board_and_seed_give_the_same_plan():
    instance = port_day(np.random.default_rng(5), loads=40, trucks=15, warehouses=12)

    assert match_round(board(instance, 0), QUICK) == match_round(board(instance, 0), QUICK)


def test_o1_no_truck_leaves_before_it_can_react():
    instance = park([{"origin": 1, "destination": 0}], [{}])

    planned = match_round(board(instance, 30, react=15), QUICK)

    assert [(offer.load, offer.leave, offer.start) for offer in planned.offers] == [(0, 45, 55)]


def test_o1_what_cannot_be_reached_after_reacting_is_not_offered():
    instance = park([{"origin": 1, "destination": 0, "latest": 54}], [{}])

    assert match_round(board(instance, 30, react=14), QUICK).offers != ()
    assert match_round(board(instance, 30, react=15), QUICK).offers == ()


def test_o3_a_truck_with_an_appointment_takes_only_what_brings_it_there_in_time():
    appointment_at_place_one = {"home": 1, "home_by": 25}
    in_time, too_late = (
        park([{}], [appointment_at_place_one]),
        park([{}], [{**appointment_at_place_one, "home_by": 19}]),
    )

    assert len(match_round(board(in_time, 0), QUICK).offers) == 1
    assert len(match_round(board(too_late, 0), QUICK).offers) == 0


def test_o4_a_forbidden_pair_is_never_planned_however_good():
    instance = park([{}], [{}, {"start": 1}])

    planned = match_round(board(instance, 0, forbidden=np.array([[0, 0]])), QUICK)

    assert [offer.truck for offer in planned.offers] == [1]


def test_a_truck_that_is_out_pays_neither_its_price_nor_the_way_it_drives_anyway():
    instance = park([{**BACK, "drop": 60}], [{"start": 1, "home": 0}])

    at_home = match_round(board(instance, 0), QUICK)
    out = match_round(board(instance, 0, out=np.array([True])), QUICK)

    assert row_cost(scene(board(instance, 0)), 0, numbers(0), 1) == 50
    assert row_cost(scene(board(instance, 0, out=np.array([True]))), 0, numbers(0), 1) == -100
    assert len(at_home.offers) == len(out.offers) == 1


def test_the_standing_of_a_truck_that_is_out_counts_from_its_last_delivery():
    instance = park([{**BACK, "earliest": 40}], [{"start": 1, "free_from": 10}], costs=Costs(10, 1, 50))
    idle, out = board(instance, 10), board(instance, 10, out=np.array([True]))

    difference = row_cost(scene(out), 0, numbers(0), 1) - row_cost(scene(idle), 0, numbers(0), 1)

    assert difference == 30 - 50 - 100  # waits, its price is paid, ten kilometres home it drives anyway


def test_a_chain_of_the_round_before_is_kept_as_far_as_it_can_still_be_driven():
    instance = park([{}, BACK, {}], [{}])
    later = park([{}, BACK, {"latest": 10}], [{}])
    before = [Chain(0, (0, 1, 2), (0, 20, 40))]

    kept = match_round(board(instance, 0), Effort(0), before)
    cut = match_round(board(later, 0), Effort(0), before)

    assert kept.plan.chains[0].loads == (0, 1, 2)
    assert set(cut.plan.chains[0].loads) >= {0, 1} or cut.plan.chains[0].loads[0] == 2


def test_o5_what_is_only_expected_is_planned_and_never_offered():
    instance = park([{}, {**BACK, "earliest": 50}], [{}])
    on = replace(board(instance, 0), known_at=numbers(0, 30), expected_loads=np.array([False, True]))

    planned = match_round(on, QUICK)

    assert planned.plan.chains[0].loads == (0, 1)
    assert [offer.load for offer in planned.offers] == [0]


def test_o5_nobody_leaves_for_an_expected_load_before_it_is_known():
    instance = park([BACK], [{}])
    on = replace(board(instance, 0, react=5), known_at=numbers(30), expected_loads=np.array([True]))

    assert match_round(on, QUICK).plan.chains[0].starts == (45,)


def test_o5_a_known_load_does_not_stand_behind_an_expected_one():
    instance = park([{"latest": 10}, {**BACK, "earliest": 50, "drop": 5000}], [{}])
    on = replace(board(instance, 0), expected_loads=np.array([True, False]))

    assert match_round(on, QUICK).plan.chains[0].loads == (1,)


def test_o5_a_known_load_does_not_wait_for_an_expected_truck():
    instance = park([{}], [{}])
    on = replace(board(instance, 0), expected_trucks=np.array([True]))

    assert match_round(on, QUICK).plan.unserved == (0,)


def test_the_latest_moment_to_leave_still_keeps_all_planned_loads_in_time():
    instance = park([{}, {**BACK, "latest": 60}], [{}])

    planned = match_round(board(instance, 0), QUICK)

    assert [offer.latest for offer in planned.offers] == [40]


def test_a_limit_on_empty_kilometres_is_kept():
    instance = park([{}, {}], [{}, {}])
    limited = replace(board(instance, 0), groups=numbers(0, 0), most_km=numbers(10))

    assert len(match_round(board(instance, 0), QUICK).plan.unserved) == 0
    assert len(match_round(limited, QUICK).plan.unserved) == 1


@pytest.mark.parametrize(
    ("loads", "trucks"),
    [
        ([], []),
        ([{}], []),
        ([], [{}]),
        ([{"earliest": 50, "latest": 50, "due": 40}], [{}]),
        ([{}], [{"home_by": -5}]),
        ([{}] * 60, [{}]),
    ],
)
def test_odd_boards_are_planned_lawfully(loads, trucks):
    instance = park(loads, trucks)

    planned = match_round(board(instance, 0), QUICK)

    assert check.violations(instance, planned.plan) == []


def test_a_row_taken_apart_leaves_no_trace():
    instance = port_day(np.random.default_rng(2), loads=20, trucks=6, warehouses=8)
    at = scene(board(instance, 0))
    roster = idle_roster(at)
    alone = neighbours(at).alone
    i = int(np.flatnonzero(alone[:, 0] >= 0)[0])
    k = int(alone[i, 0])

    assign(at, roster, k, numbers(i), 1)
    assert (roster.truck[i], roster.cost[k] < FAR) == (k, True)
    assign(at, roster, k, numbers(), 0)

    assert (roster.truck[i], roster.cost[k], roster.km[k], roster.driven.sum()) == (-1, 0, 0, 0)


def test_a_board_whose_arrays_do_not_fit_is_refused():
    instance = park([{}], [{}])

    with pytest.raises(BadInput, match="known_at"):
        replace(board(instance, 0), known_at=numbers(0, 0))
    with pytest.raises(BadInput, match="forbidden"):
        board(instance, 0, forbidden=np.array([[0, 1]]))
    with pytest.raises(BadInput, match="react"):
        board(instance, 0, react=-1)
