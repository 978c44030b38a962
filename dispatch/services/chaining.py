"""Starts of chained visits: several warehouses in order for one gate entry, the drive between them kept free. Pure.

From each open start at the first warehouse, every later one is begun as early as it can be. No other chain from there
ends sooner or stands less altogether, so where this one stands too long, all do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from dispatch.model.park import Park
from dispatch.model.refusals import DocksFull, Refusal, TruckBusy
from dispatch.services.openings import (
    DayCounters,
    Opening,
    Wanted,
    Window,
    find_nearest,
    find_obstacle,
    list_openings,
    slots_within,
)


@dataclass(frozen=True, slots=True)
class Leg:
    """A later warehouse of a chained visit, and the slots that the drive to it takes."""

    wanted: Wanted
    drive_slots: int


class ChainDay(NamedTuple):
    """One day's counters: of the first warehouse, and of each later one."""

    first: DayCounters
    later: tuple[DayCounters, ...]


def find_chain(
    park: Park, wanted: Wanted, legs: Sequence[Leg], window: Window, days: Sequence[ChainDay], now: datetime
) -> Opening | None:
    """Return the open chain within the window that is best by F1, then the earlier one; or None."""
    spans = {day.first.day: slots_within(park, wanted, window, day.first.day, now) for day in days}
    nearest = list_chains(park, wanted, legs, window.wish, days, now)
    return next((chain for chain in nearest if chain.slot in spans[chain.day]), None)


def list_chains(
    park: Park, wanted: Wanted, legs: Sequence[Leg], wish: datetime, days: Sequence[ChainDay], now: datetime
) -> list[Opening]:
    """Return every open chain of the days, the nearest first."""
    by_day = {day.first.day: day for day in days}
    found = []
    for opening in list_openings(park, wanted, wish, [day.first for day in days], now):
        stops = _follow(park, opening.slot, wanted, legs, by_day[opening.day])
        if not isinstance(stops, Refusal):
            found.append(replace(opening, stops=stops))
    return found


def find_chain_obstacle(
    park: Park, wanted: Wanted, legs: Sequence[Leg], window: Window, days: Iterable[ChainDay], now: datetime
) -> Refusal | None:
    """Return why the chain cannot begin in the best slot of its window; None when no slot lies in it, or it can."""
    by_day = {day.first.day: day for day in days}
    nearest = find_nearest(park, wanted, window, [day.first for day in by_day.values()], now)
    if nearest is None:
        return None
    slot, counters = nearest
    stops = find_obstacle(park, wanted, counters, slot) or _follow(park, slot, wanted, legs, by_day[counters.day])
    return stops if isinstance(stops, Refusal) else None


def _follow(park: Park, slot: int, wanted: Wanted, legs: Sequence[Leg], day: ChainDay) -> tuple[int, ...] | Refusal:
    """Return the slots in which the later warehouses are begun, or what is full."""
    stops: list[int] = []
    at = slot + wanted.slots
    patience = park.rules.chain_wait_minutes // park.grid.slot_minutes
    for leg, counters in zip(legs, day.later, strict=True):
        earliest = at + leg.drive_slots
        last = min(earliest + patience, park.grid.horizon - leg.wanted.slots)
        begin = next((t for t in range(earliest, last + 1) if _has_dock(counters, t, leg.wanted.slots)), None)
        if begin is None:
            at_text = park.slot_text(min(earliest, park.grid.horizon))
            return DocksFull(f"dock group {leg.wanted.group.id} from {at_text} on")
        stops.append(begin)
        patience -= begin - earliest
        at = begin + leg.wanted.slots
    for t in range(slot, at + park.rules.turn_slots):
        if _is_busy(park, day.first, t):
            return TruckBusy(f"truck {wanted.plate} {park.slot_text(t % park.grid.horizon)}")
    return tuple(stops)


def _has_dock(counters: DayCounters, slot: int, slots: int) -> bool:
    return bool((counters.docks < counters.dock_limits)[slot : slot + slots].all())


def _is_busy(park: Park, counters: DayCounters, slot: int) -> bool:
    days, rest = divmod(slot, park.grid.horizon)
    held = counters.truck_next_day if days else counters.truck
    return rest < len(held) and held[rest] > 0
