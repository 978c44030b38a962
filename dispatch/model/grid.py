"""The slot grid: park-local days cut into equal slots, numbered from midnight."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NewType
from zoneinfo import ZoneInfo

from dispatch.model.faults import FieldFault

Slot = NewType("Slot", int)

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class SlotGrid:
    """Translates between aware datetimes and (day, slot) in the park's own time zone."""

    slot_minutes: int
    timezone: str

    def __post_init__(self) -> None:
        if self.slot_minutes < 1 or MINUTES_A_DAY % self.slot_minutes:
            raise FieldFault("slot_minutes", f"is {self.slot_minutes}, must divide {MINUTES_A_DAY}")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise FieldFault(
                "timezone", f"{self.timezone[:40]!r} is not an IANA time zone, such as Asia/Shanghai"
            ) from None

    @property
    def zone(self) -> ZoneInfo:
        """Return the park's time zone."""
        return _zone(self.timezone)

    @property
    def horizon(self) -> int:
        """Return the number of slots in a day."""
        return MINUTES_A_DAY // self.slot_minutes

    def day_of(self, moment: datetime) -> date:
        """Return the park-local day of an aware datetime."""
        return moment.astimezone(self.zone).date()

    def minute_of(self, moment: datetime, day: date) -> int:
        """Return wall-clock minutes from midnight of `day` (negative before it, above 1440 after it)."""
        local = moment.astimezone(self.zone)
        return (local.date() - day).days * MINUTES_A_DAY + local.hour * 60 + local.minute

    def slot_of(self, moment: datetime, day: date) -> Slot:
        """Return the slot of `day` in which the moment lies (may be outside 0..horizon-1)."""
        return Slot(self.minute_of(moment, day) // self.slot_minutes)

    def moment_of(self, day: date, minute: int) -> datetime:
        """Return the aware datetime of a wall-clock minute from midnight of `day`.

        A minute that the clocks skip is the moment after the skip; one they show twice is the first of the two.
        """
        return _moment(self.timezone, day, minute)

    def start_of(self, day: date, slot: int) -> datetime:
        """Return the aware datetime at which a slot begins."""
        return self.moment_of(day, slot * self.slot_minutes)

    def slots_for(self, minutes: int) -> int:
        """Return how many whole slots a duration takes (at least one)."""
        return max(1, -(-minutes // self.slot_minutes))


@lru_cache(maxsize=16)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


@lru_cache(maxsize=16_384)  # every slot of some weeks: it is asked for many times in each request
def _moment(timezone: str, day: date, minute: int) -> datetime:
    zone = _zone(timezone)
    local = _on_the_wall(zone, day, minute)
    if _is_real(zone, local):
        return local
    while not _is_real(zone, local):
        minute -= 1
        local = _on_the_wall(zone, day, minute)
    return (local.astimezone(UTC) + timedelta(minutes=1)).astimezone(zone)


def _on_the_wall(zone: ZoneInfo, day: date, minute: int) -> datetime:
    days, rest = divmod(minute, MINUTES_A_DAY)
    return datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=zone)


def _is_real(zone: ZoneInfo, local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)


def clock_text(minute: int) -> str:
    """Return minutes from midnight as HH:MM (24:00 for the day's end)."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
