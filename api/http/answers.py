"""The bodies answers have, for the OpenAPI document; the bytes themselves are written by orjson."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dispatch.model.callers import Role
from dispatch.model.closures import ClosureKind, ClosureState
from dispatch.model.exceptions import ExceptionKind, ExceptionState
from dispatch.model.park import DockKind
from dispatch.model.promises import AppointmentState, Lane, LoadState, MatchState, Purpose, Source
from dispatch.model.series import OccurrenceState, SeriesState
from dispatch.planning.kpis import GroupBy
from dispatch.services.event_forms import EventForm
from dispatch.worker.jobs import JobState


class Answer(BaseModel):
    """What an answer consists of, and nothing else."""

    model_config = ConfigDict(extra="forbid")


WAITS = "Expected minutes of waiting, from simulations of the plan as it stands; null where nothing is known."


class AlternativeAnswer(Answer):
    """A start that would be accepted now."""

    day: date
    slot: int
    starts_at: datetime
    gate: str
    not_nearer: str = Field(
        default="", description="The full resource that forbids the start one slot nearer to the wish, if one does."
    )
    gate_wait_minutes: float | None = Field(default=None, description=WAITS)
    dock_wait_minutes: float | None = Field(default=None, description=WAITS)


class FieldError(Answer):
    """One field of the request that cannot be used."""

    field: str = Field(description="Path of the field: body.visits[3].minutes, query.limit, header.Idempotency-Key.")
    problem: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it. `type` is stable; GET it for its meaning."""

    model_config = ConfigDict(extra="forbid")
    type: str
    title: str
    status: int
    detail: str
    resource: str = Field(default="", description="The full resource or the rule that binds.")
    alternatives: list[AlternativeAnswer] = Field(default=[], description="Starts that would be accepted now.")
    opens_at: datetime | None = Field(default=None, description="When it can be had, where time alone brings it.")
    errors: list[FieldError] = Field(default=[], description="The fields that cannot be used.")
    maybe_done: bool = Field(default=False, description="The change may have been made though no answer came.")


class ProblemText(Answer):
    """What a problem type means and what to do about it."""

    type: str
    title: str
    status: int
    advice: str


class StopAnswer(Answer):
    """A later warehouse of a chained visit."""

    warehouse: str
    dock_group: str
    dock_kind: DockKind
    cargo_kind: str
    slot: int
    slots: int
    starts_at: datetime
    ends_at: datetime
    purpose: Purpose | None
    dock_started_at: datetime | None
    dock_finished_at: datetime | None
    freed_slots: int


class MovedAnswer(Answer):
    """Where an appointment was before its last move, and why it was moved."""

    day: date
    slot: int
    gate: str
    starts_at: datetime
    reason: str


class MoveOfferAnswer(Answer):
    """Another place held for the appointment until `expires_at`, beside its own."""

    day: date
    slot: int
    gate: str
    starts_at: datetime
    expires_at: datetime
    reason: str
    stops: list[StopAnswer]
    pool: str | None


class AppointmentAnswer(Answer):
    """The promise of a slot: the dock is held for `slots` slots from `slot` on."""

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
    starts_at: datetime
    ends_at: datetime
    gate_wait_minutes: float | None = Field(description=f"{WAITS} Told of one that is given, changed or read.")
    dock_wait_minutes: float | None = Field(description=f"{WAITS} Told of one that is given, changed or read.")
    made_at: datetime
    visit: str | None
    load: str | None
    match: str | None = Field(description="The accepted offer whose load it is held for; given back with it alone.")
    displaced_by: str | None = Field(
        description="The closure or scenario that moved or cancelled it; its driver may refuse."
    )
    pool: str | None = Field(description="Whose entries of the slot it took, where priority groups have shares.")
    wish: datetime | None = Field(description="The start asked for.")
    earliest: datetime | None
    latest: datetime | None
    purpose: Purpose | None
    stops: list[StopAnswer] = Field(description="The later warehouses of a chained visit, in order.")
    expires_at: datetime | None = Field(description="Until when a request that is held must be confirmed.")
    changed_at: datetime | None
    reason: str = Field(description="Why it came into its state, where that needs one.")
    moves: int = Field(description="How often it was moved.")
    moved: MovedAnswer | None
    offer: MoveOfferAnswer | None
    eta: datetime | None = Field(description="When the truck was last said to arrive.")
    excused_minutes: int = Field(description="Lateness that is the park's own, as its queues show.")
    lane: Lane | None = Field(description="How the truck was let in; docks take them in this order.")
    arrived_at: datetime | None = Field(description="When the truck joined the queue at the gate.")
    checked_in_at: datetime | None
    dock_started_at: datetime | None
    dock_finished_at: datetime | None
    left_at: datetime | None
    freed_slots: int = Field(description="Dock slots at its end that it did not need and gave back.")


