"""Chained visits on a day of which something is closed: whole, in order, and never two trucks in one place."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dispatch.model.closures import Closure, ClosureKind, blocks_of
from dispatch.model.life import dock_times, end_slot
from dispatch.model.park import HouseRules
from dispatch.model.promises import Appointment, Purpose, Stop
from dispatch.planning.capacity import open_capacity
from dispatch.planning.replanning import replan
from dispatch.roads.estimate import drive_slots
from tests.dispatch.store.small_park import DAY, NOW, a_park, an_appointment, at, plate

PARK = replace(a_park("small", entries=3, docks=2), rules=HouseRules(replan_seconds=1))
HOURS = range(24, 88)


def a_visit(name, slot, slots=2, warehouse="W1", number=1, **more):
    group = f"{warehouse}-box"
    more = {"plate": plate(number), "slot": slot, "slots": slots, "warehouse": warehouse, "dock_group": group} | more
    return an_appointment(name, made_at=NOW, **more)


def a_chain(name, slot, second, number=1, first="W1", then="W2", slots=2, **more):
    stop = Stop(then, f"{then}-box", an_appointment().dock_kind, "general", second, slots)
    return a_visit(name, slot, slots, first, number, stops=(stop,), **more)


def closing(kind, target, begins, ends, closed=None):
    closure = Closure("X1", ClosureKind(kind), target, at(begins), at(ends), "burst pipe", NOW, "", closed)
    return replace(closure, blocks=blocks_of(PARK, closure))


def planned(booked, closure):
    """Return everybody at his new place, those without one left out, and the ids of those who were moved."""
    changes = {each.appointment.id: each for each in replan(PARK, DAY, booked, [closure], NOW)}
    there = {each.id: each for each in booked}
    for name, change in changes.items():
        if change.slot is None:
            del there[name]
        else:
            there[name] = replace(there[name], slot=change.slot, gate=change.gate, stops=change.stops)
    return there, set(changes)


def slots_of(appointment: Appointment) -> list[int]:
    return [place.slot for place in dock_times(appointment)]


def check_lawful(booked, closure):
    """Assert that docks, gates, trucks, orders and drives are all kept."""
    free = open_capacity(PARK, DAY, [closure])
    rows = {"W1-box": 0, "W2-box": 1}
    docks = Counter((p.dock_group, t) for a in booked for p in dock_times(a) for t in range(p.slot, p.slot + p.slots))
    assert all(count <= free.docks[rows[group], t] for (group, t), count in docks.items())
    assert all(count <= free.gates[0, t] for t, count in Counter(each.slot for each in booked).items())
    by_plate = sorted(booked, key=lambda each: (each.plate, each.slot))
    for one, other in pairwise(by_plate):
        assert one.plate != other.plate or end_slot(one) + PARK.rules.turn_slots <= other.slot
    for chain in (each for each in booked if each.stops):
        waits = []
        for here, there in pairwise(dock_times(chain)):
            ends = PARK.warehouse_by_id[here.warehouse], PARK.warehouse_by_id[there.warehouse]
            waits.append(there.slot - here.slot - here.slots - drive_slots(PARK, *ends))
        assert min(waits) >= 0
        assert sum(waits) * 15 <= PARK.rules.chain_wait_minutes


def test_a_stop_that_is_closed_begins_later_and_the_truck_still_comes_when_it_was_to():
    chain = a_chain("A1", 36, 39)

    there, moved = planned([chain], closing("dock_group", "W2-box", "09:45", "10:15"))

    assert moved == {"A1"}
    assert slots_of(there["A1"]) == [36, 41]


def test_a_chain_whose_stop_would_stand_too_long_moves_whole():
    chain = a_chain("A1", 36, 39)
    closure = closing("dock_group", "W2-box", "09:45", "12:00")

    there, _ = planned([chain], closure)

    assert slots_of(there["A1"]) == [34, 37]  # half an hour earlier, and gone from W2 by 09:45
    check_lawful(there.values(), closure)


def test_others_make_way_for_a_chain_that_has_nowhere_else_to_go():
    chain = a_chain("A1", 36, 39, number=9)
    others = [a_visit(f"B{t}{n}", t, 2, "W2", 10 * t + n) for t in range(26, 60, 2) for n in (1, 2)]
    others = [each for each in others if each.id not in {"B381", "B401"}]  # where the chain is; the afternoon is free
    closure = closing("dock_group", "W2-box", "09:45", "10:15", closed=1)

    there, moved = planned([chain, *others], closure)

    assert len(there) == len(others) + 1
    assert len(moved) == 2
    assert there["A1"] == chain
    check_lawful(there.values(), closure)


def test_a_chain_that_fits_the_day_nowhere_whole_is_given_up_whole():
    chain = a_chain("A1", 36, 39)

    there, moved = planned([chain], closing("warehouse", "W2", "06:00", "22:00"))

    assert (there, moved) == ({}, {"A1"})


def test_who_delivers_and_collects_at_one_dock_is_moved_as_one_visit():
    dual = a_visit("A1", 36, 4, purpose=Purpose.DUAL)
    closure = closing("dock_group", "W1-box", "09:30", "10:00")

    there, _ = planned([dual], closure)

    assert (there["A1"].slot, there["A1"].slots) in {(34, 4), (40, 4)}
    check_lawful(there.values(), closure)


def test_chains_and_visits_of_one_truck_keep_out_of_each_others_time():
    booked = [a_chain("A1", 36, 39), a_visit("A2", 42)]
    closure = closing("warehouse", "W1", "09:00", "11:00")

    there, _ = planned(booked, closure)

    assert len(there) == 2
    check_lawful(there.values(), closure)


def a_booked_day(rng):
    """Return a lawful day of chains and visits, drawn at random."""
    nothing = closing("gate", "east", "04:00", "04:15")
    booked = []
    for number in range(40):
        slots, first = int(rng.integers(1, 4)), int(rng.integers(26, 60))
        pair = ("W1", "W2") if rng.integers(2) else ("W2", "W1")
        draft = a_visit(f"A{number:02}", first, slots, pair[0], int(rng.integers(1, 15)))
        if rng.random() < 0.4:
            second = first + slots + 1 + int(rng.integers(0, 3))
            draft = a_chain(draft.id, first, second, int(rng.integers(1, 15)), *pair, slots)
        try:
            check_lawful([*booked, draft], nothing)
        except AssertionError:
            continue
        booked.append(draft)
    return booked


@pytest.mark.parametrize("seed", range(12))
def test_what_a_closure_leaves_of_any_day_is_lawful_and_nobody_moves_who_need_not(seed):
    rng = np.random.default_rng(seed)
    booked = a_booked_day(rng)
    begins = int(rng.integers(7, 13))
    kind, target, closed = [("dock_group", "W1-box", 1), ("warehouse", "W2", None), ("gate", "east", 2)][seed % 3]
    closure = closing(kind, target, f"{begins:02}:00", f"{begins + 2:02}:00", closed)

    there, moved = planned(booked, closure)

    check_lawful(there.values(), closure)
    for each in booked:
        stop_spans = [range(p.slot, p.slot + p.slots) for p in dock_times(each)]
        hit = any(set(span) & set(range(4 * begins, 4 * begins + 8)) for span in stop_spans)
        assert hit or each.id not in moved or not each.stops
        if each.id in there:
            old, new = each, there[each.id]
            assert [p.warehouse for p in dock_times(new)] == [p.warehouse for p in dock_times(old)]
            assert [p.slots for p in dock_times(new)] == [p.slots for p in dock_times(old)]
