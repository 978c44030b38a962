"""The bodies and query strings requests bring."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, WithJsonSchema, model_validator
from pydantic.types import StrictBool, StrictInt

from api.http.fields import (
    Body,
    Bulk,
    Cursor,
    Day,
    HandlingMinutes,
    Id,
    Limit,
    Minutes,
    Moment,
    Plate,
    Price,
    Reason,
    Said,
    Weight,
)
from dispatch.model.callers import Role
from dispatch.model.closures import ClosureKind
from dispatch.model.exceptions import ExceptionKind, ExceptionState
from dispatch.model.park import DockKind
from dispatch.model.promises import AppointmentState, LoadState, MatchState, Purpose
from dispatch.planning.kpis import GroupBy
from dispatch.services.event_forms import EventForm
from simulations.scenarios.changes import KINDS

OWN_ID = "Left out: the service gives one. An enterprise's is kept with its name before it: `E001.` and the id."
EventId = Annotated[str, Field(pattern=r"^[0-9]{1,15}(-[0-9]{1,10})?$")]
LONGEST_WINDOW = timedelta(days=7)
ClockTime = Annotated[str, StringConstraints(strict=True, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
CallerName = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]+(:[A-Za-z0-9\u4e00-\u9fff_.-]{1,64})?$")]


def check_window(wish: datetime, earliest: datetime | None, latest: datetime | None) -> None:
    """Raise ValueError unless the wish lies in a window that is not too long."""
    earliest, latest = earliest or wish, latest or wish
    if earliest > latest:
        raise ValueError("earliest must not be after latest")
    if not earliest <= wish <= latest:
        raise ValueError("wish must lie between earliest and latest")
    if latest - earliest > LONGEST_WINDOW:
        raise ValueError("latest must be within 7 days of earliest")


class StopAsked(Body):
    """A later warehouse of a chained visit."""

    warehouse: Id
    cargo_kind: Id
    dock_kind: DockKind | None = None
    minutes: Minutes | None = None
    purpose: Purpose | None = None


class AppointmentAsked(Body):
    """A slot asked for now: at which warehouse, for what, and when it suits."""

    plate: Plate
    carrier: Id
    warehouse: Id
    cargo_kind: Id
    wish: Moment
    dock_kind: DockKind | None = Field(default=None, description="Left out: the kind the cargo needs.")
    minutes: Minutes | None = Field(default=None, description="On the dock. Left out: the cargo kind's handling time.")
    earliest: Moment | None = Field(default=None, description="Left out: the wish less the park's window.")
    latest: Moment | None = Field(default=None, description="Last start. Left out: the wish plus the park's window.")
    load: Id | None = None
    purpose: Purpose | None = Field(
        default=None, description="`dual` delivers and collects, for one gate entry; it takes twice the handling time."
    )
    stops: tuple[StopAsked, ...] = Field(
        default=(),
        max_length=9,
        description="Of a chained visit: the later warehouses, in order. All are booked, or none.",
    )
    waitlist: StrictBool = Field(
        default=False, description="Where there is no room, wait in line for some, to be offered it when it comes free."
    )
    hold: StrictBool = Field(
        default=False, description="Only hold the places; POST .../confirm takes them, else the hold expires."
    )

    @model_validator(mode="after")
    def _window_is_a_window(self) -> Self:
        check_window(self.wish, self.earliest, self.latest)
        return self


class AppointmentAmended(Body):
    """What of an appointment shall be otherwise; what is left out stays. Without `wish` its slot stays."""

    plate: Plate | None = None
    cargo_kind: Id | None = None
    dock_kind: DockKind | None = None
    minutes: Minutes | None = None
    purpose: Purpose | None = None
    load: Id | None = None
    wish: Moment | None = None
    earliest: Moment | None = None
    latest: Moment | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        if self.wish is None and (self.earliest is not None or self.latest is not None):
            raise ValueError("earliest and latest need wish")
        if self.wish is not None:
            check_window(self.wish, self.earliest, self.latest)
        return self


class MoveAsked(Body):
    """Another slot for an appointment: when it suits."""

    wish: Moment
    earliest: Moment | None = Field(default=None, description="Left out: the wish less the park's window.")
    latest: Moment | None = Field(default=None, description="Last start. Left out: the wish plus the park's window.")

    @model_validator(mode="after")
    def _window_is_a_window(self) -> Self:
        check_window(self.wish, self.earliest, self.latest)
        return self


class EtaReported(Body):
    """When a truck is expected before the gate."""

    eta: Moment


class Stood(Body):
    """At which gate a truck stands, and since when."""

    gate: Id | None = Field(default=None, description="Left out by a gate's own key: that gate.")
    arrived_at: Moment | None = Field(default=None, description="When it joined the queue. Left out: now.")


class ArrivalNoted(Stood):
    """A truck before a gate, by exactly one of its pass, its plate and its appointment."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)

    pass_text: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)] | None = Field(
        default=None, alias="pass", description="The text of the QR code."
    )
    plate: Plate | None = None
    appointment: Id | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.pass_text, self.plate, self.appointment)) != 1:
            raise ValueError("give exactly one of pass, plate and appointment")
        return self


