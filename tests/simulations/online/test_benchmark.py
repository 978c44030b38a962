import time
from pathlib import Path

import pytest

from dispatch.files import load_park
from dispatch.planning.matching import matching_problem
from dispatch.roads.estimate import estimated
from simulations.benchmarks import matching_online, matching_shares
from simulations.demand.carriers import with_carriers
from simulations.demand.generate import generate_day

CLOCK = time.monotonic


@pytest.fixture(scope="module")
def place():
    park = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")
    return matching_online.Place(park, estimated(park))


def test_no_policy_saves_more_than_the_clairvoyant_plan(place):
    study = matching_online.Study(
        visits=40, seeds=(1, 2), mixes=("two hours",), rounds=20, clairvoyant_rounds=200, clairvoyant_seconds=0.3
    )

    rows = list(matching_online.rows(study, place, CLOCK))

    assert [row["policy"] for row in rows][:3] == ["clairvoyant", "greedy on arrival", "re-solve"]
    assert rows[0]["share of saving, cost"] == 1.0
    assert all(row["share of saving, cost"] <= 1.0 for row in rows)
    assert all(row["served"] + row["unserved"] == rows[0]["served"] + rows[0]["unserved"] for row in rows)


def test_a_single_round_is_measured_first_and_next():
    rows = list(matching_online.round_rows(CLOCK, loads=30, trucks=20))

    assert [row["round"] for row in rows] == ["a first round", "the next round"]


def test_the_comparison_of_carriers_shows_nobody_worse_off_in_its_last_row(place):
    alone, _, last = list(matching_shares.rows(matching_shares.Study(visits=60, seconds=1.0), place, CLOCK))

    assert (alone["worse off"], last["worse off"]) == (0, 0)
    assert last["cost"] <= alone["cost"]


def test_a_generated_day_names_the_carriers_of_its_trucks_and_loads(place):
    day = generate_day(place.park, visits=60, seed=3)
    problem = matching_problem(place.park, day.date, day.loads, day.trucks, place.travel)

    told = with_carriers(problem.instance, day, place.park)

    names = [enterprise.id for enterprise in place.park.enterprises]
    visits = {visit.id: visit for visit in day.visits}
    assert [names[each] for each in told.trucks.carrier] == [truck.carrier for truck in day.trucks]
    for load, carrier in zip(day.loads, told.loads.carrier, strict=True):
        assert names[carrier] == visits[load.pickup_visit or load.delivery_visit].carrier
