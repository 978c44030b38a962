"""A day driven through the API: everybody who has business with the park, from the eve to the morning after.

The clock is set onward from step to step; at each the timers do their work, what happened is read from the events, and
all who have something to do now do it at once.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.driving import booking, closing, freight
from api.driving.callers import AUDITOR, OPERATOR
from api.driving.closing import Closed, shut_by
from api.driving.coming import Trucks
from api.driving.drive import Act, Document, Drive, moment
from api.driving.occupation import HOLDING, oversold
from dispatch.clock import SteppedClock
from dispatch.store.store import Store
from dispatch.worker.jobs import find_oldest

LOOK_SECONDS = 0.002
JOB_LOOK_SECONDS = 0.05
LONGEST_LEAP = timedelta(minutes=5)  # an offer that is made meanwhile can still be answered
CHECKED_HOURS = (6, 10, 13, 16)  # of the day, when nobody may be oversold either
AFTER = timedelta(hours=30, minutes=10)  # from midnight of the day: its record is kept by then
PLACING = ("day", "slot", "gate", "dock_group")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the clock goes on in one step, and how far ahead of a job that is not done."""

    step: timedelta
    patience: timedelta


@dataclass(slots=True)
class Driven:
    """What came of a drive, as far as it can be known from outside.

    `states` counts appointments as they are listed, `told_states` as events told them, `day_states` those of the day.
    """

    events: int = 0
    event_names: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    told_states: Counter[str] = field(default_factory=Counter)
    day_states: Counter[str] = field(default_factory=Counter)
    oversold: list[str] = field(default_factory=list)
    checks: int = 0
    closures: list[Closed] = field(default_factory=list)
    plan: Document = field(default_factory=dict)
    kpis: Document = field(default_factory=dict)
    day_seconds: float = 0.0


