"""The kinds of events the park's stream has: `docs/events.md` says of each what it means and what its data are.

`version` rises when the data of a kind change so that old readers would go wrong; a new field is no such change.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventKind:
    """What an event of this name is about, and its code among the equipment events of DCSA, if it has one."""

    about: str  # appointment, load, match, visit, truck, job, ...: what its data are
    dcsa: str | None = None
    version: int = 1


_APPOINTMENT = EventKind("appointment")
_LOAD = EventKind("load")
_MATCH = EventKind("match")
_JOB = EventKind("job")
_EXCEPTION = EventKind("exception")
_GONE = EventKind("key")

EVENT_KINDS: dict[str, EventKind] = {
    "AppointmentRequested": _APPOINTMENT,
    "AppointmentWaitlisted": _APPOINTMENT,
    "AppointmentOffered": _APPOINTMENT,
    "AppointmentConfirmed": _APPOINTMENT,
    "AppointmentAmended": _APPOINTMENT,
    "AppointmentMoved": _APPOINTMENT,
    "EtaReported": _APPOINTMENT,
    "MoveOffered": _APPOINTMENT,
    "MoveRefused": _APPOINTMENT,
    "MoveLapsed": _APPOINTMENT,
    "LatenessExcused": _APPOINTMENT,
    "AppointmentCancelled": _APPOINTMENT,
    "AppointmentExpired": _APPOINTMENT,
    "AppointmentMissed": _APPOINTMENT,
    "TruckCheckedIn": EventKind("appointment", dcsa="GTIN"),
    "DockStarted": EventKind("appointment", dcsa="AVDO"),
    "DockFinished": EventKind("appointment", dcsa="AVPU"),
    "TruckCheckedOut": EventKind("appointment", dcsa="GTOT"),
    "VisitPosted": EventKind("visit"),
    "VisitRemoved": _GONE,
    "TruckAnnounced": EventKind("truck"),
    "TruckRemoved": _GONE,
    "LoadPosted": _LOAD,
    "LoadWithdrawn": _LOAD,
    "LoadRemoved": _GONE,
    "LoadExpired": _LOAD,
    "LoadNoted": _LOAD,
    "TruckArrived": _APPOINTMENT,
    "LoadAccepted": _LOAD,
    "LoadHandedBack": _LOAD,
    "LoadReachedPickup": _LOAD,
    "LoadPickedUp": _LOAD,
    "LoadDelivered": _LOAD,
    "LoadDisputed": _LOAD,
    "LoadSettled": _LOAD,
    "MatchPlanned": _MATCH,
    "OfferMade": _MATCH,
    "OfferAccepted": _MATCH,
    "OfferDeclined": _MATCH,
    "OfferExpired": _MATCH,
    "OfferHandedBack": _MATCH,
    "MatchUndone": _MATCH,
    "MatchFinished": _MATCH,
    "ExceptionReported": _EXCEPTION,
    "ExceptionTakenUp": _EXCEPTION,
    "ExceptionResolved": _EXCEPTION,
    "ExceptionReopened": _EXCEPTION,
    "ExceptionClosed": _EXCEPTION,
    "ExceptionOverdue": _EXCEPTION,
    "AppointmentDisplaced": _APPOINTMENT,
    "ChangeAccepted": _APPOINTMENT,
    "ChangeRefused": _APPOINTMENT,
    "ClosureMade": EventKind("closure"),
    "ClosureCancelled": EventKind("closure"),
    "CarriersRestricted": EventKind("restriction"),
    "JobQueued": _JOB,
    "JobStarted": _JOB,
    "JobSucceeded": _JOB,
    "JobFailed": _JOB,
    "JobCancelled": _JOB,
    "ApiKeyCreated": EventKind("api_key"),
    "ApiKeyRevoked": EventKind("api_key"),
    "SigningKeyRotated": EventKind("signing_key"),
    "SeriesMade": EventKind("series"),
    "SeriesExcepted": EventKind("series"),
    "SeriesEnded": EventKind("series"),
    "OccurrenceMade": EventKind("occurrence"),
    "OccurrenceRefused": EventKind("occurrence"),
    "DayClosed": EventKind("attendance"),
    "WebhookCreated": EventKind("webhook"),
    "WebhookChanged": EventKind("webhook"),
    "WebhookSecretRotated": EventKind("webhook"),
    "WebhookDeleted": EventKind("webhook"),
    "EventsArchived": EventKind("archive"),
}
OTHER = EventKind("other")


def kind_of(name: str) -> EventKind:
    """Return the kind of an event by its name."""
    return EVENT_KINDS.get(name, OTHER)
