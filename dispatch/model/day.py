"""What a day asks for: visits, loads and trucks, in the park's own words.

A day is read from and written to `day.json` (`dispatch.files`). Times are aware datetimes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from dispatch.model.faults import FieldFault, check_id, check_range
from dispatch.model.park import FORBID_UNKNOWN, DockKind, Hours, Park, PlaceKind
from dispatch.model.plates import normalised

LONGEST_MINUTES = 7 * 24 * 60
MOST_WEIGHT = 1000
YEARS = (2000, 2199)  # far from the ends of the calendar, so that no conversion between zones can fail


@dataclass(frozen=True, slots=True)
class Visit:
    """A truck that wishes to come to a warehouse: what a plan turns into an appointment.

    `earliest` and `latest` bound the start on the dock; `load` names the load this visit delivers or collects. A dual
    visit takes the last `collect_minutes` of its minutes to load what it collects.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    plate: str
    carrier: str
    warehouse: str
    dock_kind: DockKind
    cargo_kind: str
    minutes: int
    wish: datetime
    earliest: datetime
    latest: datetime
    requested_at: datetime
    weight: int = 1
    load: str | None = None
    collect_minutes: int = 0

    def __post_init__(self) -> None:
        check_id("id", self.id)
        _check_plate(self.plate)
        check_range("minutes", self.minutes, 1, LONGEST_MINUTES)
        check_range("collect_minutes", self.collect_minutes, 0, self.minutes - 1)
        check_range("weight", self.weight, 1, MOST_WEIGHT)
        _check_moments(self, "wish", "earliest", "latest", "requested_at")
        if self.earliest > self.latest:
            raise FieldFault("earliest", f"{self.earliest.isoformat()} is after latest {self.latest.isoformat()}")


@dataclass(frozen=True, slots=True)
class Load:
    """A full truckload from A to B.

    `earliest` and `latest` bound the start of loading; the end of unloading is at most `due`. `price` is what
    leaving it unserved costs, in the units of the house rules. The visits are those at park warehouses, if any.
    Trucks of `blocked_carriers` are never offered it; where `allowed_carriers` are named, no others are.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    enterprise: str
    cargo_kind: str
    origin: str
    destination: str
    earliest: datetime
    latest: datetime
    due: datetime
    load_minutes: int
    unload_minutes: int
    price: int
    pickup_visit: str | None = None
    delivery_visit: str | None = None
    blocked_carriers: tuple[str, ...] = ()
    allowed_carriers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_id("id", self.id)
        check_range("load_minutes", self.load_minutes, 0, LONGEST_MINUTES)
        check_range("unload_minutes", self.unload_minutes, 0, LONGEST_MINUTES)
        check_range("price", self.price, 0, 10**9)
        _check_moments(self, "earliest", "latest", "due")
        if self.earliest > self.latest:
            raise FieldFault("earliest", f"{self.earliest.isoformat()} is after latest {self.latest.isoformat()}")
        if self.due < self.earliest:
            raise FieldFault("due", f"{self.due.isoformat()} is before earliest {self.earliest.isoformat()}")


@dataclass(frozen=True, slots=True)
class CarrierLists:
    """Whose trucks an enterprise lets have its loads: none of `blocked`, and of `allowed` alone where any are named."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    blocked: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    def admits(self, carrier: str) -> bool:
        """Answer whether the carrier's trucks may have a load."""
        return carrier not in self.blocked and (not self.allowed or carrier in self.allowed)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a driver takes; what is empty does not bind.

    `regions` are ids of places outside the park, or kinds of them, to and from which the truck drives; the park's
    warehouses are always among them. `hours` is the daily time in which loading begins and the truck is home.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    cargo_kinds: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class Truck:
    """A truck that is open for loads: where and when it is next free, and when it must be home."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    plate: str
    carrier: str
    kind: str
    home: str
    free_at: str
    free_from: datetime
    home_by: datetime
    preferences: Preferences = field(default_factory=Preferences)

    def __post_init__(self) -> None:
        _check_plate(self.plate)
        _check_moments(self, "free_from", "home_by")
        if self.free_from > self.home_by:
            raise FieldFault("free_from", f"{self.free_from.isoformat()} is after home_by {self.home_by.isoformat()}")


@dataclass(frozen=True, slots=True)
class Day:
    """All that is asked of a park on one day."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    version: int
    park: str
    date: date
    seed: int
    visits: tuple[Visit, ...]
    loads: tuple[Load, ...]
    trucks: tuple[Truck, ...]

    def __post_init__(self) -> None:
        if self.version != 1:
            raise FieldFault("version", f"is {self.version}, this program reads version 1")
        _check_year("date", self.date)
        _check_unique("visits", "id", [visit.id for visit in self.visits])
        _check_unique("loads", "id", [load.id for load in self.loads])
        _check_unique("trucks", "plate", [truck.plate for truck in self.trucks])


