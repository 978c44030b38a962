"""Appointments and matches: what the park has promised, with their life cycles as tables."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from dispatch.model.park import FORBID_UNKNOWN, DockKind


class AppointmentState(StrEnum):
    """Where an appointment is in its life."""

    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Source(StrEnum):
    """Who asked for the appointment."""

    REQUEST = "request"  # a driver or enterprise, answered at once
    PLAN = "plan"  # a published plan


APPOINTMENT_LIFE: dict[tuple[AppointmentState, str], AppointmentState] = {
    (AppointmentState.CONFIRMED, "cancel"): AppointmentState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Appointment:
    """The promise of a slot for a visit. `slots` is how many slots the dock is held from `slot` on.

    `wish`, `earliest` and `latest` are what was asked for: later days are expected to ask for the like.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    state: AppointmentState
    source: Source
    plate: str
    carrier: str
    warehouse: str
    dock_group: str
    dock_kind: DockKind
    cargo_kind: str
    gate: str
    day: date
    slot: int
    slots: int
    made_at: datetime
    visit: str | None = None
    load: str | None = None
    wish: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None


class LoadState(StrEnum):
    """Where a load is in its life."""

    POSTED = "posted"
    MATCHED = "matched"
    WITHDRAWN = "withdrawn"


LOAD_LIFE: dict[tuple[LoadState, str], LoadState] = {
    (LoadState.POSTED, "match"): LoadState.MATCHED,
    (LoadState.POSTED, "withdraw"): LoadState.WITHDRAWN,
    (LoadState.MATCHED, "unmatch"): LoadState.POSTED,
}


class MatchState(StrEnum):
    """What a match is to its truck's driver."""

    PLANNED = "planned"  # decided by the plan of a day
    OFFERED = "offered"  # proposed by a matching round


@dataclass(frozen=True, slots=True)
class MatchedLoad:
    """One load of a chain with the planned begin of its loading."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    load: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Match:
    """A truck's chain of loads, in order, as one plan or matching round (`plan`) decided it."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    plate: str
    plan: str
    day: date
    loads: tuple[MatchedLoad, ...]
    empty_km: int
    loaded_km: int
    state: MatchState = MatchState.PLANNED
