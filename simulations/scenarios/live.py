"""The live plan of a day as a scenario's base: appointments as visits that have their slots, matches as chains."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from dispatch.model.closures import Closure, ClosureKind
from dispatch.model.day import Load, Truck, Visit, check_load, check_truck, check_visit
from dispatch.model.faults import FieldFault
from dispatch.model.grid import MINUTES_A_DAY, clock_text
from dispatch.model.life import starts_at
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, Match, Purpose, Stop
from dispatch.planning.capacity import dock_groups
from dispatch.planning.matching import PlannedChain
from dispatch.planning.slots import Placement
from dispatch.roads.table import TravelTable
from simulations.policies.policy import Decision
from simulations.scenarios.changes import Disturbance, DocksClosed, LaneClosed
from simulations.scenarios.stage import Stage

Thing = TypeVar("Thing", Load, Truck, Visit)
Placed = tuple[Placement, Appointment]


@dataclass(frozen=True)
class Promised:
    """What a park has promised for a day."""

    day: date
    appointments: Sequence[Appointment]
    matches: Sequence[Match]
    loads: Sequence[Load]
    trucks: Sequence[Truck]
    closures: Sequence[Closure] = ()


@dataclass(frozen=True)
class LiveBase:
    """The stage, what has been decided on it, and the appointment behind each of its visits, by the visit's id."""

    stage: Stage
    decision: Decision
    appointment: dict[str, Appointment]


def live_base(park: Park, promised: Promised, travel: TravelTable) -> LiveBase:
    """Return the base of a live plan; what no longer fits the park is left out.

    How long a visit is on its dock is not recorded but in slots: it is taken to need half a slot less than it holds. A
    later stop of a chained visit is a visit of its own, by the gate of the first. Where a load is matched to a truck
    other than its appointment's, both are driven: the appointment by its own truck, the load without a dock.
    """
    everything = [place for each in promised.appointments for place in _placements(park, each)]
    fitting = [each for each in everything if _passes(park, each[0].visit, check_visit)]
    placed = [(place, each) for place, each in fitting if place.gate in park.gate_by_id]
    appointment = {place.visit.id: each for place, each in placed}
    visits = tuple(place.visit for place, _ in placed)
    ends = _ends_of_loads(placed, {each.load: match.plate for match in promised.matches for each in match.loads})
    loads = [_tied(load, ends) for load in _fitting(park, promised.loads, check_load)]
    trucks = _fitting(park, promised.trucks, check_truck)
    closed = tuple(part for closure in promised.closures for part in _closed(park, closure, promised.day))
    stage = Stage(park, promised.day, visits, (), tuple(loads), tuple(trucks), travel, closed)
    plates = {truck.plate for truck in trucks}
    known = {load.id for load in loads}
    chains = tuple(
        PlannedChain(match.plate, match.loads, match.empty_km, match.loaded_km)
        for match in promised.matches
        if match.plate in plates and all(each.load in known for each in match.loads)
    )
    return LiveBase(stage, Decision(tuple(place for place, _ in placed), _one_each(chains)), appointment)


def _closed(park: Park, closure: Closure, day: date) -> list[Disturbance]:
    """Return what a closure closes on a day, as everybody knows by now."""
    grid = park.grid
    begin, end = (min(max(grid.minute_of(each, day), 0), MINUTES_A_DAY) for each in (closure.begins, closure.ends))
    if begin >= end:
        return []
    span: dict[str, Any] = {"begins": clock_text(begin), "ends": clock_text(end), "announced": True}
    gates = [gate for gate in park.gates if closure.kind is ClosureKind.PARK or gate.id == closure.target]
    if closure.kind in (ClosureKind.PARK, ClosureKind.GATE):
        return [
            LaneClosed(gate=gate.id, lane=lane + 1, **span)
            for gate in gates
            for lane in range(min(gate.entry_lanes, gate.entry_lanes if closure.closed is None else closure.closed))
        ]
    return [
        DocksClosed(dock_group=group.id, docks=closure.closed, **span)
        for warehouse, group in dock_groups(park)
        if closure.target in (warehouse.id, group.id)
    ]


def _placements(park: Park, appointment: Appointment) -> list[Placed]:
    first = appointment.visit or appointment.id
    names = [first, *(f"{first}-stop{n + 1}" for n in range(len(appointment.stops)))]
    places: list[Appointment | Stop] = [appointment, *appointment.stops]
    return [
        (
            Placement(
                visit=_visit(park, appointment, place, name),
                slot=place.slot,
                slots=max(1, place.slots),
                gate=appointment.gate,
                dock_group=place.dock_group,
            ),
            appointment,
        )
        for name, place in zip(names, places, strict=True)
    ]


def _visit(park: Park, appointment: Appointment, place: Appointment | Stop, name: str) -> Visit:
    """Return what was asked for, its window wide enough for what was given."""
    slot = park.grid.slot_minutes
    start = starts_at(park, replace(appointment, slot=place.slot))
    window = timedelta(minutes=park.rules.window_minutes)
    wish = appointment.wish if appointment.wish is not None and place is appointment else start
    is_movable = place is appointment and not appointment.stops
    earliest = min(appointment.earliest or start - window, start) if is_movable else start
    latest = max(appointment.latest or start + window, start) if is_movable else start
    minutes = max(1, place.slots * slot - slot // 2)
    return Visit(
        id=name,
        plate=appointment.plate,
        carrier=appointment.carrier,
        warehouse=place.warehouse,
        dock_kind=place.dock_kind,
        cargo_kind=place.cargo_kind,
        minutes=minutes,
        wish=wish,
        earliest=earliest,
        latest=latest,
        requested_at=appointment.made_at,
        load=appointment.load if place is appointment else None,
        collect_minutes=minutes // 2 if place.purpose is Purpose.DUAL else 0,
    )


def _ends_of_loads(placed: Iterable[Placed], plate_of: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Return the visit for each load and warehouse, where the truck that has the load, if any, makes it."""
    visits = [place.visit for place, _ in placed if place.visit.load]
    return {
        (visit.load, visit.warehouse): visit.id
        for visit in visits
        if visit.load and plate_of.get(visit.load, visit.plate) == visit.plate
    }


def _tied(load: Load, ends: Mapping[tuple[str, str], str]) -> Load:
    """Return the load with the visits that are booked for it, and no others."""
    pickup, delivery = (ends.get((load.id, place)) for place in (load.origin, load.destination))
    return replace(load, pickup_visit=pickup, delivery_visit=delivery)


def _fitting(park: Park, things: Iterable[Thing], check: Callable[[Park, Thing], None]) -> list[Thing]:
    return [thing for thing in things if _passes(park, thing, check)]


def _passes(park: Park, thing: Thing, check: Callable[[Park, Thing], None]) -> bool:
    try:
        check(park, thing)
    except FieldFault:
        return False
    return True


def _one_each(chains: Sequence[PlannedChain]) -> tuple[PlannedChain, ...]:
    """Return the chains with those of one truck joined in order."""
    joined: dict[str, PlannedChain] = {}
    for chain in chains:
        before = joined.get(chain.plate)
        if before is None:
            joined[chain.plate] = chain
            continue
        loads = tuple(sorted((*before.loads, *chain.loads), key=lambda each: each.starts_at))
        joined[chain.plate] = replace(
            before, loads=loads, empty_km=before.empty_km + chain.empty_km, loaded_km=before.loaded_km + chain.loaded_km
        )
    return tuple(joined.values())
