import json

import numpy as np
import pytest

from solver.matching import instance as files
from solver.matching.baselines import greedy_nearest
from solver.matching.flavours import port_day
from solver.matching.plan import Chain, load_plan, save_plan
from solver.matching.solve import solve
from solver.reading import BadInput

from .parks import park

SMALL = park([{}], [{}])


def changed(tmp_path, path: str, value) -> object:
    """Save SMALL with one entry replaced (None removes it); `path` like loads.due or minutes.0.1."""
    target = tmp_path / "instance.json"
    files.save(SMALL, target)
    document = json.loads(target.read_bytes())
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inner = document
    for part in way:
        inner = inner[part]
    inner[last] = value
    target.write_text(json.dumps(document))
    return target


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("minutes.0.1", True, "minutes[0][1]"),
        ("minutes.0.1", 1.5, "minutes[0][1]"),
        ("minutes.1.0", None, "minutes[1][0]"),
        ("km.1.1", -1, "km[1][1]"),
        ("km.1.1", 2**63, "km[1][1]"),
        ("km.1.1", 2**64, "km[1][1]"),
        ("km.1", [0], "km[1]"),
        ("km", [[0]], "km"),
        ("km", 7, "km"),
        ("minutes", [[0, 1]], "minutes"),
        ("can.0.0", 2, "can[0][0]"),
        ("costs.per_empty_km", -1, "costs.per_empty_km"),
        ("costs.per_truck", True, "costs.per_truck"),
        ("trucks.kind", [1], "trucks.kind[0]"),
        ("trucks.home", [2], "trucks.home[0]"),
        ("trucks.home_by", [0, 1], "trucks.home_by"),
        ("trucks", None, "trucks"),
        ("loads.kind", [3], "loads.kind[0]"),
        ("loads.origin", [-1], "loads.origin[0]"),
        ("loads.latest", [-1], "loads.latest[0]"),
        ("loads.load_minutes", [-1], "loads.load_minutes[0]"),
        ("loads.drop", ["x"], "loads.drop[0]"),
        ("loads.due", [10**40], "loads.due[0]"),
        ("loads.colour", [1], "loads.colour"),
        ("loads.carrier", [-2], "loads.carrier[0]"),
        ("trucks.carrier", [0, 1], "trucks.carrier"),
        ("trucks.carrier", [], "trucks.carrier"),
        ("extra", 1, "extra"),
    ],
)
def test_a_bad_field_is_named(tmp_path, path, value, where):
    target = changed(tmp_path, path, value)

    with pytest.raises(BadInput) as fault:
        files.load(target)

    assert fault.value.where == where
    assert fault.value.source == str(target)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"nonsense", b'{"minutes": NaN}', b"[" * 100_000])
def test_junk_is_refused(tmp_path, content):
    target = tmp_path / "junk.json"
    target.write_bytes(content)

    with pytest.raises(BadInput):
        files.load(target)


def test_an_instance_whose_costs_could_overflow_is_refused():
    with pytest.raises(BadInput, match="2\\*\\*62"):
        port_day_with_km(10**6)


def port_day_with_km(km: int):
    distance = [[0, km], [km, 0]]
    costs = files.Costs(10**6, 10**6, 10**12)
    return park([{}] * 2_400_000, [{}] * 2_400_000, distance=distance, costs=costs) if km else None


def test_the_same_instance_gives_the_same_bytes_and_comes_back(tmp_path):
    day = port_day(np.random.default_rng(3), loads=20, trucks=10, warehouses=15)
    one, two = tmp_path / "one.json", tmp_path / "two.json"

    files.save(day, one)
    files.save(files.load(one), two)

    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.json", "two.json"]


def test_an_empty_day_comes_back(tmp_path):
    empty = park()

    files.save(empty, tmp_path / "empty.json")

    assert len(files.load(tmp_path / "empty.json").loads) == 0


def test_carriers_are_written_where_they_are_told_and_come_back(tmp_path):
    untold, told = park([{}, {}], [{}]), park([{"carrier": 3}, {"carrier": -1}], [{"carrier": 3}])

    files.save(untold, tmp_path / "untold.json")
    files.save(told, tmp_path / "told.json")

    assert "carrier" not in (tmp_path / "untold.json").read_text()
    assert files.load(tmp_path / "untold.json").loads.carrier.tolist() == [-1, -1]
    assert files.load(tmp_path / "told.json").loads.carrier.tolist() == [3, -1]
    assert files.load(tmp_path / "told.json").trucks.carrier.tolist() == [3]


def test_arrays_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        SMALL.km[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        SMALL.loads.due[0] = 1


def test_a_plan_comes_back(tmp_path):
    outcome = solve(SMALL, seconds=0.2)

    save_plan(outcome, tmp_path / "plan.json")
    plan_file = load_plan(tmp_path / "plan.json", SMALL)

    assert plan_file.plan == outcome.plan == greedy_nearest(SMALL)
    assert plan_file.plan.chains == (Chain(0, (0,), (0,)),)
    assert (plan_file.cost, plan_file.bound) == (outcome.cost, outcome.bound)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("[]", ""),
        ('{"chains": 1, "unserved": []}', "chains"),
        ('{"chains": [{"truck": 1, "loads": [], "starts": []}], "unserved": []}', "chains[0].truck"),
        ('{"chains": [{"truck": 0, "loads": [1], "starts": [0]}], "unserved": []}', "chains[0].loads[0]"),
        ('{"chains": [{"truck": 0, "loads": [0], "starts": []}], "unserved": []}', "chains[0].starts"),
        ('{"chains": [{"truck": 0, "loads": [0], "starts": [1.5]}], "unserved": []}', "chains[0].starts[0]"),
        ('{"chains": [], "unserved": [true]}', "unserved[0]"),
        ('{"chains": [], "unserved": [0], "cost": "x"}', "cost"),
        ('{"chains": [], "unserved": [0], "price": 1}', "price"),
        ('{"unserved": [0]}', "chains"),
    ],
)
def test_a_bad_plan_is_named(tmp_path, content, where):
    target = tmp_path / "plan.json"
    target.write_text(content)

    with pytest.raises(BadInput) as fault:
        load_plan(target, SMALL)

    assert fault.value.where == where
