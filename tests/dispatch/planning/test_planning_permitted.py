import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.model.day import CarrierLists, Preferences
from dispatch.model.park import Hours, PlaceKind, TruckKind
from dispatch.planning.matching import matching_problem
from dispatch.planning.matching_round import LiveTruck, Timing, offers_now, within_hours
from dispatch.planning.permitted import OpenLoad, permitted
from dispatch.planning.together import Budget, Requests
from dispatch.planning.whole_day import plan_day
from tests.dispatch.planning.test_planning_matching_round import SOON
from tests.dispatch.tiny import DAY, a_load, a_park, a_table, a_truck, at

LOADS = (a_load("L1"), a_load("L2", origin="W1", destination="TOWN"), a_load("L3", enterprise="C1"))


def allowed(truck, lists=None, offered_to=()):
    opened = [OpenLoad(load, offered_to, (lists or {}).get(load.enterprise, CarrierLists())) for load in LOADS]
    (row,) = permitted(a_park(), opened, [truck]).tolist()
    return [load.id for load, may in zip(LOADS, row, strict=True) if may]


def test_where_nobody_minds_everybody_may_have_everything():
    assert allowed(a_truck()) == ["L1", "L2", "L3"]


def test_an_enterprise_keeps_carriers_out_or_names_those_it_wants():
    assert allowed(a_truck(), {"C1": CarrierLists(blocked=("C1",))}) == ["L1", "L2"]
    assert allowed(a_truck(), {"E1": CarrierLists(allowed=("E1",))}) == ["L3"]


def test_a_driver_keeps_to_his_regions_and_kinds_of_cargo():
    assert allowed(a_truck(preferences=Preferences(regions=("PORT",)))) == ["L1", "L3"]
    assert allowed(a_truck(preferences=Preferences(regions=(PlaceKind.TOWN,)))) == ["L2"]
    assert allowed(a_truck(preferences=Preferences(cargo_kinds=("steel",)))) == []


def test_what_a_driver_has_had_offered_he_is_not_given_again():
    assert allowed(a_truck(), offered_to=("浙B12345",)) == []
    assert allowed(a_truck(), offered_to=("浙B00001",)) == ["L1", "L2", "L3"]


@given(st.data())
def test_the_solver_is_told_exactly_who_may_have_what(data):
    kinds = data.draw(st.lists(st.sampled_from(["van", "artic"]), max_size=6))
    cargo = data.draw(st.lists(st.sampled_from(["general", "steel"]), max_size=6))
    park = a_park(truck_kinds=(TruckKind("van", ("general",)), TruckKind("artic", ("general", "steel"))))
    trucks = [a_truck(f"浙B0000{k}", kind=kind) for k, kind in enumerate(kinds)]
    loads = [a_load(f"L{i}", cargo_kind=kind) for i, kind in enumerate(cargo)]
    row = st.lists(st.booleans(), min_size=len(loads), max_size=len(loads))
    drawn = data.draw(st.lists(row, min_size=len(trucks), max_size=len(trucks)))
    may = np.array(drawn, dtype=np.bool_).reshape(len(trucks), len(loads))

    instance = matching_problem(park, DAY, loads, trucks, a_table(), may).instance

    told = [
        [bool(instance.can[truck, load]) for load in instance.loads.kind.tolist()]
        for truck in instance.trucks.kind.tolist()
    ]
    carries = [[kind == "artic" or each == "general" for each in cargo] for kind in kinds]
    assert told == (may & np.array(carries, dtype=np.bool_).reshape(may.shape)).tolist()


def test_a_load_its_nearest_truck_may_not_have_is_planned_onto_another():
    trucks = [a_truck("浙B00001", home="W1"), a_truck("浙B00002", carrier="E1", home="TOWN")]

    def driver(**limits):
        requests = Requests((), [OpenLoad(a_load(), **limits)], trucks)
        plan = plan_day(a_park(), DAY, requests, a_table(), Budget(slot_seconds=1.0, matching_seconds=1.0))
        return [chain.plate for chain in plan.chains]

    assert driver() == ["浙B00001"]
    assert driver(of_enterprise=CarrierLists(blocked=("C1",))) == ["浙B00002"]
    assert driver(offered_to=("浙B00001",)) == ["浙B00002"]
    assert driver(of_enterprise=CarrierLists(blocked=("C1", "E1"))) == []


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
