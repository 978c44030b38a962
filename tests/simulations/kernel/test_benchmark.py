import itertools
import subprocess
import sys

import numpy as np
import pytest

from simulations.benchmarks import simulation
from simulations.benchmarks.big_park import whole_day, whole_park
from simulations.kernel.check import violations
from simulations.kernel.run import run
from simulations.kernel.times import Area, Mark

SMALL = simulation.Study((200,), 200, repeats=1, rival_repeats=1, replications=4)


def test_the_three_programs_agree_on_the_gate_and_the_docks():
    ticks = itertools.count()

    found = list(simulation.rows(SMALL, lambda: float(next(ticks))))

    programs = [(row["park"], row["program"]) for row in found]
    assert programs[:2] == [("whole park", "this kernel"), ("whole park", "SimPy")]
    assert [program for park, program in programs if park == "gate and docks"] == ["this kernel", "SimPy", "Ciw"]
    assert len({tuple(row) for row in found}) == 1  # one table
    assert 20 < found[0]["MB of a process"] < 1000


def test_replications_give_the_same_figures_in_any_number_of_threads():
    first, second = (
        next(simulation.replication_rows(simulation.Study(compared=100, replications=6, threads=threads), float))
        for threads in (1, 2)
    )

    assert first["turn time"] == second["turn time"]


def test_rivals_that_are_not_installed_are_named(monkeypatch):
    monkeypatch.setattr(simulation, "find_spec", lambda name: None if name == "ciw" else object())

    assert simulation.missing_rivals() == ["ciw"]


@pytest.fixture(scope="module")
def big():
    case = simulation.whole_case(5000, 1)
    return case, run(case.layout, case.legs, case.drawn)


def test_everything_happens_in_the_big_park(big):
    case, times = big
    visit = case.legs.visit

    assert violations(case.layout, case.legs, case.drawn, times) == []
    assert (np.bincount(times.truck_class[times.truck_class >= 0], minlength=3) > 50).all()
    assert (times.area > 0).all()
    assert (times[Mark.READY_AT] > times[Mark.COMES])[visit].sum() > 10
    assert times.area[Area.ROAD] > 0
    assert not case.drawn.shows.all()


def test_a_big_day_has_as_many_visits_as_asked_for_and_runs_between_those_of_a_truck():
    legs = whole_day(1000, np.random.default_rng(1))

    assert legs.visit.sum() == 1000
    assert legs.visit[legs.first].all()
    assert len(whole_park(20_000).gates.yard) == 4


UNCOMPILED = """
import sys
sys.modules["numba"] = None
import numpy as np
from simulations.benchmarks.simulation import whole_case
from simulations.kernel.run import run
case = whole_case(150, 1)
np.save(sys.argv[1], run(case.layout, case.legs, case.drawn).at)
"""


def test_the_kernel_gives_the_same_times_uncompiled(tmp_path):
    file = tmp_path / "at.npy"
    case = simulation.whole_case(150, 1)

    done = subprocess.run([sys.executable, "-c", UNCOMPILED, file], capture_output=True, text=True, check=True)

    np.testing.assert_array_equal(np.load(file), run(case.layout, case.legs, case.drawn).at)
    assert done.stderr.count("\n") == 1
    assert "uncompiled" in done.stderr
