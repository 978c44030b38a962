"""explain matching, and solve matching --nobody-worse-off, from files."""

import json
from pathlib import Path
from typing import Any

import pytest

from solver.matching import check
from solver.matching.instance import load, save
from solver.matching.plan import load_plan
from tests.api.cli.commands import assert_refused, parkdispatch
from tests.solver.matching.parks import park

AN_EMPTY_PLAN = {"chains": [], "unserved": [0]}


def written(tmp_path: Path, plan: dict[str, Any] | None, **changes: Any) -> tuple[Path, Path]:
    """Write an instance of one load that is ten kilometres from its two trucks, and a plan."""
    instance, plan_file = tmp_path / "day.json", tmp_path / "plan.json"
    save(park([{"origin": 1, "destination": 0, **changes}], [{"free_from": 24}, {"free_from": 90}]), instance)
    if plan is not None:
        plan_file.write_text(json.dumps(plan))
    return instance, plan_file


def test_a_load_left_is_explained_with_the_minutes(tmp_path: Path) -> None:
    said = parkdispatch("explain", "matching", *written(tmp_path, AN_EMPTY_PLAN, latest=20), "--load", "0")

    assert said.code == 0, said.err
    assert "nearest is truck 0, 14 minutes late (M2" in said.out


def test_an_explanation_is_one_json_object(tmp_path: Path) -> None:
    said = parkdispatch("explain", "matching", *written(tmp_path, AN_EMPTY_PLAN, drop=100), "--json")

    told = json.loads(said.out)["explanations"]
    assert [(each["of"], each["number"], each["reason"]) for each in told] == [
        ("load", 0, "dearer"),
        ("truck", 0, "dearer"),
        ("truck", 1, "dearer"),
    ]
    assert told[0]["cost_change"] == 50


@pytest.mark.parametrize(
    ("plan", "options", "words"),
    [
        (AN_EMPTY_PLAN, ("--load", "1"), "there are 1 loads"),
        (AN_EMPTY_PLAN, ("--truck", "2"), "there are 2 trucks"),
        ({"chains": [{"truck": 0, "loads": [0], "starts": [40]}], "unserved": []}, ("--load", "0"), "serves"),
        ({"chains": [{"truck": 0, "loads": [0], "starts": [0]}], "unserved": []}, (), "is not lawful"),
        ({"chains": []}, (), "unserved"),
    ],
)
def test_what_cannot_be_explained_is_one_line(
    tmp_path: Path, plan: dict[str, Any], options: tuple[str, ...], words: str
) -> None:
    assert_refused(parkdispatch("explain", "matching", *written(tmp_path, plan), *options), words)


def test_nobody_is_worse_off_where_that_is_asked_for_and_the_price_is_told(tmp_path: Path) -> None:
    instance, plan = tmp_path / "day.json", tmp_path / "plan.json"
    save(
        park(
            [{"origin": 1, "destination": 1, "carrier": 0}],
            [{"carrier": 0}, {"carrier": 1, "start": 2, "home": 2}],
            distance=[[0, 10, 12], [10, 0, 2], [12, 2, 0]],
        ),
        instance,
    )

    said = parkdispatch("solve", "matching", instance, "--out", plan, "--seconds", "1", "--nobody-worse-off", "--json")

    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert (told["price"], told["worse_off_in_joint"]) == (160, 1)
    assert [each["is_worse_off"] for each in told["carriers"]] == [False, False]
    assert check.violations(load(instance), load_plan(plan, load(instance)).plan) == []


def test_a_file_without_carriers_has_nobody_who_could_be_worse_off(tmp_path: Path) -> None:
    instance, plan = written(tmp_path, None)

    assert_refused(
        parkdispatch("solve", "matching", instance, "--out", plan, "--nobody-worse-off"), "trucks.carrier", "is missing"
    )
    assert not plan.exists()
