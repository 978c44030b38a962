"""A park of one gate, two warehouses and three enterprises, and what may come to it."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from dispatch.model.day import Load, Truck, Visit
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
    Position,
    Roads,
    TruckKind,
    Warehouse,
    Zone,
)
from dispatch.model.promises import Appointment, AppointmentState, Match, MatchedLoad, Source

GRID = SlotGrid(15, "Asia/Shanghai")
DAY = date(2026, 11, 25)
HERE = Position(29.9, 121.8)
HOURS = Hours("06:00", "22:00")


def at(clock: str) -> datetime:
    """Return HH:MM of the day as an aware datetime."""
    hours, minutes = clock.split(":")
    return GRID.moment_of(DAY, int(hours) * 60 + int(minutes))


NOW = at("05:00")


def a_park(park_id: str, *, entries: int = 3, docks: int = 2, quota: int | None = None) -> Park:
    """Return a park whose gate admits `entries` a slot, with `docks` box docks at each of W1 and W2."""
    return Park(
        version=1,
        id=park_id,
        name="Small",
        name_zh="小园区",
        grid=GRID,
        gates=(Gate("east", "East", entries, 1, 900, HOURS, HERE),),
        zones=(Zone("Z", "Zone", "east", 5),),
        enterprises=(Enterprise("E1", "Firm"), Enterprise("C1", "One", carrier=True, quota=quota)),
        warehouses=tuple(
            Warehouse(name, name, "Z", "E1", HERE, HOURS, (DockGroup(f"{name}-box", DockKind.BOX, docks),))
            for name in ("W1", "W2")
        ),
        places=(),
        cargo_kinds=(CargoKind("general", DockKind.BOX, 30),),
        truck_kinds=(TruckKind("artic", ("general",)),),
        roads=Roads((DistanceClass(1000, 1.4, 50),)),
        rules=HouseRules(),
    )


def plate(number: int) -> str:
    """Return the plate of the n-th truck."""
    return f"浙B{number:05d}"


def an_appointment(name: str = "A1", **changes: Any) -> Appointment:
    """Return an appointment of half an hour at W1 at 09:00 (slots 36 and 37)."""
    appointment = Appointment(
        id=name,
        state=AppointmentState.CONFIRMED,
        source=Source.REQUEST,
        plate=plate(1),
        carrier="C1",
        warehouse="W1",
        dock_group="W1-box",
        dock_kind=DockKind.BOX,
        cargo_kind="general",
        gate="east",
        day=DAY,
        slot=36,
        slots=2,
        made_at=NOW,
    )
    return replace(appointment, **changes)


def a_visit(number: int = 1, **changes: Any) -> Visit:
    """Return a visit of half an hour at W1 with a truck of its own."""
    visit = Visit(
        id=f"V{number}",
        plate=plate(number),
        carrier="C1",
        warehouse="W1",
        dock_kind=DockKind.BOX,
        cargo_kind="general",
        minutes=30,
        wish=at("09:00"),
        earliest=at("07:00"),
        latest=at("11:00"),
        requested_at=NOW,
    )
    return replace(visit, **changes)


def a_load(number: int = 1, **changes: Any) -> Load:
    """Return a load from W1 to W2 in the morning."""
    load = Load(
        id=f"L{number}",
        enterprise="E1",
        cargo_kind="general",
        origin="W1",
        destination="W2",
        earliest=at("08:00"),
        latest=at("10:00"),
        due=at("14:00"),
        load_minutes=20,
        unload_minutes=30,
        price=2000,
    )
    return replace(load, **changes)


def a_truck(number: int = 1) -> Truck:
    """Return a truck that stands at W1 from 06:00 to 20:00."""
    return Truck(plate(number), "C1", "artic", "W2", "W1", at("06:00"), at("20:00"))


def a_match(truck: int = 1, loads: tuple[str, ...] = ("L1",), plan: str = "P1") -> Match:
    """Return a truck's chain of loads."""
    chain = tuple(MatchedLoad(load, at("08:00")) for load in loads)
    return Match(f"M-{plan}-{plate(truck)}", plate(truck), plan, DAY, chain, 10, 20)
