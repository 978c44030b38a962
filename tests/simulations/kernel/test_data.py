from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from simulations.kernel.distributions import Distribution, Kind, fixed, parsed
from simulations.kernel.draws import Dice, draws, roll
from simulations.kernel.layout import NEVER, Pooling, TruckClass, lane_ranks
from simulations.kernel.legs import check_fits
from simulations.kernel.steps import Steps
from simulations.kernel.times import mean_number
from solver.reading import BadInput
from tests.simulations.kernel.parks import layout, legs, run, visit, walk_in

MIDDLES = (np.arange(200_000) + 0.5) / 200_000


@pytest.mark.parametrize(
    ("text", "mean", "deviation"),
    [
        ("deterministic:2.0", 2.0, 0.0),
        ("exponential:2.0", 2.0, 2.0),
        ("erlang:4:2.0", 2.0, 1.0),
        ("lognormal:0.5:2.0", 2.0, 2.0 * np.sqrt(np.expm1(0.25))),
        ("normal:3:-1", -1.0, 3.0),
        ("uniform:3:6", 6.0, np.sqrt(3.0)),
    ],
)
def test_a_distribution_has_the_mean_and_the_deviation_its_text_says(text, mean, deviation):
    drawn = parsed(text).inverse(MIDDLES)

    assert drawn.mean() == pytest.approx(mean, abs=2e-3)
    assert drawn.std() == pytest.approx(deviation, abs=2e-2)


@pytest.mark.parametrize(
    "text",
    ["", "gamma:2", "exponential", "exponential:x", "erlang:2.0", "erlang:1.5:2", "exponential:-1", "normal:1:nan"],
)
def test_a_text_that_is_no_distribution_is_refused_in_one_line(text):
    with pytest.raises(BadInput) as refused:
        parsed(text, "--service")

    assert str(refused.value).startswith("--service: ")
    assert "\n" not in str(refused.value)


def test_steps_change_for_a_while_and_come_back():
    docks = Steps.of_rows([([-inf, 720, 780], [3, 1, 3]), ([-inf], [2])])

    lowered = docks.lowered([0, 1], 600, 750, 2)

    assert [lowered.value_at(0, t) for t in (0, 599.9, 600, 730, 750, 779, 780)] == [3, 3, 1, 0, 1, 1, 3]
    assert [lowered.value_at(1, t) for t in (599, 600, 750)] == [2, 0, 2]
    assert docks.over(700, 800).tolist() == [100 * 3 - 60 * 2, 200]
    assert docks.scaled([0], 800, inf, 2.0).value_at(0, 1e9) == 6


@pytest.mark.parametrize(
    ("offset", "at", "value"),
    [
        ([0], [-inf], [1]),
        ([0, 1], [0], [1]),
        ([0, 2], [-inf, -inf], [1, 1]),
        ([0, 1], [-inf], [-1]),
        ([0, 1, 1], [-inf], [1]),
    ],
)
def test_steps_that_do_not_rise_from_the_beginning_are_refused(offset, at, value):
    with pytest.raises(BadInput):
        Steps(np.array(offset), np.array(at), np.array(value))


def test_pooling_says_which_lanes_help_for_whom():
    booked, walk_ins, late = TruckClass

    kinds = np.array([booked, booked, walk_ins])

    assert lane_ranks(kinds, Pooling.SEPARATE)[:, booked].tolist() == [0, 0, NEVER]
    assert lane_ranks(kinds, Pooling.OVERFLOW)[:, walk_ins].tolist() == [1, 1, 0]
    assert (lane_ranks(kinds, Pooling.POOLED) == 0).all()
    assert lane_ranks(kinds, Pooling.SEPARATE)[:, late].tolist() == [NEVER, NEVER, 0]
    assert lane_ranks(np.array([booked]), Pooling.SEPARATE).tolist() == [[0, 0, 0]]


def test_a_gate_without_a_lane_for_somebody_is_refused():
    with pytest.raises(BadInput, match="gate 0 has no lane for trucks that are late"):
        layout(lanes=((0, 0, NEVER),))


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("truck", [1, 0, 2], r"truck\[1\]"),
        ("identity", [0, 0, 1], "identity"),
        ("planned", [nan, 1, 1], r"planned\[0\]"),
        ("planned", [-inf, 1, 1], "planned: must be a minute for the first leg"),
        ("no_show", [0, 2, 0], r"no_show\[1\]"),
        ("gate", [0.5, 0, 0], "gate"),
        ("handling_minutes", [1, 2], "shape"),
    ],
)
def test_legs_that_make_no_sense_are_refused_by_field(column, value, fault):
    day = legs(visit(60), walk_in(70), visit(80))

    with pytest.raises(BadInput, match=fault):
        replace(day, **{column: np.array(value)})


def test_legs_that_name_what_the_park_has_not_are_refused():
    with pytest.raises(BadInput, match=r"dock_group\[1\]: is 7, must be from 0 to 0"):
        check_fits(layout(), legs(visit(60), visit(70, dock_group=7)))
    with pytest.raises(BadInput, match=r"terminal\[1\]"):
        check_fits(layout(), legs(visit(60, truck=0), run(truck=0, terminal=1)))


def test_data_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        legs(visit(60)).planned[0] = 1.0


def test_more_identities_leave_the_dice_of_the_others_as_they_are():
    few, many = (roll(np.random.default_rng(1), count).uniform for count in (5, 500))

    assert np.array_equal(few, many[:5])


def test_a_leg_keeps_its_draws_in_another_plan():
    noisy = layout(noise=Distribution(Kind.LOGNORMAL, 1.0, 0.4), gate=2.0)
    dice = roll(np.random.default_rng(1), 3)
    day = legs(visit(60), walk_in(70), visit(80))

    before = draws(noisy, day, dice)
    after = draws(noisy, day.take(np.array([0, 2])), dice)

    assert np.array_equal(before.handling_factor[[0, 2]], after.handling_factor)
    with pytest.raises(BadInput, match="dice"):
        draws(noisy, day, roll(np.random.default_rng(1), 2))


def test_no_shows_come_with_their_probability():
    day = legs(*(visit(60, no_show=0.3) for _ in range(2000)))

    shows = draws(layout(), day, roll(np.random.default_rng(1), 2000)).shows

    assert shows.mean() == pytest.approx(0.7, abs=0.03)


def test_dice_are_never_0_or_1():
    with pytest.raises(BadInput):
        Dice(np.zeros((1, 9)))


def test_the_mean_number_is_the_time_that_all_are_there_by_the_time():
    begin, end = np.array([5.0, 10.0, nan, 15.0]), np.array([15.0, 12.0, nan, nan])

    assert mean_number(begin, end, np.array([0.0, 10.0, 20.0])).tolist() == [0.5, 1.2]


def test_fixed_draws_are_exact():
    assert fixed(0.1).inverse(MIDDLES[:3]).tolist() == [0.1] * 3
