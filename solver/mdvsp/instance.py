"""The two vehicle scheduling problems as frozen arrays, checked at birth (formulation.md)."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from solver.reading import BadInput, IntArray

PER_VEHICLE: Final = 1000  # what a vehicle costs where trips may shift
MAX_COST: Final = 10**9  # of one link; the cost of every plan stays far from 2**53
MAX_TRIPS: Final = 100_000
MAX_DEPOTS: Final = 1_000
MAX_CAPACITY: Final = 10**9
MAX_TIME: Final = 100_000  # minutes, either way: some ten weeks
MAX_TRAVEL: Final = 100_000
MAX_SHIFT: Final = 720
MAX_STATES: Final = 4_000_000  # trips times starting minutes
MAX_CELLS: Final = 50_000_000  # minutes from first to last times places times depots


@dataclass(frozen=True, slots=True)
class FixedInstance:
    """Trips at fixed times, of which only the cost of each link is known; -1 where a link is forbidden.

    `pull_out` (depots, trips), `pull_in` (trips, depots), `link` (trips, trips), row from, column to. All arrays are
    int64 and read-only; `order` lists the trips so that every link runs forwards. Raises BadInput at birth when a
    number is out of range, when trips can follow each other in a circle (then their times are not fixed), or when some
    trip is on no route: no depot can send a vehicle to it and take it back.
    """

    capacity: IntArray
    pull_out: IntArray
    pull_in: IntArray
    link: IntArray
    source: str = "vehicle scheduling instance"
    order: IntArray = field(init=False)

    def __post_init__(self) -> None:
        depots, trips = len(self.capacity), len(self.link)
        _check_sizes(self.source, depots, trips)
        shapes = {
            "capacity": ((depots,), 0, MAX_CAPACITY),
            "pull_out": ((depots, trips), -1, MAX_COST),
            "pull_in": ((trips, depots), -1, MAX_COST),
            "link": ((trips, trips), -1, MAX_COST),
        }
        for name, (shape, low, high) in shapes.items():
            object.__setattr__(self, name, _frozen(self.source, name, getattr(self, name), shape, (low, high)))
        object.__setattr__(self, "order", _frozen(self.source, "order", _order(self), (trips,), (0, MAX_TRIPS)))
        _check_routes(self)

    @property
    def trips(self) -> int:
        """Return the number of trips."""
        return len(self.link)

    @property
    def depots(self) -> int:
        """Return the number of depots."""
        return len(self.capacity)


@dataclass(frozen=True, slots=True)
class ShiftInstance:
    """Trips between places, each of which may start up to `shift` minutes earlier or later than planned.

    Places 0 to depots - 1 are the depots. `travel` (places, places) in minutes, row from, column to; per trip `origin`,
    `start`, `destination`, `end`. All arrays are int64 and read-only. Raises BadInput at birth when a number is out of
    range or a trip does not end after it starts.
    """

    capacity: IntArray
    travel: IntArray
    origin: IntArray
    start: IntArray
    destination: IntArray
    end: IntArray
    shift: int = 0
    source: str = "vehicle scheduling instance"

    def __post_init__(self) -> None:
        depots, trips, places = len(self.capacity), len(self.start), len(self.travel)
        _check_sizes(self.source, depots, trips)
        if depots > places:
            raise BadInput(self.source, "", f"has {depots} depots but {places} places; depots are the first places")
        if not 0 <= self.shift <= MAX_SHIFT:
            raise BadInput(self.source, "shift", f"is {self.shift}, must be from 0 to {MAX_SHIFT} minutes")
        if trips * (2 * self.shift + 1) > MAX_STATES:
            at_most = (MAX_STATES // trips - 1) // 2
            raise BadInput(self.source, "shift", f"is {self.shift}, must be at most {at_most} for {trips} trips")
        shapes = {
            "capacity": ((depots,), 0, MAX_CAPACITY),
            "travel": ((places, places), 0, MAX_TRAVEL),
            "origin": ((trips,), 0, places - 1),
            "start": ((trips,), -MAX_TIME, MAX_TIME),
            "destination": ((trips,), 0, places - 1),
            "end": ((trips,), -MAX_TIME, MAX_TIME),
        }
        for name, (shape, low, high) in shapes.items():
            object.__setattr__(self, name, _frozen(self.source, name, getattr(self, name), shape, (low, high)))
        late = np.flatnonzero(self.end <= self.start)
        if len(late):
            t = int(late[0])
            raise BadInput(
                self.source, f"trip {t}", f"ends at {self.end[t]}, must end after it starts at {self.start[t]}"
            )

        minutes = int(self.end.max() - self.start.min()) + 2 * self.shift + 1
        if minutes * places * depots > MAX_CELLS:
            problem = (
                f"{minutes} minutes, {places} places and {depots} depots; their product must be at most {MAX_CELLS}"
            )
            raise BadInput(self.source, "", problem)

    @property
    def trips(self) -> int:
        """Return the number of trips."""
        return len(self.start)

    @property
    def depots(self) -> int:
        """Return the number of depots."""
        return len(self.capacity)

    @property
    def earliest(self) -> IntArray:
        """Return the earliest minute each trip may start."""
        return self.start - self.shift

    @property
    def latest(self) -> IntArray:
        """Return the latest minute each trip may start."""
        return self.start + self.shift


Instance = FixedInstance | ShiftInstance


def _check_sizes(source: str, depots: int, trips: int) -> None:
    if not 1 <= depots <= MAX_DEPOTS:
        raise BadInput(source, "", f"has {depots} depots, must have 1 to {MAX_DEPOTS}")
    if not 1 <= trips <= MAX_TRIPS:
        raise BadInput(source, "", f"has {trips} trips, must have 1 to {MAX_TRIPS}")


def _frozen(source: str, name: str, values: IntArray, shape: tuple[int, ...], span: tuple[int, int]) -> IntArray:
    """Return a read-only int64 copy of the right shape, every number of it in the span."""
    array = np.array(values, dtype=np.int64, order="C")
    if array.shape != shape:
        raise BadInput(source, name, f"has the shape {array.shape}, must have {shape}")
    wrong = np.argwhere((array < span[0]) | (array > span[1]))
    if len(wrong):
        index = "".join(f"[{i}]" for i in wrong[0])
        raise BadInput(source, f"{name}{index}", f"is {array[tuple(wrong[0])]}, must be from {span[0]} to {span[1]}")
    array.flags.writeable = False
    return array


def _order(instance: FixedInstance) -> IntArray:
    """Return the trips so that every link runs forwards, layer by layer; BadInput when links run in a circle."""
    links = instance.link >= 0
    waiting = links.sum(axis=0)
    layers, left = [], np.ones(instance.trips, np.bool_)
    while left.any():
        layer = np.flatnonzero(left & (waiting == 0))
        if not len(layer):
            t = int(np.flatnonzero(left)[0])
            problem = (
                "can follow itself through other trips, so that its time is not fixed; links must not run in circles"
            )
            raise BadInput(instance.source, f"trip {t}", problem)
        layers.append(layer)
        left[layer] = False
        waiting = waiting - links[layer].sum(axis=0)
    return np.concatenate(layers)


def _check_routes(instance: FixedInstance) -> None:
    """Refuse a trip that no depot can send a vehicle to and take it back from."""
    links = instance.link >= 0
    sent, taken = instance.pull_out.T >= 0, instance.pull_in >= 0
    for t in instance.order:
        sent[t] |= sent[links[:, t]].any(axis=0)
    for t in instance.order[::-1]:
        taken[t] |= taken[links[t]].any(axis=0)
    lost = np.flatnonzero(~(sent & taken & (instance.capacity > 0)).any(axis=1))
    if len(lost):
        problem = "is on no route: there is no depot from which a vehicle can reach it and to which it can return"
        raise BadInput(instance.source, f"trip {lost[0]}", problem)
