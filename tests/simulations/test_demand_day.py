import itertools
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from dispatch.files import check_day, day_json
from dispatch.model.day import Day, Load, Visit
from dispatch.model.grid import SlotGrid
from dispatch.model.park import DockKind, Park, PlaceKind
from dispatch.roads.estimate import estimated
from dispatch.roads.table import TravelTable
from simulations.demand.beilun import beilun
from simulations.demand.distributions import REPEATING_TRUCKS, REPEATS
from simulations.demand.generate import generate_day
from simulations.demand.plates import draw_plates
from simulations.demand.profile import weekday_profile
from solver.reading import BadInput
from tests.dispatch.tiny import GRID, a_park, a_warehouse

VISITS = 4000


@cache
def demo_park() -> Park:
    return beilun()


@cache
def demo_day() -> Day:
    return generate_day(demo_park(), visits=VISITS, seed=1)


@cache
def demo_travel() -> TravelTable:
    return estimated(demo_park())


@pytest.mark.parametrize("visits", [0, 1, 2, 3, 100, 1000])
def test_a_day_of_any_size_fits_the_park(visits: int) -> None:
    day = generate_day(demo_park(), visits=visits, seed=7)

    check_day(demo_park(), day)
    assert len(day.visits) == visits
    assert len(day.loads) == round(visits / 2)
    assert len(day.trucks) == round(visits / 4)


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = generate_day(beilun(), visits=VISITS, seed=1)

    assert day_json(again) == day_json(demo_day())


def test_another_seed_gives_another_day() -> None:
    wishes = [[visit.wish for visit in generate_day(demo_park(), visits=100, seed=seed).visits] for seed in (1, 2)]

    assert wishes[0] != wishes[1]


def test_no_two_days_share_an_id() -> None:
    days = [
        generate_day(demo_park(), visits=visits, seed=seed, date=day)
        for visits in (10, 20)
        for seed in (1, 2)
        for day in (date(2026, 6, 3), date(2026, 6, 4))
    ]
    ids = [thing.id for day in days for thing in (*day.visits, *day.loads)]

    assert len(set(ids)) == len(ids)


