"""The park: gates, warehouses, dock groups, enterprises, places outside, roads and house rules.

A park is read from a TOML file (`dispatch.files.load_park`) whose tables have these names and fields; everything
that refers to something is checked at birth.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import ClassVar, Protocol

from dispatch.model.faults import FieldFault, check_id, check_range
from dispatch.model.grid import MINUTES_A_DAY, SlotGrid, clock_text

FORBID_UNKNOWN = {"extra": "forbid"}  # how files and requests are read: a misspelt field is a fault
OPEN_POOL = "open"  # of the entries of a slot: those no priority group has for itself
MOST = 10**6  # docks, lanes, seconds, costs: no park comes near


class DockKind(StrEnum):
    """What a dock can handle."""

    CONTAINER = "container"
    BOX = "box"
    BULK = "bulk"
    REEFER = "reefer"
    HAZMAT = "hazmat"


class PlaceKind(StrEnum):
    """What a place outside the park is."""

    TERMINAL = "terminal"
    DEPOT = "depot"
    RAIL = "rail"
    TOWN = "town"


@dataclass(frozen=True, slots=True)
class Position:
    """A point on the earth, WGS 84 degrees."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not -90 <= self.latitude <= 90:
            raise FieldFault("latitude", f"is {self.latitude}, must be from -90 to 90")
        if not -180 <= self.longitude <= 180:
            raise FieldFault("longitude", f"is {self.longitude}, must be from -180 to 180")


class HasId(Protocol):
    """A thing of the park with an id."""

    @property
    def id(self) -> str:
        """Return the id, which is unique among its kind."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily span of opening, as HH:MM texts in the file ("24:00" is the day's end)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    opens: str
    closes: str

    def __post_init__(self) -> None:
        if _checked_minute("opens", self.opens) >= _checked_minute("closes", self.closes):
            raise FieldFault("opens", f"{self.opens} must be before closes {self.closes}")

    def covers(self, minute: int) -> bool:
        """Answer whether the minute of the day lies within the span."""
        return minute_of_day(self.opens) <= minute < minute_of_day(self.closes)


@lru_cache(maxsize=2 * (MINUTES_A_DAY + 1))
def minute_of_day(text: str) -> int:
    """Return HH:MM as minutes from midnight; ValueError otherwise."""
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(hours) == 2 and len(minutes) == 2):
        raise ValueError(f"{text[:20]!r} is not a time of day; allowed: HH:MM from 00:00 to 24:00")
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > MINUTES_A_DAY:
        raise ValueError(f"{text[:20]!r} is not a time of day; allowed: HH:MM from 00:00 to 24:00")
    return minute


def _checked_minute(field: str, text: str) -> int:
    try:
        return minute_of_day(text)
    except ValueError as fault:
        raise FieldFault(field, str(fault)) from None


@dataclass(frozen=True, slots=True)
class Gate:
    """Where trucks enter and leave; a lane serves one truck at a time."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    name: str
    entry_lanes: int
    exit_lanes: int
    seconds_per_truck: int
    hours: Hours
    position: Position

    def __post_init__(self) -> None:
        check_range("entry_lanes", self.entry_lanes, 0, MOST)
        check_range("exit_lanes", self.exit_lanes, 0, MOST)
        check_range("seconds_per_truck", self.seconds_per_truck, 1, MOST)

    def entries_at(self, minute: int, slot_minutes: int) -> int:
        """Return how many trucks the entry lanes can serve in the slot that begins at `minute`."""
        if not self.hours.covers(minute):
            return 0
        return self.entry_lanes * slot_minutes * 60 // self.seconds_per_truck


