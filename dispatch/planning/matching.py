"""Loads and trucks as a matching problem, and the solver's chains as trucks with their loads.

Times become minutes from midnight of the day by the park's clock: the night before is negative, the next day beyond
1440. What must not happen before a moment is rounded up to the minute, what must not happen after it down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from dispatch.model.day import Load, Truck
from dispatch.model.grid import SlotGrid
from dispatch.model.park import Park
from dispatch.model.promises import MatchedLoad
from dispatch.roads.table import TravelTable
from solver.matching import check
from solver.matching.board import BoolArray
from solver.matching.instance import MAX_TIME, Costs, Loads, MatchingInstance, Trucks
from solver.matching.plan import MatchingPlan
from solver.reading import IntArray

ALMOST_A_MINUTE = timedelta(seconds=59, microseconds=999_999)


@dataclass(frozen=True)
class MatchingProblem:
    """A matching instance with what its numbers stand for: loads, trucks and locations by index."""

    park: Park
    date: date
    loads: tuple[Load, ...]
    trucks: tuple[Truck, ...]
    locations: tuple[str, ...]
    instance: MatchingInstance


@dataclass(frozen=True, slots=True)
class PlannedChain:
    """A truck's loads in order, and the kilometres it drives for them, home legs included."""

    plate: str
    loads: tuple[MatchedLoad, ...]
    empty_km: int
    loaded_km: int


def matching_problem(
    park: Park,
    day: date,
    loads: Sequence[Load],
    trucks: Sequence[Truck],
    travel: TravelTable,
    may: BoolArray | None = None,
) -> MatchingProblem:
    """Return the matching problem of loads and trucks that fit the park (`check_load`, `check_truck`).

    `may` (trucks, loads) is who may have what (`planning.permitted`); everybody where it is left out. Trucks and loads
    for whom it says the same are then of one kind of the instance.
    """
    truck_kinds, load_kinds, can = _kinds(park, loads, trucks, may)
    return MatchingProblem(
        park=park,
        date=day,
        loads=tuple(loads),
        trucks=tuple(trucks),
        locations=travel.locations,
        instance=MatchingInstance(
            minutes=travel.minutes,
            km=travel.km,
            costs=Costs(park.rules.empty_km_cost, park.rules.wait_minute_cost, park.rules.truck_cost),
            trucks=_trucks(park, day, trucks, travel, truck_kinds),
            can=can,
            loads=_loads(park, day, loads, travel, load_kinds),
            source=f"matching problem of park {park.id}",
        ),
    )


def chains(problem: MatchingProblem, plan: MatchingPlan) -> tuple[PlannedChain, ...]:
    """Return the chains of a plan in the park's own words."""
    instance = problem.instance
    loaded_km = instance.km[instance.loads.origin, instance.loads.destination]
    return tuple(
        PlannedChain(
            plate=problem.trucks[chain.truck].plate,
            loads=tuple(
                matched_load(problem, chain.truck, load, start)
                for load, start in zip(chain.loads, chain.starts, strict=True)
            ),
            empty_km=int(check.chain_empty_km(instance, chain)),
            loaded_km=int(loaded_km[list(chain.loads)].sum()),
        )
        for chain in plan.chains
    )


def matched_load(problem: MatchingProblem, truck: int, load: int, start: int, home: str | None = None) -> MatchedLoad:
    """Return a load of a truck's chain that is begun at `start`; the truck's `home` where it is not the problem's."""
    instance, index = problem.instance, problem.locations.index
    origin, destination = instance.loads.origin[load], instance.loads.destination[load]
    at_home = instance.trucks.home[truck] if home is None else index(home)
    unloads = start + int(instance.loads.load_minutes[load]) + int(instance.minutes[origin, destination])
    return MatchedLoad(
        problem.loads[load].id,
        problem.park.grid.moment_of(problem.date, start),
        problem.park.grid.moment_of(problem.date, unloads),
        int(instance.km[at_home, origin]) + int(instance.km[destination, at_home]),
    )


def minute_from(grid: SlotGrid, moment: datetime, day: date) -> int:
    """Return the first whole minute not before the moment."""
    return grid.minute_of(moment + ALMOST_A_MINUTE, day)


def _trucks(park: Park, day: date, trucks: Sequence[Truck], travel: TravelTable, kinds: IntArray) -> Trucks:
    return Trucks(
        kind=kinds,
        start=_column([travel.index[truck.free_at] for truck in trucks]),
        home=_column([travel.index[truck.home] for truck in trucks]),
        free_from=_times([minute_from(park.grid, truck.free_from, day) for truck in trucks]),
        home_by=_times([park.grid.minute_of(truck.home_by, day) for truck in trucks]),
    )


def _loads(park: Park, day: date, loads: Sequence[Load], travel: TravelTable, kinds: IntArray) -> Loads:
    earliest = _times([minute_from(park.grid, load.earliest, day) for load in loads])
    latest = _times([park.grid.minute_of(load.latest, day) for load in loads])
    return Loads(
        kind=kinds,
        origin=_column([travel.index[load.origin] for load in loads]),
        destination=_column([travel.index[load.destination] for load in loads]),
        earliest=np.minimum(earliest, latest),  # a window within one minute
        latest=latest,
        due=_times([park.grid.minute_of(load.due, day) for load in loads]),
        load_minutes=_column([load.load_minutes for load in loads]),
        unload_minutes=_column([load.unload_minutes for load in loads]),
        drop=_column([load.price for load in loads]),
    )


def _kinds(
    park: Park, loads: Sequence[Load], trucks: Sequence[Truck], may: BoolArray | None
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the kind of each truck and of each load, and which truck kind carries which load kind."""
    index = {kind.id: i for i, kind in enumerate(park.truck_kinds)}
    truck_kinds = _column([index[truck.kind] for truck in trucks])
    index = {kind.id: i for i, kind in enumerate(park.cargo_kinds)}
    load_kinds, can = _column([index[load.cargo_kind] for load in loads]), _can(park)
    if may is None or may.all():
        return truck_kinds, load_kinds, can
    able = may & (can[np.ix_(truck_kinds, load_kinds)] == 1)
    rows, truck_kinds = _alike(able)
    columns, load_kinds = _alike(able.T)
    return truck_kinds, load_kinds, able[np.ix_(rows, columns)].astype(np.int64)


def _alike(able: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the first of the rows of each sort, and the sort of each row."""
    _, first, sort = np.unique(np.packbits(able, axis=1), axis=0, return_index=True, return_inverse=True)
    return first, sort.reshape(-1)


def _can(park: Park) -> IntArray:
    """Return which truck kind carries which cargo kind, (truck kinds, cargo kinds), 0 or 1."""
    able = [[int(cargo.id in kind.carries) for cargo in park.cargo_kinds] for kind in park.truck_kinds]
    return np.array(able, dtype=np.int64).reshape(len(park.truck_kinds), len(park.cargo_kinds))


def _times(minutes: list[int]) -> IntArray:
    """Return minutes as a column; what lies beyond the solver's nineteen years either way stands at their ends."""
    return np.clip(_column(minutes), -MAX_TIME, MAX_TIME)


def _column(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)