class WalkInAsked(Stood):
    """A truck at the gate without an appointment."""

    plate: Plate
    carrier: Id
    warehouse: Id
    cargo_kind: Id
    dock_kind: DockKind | None = None
    minutes: Minutes | None = None
    purpose: Purpose | None = None


class QueueAsked(Body):
    """Whose queue."""

    warehouse: Id


class CheckedOut(Body):
    """A truck that leaves, by exactly one of its plate and its appointment."""

    plate: Plate | None = None
    appointment: Id | None = None
    gate: Id | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.plate is None) == (self.appointment is None):
            raise ValueError("give exactly one of plate and appointment")
        return self


class VisitPosted(Body):
    """A wish to come, to be given its slot by the next plan of its day."""

    id: Id | None = Field(default=None, description=OWN_ID)
    plate: Plate
    carrier: Id
    warehouse: Id
    cargo_kind: Id
    wish: Moment
    earliest: Moment
    latest: Moment
    dock_kind: DockKind | None = Field(default=None, description="Left out: the kind the cargo needs.")
    minutes: Minutes | None = Field(default=None, description="On the dock. Left out: the cargo kind's handling time.")
    weight: Weight = 1
    load: Id | None = None
    collect_minutes: HandlingMinutes = Field(
        default=0, description="Of a dual visit: so many of its minutes, the last, to load what it collects."
    )

    @model_validator(mode="after")
    def _window_is_a_window(self) -> Self:
        if self.earliest > self.latest:
            raise ValueError("earliest must not be after latest")
        if self.latest - self.earliest > LONGEST_WINDOW:
            raise ValueError("latest must be within 7 days of earliest")
        return self


class LoadPosted(Body):
    """A full truckload to be moved."""

    id: Id | None = Field(default=None, description=OWN_ID)
    enterprise: Id
    cargo_kind: Id
    origin: Id
    destination: Id
    earliest: Moment = Field(description="First start of loading.")
    latest: Moment = Field(description="Last start of loading.")
    due: Moment = Field(description="Unloaded by.")
    load_minutes: HandlingMinutes
    unload_minutes: HandlingMinutes
    price: Price | None = Field(default=None, description="What leaving it costs. Left out: the park's drop cost.")
    pickup_visit: Id | None = None
    delivery_visit: Id | None = None
    blocked_carriers: tuple[Id, ...] = Field(
        default=(), max_length=200, description="Trucks of these carriers are never offered it."
    )
    allowed_carriers: tuple[Id, ...] = Field(
        default=(), max_length=200, description="Where any are named, trucks of other carriers are never offered it."
    )

    @model_validator(mode="after")
    def _times_are_in_order(self) -> Self:
        if self.earliest > self.latest:
            raise ValueError("earliest must not be after latest")
        if self.due < self.earliest:
            raise ValueError("due must not be before earliest")
        return self


class HoursPreferred(Body):
    """A daily time, as HH:MM."""

    opens: ClockTime
    closes: ClockTime

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self


class DriverPrefers(Body):
    """What a driver takes; what is left out or empty does not bind."""

    cargo_kinds: tuple[Id, ...] = Field(default=(), max_length=50)
    regions: tuple[Id, ...] = Field(
        default=(),
        max_length=50,
        description="Places outside the park, or kinds of them; the park is always among them.",
    )
    hours: HoursPreferred | None = Field(default=None, description="When loading may begin and the truck is home.")


class TruckAnnounced(Body):
    """Where and when a truck is next free for a load, and when it must be home."""

    carrier: Id
    kind: Id
    home: Id
    free_at: Id
    free_from: Moment
    home_by: Moment
    preferences: DriverPrefers = DriverPrefers()

    @model_validator(mode="after")
    def _times_are_in_order(self) -> Self:
        if self.free_from > self.home_by:
            raise ValueError("free_from must not be after home_by")
        return self


