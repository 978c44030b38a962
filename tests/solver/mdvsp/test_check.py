"""Every row of formulation.md, broken alone."""

import numpy as np
import pytest

from solver.mdvsp import check
from solver.mdvsp.instance import FixedInstance, ShiftInstance
from solver.mdvsp.plan import MdvspPlan, Route

FIXED = FixedInstance(
    capacity=np.array([1, 2]),
    pull_out=np.array([[10, 20], [-1, 40]]),
    pull_in=np.array([[11, -1], [13, 43]]),
    link=np.array([[-1, 7], [-1, -1]]),
)
SHIFTED = ShiftInstance(
    capacity=np.array([2]),
    travel=np.array([[0, 7], [8, 0]]),
    origin=np.array([0, 1]),
    start=np.array([10, 30]),
    destination=np.array([1, 0]),
    end=np.array([20, 45]),
    shift=3,
)


def labels(instance, *routes: Route) -> list[str]:
    return [fault.label for fault in check.violations(instance, MdvspPlan(routes))]


def test_the_cost_is_pull_outs_links_and_pull_ins():
    plan = MdvspPlan((Route(0, (0, 1)),))

    assert labels(FIXED, *plan.routes) == []
    assert check.cost(FIXED, plan) == 10 + 7 + 13


def test_the_cost_with_shifts_is_vehicles_and_minutes_driven_empty():
    one = MdvspPlan((Route(0, (0, 1), (10, 30)),))
    two = MdvspPlan((Route(0, (0,), (7,)), Route(0, (1,), (33,))))

    assert labels(SHIFTED, *one.routes) == labels(SHIFTED, *two.routes) == []
    assert check.cost(SHIFTED, one) == 1000 + 0 + 0 + 0
    assert check.cost(SHIFTED, two) == 2000 + 8 + 7


@pytest.mark.parametrize(
    ("routes", "label"),
    [
        ([Route(0, (0,))], "V1"),
        ([Route(0, (0, 1)), Route(1, (1,))], "V1"),
        ([Route(1, (0, 1))], "V2"),
        ([Route(0, (0,)), Route(0, (1,))], "V3"),
        ([Route(0, (0, 1), (1, 2))], "V4"),
    ],
)
def test_a_broken_row_is_named_at_fixed_times(routes, label):
    assert label in labels(FIXED, *routes)


@pytest.mark.parametrize(
    ("routes", "label"),
    [
        ([Route(0, (0,), (10,))], "V1"),
        ([Route(0, (1, 0), (30, 10))], "V2"),
        ([Route(0, (0, 1), (14, 30))], "V4"),
        ([Route(0, (0, 1), (10, 26))], "V4"),
        ([Route(0, (0, 1))], "V4"),
    ],
)
def test_a_broken_row_is_named_with_shifts(routes, label):
    assert label in labels(SHIFTED, *routes)


def test_a_vehicle_must_be_there_when_the_trip_starts():
    late = ShiftInstance(
        SHIFTED.capacity, SHIFTED.travel, SHIFTED.origin, np.array([10, 20]), np.array([0, 0]), np.array([20, 45]), 3
    )

    assert labels(late, Route(0, (0, 1), (10, 23))) == ["V2"]


def test_a_pull_in_that_is_forbidden_is_named():
    faults = check.violations(FIXED, MdvspPlan((Route(1, (1,)), Route(1, (0,)))))

    assert [fault.text for fault in faults if "return" in fault.text] == [
        "V2 route 1: a vehicle cannot return to depot 1 from trip 0"
    ]


def test_false_claims_are_named():
    plan = MdvspPlan((Route(0, (0, 1)),))

    assert check.claims(FIXED, plan, 30, 30) == []
    assert len(check.claims(FIXED, plan, 29, 31)) == 2