class QueueAnswer(Answer):
    """Trucks that wait for a dock, in the order in which they are due."""

    items: list[AppointmentAnswer]


class SweepAnswer(Answer):
    """How often each step was made: expire, lapse_move, excuse, miss."""

    made: dict[str, int]


class PassAnswer(Answer):
    """The pass of an appointment."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    appointment: str
    pass_text: str = Field(alias="pass", description="`PD1.<payload>.<signature>`: what its QR code says.")


class GateKeyAnswer(Answer):
    """The key by which passes are known. A pass is `PD1.<payload>.<signature>`, both base64url without padding: the
    payload a JSON array of park, appointment, plate, gate, begin, version; the signature Ed25519 over `PD1.<payload>`.
    """

    algorithm: Literal["Ed25519"]
    form: str
    public_key: str = Field(description="The 32 bytes in base64url.")
    pem: str


class AppointmentPage(Answer):
    """Appointments by slot, then id."""

    items: list[AppointmentAnswer]
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class ClosureAnswer(Answer):
    """Something closed, and what became of who was booked there."""

    id: str
    kind: ClosureKind
    target: str
    closed: int | None = Field(description="How many docks or lanes; null is all.")
    begins: datetime
    ends: datetime
    reason: str
    made_at: datetime
    state: ClosureState
    cancelled_at: datetime | None
    replanning: JobState | None = Field(description="How far the planning of the booked visits is.")
    result: dict[str, Any] | None = Field(
        description="How many were moved, waitlisted, cancelled, left as they were (they have begun); and who."
    )


class ClosurePage(Answer):
    """Closures by when they begin."""

    items: list[ClosureAnswer]
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class SeriesAnswer(Answer):
    """Slots asked for again and again."""

    id: str
    plate: str
    carrier: str
    warehouse: str
    cargo_kind: str
    begins: datetime
    rule: str
    made_at: datetime
    exdates: list[date]
    dock_kind: DockKind | None
    minutes: int | None
    before_minutes: int | None
    after_minutes: int | None
    waitlist: bool
    state: SeriesState


class SeriesPage(Answer):
    """Series by when they were made."""

    items: list[SeriesAnswer]
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class OccurrenceAnswer(Answer):
    """One occurrence of a series."""

    series: str
    plate: str
    carrier: str
    warehouse: str
    day: date
    wish: datetime
    state: OccurrenceState
    settled_at: datetime | None = Field(description="When it was asked for.")
    opens_at: datetime | None = Field(description="When its slot opens for booking, or did.")
    appointment: str | None = Field(description="What was made of it: confirmed, or in line.")
    problem: str = Field(description="Why it was refused.")


class OccurrencePage(Answer):
    """Occurrences by day."""

    items: list[OccurrenceAnswer]
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class EarnedAnswer(Answer):
    """What a carrier has earned for a week, by the record of the week before (docs/house-rules.md has the formula)."""

    monday: date
    is_final: bool = Field(description="Whether the week before is over.")
    kept: int
    no_shows: int
    late_cancels: int
    peak: int = Field(description="Peak entries of the week before, kept or missed.")
    wasted_percent: float
    factor_percent: float
    peak_entries: int | None = Field(description="Most peak entries on each day of the week; null: any number.")


class AllowanceAnswer(Answer):
    """A carrier's quotas, and what it has earned of the peak."""

    carrier: str
    quota: int | None
    daily_quota: int | None
    group: str | None
    weeks: list[EarnedAnswer]