class OfferDeclined(Body):
    """Why an offer is turned down, or given back."""

    reason: Reason = ""


class LoadProgressed(Body):
    """How far a load is."""

    state: Literal[LoadState.AT_PICKUP, LoadState.IN_TRANSIT, LoadState.DELIVERED]


class CarriersListed(Body):
    """Whose trucks an enterprise lets have its loads: none of `blocked`, and of `allowed` alone where any are named."""

    blocked: tuple[Id, ...] = Field(default=(), max_length=500)
    allowed: tuple[Id, ...] = Field(default=(), max_length=500)


class ExceptionReported(Body):
    """Something that went wrong with a load."""

    load: Id
    kind: ExceptionKind
    text: Said = ""
    deadline: Moment | None = Field(default=None, description="To be resolved by. Left out: the park's time for it.")


class ExceptionProgressed(Body):
    """The next state of an exception."""

    state: ExceptionState
    text: Said = ""
    owner: CallerName | None = Field(default=None, description="Who has to see to it from now on.")
    rating: Annotated[StrictInt, Field(ge=1, le=5)] | None = Field(
        default=None, description="How content the reporter is, 1 to 5, when closing it."
    )


class ExplanationAsked(Body):
    """How long an explanation may take."""

    seconds: Annotated[float, Field(ge=0.1, le=10, allow_inf_nan=False)] = 3.0


class PlanAsked(Body):
    """A day to be planned: its open visits and its posted loads."""

    day: Day
    seconds: Annotated[StrictInt, Field(ge=1, le=600)] = Field(
        default=60, description="Time for the solvers: a quarter for slots, the rest for loads."
    )
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 1


def _change_schema(kind: type) -> Any:
    schema = TypeAdapter(kind).json_schema()
    return schema | {"required": [*schema.get("required", ()), "kind"]}


_CHANGES_SCHEMA = {
    "type": "array",
    "maxItems": 50,
    "items": {"anyOf": [_change_schema(kind) for kind in KINDS.values()]},
}


class ScenarioAsked(Body):
    """What would happen to the live plan of a day if something changed (docs/scenarios.md)."""

    base: Literal["live"] = "live"
    day: Day | None = Field(default=None, description="Left out: today in the park.")
    changes: Annotated[list[Any], Field(max_length=50), WithJsonSchema(_CHANGES_SCHEMA)] = Field(
        default_factory=list, description="All known now: the policy plans with them."
    )
    policy: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = Field(
        default="optimised", description="What plans the day again: `none` leaves every appointment where it is."
    )
    replications: Annotated[StrictInt, Field(ge=2, le=1000)] = 20
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 1
    seconds: Annotated[StrictInt, Field(ge=1, le=600)] = Field(default=20, description="Time for planning again.")

    def arguments(self, today: date) -> dict[str, Any]:
        """Return what the scenario's job is asked for."""
        asked = self.model_dump(include={"policy", "replications", "seed", "seconds"})
        return {**asked, "day": self.day or today, "changes": tuple(self.changes)}


class ScenarioApplied(Body):
    """How a scenario's moves are made."""

    consent: Literal["ask", "told"] = Field(
        default="ask",
        description="`ask` holds the new place until the driver answers; `told` moves at once, and he may refuse.",
    )


class MatchingRoundAsked(Body):
    """A matching round: what of its plan is offered."""

    ahead_minutes: Annotated[StrictInt, Field(ge=0, le=24 * 60)] = Field(
        default=60, description="Loads are offered whose trucks must leave within so many minutes."
    )


