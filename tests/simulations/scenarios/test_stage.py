from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from dispatch.files import check_day, load_park
from dispatch.model.day import Day
from dispatch.planning.capacity import whole_capacity
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from simulations.scenarios.changes import BookingOutage, Demand, DocksClosed, LaneClosed, Lanes, Rain, WalkIns
from simulations.scenarios.foreseen import foreseen_capacity, foreseen_visits
from simulations.scenarios.stage import Stage, staged

PARK = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")
DAY = generate_day(PARK, visits=600, seed=3)
BASE = Stage(PARK, DAY.date, DAY.visits, (), DAY.loads, DAY.trucks, estimated(PARK))


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.5, 2.3])
def test_demand_times_a_factor_is_a_day_that_fits_the_park(factor: float) -> None:
    stage = staged(BASE, [Demand(factor=factor)], seed=1)

    check_day(PARK, Day(1, PARK.id, DAY.date, 1, stage.visits, stage.loads, stage.trucks))
    trucks = len({visit.plate for visit in BASE.visits})
    assert len({visit.plate for visit in stage.visits}) == pytest.approx(factor * trucks, abs=2)
    assert len(stage.loads) == pytest.approx(factor * len(BASE.loads), rel=0.15, abs=1)
    if factor >= 1:
        assert stage.visits[: len(BASE.visits)] == BASE.visits


def test_walk_ins_do_not_ask_for_a_slot() -> None:
    stage = staged(BASE, [WalkIns(share=0.25)], seed=1)

    assert len(stage.walk_ins) == pytest.approx(0.25 * len(BASE.visits), rel=0.2)
    assert {visit.id for visit in stage.visits} == {visit.id for visit in BASE.visits}


def test_who_asks_during_an_outage_asks_again_or_comes_unbooked() -> None:
    outage = BookingOutage(begins="18:00", ends="24:00", asks_again=0.5)
    midnight = PARK.grid.moment_of(DAY.date, 0)
    begin = midnight - timedelta(hours=6)
    asked = {visit.id for visit in BASE.visits if begin <= visit.requested_at < midnight}

    stage = staged(BASE, [outage], seed=1)

    late = {visit.id for visit in stage.booking if visit.requested_at == midnight}
    lost = {visit.id for visit in stage.walk_ins}
    assert late | lost == asked
    assert len(late) == pytest.approx(len(asked) / 2, rel=0.3)


@pytest.mark.parametrize(("total", "lanes"), [(6, [4, 2]), (10, [6, 4]), (12, [7, 5]), (2, [1, 1])])
def test_lanes_are_spread_over_the_gates_as_they_are(total: int, lanes: list[int]) -> None:
    stage = staged(BASE, [Lanes(entry=total)], seed=1)

    assert [gate.entry_lanes for gate in stage.park.gates] == lanes


def test_what_is_closed_is_foreseen_from_the_slot_that_can_still_be_planned() -> None:
    closed = [
        LaneClosed(gate="east", lane=3, begins="09:00", ends="11:00"),
        DocksClosed(dock_group="A20-container", begins="09:00", ends="10:00"),
    ]

    free, whole = foreseen_capacity(PARK, closed, first_slot=37), whole_capacity(PARK)

    lost = whole.gates - free.gates
    assert set(np.flatnonzero(lost[0])) == set(range(37, 44))
    assert set(lost[0, 37:44].tolist()) == {13}  # a sixth of 75, what is left rounded down
    assert not lost[1].any()
    assert (whole.docks - free.docks).sum() == 3 * 8


def test_rain_is_foreseen_in_gates_and_handling() -> None:
    rain = [Rain(percent=25, begins="12:00")]

    free = foreseen_capacity(PARK, rain)
    visits = dict(zip(DAY.visits, foreseen_visits(PARK, DAY.visits, rain), strict=True))

    assert free.gates[0, 0] == 75
    assert free.gates[0, 60] == 60
    for visit, slowed in visits.items():
        is_late = PARK.grid.minute_of(visit.wish, DAY.date) >= 720
        assert slowed.minutes == (max(1, round(visit.minutes * 1.25)) if is_late else visit.minutes)
