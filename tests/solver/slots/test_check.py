import re
from pathlib import Path

import numpy as np
import pytest

import solver.slots
from solver.slots import check
from solver.slots.instance import PlanFile, SlotPlan

from .parks import drawn_park, enumerated, optimum, park


def labels_of(instance, start):
    return [fault.label for fault in check.violations(instance, np.array(start))]


def test_a_lawful_plan_has_no_violations():
    assert labels_of(park([{}, {}]), [1, -1]) == []


@pytest.mark.parametrize("start", [-2, 0, 3, 4, 2**62])
def test_a_visit_starts_inside_its_window_or_not_at_all(start):
    instance = park([{"earliest": 1, "latest": 2}])

    assert labels_of(instance, [start]) == ["S1"]


def test_a_visit_ends_before_the_horizon():
    assert labels_of(park([{"duration": 2}]), [3]) == ["S1"]


def test_a_plan_of_the_wrong_length_is_refused():
    assert labels_of(park([{}]), [1, 1]) == ["S1"]


def test_a_dock_group_is_never_over_full():
    instance = park([{"duration": 2}, {}, {}], docks=[[1, 1, 2, 1]])

    (fault,) = check.violations(instance, np.array([1, 2, 2]))

    assert fault.text == "S2 dock group 0 slot 2: 3 trucks, 2 docks"
    assert (fault.dock_group, fault.slot, fault.used, fault.limit) == (0, 2, 3, 2)


def test_the_gate_admits_what_its_lanes_can_serve():
    assert labels_of(park([{}, {}], gate=[1, 1, 1, 1]), [2, 2]) == ["S3"]


def test_a_carrier_does_not_crowd_a_slot():
    instance = park([{"carrier": 0}, {"carrier": 0}, {"carrier": 1}, {"carrier": 1}], quota=[1, -1])

    assert labels_of(instance, [1, 1, 1, 1]) == ["S4"]


@pytest.mark.parametrize(("second", "expected"), [(0, ["S5"]), (1, ["S5"]), (2, []), (3, [])])
def test_a_truck_is_in_one_place_at_a_time(second, expected):
    instance = park([{"truck": 7}, {"truck": 7}, {"truck": -1}])

    assert labels_of(instance, [0, second, 0]) == expected


def test_a_truck_with_a_long_visit_clashes_with_all_that_follow_inside():
    instance = park([{"truck": 7, "duration": 3}, {"truck": 7}, {"truck": 7}, {"truck": 6}], horizon=8, turn=0)

    faults = check.violations(instance, np.array([0, 1, 2, 2]))

    assert [(fault.visit, fault.other) for fault in faults] == [(1, 0), (2, 0)]


def frozen(slot, **visit):
    return {"frozen": 1, "promised": slot, "earliest": 3, "latest": 3} | visit


def test_a_frozen_visit_starts_where_it_was_promised_whatever_its_window_says():
    instance = park([frozen(1), frozen(-1)])

    assert labels_of(instance, [1, -1]) == []
    assert labels_of(instance, [3, 3]) == ["S6", "S6"]
    assert labels_of(instance, [-1, -1]) == ["S6"]


def test_frozen_visits_may_over_fill_what_then_admits_nobody_else():
    visits = [frozen(1, carrier=0), frozen(1, carrier=0), {"carrier": 0}]
    instance = park(visits, docks=[[0] * 4], gate=[1] * 4, quota=[1])

    (fault, *others) = check.violations(instance, np.array([1, 1, 1]))

    assert labels_of(instance, [1, 1, -1]) == []
    assert fault.text == "S2 dock group 0 slot 1: 3 trucks, 2 docks"
    assert [other.text for other in others] == [
        "S3 gate slot 1: 3 trucks, 2 can be admitted",
        "S4 carrier 0 slot 1: 3 starts, quota 2",
    ]


def test_limits_are_capacities_or_what_frozen_visits_use():
    found = check.limits(park([frozen(1, carrier=0), {}], docks=[[0] * 4], gate=[0, 0, 2, 2], quota=[0, -1]))

    assert found.docks.tolist() == [[0, 1, 0, 0]]
    assert found.gate.tolist() == [0, 1, 2, 2]
    assert found.quota.tolist() == [[0, 1, 0, 0], [check.UNLIMITED] * 4]


def test_frozen_visits_of_one_truck_may_overlap_but_nobody_else_may_overlap_them():
    instance = park([frozen(0, truck=7, duration=3), frozen(1, truck=7), {"truck": 7}], horizon=8, turn=0)

    assert labels_of(instance, [0, 1, 3]) == []
    assert [(f.visit, f.other) for f in check.violations(instance, np.array([0, 1, 2]))] == [(2, 0)]


def test_a_promise_not_kept_costs_by_weight():
    instance = park([{"promised": 1, "weight": 3}, {"promised": 1}, {"promised": 1}, {}], move=5)

    assert check.move_cost(instance, np.array([2, 1, -1, 3])) == 5 * (3 + 1)
    assert check.cost(instance, np.array([2, 1, -1, 3])) == 3 + 100 + 2 + 5 * (3 + 1)


def test_a_carrier_pays_for_slots_beyond_its_share():
    visits = [{"carrier": 0}, {"carrier": 0, "weight": 9}, {"carrier": 1}, {}]
    instance = park(visits, quota=[-1, -1, -1], fairness=7, fair_slots=1)

    assert check.unfairness_cost(instance, np.array([3, 2, 2, 3])) == 7 * (2 + 1 - 2)


def test_leaving_a_visit_out_counts_as_the_farthest_it_could_have_moved():
    visits = [{}, {"latest": 2, "wish": 2}, {"duration": 9}, frozen(-1), frozen(2)]

    moved = check.slots_moved(park(visits), np.array([-1, -1, -1, -1, 2]))

    assert moved.tolist() == [2, 2, 0, 0, 1]


def test_cost_is_displacement_and_drops_by_weight():
    instance = park([{"weight": 3}, {}, {"weight": 2}], early=5, late=7)

    assert check.cost(instance, np.array([0, 3, -1])) == 3 * 5 + 2 * 7 + 2 * 100


@pytest.mark.parametrize("seed", range(25))
def test_the_cheapest_plan_the_checker_accepts_is_the_optimum_of_the_whole_program(seed):
    instance = drawn_park(np.random.default_rng(seed), 4)

    assert min(check.cost(instance, plan) for plan in enumerated(instance)) == optimum(instance)


def test_false_claims_are_named():
    file = PlanFile(SlotPlan(np.array([2])), cost=0, bound=2)

    assert check.claims(park([{}]), file) == [
        "cost: the file claims 0, the plan costs 1",
        "bound: the file claims no plan is below 2, this one costs 1",
    ]


def test_formulation_model_and_checker_agree_on_labels():
    folder = Path(solver.slots.__file__).parent
    formulation = (folder / "formulation.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| ([SF]\d) \|", formulation, re.MULTILINE))
    model = set(re.findall(r"^\s+([SF]\d)  ", (folder / "model.py").read_text(encoding="utf-8"), re.MULTILINE))

    assert rows == set(check.LABELS) | set(check.COSTS) == model
    for label, rule in (check.LABELS | check.COSTS).items():
        assert (rule.__doc__ or "").startswith(f"{label}:")
