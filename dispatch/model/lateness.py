"""Coming early or late: what is tolerated, and how much of it is the park's own delay, as its queues show. Pure.

A truck's wait is what it stood in the queue before the gate (`arrived_at` to `checked_in_at`) and before its dock (from
when it can have been there, and its slot has begun, until it was begun with). The park's delay of an appointment is the
longest wait of others at its gate or dock group, or of its own truck at another call that day, that touches the time in
which it was to come. Waits below the house's `park_delay_minutes` are no delay. A truck that has not been begun with
waits only where docks are known to say when they begin.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.model.life import dock_times, no_show_at, starts_at
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, AppointmentState, Lane


@dataclass(frozen=True, slots=True)
class Delay:
    """The park's own delay, and the queue that shows it, in words."""

    minutes: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A truck in a queue of the park, from when until when."""

    begin: datetime
    end: datetime
    where: str

    @property
    def minutes(self) -> int:
        """Return how long it stood, in whole minutes."""
        return max(0, int((self.end - self.begin).total_seconds() // 60))


NO_DELAY = Delay(0, "")


def opens_at(park: Park, appointment: Appointment) -> datetime:
    """Return from when on its truck may come in."""
    return starts_at(park, appointment) - timedelta(minutes=park.rules.early_grace_minutes)


def closes_at(park: Park, appointment: Appointment) -> datetime:
    """Return until when its truck may come in as booked; the park's own delay is added."""
    grace = park.rules.late_grace_minutes + appointment.excused_minutes
    return starts_at(park, appointment) + timedelta(minutes=grace)


def is_early(park: Park, appointment: Appointment, arrived_at: datetime) -> bool:
    """Answer whether a truck has come too early to be let in."""
    return arrived_at < opens_at(park, appointment)


def is_in_time(park: Park, appointment: Appointment, arrived_at: datetime) -> bool:
    """Answer whether a truck has come within the tolerance."""
    return opens_at(park, appointment) <= arrived_at <= closes_at(park, appointment)


def find_lane(park: Park, appointment: Appointment, arrived_at: datetime) -> Lane | None:
    """Return how a truck that has not come early is let in; None when it is beyond the limit."""
    if arrived_at <= closes_at(park, appointment):
        return Lane.BOOKED
    return Lane.LATE if arrived_at < no_show_at(park, appointment) else None


def has_come_in_time(park: Park, appointment: Appointment) -> bool:
    """Answer whether its truck stands in the queue before the gate, and joined it before it was a no-show."""
    return appointment.arrived_at is not None and appointment.arrived_at < no_show_at(park, appointment)


def park_delay(park: Park, appointment: Appointment, others: Iterable[Appointment], now: datetime) -> Delay:
    """Return the park's own delay in the time in which the appointment's truck was to come, up to now."""
    begin = opens_at(park, appointment)
    end = min(now, starts_at(park, appointment) + timedelta(minutes=park.rules.late_limit_minutes))
    others = tuple(others)
    telling = {place.dock_group for other in others for place in dock_times(other) if place.dock_started_at}
    waits = [
        wait
        for other in others
        for group, wait in _waits_that_matter(park, appointment, other, now)
        if group is None or group in telling
    ]
    touching = [wait for wait in waits if wait.begin <= end and wait.end >= begin]
    longest = max(touching, key=lambda wait: wait.minutes, default=None)
    if longest is None or longest.minutes < park.rules.park_delay_minutes:
        return NO_DELAY
    until = longest.end.astimezone(park.grid.zone)
    return Delay(longest.minutes, f"{longest.where}: {longest.minutes} minutes of queue until {until:%H:%M}")


def _waits_that_matter(
    park: Park, appointment: Appointment, other: Appointment, now: datetime
) -> Iterable[tuple[str | None, Wait]]:
    """Yield waits, those before docks with their group."""
    is_own = other.plate == appointment.plate
    groups = {place.dock_group for place in dock_times(appointment)}
    if other.gate == appointment.gate or is_own:
        yield from ((None, wait) for wait in gate_waits(other, now))
    yield from ((group, wait) for group, wait in dock_waits(park, other, now) if is_own or group in groups)


def gate_waits(appointment: Appointment, now: datetime) -> Iterable[Wait]:
    """Return the wait of its truck before the gate, up to now when it has not been let in."""
    if appointment.arrived_at is None:
        return
    stands = appointment.state is AppointmentState.CONFIRMED
    end = appointment.checked_in_at or (now if stands else appointment.arrived_at)
    yield Wait(appointment.arrived_at, end, f"gate {appointment.gate}")


def dock_waits(park: Park, appointment: Appointment, now: datetime) -> Iterable[tuple[str, Wait]]:
    """Return the waits of its truck before its docks, with the dock group of each."""
    warehouse = park.warehouse_by_id.get(appointment.warehouse)
    if appointment.checked_in_at is None or warehouse is None:
        return
    ready = appointment.checked_in_at + timedelta(minutes=park.zone_by_id[warehouse.zone].drive_minutes)
    for place in dock_times(appointment):
        begin = max(ready, park.grid.start_of(appointment.day, place.slot))
        stands = appointment.state is AppointmentState.CHECKED_IN
        end = place.dock_started_at or (now if stands else begin)
        if end > begin:
            yield place.dock_group, Wait(begin, end, f"dock group {place.dock_group}")
        if place.dock_finished_at is None:
            return
        ready = place.dock_finished_at
