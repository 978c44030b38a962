"""The park's key figures, each in a day so small that it can be reckoned in the head."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.model.closures import Closure, ClosureKind, ClosureState, blocks_of
from dispatch.model.promises import AppointmentState, MatchedLoad, MatchState
from dispatch.planning.kpis import GroupBy, Happened, measured
from tests.dispatch.store.small_park import DAY, a_match, a_park, an_appointment, at, plate

PARK = a_park("p", docks=2)


def came(name, slot, arrived, left, **more):
    """Return a visit of half an hour that wished to come at 09:00, with the clock of its arrival and leaving."""
    times = {"arrived_at": at(arrived), "checked_in_at": at(arrived), "left_at": at(left)}
    state = AppointmentState.COMPLETED
    return replace(an_appointment(name, slot=slot, wish=at("09:00")), state=state, **times, **more)


def figures(appointments=(), matches=(), ends=(), by=GroupBy.HOUR, days=(DAY,), closures=()):
    happened = Happened(days, appointments, matches, dict(ends), closures)
    return {each.group: each for each in measured(PARK, happened, by)}


def closing(kind, target, begins, ends, closed=None, **more):
    closure = Closure("X", ClosureKind(kind), target, at(begins), at(ends), "leak", at("06:00"), "", closed, **more)
    return replace(closure, blocks=blocks_of(PARK, closure))


def test_turn_time_displacement_and_on_time_are_told_per_hour_and_of_all():
    told = figures([came("a", 36, "09:00", "09:40"), came("b", 36, "09:31", "10:41"), came("c", 40, "10:00", "10:30")])

    assert list(told) == ["09:00", "10:00", "all"]
    nine, ten, whole = told.values()
    assert (nine.visits, ten.visits, whole.visits) == (2, 1, 3)
    assert (nine.turn_minutes_mean, nine.turn_minutes_p90, ten.turn_minutes_mean) == (55, 70, 30)
    assert (nine.displacement_minutes_mean, ten.displacement_minutes_mean) == (0, 60)
    assert (nine.on_time_share, ten.on_time_share) == (0.5, 1.0)  # 31 minutes are one too many


def test_lateness_by_the_parks_own_delay_is_on_time():
    told = figures([came("a", 36, "09:45", "10:40", excused_minutes=20)])

    assert told["all"].on_time_share == 1.0


def test_no_shows_are_counted_against_those_that_came_and_nothing_is_no_share():
    missed = replace(an_appointment("m"), state=AppointmentState.NO_SHOW)
    cancelled = replace(an_appointment("x"), state=AppointmentState.CANCELLED)
    told = figures([came("a", 36, "09:00", "10:00"), came("b", 36, "09:00", "10:00"), came("c", 36, "09:00", "10:00"),
        missed, cancelled], by=GroupBy.CARRIER)  # fmt: skip

    assert (told["C1"].no_shows, told["C1"].no_show_share, told["C1"].visits) == (1, 0.25, 3)
    assert figures()["all"].no_show_share is None
    assert figures()["all"].turn_minutes_mean is None


def test_utilisation_is_dock_slots_held_of_those_that_work():
    held = [an_appointment("a", slot=36), an_appointment("b", slot=39, plate=plate(2))]  # two slots each
    hours, houses = figures(held), figures(held, by=GroupBy.WAREHOUSE)
    two_days = figures(held, by=GroupBy.WAREHOUSE, days=(DAY, DAY + timedelta(days=1)))

    assert (hours["09:00"].dock_slots_held, hours["10:00"].dock_slots_held) == (3, 1)
    assert hours["09:00"].utilisation == 3 / (4 * 4)  # four slots, two docks at each of two warehouses
    assert houses["W1"].utilisation == 4 / (64 * 2)  # 06:00 to 22:00
    assert two_days["W1"].utilisation == 4 / (64 * 2 * 2)
    assert figures(held, by=GroupBy.CARRIER)["C1"].utilisation is None
    assert houses["all"].dock_slots_held == hours["all"].dock_slots_held == 4


def test_docks_that_closures_took_are_lost_and_not_unused():
    held = [an_appointment("a", slot=36), an_appointment("b", slot=39, plate=plate(2))]  # two slots each at W1
    whole = closing("dock_group", "W1-box", "09:00", "10:00", 1)
    both = closing("warehouse", "W2", "09:30", "10:00")

    hours, houses = [figures(held, by=by, closures=(whole, both)) for by in (GroupBy.HOUR, GroupBy.WAREHOUSE)]

    assert (hours["09:00"].dock_slots_closed, hours["09:00"].utilisation) == (4 + 4, 3 / (16 - 8))
    assert (hours["10:00"].dock_slots_closed, hours["10:00"].utilisation) == (0, 1 / 16)
    assert (houses["W1"].dock_slots_closed, houses["W1"].utilisation) == (4, 4 / (64 * 2 - 4))
    assert (houses["all"].dock_slots_closed, hours["all"].dock_slots_closed) == (8, 8)
    assert figures(held, days=(DAY + timedelta(days=1),), closures=(whole,))["all"].dock_slots_closed == 0


def test_what_was_held_in_a_closed_dock_is_no_loss_and_a_park_closed_at_its_gates_loses_its_docks():
    held = [an_appointment("a", slot=36)]
    closed = figures(held, closures=(closing("dock_group", "W1-box", "09:00", "09:30"),))["09:00"]
    holiday = figures(held, closures=(closing("park", "", "00:00", "23:59"),))["all"]

    assert (closed.dock_slots_closed, closed.utilisation) == (2, 2 / 14)  # one of the two docks, in two slots
    assert (holiday.dock_slots_closed, holiday.utilisation) == (4 * 64 - 2, 1.0)


def test_a_closure_that_was_cancelled_took_what_had_begun_by_then():
    state = {"state": ClosureState.CANCELLED}
    ended = closing("dock_group", "W1-box", "09:00", "11:00", cancelled_at=at("09:31"), **state)
    never = closing("dock_group", "W1-box", "09:00", "11:00", cancelled_at=at("08:00"), **state)

    assert figures([an_appointment("a", slot=60)], closures=(ended,))["all"].dock_slots_closed == 2 * 3
    assert figures([an_appointment("a", slot=60)], closures=(never,))["all"].dock_slots_closed == 0


@pytest.mark.parametrize(("by", "group"), [(GroupBy.HOUR, "08:00"), (GroupBy.WAREHOUSE, "W1"), (GroupBy.CARRIER, "C1")])
def test_empty_kilometres_and_acceptance_come_from_the_offers(by, group):
    loads = (MatchedLoad("L1", at("08:00")),)
    states = [MatchState.ACCEPTED, MatchState.FINISHED, MatchState.HANDED_BACK, MatchState.DECLINED, MatchState.EXPIRED]
    matches = [replace(a_match(n), loads=loads, state=state, carrier="C1") for n, state in enumerate(states)]
    told = figures((), [*matches, replace(a_match(9), loads=loads, carrier="C1")], {"L1": ("W1", "T")}, by)

    for each in (told[group], told["all"]):
        assert (each.empty_km, each.loaded_km, each.empty_share) == (20, 40, 1 / 3)
        assert (each.offers_accepted, each.offers_refused, each.acceptance_share) == (3, 2, 0.6)