def check_visit(park: Park, visit: Visit) -> None:
    """Raise FieldFault for the field of `visit` that does not fit the park."""
    warehouse = park.warehouse_by_id.get(visit.warehouse)
    if warehouse is None:
        raise FieldFault("warehouse", f"{visit.warehouse[:40]!r} is not a warehouse of this park")
    if warehouse.find_dock_group(visit.dock_kind) is None:
        kinds = ", ".join(group.kind for group in warehouse.dock_groups)
        raise FieldFault("dock_kind", f"{visit.warehouse} has no {visit.dock_kind} docks; it has: {kinds}")
    _check_known("cargo_kind", visit.cargo_kind, park.cargo_kind_by_id)
    needed = park.cargo_kind_by_id[visit.cargo_kind].dock_kind
    if visit.dock_kind != needed:
        raise FieldFault("dock_kind", f"is {visit.dock_kind}, but {visit.cargo_kind} needs {needed} docks")
    _check_known("carrier", visit.carrier, park.enterprise_by_id)


def check_load(park: Park, load: Load) -> None:
    """Raise FieldFault for the field of `load` that does not fit the park."""
    _check_known("enterprise", load.enterprise, park.enterprise_by_id)
    _check_known("cargo_kind", load.cargo_kind, park.cargo_kind_by_id)
    _check_known("origin", load.origin, park.position_by_location)
    _check_known("destination", load.destination, park.position_by_location)
    check_carriers(park, "blocked_carriers", load.blocked_carriers)
    check_carriers(park, "allowed_carriers", load.allowed_carriers)


def check_carriers(park: Park, field: str, carriers: Iterable[str]) -> None:
    """Raise FieldFault for the first of the carriers that the park does not know."""
    for i, carrier in enumerate(carriers):
        _check_known(f"{field}[{i}]", carrier, park.enterprise_by_id)


def check_truck(park: Park, truck: Truck) -> None:
    """Raise FieldFault for the field of `truck` that does not fit the park."""
    _check_known("carrier", truck.carrier, park.enterprise_by_id)
    _check_known("kind", truck.kind, park.truck_kind_by_id)
    _check_known("home", truck.home, park.position_by_location)
    _check_known("free_at", truck.free_at, park.position_by_location)
    for i, kind in enumerate(truck.preferences.cargo_kinds):
        _check_known(f"preferences.cargo_kinds[{i}]", kind, park.cargo_kind_by_id)
    for i, region in enumerate(truck.preferences.regions):
        _check_known(f"preferences.regions[{i}]", region, {*park.place_by_id, *PlaceKind})


def _check_plate(plate: str) -> None:
    try:
        written = normalised(plate)
    except ValueError as fault:
        raise FieldFault("plate", str(fault)) from None
    if written != plate:
        raise FieldFault("plate", f"{plate[:20]!r} must be written {written!r}")


def _check_moments(thing: Visit | Load | Truck, *names: str) -> None:
    for name in names:
        moment: datetime = getattr(thing, name)
        if moment.tzinfo is None:
            raise FieldFault(
                name, f"{moment.isoformat()} has no offset from UTC; allowed: RFC 3339, as 2026-11-25T08:00:00+08:00"
            )
        _check_year(name, moment)


def _check_year(field: str, day: date) -> None:
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise FieldFault(field, f"{day.isoformat()} must be in the years {YEARS[0]} to {YEARS[1]}")


def _check_known(field: str, reference: str, known: Iterable[str]) -> None:
    if reference not in known:
        raise FieldFault(field, f"{reference[:40]!r} is not known in this park")


def _check_unique(what: str, field: str, values: list[str]) -> None:
    seen: set[str] = set()
    for i, value in enumerate(values):
        if value in seen:
            raise FieldFault(f"{what}[{i}].{field}", f"{value[:40]!r} stands twice")
        seen.add(value)
