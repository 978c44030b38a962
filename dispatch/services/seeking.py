"""A start sought in the live counters and taken by one commit: the best in a window, or why not and what instead."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from dispatch.model.refusals import Alternative, DocksFull, GateFull, Refusal
from dispatch.services.booking import find_too_many_open
from dispatch.services.chaining import ChainDay, Leg, find_chain, find_chain_obstacle, list_chains
from dispatch.services.closures import closures_of, told_closed
from dispatch.services.counters import CounterView, Held, Together
from dispatch.services.desk import Desk
from dispatch.services.openings import (
    DayCounters,
    Opening,
    Wanted,
    Window,
    alternative,
    find_nearest,
    find_obstacle,
    find_opening,
    list_openings,
    nearest_costs,
    never_open,
    slots_within,
)
from dispatch.store.commit import CounterFull

ROUNDS = 3  # of reading the counters and trying every start they leave open
LOSSES = 200  # of starts to others, in one round

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sought:
    """What a start is sought for, with the clock of its coming in.

    A chained visit has later `legs`. `held` are the counters that whoever asks has taken already: they are free to it.
    """

    wanted: Wanted
    window: Window
    now: datetime
    legs: tuple[Leg, ...] = ()
    held: Held = frozenset()


async def seek(desk: Desk, sought: Sought, take: Callable[[Opening], Awaitable[T]]) -> T:
    """Return what `take` makes of the start that is best by F1 and the bid prices, of those the live counters leave
    open in the window.

    Raises the Refusal that names the full resource, with the nearest starts that would be accepted now. Capacity is
    decided by the commit of `take` alone: when it raises CounterFull, the start is passed over for the next one.
    """
    views = _Views(desk, sought)
    days = _days_of(desk, sought)
    for number in range(ROUNDS):
        views.forget()
        views.heeds_promises = number == 0
        taken, lost_any = await _try_openings(desk, sought, views, take, days)
        if taken is not None:
            return taken
        if not lost_any:
            break
    raise await _shared_refusal(desk, sought, views, days)


async def nearest_alternatives(desk: Desk, sought: Sought, refusal: Refusal) -> Refusal:
    """Return the refusal with the nearest starts that would be accepted now."""
    refusal.alternatives = await _alternatives(desk, sought, _Views(desk, sought))
    return refusal


class _Views:
    """The counters of every warehouse of what is sought, as last looked at.

    While it `heeds_promises`, what others who looked at the same have been led to is no longer open.
    """

    def __init__(self, desk: Desk, sought: Sought) -> None:
        wanted = (sought.wanted, *(leg.wanted for leg in sought.legs))
        self._views = [CounterView(desk, each, sought.now, sought.held) for each in wanted]
        self._slots = sought.wanted.slots
        self.heeds_promises = False

    async def read(self, days: Sequence[date]) -> list[ChainDay]:
        """Return the counters of the days as they were read."""
        if len(self._views) == 1:
            return [ChainDay(day, ()) for day in await self._views[0].read(days)]
        first, *later = [await view.read(days) for view in self._views]
        return [ChainDay(day, tuple(each[i] for each in later)) for i, day in enumerate(first)]

    def together(self, day: date) -> Together | None:
        """Return what the counters of a day are to all who look at the same; None where they are looked at alone."""
        return self._views[0].together(day) if len(self._views) == 1 else None

    def left(self, days: Sequence[ChainDay]) -> list[ChainDay]:
        """Return the counters that were read less what has been promised since."""
        shared = [self.together(day.first.day) for day in days]
        return [ChainDay(each.left, ()) if each else day for each, day in zip(shared, days, strict=True)]

    def has_read_only(self, days: Sequence[date]) -> bool:
        """Answer whether no other days were looked at."""
        return self._views[0].days_read <= set(days)

    def promise(self, opening: Opening) -> None:
        """Count an opening as taken, for those who look at the same."""
        shared = self.together(opening.day)
        if shared is not None:
            shared.promise(opening, self._slots)

    def note(self, full: CounterFull) -> None:
        for view in self._views:
            view.note(full)

    def forget(self) -> None:
        for view in self._views:
            view.forget()


def _days_of(desk: Desk, sought: Sought) -> list[date]:
    first, last = (desk.park.grid.day_of(edge) for edge in (sought.window.earliest, sought.window.latest))
    days = (first + timedelta(days=i) for i in range((last - first).days + 1))
    return [day for day in days if slots_within(desk.park, sought.wanted, sought.window, day, sought.now)]


async def _try_openings(
    desk: Desk,
    sought: Sought,
    views: _Views,
    take: Callable[[Opening], Awaitable[T]],
    days: Sequence[date],
) -> tuple[T | None, bool]:
    """Return what was taken, if any start could be had, and whether any start was lost to somebody else."""
    for lost in range(LOSSES):
        read = await views.read(days)
        heeds = views.heeds_promises and not lost
        left = views.left(read) if heeds else read
        opening = _find(desk, sought, left)
        if opening is None:
            return None, lost > 0 or any(now.first is not then.first for now, then in zip(left, read, strict=True))
        if heeds:
            views.promise(opening)
        try:
            return await take(opening), lost > 0
        except CounterFull as full:
            hoarding = find_too_many_open(desk.keys, full, opening.day)
            if hoarding is not None:
                raise hoarding from None
            views.note(full)  # closes at least this start at this gate
    return None, True


def _find(desk: Desk, sought: Sought, days: Sequence[ChainDay]) -> Opening | None:
    if sought.legs:
        return find_chain(desk.park, sought.wanted, sought.legs, sought.window, days, sought.now)
    return find_opening(desk.park, sought.wanted, sought.window, _firsts(days), sought.now)


def _list(desk: Desk, sought: Sought, days: Sequence[ChainDay], most: int) -> list[Opening]:
    if sought.legs:
        return list_chains(desk.park, sought.wanted, sought.legs, sought.window.wish, days, sought.now)[:most]
    return list_openings(desk.park, sought.wanted, sought.window.wish, _firsts(days), sought.now, most)


def _firsts(days: Sequence[ChainDay]) -> list[DayCounters]:
    return [day.first for day in days]


async def _shared_refusal(desk: Desk, sought: Sought, views: _Views, days: Sequence[date]) -> Refusal:
    """Return the refusal, found once for all who ask the same of the same counters."""
    read = await views.read(days)
    shared = views.together(days[0]) if len(days) == 1 else None
    if shared is None:
        return await _refusal(desk, sought, views, read)
    now = sought.now
    minute = now.replace(second=0, microsecond=0)  # no slot and no release begins within one
    question = (sought.window, sought.wanted.slots, minute, now == minute)
    known = shared.refusals.get(question)
    if known is not None:
        return _again(known)
    refusal = await _refusal(desk, sought, views, read)
    if views.has_read_only(days):  # on other days another's truck may be busy
        shared.refusals[question] = _again(refusal)
    return refusal


def _again(refusal: Refusal) -> Refusal:
    """Return one that says the same, to be raised to another."""
    return type(refusal)(refusal.resource, refusal.alternatives, opens_at=refusal.opens_at)


async def _refusal(desk: Desk, sought: Sought, views: _Views, days: Sequence[ChainDay]) -> Refusal:
    """Return why the best start of the window cannot be had, with the nearest starts that can."""
    park, window = desk.park, sought.window
    refusal = await _obstacle(desk, sought, days)
    if refusal is None:
        day = park.grid.day_of(window.wish)
        refusal = never_open(park, sought.wanted, day, park.grid.slot_of(window.wish, day), sought.now)
    refusal.alternatives = await _alternatives(desk, sought, views)
    return refusal


async def _obstacle(desk: Desk, sought: Sought, days: Sequence[ChainDay]) -> Refusal | None:
    park, wanted, window = desk.park, sought.wanted, sought.window
    if sought.legs:
        return find_chain_obstacle(park, wanted, sought.legs, window, days, sought.now)
    nearest = find_nearest(park, wanted, window, _firsts(days), sought.now)
    if nearest is None:
        return None
    slot, counters = nearest
    refusal = find_obstacle(park, wanted, counters, slot)
    if counters.closures and isinstance(refusal, DocksFull | GateFull):
        closures = await closures_of(desk.store, counters.day)
        return told_closed(park, wanted, refusal, closures, counters.day, slot)
    return refusal


async def _alternatives(desk: Desk, sought: Sought, views: _Views) -> tuple[Alternative, ...]:
    found = []
    for opening in await _nearest(desk, sought, views):
        (day,) = await views.read([opening.day])  # seen before
        offered = alternative(desk.park, sought.wanted, sought.window.wish, opening, day.first)
        waits = await desk.wait_board.find(desk.store, opening.day, sought.now)
        if waits is not None:
            gate, dock = waits.at_gate(offered.gate, offered.slot), waits.at_dock(sought.wanted.group.id, offered.slot)
            offered = replace(offered, gate_wait_minutes=gate, dock_wait_minutes=dock)
        found.append(offered)
    return tuple(found)


async def _nearest(desk: Desk, sought: Sought, views: _Views) -> list[Opening]:
    """Return the nearest openings on any bookable day, as many as the house offers."""
    most = desk.park.rules.alternatives
    days: list[ChainDay] = []
    found: list[Opening] = []
    for cost, day in _bookable_days(desk, sought):
        if len(found) >= most and found[most - 1].cost <= cost:
            break  # no start of this day or a farther one is nearer
        days += await views.read([day])
        found = _list(desk, sought, days, most)
    return found


def _bookable_days(desk: Desk, sought: Sought) -> list[tuple[int, date]]:
    """Return each bookable day with the least cost any of its slots can have, the nearest first."""
    park, wish = desk.park, sought.window.wish
    today = park.grid.day_of(sought.now)
    days = (today + timedelta(days=each) for each in range(park.rules.booking_horizon_days + 1))
    return sorted((cost, day) for day, cost in nearest_costs(park, wish, days))
