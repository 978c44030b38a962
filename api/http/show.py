"""What the park knows, as answers show it: plain documents, times in the park's zone."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import orjson
from fastapi import Response

from dispatch.model.callers import Caller
from dispatch.model.closures import Closure
from dispatch.model.day import Truck
from dispatch.model.exceptions import LoadException
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, Match, Moved, MoveOffer, Stop
from dispatch.model.waits import ExpectedWaits
from dispatch.services.api_keys import ApiKey
from dispatch.services.applying import Applied
from dispatch.services.attending import Overbooked, WeekEarned
from dispatch.services.availability import SlotSeen
from dispatch.services.delivering import Delivery
from dispatch.services.desk import Kept
from dispatch.services.freight import LoadRecord, MatchRecord
from dispatch.services.passes import FORM, PassKey
from dispatch.services.reports import Deed
from dispatch.services.visits import VisitSeen
from dispatch.services.webhooks import Webhook
from dispatch.worker.jobs import Job
from simulations.tables import csv_text

Document = dict[str, Any]


def answer(
    document: Any, status: int = 200, *, version: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response, with the version as its ETag."""
    headers = dict(headers or {})
    if version is not None:
        headers["ETag"] = etag(version)
    return Response(orjson.dumps(document), status, headers, "application/json")


def created(document: Document, kept: Kept[Any], location: str, *, status: int = 201) -> Response:
    """Return a 201 (or 202) with the path of what was made, and whether it was made by an earlier request."""
    headers = {"Location": location} | ({"Idempotency-Replayed": "true"} if kept.repeated else {})
    return answer(document, status, version=kept.version, headers=headers)


def etag(version: int) -> str:
    """Return a version as an entity tag."""
    return f'"{version}"'


def page(items: list[Document], cursor: str | None) -> Document:
    """Return one page of a list."""
    return {"items": items, "next": cursor}


def plain(park: Park, thing: Any) -> Document:
    """Return a dataclass's fields, times in the park's zone."""
    zone = park.grid.zone
    shown: Document = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        shown[field.name] = value.astimezone(zone) if isinstance(value, datetime) else value
    return shown


def appointment(park: Park, promised: Appointment, waits: ExpectedWaits | None = None) -> Document:
    """Return an appointment with its begin and end on the dock, and the waits its slot lets expect, where known."""
    shown = _placed(park, promised, promised.day)
    del shown["due_at"]
    shown["gate_wait_minutes"] = None if waits is None else waits.at_gate(promised.gate, promised.slot)
    shown["dock_wait_minutes"] = None if waits is None else waits.at_dock(promised.dock_group, promised.slot)
    shown["stops"] = [_placed(park, stop, promised.day) for stop in promised.stops]
    for name in ("moved", "offer"):
        place: Moved | MoveOffer | None = getattr(promised, name)
        if place is not None:
            shown[name] = plain(park, place) | {"starts_at": park.grid.start_of(place.day, place.slot)}
    if promised.offer is not None:
        shown["offer"]["stops"] = [_placed(park, stop, promised.offer.day) for stop in promised.offer.stops]
    return shown


def _placed(park: Park, place: Appointment | Stop, day: date) -> Document:
    ends = {"ends_at": park.grid.start_of(day, place.slot + place.slots)}
    return plain(park, place) | {"starts_at": park.grid.start_of(day, place.slot)} | ends


def caller(asked: Caller) -> Document:
    """Return a role and whose it is."""
    return {"role": asked.role, "tenant": asked.tenant, "carrier": asked.carrier}


def key(park: Park, kept: ApiKey, last_used_at: datetime | None = None) -> Document:
    """Return what is kept of a key, without its digest."""
    shown = plain(park, kept) | {"last_used_at": last_used_at and last_used_at.astimezone(park.grid.zone)}
    del shown["sha256"]
    return shown


def webhook(park: Park, kept: Webhook) -> Document:
    """Return a webhook, without its secret."""
    return plain(park, kept)


def dead_letter(park: Park, dead: Delivery) -> Document:
    """Return a delivery that was given up."""
    return _picked(dead, "id", "event", "attempts", "error", "body") | {
        "given_up_at": dead.due_at.astimezone(park.grid.zone)
    }


def deed(park: Park, done: Deed) -> Document:
    """Return who did what when."""
    shown = plain(park, done)
    del shown["number"]
    return shown


def gate_key(key: PassKey) -> Document:
    """Return the public key of the park's passes."""
    public = base64.urlsafe_b64encode(key.public).rstrip(b"=").decode()
    return {"algorithm": "Ed25519", "form": FORM, "public_key": public, "pem": key.public_pem}


def closure(park: Park, closed: Closure, job: Job | None) -> Document:
    """Return a closure with what its job has done so far."""
    shown = plain(park, closed)
    del shown["blocks"], shown["job"]
    return shown | {"replanning": job.state if job else None, "result": job.result if job else None}


def allowance(park: Park, carrier: str, weeks: Sequence[WeekEarned]) -> Document:
    """Return a carrier's quotas and what it has earned, week by week."""
    firm = park.enterprise_by_id[carrier]
    shown = [
        {
            **_picked(week, "monday", "is_final"),
            **_picked(week.earned.record, "kept", "no_shows", "late_cancels", "peak"),
            **_picked(week.earned, "wasted_percent", "factor_percent", "peak_entries"),
        }
        for week in weeks
    ]
    return {"carrier": carrier, **_picked(firm, "quota", "daily_quota", "group"), "weeks": shown}


def overbooking(park: Park, found: Sequence[Overbooked]) -> Document:
    """Return where more docks are promised than there are."""
    return {
        "overflow_percent": park.rules.overbooking.overflow_percent,
        "items": [plain(park, each) for each in found],
    }


def visit(park: Park, seen: VisitSeen) -> Document:
    """Return a visit with its state."""
    return plain(park, seen.visit) | {"state": "open" if seen.is_open else "planned"}


def slot(park: Park, seen: SlotSeen) -> Document:
    """Return one slot of a dock group's day."""
    shown = _picked(seen, "slot", "starts_at", "docks", "free_docks", "gate", "free_entries")
    shown |= _picked(seen, "gate_wait_minutes", "dock_wait_minutes")
    why = seen.obstacle
    opens_at = why.opens_at.astimezone(park.grid.zone) if why is not None and why.opens_at is not None else None
    return shown | {"bookable": seen.is_bookable, "obstacle": why.resource if why else None, "opens_at": opens_at}


def load(park: Park, record: LoadRecord) -> Document:
    """Return a load with its state."""
    kept = _picked(record, "state", "match", "plate", "taken_by", "saved_km", "exceptions")
    kept["posted_at"] = record.posted_at.astimezone(park.grid.zone)
    kept["history"] = [plain(park, each) for each in record.history]
    return plain(park, record.load) | kept


def truck(park: Park, announced: Truck) -> Document:
    """Return a truck."""
    return plain(park, announced)


def match(park: Park, decided: Match) -> Document:
    """Return a chain with its loads in order."""
    loads = [plain(park, load) for load in decided.loads]
    return plain(park, decided) | {"loads": loads, "saved_km": decided.saved_km}


def offer(park: Park, record: MatchRecord) -> Document:
    """Return an offer, with what came of it."""
    shown = plain(park, record)
    return match(park, shown.pop("match")) | {"offered_at": shown.pop("made_at"), **shown}


def exception(park: Park, found: LoadException) -> Document:
    """Return an exception with its notes in order."""
    return plain(park, found) | {"notes": [plain(park, note) for note in found.notes]}


def plan(park: Park, job: Job) -> Document:
    """Return a plan's job with its latest news first."""
    zone = park.grid.zone
    return {
        "id": job.id,
        "state": job.state,
        **{name: job.arguments.get(name) for name in ("day", "seconds", "seed")},
        "asked_at": job.submitted_at.astimezone(zone),
        "started_at": job.started_at.astimezone(zone) if job.started_at else None,
        "finished_at": job.finished_at.astimezone(zone) if job.finished_at else None,
        "attempt": job.attempt,
        "progress": [{"at": entry.at.astimezone(zone), **entry.document} for entry in reversed(job.progress)],
        "result": job.result,
        "error": job.error,
    }


def scenario(park: Park, job: Job) -> Document:
    """Return a scenario's job with its latest news first."""
    zone = park.grid.zone
    return {
        "id": job.id,
        "state": job.state,
        **job.arguments,
        "asked_at": job.submitted_at.astimezone(zone),
        "started_at": job.started_at.astimezone(zone) if job.started_at else None,
        "finished_at": job.finished_at.astimezone(zone) if job.finished_at else None,
        "progress": [{"at": entry.at.astimezone(zone), **entry.document} for entry in reversed(job.progress)],
        "result": job.result,
        "error": job.error,
    }


def scenario_csv(result: Document) -> str:
    """Return the measures of a scenario's result as a table."""
    days = ("baseline", "changed", "difference")
    rows = [
        {"measure": name}
        | {f"{day} {part}": result[day][name][part] for day in days for part in ("mean", "half_width")}
        for name in result["baseline"]
    ]
    return csv_text(rows)


def applied(scenario_id: str, consent: str, found: Applied) -> Document:
    """Return what became of a scenario's moves."""
    refused = [{"appointment": name, "reason": reason} for name, reason in found.refused.items()]
    return {"scenario": scenario_id, "consent": consent, "made": list(found.made), "refused": refused}


def matching_round(park: Park, job: Job) -> Document:
    """Return a matching round's job."""
    zone = park.grid.zone
    return {
        "id": job.id,
        "state": job.state,
        "ahead_minutes": job.arguments["ahead_minutes"],
        "asked_at": job.submitted_at.astimezone(zone),
        "started_at": job.started_at.astimezone(zone) if job.started_at else None,
        "finished_at": job.finished_at.astimezone(zone) if job.finished_at else None,
        "result": job.result,
        "error": job.error,
    }


def park_document(park: Park) -> Document:
    """Return everything of the park that a request may name."""
    rules, grid = park.rules, park.grid
    return {
        "id": park.id,
        "name": park.name,
        "name_zh": park.name_zh,
        "timezone": grid.timezone,
        "slot_minutes": grid.slot_minutes,
        **_picked(rules, "booking_horizon_days", "lead_minutes", "window_minutes"),
        **_picked(rules, "amend_deadline_minutes", "cancel_deadline_minutes", "hold_minutes", "move_offer_minutes"),
        **_picked(rules, "early_grace_minutes", "late_grace_minutes", "late_limit_minutes"),
        "peak": [_opening({}, span) for span in rules.peak],
        "release": _picked(rules.release, "at", "peak_days", "peak_at"),
        "priority_groups": [
            _picked(group, "id", "name", "share_percent", "cutoff_minutes") for group in park.priority_groups
        ],
        "gates": [
            _opening(_picked(gate, "id", "name", "entry_lanes", "exit_lanes"), gate.hours) for gate in park.gates
        ],
        "warehouses": [
            _opening(_picked(warehouse, "id", "name", "zone", "enterprise"), warehouse.hours)
            | {"dock_groups": [_picked(group, "id", "kind", "docks") for group in warehouse.dock_groups]}
            for warehouse in park.warehouses
        ],
        "places": [_picked(place, "id", "name", "name_zh", "kind") for place in park.places],
        "enterprises": [
            _picked(firm, "id", "name", "carrier", "quota", "daily_quota", "group") for firm in park.enterprises
        ],
        "cargo_kinds": [_picked(kind, "id", "dock_kind", "handling_minutes") for kind in park.cargo_kinds],
        "truck_kinds": [_picked(kind, "id", "carries") for kind in park.truck_kinds],
    }


def _picked(thing: Any, *names: str) -> Document:
    return {name: getattr(thing, name) for name in names}


def _opening(shown: Mapping[str, Any], hours: Any) -> Document:
    return {**shown, "opens": hours.opens, "closes": hours.closes}
