from dataclasses import replace
from datetime import timedelta

from dispatch.model.park import HouseRules, TruckKind
from dispatch.model.promises import Appointment, AppointmentState, Source
from dispatch.planning.matching_round import LiveTruck, Timing, offers_now, stretches_of
from dispatch.planning.permitted import OpenLoad
from tests.dispatch.tiny import DAY, a_load, a_park, a_table, a_truck, at

NOW = at("07:00")
SOON = Timing(DAY, NOW, timedelta(minutes=60))


def an_appointment(clock="09:00", **changes):
    hours, minutes = map(int, clock.split(":"))
    appointment = Appointment(
        id="A1",
        state=AppointmentState.CONFIRMED,
        source=Source.REQUEST,
        plate="浙B12345",
        carrier="C1",
        warehouse="W1",
        dock_group="W1-box",
        dock_kind=a_park().cargo_kinds[0].dock_kind,
        cargo_kind="general",
        gate="east",
        day=DAY,
        slot=(60 * hours + minutes) // 15,
        slots=2,
        made_at=NOW,
    )
    return replace(appointment, **changes)


def offered(loads, trucks, timing=SOON, **rules):
    park = a_park(rules=HouseRules(**rules))
    return [(o.plate, o.load.load) for o in offers_now(park, a_table(), loads, trucks, timing)]


def test_an_open_load_is_offered_to_the_truck_that_is_there_in_time():
    (offer,) = offers_now(a_park(), a_table(), [OpenLoad(a_load())], [LiveTruck(a_truck())], SOON)

    assert (offer.plate, offer.load.load, offer.load.starts_at) == ("浙B12345", "L1", at("08:00"))
    assert (offer.empty_km, offer.loaded_km) == (10 + 100, 10)


def test_what_need_not_leave_yet_is_not_offered_yet():
    late = replace(a_load(), earliest=at("12:00"), latest=at("13:00"), due=at("18:00"))

    assert offered([OpenLoad(late)], [LiveTruck(a_truck())]) == []
    assert offered([OpenLoad(late)], [LiveTruck(a_truck())], replace(SOON, ahead=timedelta(hours=6))) != []


def test_the_driver_has_the_time_to_react():
    tight = replace(a_load(), latest=at("08:00"))

    assert offered([OpenLoad(tight)], [LiveTruck(a_truck())], react_minutes=40) != []
    assert offered([OpenLoad(tight)], [LiveTruck(a_truck())], react_minutes=41) == []


def test_an_enterprise_does_not_get_a_carrier_it_has_blocked():
    blocked = replace(a_load(), blocked_carriers=("C1",))

    assert offered([OpenLoad(blocked)], [LiveTruck(a_truck())]) == []
    assert offered([OpenLoad(blocked)], [LiveTruck(a_truck()), LiveTruck(a_truck("浙B00001", carrier="E1"))]) == [
        ("浙B00001", "L1")
    ]


def test_a_driver_is_not_offered_again_what_he_has_declined():
    assert offered([OpenLoad(a_load(), offered_to=("浙B12345",))], [LiveTruck(a_truck())]) == []


def test_a_truck_of_the_wrong_kind_is_offered_nothing():
    park = a_park(truck_kinds=(TruckKind("artic", ("steel",)),))

    assert offers_now(park, a_table(), [OpenLoad(a_load())], [LiveTruck(a_truck())], SOON) == ()


def test_a_truck_is_offered_what_follows_its_loads_from_where_they_leave_it():
    has = replace(a_load("L0"), origin="W1", destination="PORT", earliest=at("07:00"), latest=at("07:30"))

    offers = offers_now(a_park(), a_table(), [OpenLoad(a_load())], [LiveTruck(a_truck(), ((has, at("07:00")),))], SOON)

    assert [(o.load.load, o.load.starts_at, o.empty_km) for o in offers] == [("L1", at("08:10"), 0)]


def test_a_truck_must_be_at_its_appointment_in_time():
    truck = a_truck()
    far = replace(a_load(), origin="PORT", destination="TOWN", due=at("18:00"))

    assert offered([OpenLoad(far)], [LiveTruck(truck)]) != []
    assert offered([OpenLoad(far)], [LiveTruck(truck, appointments=(an_appointment("11:00"),))]) == []
    assert offered([OpenLoad(a_load())], [LiveTruck(truck, appointments=(an_appointment("11:00"),))]) != []


def test_a_truck_is_cut_at_its_appointments_and_not_at_those_of_its_own_loads():
    truck, park, travel = a_truck(), a_park(), a_table()
    own = replace(a_load("L0"), earliest=at("07:00"), latest=at("08:00"))
    arrival = an_appointment("09:00", load="L0")

    alone = stretches_of(park, travel, LiveTruck(truck, appointments=(an_appointment("09:00"),)))
    with_own = stretches_of(park, travel, LiveTruck(truck, ((own, at("07:00")),), (arrival,)))

    assert [(s.truck.free_at, s.truck.home, s.truck.home_by) for s in alone] == [
        ("W1", "W1", at("09:00")),
        ("W1", "TOWN", at("20:00")),
    ]
    assert alone[1].truck.free_from == at("09:30")
    assert [(s.truck.free_at, s.truck.free_from, s.is_out) for s in with_own] == [("W1", at("08:10"), True)]


def test_no_load_is_offered_twice_and_no_truck_twice():
    loads = [OpenLoad(a_load(f"L{i}")) for i in range(6)]
    trucks = [
        LiveTruck(a_truck(f"浙B0000{i}"), appointments=(an_appointment("12:00"),) if i % 2 else ()) for i in range(4)
    ]

    offers = offered(loads, trucks, replace(SOON, ahead=timedelta(hours=12)))

    assert len({plate for plate, _ in offers}) == len(offers) == len({load for _, load in offers})


def test_a_round_without_loads_or_trucks_offers_nothing():
    assert offered([], [LiveTruck(a_truck())]) == []
    assert offered([OpenLoad(a_load())], []) == []