class OverbookedAnswer(Answer):
    """A dock group in an hour of the day in which more docks are promised than there are."""

    dock_group: str
    hour: int
    no_show_percent: float
    docks: int
    promised: int
    factor: float
    overflow_percent: float = Field(description="The chance that more trucks come than docks work, in a slot.")


class OverbookingAnswer(Answer):
    """Where more is promised than there is; nothing while the house rule is 0."""

    overflow_percent: float = Field(description="The house rule: the most that chance may be.")
    items: list[OverbookedAnswer]


class VisitAnswer(Answer):
    """A wish to come, open until a plan has placed it."""

    id: str
    state: Literal["open", "planned"]
    plate: str
    carrier: str
    warehouse: str
    dock_kind: DockKind
    cargo_kind: str
    minutes: int
    wish: datetime
    earliest: datetime
    latest: datetime
    requested_at: datetime
    weight: int
    load: str | None
    collect_minutes: int


class VisitPage(Answer):
    """Visits of a day."""

    items: list[VisitAnswer]
    next: str | None


class LoadMovedAnswer(Answer):
    """When a load came into a state."""

    state: LoadState
    at: datetime


class LoadAnswer(Answer):
    """A load with its state."""

    id: str
    state: LoadState
    enterprise: str
    cargo_kind: str
    origin: str
    destination: str
    earliest: datetime
    latest: datetime
    due: datetime
    load_minutes: int
    unload_minutes: int
    price: int
    pickup_visit: str | None
    delivery_visit: str | None
    blocked_carriers: list[str]
    allowed_carriers: list[str]
    posted_at: datetime
    match: str | None
    plate: str | None = Field(description="The truck it is planned for, offered to or taken by.")
    taken_by: str | None = Field(description="That truck's carrier.")
    saved_km: int | None = Field(description="Empty kilometres saved against a truck that drives for it alone.")
    history: list[LoadMovedAnswer] = Field(description="When it came into each state.")
    exceptions: list[str] = Field(description="Exceptions that are not closed.")


class LoadPage(Answer):
    """Loads."""

    items: list[LoadAnswer]
    next: str | None


class RowAnswer(Answer):
    """What became of one row of a bulk request."""

    row: int
    status: Literal["created", "refused"]
    id: str | None
    state: str | None = Field(description="Of an appointment: confirmed, held or waitlisted.")
    problem: Problem | None


class BulkAnswer(Answer):
    """What became of every row, in the order of the request."""

    created: int
    refused: int
    rows: list[RowAnswer]


class PreferredHoursAnswer(Answer):
    """A daily time."""

    opens: str
    closes: str


class PreferencesAnswer(Answer):
    """What a driver takes; what is empty does not bind."""

    cargo_kinds: list[str]
    regions: list[str]
    hours: PreferredHoursAnswer | None


class TruckAnswer(Answer):
    """A truck that is open for loads."""

    plate: str
    carrier: str
    kind: str
    home: str
    free_at: str
    free_from: datetime
    home_by: datetime
    preferences: PreferencesAnswer


class TruckPage(Answer):
    """Trucks by plate."""

    items: list[TruckAnswer]
    next: str | None


class MatchedLoadAnswer(Answer):
    """One load of a chain and the planned begin of its loading."""

    load: str
    starts_at: datetime
    unloads_at: datetime | None
    alone_km: int = Field(description="Empty kilometres if the truck drove for this load alone, home and back.")


class MatchAnswer(Answer):
    """A truck's chain of loads, in order."""

    id: str
    plate: str
    plan: str
    day: date
    loads: list[MatchedLoadAnswer]
    empty_km: int
    loaded_km: int
    saved_km: int = Field(description="What driving every load alone would have cost more in empty kilometres.")
    state: MatchState
    carrier: str


