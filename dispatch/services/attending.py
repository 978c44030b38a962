"""The record of past days, kept once each is over, and what it earns and allows: peak entries, docks promised beyond.

Whoever answers requests keeps the newest allowances in memory; the counters they bound are taken in the commits.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dispatch.model.allowances import Allowances, monday_of
from dispatch.model.attendance import Attendance, CarrierRecord, attendance_of, place_of
from dispatch.model.earning import Earned, earned
from dispatch.model.overbooking import docks_promised, overflow_probability
from dispatch.model.park import Park
from dispatch.model.promises import Appointment
from dispatch.services.desk import Desk, not_there
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, StoreDown, Write
from dispatch.store.keys import day_prefix, id_of
from dispatch.store.store import Store

SETTLED_AFTER = timedelta(hours=6)  # of a day's end: by then the sweep has dealt with all who did not come
REFRESH_SECONDS = 60.0
AT_ONCE = 1000
WEEK = timedelta(days=7)
log = logging.getLogger("parkdispatch.attendance")


@dataclass(frozen=True, slots=True)
class WeekEarned:
    """What a carrier has earned for the week that begins on `monday`; `is_final` once the week before is over."""

    monday: date
    is_final: bool
    earned: Earned


async def close_days(store: Store, park: Park, now: datetime) -> int:
    """Keep the record of each day that is over and has none yet; return of how many."""
    closed = 0
    for day in _past_days(park, now):
        if park.grid.start_of(day + timedelta(days=1), 0) + SETTLED_AFTER > now:
            continue
        key = store.keys.attendance(day)
        if await store.find(key) is None:
            document = codec.dump(attendance_of(park, await _appointments(store, day)))
            told = codec.dump({"day": day})
            commit = Commit((Expect(key, 0),), writes=(Write(key, document),), events=(Event("DayClosed", told),))
            await store.commit_many([commit])  # another worker may have kept the same
            closed += 1
    return closed


class Attendances:
    """Reads the records of days that are over, each once; a day that has none yet counts for nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[date, Attendance] = {}

    async def of(self, days: Sequence[date]) -> Attendance:
        """Return the days' records together."""
        new = [day for day in days if day not in self._known]
        stored = await self._store.find_many([self._store.keys.attendance(day) for day in new]) if new else []
        for day, each in zip(new, stored, strict=True):
            if each is not None:
                self._known[day] = codec.read(Attendance, each.document)
        return sum((self._known[day] for day in days if day in self._known), start=Attendance())


class AllowanceKeeper:
    """Puts the newest allowances up on the desk's board."""

    def __init__(self, desk: Desk, clock: Callable[[], datetime]) -> None:
        self._desk = desk
        self._clock = clock
        self._attendances = Attendances(desk.store)

    async def run(self) -> None:
        """Refresh until cancelled; a store that is away is waited for, and what was allowed stays allowed meanwhile."""
        while True:
            try:
                await self.refresh()
            except StoreDown as fault:
                log.warning("allowances wait: %s", fault)
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Bring the allowances up to date."""
        now, park = self._clock(), self._desk.park
        peaks: dict[tuple[str, date], int] = {}
        if park.peak_slots and park.rules.earned.slope_percent:
            for monday, days, _ in _weeks(park, now):
                peaks |= peak_entries(park, monday, await self._attendances.of(days), len(days))
        overflow = park.rules.overbooking.overflow_percent / 100
        rates = no_show_rates(park, await self._attendances.of(_recent(park, now))) if overflow else {}
        self._desk.allowance_board.post(Allowances(peaks, rates, overflow))


async def keep_record(desk: Desk, now: datetime) -> None:
    """Keep the records of days that are over, and put up on the desk's board what they earn and allow."""
    await close_days(desk.store, desk.park, now)
    await AllowanceKeeper(desk, lambda: now).refresh()


