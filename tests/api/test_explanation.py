"""The sentences of an explanation, each in a park where only it can be said."""

import numpy as np

from api.explanation import day_lines, visit_lines
from solver.slots.board import board
from solver.slots.explain import explain_visit
from solver.slots.explain_day import explain_day
from tests.solver.slots.parks import park

CROWD = {"gate": [1] * 4}


def told(instance, start, v, **how):
    return list(visit_lines(explain_visit(board(instance, np.array(start)), v, seconds=60.0, **how), 15))


def test_one_more_place_is_named_with_its_worth_and_both_costs():
    assert told(park([{}, {"weight": 3}], **CROWD), [2, 1], 0) == [
        "visit 0 wanted slot 1 (00:15), got slot 2 (00:30) (+15 min): slot 1: gate full",
        (
            "  With one more place at gate slot 1 it would start in slot 1; "
            "that is worth 1 (cost 1 -> 0, by re-solving all 2 visits)."
        ),
    ]


def test_a_place_others_need_more_is_told_so():
    assert told(park([{}, {"weight": 3}, {"weight": 3}], **CROWD), [2, 1, 0], 0)[1] == (
        "  With one more place at gate slot 1 it would start in slot 1 if that were kept for it, for 1 less at least; "
        "to the day it is worth 3 (cost 4 -> 1, by re-solving all 3 visits)."
    )


def test_a_worth_found_among_some_of_the_visits_is_at_least_that():
    lines = told(park([{}, {"weight": 3}, {"dock_group": 0, "wish": 3}], **CROWD), [2, 1, 3], 0, most=2)

    assert lines[1].endswith("that is worth at least 1 (cost 1 -> 0, by re-solving 2 visits around it).")


def test_neighbouring_slots_with_the_same_in_the_way_are_told_together():
    visits = [{"wish": 0, "weight": 1}, *({"weight": 9, "wish": slot} for slot in range(3))]

    assert told(park(visits, **CROWD), [3, 0, 1, 2], 0)[0].endswith("(+45 min): slots 0-2: gate full")


def test_a_plan_that_is_not_the_best_is_called_that():
    assert told(park([{}]), [3], 0) == [
        "visit 0 wanted slot 1 (00:15), got slot 3 (00:45) (+30 min): slots 0-2: free",
        "  slots 0-2 free: the plan is not the best",
    ]


def test_a_better_slot_at_the_expense_of_others_is_mentioned():
    assert "  It could have slot 1 at the same total cost, at the expense of others." in told(
        park([{}, {}], **CROWD), [2, 1], 0
    )


def test_who_cannot_be_helped_is_told_why():
    instance = park([{"frozen": 1, "promised": 2}, {"duration": 9}, {}, {"truck": 5}, {"truck": 5, "weight": 9}])
    start = [2, -1, 1, 3, 1]

    assert told(instance, start, 0) == ["visit 0 wanted slot 1 (00:15), got slot 2 (00:30) (+15 min): it is frozen"]
    assert told(instance, start, 1) == [
        "visit 1 wanted slot 1 (00:15), was not placed: its window leaves no room for it"
    ]
    assert told(instance, start, 2)[0].endswith("(+0 min): no other start would cost it less")
    assert told(instance, start, 3)[1] == (
        "  No single capacity one larger was found to let it start better, without anybody else moving."
    )


def test_docks_closed_quotas_and_frozen_visits_are_named():
    frozen = {"frozen": 1, "promised": 1, "carrier": 1}
    visits = [{"dock_group": 1, "carrier": 0, "wish": 0}, frozen, frozen]
    instance = park(visits, docks=[[9] * 4, [0, 9, 9, 9]], gate=[9, 0, 9, 9], quota=[0, -1])

    assert told(instance, [-1, 1, 1], 0)[0] == (
        "visit 0 wanted slot 0 (00:00), was not placed: "
        "slot 0: docks of group 1 closed in slot 0, quota of carrier 0 is 0; "
        "slot 1: gate full of frozen visits, quota of carrier 0 is 0; slots 2-3: quota of carrier 0 is 0"
    )


def test_a_day_names_the_scarcest_first():
    day = board(park([{}, {}, {}], **CROWD), np.array([1, 2, 3]))

    lines = list(day_lines(explain_day(day, seconds=60.0), 15))

    assert lines[0] == "3 visits, cost 3: 0 not placed, 1 moved by more than a slot"
    assert lines[2:4] == [
        "scarcest capacities:",
        "   1  gate slot 1: 1 (cost 2 -> 1, by re-solving all 3 visits)",
    ]


def test_a_calm_day_has_nothing_scarce():
    lines = list(day_lines(explain_day(board(park([{}]), np.array([1])), seconds=60.0), 15))

    assert lines[2:] == [
        "scarcest capacities: none is worth anything",
        "one more dock all day: none is worth anything",
    ]
