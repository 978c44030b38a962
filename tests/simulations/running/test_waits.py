from pathlib import Path

import numpy as np
import pytest

from dispatch.files import load_park
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from simulations.kernel.draws import generator
from simulations.kernel.run import run
from simulations.kernel.times import Mark
from simulations.policies.first_come import FirstCome
from simulations.policies.policy import Effort
from simulations.running.deciding import known
from simulations.running.layout import layout_of
from simulations.running.replications import Dice, replicated
from simulations.running.roster import identities_of, roster_of
from simulations.running.waits import _one_more, expected_waits
from simulations.scenarios.changes import Lanes
from simulations.scenarios.stage import Stage, staged

PARK = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")


def test_one_more_waits_for_the_dock_that_is_free_first() -> None:
    first = np.array([0, 3])
    comes, ends = np.array([0.0, 1.0, 2.0]), np.array([10.0, 12.0, 25.0])
    moments = np.array([[0.5, 5.0, 11.0, 20.0, 30.0]])

    found = [_one_more(first, comes, ends, np.full((1, 5), docks), moments)[0].tolist() for docks in (1, 2, 0)]

    assert found[0] == [9.5, 20.0, 14.0, 5.0, 0.0]
    assert found[1] == [0.0, 7.0, 1.0, 0.0, 0.0]
    assert np.isnan(found[2]).all()


def a_busy_day() -> Stage:
    day = generate_day(PARK, visits=1500, seed=3)
    base = Stage(PARK, day.date, day.visits, (), day.loads, day.trucks, estimated(PARK))
    return staged(base, [Lanes(entry=2)], seed=1)


def test_what_is_expected_is_what_other_runs_of_the_day_show() -> None:
    stage = a_busy_day()
    decision = FirstCome().plan(known(stage, []), Effort(1.0))
    numbers = identities_of([stage])
    layout, roster = layout_of(stage), roster_of(stage, decision, numbers)

    gates, docks = expected_waits(stage, decision, numbers, seed=1, replications=10)

    waited: list[float] = []
    expected: list[float] = []
    for replication in range(10):
        times = run(layout, roster.legs, roster.drawn(layout, generator(99, replication)))
        booked = np.flatnonzero((times.truck_class == 0) & ~np.isnan(times[Mark.GATE_BEGINS]))
        ready = times[Mark.READY_AT][booked]
        waited += (times[Mark.GATE_BEGINS][booked] - ready).tolist()
        slot = np.clip(ready // 15, 0, 95).astype(int)
        expected += gates[roster.legs.gate[booked], slot].tolist()
    assert np.mean(expected) == pytest.approx(np.mean(waited), rel=0.1)
    assert np.corrcoef(expected, waited)[0, 1] > 0.7
    truth = np.nanmean(replicated(stage, decision, numbers, Dice(99, 10)).scalar("dock_wait_minutes"))
    assert 0 < np.nanmean(docks) < 5 * truth
