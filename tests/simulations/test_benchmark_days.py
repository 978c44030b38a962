from pathlib import Path

import pytest

from dispatch.files import load_park
from dispatch.roads.estimate import estimated
from simulations.benchmarks import days, validation
from simulations.benchmarks.tables import markdown

PARK = load_park(Path(__file__).parents[2] / "parks" / "beilun.toml")


@pytest.fixture(scope="module")
def study() -> days.Study:
    return days.Study(visits=(60, 120), replications=3, plan_seconds=0.4)


@pytest.fixture(scope="module")
def found(study: days.Study) -> days.Found:
    return days.found(study, PARK, estimated(PARK), lambda _: None)


def test_every_size_day_and_measure_has_a_row_with_differences(study: days.Study, found: days.Found) -> None:
    rows = list(days.rows(study, found, ("visits", "empty_share")))

    assert [(row["visits"], row["day"], row["measure"]) for row in rows[:3]] == [
        (60, "ordinary", "visits"),
        (60, "ordinary", "empty_share"),
        (60, "disturbed", "visits"),
    ]
    assert len(rows) == 8
    for row in rows:
        assert row["optimised less first_come"] == pytest.approx(row["optimised"] - row["first_come"], abs=1e-9)
    assert markdown(days.table(study, found)).count("\n") == 1 + 4 * len(days.SHOWN)


def test_it_says_where_planning_does_not_help(study: days.Study, found: days.Found) -> None:
    said = days.no_help(study, found)

    assert any("spill_back_minutes: no difference" in line for line in said)
    assert all(("is worse" in line) != ("no difference" in line) for line in said)


def test_its_pictures_repeat(study: days.Study, found: days.Found, tmp_path: Path) -> None:
    names = days.draw(study, found, tmp_path)
    first = {name: (tmp_path / name).read_bytes() for name in names}

    days.draw(study, found, tmp_path)

    assert len(names) == 6
    assert first == {name: (tmp_path / name).read_bytes() for name in names}


def test_published_figures_and_expected_waits_are_compared() -> None:
    study = validation.Study(visits=80, busy_visits=(300,), replications=2, plan_seconds=0.4, expected_from=2, truth=2)
    travel = estimated(PARK)

    figures = list(validation.reality(study, PARK, travel, lambda _: None))
    told = list(validation.predictions(study, PARK, travel, lambda _: None))

    assert {row["published"] for row in figures} >= {"34", "54", "20"}
    assert [(row["policy"], row["place"]) for row in told] == [
        (policy, place) for policy in ("first_come", "optimised") for place in ("gate", "dock")
    ]
    assert all(0 <= row["share within 5 min"] <= 1 for row in told)
