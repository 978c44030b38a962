"""Scenarios from the command line: what is printed, what is written, what is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import run
from simulations.running.sweep import cell_rows, cells, swept
from simulations.scenarios.library import library_names
from simulations.scenarios.read import load_scenario
from tests.api.cli.commands import ROOT, Said, assert_refused, parkdispatch

SMALL = """version = 1
title = "a small day"
replications = 3
plan_seconds = 1.0

[base]
kind = "demo"
visits = 300

[[changes]]
kind = "lane_closed"
gate = "east"
lane = 3
from = "09:00"
to = "11:00"
"""
GRID = "\n[grid]\nlanes = [8, 10]\nno_show = [0.0, 0.2]\n"


def scenario_file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(text)
    return file


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open() as opened:
        return list(csv.DictReader(opened))


def test_a_scenario_is_simulated_with_intervals_and_pictures(tmp_path: Path) -> None:
    out = tmp_path / "out"

    said = parkdispatch(
        "simulate", scenario_file(tmp_path, SMALL), "--policy", "first_come", "--seed", "5", "--out", out, "--json"
    )

    assert said.code == 0, said
    answer: dict[str, Any] = json.loads(said.out)
    assert (answer["policy"], answer["seed"], answer["replications"]) == ("first_come", 5, 3)
    assert set(answer["measures"]["turn_minutes"]) == {"mean", "half_width"}
    assert len(answer["series"]["gate_queue"]["mean"]) == 96
    assert answer["lanes"]["east 3"]["mean"] > 0
    assert answer["by_hour"]["10:00"]["visits"]["mean"] > 0
    assert "first_come, changed: 3 replications of 300 visits" in said.err
    assert sorted(each.name for each in out.iterdir()) == ["queue.svg", "results.csv", "results.json", "turn-times.svg"]
    assert (out / "queue.svg").read_text().startswith("<?xml")
    assert json.loads((out / "results.json").read_text()) == answer
    by_name = {row["measure"]: row for row in rows_of(out / "results.csv")}
    assert float(by_name["visits"]["mean"]) == pytest.approx(answer["measures"]["visits"]["mean"], rel=1e-4)


def test_the_three_policies_are_compared_without_and_with_the_change(tmp_path: Path) -> None:
    said = parkdispatch("compare", scenario_file(tmp_path, SMALL), "--json")

    assert said.code == 0, said
    policies = json.loads(said.out)["policies"]
    assert list(policies) == ["uncoordinated", "first_come", "optimised"]
    for found in policies.values():
        assert set(found) == {"baseline", "changed", "difference", "difference_by"}
        assert found["difference_by"]["by_hour"]["10:00"]["visits"]["mean"] is not None
        assert found["changed"]["lanes"]["east 3"]["mean"] <= found["baseline"]["lanes"]["east 3"]["mean"] + 0.2
        assert found["difference"]["visits"] == {"mean": 0.0, "half_width": 0.0}
    assert policies["optimised"]["baseline"]["less_uncoordinated"]["displaced_minutes"]["mean"] > 0


def test_a_saved_day_is_a_base(tmp_path: Path) -> None:
    assert parkdispatch("generate", "day", "--visits", "100", "--seed", "2", "--out", tmp_path / "day").code == 0
    text = SMALL.replace('kind = "demo"\nvisits = 300', 'kind = "day"\ndirectory = "day"')

    said = parkdispatch("simulate", scenario_file(tmp_path, text), "--policy", "uncoordinated", "--json")

    assert said.code == 0, said
    measures = json.loads(said.out)["measures"]
    assert measures["visits"]["mean"] + measures["no_shows"]["mean"] == pytest.approx(100)


def test_the_shipped_scenarios_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    said = said_here(capfd, "simulate", "list")

    assert said.code == 0
    assert all(name in said.out for name in library_names())


def test_a_live_base_needs_a_service_that_answers(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = scenario_file(tmp_path, SMALL.replace('kind = "demo"\nvisits = 300', 'kind = "live"'))
    url = "http://127.0.0.1:1"

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARKDISPATCH_OPERATOR_KEY", "an-operators-key-of-length")
        assert_refused(said_here(capfd, "simulate", file, "--url", url), url, "does not answer")
        assert_refused(said_here(capfd, "compare", file), "base.kind", "live", "/v1/scenarios")


def test_a_grid_is_swept_into_one_table_with_pictures(tmp_path: Path) -> None:
    out = tmp_path / "out"

    said = parkdispatch(
        "compare", scenario_file(tmp_path, SMALL + GRID), "--policies", "uncoordinated,first_come", "--out", out
    )

    assert said.code == 0, said
    rows = rows_of(out / "results.csv")
    assert list(rows[0]) == ["policy", "lanes", "no_show", "measure", "mean", "half_width"]
    assert {(row["policy"], row["lanes"], row["no_show"]) for row in rows} == {
        (policy, lanes, no_show)
        for policy in ("uncoordinated", "first_come")
        for lanes in ("8", "10")
        for no_show in ("0", "0.2")
    }
    no_shows = {row["no_show"]: float(row["mean"]) for row in rows if row["measure"] == "no_shows"}
    assert no_shows["0"] == 0
    assert no_shows["0.2"] == pytest.approx(60, abs=20)
    assert {each.name for each in out.iterdir()} == {"results.csv", "results.json", "gate-wait.svg", "empty-share.svg"}


@pytest.mark.filterwarnings("ignore")  # of Ray's own
def test_a_ray_cluster_does_the_same_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    grid = "\n[grid]\nlanes = [8, 10]\n"
    scenario = load_scenario(scenario_file(tmp_path, SMALL + grid))
    tasks = cells("small.toml", ROOT / "parks" / "beilun.toml", scenario, ["first_come"])
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}}
    )

    try:
        on_ray = swept(tasks, "ray", lambda _: None)
    finally:
        ray.shutdown()

    assert on_ray == [row for cell in tasks for row in cell_rows(cell)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("simulate", "nowhere"), ("nowhere", "lane-closed")),
        (("simulate", "lane-closed", "--policy", "wishful"), ("lane-closed", "policy", "wishful", "optimised")),
        (("compare", "lane-closed", "--policies", "first_come,wishful"), ("--policies", "wishful")),
        (("compare", "lane-closed", "--policies", ","), ("--policies", "no policy")),
        (("compare", "lane-closed", "--lanes", "six"), ("--lanes", "six")),
        (("compare", "lane-closed", "--lanes", "4-12"), ("changes[1].lane", "3", "1 to 2")),
        (("compare", "lane-closed", "--lanes", "0"), ("lanes[0]", "0")),
        (("compare", "lane-closed", "--lanes", "4"), ("changes[1].lane", "3", "1 to 2")),
        (("compare", "lane-closed", "--engine", "horses"), ("--engine", "horses")),
    ],
)
def test_what_cannot_be_simulated_is_one_line(
    arguments: tuple[str, ...], words: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert_refused(said_here(capfd, *arguments), *words)


def said_here(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> Said:
    """Return what the command says in this process: a process of its own loads for seconds."""
    code = run([str(each) for each in arguments])
    written = capfd.readouterr()
    return Said(code, written.out, written.err)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SMALL.replace("lane = 3", "lane = 9"), ("changes[0].lane", "9", "1 to 6")),
        (SMALL.replace("[base]", "[bas]"), ("base", "missing")),
        ("version = ", ("not TOML",)),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(
    tmp_path: Path, text: str, words: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    file = scenario_file(tmp_path, text)

    assert_refused(said_here(capfd, "simulate", file), str(file), *words)
