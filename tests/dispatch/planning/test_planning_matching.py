from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from dispatch.model.park import TruckKind
from dispatch.planning.matching import chains, matching_problem
from dispatch.roads.find import table_for
from solver.matching import check
from solver.matching.instance import MAX_TIME
from solver.matching.plan import Chain, MatchingPlan
from tests.dispatch.tiny import DAY, a_load, a_park, a_table, a_truck, at


def test_loads_and_trucks_become_rows_of_numbers() -> None:
    park = a_park(truck_kinds=(TruckKind("van", ("general",)), TruckKind("artic", ("steel", "general"))))

    instance = matching_problem(park, DAY, [a_load()], [a_truck()], a_table()).instance

    assert instance.loads.kind.tolist() == [0]
    assert (instance.loads.origin.tolist(), instance.loads.destination.tolist()) == ([1], [0])
    assert (instance.loads.earliest.tolist(), instance.loads.latest.tolist()) == ([480], [600])
    assert instance.loads.due.tolist() == [840]
    assert (instance.loads.load_minutes.tolist(), instance.loads.unload_minutes.tolist()) == ([20], [30])
    assert instance.loads.drop.tolist() == [2000]
    assert instance.trucks.kind.tolist() == [1]
    assert (instance.trucks.start.tolist(), instance.trucks.home.tolist()) == ([0], [2])
    assert (instance.trucks.free_from.tolist(), instance.trucks.home_by.tolist()) == ([360], [1200])
    assert instance.can.tolist() == [[1, 0], [1, 1]]


def test_house_rules_are_the_costs() -> None:
    park = a_park()
    costs = matching_problem(park, DAY, [], [], a_table()).instance.costs

    assert (costs.per_empty_km, costs.per_wait_minute, costs.per_truck) == (
        park.rules.empty_km_cost,
        park.rules.wait_minute_cost,
        park.rules.truck_cost,
    )


def test_times_of_the_night_before_are_negative_and_of_the_next_day_beyond_1440() -> None:
    load = a_load(earliest=at("23:00", days=-1), due=at("01:00", days=1))

    instance = matching_problem(a_park(), DAY, [load], [], a_table()).instance

    assert instance.loads.earliest.tolist() == [-60]
    assert instance.loads.due.tolist() == [1500]


def test_seconds_are_rounded_to_the_safe_side() -> None:
    second = timedelta(seconds=1)
    load = a_load(earliest=at("08:00") + second, latest=at("10:00") + second)
    within_a_minute = a_load("L2", earliest=at("08:00") + second, latest=at("08:00") + 2 * second)
    truck = a_truck(free_from=at("06:00") + second, home_by=at("20:00") + second)

    instance = matching_problem(a_park(), DAY, [load, within_a_minute], [truck], a_table()).instance

    assert (instance.loads.earliest.tolist(), instance.loads.latest.tolist()) == ([481, 480], [600, 480])
    assert (instance.trucks.free_from.tolist(), instance.trucks.home_by.tolist()) == ([361], [1200])


def test_a_chain_is_a_trucks_loads_with_their_begin_and_its_kilometres() -> None:
    loads = [a_load("L1"), a_load("L2", origin="W1", destination="TOWN", latest=at("12:00"), due=at("18:00"))]
    problem = matching_problem(a_park(), DAY, loads, [a_truck()], a_table())
    plan = MatchingPlan((Chain(0, (0, 1), (480, 600)),), ())

    (chain,) = chains(problem, plan)

    assert check.violations(problem.instance, plan) == []
    assert chain.plate == "浙B12345"
    assert [(load.load, load.starts_at) for load in chain.loads] == [("L1", at("08:00")), ("L2", at("10:00"))]
    assert chain.empty_km == 10  # W1 to the port; from the town it is no way home
    assert chain.loaded_km == 10 + 100


def test_nothing_to_match_is_a_problem_without_loads() -> None:
    problem = matching_problem(a_park(), DAY, [], [], table_for(a_park(), Path()))

    assert len(problem.instance.loads) == 0
    assert chains(problem, MatchingPlan((), ())) == ()


def test_times_of_another_century_stand_at_the_ends_of_what_the_solver_counts() -> None:
    late = replace(a_load(), due=a_load().due + timedelta(days=365 * 100))
    early = replace(a_truck(), free_from=a_truck().free_from - timedelta(days=365 * 25))

    instance = matching_problem(a_park(), DAY, [late], [early], a_table()).instance

    assert instance.loads.due.tolist() == [MAX_TIME]
    assert instance.trucks.free_from.tolist() == [-MAX_TIME]