class OfferAnswer(MatchAnswer):
    """A match proposed to a driver, and what came of it."""

    offered_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    appointments: list[str] = Field(description="The slots an accepted offer holds.")
    reason: str = Field(description="The driver's, for declining it or giving it back.")


class OfferPage(Answer):
    """Offers in the order they were made in."""

    items: list[OfferAnswer]
    next: str | None


class CarriersAnswer(Answer):
    """Whose trucks an enterprise lets have its loads."""

    enterprise: str
    blocked: list[str]
    allowed: list[str]


class NoteAnswer(Answer):
    """What was said when an exception came into a state."""

    at: datetime
    by: str
    state: ExceptionState
    text: str


class ExceptionAnswer(Answer):
    """What went wrong with a load, and how far it is seen to."""

    id: str
    load: str
    kind: ExceptionKind
    state: ExceptionState
    reported_by: str
    owner: str = Field(description="Who has to see to it.")
    enterprise: str
    plate: str | None
    carrier: str | None
    opened_at: datetime
    deadline: datetime = Field(description="To be resolved by.")
    is_overdue: bool
    rating: int | None
    notes: list[NoteAnswer]


class ExceptionPage(Answer):
    """Exceptions in the order they were reported in."""

    items: list[ExceptionAnswer]
    next: str | None


class MatchPage(Answer):
    """Matches."""

    items: list[MatchAnswer]
    next: str | None


class PlanAnswer(Answer):
    """A plan's job: where it stands and, once it has succeeded, what it decided."""

    id: str
    state: JobState
    day: date
    seconds: int
    seed: int
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int = Field(description="Counts up when a lost worker's run begins anew.")
    progress: list[dict[str, Any]] = Field(description="News of the run, newest first: when, stage, cost, bound.")
    result: dict[str, Any] | None = Field(
        description=(
            "For slots and matching: cost, proven bound, gap, seconds, and the comparison with the baselines; for both "
            "together: the cost by the visits' own wishes, and what each part can be no lower than by itself."
        )
    )
    error: str | None


class PlanPage(Answer):
    """Plans, latest first."""

    items: list[PlanAnswer]
    next: str | None


class WorthAnswer(Answer):
    """What one more of a capacity is worth: what the day's cost falls by, some visits around it being decided anew."""

    resource: str
    worth: int = Field(description="At least; exact where `exact` says so.")
    exact: bool
    cost_before: int
    cost_after: int
    decided: int = Field(description="Visits decided anew.")


class FullAnswer(Answer):
    """Something that has no room for a visit."""

    resource: str
    slots: list[str]
    limit: int
    frozen: bool = Field(description="Held by visits that cannot be moved.")
    visits: list[str] = Field(description="The truck's own other visits, where it is the truck that is busy.")


class BetterStartAnswer(Answer):
    """A start that a visit would rather have, and what is full there."""

    starts_at: datetime
    saving: int
    full: list[FullAnswer]


class OneMoreAnswer(Answer):
    """One more of a capacity, and the better start that a visit would get by it."""

    resource: str
    starts_at: datetime
    saving: int
    kept: bool = Field(description="If it were kept for this visit.")
    worth: WorthAnswer | None


class VisitExplained(Answer):
    """Why a visit is where it is."""

    visit: str
    plate: str
    warehouse: str
    wish: datetime
    starts_at: datetime | None
    moved_minutes: int
    frozen: bool = Field(description="It has begun, and cannot be moved.")
    may_start: bool = Field(description="False: its window, truck and carrier leave it no start at all.")
    better: list[BetterStartAnswer]
    free: list[datetime] = Field(description="Better starts in which nothing is full now.")
    anyway: datetime | None = Field(description="A better start it could have if visits around it were decided anew.")
    anyway_saving: int
    with_one_more: list[OneMoreAnswer] = Field(description="The best start first.")


class VisitExplanationAnswer(VisitExplained):
    """Why a visit of a plan's day is where it is."""

    plan: str
    day: date


