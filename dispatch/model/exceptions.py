"""Exceptions: what went wrong with a load, as an enterprise or driver reports it, with its life as a table."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from dispatch.model.park import FORBID_UNKNOWN


class ExceptionKind(StrEnum):
    """What kind of thing went wrong."""

    COMPLAINT = "complaint"
    DELAY = "delay"
    DAMAGE = "damage"
    SHORTAGE = "shortage"
    BREAKDOWN = "breakdown"
    TURNED_AWAY = "turned_away"
    OTHER = "other"


class ExceptionState(StrEnum):
    """Where an exception is in its life."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


S = ExceptionState
EXCEPTION_LIFE: dict[tuple[ExceptionState, ExceptionState], str] = {  # from, to: the event that tells it
    (S.OPEN, S.IN_PROGRESS): "ExceptionTakenUp",
    (S.OPEN, S.RESOLVED): "ExceptionResolved",
    (S.IN_PROGRESS, S.RESOLVED): "ExceptionResolved",
    (S.RESOLVED, S.OPEN): "ExceptionReopened",
    (S.RESOLVED, S.CLOSED): "ExceptionClosed",
}
UNSOLVED = frozenset({S.OPEN, S.IN_PROGRESS})  # the deadline runs


@dataclass(frozen=True, slots=True)
class Note:
    """What was said when an exception came into a state, by whom."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    at: datetime
    by: str
    state: ExceptionState
    text: str


@dataclass(frozen=True, slots=True)
class LoadException:
    """An exception. `reported_by` and `owner`, who has to see to it, are names of callers: "enterprise:E001".

    `enterprise`, `plate` and `carrier` are those of the load when it was reported. `rating`, 1 to 5, is how content the
    reporter was when closing it.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    load: str
    kind: ExceptionKind
    reported_by: str
    enterprise: str
    plate: str | None
    carrier: str | None
    owner: str
    state: ExceptionState
    opened_at: datetime
    deadline: datetime
    notes: tuple[Note, ...]
    is_overdue: bool = False
    rating: int | None = None
