"""Who wishes to come where and when: the visits of a day as arrays."""

from dataclasses import dataclass, replace

import numpy as np

from dispatch.model.grid import MINUTES_A_DAY
from dispatch.model.park import DockGroup, DockKind, Park, Warehouse, minute_of_day
from simulations.demand.distributions import (
    CARGO_SHARE,
    CARRIER_EXPONENT,
    DOCK_PULL,
    FIRST_TRUCK_KIND,
    HANDLING_SIGMA,
    LEAD_HOURS,
    WAREHOUSE_SIGMA,
    WEIGHTS,
    WINDOW_MINUTES,
)
from simulations.demand.draws import FloatArray, keys_of, lognormal_minutes, one_of
from simulations.demand.rounds import Rounds, draw_rounds
from solver.reading import BadInput, IntArray

OPEN_AFTER_MINUTES = (
    180  # a wish falls on a warehouse that is open from its hour until so long after it, if there is one
)


@dataclass(frozen=True, slots=True)
class Site:
    """A dock group where visits can go: its warehouse, opening minutes and the cargo kinds (indices) it takes."""

    warehouse: Warehouse
    group: DockGroup
    opens: int
    closes: int
    cargo_kinds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DrawnVisits:
    """The visits of a day, all arrays (V,), times in minutes from midnight, sorted by request.

    `site`, `cargo` and `truck_kind` are indices into the sites and the park's kinds; `truck` numbers the trucks,
    whose carriers are `carrier_of_truck`. `lead_seconds` is how long before midnight the visit was asked for, `collect`
    how many of the minutes a dual visit takes to load what it collects, 0 of another.
    """

    site: IntArray
    cargo: IntArray
    truck_kind: IntArray
    minutes: IntArray
    wish: IntArray
    earliest: IntArray
    latest: IntArray
    weight: IntArray
    lead_seconds: IntArray
    truck: IntArray
    carrier_of_truck: IntArray
    collect: IntArray


def list_sites(park: Park) -> list[Site]:
    """Return the dock groups with docks whose cargo some truck kind carries; BadInput when there is none."""
    carried = {cargo for kind in park.truck_kinds for cargo in kind.carries}
    takes: dict[DockKind, tuple[int, ...]] = {
        dock_kind: tuple(i for i, c in enumerate(park.cargo_kinds) if c.dock_kind == dock_kind and c.id in carried)
        for dock_kind in DockKind
    }
    sites = [
        Site(warehouse, group, minute_of_day(warehouse.hours.opens), minute_of_day(warehouse.hours.closes), cargo)
        for warehouse in park.warehouses
        for group in warehouse.dock_groups
        if group.docks and (cargo := takes[group.kind])
    ]
    if not sites:
        raise BadInput(f"park {park.id}", "warehouses", "no dock group takes cargo that a truck kind carries")
    return sites


def draw_visits(
    rng: np.random.Generator, park: Park, sites: list[Site], profile: FloatArray, visits: int
) -> DrawnVisits:
    """Return the day's visits; the park has at least one site and one enterprise."""
    hour = np.repeat(np.arange(24), rng.multinomial(visits, profile))
    wish = hour * 60 + rng.integers(0, 60, visits)
    site = _draw_sites(rng, sites, hour)
    cargo = _draw_cargo(rng, park, sites, site)
    truck_kind = _draw_truck_kinds(rng, park, cargo)
    opens = np.array([each.opens for each in sites])[site]
    closes = np.array([each.closes for each in sites])[site]
    medians = np.array([kind.handling_minutes for kind in park.cargo_kinds])
    minutes = np.minimum(lognormal_minutes(rng, medians[cargo], HANDLING_SIGMA.value), closes - opens)
    last = np.maximum(closes - whole_slots(park, minutes), opens)
    wish = np.clip(wish, opens, last)
    rounds = draw_rounds(rng, wish, whole_slots(park, minutes) + _turn_minutes(park), truck_kind)
    lead_seconds = _draw_leads(rng, park, visits)
    drawn = DrawnVisits(
        site=site,
        cargo=cargo,
        truck_kind=truck_kind,
        minutes=minutes,
        wish=wish,
        earliest=np.maximum(opens, wish - keys_of(rng, WINDOW_MINUTES.value, visits)),
        latest=np.minimum(last, wish + keys_of(rng, WINDOW_MINUTES.value, visits)),
        weight=keys_of(rng, WEIGHTS.value, visits),
        lead_seconds=lead_seconds,
        truck=rounds.truck,
        carrier_of_truck=_draw_carriers(rng, park, rounds),
        collect=np.zeros(visits, dtype=np.int64),
    )
    return _sorted(drawn, np.argsort(-lead_seconds, kind="stable"))


