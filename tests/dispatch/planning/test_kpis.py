"""The park's key figures, each in a day so small that it can be reckoned in the head."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.model.promises import AppointmentState, MatchedLoad, MatchState
from dispatch.planning.kpis import GroupBy, Happened, measured
from tests.dispatch.store.small_park import DAY, a_match, a_park, an_appointment, at, plate

PARK = a_park("p", docks=2)


def came(name, slot, arrived, left, **more):
    """Return a visit of half an hour that wished to come at 09:00, with the clock of its arrival and leaving."""
    times = {"arrived_at": at(arrived), "checked_in_at": at(arrived), "left_at": at(left)}
    state = AppointmentState.COMPLETED
    return replace(an_appointment(name, slot=slot, wish=at("09:00")), state=state, **times, **more)


def figures(appointments=(), matches=(), ends=(), by=GroupBy.HOUR, days=(DAY,)):
    return {each.group: each for each in measured(PARK, Happened(days, appointments, matches, dict(ends)), by)}


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


@pytest.mark.parametrize(("by", "group"), [(GroupBy.HOUR, "08:00"), (GroupBy.WAREHOUSE, "W1"), (GroupBy.CARRIER, "C1")])
def test_empty_kilometres_and_acceptance_come_from_the_offers(by, group):
    loads = (MatchedLoad("L1", at("08:00")),)
    states = [MatchState.ACCEPTED, MatchState.FINISHED, MatchState.HANDED_BACK, MatchState.DECLINED, MatchState.EXPIRED]
    matches = [replace(a_match(n), loads=loads, state=state, carrier="C1") for n, state in enumerate(states)]
    told = figures((), [*matches, replace(a_match(9), loads=loads, carrier="C1")], {"L1": ("W1", "T")}, by)

    for each in (told[group], told["all"]):
        assert (each.empty_km, each.loaded_km, each.empty_share) == (20, 40, 1 / 3)
        assert (each.offers_accepted, each.offers_refused, each.acceptance_share) == (3, 2, 0.6)