def test_wishes_follow_the_hour_profile() -> None:
    park = demo_park()
    hours = np.bincount([park.grid.minute_of(v.wish, demo_day().date) // 60 for v in demo_day().visits], minlength=24)

    expected = weekday_profile() * VISITS
    assert (np.abs(hours - expected)[:23] < 4.5 * np.sqrt(expected[:23]) + 2).all()


def test_the_weekday_profile_is_that_of_the_public_counts() -> None:
    profile = weekday_profile()

    assert profile.sum() == pytest.approx(1)
    assert int(profile.argmax()) == 13
    assert profile.max() == pytest.approx(0.0841, abs=0.0001)


def test_visits_are_numbered_in_the_order_of_their_requests() -> None:
    asked = [visit.requested_at for visit in demo_day().visits]

    assert asked == sorted(asked)
    assert asked[-1] < GRID.moment_of(demo_day().date, 0)
    assert asked[0] >= GRID.moment_of(demo_day().date, 0) - timedelta(days=demo_park().rules.booking_horizon_days)


def test_every_visit_can_be_handled_within_its_window_and_its_warehouses_hours() -> None:
    park, day = demo_park(), demo_day()
    for visit in day.visits:
        warehouse = park.warehouse_by_id[visit.warehouse]
        assert visit.earliest <= visit.wish <= visit.latest
        assert warehouse.hours.covers(park.grid.minute_of(visit.earliest, day.date))
        last = park.grid.minute_of(visit.latest, day.date) + park.grid.slots_for(visit.minutes) * 15
        assert warehouse.hours.covers(last - 1)


def test_windows_and_warehouses_are_unequal() -> None:
    widths = {visit.latest - visit.earliest for visit in demo_day().visits}
    sizes = sorted(Counter(visit.warehouse for visit in demo_day().visits).values(), reverse=True)

    assert len(widths) > 10
    assert sizes[0] > 5 * sizes[len(sizes) // 2]
    assert sum(sizes[: len(sizes) // 10]) > 0.25 * VISITS


def test_about_a_fifth_of_the_trucks_come_two_to_four_times() -> None:
    visits = Counter(visit.plate for visit in demo_day().visits)

    assert max(visits.values()) <= max(REPEATS.value)
    share = sum(count > 1 for count in visits.values()) / len(visits)
    assert share == pytest.approx(REPEATING_TRUCKS.value, abs=0.02)


def test_a_trucks_wishes_are_far_enough_apart_to_be_met() -> None:
    park, day = demo_park(), demo_day()
    visits: dict[str, list[Visit]] = defaultdict(list)
    for visit in day.visits:
        visits[visit.plate].append(visit)
    for mine in visits.values():
        mine.sort(key=lambda visit: visit.wish)
        assert len({visit.carrier for visit in mine}) == 1
        for first, second in itertools.pairwise(mine):
            free = park.grid.slot_of(first.wish, day.date) + park.grid.slots_for(first.minutes) + park.rules.turn_slots
            assert park.grid.slot_of(second.wish, day.date) >= free


def ends_of(day: Day, load: Load) -> tuple[Visit, str, str]:
    """Return the load's visit, the end that is the visit's warehouse, and the other end."""
    visits = {visit.id: visit for visit in day.visits}
    if load.delivery_visit is not None:
        return visits[load.delivery_visit], load.destination, load.origin
    assert load.pickup_visit is not None
    return visits[load.pickup_visit], load.origin, load.destination


def test_every_load_is_one_end_of_its_visit() -> None:
    day = demo_day()
    for load in day.loads:
        visit, inside, outside = ends_of(day, load)
        assert visit.load == load.id
        assert visit.warehouse == inside
        assert visit.cargo_kind == load.cargo_kind
        assert outside not in demo_park().warehouse_by_id
    assert sum(visit.load is not None for visit in day.visits) == len(day.loads)


def test_a_load_that_keeps_its_window_keeps_its_visits() -> None:
    day, travel, grid = demo_day(), demo_travel(), demo_park().grid
    for load in day.loads:
        visit, inside, outside = ends_of(day, load)
        if load.pickup_visit is not None:
            assert (load.earliest, load.latest, load.load_minutes) == (visit.earliest, visit.latest, visit.minutes)
            continue
        drive = int(travel.minutes[travel.index[outside], travel.index[inside]])
        arrives = grid.minute_of(load.latest, day.date) + load.load_minutes + drive
        assert arrives == grid.minute_of(visit.latest, day.date)
        assert load.unload_minutes == visit.minutes
        assert grid.minute_of(load.due, day.date) == arrives + visit.minutes


def test_every_load_can_be_delivered_in_time() -> None:
    day, travel = demo_day(), demo_travel()
    for load in day.loads:
        drive = int(travel.minutes[travel.index[load.origin], travel.index[load.destination]])
        assert load.latest + timedelta(minutes=load.load_minutes + drive + load.unload_minutes) <= load.due


def test_loads_come_from_and_go_to_all_kinds_of_places() -> None:
    kinds = {place.id: place.kind for place in demo_park().places}
    found = Counter((kinds[ends_of(demo_day(), load)[2]], load.delivery_visit is not None) for load in demo_day().loads)

    assert set(found) == {(kind, inbound) for kind in PlaceKind for inbound in (True, False)}
    assert found[PlaceKind.TERMINAL, True] > found[PlaceKind.TERMINAL, False]


def test_leaving_a_load_costs_more_than_driving_it_alone_would() -> None:
    park, travel = demo_park(), demo_travel()
    prices = np.array([load.price for load in demo_day().loads])
    km = np.array([travel.km[travel.index[load.origin], travel.index[load.destination]] for load in demo_day().loads])

    alone = park.rules.truck_cost + park.rules.empty_km_cost * 2 * km
    assert np.median(prices / alone) == pytest.approx(1.5, abs=0.05)
    assert (prices > alone).mean() > 0.95


def test_trucks_are_trucks_of_the_days_visits_and_can_carry_them() -> None:
    park, day = demo_park(), demo_day()
    visits: dict[str, list[Visit]] = defaultdict(list)
    for visit in day.visits:
        visits[visit.plate].append(visit)
    for truck in day.trucks:
        assert {visit.carrier for visit in visits[truck.plate]} == {truck.carrier}
        carries = park.truck_kind_by_id[truck.kind].carries
        assert all(visit.cargo_kind in carries for visit in visits[truck.plate])


def test_a_truck_is_free_after_a_visit_of_its_own_or_at_home() -> None:
    day = demo_day()
    own = {(visit.plate, visit.warehouse, visit.wish + timedelta(minutes=visit.minutes)) for visit in day.visits}
    after_visit = [truck for truck in day.trucks if (truck.plate, truck.free_at, truck.free_from) in own]
    at_home = [truck for truck in day.trucks if truck.free_at == truck.home]

    assert len(set(after_visit) | set(at_home)) == len(day.trucks)
    assert len(after_visit) > len(day.trucks) / 4
    assert len(at_home) > len(day.trucks) / 4


def test_every_truck_can_be_home_by_the_end_of_its_shift() -> None:
    travel = demo_travel()
    for truck in demo_day().trucks:
        drive = int(travel.minutes[travel.index[truck.free_at], travel.index[truck.home]])
        assert truck.free_from + timedelta(minutes=drive) <= truck.home_by


def test_plates_are_all_different_also_on_a_day_of_a_hundred_thousand_trucks() -> None:
    plates = draw_plates(np.random.Generator(np.random.PCG64(1)), 100_000)

    assert len(set(plates)) == 100_000


def test_a_profile_of_ones_own_moves_the_wishes() -> None:
    night = np.zeros(24)
    night[3] = 1.0

    day = generate_day(demo_park(), visits=200, seed=1, profile=night)

    assert {visit.wish.hour for visit in day.visits} == {3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"visits": -1, "seed": 1}, "visits: is -1, must be from 0 to 100000"),
        ({"visits": 100_001, "seed": 1}, "visits: is 100001, must be from 0 to 100000"),
        ({"visits": 1, "seed": -1}, "seed: is -1, must be from 0 to"),
        ({"visits": 1, "seed": 2**63}, "seed: is 9223372036854775808, must be from 0 to"),
        ({"visits": 1, "seed": 1, "date": date(1, 1, 1)}, "date: 0001-01-01 must be in the years 2000 to 2199"),
        ({"visits": 1, "seed": 1, "profile": np.zeros(24)}, "profile: must be 24 shares from 0, not all 0"),
        ({"visits": 1, "seed": 1, "profile": np.ones(23)}, "profile: must be 24 shares from 0, not all 0"),
    ],
)
def test_an_argument_out_of_range_is_one_line(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        generate_day(demo_park(), **arguments)  # type: ignore[arg-type]

    assert said in str(caught.value)


def test_a_small_park_of_ones_own_has_days_too() -> None:
    day = generate_day(a_park(), visits=50, seed=1)

    check_day(a_park(), day)
    assert {visit.cargo_kind for visit in day.visits} == {"general"}
    assert {load.cargo_kind for load in day.loads} == {"general"}


def test_a_park_without_places_outside_has_visits_but_no_loads() -> None:
    park = replace(a_park(), places=())

    day = generate_day(park, visits=50, seed=1)

    assert len(day.visits) == 50
    assert day.loads == ()
    check_day(park, day)


def test_a_park_of_long_slots_and_short_hours_has_lawful_visits() -> None:
    park = a_park(grid=SlotGrid(60, "Europe/Berlin"), warehouses=(a_warehouse(hours=a_park().gates[0].hours),))

    check_day(park, generate_day(park, visits=50, seed=1))


def test_a_park_where_nothing_can_be_carried_is_refused() -> None:
    with pytest.raises(BadInput, match="no dock group takes cargo that a truck kind carries"):
        generate_day(a_park(truck_kinds=()), visits=1, seed=1)
    with pytest.raises(BadInput, match="enterprises: is empty; visits need a carrier"):
        generate_day(a_park(enterprises=(), warehouses=()), visits=1, seed=1)


def test_three_in_ten_visits_at_container_docks_are_dual_and_none_of_them_is_an_end_of_a_load() -> None:
    at_containers = [visit for visit in demo_day().visits if visit.dock_kind is DockKind.CONTAINER]
    dual = [visit for visit in demo_day().visits if visit.collect_minutes]

    assert len(dual) == round(0.3 * len(at_containers))
    assert all(visit.dock_kind is DockKind.CONTAINER and visit.load is None for visit in dual)
    assert max(Counter(visit.plate for visit in demo_day().visits)[visit.plate] for visit in dual) == 1
    more = np.mean([v.minutes for v in dual]) - np.mean([v.minutes for v in at_containers if not v.collect_minutes])
    assert more == pytest.approx(20, abs=1)  # 54 less 34 at Savannah
