"""Distances without a road map: great circle times circuity, at a speed by distance class, both from the park file."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.model.park import Park, Position, Warehouse
from dispatch.roads.table import TravelTable
from solver.reading import BadInput

EARTH_KM = 6371.0088  # mean radius, IUGG
SHORTEST_KM = 1  # between two different places, also next door: the yard, the turn, the gate
SHORTEST_MINUTES = 5

FloatArray = NDArray[np.float64]


def estimated(park: Park) -> TravelTable:
    """Return the estimated table; BadInput when two places are farther apart than the park's last distance class.

    Kilometres are rounded to the nearest, minutes up; between different places at least SHORTEST_KM and
    SHORTEST_MINUTES.
    """
    straight = great_circle_km(park)
    limits = np.array([each.up_to_km for each in park.roads.classes])
    number = np.searchsorted(limits, straight)
    if (number == len(limits)).any():
        _refuse_farthest(park, straight)
    km = straight * np.array([each.circuity for each in park.roads.classes])[number]
    minutes = km / np.array([each.kmh for each in park.roads.classes])[number] * 60
    return _whole(park, km, minutes)


def drive_minutes(park: Park, origin: Warehouse, destination: Warehouse) -> int:
    """Return the estimated minutes between two warehouses, rounded up; 0 from one to itself."""
    if origin.id == destination.id:
        return 0
    straight = float(_great_circle((origin.position, destination.position))[0, 1])
    by_distance = next((each for each in park.roads.classes if straight <= each.up_to_km), park.roads.classes[-1])
    return max(SHORTEST_MINUTES, math.ceil(straight * by_distance.circuity / by_distance.kmh * 60 - 1e-9))


def drive_slots(park: Park, origin: Warehouse, destination: Warehouse) -> int:
    """Return the slots that the drive between two warehouses takes; 0 from one to itself."""
    minutes = drive_minutes(park, origin, destination)
    return park.grid.slots_for(minutes) if minutes else 0


def great_circle_km(park: Park) -> FloatArray:
    """Return great-circle distances between all locations, shape (L, L), by the haversine formula."""
    return _great_circle(tuple(park.position_by_location.values()))


def _great_circle(positions: Sequence[Position]) -> FloatArray:
    latitude = np.radians([position.latitude for position in positions])
    longitude = np.radians([position.longitude for position in positions])
    north = np.sin((latitude[:, None] - latitude[None, :]) / 2) ** 2
    east = np.sin((longitude[:, None] - longitude[None, :]) / 2) ** 2
    chord = north + np.cos(latitude)[:, None] * np.cos(latitude)[None, :] * east
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1))), dtype=np.float64)


def _whole(park: Park, km: FloatArray, minutes: FloatArray) -> TravelTable:
    whole_km = np.maximum(np.floor(km + 0.5), SHORTEST_KM).astype(np.int64)
    whole_minutes = np.maximum(np.ceil(minutes - 1e-9), SHORTEST_MINUTES).astype(np.int64)
    np.fill_diagonal(whole_km, 0)
    np.fill_diagonal(whole_minutes, 0)
    return TravelTable(tuple(park.position_by_location), whole_minutes, whole_km)


def _refuse_farthest(park: Park, straight: FloatArray) -> None:
    i, j = np.unravel_index(int(np.argmax(straight)), straight.shape)
    names = list(park.position_by_location)
    last = park.roads.classes[-1].up_to_km
    problem = f"{names[i]} and {names[j]} are {straight[i, j]:.1f} km apart, the last class ends at {last} km"
    raise BadInput(f"park {park.id}", f"roads.classes[{len(park.roads.classes) - 1}].up_to_km", problem)
