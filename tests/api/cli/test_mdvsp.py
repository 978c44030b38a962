"""solve and check of vehicle schedules through the command line."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.api.cli.commands import ROOT, assert_refused, parkdispatch

DATA = ROOT / "tests" / "data" / "mdvsp"


@pytest.mark.parametrize(
    ("name", "shift"), [("n50m4s1.zip", None), ("GD-4-100-0.txt.xz", "0"), ("GD-4-100-0.txt.xz", "5")]
)
def test_a_public_instance_is_solved_and_its_plan_is_accepted(tmp_path: Path, name: str, shift: str | None) -> None:
    plan, by = tmp_path / "plan.json", ["--shift", shift] if shift else []
    solved = parkdispatch("solve", "mdvsp", DATA / name, "--out", plan, "--seconds", "4", "--json", *by)
    checked = parkdispatch("check", "mdvsp", DATA / name, plan, *by)

    assert solved.code == 0, solved.err
    told, written = json.loads(solved.out), json.loads(plan.read_text())
    assert told["cost"] == written["cost"] >= written["bound"] == told["bound"]
    assert told["routes"] == len(written["routes"])
    assert checked.code == 0, checked.out
    assert int(checked.out) == written["cost"]


def test_check_names_the_row_a_plan_breaks(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"routes": [{"depot": 0, "trips": [0]}]}))

    said = parkdispatch("check", "mdvsp", DATA / "n50m4s1.zip", plan)

    assert said.code == 1
    assert "V1 trip 1: run 0 times" in said.out


def test_a_shift_for_an_inp_file_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"

    said = parkdispatch("solve", "mdvsp", DATA / "n50m4s1.zip", "--out", plan, "--shift", "5")

    assert_refused(said, "n50m4s1.zip", "cannot shift")
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    half = tmp_path / "half.inp.xz"
    half.write_bytes((DATA / "m4n500s0.inp.xz").read_bytes()[:5000])

    assert_refused(parkdispatch("solve", "mdvsp", half, "--out", tmp_path / "p.json"), "not a whole .xz file")
    assert_refused(parkdispatch("check", "mdvsp", half, tmp_path / "p.json"), "not a whole .xz file")


def test_a_run_that_is_interrupted_writes_the_best_plan_so_far(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    command = [sys.executable, "-m", "parkdispatch", "solve", "mdvsp", DATA / "m4n500s0.inp.xz", "--out", plan]
    running = subprocess.Popen([*map(str, command), "--seconds", "60"], stderr=subprocess.PIPE, cwd=ROOT)
    assert running.stderr is not None
    while b"plan from shares" not in running.stderr.readline():
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)

    checked = parkdispatch("check", "mdvsp", DATA / "m4n500s0.inp.xz", plan)

    assert running.returncode == 0
    assert json.loads(plan.read_text())["status"] == "interrupted"
    assert checked.code == 0, checked.out
