"""A park so small that one can count its places, and requests that fit it."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
    Reduction,
    Roads,
    TruckKind,
    Warehouse,
    Zone,
)

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=ZONE)
DAY = date(2026, 11, 25)
PORT = Position(29.94, 121.86)


def tiny_park(*, docks: int = 2, entry_lanes: int = 1, rules: HouseRules | None = None) -> Park:
    """Two gates (5 entries a slot and lane), a warehouse of container and reefer docks, a carrier with a quota of 2."""
    hours = Hours("06:00", "22:00")
    gates = (
        Gate("east", "East", entry_lanes, 1, 180, hours, PORT),
        Gate("west", "West", entry_lanes, 1, 180, hours, PORT),
    )
    groups = (
        DockGroup("w1-container", DockKind.CONTAINER, docks, (Reduction(Hours("12:00", "13:00"), 0),)),
        DockGroup("w1-reefer", DockKind.REEFER, docks),
    )
    return Park(
        version=1,
        id="tiny",
        name="Tiny",
        name_zh="小园区",
        grid=SlotGrid(15, "Asia/Shanghai"),
        gates=gates,
        zones=(Zone("z1", "North", "east", 5),),
        enterprises=(
            Enterprise("c1", "Carrier one", carrier=True),
            Enterprise("c2", "Carrier two", carrier=True, quota=2),
            Enterprise("e1", "Firm"),
        ),
        warehouses=(Warehouse("w1", "One", "z1", "e1", PORT, Hours("08:00", "18:00"), groups),),
        places=(
            Place("t1", "Terminal", "码头", PlaceKind.TERMINAL, PORT),
            Place("yiwu", "Yiwu", "义乌", PlaceKind.TOWN, Position(29.31, 120.07)),
        ),
        cargo_kinds=(CargoKind("import", DockKind.CONTAINER, 30), CargoKind("frozen", DockKind.REEFER, 15)),
        truck_kinds=(TruckKind("chassis", ("import", "frozen")),),
        roads=Roads((DistanceClass(500.0, 1.3, 40.0),)),
        rules=rules or HouseRules(),
    )


def at(clock: str, day: date = DAY) -> str:
    """Return a time of the day as RFC 3339."""
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}:00").replace(tzinfo=ZONE).isoformat()


def plate(number: int) -> str:
    """Return one of 100,000 plates."""
    return f"浙B{number:05d}"


def asking(number: int = 1, wish: str = "09:00", **more: Any) -> dict[str, Any]:
    """Return a request for a 15-minute reefer slot."""
    asked = {"plate": plate(number), "carrier": "c1", "warehouse": "w1", "cargo_kind": "frozen", "wish": at(wish)}
    return asked | more


def at_once(number: int = 1, wish: str = "09:00", **more: Any) -> dict[str, Any]:
    """Return a request for one slot and no other."""
    return asking(number, wish, earliest=at(wish), latest=at(wish), **more)


def posting(**more: Any) -> dict[str, Any]:
    """Return a load to be posted."""
    load = {
        "enterprise": "e1",
        "cargo_kind": "import",
        "origin": "t1",
        "destination": "w1",
        "earliest": at("08:00"),
        "latest": at("10:00"),
        "due": at("12:00"),
        "load_minutes": 30,
        "unload_minutes": 30,
    }
    return load | more


def wishing(number: int = 1, wish: str = "09:00", **more: Any) -> dict[str, Any]:
    """Return a visit to be planned."""
    visit = asking(number, wish) | {"earliest": at("08:00"), "latest": at("16:00")}
    return visit | more


def announcing(**more: Any) -> dict[str, Any]:
    """Return a truck's announcement."""
    truck = {"carrier": "c1", "kind": "chassis", "home": "yiwu", "free_at": "t1"}
    return truck | {"free_from": at("08:00"), "home_by": at("20:00")} | more


def closing(**more: Any) -> dict[str, Any]:
    """Return a closure of one lane of a gate late in the day."""
    closure = {"kind": "gate", "target": "east", "begins": at("21:00"), "ends": at("21:30"), "reason": "painting"}
    return closure | {"closed": 1} | more


def recurring(**more: Any) -> dict[str, Any]:
    """Return a 15-minute reefer slot asked for every workday at 16:00, from when no day is open for booking yet."""
    series = asking(1) | {"begins": at("16:00", later(20)), "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"} | more
    del series["wish"]
    return series


def later(days: int) -> date:
    """Return the day so many days after the tiny day."""
    return DAY + timedelta(days=days)
