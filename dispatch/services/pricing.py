"""Keeps the bid prices of the coming days fresh, beside the requests that they steer.

A day's prices need something to expect: what similar days before it were booked for, and visits that wait for a plan.
Without either the day has no prices. The counters are read, never changed; the arithmetic runs in a thread, free of the
interpreter's lock, so that requests are answered meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dispatch.model.day import Visit
from dispatch.model.park import Park
from dispatch.model.promises import Appointment
from dispatch.planning import expected
from dispatch.planning.capacity import dock_groups, whole_capacity
from dispatch.services import booking
from dispatch.services.desk import Desk
from dispatch.services.price_board import STALE_AFTER, DayPrices
from dispatch.store import codec
from dispatch.store.commit import StoreDown
from dispatch.store.keys import day_prefix, id_of
from solver.reading import IntArray
from solver.slots.forecast import PastRequests
from solver.slots.online import BidPrices, Free, Terms

if TYPE_CHECKING:
    from solver.slots.bidprices import BidPricer

T = TypeVar("T")

DAYS_AHEAD = 7  # days beyond have hardly begun to fill
REFRESH_SECONDS = 5.0
EXPECT_ANEW = timedelta(hours=1)
SOONEST_ANEW = timedelta(minutes=1)  # where visits that wait have come or gone
BATCH = 200  # things read at once
log = logging.getLogger("parkdispatch.prices")


@dataclass(frozen=True, slots=True)
class Expected:
    """Requests of so many earlier days, and those that wait today."""

    requests: PastRequests
    days: int


@dataclass(frozen=True, slots=True)
class _Priced:
    """A day's pricer, on what it was built and when."""

    pricer: "BidPricer"
    waiting: int
    built_at: datetime


class PriceKeeper:
    """Puts prices up on the desk's board: all days once by `refresh`, again and again by `run`."""

    def __init__(self, desk: Desk, clock: Callable[[], datetime], every: float = REFRESH_SECONDS) -> None:
        self._desk = desk
        self._clock = clock
        self._every = every
        self._past: dict[date, PastRequests] = {}
        self._priced: dict[date, _Priced] = {}
        self._seen: tuple[str, datetime] | None = None  # the newest event, and when, of the last refresh
        self._whole = whole_capacity(desk.park)
        self._whole_free = Free(self._whole.docks, self._whole.gates.sum(axis=0, dtype=np.int64), self._whole.quotas)
        self._index = {group.id: i for i, (_, group) in enumerate(dock_groups(desk.park))}
        self._carriers = {enterprise.id: i for i, enterprise in enumerate(desk.park.enterprises)}

    async def run(self) -> None:
        """Refresh until cancelled; a store that is away is waited for, and the prices grow stale meanwhile."""
        try:
            while True:
                try:
                    await self.refresh()
                except StoreDown as fault:
                    log.warning("bid prices wait: %s", fault)
                await asyncio.sleep(self._every)
        except Exception:
            log.exception("bid prices are no longer refreshed")
            raise

    async def refresh(self) -> None:
        """Bring the prices of the coming days up to date, unless nothing has happened since the last time."""
        now, last_event = self._clock(), await self._desk.store.last_event()
        if self._seen is not None and self._seen[0] == last_event and now - self._seen[1] < STALE_AFTER / 2:
            return
        today = self._desk.park.grid.day_of(now)
        self._forget_before(today)
        for ahead in range(min(self._desk.park.rules.booking_horizon_days, DAYS_AHEAD) + 1):
            await self._refresh_day(today + timedelta(days=ahead), today, now)
        self._seen = (last_event, now)

    async def _refresh_day(self, day: date, today: date, now: datetime) -> None:
        waiting = await self._desk.store.count(self._desk.keys.open_visits(day))
        priced = self._priced.get(day)
        if priced is None or _is_outdated(priced, waiting, now):
            priced = await self._priced_anew(day, today, waiting, now)
        if priced is None:
            self._priced.pop(day, None)  # what stands on the board grows stale
            return
        self._priced[day] = priced
        free = await self._free_now(day)
        moment = expected.hours_from(self._desk.park, day, now)
        prices: BidPrices = await asyncio.to_thread(priced.pricer.refresh, free, moment)
        self._desk.prices.post(day, DayPrices(prices, self._index, self._carriers, self._clock()))

    async def _priced_anew(self, day: date, today: date, waiting: int, now: datetime) -> _Priced | None:
        past = await self._expected(day, today)
        if past is None:
            return None
        pricer = await asyncio.to_thread(_pricer, self._desk.park, past, day, self._whole_free)
        return _Priced(pricer, waiting, now)

    async def _expected(self, day: date, today: date) -> Expected | None:
        """Return what the day may expect; None when that is nothing."""
        park = self._desk.park
        earlier = [await self._past_of(each) for each in expected.similar_days(day, today)]
        if not any(len(each.wish) for each in earlier):
            earlier = [await self._past_of(each) for each in expected.days_before(today)]
        earlier = [each for each in earlier if len(each.wish)]  # the others were no days of business
        visits = await _waiting(self._desk, day)
        if not earlier and not visits:
            return None
        return Expected(expected.together([*earlier, expected.waiting_requests(park, day, visits)]), len(earlier))

    async def _past_of(self, day: date) -> PastRequests:
        if day not in self._past:
            self._past[day] = expected.booked_requests(self._desk.park, day, await _confirmed(self._desk, day))
        return self._past[day]

    async def _free_now(self, day: date) -> Free:
        """Return what the counters of a day leave free of the whole park, in the park's order; any gate will do."""
        park, keys, whole = self._desk.park, self._desk.keys, self._whole
        limited = [i for i, enterprise in enumerate(park.enterprises) if enterprise.quota is not None]
        groups = [keys.dock(group, day) for group in self._index]
        gates = [keys.gate(gate.id, day) for gate in park.gates]
        carriers = [keys.carrier(park.enterprises[i].id, day) for i in limited]
        taken = await self._desk.store.taken([*groups, *gates, *carriers])
        used = _table(taken, park.grid.horizon)
        docks, gate, started = np.split(used, [len(groups), len(groups) + len(gates)])
        quota = whole.quotas.copy()
        quota[limited] = np.maximum(0, quota[limited] - started)
        left = np.maximum(0, whole.gates - gate).sum(axis=0, dtype=np.int64)
        return Free(np.maximum(0, whole.docks - docks), left, quota)

    def _forget_before(self, today: date) -> None:
        self._priced = {day: priced for day, priced in self._priced.items() if day >= today}
        oldest = today - timedelta(weeks=expected.WEEKS + 1)
        self._past = {day: past for day, past in self._past.items() if day >= oldest}
        self._desk.prices.forget_before(today)


