from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from simulations.kernel.check import violations
from simulations.kernel.distributions import Distribution, Kind, fixed
from simulations.kernel.draws import draws, roll
from simulations.kernel.layout import NEVER, EarlyRule, Layout, Rules, TruckClass, Zones
from simulations.kernel.legs import Legs
from simulations.kernel.run import run as run_kernel
from simulations.kernel.steps import Steps
from simulations.kernel.times import Area, Mark, dock_utilisation, lane_utilisation
from tests.simulations.kernel.parks import layout, legs, run, visit, walk_in

WAITS, SERVED, IF_FREE = (Rules(rule, 10, 10) for rule in (EarlyRule.WAITS, EarlyRule.SERVED, EarlyRule(1)))
ONE_LANE_EACH = ((0, NEVER, NEVER), (NEVER, 0, 0))
B, W, L = TruckClass


def times_of(park: Layout, day: Legs):
    return run_kernel(park, day, draws(park, day, roll(np.random.default_rng(1), len(day))))


def test_a_truck_alone_takes_each_step_at_once():
    times = times_of(layout(), legs(visit(60)))

    #                                comes  yard  ready  lane  lane  dock  docks docks exit  exits  out
    assert times.at[:, 0].tolist() == [60.0, 60.0, 60.0, 60.0, 62.0, 67.0, 67.0, 87.0, 92.0, 92.0, 93.0]
    assert times.area[Area.IN_PARK] == 33.0
    assert times.events == 6


def test_of_two_that_come_together_the_lower_number_goes_first():
    times = times_of(layout(), legs(visit(60), visit(60)))

    assert times[Mark.GATE_BEGINS].tolist() == [60.0, 62.0]


def test_a_truck_that_comes_as_the_lane_gets_free_finds_it_free():
    times = times_of(layout(), legs(visit(60), visit(62)))

    assert times.gate_wait.tolist() == [0.0, 0.0]


def test_each_class_waits_for_its_own_lane_where_lanes_are_separate():
    times = times_of(layout(lanes=ONE_LANE_EACH), legs(visit(60), visit(60), walk_in(60), visit(61, appointment=40)))

    assert times.truck_class.tolist() == [B, B, W, L]
    assert times.lane.tolist() == [0, 0, 1, 1]
    assert times[Mark.GATE_BEGINS].tolist() == [60.0, 62.0, 60.0, 62.0]


def test_a_lane_helps_the_others_only_when_its_own_line_is_empty():
    day = legs(walk_in(60), walk_in(60), walk_in(60), visit(61))

    times = times_of(layout(lanes=((0, 1, 1), (1, 0, 0))), day)

    assert times.lane.tolist() == [1, 0, 1, 0]
    assert times[Mark.GATE_BEGINS].tolist() == [60.0, 60.0, 62.0, 62.0]


def test_who_finds_the_yard_full_stands_on_the_road():
    times = times_of(layout(yard=1, gate=10), legs(visit(60), visit(61), visit(62), visit(63)))

    assert times.road_wait.tolist() == [0.0, 0.0, 8.0, 17.0]
    assert times.area[Area.ROAD] == 25.0
    assert times.area[Area.YARD] == 9.0 + 10.0 + 10.0


def test_the_head_of_the_road_bars_those_behind_it_from_their_free_lane():
    park = layout(lanes=ONE_LANE_EACH, yard=0, gate=10)

    times = times_of(park, legs(visit(60), visit(61), walk_in(62)))

    assert times[Mark.GATE_BEGINS].tolist() == [60.0, 70.0, 70.0]


@pytest.mark.parametrize(("rules", "begins"), [(WAITS, 90.0), (SERVED, 60.0), (IF_FREE, 60.0)])
def test_an_early_truck_waits_or_is_served_by_house_rule(rules, begins):
    times = times_of(layout(rules=rules), legs(visit(60, appointment=100)))

    assert times[Mark.GATE_BEGINS].tolist() == [begins]
    assert times.area[Area.YARD] == begins - 60.0


def test_an_early_truck_whose_docks_are_claimed_is_served_when_one_gets_free():
    times = times_of(layout(rules=IF_FREE), legs(visit(50, appointment=50), visit(60, appointment=100)))

    assert times[Mark.DOCK_ENDS][0] == 77.0
    assert times[Mark.READY_AT].tolist() == [50.0, 77.0]


def test_an_early_truck_takes_room_in_the_yard():
    day = legs(visit(60, appointment=100), visit(61), visit(61))

    times = times_of(layout(rules=WAITS, yard=1), day)

    assert times.road_wait.tolist() == [0.0, 0.0, 2.0]


def test_a_truck_is_late_only_beyond_the_tolerance():
    times = times_of(layout(rules=WAITS), legs(visit(60, appointment=50), visit(80, appointment=69.5)))

    assert times.truck_class.tolist() == [B, L]


def test_a_closed_lane_serves_who_is_in_it_to_the_end_and_then_nobody():
    park = layout(gate=10)
    park = replace(park, lanes=replace(park.lanes, open=park.lanes.open.capped([0], 65, 100, 0)))

    times = times_of(park, legs(visit(60), visit(61)))

    assert times[Mark.GATE_ENDS][0] == 70.0
    assert times[Mark.GATE_BEGINS][1] == 100.0


