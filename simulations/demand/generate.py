"""A day of a park from a seed: visits, loads and trucks that fit together. docs/demand.md says how it is drawn."""

import datetime as dt

import numpy as np

from dispatch.files import MAX_DAY_THINGS
from dispatch.model.day import YEARS, Day, Load, Truck, Visit
from dispatch.model.park import Park
from dispatch.roads.estimate import estimated
from dispatch.roads.table import TravelTable
from simulations.demand.days import DEFAULT_DATE, MAX_SEED
from simulations.demand.draws import FloatArray
from simulations.demand.duals import with_duals
from simulations.demand.loads import DrawnLoads, draw_loads
from simulations.demand.plates import draw_plates
from simulations.demand.profile import weekday_profile
from simulations.demand.trucks import DrawnTrucks, draw_trucks
from simulations.demand.visits import DrawnVisits, Site, draw_visits, list_sites
from solver.reading import BadInput

SOURCE = "generate day"
DUAL_SEED = 1  # beside the day's seed: dual visits leave all other draws as they are


def generate_day(
    park: Park, *, visits: int, seed: int, date: dt.date = DEFAULT_DATE, profile: FloatArray | None = None
) -> Day:
    """Return the day that this park, number of visits, seed and date give; the same day every time.

    `profile` is the share of the wishes in each hour, shape (24,), by default that of a weekday in the public counts.
    Drive times are estimated (`dispatch.roads.estimate`), whatever the park file asks for. Raises BadInput when an
    argument is out of range or the park cannot have visits.
    """
    shares = _checked(visits, seed, date, weekday_profile() if profile is None else profile)
    if visits == 0:
        return Day(1, park.id, date, seed, (), (), ())
    if not park.enterprises:
        raise BadInput(f"park {park.id}", "enterprises", "is empty; visits need a carrier")
    rng = np.random.Generator(np.random.PCG64(seed))
    travel = estimated(park)
    sites = list_sites(park)
    drawn = draw_visits(rng, park, sites, shares, visits)
    loads = draw_loads(rng, park, sites, drawn, travel)
    drawn = with_duals(np.random.default_rng([seed, DUAL_SEED]), park, sites, drawn, loads.visit)
    trucks = draw_trucks(rng, park, sites, drawn, loads.visit, travel)
    words = _Words(park, date, f"{date:%y%m%d}-{seed}-{visits}", draw_plates(rng, len(drawn.carrier_of_truck)))
    return Day(
        version=1,
        park=park.id,
        date=date,
        seed=seed,
        visits=words.visits(drawn, sites, loads),
        loads=words.loads(drawn, sites, loads),
        trucks=words.trucks(drawn, trucks, travel),
    )


def _checked(visits: int, seed: int, date: dt.date, profile: FloatArray) -> FloatArray:
    for name, value, most in (("visits", visits, MAX_DAY_THINGS), ("seed", seed, MAX_SEED)):
        if not 0 <= value <= most:
            raise BadInput(SOURCE, name, f"is {value}, must be from 0 to {most}")
    if not YEARS[0] <= date.year <= YEARS[1]:
        raise BadInput(SOURCE, "date", f"{date.isoformat()} must be in the years {YEARS[0]} to {YEARS[1]}")
    shares = np.asarray(profile, dtype=np.float64)
    if shares.shape != (24,) or not np.isfinite(shares).all() or (shares < 0).any() or shares.sum() <= 0:
        raise BadInput(SOURCE, "profile", "must be 24 shares from 0, not all 0")
    return np.asarray(shares / shares.sum(), dtype=np.float64)


class _Words:
    """Says in the park's words what was drawn in numbers."""

    def __init__(self, park: Park, date: dt.date, stem: str, plates: list[str]) -> None:
        self._park = park
        self._date = date
        self._stem = stem
        self._plates = plates
        self._midnight = park.grid.moment_of(date, 0)
        self._moments: dict[int, dt.datetime] = {}

    def visits(self, drawn: DrawnVisits, sites: list[Site], loads: DrawnLoads) -> tuple[Visit, ...]:
        load_of = {visit: self._id("L", n) for n, visit in enumerate(loads.visit.tolist())}
        carriers = [self._park.enterprises[each].id for each in drawn.carrier_of_truck.tolist()]
        columns = zip(
            drawn.site.tolist(),
            drawn.cargo.tolist(),
            drawn.truck.tolist(),
            drawn.minutes.tolist(),
            drawn.wish.tolist(),
            drawn.earliest.tolist(),
            drawn.latest.tolist(),
            drawn.lead_seconds.tolist(),
            drawn.weight.tolist(),
            drawn.collect.tolist(),
            strict=True,
        )
        return tuple(
            Visit(
                id=self._id("V", number),
                plate=self._plates[truck],
                carrier=carriers[truck],
                warehouse=sites[site].warehouse.id,
                dock_kind=sites[site].group.kind,
                cargo_kind=self._park.cargo_kinds[cargo].id,
                minutes=minutes,
                wish=self._moment(wish),
                earliest=self._moment(earliest),
                latest=self._moment(latest),
                requested_at=self._midnight - dt.timedelta(seconds=lead),
                weight=weight,
                load=load_of.get(number),
                collect_minutes=collect,
            )
            for number, (site, cargo, truck, minutes, wish, earliest, latest, lead, weight, collect) in enumerate(
                columns
            )
        )

    def loads(self, drawn: DrawnVisits, sites: list[Site], loads: DrawnLoads) -> tuple[Load, ...]:
        return tuple(self._load(drawn, sites, loads, number) for number in range(len(loads.visit)))

    def _load(self, drawn: DrawnVisits, sites: list[Site], loads: DrawnLoads, number: int) -> Load:
        visit = int(loads.visit[number])
        warehouse = sites[drawn.site[visit]].warehouse
        outside = self._park.places[loads.outside[number]].id
        inbound = bool(loads.inbound[number])
        visit_id = self._id("V", visit)
        return Load(
            id=self._id("L", number),
            enterprise=warehouse.enterprise,
            cargo_kind=self._park.cargo_kinds[drawn.cargo[visit]].id,
            origin=outside if inbound else warehouse.id,
            destination=warehouse.id if inbound else outside,
            earliest=self._moment(int(loads.earliest[number])),
            latest=self._moment(int(loads.latest[number])),
            due=self._moment(int(loads.due[number])),
            load_minutes=int(loads.load_minutes[number]),
            unload_minutes=int(loads.unload_minutes[number]),
            price=int(loads.price[number]),
            pickup_visit=None if inbound else visit_id,
            delivery_visit=visit_id if inbound else None,
        )

    def trucks(self, drawn: DrawnVisits, trucks: DrawnTrucks, travel: TravelTable) -> tuple[Truck, ...]:
        return tuple(
            Truck(
                plate=self._plates[truck],
                carrier=self._park.enterprises[drawn.carrier_of_truck[truck]].id,
                kind=self._park.truck_kinds[trucks.kind[number]].id,
                home=travel.locations[trucks.home[number]],
                free_at=travel.locations[trucks.free_at[number]],
                free_from=self._moment(int(trucks.free_from[number])),
                home_by=self._moment(int(trucks.home_by[number])),
            )
            for number, truck in enumerate(trucks.truck.tolist())
        )

    def _id(self, letter: str, number: int) -> str:
        """Return an id that no other day, seed or number of visits gives."""
        return f"{letter}{self._stem}-{number + 1:05d}"

    def _moment(self, minute: int) -> dt.datetime:
        if minute not in self._moments:
            self._moments[minute] = self._park.grid.moment_of(self._date, minute)
        return self._moments[minute]
