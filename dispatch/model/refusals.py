"""Why something asked for was not done: a refusal carries the rule or the full resource; its docstring is its title.

HTTP numbers for these live in one table at the rim.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Alternative:
    """A start that would be accepted now. `not_nearer` is what stands in the way of the start one slot nearer to the
    wish: "" where that start is open too, or lies on another day. The waits are expected ones, None where unknown.
    """

    day: str
    slot: int
    starts_at: str
    gate: str
    not_nearer: str = ""
    gate_wait_minutes: float | None = None
    dock_wait_minutes: float | None = None


@dataclass
class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"
    resource: str  # what is full or which rule binds, in words: "gate east 09:15"
    alternatives: tuple[Alternative, ...] = field(default=())
    opens_at: datetime | None = field(default=None, kw_only=True)  # when it may be had, where time alone will bring it

    @property
    def title(self) -> str:
        """Return the refusal in one sentence."""
        return (type(self).__doc__ or "").strip().splitlines()[0]

    def __str__(self) -> str:
        return f"{self.title} ({self.resource})"


class GateFull(Refusal):
    """No gate can admit another truck in this slot."""

    code = "gate-full"


class DocksFull(Refusal):
    """All docks of the group are taken in this slot."""

    code = "docks-full"


class QuotaFull(Refusal):
    """The carrier has used its entries for this slot."""

    code = "quota-full"


class TooManyOpen(Refusal):
    """The truck or the company holds as many appointments of this day as one may."""

    code = "too-many-open"


class DailyQuotaFull(Refusal):
    """The carrier has used its entries for this day."""

    code = "daily-quota-full"


class PeakQuotaFull(Refusal):
    """The carrier has used the peak entries it has earned for this day."""

    code = "peak-quota-full"


class EntriesHeld(Refusal):
    """What is left of this slot is held for priority groups until their cut-off."""

    code = "entries-held"


class TruckBusy(Refusal):
    """The truck is somewhere else in the park at that time."""

    code = "truck-busy"


class OutsideHours(Refusal):
    """The slot is outside the hours in which the warehouse or gate works, or the visit does not fit into the day."""

    code = "outside-hours"


class BookingNotOpen(Refusal):
    """The day or the slot cannot be booked: it is too near, past, or beyond the booking horizon."""

    code = "booking-not-open"


class TooEarly(Refusal):
    """The truck has come too early to be let in."""

    code = "too-early"


class TooLate(Refusal):
    """The truck has come too late: its places are no longer kept."""

    code = "too-late"


class BadPass(Refusal):
    """The pass is not one of this park's."""

    code = "bad-pass"


class NotThere(Refusal):
    """There is nothing by this name."""

    code = "not-found"


class NotAllowedNow(Refusal):
    """The change does not fit the state this is in."""

    code = "wrong-state"


class Changed(Refusal):
    """It was changed by somebody else since you read it."""

    code = "changed-meanwhile"


class KeyReused(Refusal):
    """This Idempotency-Key was used before for a different request."""

    code = "idempotency-key-reused"


class AlreadyThere(Refusal):
    """There is already one by this name."""

    code = "already-exists"


class EventsGone(Refusal):
    """Events behind this position have been moved to the archive."""

    code = "events-gone"


class StoreFull(Refusal):
    """The store takes no writes: its disk is full. Nothing was changed; reading goes on."""

    code = "store-full"


class StoreUnavailable(Refusal):
    """The store does not answer or takes no writes; nothing was changed."""

    code = "store-unavailable"