class DayExplanationAnswer(Answer):
    """What is scarce on a plan's day as it stands, and the visits not placed or moved by more than a slot."""

    plan: str
    day: date
    visits: int
    unplaced: int
    moved: int
    cost: int
    binding: int = Field(description="Capacities that keep somebody from a better start.")
    examined: int = Field(description="Of these, examined in the time there was.")
    scarcest: list[WorthAnswer]
    dock_groups: list[WorthAnswer] = Field(description="One more dock all day.")
    explained: list[VisitExplained] = Field(description="The first hundred, unplaced first, then those moved most.")


class ScenarioAnswer(Answer):
    """A scenario's job: where it stands and, once it has succeeded, what would change."""

    id: str
    state: JobState
    day: date
    changes: list[dict[str, Any]]
    policy: str
    replications: int
    seed: int
    seconds: float
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: list[dict[str, Any]] = Field(description="News of the run, newest first: when, stage, share done.")
    result: dict[str, Any] | None = Field(
        description="Baseline, changed and difference of every measure with half widths, also by dock group, hour, "
        "warehouse and carrier (`difference_by`), quarter-hour `series`, and `moves`."
    )
    error: str | None


class ScenarioPage(Answer):
    """Scenarios, latest first."""

    items: list[ScenarioAnswer]
    next: str | None


class NotMovedAnswer(Answer):
    """An appointment that a scenario would move and that was not moved, and why."""

    appointment: str
    reason: str


class AppliedAnswer(Answer):
    """What became of a scenario's moves."""

    scenario: str
    consent: Literal["ask", "told"]
    made: list[str] = Field(description="Appointments that are moved, or whose drivers are asked.")
    refused: list[NotMovedAnswer]


class MatchingRoundAnswer(Answer):
    """A matching round's job and, once it has succeeded, what it has offered."""

    id: str
    state: JobState
    ahead_minutes: int
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None = Field(
        description="How many loads and trucks were on the board, the offers made, and those that came too late."
    )
    error: str | None


class DockGroupAnswer(Answer):
    """Interchangeable docks of one kind."""

    id: str
    kind: DockKind
    docks: int


class WarehouseAnswer(Answer):
    """A warehouse with its dock groups."""

    id: str
    name: str
    zone: str
    enterprise: str
    opens: str
    closes: str
    dock_groups: list[DockGroupAnswer]


class GateAnswer(Answer):
    """A gate with its lanes."""

    id: str
    name: str
    entry_lanes: int
    exit_lanes: int
    opens: str
    closes: str


class PlaceAnswer(Answer):
    """A place outside the park."""

    id: str
    name: str
    name_zh: str
    kind: str


class EnterpriseAnswer(Answer):
    """A firm in the park."""

    id: str
    name: str
    carrier: bool
    quota: int | None = Field(description="Most entries in a slot.")
    daily_quota: int | None = Field(description="Most entries on a day.")
    group: str | None = Field(description="Its priority group.")


class HoursOfDay(Answer):
    """A span of the day."""

    opens: str
    closes: str


class ReleaseAnswer(Answer):
    """When slots open: `booking_horizon_days` ahead at `at`; those of peak hours `peak_days` ahead at `peak_at`."""

    at: str
    peak_days: int
    peak_at: str


class PriorityGroupAnswer(Answer):
    """Who comes first: a share of each slot's entries is for the group alone until its cut-off."""

    id: str
    name: str
    share_percent: int
    cutoff_minutes: int


class CargoKindAnswer(Answer):
    """What is carried and the docks it needs."""

    id: str
    dock_kind: DockKind
    handling_minutes: int


class TruckKindAnswer(Answer):
    """A kind of truck and what it carries."""

    id: str
    carries: list[str]


class ParkAnswer(Answer):
    """The park: everything a request may name."""

    id: str
    name: str
    name_zh: str
    timezone: str
    slot_minutes: int
    booking_horizon_days: int
    lead_minutes: int
    window_minutes: int
    amend_deadline_minutes: int = Field(description="Before the slot: until then it may be moved.")
    cancel_deadline_minutes: int
    early_grace_minutes: int
    late_grace_minutes: int
    late_limit_minutes: int = Field(description="After the slot: from then on a truck is a no-show.")
    hold_minutes: int
    move_offer_minutes: int
    peak: list[HoursOfDay] = Field(description="The hours that are released later, and earned by keeping appointments.")
    release: ReleaseAnswer
    priority_groups: list[PriorityGroupAnswer]
    gates: list[GateAnswer]
    warehouses: list[WarehouseAnswer]
    places: list[PlaceAnswer]
    enterprises: list[EnterpriseAnswer]
    cargo_kinds: list[CargoKindAnswer]
    truck_kinds: list[TruckKindAnswer]