def _is_outdated(priced: _Priced, waiting: int, now: datetime) -> bool:
    age = now - priced.built_at
    return age > EXPECT_ANEW or (waiting != priced.waiting and age > SOONEST_ANEW)


def _pricer(park: Park, past: Expected, day: date, free: Free) -> "BidPricer":
    from solver.slots.bidprices import BidPricer  # noqa: PLC0415 - compiled code, loaded when there is something to price
    from solver.slots.forecast import expect  # noqa: PLC0415

    rules = park.rules
    terms = Terms(rules.early_cost, rules.late_cost, rules.drop_cost, rules.turn_slots)
    rng = np.random.default_rng(day.toordinal())
    return BidPricer(expect(past.requests, days=past.days, groups=len(free.docks), rng=rng), terms, free)


async def _confirmed(desk: Desk, day: date) -> list[Appointment]:
    """Return the appointments that hold slots on a day."""
    members = await desk.store.members(desk.keys.appointments(), prefix=day_prefix(day))
    found = await _read_all(desk, Appointment, [desk.keys.appointment(id_of(member)) for member in members])
    return [each for each in found if booking.is_held(each)]


async def _waiting(desk: Desk, day: date) -> list[Visit]:
    """Return the visits wished for a day that wait for a plan."""
    members = await desk.store.members(desk.keys.open_visits(day))
    return await _read_all(desk, Visit, [desk.keys.visit(member) for member in members])


async def _read_all(desk: Desk, kind: type[T], keys: Sequence[str]) -> list[T]:
    """Return what stands under the keys, read a few at a time, so that requests are answered between them."""
    found: list[T] = []
    for begin in range(0, len(keys), BATCH):
        stored = await desk.store.find_many(keys[begin : begin + BATCH])
        found += [codec.read(kind, each.document) for each in stored if each is not None]
    return found


def _table(taken: Sequence[dict[str, int]], horizon: int) -> IntArray:
    table = np.zeros((len(taken), horizon), dtype=np.int64)
    for row, slots in enumerate(taken):
        for slot, count in slots.items():
            table[row, int(slot)] = count
    return table
