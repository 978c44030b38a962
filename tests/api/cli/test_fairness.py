"""--fairness, and what solve and check say of carriers."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import run

DAY = {
    "slot_minutes": 15, "horizon": 4, "docks": [[4, 4, 4, 4]], "gate": [1, 1, 1, 1], "quota": [-1, -1],
    "turn": 1, "early": 1, "late": 1, "drop": 100,
    "visits": {
        "dock_group": [0, 0, 0, 0], "duration": [1, 1, 1, 1], "wish": [1, 1, 1, 1], "earliest": [0, 0, 0, 0],
        "latest": [3, 3, 3, 3], "weight": [1, 1, 2, 2], "carrier": [0, 0, 1, 1], "truck": [-1, -1, -1, -1],
    },
}  # fmt: skip


@pytest.fixture
def day(tmp_path: Path) -> Path:
    file = tmp_path / "day.json"
    file.write_text(json.dumps(DAY))
    return file


def told(capfdbinary: pytest.CaptureFixture[bytes]) -> dict[str, Any]:
    return json.loads(capfdbinary.readouterr().out)


def test_fairness_shows_its_price_and_the_plan_stays_one_for_the_day_as_it_came(day, capfdbinary):
    plan = day.parent / "plan.json"

    code = run(["solve", "slots", str(day), "--out", str(plan), "--seconds", "2", "--fairness", "5", "--json"])
    solved = told(capfdbinary)
    accepted = run(["check", "slots", str(day), str(plan), "--json"])
    checked = told(capfdbinary)

    assert (code, accepted) == (0, 0)
    fair = solved["fairness"]
    assert (fair["fairness"], fair["fair_slots"]) == (5, 1)
    assert fair["price_of_fairness"] == checked["cost"] - fair["cost_without"]
    assert fair["bound"] <= fair["cost"]
    assert checked["cost"] == solved["cost"] == sum(checked["costs"].values())
    assert checked["fairness"]["carriers"] == fair["carriers"]
    assert checked["fairness"]["jain"] == fair["jain_after"] >= fair["jain_before"]


def test_without_a_price_the_answer_reports_carriers_only(day, capfdbinary):
    assert run(["solve", "slots", str(day), "--out", str(day.parent / "p.json"), "--seconds", "1", "--json"]) == 0

    assert set(told(capfdbinary)["fairness"]) == {"jain", "carriers"}


def test_a_share_without_a_price_is_refused(day, capfdbinary):
    out = day.parent / "p.json"

    assert run(["solve", "slots", str(day), "--out", str(out), "--fair-slots", "2"]) == 2

    said = capfdbinary.readouterr()
    assert b"--fair-slots" in said.err
    assert said.out == b""
    assert not out.exists()


def test_a_rejected_plan_is_json_too(day, capfdbinary):
    plan = day.parent / "p.json"
    plan.write_text(json.dumps({"start": [1, 1, -1, -1]}))

    assert run(["check", "slots", str(day), str(plan), "--json"]) == 1

    checked = told(capfdbinary)
    assert (checked["accepted"], checked["faults"]) == (False, ["S3 gate slot 1: 2 trucks, 1 can be admitted"])
