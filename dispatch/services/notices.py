"""What people are told of the park's events: to whom, and in which words. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.model.park import Park
from dispatch.store.commit import StoredEvent

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one party. `id` is the same each time it is sent; `to` is a caller's name: "driver:浙B12345"."""

    id: str
    to: str
    event: str
    at: datetime
    text: str
    text_zh: str
    document: Document


@dataclass(frozen=True, slots=True)
class _Told:
    """Whom an event is told to, and how; braces name fields of its document."""

    to: Callable[[Document], tuple[str, ...]]
    text: str
    text_zh: str


def notices_of(park: Park, event: StoredEvent) -> Iterator[Notice]:
    """Yield the messages an event is worth, none for most; times in their words are the park's."""
    told = TOLD.get(event.name)
    if told is None:
        return
    fields = _fields(park, event.document)
    for to in told.to(fields):
        yield Notice(
            id=f"{event.id}-{to}",
            to=to,
            event=event.name,
            at=event.at.astimezone(park.grid.zone),
            text=told.text.format_map(fields),
            text_zh=told.text_zh.format_map(fields),
            document=event.document,
        )


class _Fields(dict[str, Any]):
    """What a text may name; what the document does not have is left empty."""

    def __missing__(self, _name: str) -> str:
        return ""


def _fields(park: Park, document: Document) -> _Fields:
    """Return the document's fields, those of the match or load inside it too, and what texts need besides.

    `why` is the reason, `until` when an answer is due, `place` and `was` or `other` the slots of an appointment.
    """
    held = (document.get(name) for name in ("match", "load"))
    inner: Document = next((each for each in held if isinstance(each, Mapping)), {})
    fields = _Fields({**inner, **{name: value for name, value in document.items() if value is not inner}})
    if isinstance(fields.get("loads"), list):
        fields["load_ids"] = ", ".join(str(each["load"]) for each in fields["loads"])
    moved, offer = document.get("moved"), document.get("offer")
    fields["why"] = (offer or moved or {}).get("reason") or document.get("reason") or ""
    until = (offer or document).get("expires_at")
    fields["until"] = f"{datetime.fromisoformat(until).astimezone(park.grid.zone):%H:%M:%S}" if until else ""
    for name, place in (("place", document), ("was", moved), ("other", offer)):
        if place and "slot" in place:
            fields[name] = f"{place['day']} {park.slot_text(place['slot'])}"
    return fields


def _driver(document: Document) -> tuple[str, ...]:
    return (f"driver:{document['plate']}",) if document.get("plate") else ()


def _offered_driver(document: Document) -> tuple[str, ...]:
    return _driver(document) if document.get("expires_at") else ()  # of one only planned he has not heard


def _displaced_driver(document: Document) -> tuple[str, ...]:
    return _driver(document) if document.get("displaced_by") else ()  # who asked to wait in line knows


def _enterprise(document: Document) -> tuple[str, ...]:
    return (f"enterprise:{document['enterprise']}",)


def _owner(document: Document) -> tuple[str, ...]:
    return (str(document["owner"]),)


def _owner_and_park(document: Document) -> tuple[str, ...]:
    return tuple(dict.fromkeys((str(document["owner"]), "operator")))


def _reporter(document: Document) -> tuple[str, ...]:
    return (str(document["reported_by"]),)


TOLD: dict[str, _Told] = {
    "OfferMade": _Told(
        _driver, "Offer {id}: {load_ids}. Answer by {until}.", "派单 {id}：货源 {load_ids}，请在 {until} 前答复。"
    ),
    "OfferExpired": _Told(_driver, "Offer {id} has expired.", "派单 {id} 已过期。"),
    "MatchUndone": _Told(_offered_driver, "Offer {id} was taken back.", "派单 {id} 已撤回。"),
    "LoadAccepted": _Told(
        _enterprise, "Load {id} is taken by {plate} of {taken_by}.", "货源 {id} 已由 {taken_by} 的 {plate} 承运。"
    ),
    "LoadHandedBack": _Told(
        _enterprise, "Load {id} was given back; it is offered again.", "货源 {id} 被退回，将重新派单。"
    ),
    "LoadPickedUp": _Told(_enterprise, "Load {id} is in transit on {plate}.", "货源 {id} 已由 {plate} 装车在途。"),
    "LoadDelivered": _Told(_enterprise, "Load {id} is delivered.", "货源 {id} 已送达。"),
    "LoadExpired": _Told(_enterprise, "Load {id} found no truck in time.", "货源 {id} 逾期无车承运。"),
    "AppointmentMoved": _Told(
        _driver,
        "Appointment {id} was moved from {was} to {place}: {why}.",
        "预约 {id} 由 {was} 改至 {place}：{why}。",
    ),
    "MoveOffered": _Told(
        _driver,
        "Appointment {id} may move from {place} to {other}, if you say so by {until}: {why}.",
        "预约 {id} 可由 {place} 改至 {other}，请在 {until} 前答复：{why}。",
    ),
    "AppointmentDisplaced": _Told(
        _driver,
        "Appointment {id} had to move from {was} to {place}: {why}. You may refuse.",
        "预约 {id} 须由 {was} 改至 {place}：{why}。您可以拒绝。",
    ),
    "AppointmentWaitlisted": _Told(
        _displaced_driver,
        "Appointment {id} of {place} cannot be kept: {why}. It waits in line for room.",
        "预约 {id}（{place}）无法保留：{why}。已转入候补。",
    ),
    "AppointmentOffered": _Told(
        _driver,
        "Room for appointment {id}: {place}, held until {until}.",
        "候补预约 {id} 有位：{place}，保留至 {until}。",
    ),
    "MoveLapsed": _Told(_driver, "The move of appointment {id} was not answered.", "预约 {id} 的改期未答复，已失效。"),
    "AppointmentExpired": _Told(_driver, "Appointment {id} has expired: {why}.", "预约 {id} 已失效：{why}。"),
    "AppointmentMissed": _Told(
        _driver, "Appointment {id} of {place} was missed.", "预约 {id}（{place}）未到，记为失约。"
    ),
    "ExceptionReported": _Told(_owner, "Exception {id} of load {load}: {kind}.", "货源 {load} 的异常 {id}：{kind}。"),
    "ExceptionResolved": _Told(_reporter, "Exception {id} is resolved; close it.", "异常 {id} 已处理，请确认。"),
    "ExceptionOverdue": _Told(_owner_and_park, "Exception {id} is overdue.", "异常 {id} 已超时。"),
}
