"""What the trucks carry: loads as arrays, each the cargo of one visit at its park end."""

from dataclasses import dataclass

import numpy as np

from dispatch.model.park import DockKind, Park, PlaceKind
from dispatch.roads.table import TravelTable
from simulations.demand.distributions import (
    CONTAINER_FLOWS,
    DISTANCE_EXPONENT,
    EMPTY_FLOWS,
    HINTERLAND_INBOUND,
    LOADS_PER_VISIT,
    OTHER_FLOWS,
    OUTSIDE_MINUTES,
    OUTSIDE_SIGMA,
    PRICE_MARGIN,
    RAIL_SHARE,
    SLACK_MINUTES,
)
from simulations.demand.draws import lognormal_minutes, one_of, truncated_lognormal
from simulations.demand.visits import DrawnVisits, Site
from solver.reading import IntArray

PLACE_KINDS = (PlaceKind.TERMINAL, PlaceKind.DEPOT, PlaceKind.RAIL, PlaceKind.TOWN)
TERMINAL, DEPOT, RAIL, TOWN = range(4)


@dataclass(frozen=True, slots=True)
class DrawnLoads:
    """The loads of a day, all arrays (N,), times in minutes from midnight.

    `visit` is the visit each load is the cargo of, `inbound` whether the visit delivers it; `outside` is the index
    of the other end among the park's places.
    """

    visit: IntArray
    inbound: IntArray
    outside: IntArray
    earliest: IntArray
    latest: IntArray
    due: IntArray
    load_minutes: IntArray
    unload_minutes: IntArray
    price: IntArray


def draw_loads(
    rng: np.random.Generator, park: Park, sites: list[Site], visits: DrawnVisits, travel: TravelTable
) -> DrawnLoads:
    """Return the loads of some of the visits, in the visits' order; a park without places outside has none."""
    count = round(LOADS_PER_VISIT.value * len(visits.site)) if park.places else 0
    visit = np.sort(rng.permutation(len(visits.site))[:count])
    kind, wants_in = _draw_flows(rng, park, visits.cargo[visit])
    outside, inside, away = _draw_outside(rng, park, sites, visits.site[visit], kind, travel)
    outside_minutes = _draw_outside_minutes(rng, park, outside)
    minutes = visits.minutes[visit]
    before_in = outside_minutes + travel.minutes[away, inside]
    inbound = wants_in & (visits.latest[visit] >= before_in)  # the night before is over: such a truck leaves instead
    slack = _draw_slack(rng, count)
    due_out = visits.latest[visit] + minutes + travel.minutes[inside, away] + outside_minutes + slack
    return DrawnLoads(
        visit=visit,
        inbound=inbound.astype(np.int64),
        outside=outside,
        earliest=np.where(inbound, np.maximum(visits.earliest[visit] - before_in, 0), visits.earliest[visit]),
        latest=np.where(inbound, visits.latest[visit] - before_in, visits.latest[visit]),
        due=np.where(inbound, visits.latest[visit] + minutes, due_out),
        load_minutes=np.where(inbound, outside_minutes, minutes),
        unload_minutes=np.where(inbound, minutes, outside_minutes),
        price=_draw_prices(rng, park, travel.km[inside, away]),
    )


def _draw_flows(rng: np.random.Generator, park: Park, cargo: IntArray) -> tuple[IntArray, IntArray]:
    """Return the kind of place at the other end (an index into PLACE_KINDS) and whether the load comes in."""
    kind, inbound = np.zeros(len(cargo), dtype=np.int64), np.zeros(len(cargo), dtype=np.int64)
    for number in np.unique(cargo).tolist():
        here = np.flatnonzero(cargo == number)
        is_container = park.cargo_kinds[number].dock_kind is DockKind.CONTAINER
        if park.cargo_kinds[number].id.startswith("empty"):
            kind[here] = DEPOT
            inbound[here] = one_of(
                rng, np.array([EMPTY_FLOWS.value["to depot"], EMPTY_FLOWS.value["from depot"]]), len(here)
            )
            continue
        flows = CONTAINER_FLOWS.value if is_container else OTHER_FLOWS.value
        flow = one_of(rng, np.array([flows["import"], flows["export"], flows["hinterland"]]), len(here))
        far = np.where(rng.random(len(here)) < RAIL_SHARE.value, RAIL, TOWN)
        kind[here] = np.where(flow == 2, far, TERMINAL)
        inbound[here] = np.where(flow == 2, rng.random(len(here)) < HINTERLAND_INBOUND.value, flow == 0)
    return kind, inbound.astype(np.bool_)


def _draw_outside(
    rng: np.random.Generator, park: Park, sites: list[Site], site: IntArray, kind: IntArray, travel: TravelTable
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the place of each load and the travel table's indices of its warehouse and its place."""
    first_place = len(park.warehouses)
    inside = np.array([travel.index[each.warehouse.id] for each in sites], dtype=np.int64)[site]
    outside = np.zeros(len(site), dtype=np.int64)
    for number, place_kind in enumerate(PLACE_KINDS):
        here = kind == number
        places = [i for i, place in enumerate(park.places) if place.kind is place_kind] or list(range(len(park.places)))
        if here.any():
            km = travel.km[:first_place][:, [first_place + i for i in places]].mean(axis=0)
            chosen = one_of(rng, np.maximum(km, 1) ** -DISTANCE_EXPONENT.value, int(here.sum()))
            outside[here] = np.array(places)[chosen]
    return outside, inside, outside + first_place


def _draw_outside_minutes(rng: np.random.Generator, park: Park, outside: IntArray) -> IntArray:
    medians = np.array([OUTSIDE_MINUTES.value[place.kind] for place in park.places], dtype=np.int64)
    return lognormal_minutes(rng, medians[outside], OUTSIDE_SIGMA.value)


def _draw_slack(rng: np.random.Generator, count: int) -> IntArray:
    median, sigma, low, high = SLACK_MINUTES.value
    return truncated_lognormal(rng, np.full(count, median), sigma, (low / median, high / median))


def _draw_prices(rng: np.random.Generator, park: Park, km: IntArray) -> IntArray:
    margin, sigma = PRICE_MARGIN.value
    alone = park.rules.truck_cost + park.rules.empty_km_cost * 2 * km
    tens = alone * margin * rng.lognormal(0.0, sigma, len(km)) / 10
    return np.asarray(np.minimum(np.rint(tens) * 10, 10**9), dtype=np.int64)