class Run:
    """Drives a script over a running service whose clock it sets."""

    def __init__(self, drive: Drive, clock: SteppedClock, store: Store, pace: Pace, say: Say) -> None:
        self._drive = drive
        self._clock = clock
        self._store = store
        self._pace = pace
        self._say = say
        self._trucks = Trucks(drive)
        self._heard = "0"
        self.driven = Driven()

    async def through(self) -> Driven:
        """Drive the day to its end and read what came of it."""
        script, grid = self._drive.script, self._drive.park.grid
        booking.begin(self._drive)
        freight.begin(self._drive)
        closing.begin(self._drive, self.driven.closures)
        self._trucks.begin()
        self._drive.agenda.at(script.plans, self._plan)
        for hour in CHECKED_HOURS:
            self._drive.agenda.at(grid.moment_of(script.day.date, 60 * hour), self._check_occupation)
        midnight = grid.moment_of(script.day.date, 0)
        clock = asyncio.get_running_loop().time
        await self._until(midnight)
        began = clock()
        await self._until(grid.moment_of(script.day.date + timedelta(days=1), 0))
        self.driven.day_seconds = clock() - began
        await self._until(midnight + AFTER)
        await self._read_the_end()
        return self.driven

    # the clock

    async def _until(self, end: datetime) -> None:
        """Go from step to step until the clock stands at the end and nobody has anything to do."""
        said = -1
        while self._clock() < end:
            await self._set(min(end, self._next_step()))
            await self._hear()
            while acts := self._drive.agenda.due(self._clock()):
                await asyncio.gather(*map(self._act, acts))
            local = self._clock().astimezone(self._drive.park.grid.zone)
            if local.hour != said:
                said = local.hour
                self._say(f"{local:%a %H:%M}  {self.driven.events} events, {self._standing()}")

    def _next_step(self) -> datetime:
        """Return when the next act is due, in whole steps; not farther than a leap."""
        now, due = self._clock(), self._drive.agenda.next_at()
        ahead = LONGEST_LEAP if due is None else min(LONGEST_LEAP, due - now)
        return now + self._pace.step * max(1, -(-ahead // self._pace.step))

    async def _set(self, now: datetime) -> None:
        self._clock.set(now)
        while self._clock.done < now:  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(LOOK_SECONDS)
        await self._wait_for_jobs(now - self._pace.patience)

    async def _wait_for_jobs(self, asked_before: datetime) -> None:
        """Wait until no job is left that was asked for before a moment."""
        while True:
            oldest = await find_oldest(self._store)
            if oldest is None or oldest.submitted_at >= asked_before:
                return
            await asyncio.sleep(JOB_LOOK_SECONDS)

    async def _act(self, act: Act) -> None:
        try:
            await act()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is told, and the day goes on
            where = traceback.extract_tb(fault.__traceback__)[-1]
            text = f"{type(fault).__name__} {fault} at {where.name}, line {where.lineno}"
            self._drive.callers.ledger.note_fault(f"{getattr(act, 'func', act)!r}: {text}")

    # what happens

    async def _hear(self) -> None:
        """Read what has happened since, as the auditor, and let those react whom it concerns."""
        while True:
            answer = await self._drive.callers.get(AUDITOR, "list_events", "/v1/events", after=self._heard, limit=200)
            for event in answer.document["items"]:
                self.driven.events += 1
                self.driven.event_names[event["name"]] += 1
                self._take_in(event)
            self._heard = answer.document["last"] or self._heard
            if answer.document["next"] is None:
                return

    def _take_in(self, event: Document) -> None:
        data, name = event["data"], event["name"]
        if isinstance(data, dict) and "dock_group" in data:
            self._note_place(data, moment(event["at"]))
            self._drive.appointments[data["id"]] = data
            self._trucks.expect(data)
        if name == "AppointmentOffered":
            booking.offered_from_line(self._drive, data)
        elif name == "AppointmentDisplaced":
            booking.displaced(self._drive, data)
        elif name == "OfferMade":
            freight.offered(self._drive, data)
        elif name == "LoadDelivered":
            freight.delivered(self._drive, data)

    def _note_place(self, new: Document, at: datetime) -> None:
        old = self._drive.appointments.get(new["id"])
        was_held = old is not None and old["state"] in HOLDING
        if new["state"] in HOLDING and not (was_held and old and all(old[name] == new[name] for name in PLACING)):
            self._drive.placed_at[new["id"]] = at

    def _standing(self) -> str:
        counted = Counter(each["state"] for each in self._drive.appointments.values())
        return ", ".join(f"{count} {state}" for state, count in sorted(counted.items()))

    # the operator

    async def _plan(self) -> None:
        """Have the day planned; the clock stands meanwhile."""
        day = self._drive.script.day
        seconds = max(2, min(60, len(day.visits) // 200))
        body = {"day": day.date.isoformat(), "seconds": seconds, "seed": self._drive.seed % 2**31}
        callers = self._drive.callers
        asked = await callers.post(OPERATOR, "make_plan", "/v1/plans", body, creates=True)
        path = f"/v1/plans/{asked.document['id']}"
        while True:
            plan = (await callers.get(OPERATOR, "get_plan", path)).document
            if plan["state"] not in ("queued", "running"):
                break
            await asyncio.sleep(JOB_LOOK_SECONDS)
        if plan["state"] != "succeeded":
            callers.ledger.note_fault(f"the plan has {plan['state']}: {plan['error']}")
        self.driven.plan = plan["result"] or {}
        self._say(f"planned: {plan['state']}")

    async def _check_occupation(self) -> None:
        """Hold everything that is booked against what the park has."""
        found = await self._appointments()
        shut = shut_by(self._drive.park, self.driven.closures)
        wrong = oversold(self._drive.park, found, shut, self._drive.placed_at)
        local = self._clock().astimezone(self._drive.park.grid.zone)
        self.driven.oversold += [f"{local:%a %H:%M}: {each}" for each in wrong]
        self.driven.checks += 1

    async def _appointments(self) -> list[Document]:
        return await self._drive.callers.every(AUDITOR, "list_appointments", "/v1/appointments")

    async def _read_the_end(self) -> None:
        await self._wait_for_jobs(self._clock() + LONGEST_LEAP)
        await self._hear()
        await self._check_occupation()
        found = await self._appointments()
        self.driven.states = Counter(each["state"] for each in found)
        self.driven.told_states = Counter(each["state"] for each in self._drive.appointments.values())
        day = self._drive.script.day.date.isoformat()
        self.driven.day_states = Counter(each["state"] for each in found if each["day"] == day)
        for by in ("hour", "warehouse", "carrier"):
            answer = await self._drive.callers.get(AUDITOR, "read_kpis", "/v1/kpis", day=day, by=by)
            self.driven.kpis[by] = answer.document
