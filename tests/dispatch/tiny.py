"""A park so small that every number in a test can be seen: one gate, one warehouse of two boxes, two places."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from dispatch.model.day import Day, Load, Truck, Visit
from dispatch.model.grid import SlotGrid
from dispatch.model.park import (
    CargoKind,
    DistanceClass,
    DockGroup,
    DockKind,
    Enterprise,
    Gate,
    Hours,
    HouseRules,
    Park,
    Place,
    PlaceKind,
    Position,
    Roads,
    TruckKind,
    Warehouse,
    Zone,
)
from dispatch.roads.table import TravelTable

GRID = SlotGrid(15, "Asia/Shanghai")
DAY = date(2026, 6, 3)
ALL_DAY = Hours("00:00", "24:00")


def at(clock: str, days: int = 0) -> datetime:
    """Return HH:MM of the tiny day as an aware datetime."""
    hours, minutes = clock.split(":")
    return GRID.moment_of(DAY + timedelta(days=days), int(hours) * 60 + int(minutes))


def a_gate(name: str = "east", lanes: int = 1, seconds: int = 300, hours: Hours = ALL_DAY) -> Gate:
    """Return a gate that admits lanes * 900 // seconds trucks per slot."""
    return Gate(name, name, lanes, lanes, seconds, hours, Position(29.90, 121.90))


def a_warehouse(name: str = "W1", docks: int = 2, zone: str = "Z1", **changes: Any) -> Warehouse:
    """Return a warehouse with one group of box docks."""
    groups = changes.pop("dock_groups", (DockGroup(f"{name}-box", DockKind.BOX, docks),))
    return Warehouse(name, name, zone, "E1", Position(29.90, 121.91), changes.pop("hours", ALL_DAY), groups, **changes)


def a_park(**changes: Any) -> Park:
    """Return the tiny park with changed fields."""
    park = Park(
        version=1,
        id="tiny",
        name="Tiny",
        name_zh="小园区",
        grid=GRID,
        gates=(a_gate(),),
        zones=(Zone("Z1", "Zone 1", "east", 5),),
        enterprises=(Enterprise("E1", "Firm 1"), Enterprise("C1", "Carrier 1", carrier=True)),
        warehouses=(a_warehouse(),),
        places=(
            Place("PORT", "Port", "港", PlaceKind.TERMINAL, Position(29.93, 121.88)),
            Place("TOWN", "Town", "镇", PlaceKind.TOWN, Position(29.30, 120.08)),
        ),
        cargo_kinds=(CargoKind("general", DockKind.BOX, 30), CargoKind("steel", DockKind.BULK, 45)),
        truck_kinds=(TruckKind("artic", ("general",)),),
        roads=Roads((DistanceClass(30, 1.4, 35), DistanceClass(2000, 1.25, 70))),
        rules=HouseRules(),
    )
    return replace(park, **changes)


def a_visit(name: str = "V1", wish: str = "08:00", **changes: Any) -> Visit:
    """Return a visit of half an hour at W1 that may begin two hours either side of its wish."""
    visit = Visit(
        id=name,
        plate="浙B12345",
        carrier="C1",
        warehouse="W1",
        dock_kind=DockKind.BOX,
        cargo_kind="general",
        minutes=30,
        wish=at(wish),
        earliest=at(wish) - timedelta(hours=2),
        latest=at(wish) + timedelta(hours=2),
        requested_at=at("12:00", days=-1),
    )
    return replace(visit, **changes)


def a_load(name: str = "L1", **changes: Any) -> Load:
    """Return a load from the port to W1 in the morning."""
    load = Load(
        id=name,
        enterprise="E1",
        cargo_kind="general",
        origin="PORT",
        destination="W1",
        earliest=at("08:00"),
        latest=at("10:00"),
        due=at("14:00"),
        load_minutes=20,
        unload_minutes=30,
        price=2000,
    )
    return replace(load, **changes)


def a_truck(plate: str = "浙B12345", **changes: Any) -> Truck:
    """Return a truck that stands at W1 from 06:00 and must be in the town by 20:00."""
    truck = Truck(plate, "C1", "artic", "TOWN", "W1", at("06:00"), at("20:00"))
    return replace(truck, **changes)


def a_day(**changes: Any) -> Day:
    """Return a day of one visit, one load and one truck."""
    return replace(Day(1, "tiny", DAY, 1, (a_visit(),), (a_load(),), (a_truck(),)), **changes)


def a_table() -> TravelTable:
    """Return W1, PORT, TOWN: the port 10 km and 20 minutes away, the town 100 km and 90 minutes from both."""
    minutes = [[0, 20, 90], [20, 0, 90], [90, 90, 0]]
    km = [[0, 10, 100], [10, 0, 100], [100, 100, 0]]
    return TravelTable(("W1", "PORT", "TOWN"), minutes, km)  # type: ignore[arg-type]  # made arrays at birth