def _rows_of(name: str) -> Any:
    return WithJsonSchema({"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}, "minItems": 0})


class AppointmentsPosted(Bulk):
    """Many slots asked for at once; each row is given or refused on its own."""

    row_kind = AppointmentAsked
    appointments: Annotated[list[Any], _rows_of("AppointmentAsked")]


class VisitsPosted(Bulk):
    """Many visits at once; each row is taken or refused on its own."""

    row_kind = VisitPosted
    visits: Annotated[list[Any], _rows_of("VisitPosted")]


class LoadsPosted(Bulk):
    """Many loads at once; each row is taken or refused on its own."""

    row_kind = LoadPosted
    loads: Annotated[list[Any], _rows_of("LoadPosted")]


class Paged(Body):
    """One page of a list: at most `limit`, from `cursor` on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Limit = 50
    cursor: Cursor | None = Field(default=None, description="`next` of the page before.")


class AppointmentsAsked(Paged):
    """Which appointments: filters may be combined; `slot` needs `day`."""

    truck: Plate | None = None
    warehouse: Id | None = None
    carrier: Id | None = None
    gate: Id | None = None
    state: AppointmentState | None = None
    day: Day | None = None
    slot: Annotated[int, Field(ge=0, le=1439)] | None = None

    @model_validator(mode="after")
    def _slot_needs_day(self) -> Self:
        if self.slot is not None and self.day is None:
            raise ValueError("slot needs day")
        return self


class VisitsAsked(Paged):
    """Which visits: filters may be combined."""

    day: Day
    truck: Plate | None = None
    warehouse: Id | None = None
    carrier: Id | None = None


class LoadsAsked(Paged):
    """Which loads: filters may be combined."""

    state: LoadState | None = None
    enterprise: Id | None = None


class OffersAsked(Paged):
    """Which offers: filters may be combined."""

    truck: Plate | None = None
    carrier: Id | None = None
    state: MatchState | None = None


class ExceptionsAsked(Paged):
    """Which exceptions: filters may be combined."""

    load: Id | None = None
    enterprise: Id | None = None
    truck: Plate | None = None
    state: ExceptionState | None = None
    owner: CallerName | None = None
    overdue: bool | None = None


class TrucksAsked(Paged):
    """Which trucks, by plate."""

    carrier: Id | None = None


class MatchesAsked(Paged):
    """Whose matches: exactly one of truck and load."""

    truck: Plate | None = None
    load: Id | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.truck is None) == (self.load is None):
            raise ValueError("give exactly one of truck and load")
        return self


class KeyAsked(Body):
    """A key for a system: its role, and whose it is."""

    role: Role
    tenant: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Enterprise, warehouse or gate id, or a driver's plate; none for operator and auditor.",
    )
    carrier: Id | None = Field(default=None, description="Of a driver: the enterprise his truck runs for.")
    note: Annotated[str, StringConstraints(strict=True, max_length=200)] = Field(default="", description="What for.")
    days: Annotated[StrictInt, Field(ge=1, le=3650)] | None = Field(
        default=None, description="Valid for so many days. Left out: until it is revoked."
    )


class TokenAsked(Body):
    """A short token for a person: as whom, and for how long."""

    role: Role | None = Field(default=None, description="Left out: the role of the key that asks.")
    tenant: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Left out with the role. An enterprise may name the plate of a truck that is its own."
    )
    carrier: Id | None = Field(default=None, description="Of a driver. Left out: the enterprise that asks.")
    minutes: Annotated[StrictInt, Field(ge=1, le=60)] = 15


class SigningKeyAsked(Body):
    """A new signing key in place of the one before."""

    distrust: StrictBool = Field(
        default=False, description="Tokens signed before are good no longer; else each is until it expires."
    )


class KeysAsked(Paged):
    """Keys by when they were made."""


class EventsAsked(Body):
    """Which events, in which form."""

    after: EventId | None = Field(
        default=None, description="The id of the event behind which to begin. Left out: a page begins at the oldest."
    )
    limit: Limit = 50
    name: Annotated[str, Field(pattern=r"^[A-Za-z]{1,60}$")] | None = Field(
        default=None, description="Events of this name alone."
    )
    format: EventForm = EventForm.PARK


class SeriesAsked(Body):
    """Slots asked for again and again, at the same time of day by the park's clock."""

    plate: Plate
    carrier: Id
    warehouse: Id
    cargo_kind: Id
    begins: Moment = Field(description="The first wish: its time of day is that of every occurrence.")
    rule: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)] = Field(
        description="An iCalendar RRULE with FREQ=WEEKLY or DAILY, INTERVAL, BYDAY, and COUNT or UNTIL."
    )
    exdates: tuple[Day, ...] = Field(default=(), max_length=366, description="Days of the pattern that are left out.")
    dock_kind: DockKind | None = Field(default=None, description="Left out: the kind the cargo needs.")
    minutes: Minutes | None = Field(default=None, description="On the dock. Left out: the cargo kind's handling time.")
    before_minutes: Annotated[StrictInt, Field(ge=0, le=1440)] | None = Field(
        default=None, description="How much before its wish each may start. Left out: the park's window."
    )
    after_minutes: Annotated[StrictInt, Field(ge=0, le=1440)] | None = None
    waitlist: StrictBool = Field(default=False, description="Where there is no room, each waits in line for some.")


class DaysExcepted(Body):
    """Days of a series that are left out from now on."""

    exdates: tuple[Day, ...] = Field(min_length=1, max_length=366)


