"""Whatever is wrong with a file or an option: one line, exit code 2, nothing written."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.cli.commands import assert_refused, parkdispatch
from tests.api.cli.test_round_trip import MATCHING, SLOTS


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(document)
    *way, last = path.split(".")
    thing: Any = document
    for step in way:
        thing = thing[int(step)] if step.isdecimal() else thing[step]
    thing[int(last) if last.isdecimal() else last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("visits.duration.2", -1, ("visits.duration[2]", "-1")),
        ("visits.duration.0", 0, ("visits.duration[0]",)),
        ("visits.dock_group.1", 9, ("visits.dock_group[1]", "9")),
        ("visits.carrier.3", 2, ("visits.carrier[3]",)),
        ("visits.earliest.1", 3.5, ("visits.earliest[1]",)),
        ("visits.wish.0", True, ("visits.wish[0]", "true")),
        ("visits.weight.0", 2**70, ("visits.weight[0]",)),
        ("visits.latest.2", 0, ("visits.latest[2]", "empty window")),
        ("visits.truck", [0, 1], ("visits.truck", "2 entries")),
        ("docks.1", [1, 1], ("docks[1]",)),
        ("gate", None, ("gate", "null")),
        ("horizon", 0, ("horizon",)),
        ("quotas", [], ("quotas", "not a known field")),
    ],
)
def test_a_slot_instance_that_cannot_be_used(tmp_path: Path, path: str, value: Any, words: tuple[str, ...]) -> None:
    file, out = tmp_path / "slots.json", tmp_path / "plan.json"
    file.write_text(json.dumps(changed(SLOTS, path, value)))

    assert_refused(parkdispatch("solve", "slots", file, "--out", out), str(file), *words)
    assert not out.exists()


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("loads.load_minutes.1", -5, ("loads.load_minutes[1]", "-5")),
        ("loads.origin.0", 2, ("loads.origin[0]",)),
        ("trucks.kind.1", 7, ("trucks.kind[1]",)),
        ("loads.latest.1", 10, ("loads.latest[1]", "empty window")),
        ("minutes.0.1", False, ("minutes[0][1]", "false")),
        ("km", [[0, 1]], ("km",)),
        ("costs.per_truck", "300", ("costs.per_truck",)),
        ("can.0.0", 2, ("can[0][0]",)),
        ("loads.drop.0", 10**30, ("loads.drop[0]",)),
    ],
)
def test_a_matching_instance_that_cannot_be_used(tmp_path: Path, path: str, value: Any, words: tuple[str, ...]) -> None:
    file, out = tmp_path / "matching.json", tmp_path / "plan.json"
    file.write_text(json.dumps(changed(MATCHING, path, value)))

    assert_refused(parkdispatch("solve", "matching", file, "--out", out), str(file), *words)
    assert not out.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"horizon": NaN}', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("problem", ["slots", "matching"])
def test_a_file_that_is_no_instance_at_all(tmp_path: Path, problem: str, content: bytes) -> None:
    file = tmp_path / "instance.json"
    file.write_bytes(content)

    assert_refused(parkdispatch("solve", problem, file, "--out", tmp_path / "plan.json"), str(file))


def test_ten_megabytes_of_junk(tmp_path: Path) -> None:
    file = tmp_path / "junk"
    file.write_bytes(b"\x00\xffjunk{[" * 1_500_000)

    assert_refused(parkdispatch("solve", "slots", file, "--out", tmp_path / "plan.json"), str(file))
    assert_refused(parkdispatch("generate", "day", "--park", file, "--out", tmp_path / "day"), str(file))
    assert not (tmp_path / "day").exists()


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({}, ("start",)),
        ({"start": [0, 1]}, ("start", "2 entries")),
        ({"start": [0, 1, 2, 99]}, ("start[3]",)),
        ({"start": [0, 1, 2, None]}, ("start[3]", "null")),
        ({"start": [0, 1, 2, 3], "cost": 1.5}, ("cost",)),
    ],
)
def test_a_plan_file_that_cannot_be_read(tmp_path: Path, plan: dict[str, Any], words: tuple[str, ...]) -> None:
    instance, file = tmp_path / "slots.json", tmp_path / "plan.json"
    instance.write_text(json.dumps(SLOTS))
    file.write_text(json.dumps(plan))

    assert_refused(parkdispatch("check", "slots", instance, file), str(file), *words)


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", "slots", "missing.json", "--out", "plan.json"),
        ("generate", "day", "--visits", "-1", "--out", "day"),
        ("generate", "day", "--visits", "many", "--out", "day"),
        ("generate", "day", "--date", "2026-02-30", "--out", "day"),
        ("generate", "day", "--seed", str(2**70), "--out", "day"),
        ("generate", "day"),
        ("demo", "--seconds", "nan"),
        ("serve", "--port", "99999"),
        ("worker",),
        ("no-such-command",),
        ("solve", "slots", "--no-such-option"),
    ],
)
def test_an_option_that_makes_no_sense(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert_refused(parkdispatch(*arguments, cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []
