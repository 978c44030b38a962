"""The forms an event is shown in: the park's own, CloudEvents 1.0 (JSON, structured), and DCSA equipment events.

CloudEvents: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
DCSA: field names of the event domain 3.1 (EQUIPMENT events), codes of Track & Trace 3.0 (GTIN gated in, GTOT gated out,
AVDO available for drop-off, AVPU available for pick-up), https://github.com/dcsaorg/DCSA-OpenAPI
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispatch.model.events import kind_of
from dispatch.model.park import Park
from dispatch.store.commit import StoredEvent, stored_at

Document = dict[str, Any]


class EventForm(StrEnum):
    """In which form events are wanted."""

    PARK = "park"
    CLOUDEVENTS = "cloudevents"
    DCSA = "dcsa"


def shown(park: Park, event: StoredEvent, form: EventForm, *, by: str) -> Document | None:
    """Return an event in a form, None where the form has no word for it; `by` is who did it, as the reader may know."""
    match form:
        case EventForm.PARK:
            return _own(park, event, by)
        case EventForm.CLOUDEVENTS:
            return _cloudevent(park, event, by)
        case EventForm.DCSA:
            return _dcsa(park, event)


def _own(park: Park, event: StoredEvent, by: str) -> Document:
    return {
        "id": event.id,
        "name": event.name,
        "version": kind_of(event.name).version,
        "at": _local(park, event.at),
        "by": by,
        "data": event.document,
    }


def _cloudevent(park: Park, event: StoredEvent, by: str) -> Document:
    kind = kind_of(event.name)
    subject = subject_of(event)
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/parks/{park.id}",
        "type": f"parkdispatch.{event.name}.v{kind.version}",
        "time": _local(park, event.at),
        **({"subject": subject} if subject else {}),
        **({"actor": by} if by else {}),
        "datacontenttype": "application/json",
        "data": event.document,
    }


def subject_of(event: StoredEvent) -> str:
    """Return what an event is about as `kind/id`; "" where its data name no id."""
    document: Mapping[str, Any] = event.document if isinstance(event.document, Mapping) else {}
    about = kind_of(event.name).about
    inner = document.get(about)
    fields = inner if isinstance(inner, Mapping) else document
    identity = fields.get("id") or fields.get("plate") or (inner if isinstance(inner, str) else None)
    return f"{about}/{identity}" if identity else ""


_ARRIVES_LADEN = {"deliver": True, "dual": True, "collect": False}
_LEAVES_LADEN = {"deliver": False, "dual": True, "collect": True}


def _dcsa(park: Park, event: StoredEvent) -> Document | None:
    code = kind_of(event.name).dcsa
    if code is None:
        return None
    data = event.document
    is_gate = code in ("GTIN", "GTOT")
    place = _place(park, data, is_gate=is_gate)
    laden = (_ARRIVES_LADEN if code in ("GTIN", "AVDO") else _LEAVES_LADEN).get(data.get("purpose") or "")
    return {
        "eventID": event.id,
        "eventType": "EQUIPMENT",
        "eventClassifierCode": "ACT",
        "eventDateTime": _local(park, event.at),
        "eventCreatedDateTime": _local(park, stored_at(event.id)),
        "equipmentEventTypeCode": code,
        "equipmentReference": data.get("plate"),
        **({} if laden is None else {"emptyIndicatorCode": "LADEN" if laden else "EMPTY"}),
        "facilityTypeCode": "INTE" if is_gate else "CLOC",
        "eventLocation": place,
        "transportCall": {"transportCallReference": data.get("id"), "modeOfTransport": "TRUCK"},
        "documentReferences": [],
        "references": [{"referenceType": "CR", "referenceValue": data.get("id")}],
    }


def _place(park: Park, data: Mapping[str, Any], *, is_gate: bool) -> Document:
    thing = (
        park.gate_by_id.get(data.get("gate", "")) if is_gate else park.warehouse_by_id.get(data.get("warehouse", ""))
    )
    if thing is None:
        return {"locationName": data.get("gate" if is_gate else "warehouse")}
    position = thing.position
    return {"locationName": thing.name, "latitude": str(position.latitude), "longitude": str(position.longitude)}


def _local(park: Park, moment: datetime) -> str:
    return moment.astimezone(park.grid.zone).isoformat()
