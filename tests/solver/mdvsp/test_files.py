"""The two public formats and the plan file: what is right comes back, what is wrong is named in one line."""

import io
import lzma
import zipfile

import numpy as np
import pytest

from solver.mdvsp.files import load
from solver.mdvsp.instance import FixedInstance, ShiftInstance
from solver.mdvsp.plan import load_plan, save_plan
from solver.mdvsp.solve import solve
from solver.reading import BadInput

from .parks import gd_text, inp_text, random_fixed, random_shift

INP = "2 2 1 2\n-1 -1 10 20\n-1 -1 -1 40\n11 -1 -1 7\n13 43 -1 -1\n"
GD = "1 2 2 \n5\n0 10 1 20\n1 30 0 45\n0 7\n8 0\n"


def written(tmp_path, name: str, content: str | bytes):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(*files: tuple[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files:
            archive.writestr(name, text)
    return packed.getvalue()


def test_an_inp_file_is_read_row_from_column_to(tmp_path):
    instance = load(written(tmp_path, "a.inp", INP))

    assert isinstance(instance, FixedInstance)
    assert instance.capacity.tolist() == [1, 2]
    assert instance.pull_out.tolist() == [[10, 20], [-1, 40]]
    assert instance.pull_in.tolist() == [[11, -1], [13, 43]]
    assert instance.link.tolist() == [[-1, 7], [-1, -1]]


def test_a_gd_file_is_read_with_its_shift(tmp_path):
    instance = load(written(tmp_path, "a.txt", GD), shift=3)

    assert isinstance(instance, ShiftInstance)
    assert (instance.origin.tolist(), instance.start.tolist()) == ([0, 1], [10, 30])
    assert (instance.destination.tolist(), instance.end.tolist()) == ([1, 0], [20, 45])
    assert instance.travel.tolist() == [[0, 7], [8, 0]]
    assert (instance.earliest.tolist(), instance.latest.tolist()) == ([7, 27], [13, 33])


def test_what_is_written_in_either_format_comes_back(tmp_path):
    fixed = random_fixed(np.random.default_rng(1), trips=12, depots=3)
    shift = random_shift(np.random.default_rng(1), trips=12, shift=4)

    same_fixed = load(written(tmp_path, "a.inp", inp_text(fixed)))
    same_shift = load(written(tmp_path, "a.txt", gd_text(shift)), 4)

    assert isinstance(same_fixed, FixedInstance)
    assert (same_fixed.link == fixed.link).all()
    assert (same_fixed.pull_in == fixed.pull_in).all()
    assert isinstance(same_shift, ShiftInstance)
    assert (same_shift.travel == shift.travel).all()
    assert (same_shift.end == shift.end).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.inp.xz", lzma.compress(INP.encode())), ("a.zip", zipped(("b.inp", INP))), ("no-name-at-all", INP)],
)
def test_packed_files_are_unpacked(tmp_path, name, content):
    assert load(written(tmp_path, name, content)).trips == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lzma.compress(INP.encode())[:-9], "is not a whole .xz file"),
        (zipped(("b.inp", INP))[:-9], "is not a whole .zip file"),
        (zipped(), "holds 0 files, must hold one"),
        (zipped(("a.inp", INP), ("b.inp", INP)), "holds 2 files, must hold one"),
        ("", "number of depots: is missing"),
        ("2", "number of trips: is missing"),
        ("0 2 1", "number of depots: is 0, must be from 1 to"),
        ("2 -1 1 1", "number of trips: is -1, must be from 1 to"),
        (INP + " 5", "has 21 numbers, must have 20 for 2 depots and 2 trips"),
        (INP[:-4], "must have 20 for 2 depots and 2 trips"),
        (INP.replace("40", "4.0"), "line 3: '4.0' is not a whole number"),
        (INP.replace("40", "x"), "line 3: 'x' is not a whole number"),
        (INP.replace("40", "4-0"), "line 3: '4-0' is not a whole number"),
        (INP.replace("40", "4_0"), "line 3: '4_0' is not a whole number"),
        (INP.replace("40", "9" * 30), "is not a whole number of at most 18 digits"),
        (INP.replace("40", "9999999999"), "pull_out[1][1]: is 9999999999, must be from -1 to"),
        (INP.replace("40", "-2"), "cost[1][3]: is -2, must be at least 0, or -1: forbidden"),
        (INP.replace("2 2 1 2", "2 2 1 -2"), "capacity[1]: is -2, must be from 0 to"),
        (INP.replace("13 43 -1", "13 43 5"), "trip 0: can follow itself"),
        (INP.replace("11 -1 -1 7", "-1 -1 -1 7").replace("13 43", "-1 43"), "trip 0: is on no route"),
        (INP.replace("2 2 1 2", "2 2 0 2"), "trip 0: is on no route"),
    ],
)
def test_a_bad_inp_file_is_named(tmp_path, content, told):
    path = written(tmp_path, "a.inp", content)

    with pytest.raises(BadInput) as fault:
        load(path)

    assert told in str(fault.value)
    assert str(fault.value).startswith(str(path))
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("content", "shift", "told"),
    [
        (GD.replace("0 10 1 20", "0 10 2 20"), 0, "destination[0]: is 2, must be from 0 to 1"),
        (GD.replace("0 10 1 20", "0 10 1 10"), 0, "trip 0: ends at 10, must end after it starts at 10"),
        (GD.replace("8 0", "-1 0"), 0, "travel[1][0]: is -1, must be from 0 to"),
        (GD + "1", 0, "has 17 numbers, must have 16 for 1 depots, 2 trips and 2 places"),
        (GD.replace("1 2 2", "3 2 2").replace("\n5\n", "\n5 5 5\n"), 0, "has 3 depots but 2 places"),
        (GD, 721, "shift: is 721, must be from 0 to 720 minutes"),
        (GD, -1, "shift: is -1"),
        (
            GD.replace("1 2 2 ", "1 2 1500 ").replace("0 7\n8 0", "0 " * 1500**2).replace("45", "90000"),
            0,
            "minutes, 1500 places",
        ),
    ],
)
def test_a_bad_gd_file_is_named(tmp_path, content, shift, told):
    with pytest.raises(BadInput) as fault:
        load(written(tmp_path, "a.txt", content), shift)

    assert told in str(fault.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "nothing.inp")


