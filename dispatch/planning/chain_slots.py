"""The slots that chains want for their visits: of all in which a chain can be driven, those that cost least."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dispatch.planning.matching import MatchingProblem
from dispatch.planning.tied import Ties
from solver.matching.plan import Chain, MatchingPlan
from solver.reading import IntArray

FAR = 10**9


@dataclass(frozen=True, slots=True)
class Stop:
    """A load of a chain by slots: its visit may start in slots `first` to `last`, and wishes to in `wish`.

    In slot s its loading begins at minute `s * slot_minutes - before`; the next load of the chain, or being at home,
    can follow `busy` minutes after that. `planned` is the slot that holds the planned begin.
    """

    visit: str
    first: int
    last: int
    planned: int
    wish: int
    weight: int
    before: int
    busy: int


@dataclass(frozen=True, slots=True)
class Row:
    """A truck's chain as stops, from when it can begin loading at the first, to when it must be done with the last."""

    begins: int
    done_by: int
    stops: tuple[Stop, ...]


def chain_slots(ties: Ties, problem: MatchingProblem, plan: MatchingPlan) -> dict[str, int]:
    """Return the slot that each visit of a chain should have, by its id."""
    rows = [_row(ties, problem, chain) for chain in plan.chains]
    found = [pair for row in rows for pair in zip(row.stops, nearest(row, ties.park.grid.slot_minutes), strict=True)]
    return {stop.visit: slot for stop, slot in found if stop.visit}


def nearest(row: Row, slot_minutes: int) -> Sequence[int]:
    """Return the slots of a chain's visits that cost least: waiting minutes, and slots from wishes by their weight.

    The planned slots where there are none in which every load begins as its slot begins.
    """
    free, best = np.array([row.begins]), np.zeros(1, dtype=np.int64)
    came: list[IntArray] = []
    for number, stop in enumerate(row.stops):
        slots = np.arange(stop.first, stop.last + 1)
        begins = slots * slot_minutes - stop.before
        wait = begins[:, None] - free[None, :]
        total = np.where(wait >= 0, best[None, :] + wait * (number > 0), FAR)
        came.append(total.argmin(axis=1))
        best = np.minimum(total.min(axis=1) + stop.weight * np.abs(slots - stop.wish), FAR)
        free = begins + stop.busy
    best = np.where(free <= row.done_by, best, FAR)
    if best.min() >= FAR:
        return [stop.planned for stop in row.stops]
    place, chosen = int(best.argmin()), []
    for stop, back in zip(reversed(row.stops), reversed(came), strict=True):
        chosen.append(stop.first + place)
        place = int(back[place])
    return chosen[::-1]


def _row(ties: Ties, problem: MatchingProblem, chain: Chain) -> Row:
    instance = problem.instance
    loads, trucks, minutes = instance.loads, instance.trucks, instance.minutes
    begins = trucks.free_from[chain.truck] + minutes[trucks.start[chain.truck], loads.origin[chain.loads[0]]]
    ends = [*(loads.origin[i] for i in chain.loads[1:]), trucks.home[chain.truck]]
    stops = []
    for i, start, end in zip(chain.loads, chain.starts, ends, strict=True):
        stop = _stop(ties, problem, i, start)
        stops.append(replace(stop, busy=stop.busy + int(minutes[loads.destination[i], end])))
    return Row(int(begins), int(trucks.home_by[chain.truck]), tuple(stops))


def _stop(ties: Ties, problem: MatchingProblem, i: int, start: int) -> Stop:
    """Return a load as a stop, busy until it is unloaded; one without a visit begins as planned."""
    instance, load = problem.instance, problem.loads[i]
    loads, slot_minutes = instance.loads, ties.park.grid.slot_minutes
    drive = instance.minutes[loads.origin[i], loads.destination[i]]
    busy = int(loads.load_minutes[i] + drive + loads.unload_minutes[i])
    visit = ties.visit_of(load)
    if visit is None:
        return Stop("", 0, 0, 0, 0, 0, before=-start, busy=busy)
    before = ties.minutes_before(load)
    latest = int(min(loads.latest[i], loads.due[i] - busy))
    slot = (start + before) // slot_minutes
    first = min(slot, -(-(int(loads.earliest[i]) + before) // slot_minutes))
    last = max(slot, (latest + before) // slot_minutes)
    return Stop(visit.id, first, last, slot, ties.wish_slot(visit), visit.weight, before, busy)
