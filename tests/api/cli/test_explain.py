"""explain: what a dispatcher reads, what a machine reads, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import run

DAY = {
    "slot_minutes": 15, "horizon": 6, "docks": [[4, 4, 4, 4, 4, 4], [1, 1, 1, 1, 0, 0]], "gate": [1, 1, 1, 1, 1, 1],
    "quota": [-1, 1], "turn": 1, "early": 1, "late": 1, "drop": 100,
    "visits": {
        "dock_group": [0, 0, 0, 0, 1], "duration": [1, 1, 1, 1, 2], "wish": [1, 1, 1, 2, 3],
        "earliest": [1, 0, 0, 0, 3], "latest": [3, 3, 4, 4, 4], "weight": [2, 2, 1, 1, 1], "carrier": [0, 0, 1, 1, -1],
        "truck": [-1, -1, 7, 7, -1],
    },
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "day.json").write_text(json.dumps(DAY))
    (tmp_path / "plan.json").write_text(json.dumps({"start": [1, 0, 4, 2, -1]}))
    return [str(tmp_path / "day.json"), str(tmp_path / "plan.json")]


def said(capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[str, str]:
    captured = capfdbinary.readouterr()
    return captured.out.decode(), captured.err.decode()


def test_a_visit_is_explained_in_sentences(files, capfdbinary):
    assert run(["explain", "slots", *files, "--visit", "2"]) == 0

    out, err = said(capfdbinary)
    assert err == ""
    assert out.splitlines()[0] == (
        "visit 2 wanted slot 1 (00:15), got slot 4 (01:00) (+45 min): slot 0: gate full; "
        "slot 1: gate full, its truck 7 is with its visit 3; slot 2: gate full, quota of carrier 1 used up, "
        "its truck 7 is with its visit 3; slot 3: its truck 7 is with its visit 3"
    )


def test_a_visit_that_docks_and_windows_shut_out_is_told_so(files, capfdbinary):
    assert run(["explain", "slots", *files, "--visit", "4"]) == 0

    assert said(capfdbinary)[0].splitlines()[0] == (
        "visit 4 wanted slot 3 (00:45), was not placed: slot 3: docks of group 1 closed in slot 4; "
        "slot 4: gate full, docks of group 1 closed in slots 4-5"
    )


def test_a_day_starts_with_what_is_scarce(files, capfdbinary):
    assert run(["explain", "slots", *files]) == 0

    out, err = said(capfdbinary)
    lines = out.splitlines()
    assert lines[0] == "5 visits, cost 105: 1 not placed, 1 moved by more than a slot"
    assert "scarcest capacities:" in lines
    assert any(line.startswith("   1  ") and "by re-solving all 5 visits" in line for line in lines)
    assert any(line.startswith("visit 4 ") for line in lines)
    assert "what is full" in err


def test_a_machine_reads_the_same(files, capfdbinary):
    assert run(["explain", "slots", *files, "--visit", "2", "--json"]) == 0
    visit: dict[str, Any] = json.loads(said(capfdbinary)[0])
    assert run(["explain", "slots", *files, "--json"]) == 0
    day: dict[str, Any] = json.loads(said(capfdbinary)[0])

    assert visit["slots"][0]["full"] == [
        {"kind": "gate", "index": None, "slots": [0], "limit": 1, "frozen": False, "others": []}
    ]
    for unit in visit["units"]:
        assert unit["resource"]["kind"] in {"gate", "dock group", "carrier"}
        assert unit["saving"] > 0
    assert day["scarcest"][0]["worth"] == day["scarcest"][0]["cost_before"] - day["scarcest"][0]["cost_after"]
    assert [each["visit"] for each in day["visits"]] == [4, 2]


@pytest.mark.parametrize(
    ("plan", "options", "words"),
    [
        ({"start": [1, 1, 4, 2, -1]}, [], "S3 gate slot 1: 2 trucks, 1 can be admitted"),
        ({"start": [1, 0, 4, 2, -1], "cost": 7}, [], "cost: the file claims 7"),
        ({"start": [1, 0, 4, 2]}, [], "start: has 4 entries, must have 5"),
        ({"start": [1, 0, 4, 2, -1]}, ["--visit", "5"], "--visit: is 5, must be from 0 to 4"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(files, capfdbinary, plan, options, words):
    Path(files[1]).write_text(json.dumps(plan))

    assert run(["explain", "slots", *files, *options]) == 2

    out, err = said(capfdbinary)
    assert out == ""
    assert len(err.splitlines()) == 1
    assert words in err