@dataclass(frozen=True, slots=True)
class Overbooked:
    """A dock group in an hour in which more docks are promised than there are, and the chance that too many come."""

    dock_group: str
    hour: int
    no_show_percent: float
    docks: int
    promised: int
    factor: float
    overflow_percent: float


async def list_overbooked(desk: Desk, now: datetime) -> list[Overbooked]:
    """Return where more docks are promised than there are, by the no-show rates observed; nothing while it is off."""
    park, overflow = desk.park, desk.park.rules.overbooking.overflow_percent / 100
    rates = no_show_rates(park, await Attendances(desk.store).of(_recent(park, now))) if overflow else {}
    docks = {group.id: group.docks for warehouse in park.warehouses for group in warehouse.dock_groups}
    found = []
    for (group, hour), rate in rates.items():
        promised = docks_promised(docks[group], rate, overflow)
        if promised > docks[group]:
            chance = round(100 * overflow_probability(promised, docks[group], rate), 2)
            factor = round(promised / docks[group], 3)
            shown = round(100 * rate, 1)
            found.append(Overbooked(group, hour, shown, docks[group], promised, factor, chance))
    return found


async def list_earned(desk: Desk, carrier: str, now: datetime) -> list[WeekEarned]:
    """Return what a carrier has earned for this week and, so far, for the next; NotThere when it is not known."""
    if carrier not in desk.park.enterprise_by_id:
        raise not_there("carrier", carrier)
    attendances = Attendances(desk.store)
    weeks = []
    for monday, days, is_final in _weeks(desk.park, now):
        record = (await attendances.of(days)).carriers.get(carrier, CarrierRecord())
        weeks.append(WeekEarned(monday, is_final, earned(record, len(days), desk.park.rules.earned)))
    return weeks


def peak_entries(park: Park, monday: date, record: Attendance, days: int) -> dict[tuple[str, date], int]:
    """Return the peak entries a day of the carriers that have wasted slots, in the week that begins on a Monday, by the
    record of so many days before it.
    """
    terms = park.rules.earned
    limits = {carrier: earned(each, days, terms).peak_entries for carrier, each in record.carriers.items()}
    return {(carrier, monday): limit for carrier, limit in limits.items() if limit is not None}


def no_show_rates(park: Park, record: Attendance) -> dict[tuple[str, int], float]:
    """Return the no-show rate of each dock group and hour in which enough trucks were expected, unless it is 0."""
    rates = {}
    for group in (group for warehouse in park.warehouses for group in warehouse.dock_groups):
        for hour in range(24):
            shows = record.shows.get(place_of(group.id, hour))
            if shows is not None and shows.missed and shows.expected >= park.rules.overbooking.least_expected:
                rates[group.id, hour] = shows.missed / shows.expected
    return rates


def _weeks(park: Park, now: datetime) -> list[tuple[date, list[date], bool]]:
    """Return (Monday, the days of the week before that are over, whether all are) of this week and the next."""
    today = park.grid.day_of(now)
    this = monday_of(today)
    last_week = [this - WEEK + timedelta(days=i) for i in range(7)]
    return [
        (this, last_week, True),
        (this + WEEK, [this + timedelta(days=i) for i in range(today.weekday())], False),
    ]


def _recent(park: Park, now: datetime) -> list[date]:
    today = park.grid.day_of(now)
    return [today - timedelta(days=i) for i in range(1, park.rules.overbooking.days + 1)]


def _past_days(park: Park, now: datetime) -> list[date]:
    today = park.grid.day_of(now)
    return [today - timedelta(days=i) for i in range(1, max(14, park.rules.overbooking.days) + 1)]


async def _appointments(store: Store, day: date) -> list[Appointment]:
    members = await store.members(store.keys.appointments(), prefix=day_prefix(day))
    found: list[Appointment] = []
    for begin in range(0, len(members), AT_ONCE):
        keys = [store.keys.appointment(id_of(member)) for member in members[begin : begin + AT_ONCE]]
        stored = await store.find_many(keys)
        found += [codec.read(Appointment, each.document) for each in stored if each is not None]
    return found
