"""Every key of the store, as methods of `Keys`; and the texts that stand in indexes.

All keys of a park share the hash tag `{park}`, so that one script may touch them together on a cluster.
Free text (ids, plates) stands last in a key, so that no id can imitate another kind of key.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

MACHINERY = frozenset(
    {"events", "idempotency", "queue", "job", "jobs", "job-cancel", "plan", "demo", "cursor", "access"}
    | {"delivery", "deliveries", "webhook-secret", "waits"}
)  # kinds of keys that are no part of the board: the stream itself, and the notes of those who do the work


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of everything one park keeps in the store."""

    park_id: str

    def __post_init__(self) -> None:
        if not self.park_id or set(self.park_id) & set("{}"):
            raise ValueError(f"park id {self.park_id!r} must not be empty and must not hold braces")

    def _key(self, *parts: str) -> str:
        return f"{{{self.park_id}}}:{':'.join(parts)}"

    def short(self, key: str) -> str:
        """Return a key without the park's tag, as the stream names it."""
        return key.removeprefix(f"{{{self.park_id}}}:")

    def full(self, short: str) -> str:
        """Return the key that `short` made short."""
        return self._key(short)

    def is_on_board(self, key: str) -> bool:
        """Answer whether a key belongs to the board: what the stream tells of and `replay` proves."""
        return is_on_board(self.short(key))

    # counters: hashes whose fields are slots (`slot_field`)

    def dock(self, group: str, day: date) -> str:
        """Docks taken of a dock group, by slot."""
        return self._key("dock", day.isoformat(), group)

    def gate(self, gate: str, day: date) -> str:
        """Entries taken at a gate, by slot."""
        return self._key("gate", day.isoformat(), gate)

    def carrier(self, enterprise: str, day: date) -> str:
        """Entries taken by a carrier with a quota, by slot."""
        return self._key("carrier", day.isoformat(), enterprise)

    def truck_days(self, day: date) -> str:
        """Appointments of trucks on a day: the fields are plates."""
        return self._key("truck-days", day.isoformat())

    def holds(self, day: date) -> str:
        """Appointments of a day that are held and not confirmed: the fields are plates and enterprises."""
        return self._key("holds", day.isoformat())

    def carrier_days(self, day: date) -> str:
        """Entries taken by carriers on the whole day: the fields are enterprises."""
        return self._key("carrier-days", day.isoformat())

    def carrier_peaks(self, day: date) -> str:
        """Entries taken by carriers in the day's peak hours: the fields are enterprises."""
        return self._key("carrier-peaks", day.isoformat())

    def pool(self, pool: str, day: date) -> str:
        """Entries taken from a priority group's share, or from what is open to all, by slot."""
        return self._key("pool", day.isoformat(), pool)

    def truck(self, plate: str, day: date) -> str:
        """Slots in which a truck is in the park or on its way out; the limit is 1."""
        return self._key("truck", day.isoformat(), plate)

    def placed(self, day: date) -> str:
        """Visits that have an appointment: the fields are visit ids, the limit is 1."""
        return self._key("placed", day.isoformat())

    def chained(self, day: date) -> str:
        """Trucks that have a chain of loads: the fields are plates, the limit is 1."""
        return self._key("chained", day.isoformat())

    def inside(self) -> str:
        """Trucks that are in the park: the fields are plates, the limit is 1."""
        return self._key("inside")

    # entities: hashes {v: version, d: JSON}

    def appointment(self, appointment_id: str) -> str:
        """Return the key of an `Appointment`."""
        return self._key("appointment", appointment_id)

    def visit(self, visit_id: str) -> str:
        """Return the key of a `Visit`."""
        return self._key("visit", visit_id)

    def load(self, load_id: str) -> str:
        """Return the key of a `LoadRecord` (`dispatch.services.freight`)."""
        return self._key("load", load_id)

    def truck_state(self, plate: str) -> str:
        """Return the key of a `Truck`: where and when it is next free."""
        return self._key("truck-state", plate)

    def exception(self, exception_id: str) -> str:
        """Return the key of a `LoadException`."""
        return self._key("exception", exception_id)

    def carrier_lists(self, enterprise: str) -> str:
        """Return the key of an enterprise's `CarrierLists`."""
        return self._key("carrier-lists", enterprise)

    def match(self, match_id: str) -> str:
        """Return the key of a `MatchRecord` (`dispatch.services.freight`)."""
        return self._key("match", match_id)

    def attendance(self, day: date) -> str:
        """Return the key of the `Attendance` of a day that is over."""
        return self._key("attendance", day.isoformat())

    def series(self, series_id: str) -> str:
        """Return the key of a `Series`."""
        return self._key("series", series_id)

    def occurrence(self, series_id: str, day: date) -> str:
        """Return the key of an `Occurrence` of a series."""
        return self._key("occurrence", day.isoformat(), series_id)

    def waits(self, day: date) -> str:
        """Return the key of a day's `ExpectedWaits`."""
        return self._key("waits", day.isoformat())

    def all_series(self) -> str:
        """All series by when they were made (`time_member`)."""
        return self._key("series-by", "all")

    def active_series(self) -> str:
        """All series that have not ended by when they were made (`time_member`)."""
        return self._key("series-by", "active")

    def series_of(self, enterprise: str) -> str:
        """List a carrier's series by when they were made (`time_member`)."""
        return self._key("series-by", "carrier", enterprise)

    def closure(self, closure_id: str) -> str:
        """Return the key of a `Closure`."""
        return self._key("closure", closure_id)

    def closures(self) -> str:
        """All closures by when they begin (`time_member`)."""
        return self._key("closures", "all")

    def closures_of_day(self, day: date) -> str:
        """List the closures that close anything on a day; members are ids."""
        return self._key("closures", "day", day.isoformat())

    def waitlist(self, day: date) -> str:
        """Appointments that wait for room on a day, in line (`line_member`)."""
        return self._key("waitlist", day.isoformat())

    def plan(self, plan_id: str) -> str:
        """Return the key of a plan: what a solver run decided, with cost, bound and gap."""
        return self._key("plan", plan_id)

    def job(self, job_id: str) -> str:
        """Return the key of a `Job` (`dispatch.worker.jobs`)."""
        return self._key("job", job_id)

    def webhook(self, webhook_id: str) -> str:
        """Return the key of a `Webhook` (`dispatch.services.webhooks`)."""
        return self._key("webhook", webhook_id)

    def webhook_secret(self, webhook_id: str) -> str:
        """Return the key of a webhook's secret, which the stream does not tell."""
        return self._key("webhook-secret", webhook_id)

    def webhooks(self) -> str:
        """All webhooks by when they were made (`time_member`)."""
        return self._key("webhooks", "all")

    def webhooks_of(self, enterprise: str) -> str:
        """List an enterprise's webhooks by when they were made (`time_member`)."""
        return self._key("webhooks", "enterprise", enterprise)

    def delivery(self, delivery_id: str) -> str:
        """Return the key of a `Delivery` (`dispatch.services.delivering`)."""
        return self._key("delivery", delivery_id)

    def due_deliveries(self) -> str:
        """All deliveries that are still to be made, by when the next try is due (`time_member`)."""
        return self._key("deliveries", "due")

    def dead_deliveries(self, webhook_id: str) -> str:
        """List the deliveries to a webhook that were given up, by when (`time_member`)."""
        return self._key("deliveries", "dead", webhook_id)

    # the rest

    def stream(self) -> str:
        """All events of the park, in order."""
        return self._key("events")

    def archived(self) -> str:
        """Return the entity that says up to which event the stream has been moved to the archive."""
        return self._key("archived")

    def cursor(self, name: str) -> str:
        """Return the entity that says up to where somebody has heard the stream."""
        return self._key("cursor", name)

    def idempotency(self, key: str) -> str:
        """Return the record of a request made under an Idempotency-Key (the client's own text)."""
        return self._key("idempotency", key)

    def job_queue(self, name: str) -> str:
        """Jobs that wait for a worker or are with one: a stream with a consumer group."""
        return self._key("queue") if name == "quick" else self._key("queue", name)

    def job_cancel(self, job_id: str) -> str:
        """Return the entity whose being there asks the worker to end this job."""
        return self._key("job-cancel", job_id)

    # who may call, and how often: no part of the board

    def api_key(self, key_id: str) -> str:
        """Return the key of an `ApiKey` (`dispatch.services.api_keys`)."""
        return self._key("access", "key", key_id)

    def api_keys(self) -> str:
        """All API keys by when they were made (`time_member`)."""
        return self._key("access", "keys")

    def rate(self, name: str) -> str:
        """Return the state of a quota of requests (`dispatch.store.rates`)."""
        return self._key("access", "rate", name)

    def signing_keys(self) -> str:
        """Return the key of the `SigningKeys` (`dispatch.services.tokens`)."""
        return self._key("access", "signing-keys")

    def key_uses(self) -> str:
        """When each API key was last used: a hash whose fields are their ids."""
        return self._key("access", "uses")

    # indexes of appointments; members by `slot_member`, so a prefix picks a day or a slot

    def appointments(self) -> str:
        """All appointments by day and slot (`day_prefix`, `slot_prefix`)."""
        return self._key("appointments", "all")

    def appointments_of_truck(self, plate: str) -> str:
        """List a truck's appointments by day and slot."""
        return self._key("appointments", "truck", plate)

    def appointments_of_warehouse(self, warehouse: str) -> str:
        """List a warehouse's appointments by day and slot."""
        return self._key("appointments", "warehouse", warehouse)

    def appointments_of_carrier(self, enterprise: str) -> str:
        """List a carrier's appointments by day and slot."""
        return self._key("appointments", "carrier", enterprise)

    def appointments_of_plan(self, plan_id: str) -> str:
        """List what a plan has published, by day and slot."""
        return self._key("appointments", "plan", plan_id)

    def due(self) -> str:
        """List appointments by the moment at which a sweep must look at them (`time_member`)."""
        return self._key("appointments", "due")

    def arrivals(self, gate: str) -> str:
        """List the appointments whose trucks came to a gate by when they joined its queue (`time_member`)."""
        return self._key("appointments", "arrivals", gate)

    def demo_day(self) -> str:
        """Name the generated day that was loaded last, and the job that plans it."""
        return self._key("demo")

    # indexes of visits and loads of a day; members are plain ids

    def visits(self, day: date) -> str:
        """List the ids of all visits wished for a day."""
        return self._key("visits", "day", day.isoformat())

    def open_visits(self, day: date) -> str:
        """List the ids of the visits of a day that have no appointment."""
        return self._key("visits", "open", day.isoformat())

    def day_loads(self, day: date) -> str:
        """List the ids of all loads whose loading may begin first on a day, withdrawn ones too."""
        return self._key("loads", "day", day.isoformat())

    def open_loads(self, day: date) -> str:
        """List the ids of the loads of a day in state posted."""
        return self._key("loads", "open", day.isoformat())

    # indexes of loads; members by `time_member` of the earliest loading

    def loads(self) -> str:
        """All loads by earliest loading."""
        return self._key("loads", "all")

    def loads_in_state(self, state: str) -> str:
        """Loads in one state of their life by earliest loading."""
        return self._key("loads", "state", state)

    def loads_of(self, enterprise: str) -> str:
        """List an enterprise's loads by earliest loading."""
        return self._key("loads", "enterprise", enterprise)

    # indexes of trucks, matches, offers, plans, jobs

    def trucks(self) -> str:
        """List the plates of all trucks known; members are plates."""
        return self._key("trucks", "all")

    def matches(self) -> str:
        """All matches by day and plan (`match_member`)."""
        return self._key("matches", "all")

    def matches_of_truck(self, plate: str) -> str:
        """List a truck's matches (`match_member`)."""
        return self._key("matches", "truck", plate)

    def matches_of_load(self, load_id: str) -> str:
        """List the matches a load is or was in (`match_member`)."""
        return self._key("matches", "load", load_id)

    def planned(self, day: date) -> str:
        """List the ids of a day's planned matches, which are to be offered when they are due."""
        return self._key("matches", "planned", day.isoformat())

    def offers(self) -> str:
        """All offers ever made, by when (`time_member`)."""
        return self._key("offers", "all")

    def offers_of_truck(self, plate: str) -> str:
        """List the offers ever made to a truck's driver, by when (`time_member`)."""
        return self._key("offers", "truck", plate)

    def offers_of_carrier(self, enterprise: str) -> str:
        """List the offers ever made to a carrier's trucks, by when (`time_member`)."""
        return self._key("offers", "carrier", enterprise)

    def exceptions(self) -> str:
        """All exceptions by when they were reported (`time_member`)."""
        return self._key("exceptions", "all")

    def exceptions_of_load(self, load_id: str) -> str:
        """List a load's exceptions by when they were reported."""
        return self._key("exceptions", "load", load_id)

    def exceptions_of_enterprise(self, enterprise: str) -> str:
        """List the exceptions of an enterprise's loads, or those it carries, by when they were reported."""
        return self._key("exceptions", "enterprise", enterprise)

    def deadlines(self) -> str:
        """What must be looked at when its time has come: offers, open loads, exceptions (`deadline_member`)."""
        return self._key("deadlines")

    def matches_of_plan(self, plan_id: str) -> str:
        """List a plan's matches (`match_member`)."""
        return self._key("matches", "plan", plan_id)

    def plans(self) -> str:
        """All plans by when they were asked for (`time_member`)."""
        return self._key("plans", "all")

    def plans_of_day(self, day: date) -> str:
        """List the plans for a day by when they were asked for (`time_member`)."""
        return self._key("plans", "day", day.isoformat())

    def jobs(self) -> str:
        """All jobs by when they were submitted (`time_member`)."""
        return self._key("jobs", "all")