def test_docks_rest_at_lunch():
    park = layout(docks=2)
    park = replace(park, docks=replace(park.docks, open=park.docks.open.lowered([0], 66, 120, 1)))

    times = times_of(park, legs(visit(60), visit(60), visit(60)))

    assert times[Mark.DOCK_BEGINS].tolist() == [67.0, 87.0, 107.0]
    assert dock_utilisation(park, legs(*[visit(60)] * 3), times, 66, 120).tolist() == [53 / 54]


def test_rain_makes_longer_what_begins_while_it_lasts():
    park = layout()
    wet = replace(
        park,
        zones=replace(park.zones, pace=park.zones.pace.scaled([0], 60, inf, 1.2)),
        docks=replace(park.docks, pace=park.docks.pace.scaled([0], 60, 80, 1.5)),
    )

    times = times_of(wet, legs(visit(59), visit(90)))

    assert times[Mark.AT_DOCK].tolist() == [67.0, 98.0]
    assert times[Mark.DOCK_ENDS].tolist() == [97.0, 118.0]


def test_the_more_are_on_the_way_the_slower():
    zones = Zones([[10.0]], Steps.constant([1]), np.array([1]), np.array([0.5]))

    times = times_of(layout(zones=zones, lanes=((0, 0, 0),) * 3), legs(visit(60), visit(60), visit(60)))

    assert (times[Mark.AT_DOCK] - times[Mark.GATE_ENDS]).tolist() == [10.0, 10.0, 15.0]


def test_lateness_carries_over_to_the_next_legs_of_the_truck():
    day = legs(visit(60, truck=0), run(truck=0), visit(100, truck=0), run(0, truck=1), visit(200, truck=1))

    times = times_of(layout(), day)

    assert times[Mark.OUT][0] == 93.0
    assert times[Mark.COMES][1:3].tolist() == [103.0, 143.0]
    assert times.truck_class.tolist() == [B, -1, L, -1, B]
    assert times[Mark.COMES][4] == 200.0  # not before its time


def test_a_leg_that_does_not_show_is_left_out():
    times = times_of(layout(), legs(visit(60, truck=0), visit(70, truck=0, no_show=1.0), run(truck=0)))

    assert times[Mark.COMES].tolist() == pytest.approx([60.0, nan, 103.0], nan_ok=True)


def test_a_truck_whose_first_legs_do_not_show_comes_to_the_next_when_the_last_of_them_was_planned():
    times = times_of(layout(), legs(visit(60, truck=0, no_show=1.0), run(truck=0)))

    assert times[Mark.COMES][1] == 60.0


def test_a_truck_whose_docks_never_open_stays_and_is_still_counted():
    times = times_of(layout(docks=0), legs(visit(60, truck=0), run(truck=0), visit(500)))

    assert np.isnan(times[Mark.OUT]).all()
    assert np.isnan(times[Mark.COMES]).tolist() == [False, True, False]
    assert times.area[Area.DOCK_LINE] == times.end - 67.0


def test_punctuality_shifts_the_coming():
    park = layout()
    park = replace(park, outside=replace(park.outside, punctuality=(fixed(-7),)))

    assert times_of(park, legs(visit(60)))[Mark.COMES].tolist() == [53.0]


def test_handling_varies_by_its_noise():
    park = layout(noise=Distribution(Kind.LOGNORMAL, 1.0, 0.3), docks=10_000)
    day = legs(*(visit(60.0) for _ in range(4000)))

    times = times_of(park, day)

    minutes = times[Mark.DOCK_ENDS] - times[Mark.DOCK_BEGINS]
    assert minutes.mean() == pytest.approx(20.0, rel=0.02)
    assert np.log(minutes).std() == pytest.approx(0.3, rel=0.05)


def test_lanes_are_used_by_the_share_of_their_open_minutes():
    park = layout(lanes=((0, 0, 0),) * 2)

    times = times_of(park, legs(visit(60), visit(60), visit(62)))

    assert lane_utilisation(park, times, 60, 70).tolist() == [0.4, 0.2]


def test_an_empty_day_is_over_at_once():
    empty = legs(visit(60)).take(np.array([], dtype=int))

    assert times_of(layout(), empty).events == 0


@pytest.mark.parametrize(
    ("mark", "leg", "minute", "fault"),
    [
        (Mark.OUT, 0, nan, "IN_PARK"),
        (Mark.COMES, 1, nan, "neither came nor waits"),
        (Mark.GATE_BEGINS, 1, 60.0, "YARD"),
        (Mark.DOCK_ENDS, 0, 60.0, "DOCK_ENDS before DOCK_BEGINS"),
    ],
)
def test_the_check_notices_times_that_cannot_be(mark, leg, minute, fault):
    park, day = layout(), legs(visit(60), visit(60))
    drawn = draws(park, day, roll(np.random.default_rng(1), 2))
    times = run_kernel(park, day, drawn)
    at = times.at.copy()
    at[mark, leg] = minute

    assert any(fault in each for each in violations(park, day, drawn, replace(times, at=at)))


def test_the_check_notices_two_in_one_lane():
    park, day = layout(lanes=((0, 0, 0),) * 2), legs(visit(60), visit(60))
    drawn = draws(park, day, roll(np.random.default_rng(1), 2))
    times = run_kernel(park, day, drawn)

    assert violations(park, day, drawn, times) == []
    assert violations(park, day, drawn, replace(times, lane=np.zeros(2, dtype=int))) == ["lane 0: 2 there at once"]
