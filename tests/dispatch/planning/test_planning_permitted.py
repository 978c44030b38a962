from dispatch.model.day import CarrierLists, Preferences
from dispatch.model.park import Hours, PlaceKind
from dispatch.model.promises import MatchedLoad
from dispatch.planning.matching import PlannedChain
from dispatch.planning.matching_round import LiveTruck, OpenLoad, Timing, offers_now, within_hours
from dispatch.planning.permitted import permitted
from tests.dispatch.planning.test_planning_matching_round import SOON
from tests.dispatch.tiny import DAY, a_load, a_park, a_table, a_truck, at

LOADS = {"L1": a_load("L1"), "L2": a_load("L2", origin="W1", destination="TOWN"), "L3": a_load("L3", enterprise="C1")}
CHAIN = PlannedChain("浙B12345", tuple(MatchedLoad(name, at("08:00")) for name in LOADS), 100, 50)
EVERYBODY = {"E1": CarrierLists(), "C1": CarrierLists()}


def kept(truck, lists=None):
    return permitted(a_park(), a_table(), CHAIN, truck, LOADS, EVERYBODY | (lists or {}))


def test_a_chain_that_suits_everybody_stays_as_it_is():
    assert kept(a_truck()) is CHAIN


def test_the_loads_of_an_enterprise_that_keeps_the_carrier_out_leave_the_chain():
    chain = kept(a_truck(), {"C1": CarrierLists(blocked=("C1",))})

    assert [each.load for each in chain.loads] == ["L1", "L2"]
    # W1 to the port, loaded to W1, loaded to the town, which is home
    assert (chain.empty_km, chain.loaded_km) == (10 + 0 + 0, 10 + 100)


def test_where_carriers_are_allowed_by_name_no_others_are():
    assert [each.load for each in kept(a_truck(), {"E1": CarrierLists(allowed=("E1",))}).loads] == ["L3"]


def test_a_driver_keeps_to_his_regions_and_kinds_of_cargo():
    near = a_truck(preferences=Preferences(regions=("PORT",)))
    by_kind = a_truck(preferences=Preferences(regions=(PlaceKind.TOWN,)))
    steel = a_truck(preferences=Preferences(cargo_kinds=("steel",)))

    assert [each.load for each in kept(near).loads] == ["L1", "L3"]
    assert [each.load for each in kept(by_kind).loads] == ["L2"]
    assert kept(steel).loads == ()


def test_a_truck_is_out_within_its_drivers_hours_only():
    truck = a_truck(preferences=Preferences(hours=Hours("09:00", "12:00")))

    within = within_hours(a_park(), truck, DAY)

    assert (within.free_from, within.home_by) == (at("09:00"), at("12:00"))
    late = a_truck(preferences=Preferences(hours=Hours("21:00", "22:00")))
    assert within_hours(a_park(), late, DAY) is None


def test_a_round_keeps_to_what_both_sides_want():
    def offered(load=None, **prefers):
        truck = LiveTruck(a_truck(preferences=Preferences(**prefers)))
        return [each.load.load for each in offers_now(a_park(), a_table(), [load or OpenLoad(a_load())], [truck], SOON)]

    assert offered() == ["L1"]
    assert offered(regions=("TOWN",)) == []
    assert offered(hours=Hours("13:00", "20:00")) == []
    assert offered(hours=Hours("08:00", "20:00")) == ["L1"]
    assert offered(OpenLoad(a_load(allowed_carriers=("E1",)))) == []
    assert offered(OpenLoad(a_load(), of_enterprise=CarrierLists(blocked=("C1",)))) == []


def test_what_is_saved_is_told_with_the_offer():
    two = Timing(DAY, SOON.now, SOON.ahead)

    (offer,) = offers_now(a_park(), a_table(), [OpenLoad(a_load())], [LiveTruck(a_truck())], two)

    assert offer.load.alone_km == 100 + 100  # from the town to the port, and from W1 home to the town
    assert offer.load.unloads_at == at("08:40")
    assert offer.load.alone_km - offer.empty_km == 90