def is_on_board(short: str) -> bool:
    """Answer whether a key of the park, without its tag, belongs to the board."""
    return short.partition(":")[0] not in MACHINERY


@cache
def slot_field(slot: int) -> str:
    """Return the counter field of a slot."""
    return str(slot)


def day_prefix(day: date) -> str:
    """Return what all members of a day begin with, in indexes ordered by day."""
    return f"{day.isoformat()}#"


def slot_prefix(day: date, slot: int) -> str:
    """Return what all members of a slot begin with, in indexes ordered by slot."""
    return f"{day.isoformat()}#{slot:04d}#"


def slot_member(day: date, slot: int, identity: str) -> str:
    """Return an index member ordered by day, slot, id; `id_of` gives the id back."""
    return slot_prefix(day, slot) + identity


def time_member(moment: datetime, identity: str) -> str:
    """Return an index member ordered by moment (UTC), id; `id_of` gives the id back."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat('#', 'microseconds')}#{identity}"


def deadline_member(moment: datetime, kind: str, identity: str) -> str:
    """Return an index member ordered by moment; `id_of` gives `kind:id` back."""
    return time_member(moment, f"{kind}:{identity}")


def match_member(day: date, plan_id: str, identity: str) -> str:
    """Return an index member ordered by day, plan, id; `id_of` gives the id back."""
    return f"{day.isoformat()}#{plan_id.replace('#', '-')}#{identity}"


def line_member(rank: int, asked_at: datetime, identity: str) -> str:
    """Return an index member ordered by rank, moment (UTC), id; `id_of` gives the id back."""
    return f"{rank:03d}#{asked_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{identity}"


def id_of(member: str) -> str:
    """Return the id in an index member: `day#order#id`, where the id may hold any text, or a plain id without '#'."""
    return member.split("#", 2)[-1]
