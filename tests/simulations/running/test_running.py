from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dispatch.files import load_park
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from simulations.kernel.draws import generator
from simulations.kernel.layout import EarlyRule
from simulations.kernel.run import run
from simulations.kernel.times import Mark
from simulations.policies.first_come import FirstCome
from simulations.policies.policy import Decision, Effort
from simulations.policies.tied import tied_matching
from simulations.running.comparing import BASELINE, CHANGED, Run, Watching, compared
from simulations.running.deciding import known
from simulations.running.intervals import difference, interval
from simulations.running.kilometres import kilometres_of
from simulations.running.layout import layout_of
from simulations.running.replications import Dice, Stopped, replicated
from simulations.running.results import detailed_differences_document, differences_document, rows
from simulations.running.roster import identities_of, roster_of
from simulations.scenarios.changes import (
    Demand,
    DocksClosed,
    Handling,
    HouseRule,
    LaneClosed,
    NoShow,
    Punctuality,
    Rain,
)
from simulations.scenarios.scenario import Base, Scenario
from simulations.scenarios.stage import Stage, staged
from simulations.tables import csv_text
from solver.matching.baselines import alone, measures
from solver.matching.plan import Chain, MatchingPlan

PARK = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")
DAY = generate_day(PARK, visits=400, seed=3)
BASE = Stage(PARK, DAY.date, DAY.visits, (), DAY.loads, DAY.trucks, estimated(PARK))
BOOKED = FirstCome().plan(known(BASE, []), Effort(1.0))
NUMBERS = identities_of([BASE])
QUIET = Watching(lambda _: None)


def test_kilometres_are_those_of_the_matching_problem() -> None:
    problem = tied_matching(known(BASE, []), BOOKED.placements)
    truck = {each.plate: i for i, each in enumerate(problem.trucks)}
    load = {each.id: i for i, each in enumerate(problem.loads)}
    chains = tuple(
        Chain(truck[chain.plate], tuple(load[each.load] for each in chain.loads), (0,) * len(chain.loads))
        for chain in BOOKED.chains
    )
    everything = np.ones(len(DAY.loads), dtype=np.bool_)
    km = kilometres_of(BASE, BOOKED)

    driven = alone(problem.instance)
    assert kilometres_of(BASE, Decision()).driven(everything) == (driven.empty_km, driven.loaded_km)
    planned = measures(problem.instance, MatchingPlan(chains, ()))
    assert km.driven(km.is_chained) == (planned.empty_km, planned.loaded_km)
    assert km.driven(~everything) == (0, 0)


def test_every_visit_and_every_end_of_a_load_outside_is_one_leg() -> None:
    for decision in (Decision(), BOOKED):
        roster = roster_of(BASE, decision, NUMBERS)

        assert sorted(roster.visit[roster.visit >= 0].tolist()) == list(range(len(DAY.visits)))
        assert (roster.visit < 0).sum() == len(DAY.loads)
        ends = roster.legs.truck[roster.load >= 0]
        assert len(ends) == 2 * len(DAY.loads)


def test_a_load_whose_visit_does_not_come_is_not_fetched_either() -> None:
    roster = roster_of(BASE, BOOKED, NUMBERS)
    shows = np.ones(len(roster.legs), dtype=np.bool_)
    missing = int(roster.visit_leg[5])
    shows[missing] = False

    shown = roster.shown(shows)

    assert set(np.flatnonzero(~shown)) == set(np.flatnonzero(roster.load == 5))


def test_figures_of_the_parts_add_up_to_those_of_the_whole() -> None:
    ran = replicated(BASE, BOOKED, NUMBERS, Dice(1, 3))

    for table in (ran.by_hour, ran.by_warehouse, ran.by_carrier):
        assert (table[:, :, 0].sum(axis=1) == ran.scalar("visits")).all()
        total = np.nansum(table[:, :, 0] * np.nan_to_num(table[:, :, 3]), axis=1)
        assert total == pytest.approx(ran.scalar("turn_minutes") * ran.scalar("visits"))
    assert (ran.turn_times.sum(axis=1) == ran.scalar("visits")).all()
    assert ran.scalar("visits") + ran.scalar("no_shows") + ran.scalar("stranded") == pytest.approx(400)
    assert ran.lanes.shape == (3, 10)


def test_replications_repeat_and_can_be_stopped() -> None:
    first, again = (replicated(BASE, BOOKED, NUMBERS, Dice(7, 2)) for _ in range(2))

    assert (first.scalars == again.scalars).all()
    with pytest.raises(Stopped):
        replicated(BASE, BOOKED, NUMBERS, Dice(7, 2), should_stop=lambda: True)


