"""generate, solve, check: at three sizes, with every broken plan rejected by its label."""

import json
from pathlib import Path

import pytest

from tests.api.cli.commands import assert_refused, parkdispatch


@pytest.mark.parametrize(("visits", "seconds"), [(0, 1), (100, 2), (1_000, 5), (10_000, 20)])
def test_a_generated_day_is_solved_and_its_plans_are_accepted(tmp_path: Path, visits: int, seconds: int) -> None:
    day = tmp_path / "day"
    generated = parkdispatch("generate", "day", "--visits", str(visits), "--seed", "1", "--out", day)
    assert generated.code == 0, generated.err
    assert sorted(file.name for file in day.iterdir()) == ["day.json", "matching.json", "park.json", "slots.json"]

    for problem in ("slots", "matching"):
        instance, plan = day / f"{problem}.json", tmp_path / f"{problem}-plan.json"
        solved = parkdispatch("solve", problem, instance, "--out", plan, "--seconds", str(seconds), "--json")
        checked = parkdispatch("check", problem, instance, plan)

        assert solved.code == 0, solved.err
        told = json.loads(solved.out)
        written = json.loads(plan.read_text())
        assert told["cost"] == written["cost"]
        assert told["bound"] == written["bound"] <= written["cost"]
        assert told["bound_from"] == written["bound_from"] != ""
        assert checked.code == 0, checked.out
        assert int(checked.out) == written["cost"]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert parkdispatch("generate", "day", "--visits", "200", "--seed", "7", "--out", tmp_path / name).code == 0

    for file in ("day.json", "matching.json", "park.json", "slots.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


SLOTS = {
    "slot_minutes": 15, "horizon": 4, "docks": [[1, 1, 1, 1], [2, 2, 2, 2]], "gate": [2, 2, 2, 2], "quota": [1, -1],
    "turn": 1, "early": 1, "late": 1, "drop": 100,
    "visits": {
        "dock_group": [0, 0, 1, 1], "duration": [1, 1, 1, 1], "wish": [0, 1, 1, 2], "earliest": [0, 0, 1, 1],
        "latest": [3, 3, 2, 3], "weight": [1, 1, 1, 1], "carrier": [0, 1, 0, -1], "truck": [0, 1, 2, 0],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("start", "label"),
    [([0, 1, 3, 2], "S1"), ([0, 0, 1, 2], "S2"), ([1, 2, 1, 1], "S3"), ([1, 0, 1, 3], "S4"), ([0, 2, 1, 1], "S5")],
)
def test_check_names_the_row_a_slot_plan_breaks(tmp_path: Path, start: list[int], label: str) -> None:
    instance, plan = tmp_path / "slots.json", tmp_path / "plan.json"
    instance.write_text(json.dumps(SLOTS))
    plan.write_text(json.dumps({"start": start}))

    said = parkdispatch("check", "slots", instance, plan)

    assert said.code == 1, said
    assert label in said.out


def test_check_rejects_a_false_cost_and_a_bound_above_the_cost(tmp_path: Path) -> None:
    instance, plan = tmp_path / "slots.json", tmp_path / "plan.json"
    instance.write_text(json.dumps(SLOTS))
    lawful = {"start": [0, 1, 2, 3]}

    plan.write_text(json.dumps(lawful | {"cost": 1}))
    assert parkdispatch("check", "slots", instance, plan).code == 1
    plan.write_text(json.dumps(lawful | {"bound": 1_000}))
    assert parkdispatch("check", "slots", instance, plan).code == 1
    plan.write_text(json.dumps(lawful | {"cost": 2, "bound": 1}))
    assert parkdispatch("check", "slots", instance, plan).code == 0


MATCHING = {
    "minutes": [[0, 30], [30, 0]], "km": [[0, 20], [20, 0]],
    "costs": {"per_empty_km": 10, "per_wait_minute": 1, "per_truck": 300},
    "trucks": {"kind": [0, 1], "start": [0, 0], "home": [0, 0], "free_from": [0, 0], "home_by": [300, 300]},
    "can": [[1, 0], [0, 1]],
    "loads": {
        "kind": [0, 0], "origin": [0, 1], "destination": [1, 0], "earliest": [0, 60], "latest": [60, 120],
        "due": [200, 250], "load_minutes": [10, 10], "unload_minutes": [10, 10], "drop": [5000, 5000],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("chains", "unserved", "label"),
    [
        ([{"truck": 0, "loads": [0], "starts": [0]}], [], "M1"),
        ([{"truck": 0, "loads": [0, 1], "starts": [0, 40]}], [], "M2"),
        ([{"truck": 0, "loads": [1], "starts": [10]}], [0], "M3"),
        ([{"truck": 1, "loads": [0], "starts": [0]}], [1], "M4"),
    ],
)
def test_check_names_the_row_a_matching_plan_breaks(
    tmp_path: Path, chains: list[dict[str, object]], unserved: list[int], label: str
) -> None:
    instance, plan = tmp_path / "matching.json", tmp_path / "plan.json"
    instance.write_text(json.dumps(MATCHING))
    plan.write_text(json.dumps({"chains": chains, "unserved": unserved}))

    said = parkdispatch("check", "matching", instance, plan)

    assert said.code == 1, said
    assert label in said.out


def test_solving_into_a_directory_that_is_not_there_is_refused_before_any_work(tmp_path: Path) -> None:
    instance = tmp_path / "slots.json"
    instance.write_text(json.dumps(SLOTS))

    assert_refused(parkdispatch("solve", "slots", instance, "--out", tmp_path / "no" / "plan.json"), "no directory")
