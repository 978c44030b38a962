from dataclasses import replace

import numpy as np
import pytest

from simulations.benchmarks import replanning
from solver.outcome import Outcome, Status
from solver.slots import check, flavours, neighbourhood, promises
from solver.slots.board import board
from solver.slots.instance import SlotPlan

from .parks import optimum, park

EVERYONE = 10**6


def best_plan(instance):
    """Return the cheapest plan there is, all visits decided at once."""
    nothing = board(instance, np.where(instance.frozen == 1, instance.promised, -1))
    everyone = neighbourhood.around(nothing, [], [], most=EVERYONE)
    return neighbourhood.resolve(nothing, everyone, seconds=60.0).start


def booked_day(seed):
    day = flavours.generate(flavours.FLAVOURS["peaky"], 40, np.random.default_rng(seed))
    return day, best_plan(day)


def test_who_has_begun_is_frozen_and_nobody_starts_in_the_past():
    visits = [{"earliest": 0}, {"earliest": 0}, {"latest": 0, "wish": 0}, {}]

    again = promises.as_promised(park(visits), np.array([0, 2, -1, -1]), now=1, move=7)

    assert again.frozen.tolist() == [1, 0, 1, 0]
    assert again.promised.tolist() == [0, 2, -1, -1]
    assert again.earliest.tolist() == [0, 1, 0, 1]
    assert again.move == 7


def test_a_day_promised_and_undisturbed_is_lawful_as_it_was():
    day, booked = booked_day(1)

    again = promises.as_promised(day, booked, now=48, move=5)

    assert check.violations(again, booked) == []
    assert check.move_cost(again, booked) == 0


def test_docks_are_closed_from_then_on_and_as_many_as_asked():
    day = flavours.generate(flavours.FLAVOURS["peaky"], 2000, np.random.default_rng(1))

    after, closed = promises.with_docks_closed(day, share=0.05, begin=48, rng=np.random.default_rng(2))

    assert closed.sum() == round(0.05 * day.docks[:, 48].sum())
    assert (after.docks[:, :48] == day.docks[:, :48]).all()
    assert (after.docks[:, 48] == day.docks[:, 48] - closed).all()
    assert (after.docks[:, 60] == np.maximum(0, day.docks[:, 60] - closed)).all()


def test_a_closed_lane_takes_its_share_of_every_later_slot():
    after = promises.with_gate_narrowed(park([{}], gate=[9, 9, 10, 11]), share=0.1, begin=1)

    assert after.gate.tolist() == [9, 8, 9, 9]


@pytest.mark.parametrize("seed", range(3))
def test_the_dearer_a_move_the_fewer_promises_are_moved_and_the_dearer_the_rest(seed):
    day, booked = booked_day(seed)
    after, _ = promises.with_docks_closed(day, share=0.3, begin=48, rng=np.random.default_rng(seed))
    moved, rest = [], []
    for price in (0, 1, 5, 50):
        again = promises.as_promised(after, booked, now=48, move=price)
        start = best_plan(again)
        assert check.violations(again, start) == []
        assert check.cost(again, start) == optimum(again)
        assert (start[again.frozen == 1] == booked[again.frozen == 1]).all()
        moved.append(check.move_cost(replace(again, move=1), start))
        rest.append(replanning.without_moves(again, start))

    assert moved == sorted(moved, reverse=True)
    assert rest == sorted(rest)


def test_the_benchmark_counts_promises_moved_and_dropped():
    again = replace(park([{"promised": 1}, {"promised": 1}, {"promised": 1}, {}]), move=5)
    start = np.array([1, 2, -1, 0])
    outcome = Outcome(SlotPlan(start), check.cost(again, start), 50, 0.5, Status.FEASIBLE, "a relaxation")

    row = replanning.figures(again, outcome)

    assert (row["promises"], row["moved"], row["dropped"], row["placed"]) == (3, 2, 1, 3)
    assert row["cost"] == 1 + 100 + 1


def test_something_goes_wrong_at_noon_only():
    day = flavours.generate(flavours.FLAVOURS["peaky"], 300, np.random.default_rng(1))

    found = dict(replanning.mishaps(day, np.random.default_rng(1)))

    assert list(found) == ["nothing", "5 % of docks", "a gate lane"]
    for after in found.values():
        assert (after.docks[:, :48] == day.docks[:, :48]).all()
        assert (after.gate[:48] == day.gate[:48]).all()
    assert found["5 % of docks"].docks.sum() < day.docks.sum()
    assert found["a gate lane"].gate.sum() < day.gate.sum()
