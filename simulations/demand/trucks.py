"""Which trucks are open for loads: where and when each is free, its home and its shift."""

from dataclasses import dataclass

import numpy as np

from dispatch.model.park import Park, PlaceKind
from dispatch.roads.table import TravelTable
from simulations.demand.distributions import (
    HOME_TOWNS,
    HOMES,
    SHIFT_BEFORE_MINUTES,
    SHIFT_HOURS,
    TRUCKS_PER_VISIT,
)
from simulations.demand.draws import one_of
from simulations.demand.visits import DrawnVisits, Site
from solver.reading import IntArray

HOME_MARGIN_MINUTES = 60  # a truck that becomes free late still has so long beyond its drive home


@dataclass(frozen=True, slots=True)
class DrawnTrucks:
    """The trucks open for loads, all arrays (K,): number, kind, places as travel indices, minutes from midnight."""

    truck: IntArray
    kind: IntArray
    home: IntArray
    free_at: IntArray
    free_from: IntArray
    home_by: IntArray


def draw_trucks(
    rng: np.random.Generator,
    park: Park,
    sites: list[Site],
    visits: DrawnVisits,
    carrying: IntArray,
    travel: TravelTable,
) -> DrawnTrucks:
    """Return some of the day's trucks, by number. `carrying` lists the visits that are the ends of loads.

    A truck with a visit of its own, one that is no end of a load, is free at that warehouse when its last such visit
    would end by its wish. All others are free at home when their shift begins.
    """
    count = min(round(TRUCKS_PER_VISIT.value * len(visits.site)), len(visits.carrier_of_truck))
    truck = np.sort(rng.permutation(len(visits.carrier_of_truck))[:count])
    at = np.array([travel.index[site.warehouse.id] for site in sites], dtype=np.int64)[visits.site]
    first = _visit_of_each(visits, np.arange(len(visits.site)), -visits.wish)[truck]
    own = np.setdiff1d(np.arange(len(visits.site)), carrying)
    last_own = _visit_of_each(visits, own, visits.wish)[truck]
    home = _draw_homes(rng, park, travel, count)
    shift_start = (
        visits.wish[first] - travel.minutes[home, at[first]] - rng.integers(*SHIFT_BEFORE_MINUTES.value, count)
    )
    shift_start = np.maximum(shift_start, 0)
    has_own = last_own >= 0
    free_at = np.where(has_own, at[last_own], home)
    free_from = np.where(has_own, visits.wish[last_own] + visits.minutes[last_own], shift_start)
    low, high = SHIFT_HOURS.value
    shift_end = shift_start + np.rint(rng.uniform(low * 60, high * 60, count)).astype(np.int64)
    latest_home = free_from + travel.minutes[free_at, home] + HOME_MARGIN_MINUTES
    return DrawnTrucks(truck, visits.truck_kind[first], home, free_at, free_from, np.maximum(shift_end, latest_home))


def _visit_of_each(visits: DrawnVisits, among: IntArray, rank: IntArray) -> IntArray:
    """Return for every truck its visit of highest rank among some visits, -1 for a truck with none of them."""
    chosen = np.full(len(visits.carrier_of_truck), -1, dtype=np.int64)
    rising = among[np.argsort(rank[among], kind="stable")]
    chosen[visits.truck[rising]] = rising  # of several the last stands
    return chosen


def _draw_homes(rng: np.random.Generator, park: Park, travel: TravelTable, count: int) -> IntArray:
    homes = {
        "park": _largest_of_each_zone(park),
        "depot": [place.id for place in park.places if place.kind is PlaceKind.DEPOT],
        "town": _nearest_towns(park, travel),
    }
    able = {name: places for name, places in homes.items() if places}
    where = one_of(rng, np.array([HOMES.value[name] for name in able]), count)
    chosen = np.zeros(count, dtype=np.int64)
    for number, places in enumerate(able.values()):
        here = where == number
        index = np.array([travel.index[place] for place in places], dtype=np.int64)
        chosen[here] = index[rng.integers(0, len(index), int(here.sum()))]
    return chosen


def _largest_of_each_zone(park: Park) -> list[str]:
    largest: dict[str, tuple[int, str]] = {}
    for warehouse in park.warehouses:
        docks = sum(group.docks for group in warehouse.dock_groups)
        if docks > largest.get(warehouse.zone, (-1, ""))[0]:
            largest[warehouse.zone] = (docks, warehouse.id)
    return [warehouse for _, warehouse in largest.values()]


def _nearest_towns(park: Park, travel: TravelTable) -> list[str]:
    towns = [place.id for place in park.places if place.kind is PlaceKind.TOWN]
    away = {town: int(travel.km[: len(park.warehouses), travel.index[town]].sum()) for town in towns}
    return sorted(towns, key=lambda town: away[town])[: HOME_TOWNS.value]
