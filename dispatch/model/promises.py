"""Appointments and matches: what the park has promised, with their life cycles as tables."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from dispatch.model.park import FORBID_UNKNOWN, DockKind


class AppointmentState(StrEnum):
    """Where an appointment is in its life. That it was moved is no state: see `Moved`."""

    REQUESTED = "requested"  # its places are held until it is confirmed, or `expires_at`
    WAITLISTED = "waitlisted"  # nothing is held; it waits for room
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"  # in the park, at no dock
    AT_DOCK = "at_dock"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # not confirmed in time, or kept away by the park's own delay
    NO_SHOW = "no_show"


S = AppointmentState
HOLDING = frozenset({S.REQUESTED, S.CONFIRMED, S.CHECKED_IN, S.AT_DOCK, S.COMPLETED})  # what it took stays taken
INSIDE = frozenset({S.CHECKED_IN, S.AT_DOCK})  # its truck is in the park


APPOINTMENT_LIFE: dict[tuple[AppointmentState, str], AppointmentState] = {
    (S.REQUESTED, "confirm"): S.CONFIRMED,
    (S.REQUESTED, "amend"): S.REQUESTED,
    (S.REQUESTED, "move"): S.REQUESTED,
    (S.REQUESTED, "cancel"): S.CANCELLED,
    (S.REQUESTED, "expire"): S.EXPIRED,
    (S.REQUESTED, "wait"): S.WAITLISTED,
    (S.WAITLISTED, "offer"): S.REQUESTED,
    (S.WAITLISTED, "cancel"): S.CANCELLED,
    (S.WAITLISTED, "expire"): S.EXPIRED,
    (S.CONFIRMED, "amend"): S.CONFIRMED,
    (S.CONFIRMED, "move"): S.CONFIRMED,
    (S.CONFIRMED, "report_eta"): S.CONFIRMED,
    (S.CONFIRMED, "offer_move"): S.CONFIRMED,
    (S.CONFIRMED, "refuse_move"): S.CONFIRMED,
    (S.CONFIRMED, "lapse_move"): S.CONFIRMED,
    (S.CONFIRMED, "excuse"): S.CONFIRMED,
    (S.CONFIRMED, "arrive"): S.CONFIRMED,
    (S.CONFIRMED, "displace"): S.CONFIRMED,
    (S.CONFIRMED, "accept_change"): S.CONFIRMED,
    (S.CONFIRMED, "refuse_change"): S.CANCELLED,
    (S.CONFIRMED, "wait"): S.WAITLISTED,
    (S.REQUESTED, "displace"): S.REQUESTED,
    (S.REQUESTED, "accept_change"): S.REQUESTED,
    (S.REQUESTED, "refuse_change"): S.CANCELLED,
    (S.CONFIRMED, "cancel"): S.CANCELLED,
    (S.CONFIRMED, "miss"): S.NO_SHOW,
    (S.CONFIRMED, "expire"): S.EXPIRED,
    (S.CONFIRMED, "check_in"): S.CHECKED_IN,
    (S.CHECKED_IN, "start_dock"): S.AT_DOCK,
    (S.CHECKED_IN, "check_out"): S.COMPLETED,
    (S.AT_DOCK, "finish_stop"): S.CHECKED_IN,
    (S.AT_DOCK, "finish_dock"): S.COMPLETED,
    (S.AT_DOCK, "check_out"): S.COMPLETED,
    (S.COMPLETED, "check_out"): S.COMPLETED,
}

EVENT_OF: dict[str, str] = {
    "request": "AppointmentRequested",
    "wait": "AppointmentWaitlisted",
    "offer": "AppointmentOffered",
    "confirm": "AppointmentConfirmed",
    "amend": "AppointmentAmended",
    "move": "AppointmentMoved",
    "report_eta": "EtaReported",
    "offer_move": "MoveOffered",
    "refuse_move": "MoveRefused",
    "lapse_move": "MoveLapsed",
    "excuse": "LatenessExcused",
    "arrive": "TruckArrived",
    "displace": "AppointmentDisplaced",
    "accept_change": "ChangeAccepted",
    "refuse_change": "ChangeRefused",
    "cancel": "AppointmentCancelled",
    "expire": "AppointmentExpired",
    "miss": "AppointmentMissed",
    "check_in": "TruckCheckedIn",
    "start_dock": "DockStarted",
    "finish_stop": "DockFinished",
    "finish_dock": "DockFinished",
    "check_out": "TruckCheckedOut",
}


WITHDRAWN = "withdrawn by the park"  # why an appointment was cancelled, when the park did it
GIVEN_UP = "given up before it was confirmed"  # a hold, an offer or a place in line


class Source(StrEnum):
    """Who asked for the appointment."""

    REQUEST = "request"  # a driver or enterprise, answered at once
    PLAN = "plan"  # a published plan
    WALK_IN = "walk_in"  # a truck at the gate without an appointment
    OFFER = "offer"  # the driver of an accepted load


class Purpose(StrEnum):
    """What the truck comes for; `dual` delivers and collects at one dock, for one gate entry."""

    DELIVER = "deliver"
    COLLECT = "collect"
    DUAL = "dual"


class Lane(StrEnum):
    """How a truck was let in, in the order in which docks take them."""

    BOOKED = "booked"  # within its tolerance
    WALK_IN = "walk_in"
    LATE = "late"  # beyond its tolerance, before the limit


@dataclass(frozen=True, slots=True)
class Stop:
    """A later warehouse of a chained visit; times as of `Appointment`."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    warehouse: str
    dock_group: str
    dock_kind: DockKind
    cargo_kind: str
    slot: int
    slots: int
    purpose: Purpose | None = None
    dock_started_at: datetime | None = None
    dock_finished_at: datetime | None = None
    freed_slots: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """What an appointment was before it was last moved, and why it was."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    day: date
    slot: int
    gate: str
    reason: str


@dataclass(frozen=True, slots=True)
class MoveOffer:
    """Another place that is held for an appointment until `expires_at`, beside its own."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    day: date
    slot: int
    gate: str
    expires_at: datetime
    reason: str
    stops: tuple[Stop, ...] = ()
    pool: str | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """The promise of a slot for a visit. `slots` is how many slots the dock is held from `slot` on.

    `wish`, `earliest` and `latest` are what was asked for: later days are expected to ask for the like. A chained visit
    has further `stops`, in order, for the one gate entry. `due_at` is when a sweep must look at it. One with a `match`
    is held for an accepted load, and given back with it alone.
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
    match: str | None = None
    wish: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    purpose: Purpose | None = None
    stops: tuple[Stop, ...] = ()
    expires_at: datetime | None = None  # of a request that is not confirmed
    due_at: datetime | None = None
    changed_at: datetime | None = None
    reason: str = ""  # why it came into its state, where that needs one
    moves: int = 0
    moved: Moved | None = None
    offer: MoveOffer | None = None
    eta: datetime | None = None
    excused_minutes: int = 0  # of lateness, by the park's own delay
    lane: Lane | None = None
    arrived_at: datetime | None = None  # in the queue before the gate
    checked_in_at: datetime | None = None
    dock_started_at: datetime | None = None
    dock_finished_at: datetime | None = None
    left_at: datetime | None = None
    freed_slots: int = 0  # at its end, given back since it was done before: no longer among `slots`
    displaced_by: str | None = (
        None  # the closure or scenario that moved or cancelled it: its driver may refuse, blameless
    )
    pool: str | None = None  # whose entries it took, where priority groups have shares (`dispatch.model.shares`)


class LoadState(StrEnum):
    """Where a load is in its life."""

    POSTED = "posted"  # nobody has it; a plan may have it in mind (`LoadRecord.match`)
    OFFERED = "offered"
    ACCEPTED = "accepted"
    AT_PICKUP = "at_pickup"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    DISPUTED = "disputed"  # delivered, with an exception that is not closed
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # nobody took it while it could still be loaded

    @classmethod
    def _missing_(cls, value: object) -> "LoadState | None":
        """Read what older stores call matched: a plan had the load in mind."""
        return cls.POSTED if value == "matched" else None


LOAD_LIFE: dict[tuple[LoadState, str], LoadState] = {
    (LoadState.POSTED, "plan"): LoadState.POSTED,
    (LoadState.POSTED, "reopen"): LoadState.POSTED,
    (LoadState.POSTED, "offer"): LoadState.OFFERED,
    (LoadState.POSTED, "withdraw"): LoadState.WITHDRAWN,
    (LoadState.POSTED, "expire"): LoadState.EXPIRED,
    (LoadState.OFFERED, "reopen"): LoadState.POSTED,
    (LoadState.OFFERED, "accept"): LoadState.ACCEPTED,
    (LoadState.OFFERED, "withdraw"): LoadState.WITHDRAWN,
    (LoadState.OFFERED, "expire"): LoadState.EXPIRED,
    (LoadState.ACCEPTED, "reopen"): LoadState.POSTED,
    (LoadState.ACCEPTED, "arrive"): LoadState.AT_PICKUP,
    (LoadState.AT_PICKUP, "depart"): LoadState.IN_TRANSIT,
    (LoadState.IN_TRANSIT, "deliver"): LoadState.DELIVERED,
    (LoadState.DELIVERED, "dispute"): LoadState.DISPUTED,
    (LoadState.DISPUTED, "settle"): LoadState.DELIVERED,
}


class MatchState(StrEnum):
    """What a match is to its truck's driver."""

    PLANNED = "planned"  # decided by the plan of a day; offered when it is due
    OFFERED = "offered"
    ACCEPTED = "accepted"
    FINISHED = "finished"  # all its loads are delivered
    DECLINED = "declined"
    EXPIRED = "expired"  # the driver was silent
    HANDED_BACK = "handed_back"  # accepted, and given back before the first pickup
    UNDONE = "undone"  # taken from the truck before the driver answered


MATCH_LIFE: dict[tuple[MatchState, str], MatchState] = {
    (MatchState.PLANNED, "offer"): MatchState.OFFERED,
    (MatchState.PLANNED, "undo"): MatchState.UNDONE,
    (MatchState.OFFERED, "accept"): MatchState.ACCEPTED,
    (MatchState.OFFERED, "decline"): MatchState.DECLINED,
    (MatchState.OFFERED, "expire"): MatchState.EXPIRED,
    (MatchState.OFFERED, "undo"): MatchState.UNDONE,
    (MatchState.ACCEPTED, "hand_back"): MatchState.HANDED_BACK,
    (MatchState.ACCEPTED, "finish"): MatchState.FINISHED,
}


@dataclass(frozen=True, slots=True)
class MatchedLoad:
    """One load of a chain with the planned begins of its loading and unloading.

    `alone_km` are the empty kilometres of the same truck if it drove for this load alone, from its home and back.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    load: str
    starts_at: datetime
    unloads_at: datetime | None = None
    alone_km: int = 0


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
    carrier: str = ""

    @property
    def saved_km(self) -> int:
        """Return the empty kilometres that driving every load of the chain alone would have cost more."""
        return sum(each.alone_km for each in self.loads) - self.empty_km