def test_trips_of_an_inp_file_cannot_shift(tmp_path):
    with pytest.raises(BadInput, match="cannot shift"):
        load(written(tmp_path, "a.inp", INP), shift=0)


def test_arrays_cannot_be_changed(tmp_path):
    instance = load(written(tmp_path, "a.inp", INP))

    with pytest.raises(ValueError, match="read-only"):
        instance.link[0, 0] = 1


@pytest.mark.parametrize(("name", "content", "shift"), [("a.inp", INP, None), ("a.txt", GD, 3)])
def test_a_plan_comes_back(tmp_path, name, content, shift):
    instance = load(written(tmp_path, name, content), shift)
    outcome = solve(instance, seconds=1.0)

    save_plan(outcome, tmp_path / "plan.json")
    same = load_plan(tmp_path / "plan.json", instance)

    assert same.plan == outcome.plan
    assert (same.cost, same.bound) == (outcome.cost, outcome.bound)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("[]", ""),
        ('{"routes": 1}', "routes"),
        ('{"routes": [{"depot": 2, "trips": [0]}]}', "routes[0].depot"),
        ('{"routes": [{"depot": 0, "trips": []}]}', "routes[0].trips"),
        ('{"routes": [{"depot": 0, "trips": [2]}]}', "routes[0].trips[0]"),
        ('{"routes": [{"depot": 0, "trips": [0], "starts": []}]}', "routes[0].starts"),
        ('{"routes": [{"depot": 0, "trips": [0], "colour": 1}]}', "routes[0].colour"),
        ('{"routes": [], "cost": 1.5}', "cost"),
        ('{"routes": [], "price": 1}', "price"),
    ],
)
def test_a_bad_plan_is_named(tmp_path, content, where):
    instance = load(written(tmp_path, "a.inp", INP))

    with pytest.raises(BadInput) as fault:
        load_plan(written(tmp_path, "plan.json", content), instance)

    assert fault.value.where == where
