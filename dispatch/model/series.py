"""Recurring appointments: a weekly or daily pattern, in a part of iCalendar's RRULE (RFC 5545, section 3.3.10). Pure.

Taken are FREQ=DAILY and FREQ=WEEKLY with INTERVAL, BYDAY (days of the week without numbers), and COUNT or UNTIL; weeks
begin on Monday. What is not taken is refused, never passed over. A pattern is one of days by the park's own clock: an
occurrence is at the same time of its day, whatever the clocks do meanwhile.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, Literal

from dateutil.rrule import DAILY, FR, MO, SA, SU, TH, TU, WE, WEEKLY, rrule

from dispatch.model.faults import FieldFault, check_id
from dispatch.model.grid import SlotGrid
from dispatch.model.park import FORBID_UNKNOWN, DockKind

DAYS = {"MO": MO, "TU": TU, "WE": WE, "TH": TH, "FR": FR, "SA": SA, "SU": SU}
FREQUENCIES: dict[str, Literal[2, 3]] = {"DAILY": DAILY, "WEEKLY": WEEKLY}
PARTS = ("FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL")
MOST_COUNT = 1000
MOST_INTERVAL = 52
LONGEST_RULE = 200
LONGEST_SEARCH = timedelta(days=366)
_NUMBER = re.compile(r"[1-9][0-9]{0,3}\Z", re.ASCII)


class SeriesState(StrEnum):
    """Where a series is in its life."""

    ACTIVE = "active"
    ENDED = "ended"


SERIES_LIFE: dict[tuple[SeriesState, str], SeriesState] = {(SeriesState.ACTIVE, "end"): SeriesState.ENDED}


class OccurrenceState(StrEnum):
    """What became of one occurrence of a series."""

    PENDING = "pending"  # its slot is not open for booking yet
    EXCEPTED = "excepted"
    MADE = "made"  # an appointment, confirmed or in line
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Series:
    """Appointments asked for again and again: the first no earlier than `begins`, all at its time of day.

    Each may start from `before_minutes` before to `after_minutes` after that; None is the house's window.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    plate: str
    carrier: str
    warehouse: str
    cargo_kind: str
    begins: datetime
    rule: str
    made_at: datetime
    exdates: tuple[date, ...] = ()
    dock_kind: DockKind | None = None
    minutes: int | None = None
    before_minutes: int | None = None
    after_minutes: int | None = None
    waitlist: bool = False
    state: SeriesState = SeriesState.ACTIVE

    def __post_init__(self) -> None:
        check_id("id", self.id)
        parsed(self.rule)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence: the start that is wished for, and the appointment made of it, or why it was refused."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    series: str
    plate: str
    carrier: str
    warehouse: str
    day: date
    wish: datetime
    state: OccurrenceState
    settled_at: datetime | None = None
    opens_at: datetime | None = None
    appointment: str | None = None
    problem: str = ""


@lru_cache(maxsize=10_000)
def parsed(rule: str) -> Mapping[str, str]:
    """Return the parts of a rule; FieldFault for what is not taken."""
    if len(rule) > LONGEST_RULE:
        raise FieldFault("rule", f"is longer than {LONGEST_RULE} characters")
    parts: dict[str, str] = {}
    for part in rule.removeprefix("RRULE:").split(";"):
        name, sign, value = part.partition("=")
        if not sign or name not in PARTS:
            raise FieldFault(
                "rule", f"{part[:40]!r} is not taken; allowed: {', '.join(PARTS)}, as FREQ=WEEKLY;BYDAY=MO"
            )
        if name in parts:
            raise FieldFault("rule", f"{name} stands twice")
        parts[name] = value
    _check(parts)
    return parts


def occurrences(grid: SlotGrid, series: Series, first: date) -> Iterator[datetime]:
    """Yield the starts of the series from the day `first` on, the excepted ones too, by the park's clock."""
    begins = series.begins.astimezone(grid.zone).replace(tzinfo=None)
    minute = begins.hour * 60 + begins.minute
    parts = parsed(series.rule)
    days = rrule(
        FREQUENCIES[parts["FREQ"]],
        dtstart=begins,
        interval=int(parts.get("INTERVAL", "1")),
        byweekday=[DAYS[day] for day in parts["BYDAY"].split(",")] if "BYDAY" in parts else None,
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(grid, parts["UNTIL"]) if "UNTIL" in parts else None,
    )
    for local in days.xafter(datetime.combine(first, time.min), inc=True):
        yield grid.moment_of(local.date(), minute)


def check_recurs(grid: SlotGrid, series: Series) -> None:
    """Raise FieldFault when the series has no occurrence in the year from its begin on that is not excepted."""
    first = grid.day_of(series.begins)
    parts = parsed(series.rule)
    if parts["FREQ"] == "DAILY" and "BYDAY" in parts:
        steps = (first + timedelta(days=i * int(parts.get("INTERVAL", "1"))) for i in range(7))
        if not {day.weekday() for day in steps} & {DAYS[name].weekday for name in parts["BYDAY"].split(",")}:
            raise FieldFault("rule", "names no day: its INTERVAL never meets a day of BYDAY")
    for starts_at in occurrences(grid, series, first):
        day = grid.day_of(starts_at)
        if day > first + LONGEST_SEARCH:
            break
        if day not in series.exdates:
            return
    raise FieldFault("rule", "names no day, from begins on, that is not excepted")


def _check(parts: Mapping[str, str]) -> None:
    if parts.get("FREQ") not in FREQUENCIES:
        raise FieldFault("rule", f"FREQ is {parts.get('FREQ', 'missing')[:20]}, must be DAILY or WEEKLY")
    for name, most in (("INTERVAL", MOST_INTERVAL), ("COUNT", MOST_COUNT)):
        if name in parts and not (_NUMBER.match(parts[name]) and int(parts[name]) <= most):
            raise FieldFault("rule", f"{name} is {parts[name][:20]!r}, must be from 1 to {most}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise FieldFault("rule", "has both COUNT and UNTIL; give one of them")
    days = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    for day in days:
        if day not in DAYS:
            raise FieldFault("rule", f"BYDAY has {day[:20]!r}; allowed: {', '.join(DAYS)}, without numbers")
    if len(days) != len(set(days)):
        raise FieldFault("rule", "BYDAY names a day twice")
    if "UNTIL" in parts:
        _read_until(parts["UNTIL"])


def _until(grid: SlotGrid, text: str) -> datetime:
    """Return the last moment of a rule by the park's clock; a day is meant whole."""
    moment = _read_until(text)
    return moment if moment.tzinfo is None else moment.astimezone(grid.zone).replace(tzinfo=None)


def _read_until(text: str) -> datetime:
    try:
        if text.endswith("Z"):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return datetime.combine(datetime.strptime(text, "%Y%m%d").date(), time.max)  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise FieldFault("rule", f"UNTIL is {text[:20]!r}, must be as 20261231 or 20261231T155959Z") from None