def _draw_sites(rng: np.random.Generator, sites: list[Site], hour: IntArray) -> IntArray:
    opens, closes = (np.array([getattr(site, name) for site in sites]) for name in ("opens", "closes"))
    pull = np.array([DOCK_PULL.value[site.group.kind] * site.group.docks for site in sites])
    pull = pull * rng.lognormal(0.0, WAREHOUSE_SIGMA.value, len(sites))
    chosen = np.zeros(len(hour), dtype=np.int64)
    for each in range(24):
        here = hour == each
        until = min((each + 1) * 60 + OPEN_AFTER_MINUTES, MINUTES_A_DAY)
        open_then = (opens <= each * 60) & (closes >= until)
        chosen[here] = one_of(rng, pull * open_then if open_then.any() else pull, int(here.sum()))
    return chosen


def _draw_cargo(rng: np.random.Generator, park: Park, sites: list[Site], site: IntArray) -> IntArray:
    kinds = np.array([list(DockKind).index(each.group.kind) for each in sites])[site]
    cargo = np.zeros(len(site), dtype=np.int64)
    for number, cargo_kinds in {list(DockKind).index(s.group.kind): s.cargo_kinds for s in sites}.items():
        here = kinds == number
        shares = np.array([CARGO_SHARE.value.get(park.cargo_kinds[c].id, 1.0) for c in cargo_kinds])
        cargo[here] = np.array(cargo_kinds)[one_of(rng, shares, int(here.sum()))]
    return cargo


def _draw_truck_kinds(rng: np.random.Generator, park: Park, cargo: IntArray) -> IntArray:
    chosen = np.zeros(len(cargo), dtype=np.int64)
    for number in np.unique(cargo).tolist():
        here = cargo == number
        able = [k for k, kind in enumerate(park.truck_kinds) if park.cargo_kinds[number].id in kind.carries]
        rest = (1 - FIRST_TRUCK_KIND.value) / max(1, len(able) - 1)
        shares = np.array([FIRST_TRUCK_KIND.value] + [rest] * (len(able) - 1))
        chosen[here] = np.array(able)[one_of(rng, shares, int(here.sum()))]
    return chosen


def _draw_leads(rng: np.random.Generator, park: Park, visits: int) -> IntArray:
    """Return seconds before midnight, at least one, by the inverse of the truncated exponential's CDF."""
    mean = LEAD_HOURS.value * 3600
    longest = max(1, park.rules.booking_horizon_days) * 86_400
    share = rng.random(visits) * -np.expm1(-longest / mean)
    return np.asarray(np.clip(np.ceil(-mean * np.log1p(-share)), 1, longest), dtype=np.int64)


def _draw_carriers(rng: np.random.Generator, park: Park, rounds: Rounds) -> IntArray:
    """Return the enterprise (index) of every truck: a carrier, or any enterprise in a park without carriers."""
    carriers = [i for i, enterprise in enumerate(park.enterprises) if enterprise.carrier]
    able = np.array(carriers or range(len(park.enterprises)))
    pull = np.asarray(np.arange(1, len(able) + 1) ** -CARRIER_EXPONENT.value, dtype=np.float64)
    return np.asarray(able[one_of(rng, pull, rounds.trucks)], dtype=np.int64)


def whole_slots(park: Park, minutes: IntArray) -> IntArray:
    """Return minutes rounded up to whole slots, in minutes."""
    return -(-minutes // park.grid.slot_minutes) * park.grid.slot_minutes


def _turn_minutes(park: Park) -> int:
    """Return what must lie between two visits of a truck so that slots, not only minutes, keep apart."""
    return (park.rules.turn_slots + 1) * park.grid.slot_minutes


def _sorted(drawn: DrawnVisits, order: IntArray) -> DrawnVisits:
    per_visit = {name: getattr(drawn, name)[order] for name in DrawnVisits.__slots__ if name != "carrier_of_truck"}
    return replace(drawn, **per_visit)