@dataclass(frozen=True, slots=True)
class Reduction:
    """Fewer docks for a span of the day, such as lunch: `docks` are what is left."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    span: Hours
    docks: int
    reason: str = "lunch"


@dataclass(frozen=True, slots=True)
class DockGroup:
    """Interchangeable docks of one kind at one warehouse."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    kind: DockKind
    docks: int
    reductions: tuple[Reduction, ...] = ()

    def __post_init__(self) -> None:
        check_range("docks", self.docks, 0, MOST)
        for i, reduction in enumerate(self.reductions):
            check_range(f"reductions[{i}].docks", reduction.docks, 0, self.docks)

    def docks_at(self, minute: int) -> int:
        """Return how many docks work at a minute of the day, opening hours aside."""
        left = [r.docks for r in self.reductions if r.span.covers(minute)]
        return min(left, default=self.docks)


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A place in the park with one or more dock groups."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    name: str
    zone: str
    enterprise: str
    position: Position
    hours: Hours
    dock_groups: tuple[DockGroup, ...]

    def find_dock_group(self, kind: DockKind) -> DockGroup | None:
        """Return the warehouse's dock group of a kind, or None."""
        return next((group for group in self.dock_groups if group.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the park; its trucks use the nearest gate first."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    name: str
    gate: str
    drive_minutes: int


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A firm in the park; a carrier runs trucks and may have a quota of entries per slot."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    name: str
    carrier: bool = False
    quota: int | None = None
    daily_quota: int | None = None
    group: str | None = None  # of `Park.priority_groups`

    def __post_init__(self) -> None:
        for name in ("quota", "daily_quota"):
            if getattr(self, name) is not None:
                check_range(name, getattr(self, name), 0, MOST)


@dataclass(frozen=True, slots=True)
class PriorityGroup:
    """Enterprises that come before others: first in line where they wait, and with a guaranteed share of the entries.

    Of the entries of all gates in a slot, `share_percent` (rounded down) are for the group alone until
    `cutoff_minutes` before the slot; then what is left of them is everybody's.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    name: str
    share_percent: int = 0
    cutoff_minutes: int = 24 * 60

    def __post_init__(self) -> None:
        check_range("share_percent", self.share_percent, 0, 100)
        check_range("cutoff_minutes", self.cutoff_minutes, 0, MOST)


@dataclass(frozen=True, slots=True)
class Release:
    """When slots open for booking: a day's at `at`, the booking horizon ahead; those of its peak hours at `peak_at`,
    `peak_days` ahead. Times are of the park's clock.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    at: str = "00:00"
    peak_days: int = 1
    peak_at: str = "12:00"

    def __post_init__(self) -> None:
        _checked_minute("at", self.at)
        _checked_minute("peak_at", self.peak_at)
        check_range("peak_days", self.peak_days, 0, 365)


@dataclass(frozen=True, slots=True)
class Place:
    """A place outside the park where loads start or end: a terminal, a depot, a town."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    name: str
    name_zh: str
    kind: PlaceKind
    position: Position


@dataclass(frozen=True, slots=True)
class CargoKind:
    """What is carried; it needs docks of one kind."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    dock_kind: DockKind
    handling_minutes: int

    def __post_init__(self) -> None:
        check_range("handling_minutes", self.handling_minutes, 1, MOST)


@dataclass(frozen=True, slots=True)
class TruckKind:
    """A kind of truck and the cargo kinds it can carry."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    carries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DistanceClass:
    """Road kilometres and speed for great-circle distances up to `up_to_km`."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    up_to_km: float
    circuity: float
    kmh: float

    def __post_init__(self) -> None:
        _check_number("up_to_km", self.up_to_km, 0.001, 50_000)
        _check_number("circuity", self.circuity, 1, 10)
        _check_number("kmh", self.kmh, 1, 1000)


@dataclass(frozen=True, slots=True)
class Roads:
    """How kilometres and minutes between places are found: estimated, from a CSV matrix or from a table service."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    classes: tuple[DistanceClass, ...]
    matrix_csv: str | None = None
    table_service: str | None = None

    def __post_init__(self) -> None:
        limits = [c.up_to_km for c in self.classes]
        if not limits or limits != sorted(set(limits)):
            raise FieldFault("classes", "must be in rising order of up_to_km, at least one")
        if self.matrix_csv and self.table_service:
            raise FieldFault("matrix_csv", "excludes table_service; give one of them")


@dataclass(frozen=True, slots=True)
class Earning:
    """How a carrier's peak entries depend on what it wasted the week before (the formula: `dispatch.model.earning`).

    A cancellation less than `late_cancel_minutes` before the slot counts for `late_cancel_weight_percent` of a no-show.
    With a slope of 0 nobody loses anything.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    tolerance_percent: int = 5
    slope_percent: int = 200
    floor_percent: int = 50
    least_bookings: int = 10
    late_cancel_minutes: int = 120
    late_cancel_weight_percent: int = 50

    def __post_init__(self) -> None:
        for name in ("tolerance_percent", "floor_percent", "late_cancel_weight_percent"):
            check_range(name, getattr(self, name), 0, 100)
        for name in ("slope_percent", "least_bookings", "late_cancel_minutes"):
            check_range(name, getattr(self, name), 0, MOST)


@dataclass(frozen=True, slots=True)
class Overbooking:
    """How many docks beyond those there are may be promised, by hour and dock group (`dispatch.model.overbooking`).

    Off while `overflow_percent` is 0; else the chance of more trucks coming than docks work in a slot. The no-show rate
    is that of the last `days`, where so many were expected in the hour (`least_expected`).
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    overflow_percent: float = 0.0
    days: int = 28
    least_expected: int = 50

    def __post_init__(self) -> None:
        _check_number("overflow_percent", self.overflow_percent, 0, 50)
        check_range("days", self.days, 1, 366)
        check_range("least_expected", self.least_expected, 1, MOST)


@dataclass(frozen=True, slots=True)
class HouseRules:
    """The numbers the park decides by; costs are in the solver's units (integers)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    turn_slots: int = 1
    early_cost: int = 1
    late_cost: int = 1
    drop_cost: int = 2000
    empty_km_cost: int = 10
    wait_minute_cost: int = 1
    truck_cost: int = 300
    booking_horizon_days: int = 7
    lead_minutes: int = 15
    react_minutes: int = 10
    window_minutes: int = 120
    alternatives: int = 3
    cancel_deadline_minutes: int = 0  # before the slot
    amend_deadline_minutes: int = 15  # before the slot: until then it may be moved
    early_grace_minutes: int = 30
    late_grace_minutes: int = 30
    late_limit_minutes: int = 60  # after the slot: from then on a no-show
    park_delay_minutes: int = 15  # the least queue that excuses lateness
    hold_minutes: int = 10  # until a request that is only held must be confirmed
    truck_day_limit: int = 24  # appointments of one truck on one day; none of these three binds a plan
    truck_hold_limit: int = 3  # of them held and not yet confirmed
    carrier_hold_limit: int = 100  # of one company on one day held and not yet confirmed
    move_offer_minutes: int = 10
    chain_wait_minutes: int = 60  # the longest a chained visit stands between its warehouses, altogether
    offer_seconds: int = 600  # an offer waits so long for its driver's answer,
    urgent_offer_seconds: int = 90  # or so long when its loading begins within `urgent_minutes`
    urgent_minutes: int = 60
    matching_round_seconds: int = 30  # between rounds while loads are open; 0: on demand only
    offer_ahead_minutes: int = 60  # what must leave within this is offered by the rounds on the timer
    exception_hours: int = 24  # a reported exception is to be resolved within
    release_unused_docks: bool = True  # what is done early gives the dock's slots that have not begun back
    steer_bookings: bool = True  # among open starts, by bid prices; otherwise each booking gets what suits it best
    peak: tuple[Hours, ...] = ()  # the hours everybody wants
    replan_move_cost: int = 20  # of a promise that is not kept when a closed day is planned again
    replan_seconds: int = 10
    replan_notice_minutes: int = 120  # whom a closure moves comes no earlier than he would have, unless so far ahead
    waitlist_minutes: int = 15  # until a place offered to who waits for one must be taken
    release: Release = field(default_factory=Release)
    earned: Earning = field(default_factory=Earning)
    overbooking: Overbooking = field(default_factory=Overbooking)

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if isinstance(getattr(self, name), int):
                check_range(name, getattr(self, name), 0, MINUTES_A_DAY if name == "turn_slots" else MOST)
        if self.late_limit_minutes < self.late_grace_minutes:
            raise FieldFault("late_limit_minutes", f"must be at least late_grace_minutes {self.late_grace_minutes}")


@dataclass(frozen=True)
class Park:
    """A park, whole and consistent."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    version: int
    id: str
    name: str
    name_zh: str
    grid: SlotGrid
    gates: tuple[Gate, ...]
    zones: tuple[Zone, ...]
    enterprises: tuple[Enterprise, ...]
    warehouses: tuple[Warehouse, ...]
    places: tuple[Place, ...]
    cargo_kinds: tuple[CargoKind, ...]
    truck_kinds: tuple[TruckKind, ...]
    roads: Roads
    rules: HouseRules = field(default_factory=HouseRules)
    priority_groups: tuple[PriorityGroup, ...] = ()  # the first in line first

    def __post_init__(self) -> None:
        if self.version != 1:
            raise FieldFault("version", f"is {self.version}, this program reads version 1")
        check_id("id", self.id)
        _check_ids("gates", self.gates)
        _check_ids("zones", self.zones)
        _check_ids("enterprises", self.enterprises)
        _check_ids("warehouses", self.warehouses)
        _check_ids("places", self.places)
        _check_ids("cargo_kinds", self.cargo_kinds)
        _check_ids("truck_kinds", self.truck_kinds)
        _check_ids("priority_groups", self.priority_groups)
        if OPEN_POOL in self.priority_group_by_id:
            raise FieldFault("priority_groups", f"{OPEN_POOL!r} is the name of what is open to all")
        self._check_dock_groups()
        self._check_references()

    def _check_dock_groups(self) -> None:
        seen: set[str] = set()
        for i, warehouse in enumerate(self.warehouses):
            _check_ids(f"warehouses[{i}].dock_groups", warehouse.dock_groups)
            for j, group in enumerate(warehouse.dock_groups):
                where = f"warehouses[{i}].dock_groups[{j}]"
                if group.id in seen:
                    raise FieldFault(f"{where}.id", f"{group.id!r} stands twice in this park")
                if group.kind in {other.kind for other in warehouse.dock_groups[:j]}:
                    raise FieldFault(f"{where}.kind", f"{warehouse.id} has {group.kind} docks twice")
                seen.add(group.id)

    def _check_references(self) -> None:
        for i, place in enumerate(self.places):
            if place.id in self.warehouse_by_id:
                raise FieldFault(f"places[{i}].id", f"{place.id!r} is also the id of a warehouse")
        for i, zone in enumerate(self.zones):
            _check_known(f"zones[{i}].gate", zone.gate, self.gate_by_id)
        for i, warehouse in enumerate(self.warehouses):
            _check_known(f"warehouses[{i}].zone", warehouse.zone, self.zone_by_id)
            _check_known(f"warehouses[{i}].enterprise", warehouse.enterprise, self.enterprise_by_id)
        for i, enterprise in enumerate(self.enterprises):
            if enterprise.group is not None:
                _check_known(f"enterprises[{i}].group", enterprise.group, self.priority_group_by_id)
        shares = sum(group.share_percent for group in self.priority_groups)
        if shares > 100:
            raise FieldFault("priority_groups", f"have shares of {shares} percent together, at most 100")
        for i, kind in enumerate(self.truck_kinds):
            for j, cargo in enumerate(kind.carries):
                _check_known(f"truck_kinds[{i}].carries[{j}]", cargo, self.cargo_kind_by_id)

    @cached_property
    def gate_by_id(self) -> dict[str, Gate]:
        """Return gates by id."""
        return {gate.id: gate for gate in self.gates}

    @cached_property
    def zone_by_id(self) -> dict[str, Zone]:
        """Return zones by id."""
        return {zone.id: zone for zone in self.zones}

    @cached_property
    def enterprise_by_id(self) -> dict[str, Enterprise]:
        """Return enterprises by id."""
        return {enterprise.id: enterprise for enterprise in self.enterprises}

    @cached_property
    def warehouse_by_id(self) -> dict[str, Warehouse]:
        """Return warehouses by id."""
        return {warehouse.id: warehouse for warehouse in self.warehouses}

    @cached_property
    def place_by_id(self) -> dict[str, Place]:
        """Return places outside by id."""
        return {place.id: place for place in self.places}

    @cached_property
    def cargo_kind_by_id(self) -> dict[str, CargoKind]:
        """Return cargo kinds by id."""
        return {kind.id: kind for kind in self.cargo_kinds}

    @cached_property
    def truck_kind_by_id(self) -> dict[str, TruckKind]:
        """Return truck kinds by id."""
        return {kind.id: kind for kind in self.truck_kinds}

    @cached_property
    def priority_group_by_id(self) -> dict[str, PriorityGroup]:
        """Return priority groups by id."""
        return {group.id: group for group in self.priority_groups}

    @cached_property
    def peak_slots(self) -> frozenset[int]:
        """Return the slots that begin within the peak hours."""
        begins = {slot: slot * self.grid.slot_minutes for slot in range(self.grid.horizon)}
        return frozenset(slot for slot, begin in begins.items() if any(span.covers(begin) for span in self.rules.peak))

    @cached_property
    def position_by_location(self) -> dict[str, Position]:
        """Return the position of every warehouse and outside place by id, warehouses first."""
        positions = {warehouse.id: warehouse.position for warehouse in self.warehouses}
        return positions | {place.id: place.position for place in self.places}

    def docks_at(self, warehouse: Warehouse, group: DockGroup, slot: int) -> int:
        """Return the docks of a group that work through the whole slot; 0 outside the opening hours."""
        return self.docks_of(warehouse, group)[slot]

    def docks_of(self, warehouse: Warehouse, group: DockGroup) -> tuple[int, ...]:
        """Return the docks of a group that work through each whole slot of a day."""
        known = self._docks.get(group.id)
        if known is None:
            known = self._docks[group.id] = tuple(
                self._docks_through(warehouse, group, slot) for slot in range(self.grid.horizon)
            )
        return known

    @cached_property
    def _docks(self) -> dict[str, tuple[int, ...]]:
        return {}

    def _docks_through(self, warehouse: Warehouse, group: DockGroup, slot: int) -> int:
        first = slot * self.grid.slot_minutes
        minutes = (first, first + self.grid.slot_minutes - 1)
        if not all(warehouse.hours.covers(minute) for minute in minutes):
            return 0
        return min(group.docks_at(minute) for minute in minutes)

    def entries_at(self, gate: Gate, slot: int) -> int:
        """Return how many trucks a gate admits in a slot."""
        return self.entries_of(gate)[slot]

    def entries_of(self, gate: Gate) -> tuple[int, ...]:
        """Return how many trucks a gate admits in each slot of a day."""
        known = self._entries.get(gate.id)
        if known is None:
            minutes = self.grid.slot_minutes
            begins = (slot * minutes for slot in range(self.grid.horizon))
            known = self._entries[gate.id] = tuple(gate.entries_at(begin, minutes) for begin in begins)
        return known

    @cached_property
    def _entries(self) -> dict[str, tuple[int, ...]]:
        return {}

    def gates_for(self, warehouse: Warehouse) -> tuple[Gate, ...]:
        """Return all gates, the one of the warehouse's zone first, the others in the park's order."""
        first = self.gate_by_id[self.zone_by_id[warehouse.zone].gate]
        return (first, *(gate for gate in self.gates if gate.id != first.id))

    @cached_property
    def entries(self) -> tuple[int, ...]:
        """Return how many trucks all gates together admit in each slot."""
        slots = range(self.grid.horizon)
        return tuple(sum(self.entries_at(gate, slot) for gate in self.gates) for slot in slots)

    def hour_of(self, slot: int) -> int:
        """Return the hour of the day in which a slot begins."""
        return slot * self.grid.slot_minutes // 60

    def slot_text(self, slot: int) -> str:
        """Return a slot's begin as HH:MM."""
        return clock_text(slot * self.grid.slot_minutes)


def _check_ids(what: str, things: Iterable[HasId]) -> None:
    seen: set[str] = set()
    for i, thing in enumerate(things):
        check_id(f"{what}[{i}].id", thing.id)
        if thing.id in seen:
            raise FieldFault(f"{what}[{i}].id", f"{thing.id!r} stands twice")
        seen.add(thing.id)


def _check_number(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also where it is not a number
        raise FieldFault(field, f"is {value}, must be from {low} to {high}")


def _check_known(where: str, reference: str, known: Container[str]) -> None:
    if reference not in known:
        raise FieldFault(where, f"{reference[:40]!r} is not known in this park")
