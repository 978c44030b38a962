"""The benchmark rows of slots that are a story of their own, on days small enough for a test."""

from time import monotonic

import pytest

from simulations.benchmarks import fairness, replanning, slots


@pytest.fixture(scope="module")
def replanned():
    study = replanning.Study(visits=60, prices=(0, 50), seconds=0.7)
    return list(replanning.rows(study, monotonic))


def test_a_day_is_planned_again_for_every_mishap_and_price(replanned):
    assert [(row["mishap"], row["move"]) for row in replanned] == [
        (mishap, price) for mishap in ("nothing", "5 % of docks", "a gate lane") for price in (0, 50)
    ]
    for row in replanned:
        assert 0 <= row["dropped"] <= row["moved"] <= row["promises"]
        assert 0.0 <= row["gap"] <= 1.0


def test_when_nothing_goes_wrong_and_moves_are_dear_no_promise_is_moved(replanned):
    assert next(row["moved"] for row in replanned if row["mishap"] == "nothing" and row["move"]) == 0


def test_fairness_is_measured_beside_the_plan_without():
    study = fairness.Study(flavours=("tight",), visits=60, prices=(20,), seconds=0.7)

    without, fair = fairness.rows(study, monotonic)

    assert (without["fairness"], without["price"]) == (0, 0)
    assert fair["price"] == fair["cost"] - without["cost"]
    assert fair["fair slots"] == without["fair slots"]
    assert fair["cost"] + 20 * fair["unfair slots"] <= without["cost"] + 20 * without["unfair slots"]


def test_the_slot_table_has_a_lawful_row_per_day_and_method():
    study = slots.Study(days=[("flat", 60)], seconds=[1.0], large=[], highs_seconds=5.0, cp_sat_seconds=5.0)

    found = list(slots.rows(study, monotonic))

    assert [row["method"].split(",")[0] for row in found] == ["first come", "greedy", "this solver", "HiGHS", "CP-SAT"]
    assert max(row["bound"] or 0 for row in found) <= min(row["cost"] for row in found)
