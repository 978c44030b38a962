import re
from pathlib import Path

import numpy as np
import pytest

import solver.slots
from solver.slots import check
from solver.slots.instance import PlanFile, SlotPlan

from .parks import park


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


def test_cost_is_displacement_and_drops_by_weight():
    instance = park([{"weight": 3}, {}, {"weight": 2}], early=5, late=7)

    assert check.cost(instance, np.array([0, 3, -1])) == 3 * 5 + 2 * 7 + 2 * 100


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
