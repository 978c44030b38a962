"""What became of appointments: by carrier, whether slots were used or wasted; by dock group and hour, who came. Pure.

A slot is wasted by a no-show, and in part by a cancellation so late that hardly anybody could use it. What a closure
has moved or undone is nobody's waste, nor is what the park's own delay kept away: that expires, and does not count.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from dispatch.model.life import starts_at
from dispatch.model.park import FORBID_UNKNOWN, Park
from dispatch.model.promises import GIVEN_UP, INSIDE, WITHDRAWN, Appointment, AppointmentState, Source


@dataclass(frozen=True, slots=True)
class CarrierRecord:
    """A carrier's appointments of some days: how many there were in all and in peak hours, and how many were wasted."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    kept: int = 0
    no_shows: int = 0
    late_cancels: int = 0
    peak: int = 0  # of those kept or missed

    @property
    def booked(self) -> int:
        """Return all that count."""
        return self.kept + self.no_shows + self.late_cancels

    def __add__(self, other: "CarrierRecord") -> "CarrierRecord":
        """Return both together."""
        return CarrierRecord(
            self.kept + other.kept,
            self.no_shows + other.no_shows,
            self.late_cancels + other.late_cancels,
            self.peak + other.peak,
        )


@dataclass(frozen=True, slots=True)
class Shows:
    """Of those who were expected at a dock group in an hour: how many, and how many of them did not come."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    expected: int = 0
    missed: int = 0

    def __add__(self, other: "Shows") -> "Shows":
        """Return both together."""
        return Shows(self.expected + other.expected, self.missed + other.missed)


@dataclass(frozen=True, slots=True)
class Attendance:
    """What became of the appointments of one day or of several: by carrier, and by `group@hour`."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    carriers: dict[str, CarrierRecord] = field(default_factory=dict)
    shows: dict[str, Shows] = field(default_factory=dict)

    def __add__(self, other: "Attendance") -> "Attendance":
        """Return both together."""
        names, places = {**self.carriers, **other.carriers}, {**self.shows, **other.shows}
        return Attendance(
            {
                name: self.carriers.get(name, CarrierRecord()) + other.carriers.get(name, CarrierRecord())
                for name in names
            },
            {place: self.shows.get(place, Shows()) + other.shows.get(place, Shows()) for place in places},
        )


CAME = INSIDE | {AppointmentState.COMPLETED}


def attendance_of(park: Park, appointments: Iterable[Appointment]) -> Attendance:
    """Return what became of appointments whose slots are past."""
    found = Attendance()
    carriers, shows = found.carriers, found.shows
    for each in appointments:
        record = _record(park, each)
        if record.booked:
            carriers[each.carrier] = carriers.get(each.carrier, CarrierRecord()) + record
        if record.kept or record.no_shows:
            place = place_of(each.dock_group, park.hour_of(each.slot))
            shows[place] = shows.get(place, Shows()) + Shows(1, record.no_shows)
    return found


def place_of(dock_group: str, hour: int) -> str:
    """Return the name of a dock group in an hour."""
    return f"{dock_group}@{hour}"


def _record(park: Park, appointment: Appointment) -> CarrierRecord:
    in_peak = int(appointment.slot in park.peak_slots)
    if appointment.source is Source.WALK_IN or appointment.displaced_by is not None:
        return CarrierRecord()
    if appointment.state in CAME:
        return CarrierRecord(kept=1, peak=in_peak)
    if appointment.state is AppointmentState.NO_SHOW:
        return CarrierRecord(no_shows=1, peak=in_peak)
    return CarrierRecord(late_cancels=int(is_late_cancel(park, appointment)))


def is_late_cancel(park: Park, appointment: Appointment) -> bool:
    """Answer whether it was cancelled by its driver or carrier too late for others to use its slot."""
    if appointment.state is not AppointmentState.CANCELLED or appointment.changed_at is None:
        return False
    if appointment.reason in (WITHDRAWN, GIVEN_UP):
        return False
    return appointment.changed_at > starts_at(park, appointment) - timedelta(
        minutes=park.rules.earned.late_cancel_minutes
    )