class SlotAnswer(Answer):
    """One slot of a dock group: what is free, through which gate, and whether it can be booked now."""

    slot: int
    starts_at: datetime
    docks: int
    free_docks: int
    gate: str | None = Field(description="The first gate by preference that still admits a truck.")
    free_entries: int
    bookable: bool = Field(description="Whether a request for just this start would be granted now.")
    obstacle: str | None = Field(description="What it would be refused by; null where it would be granted.")
    opens_at: datetime | None = Field(description="When it can be had, where time alone brings it.")
    gate_wait_minutes: float | None = Field(description=WAITS)
    dock_wait_minutes: float | None = Field(description=WAITS)


class AvailabilityAnswer(Answer):
    """A dock group's day, slot by slot, from the live counters."""

    warehouse: str
    day: date
    dock_kind: DockKind | None
    cargo_kind: str | None
    minutes: int | None
    slots: list[SlotAnswer]


class CarrierAvailabilityAnswer(AvailabilityAnswer):
    """The same as a carrier, or one of its trucks, would find it."""

    carrier: str
    truck: str | None


class HourAnswer(Answer):
    """An hour of one kind of docks. Docks are counted once for each slot they work in."""

    dock_kind: DockKind
    starts_at: datetime
    docks: int
    free_docks: int
    free_entries: int = Field(description="Of all gates, for whatever docks.")
    bookable: int = Field(description="Visits of one slot that a carrier without quotas could book in it now.")
    opens_at: datetime = Field(description="When the hour's first slot opened for booking, or will.")


class HoursAnswer(Answer):
    """A day hour by hour and dock kind by dock kind, from the live counters."""

    day: date
    warehouse: str | None
    dock_kind: DockKind | None
    cargo_kind: str | None
    hours: list[HourAnswer]


class HealthAnswer(Answer):
    """The process is there."""

    status: Literal["ok"]


class ReadyAnswer(Answer):
    """The store takes writes."""

    status: Literal["ready"]


class KeyAnswer(Answer):
    """What is kept of a key: never the key itself."""

    id: str
    role: Role
    tenant: str = Field(description="Enterprise, warehouse or gate id, or plate; empty for operator and auditor.")
    carrier: str = Field(description="Of a driver: the enterprise his truck runs for.")
    note: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To a minute.")


class NewKeyAnswer(KeyAnswer):
    """A key just made."""

    key: str | None = Field(description="The key itself, shown this once; null when the request is a repeat.")


class KeyPage(Answer):
    """Keys, and where the next page begins."""

    items: list[KeyAnswer]
    next: str | None


class EventAnswer(Answer):
    """A past-tense fact of the park's stream; docs/events.md says what the data of each name are."""

    id: str = Field(description="Rises in the order of events; the cursor behind which to go on.")
    name: str
    version: int = Field(description="Of the data of this name.")
    at: datetime
    by: str = Field(description="Who did it.")
    data: Any


