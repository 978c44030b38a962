"""Time in steps and money in small units, both rounded so that whatever is computed on them is a lower bound.

A moment t is the step floor((t - zero) / step); a leg of m minutes takes floor(m / step) steps. Steps of a
lawful schedule then follow each other lawfully: nothing is lost, a little time is won. Waiting is charged as
time passed minus time at work: every step that passes costs `step` minutes, every leg gives its exact
minutes back. Over a chain the passed steps exceed the passed minutes by at most step - 1, which `mercy`
gives back once.

Money is in units of `unit_of / unit_by` of the instance's: scaled up for finer prices where 32 bits have
room, scaled down, rounding down, where the instance's prices are huge.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.network import Network
from solver.reading import IntArray

Int32Array = NDArray[np.int32]

NEVER = 2**30  # in place of a cost: no way
_ROOM = 2**28  # a path's cost in units stays below
_STEPS = 420  # as fine as the horizon allows with about so many steps
_FINEST = 16  # units per unit of the instance's money, at best


class Grid(NamedTuple):
    """The relaxed problem's arrays, int32.

    `origin` and `destination` number the places where loads begin (Q) and end (D), `origin_places` and
    `destination_places` are those places. Per load: first and last step of its start, steps of its duration
    and `credit`, the units its rounding wins. `usable` loads have a window; `instant` ones take no step.
    `leg_steps` and `leg_cost` (D, Q) are empty legs. `steps` is the number of steps, `block` steps can be
    computed together.
    """

    zero: int
    step: int
    steps: int
    block: int
    unit_by: int
    unit_of: int
    mercy: int
    step_wait: int
    origin_places: IntArray
    destination_places: IntArray
    origin: IntArray
    destination: IntArray
    first_step: IntArray
    last_step: IntArray
    duration_steps: IntArray
    credit: IntArray
    usable: NDArray[np.bool_]
    instant: NDArray[np.bool_]
    leg_steps: Int32Array
    leg_cost: Int32Array
    by_origin: IntArray
    by_origin_cut: IntArray


def grid(net: Network, *, steps: int = _STEPS) -> Grid:
    """Return the relaxed arrays of a network with at least one load that has a window."""
    usable = net.earliest <= net.last_start
    zero = int(net.earliest[usable].min())
    end = int((net.last_start + net.duration)[usable].max())
    step = max(1, -(-(end - zero) // steps))
    duration_steps = net.duration // step
    instant = usable & (duration_steps == 0)
    timed = usable & ~instant
    shortest = int(duration_steps[timed].min()) if timed.any() else 1
    unit_by, unit_of = _unit(net, (end - zero) // step + 2, shortest)
    origin_places, origin = np.unique(net.origin, return_inverse=True)
    destination_places, destination = np.unique(net.destination, return_inverse=True)
    legs = np.ix_(destination_places, origin_places)
    minutes = net.minutes[legs]
    won = net.price_wait * (minutes - step * (minutes // step))
    by_origin = np.argsort(origin, kind="stable")
    return Grid(
        zero=zero,
        step=step,
        steps=(end - zero) // step + 1,
        block=1 if instant.any() else min(64, shortest),
        unit_by=unit_by,
        unit_of=unit_of,
        mercy=-(-net.price_wait * (step - 1) * unit_by // unit_of),
        step_wait=net.price_wait * step * unit_by // unit_of,
        origin_places=origin_places,
        destination_places=destination_places,
        origin=origin,
        destination=destination,
        first_step=(net.earliest - zero) // step,
        last_step=(net.last_start - zero) // step,
        duration_steps=duration_steps,
        credit=-(-net.price_wait * (net.duration - step * duration_steps) * unit_by // unit_of),
        usable=usable,
        instant=instant,
        leg_steps=(minutes // step).astype(np.int32),
        leg_cost=((net.price_km * net.km[legs] - won) * unit_by // unit_of).astype(np.int32),
        by_origin=by_origin,
        by_origin_cut=np.searchsorted(origin[by_origin], np.arange(len(origin_places) + 1)),
    )


def _unit(net: Network, steps: int, shortest: int) -> tuple[int, int]:
    """Return (by, of) such that no path's cost in units, money * by / of, comes near NEVER.

    A path has at most steps / shortest loads that are worth something, each with at most its price, two legs'
    time given back and one leg's cost.
    """
    leg = int(net.km.max()) * net.price_km
    time = net.price_wait * (int(net.duration.max()) + int(net.minutes.max()))
    loads = steps // max(1, shortest) + 1
    largest = max(1, 2 * leg + net.price_truck + loads * (int(net.drop.max()) + time))
    for by in (_FINEST, 8, 4, 2, 1):
        if largest * by <= _ROOM:
            return by, 1
    return 1, -(-largest // _ROOM)
