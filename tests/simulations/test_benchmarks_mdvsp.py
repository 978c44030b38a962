import itertools
from pathlib import Path

import numpy as np
import pytest

from simulations.benchmarks import mdvsp
from simulations.benchmarks.timetables import widened
from solver.mdvsp.files import load
from solver.reading import BadInput

DATA = Path(__file__).parents[1] / "data" / "mdvsp"


def test_the_benchmark_has_a_row_for_each_instance_that_is_there():
    ticks = itertools.count()
    study = mdvsp.Study(
        DATA,
        toys=("n50m2s0", "not-there"),
        fixed={},
        shifted={"GD-4-100-0": 2.0},
        others=(),
        shifts=(0, 5),
        many_trips=60,
        many_shifts=(5,),
        many_seconds=2.0,
        toy_seconds=2.0,
    )

    rows = list(mdvsp.rows(study, lambda: next(ticks) * 1e-3))

    assert [(row["instance"], row["shift"], row["trips"]) for row in rows] == [
        ("n50m2s0", None, 50),
        ("GD-4-100-0", 0, 100),
        ("GD-4-100-0", 5, 100),
        ("like GD-4-1000-0, 60 trips", 5, 60),
    ]
    assert [row["best known"] for row in rows] == [214727, 34243, None, None]
    assert all(row["bound"] <= row["cost"] for row in rows)


def test_a_folder_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="is not a folder"):
        mdvsp.find_instance(DATA / "nowhere", "n50m2s0")


def test_a_widened_timetable_keeps_places_and_durations():
    few = load(DATA / "GD-4-100-0.txt.xz", 5)

    many = widened(few, 400, np.random.default_rng(1))

    assert many.trips == 400
    assert (many.travel == few.travel).all()
    assert set(many.end - many.start) <= set(few.end - few.start)