class CloudEventAnswer(Answer):
    """An event as CloudEvents 1.0 has it."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: datetime
    subject: str = ""
    actor: str = ""
    datacontenttype: Literal["application/json"]
    data: Any


class EventPlaceAnswer(Answer):
    """Where an equipment event took place."""

    locationName: str | None  # noqa: N815 - the standard's names
    latitude: str = ""
    longitude: str = ""


class DcsaEventAnswer(Answer):
    """A gate or dock moment as an equipment event of DCSA; the equipment is the truck, by its plate."""

    eventID: str  # noqa: N815
    eventType: Literal["EQUIPMENT"]  # noqa: N815
    eventClassifierCode: Literal["ACT"]  # noqa: N815
    eventDateTime: datetime  # noqa: N815
    eventCreatedDateTime: datetime  # noqa: N815
    equipmentEventTypeCode: Literal["GTIN", "GTOT", "AVDO", "AVPU"]  # noqa: N815
    equipmentReference: str | None  # noqa: N815
    emptyIndicatorCode: Literal["LADEN", "EMPTY"] | None = None  # noqa: N815
    facilityTypeCode: Literal["INTE", "CLOC"]  # noqa: N815
    eventLocation: EventPlaceAnswer  # noqa: N815
    transportCall: dict[str, str | None]  # noqa: N815
    documentReferences: list[str]  # noqa: N815
    references: list[dict[str, str | None]]


class EventPageAnswer(Answer):
    """Events in order."""

    items: list[EventAnswer | CloudEventAnswer | DcsaEventAnswer]
    last: str = Field(description="Up to which event was looked; ask again with after=LAST for what comes later.")
    next: str | None = Field(description="`last` when there may be more now, null at the end.")


class TokenAnswer(Answer):
    """A short token: to be sent as `Authorization: Bearer TOKEN`."""

    token: str
    token_type: Literal["Bearer"]
    role: Role
    tenant: str
    carrier: str
    expires_at: datetime


class PublicKey(Answer):
    """An Ed25519 key as RFC 8037 has it."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class PublicKeys(Answer):
    """The keys by which tokens are checked; the last one signs now."""

    keys: list[PublicKey]


class WebhookAnswer(Answer):
    """Where an enterprise's events are sent."""

    id: str
    enterprise: str
    url: str
    names: list[str] = Field(description="Events of these names alone. Empty: all.")
    format: EventForm
    is_active: bool
    created_at: datetime
    former_until: datetime | None = Field(description="Until when the secret before the newest signs too.")


class NewWebhookAnswer(WebhookAnswer):
    """A webhook with its new secret."""

    secret: str | None = Field(description="Signs what is sent; shown this once, null when the request is a repeat.")


class WebhookPage(Answer):
    """Webhooks, and where the next page begins."""

    items: list[WebhookAnswer]
    next: str | None


class DeadLetterAnswer(Answer):
    """An event that could not be delivered."""

    id: str = Field(description="The webhook-id it is sent under.")
    event: str
    attempts: int
    given_up_at: datetime
    error: str
    body: str


class DeadLetterPage(Answer):
    """What could not be delivered, and where the next page begins."""

    items: list[DeadLetterAnswer]
    next: str | None


class ReplayAnswer(Answer):
    """How many deliveries were queued anew."""

    queued: int


class DeedAnswer(Answer):
    """Who did what when, to what."""

    id: str
    at: datetime
    by: str
    name: str
    subject: str
    data: Any


class AuditPage(Answer):
    """Deeds in order, and where the next page begins."""

    items: list[DeedAnswer]
    next: str | None


class KpiAnswer(Answer):
    """The figures of one group; a share or mean of nothing is null."""

    group: str
    visits: int
    completed: int
    no_shows: int
    no_show_share: float | None
    on_time_share: float | None = Field(description="Of those that came: within the house's tolerance of the slot.")
    turn_minutes_mean: float | None = Field(description="From the gate's queue, or the gate, until out again.")
    turn_minutes_p90: float | None
    displacement_minutes_mean: float | None = Field(description="Between the slot and the wish.")
    dock_slots_held: int
    dock_slots_closed: int = Field(description="Taken by closures, and held by nobody.")
    utilisation: float | None = Field(
        description="Dock slots held, of those that work and were not closed; a carrier has none of its own."
    )
    empty_km: int
    loaded_km: int
    empty_share: float | None
    offers_accepted: int
    offers_refused: int = Field(description="Declined, or no answer in time.")
    acceptance_share: float | None


class KpisAnswer(Answer):
    """The figures of some days, by group and of all together."""

    by: GroupBy
    first: date
    last: date
    groups: list[KpiAnswer]
    whole: KpiAnswer
