"""Loads and trucks as the slots of their visits leave them: a load that begins or ends in the park is a visit there.

A slot is when the truck is at the gate; from there it drives to its dock, is handled, and drives back.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.model.day import Load, Truck, Visit
from dispatch.model.park import Park
from dispatch.planning.matching import MatchingProblem, matching_problem
from dispatch.planning.slots import Placement
from simulations.policies.policy import Known


def tied_matching(known: Known, placements: Sequence[Placement]) -> MatchingProblem:
    """Return the matching problem whose loads keep the slots of their visits.

    A load's window is cut to the begins that bring its truck to its visit within the visit's slot, the wish's slot
    where it has none; a truck that is free after a visit of its own is free when that visit ends by its slot.
    """
    begins = {each.visit.id: known.park.grid.start_of(known.date, each.slot) for each in placements}
    starts = {visit.id: begins.get(visit.id, _slot_begin(known, visit)) for visit in known.visits}
    loads = [tied_load(known, load, starts) for load in known.loads]
    ends = _ends_of_own(known, starts)
    trucks = [_free_later(truck, ends) for truck in known.trucks]
    return matching_problem(known.park, known.date, loads, trucks, known.travel)


def tied_load(known: Known, load: Load, starts: dict[str, datetime]) -> Load:
    """Return a load with its window cut to the slot of its visit; unchanged where it has none that is known.

    What it takes inside the park besides handling is added to its minutes there.
    """
    within = timedelta(minutes=known.park.grid.slot_minutes - 1)
    start = starts.get(load.pickup_visit or load.delivery_visit or "")
    if start is None:
        return load
    inside = [_inside_minutes(known.park, place) for place in (load.origin, load.destination)]
    load_minutes, unload_minutes = load.load_minutes + inside[0], load.unload_minutes + inside[1]
    if load.pickup_visit is None:
        start -= timedelta(minutes=load_minutes + _drive_minutes(known, load))
    service = timedelta(minutes=load_minutes + unload_minutes + _drive_minutes(known, load))
    return replace(
        load,
        earliest=start,
        latest=start + within,
        due=max(load.due, start + within + service),
        load_minutes=load_minutes,
        unload_minutes=unload_minutes,
    )


def _inside_minutes(park: Park, place: str) -> int:
    """Return the minutes between gate and dock, there and back; 0 outside the park."""
    warehouse = park.warehouse_by_id.get(place)
    return 0 if warehouse is None else 2 * park.zone_by_id[warehouse.zone].drive_minutes


def _drive_minutes(known: Known, load: Load) -> int:
    index = known.travel.index
    return int(known.travel.minutes[index[load.origin], index[load.destination]])


def _slot_begin(known: Known, visit: Visit) -> datetime:
    grid = known.park.grid
    return grid.start_of(known.date, grid.slot_of(visit.wish, known.date))


def _ends_of_own(known: Known, starts: dict[str, datetime]) -> dict[tuple[str, str], datetime]:
    """Return when the last visit of each plate at each warehouse that is no end of a load is over."""
    ends: dict[tuple[str, str], datetime] = {}
    for visit in known.visits:
        if visit.load is None:
            inside = _inside_minutes(known.park, visit.warehouse)
            end = starts[visit.id] + timedelta(minutes=visit.minutes + inside)
            at = (visit.plate, visit.warehouse)
            ends[at] = max(ends.get(at, end), end)
    return ends


def _free_later(truck: Truck, ends: dict[tuple[str, str], datetime]) -> Truck:
    end = ends.get((truck.plate, truck.free_at))
    if end is None or end <= truck.free_from:
        return truck
    return replace(truck, free_from=end, home_by=max(truck.home_by, end))
