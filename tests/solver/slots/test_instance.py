import json

import numpy as np
import pytest

from solver.outcome import Outcome, Status
from solver.reading import BadInput
from solver.slots import flavours, instance
from solver.slots.instance import SlotPlan

from .parks import park

GOOD = {
    "slot_minutes": 15,
    "horizon": 4,
    "docks": [[1, 1, 1, 1]],
    "gate": [1, 1, 1, 1],
    "quota": [1, -1],
    "turn": 1,
    "early": 1,
    "late": 1,
    "drop": 9,
    "visits": {
        "dock_group": [0, 0],
        "duration": [1, 9],
        "wish": [0, 3],
        "earliest": [0, 1],
        "latest": [3, 2],
        "weight": [1, 2],
        "carrier": [0, -1],
        "truck": [-1, 5],
    },
}


def written(path, document):
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_a_day_is_read_back_as_it_was_written(tmp_path):
    day = flavours.generate(flavours.FLAVOURS["peaky"], 50, np.random.default_rng(1))

    instance.save(day, tmp_path / "a.json")
    instance.save(instance.load(tmp_path / "a.json"), tmp_path / "b.json")

    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_a_file_without_promises_says_nothing_of_them_when_saved(tmp_path):
    day = instance.load(written(tmp_path / "a.json", GOOD))

    instance.save(day, tmp_path / "b.json")

    assert json.loads((tmp_path / "b.json").read_text()) == GOOD
    assert (day.promised.tolist(), day.frozen.tolist()) == ([-1, -1], [0, 0])
    assert (day.move, day.fairness, day.fair_slots) == (0, 0, 0)


def test_promises_are_read_back_as_they_were_written(tmp_path):
    visits = GOOD["visits"] | {"promised": [3, -1], "frozen": [1, 0]}
    document = GOOD | {"move": 5, "fairness": 2, "fair_slots": 1, "visits": visits}

    day = instance.load(written(tmp_path / "a.json", document))
    instance.save(day, tmp_path / "b.json")

    assert json.loads((tmp_path / "b.json").read_text()) == document
    assert (day.promised.tolist(), day.frozen.tolist()) == ([3, -1], [1, 0])
    assert (day.move, day.fairness, day.fair_slots) == (5, 2, 1)


def test_a_day_without_visits_is_lawful(tmp_path):
    empty = GOOD | {"visits": {name: [] for name in GOOD["visits"]}, "docks": [], "quota": []}

    assert instance.load(written(tmp_path / "a.json", empty)).visits == 0


def test_a_visit_longer_than_the_day_is_lawful_input(tmp_path):
    assert instance.load(written(tmp_path / "a.json", GOOD)).duration[1] == 9


HEAD_FAULTS = [
    ("horizon", 0, "horizon"),
    ("horizon", 2**70, "horizon"),
    ("horizon", True, "horizon"),
    ("drop", -1, "drop"),
    ("early", 1.5, "early"),
    ("gate", [1, 1, 1], "gate"),
    ("gate", [1, -1, 1, 1], "gate[1]"),
    ("gate", None, "gate"),
    ("docks", [[1, 1]], "docks[0]"),
    ("docks", 3, "docks"),
    ("quota", [-2, 0], "quota[0]"),
    ("typo", 1, "typo"),
    ("move", -1, "move"),
    ("fairness", 0.5, "fairness"),
    ("fair_slots", 10_081, "fair_slots"),
    ("visits", [], "visits"),
]
VISIT_FAULTS = [
    ("dock_group", [0, 1], "dock_group[1]"),
    ("dock_group", [-1, 0], "dock_group[0]"),
    ("duration", [0, 1], "duration[0]"),
    ("duration", [1, -3], "duration[1]"),
    ("duration", [1], "duration"),
    ("wish", [4, 0], "wish[0]"),
    ("latest", [3, 0], "latest[1]"),
    ("latest", [4, 3], "latest[0]"),
    ("weight", [1, 0], "weight[1]"),
    ("carrier", [2, 0], "carrier[0]"),
    ("truck", [-2, 0], "truck[0]"),
    ("truck", [2**63, 0], "truck[0]"),
    ("truck", [True, 0], "truck[0]"),
    ("wish", ["a", 0], "wish[0]"),
    ("promised", [4, 0], "promised[0]"),
    ("promised", [-1], "promised"),
    ("frozen", [0, 2], "frozen[1]"),
    ("frozen", [0, True], "frozen[1]"),
]


@pytest.mark.parametrize(("field", "value", "where"), HEAD_FAULTS)
def test_a_bad_field_is_named_with_its_file(tmp_path, field, value, where):
    with pytest.raises(BadInput) as fault:
        instance.load(written(tmp_path / "a.json", GOOD | {field: value}))

    assert str(fault.value).startswith(f"{tmp_path / 'a.json'}: {where}: ")
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(("field", "value", "where"), VISIT_FAULTS)
def test_a_bad_visit_is_named_with_its_index(tmp_path, field, value, where):
    with pytest.raises(BadInput) as fault:
        instance.load(written(tmp_path / "a.json", GOOD | {"visits": GOOD["visits"] | {field: value}}))

    assert str(fault.value).startswith(f"{tmp_path / 'a.json'}: visits.{where}: ")


@pytest.mark.parametrize("junk", ["", "[]", "3", '{"horizon": NaN}', "{" * 100_000, "\x00"])
def test_junk_is_refused(tmp_path, junk):
    with pytest.raises(BadInput):
        instance.load(written(tmp_path / "a.json", junk))


def test_prices_that_could_leave_64_bits_are_refused():
    with pytest.raises(BadInput, match="could cost"):
        park([{"weight": 10**6}] * 6, drop=10**9)


def test_a_frozen_visit_ends_within_the_day(tmp_path):
    visits = GOOD["visits"] | {"promised": [0, 2], "frozen": [0, 1]}

    with pytest.raises(BadInput, match=r"visits\.promised\[1\]: is 2 for a frozen visit of 9 slots"):
        instance.load(written(tmp_path / "a.json", GOOD | {"visits": visits}))


@pytest.mark.parametrize(
    ("visit", "prices"), [({"promised": 1}, {"move": 10**9}), ({"carrier": 0}, {"fairness": 10**9, "quota": [-1]})]
)
def test_new_prices_that_could_leave_64_bits_are_refused_too(visit, prices):
    with pytest.raises(BadInput, match="could cost"):
        park([{"weight": 10**6} | visit] * 6000, horizon=1000, **prices)


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        park([{}]).wish[0] = 2


def test_a_plan_is_read_back_with_its_claims(tmp_path):
    outcome = Outcome(SlotPlan(np.array([2, -1])), 101, 50, 0.5, Status.FEASIBLE, "a relaxation")

    instance.save_plan(outcome, tmp_path / "plan.json")
    file = instance.load_plan(tmp_path / "plan.json", park([{}, {}]))

    assert (file.plan.start.tolist(), file.cost, file.bound) == ([2, -1], 101, 50)


@pytest.mark.parametrize("plan", [[], {}, {"start": [1]}, {"start": [1, 4]}, {"start": [1, 1.5]}, {"start": [-2, 1]}])
def test_a_bad_plan_file_is_refused(tmp_path, plan):
    with pytest.raises(BadInput):
        instance.load_plan(written(tmp_path / "plan.json", plan), park([{}, {}]))
