import re
from pathlib import Path

import pytest

from solver.matching import check
from solver.matching.instance import Costs
from solver.matching.plan import Chain, MatchingPlan

from .parks import park

THERE_AND_BACK = park([{}, {"origin": 1, "destination": 0}], [{}])


def plan(*chains: Chain, unserved: tuple[int, ...] = ()) -> MatchingPlan:
    return MatchingPlan(chains, unserved)


def labels(instance, a_plan) -> list[str]:
    return [fault.label for fault in check.violations(instance, a_plan)]


def test_a_lawful_plan_has_no_violations():
    assert check.violations(THERE_AND_BACK, plan(Chain(0, (0, 1), (0, 20)))) == []


def test_a_load_in_two_chains_breaks_m1():
    instance = park([{}], [{}, {}])

    assert labels(instance, plan(Chain(0, (0,), (0,)), Chain(1, (0,), (0,)))) == ["M1"]


def test_a_load_forgotten_breaks_m1():
    assert labels(THERE_AND_BACK, plan(Chain(0, (0,), (0,)))) == ["M1"]


def test_a_load_served_and_listed_unserved_breaks_m1():
    assert labels(park([{}], [{}]), plan(Chain(0, (0,), (0,)), unserved=(0,))) == ["M1"]


@pytest.mark.parametrize("start", [-1, 101])
def test_a_start_outside_the_window_breaks_m2(start):
    instance = park([{}], [{"free_from": -5}])

    assert labels(instance, plan(Chain(0, (0,), (start,)))) == ["M2"]


def test_a_late_delivery_breaks_m2():
    assert labels(park([{"due": 20}], [{}]), plan(Chain(0, (0,), (1,)))) == ["M2"]


def test_a_start_before_the_truck_arrives_breaks_m2():
    assert labels(THERE_AND_BACK, plan(Chain(0, (0, 1), (0, 19)))) == ["M2"]


def test_leaving_before_being_free_breaks_m3():
    assert labels(park([{}], [{"start": 1, "free_from": 5}]), plan(Chain(0, (0,), (14,)))) == ["M3"]


def test_being_home_late_breaks_m3():
    assert labels(park([{}], [{"home_by": 29}]), plan(Chain(0, (0,), (0,)))) == ["M3"]


def test_two_chains_of_one_truck_break_m3():
    a_plan = plan(Chain(0, (0,), (0,)), Chain(0, (1,), (20,)))

    assert labels(THERE_AND_BACK, a_plan) == ["M3"]


def test_an_empty_chain_breaks_m3():
    assert labels(park([], [{}]), plan(Chain(0, (), ()))) == ["M3"]


def test_a_load_the_truck_cannot_carry_breaks_m4():
    assert labels(park([{}], [{}], can=[[0]]), plan(Chain(0, (0,), (0,)))) == ["M4"]


def test_every_empty_leg_is_paid():
    instance = park([{}], [{"start": 1, "home": 0}], costs=Costs(3, 0, 0))

    assert check.cost(instance, plan(Chain(0, (0,), (50,)))) == 3 * (10 + 10)


def test_standing_between_loads_is_paid_and_standing_before_the_first_is_not():
    assert check.wait_cost(THERE_AND_BACK, plan(Chain(0, (0, 1), (7, 30)))) == 3


def test_every_truck_used_is_paid():
    instance = park([{}, {}], [{}, {}, {}], costs=Costs(0, 0, 7))

    assert check.cost(instance, plan(Chain(0, (0,), (0,)), Chain(2, (1,), (0,)))) == 14


def test_every_unserved_load_is_paid():
    assert check.cost(park([{"drop": 5}, {"drop": 6}]), plan(unserved=(0, 1))) == 11


def test_false_claims_are_named():
    instance = park([{"drop": 5}])

    assert check.claims(instance, plan(unserved=(0,)), 5, 5) == []
    assert len(check.claims(instance, plan(unserved=(0,)), 4, 6)) == 2


def test_formulation_and_checker_have_the_same_labels():
    text = Path(check.__file__).with_name("formulation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([MF]\d+) \|", text, re.MULTILINE)

    assert rows == [*check.LABELS, *check.COSTS]
    for label, function in {**check.LABELS, **check.COSTS}.items():
        assert (function.__doc__ or "").startswith(f"{label}:")
