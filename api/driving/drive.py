"""A drive: the park's day as those who drive it know it, and the agenda of what they will do when."""

import heapq
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ParamSpec

import numpy as np

from api.driving.callers import Callers, Who
from dispatch.model.callers import Role
from dispatch.model.day import Load
from dispatch.model.park import Park
from simulations.driving import habits
from simulations.driving.script import Script

Act = Callable[[], Awaitable[object]]
Document = dict[str, Any]
P = ParamSpec("P")


class Agenda:
    """Acts by when they are due; those of the same moment in the order in which they were put down."""

    def __init__(self) -> None:
        self._acts: list[tuple[datetime, int, Act]] = []
        self._numbers = itertools.count()

    def at(self, moment: datetime, act: Callable[P, Awaitable[object]], *of: P.args, **more: P.kwargs) -> None:
        """Put an act down for a moment; for the next step when that is past."""
        due: tuple[datetime, int, Act] = (moment, next(self._numbers), partial(act, *of, **more))
        heapq.heappush(self._acts, due)

    def next_at(self) -> datetime | None:
        """Return when the next act is due, None when there is none."""
        return self._acts[0][0] if self._acts else None

    def due(self, now: datetime) -> list[Act]:
        """Return the acts that are due, and strike them out."""
        found = []
        while self._acts and self._acts[0][0] <= now:
            found.append(heapq.heappop(self._acts)[2])
        return found


@dataclass(slots=True)
class Drive:
    """What everybody shares who drives a day.

    `appointments` are as the events last told them, `placed_at` is when each came to its place; `counts` are what the
    report says was done.
    """

    park: Park
    script: Script
    callers: Callers
    agenda: Agenda
    clock: Callable[[], datetime]
    seed: int
    step: timedelta
    appointments: dict[str, Document] = field(default_factory=dict)
    placed_at: dict[str, datetime] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)  # as posted, by the ids the service knows them by
    posted: dict[str, str] = field(default_factory=dict)  # those ids, by the enterprises' own
    counts: Counter[str] = field(default_factory=Counter)

    def dice(self, *names: object) -> np.random.Generator:
        """Return the random generator of a name."""
        return habits.dice(self.seed, *names)

    def answers_at(self, expires_at: str, part: float) -> datetime:
        """Return when somebody answers who lets a part of his time pass: now, where it ends before the next step."""
        left = max(timedelta(0), moment(expires_at) - self.clock())
        return self.clock() + left * part // self.step * self.step

    def driver(self, appointment: Document) -> Who:
        """Return who acts for a truck: its driver with a token, or its carrier."""
        plate, carrier = str(appointment["plate"]), str(appointment["carrier"])
        if self.dice("token", plate).random() < habits.BY_TOKEN:
            return Who(Role.DRIVER, plate, carrier)
        return Who(Role.ENTERPRISE, carrier)


def moment(text: str) -> datetime:
    """Return a moment as answers and events have it."""
    return datetime.fromisoformat(text)