class SeriesListed(Paged):
    """Whose series."""

    carrier: Id | None = None
    truck: Plate | None = None


class WaitlistAsked(Paged):
    """Who waits for room on a day: filters may be combined."""

    day: Day
    truck: Plate | None = None
    carrier: Id | None = None
    warehouse: Id | None = None


class ClosureAsked(Body):
    """What shall be closed, from when to when, and why."""

    kind: ClosureKind
    target: Id | None = Field(default=None, description="Dock group, gate or warehouse; left out for the park.")
    begins: Moment
    ends: Moment = Field(description="Within 14 days of begins; a slot that is only touched is closed too.")
    reason: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)] = Field(
        description="As it is told to every driver who must move."
    )
    closed: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="How many docks or lanes; left out: all."
    )

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if (self.target is None) != (self.kind is ClosureKind.PARK):
            raise ValueError("target names what is closed, unless that is the park")
        if self.begins >= self.ends:
            raise ValueError("begins must be before ends")
        return self


class ClosuresAsked(Paged):
    """Closures by when they begin."""


class ChangeRefused(Body):
    """Whether who refuses a changed slot waits in line for another."""

    waitlist: StrictBool = False


class AvailabilityAsked(Body):
    """Which warehouse, docks and day."""

    warehouse: Id
    day: Day
    dock_kind: DockKind | None = Field(default=None, description="Give this or `cargo_kind`.")
    cargo_kind: Id | None = None
    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] | None = Field(
        default=None, description="On the dock. Left out: the cargo kind's handling time, else one slot."
    )

    @model_validator(mode="after")
    def _docks_are_named(self) -> Self:
        if self.dock_kind is None and self.cargo_kind is None:
            raise ValueError("give dock_kind or cargo_kind")
        return self


class CarrierAvailabilityAsked(AvailabilityAsked):
    """The same for a carrier, and for one of its trucks."""

    truck: Plate | None = Field(default=None, description="Which must be free then.")


class HoursAsked(Body):
    """Which day, and which docks: all without a filter."""

    day: Day
    warehouse: Id | None = None
    dock_kind: DockKind | None = None
    cargo_kind: Id | None = None


WebUrl = Annotated[str, StringConstraints(strict=True, min_length=8, max_length=2000)]
EventNames = Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Za-z]{1,60}$")], ...], Field(max_length=100)]


class WebhookAsked(Body):
    """Where an enterprise wants its events sent."""

    enterprise: Id
    url: WebUrl = Field(description="https, a public address; redirects are not followed.")
    names: EventNames = Field(default=(), description="Events of these names alone. Empty: all.")
    format: EventForm = EventForm.PARK


class WebhookChanged(Body):
    """What of a webhook shall be otherwise; what is left out stays."""

    url: WebUrl | None = None
    names: EventNames | None = None
    format: EventForm | None = None
    is_active: StrictBool | None = Field(default=None, description="False: nothing is sent.")


class SecretRotated(Body):
    """How long a webhook is signed with its old secret beside the new one."""

    grace_minutes: StrictInt = Field(
        default=1440, ge=0, le=43_200, description="0: the old secret, if it has leaked, signs nothing from now on."
    )


class WebhooksAsked(Paged):
    """Webhooks by when they were made."""

    enterprise: Id | None = None


class DeadLettersAsked(Paged):
    """What could not be delivered, by when it was given up."""


class ReplayAsked(Body):
    """What to send again."""

    after: EventId | None = Field(default=None, description="Every event behind this one. Left out: what was given up.")


class AuditRead(Paged):
    """Whose deeds, which, and when; filters may be combined."""

    by: Annotated[str, StringConstraints(min_length=1, max_length=120)] | None = Field(
        default=None, description="operator, enterprise, enterprise:E001, driver:浙B12345, a timer or a job."
    )
    name: Annotated[str, Field(pattern=r"^[A-Za-z]{1,60}$")] | None = None
    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="What it was done to: appointment/ID, load/ID, truck/PLATE."
    )
    since: Moment | None = None
    until: Moment | None = Field(default=None, description="Before this.")


class TableForm(StrEnum):
    """In which form figures are wanted."""

    JSON = "json"
    CSV = "csv"


class KpisAsked(Body):
    """Of which days, told for each of what, in which form."""

    day: Day
    days: Annotated[int, Field(ge=1, le=31)] = 1
    by: GroupBy = GroupBy.HOUR
    format: TableForm = TableForm.JSON