def test_a_disturbance_is_where_and_when_the_scenario_says() -> None:
    stage = replace(
        BASE,
        disturbances=(
            LaneClosed(gate="west", lane=2, begins="09:00", ends="11:00"),
            LaneClosed(gate="east", lane=1, side="exit", begins="09:00"),
            DocksClosed(dock_group="A20-container", docks=3, begins="10:00", ends="12:00"),
            Handling(percent=30),
            Rain(percent=15, begins="14:00"),
        ),
    )

    layout, calm = layout_of(stage), layout_of(BASE)

    assert [layout.lanes.open.value_at(7, minute) for minute in (539, 540, 659, 660)] == [1, 0, 0, 1]
    assert layout.gates.exit_lanes.value_at(0, 600) == 4
    row = [group.id for warehouse in PARK.warehouses for group in warehouse.dock_groups].index("A20-container")
    assert layout.docks.open.value_at(row, 630) == calm.docks.open.value_at(row, 630) - 3
    assert layout.docks.pace.value_at(0, 700) == pytest.approx(1.3)
    assert layout.docks.pace.value_at(0, 900) == pytest.approx(1.3 * 1.15)
    assert layout.gates.pace.value_at(1, 900) == pytest.approx(1.15)
    assert layout.outside.road_pace.value_at(0, 839) == 1


def test_what_the_house_does_otherwise_is_in_the_layout() -> None:
    stage = staged(
        BASE,
        [
            HouseRule(early_trucks="wait"),
            HouseRule(yard_places=3),
            Punctuality(mean_minutes=5, sigma_minutes=1),
            NoShow(share=0.3),
        ],
        seed=1,
    )

    layout, roster = layout_of(stage), roster_of(stage, BOOKED, NUMBERS)

    assert layout.rules.early is EarlyRule.WAITS
    assert layout_of(BASE).rules.early is EarlyRule.SERVED_IF_DOCK_FREE
    assert layout.gates.yard.tolist() == [3, 3]
    assert (layout.outside.punctuality[1].mean, layout.outside.punctuality[1].shape) == (5, 1)
    assert set(roster.legs.no_show[roster.legs.visit].tolist()) == {0.3}


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], Run]:
    scenario = Scenario(1, "x", Base("demo"), replications=4, changes=(Demand(factor=1.5),))
    runs = compared("x", scenario, BASE, ["uncoordinated", "first_come"], QUIET)
    return {(run.policy, run.day): run for run in runs}


def test_all_runs_of_a_comparison_meet_the_same_chance(found: dict[tuple[str, str], Run]) -> None:
    no_shows = {key: run.ran.scalar("no_shows").tolist() for key, run in found.items()}

    assert no_shows["uncoordinated", BASELINE] == no_shows["first_come", BASELINE]
    assert no_shows["uncoordinated", CHANGED] == no_shows["first_come", CHANGED]


def test_alone_half_of_all_kilometres_are_empty(found: dict[tuple[str, str], Run]) -> None:
    unplanned = found["uncoordinated", BASELINE].ran

    assert interval(unplanned.scalar("empty_share")).mean == pytest.approx(0.5, abs=0.01)


def test_a_difference_in_the_document_and_in_the_table(found: dict[tuple[str, str], Run]) -> None:
    base, changed = (found["first_come", day].ran for day in (BASELINE, CHANGED))

    document = differences_document(changed, base)
    text = csv_text(list(rows({"policy": "a,b"}, difference(changed.scalars, base.scalars))))

    more = changed.scalar("visits") - base.scalar("visits")
    assert document["visits"]["mean"] == pytest.approx(more.mean(), abs=1e-4)
    assert text.splitlines()[0] == "policy,measure,mean,half_width"
    assert text.splitlines()[1].startswith('"a,b",visits,')


def test_a_day_without_visits_says_that_nothing_is_known() -> None:
    nobody = replace(BASE, booking=(), loads=(), trucks=())

    ran = replicated(nobody, Decision(), identities_of([nobody]), Dice(1, 2))

    assert (ran.scalar("visits") == 0).all()
    assert np.isnan(ran.scalar("turn_minutes")).all()
    assert (ran.scalar("empty_km") == 0).all()


def test_differences_by_hour_add_up_to_the_whole(found: dict[tuple[str, str], Run]) -> None:
    base, changed = (found["first_come", day].ran for day in (BASELINE, CHANGED))

    apart = detailed_differences_document(PARK, changed, base)

    more = float((changed.scalar("visits") - base.scalar("visits")).mean())
    for table in ("by_hour", "by_warehouse", "by_carrier"):
        assert sum(row["visits"]["mean"] for row in apart[table].values()) == pytest.approx(more, abs=0.1)
    assert len(apart["dock_groups"]) == 444


def test_a_truck_is_inside_after_the_gate_and_out_after_its_dock() -> None:
    layout, roster = layout_of(staged(BASE, [], 1)), roster_of(BASE, BOOKED, NUMBERS)
    times = run(layout, roster.legs, roster.drawn(layout, generator(1, 0)))

    at = [times[mark][roster.legs.visit] for mark in (Mark.COMES, Mark.GATE_ENDS, Mark.DOCK_ENDS, Mark.OUT)]
    there = ~np.isnan(at[-1])
    assert all((one[there] < other[there]).all() for one, other in pairwise(at))
