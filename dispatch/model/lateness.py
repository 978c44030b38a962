"""Coming early or late: what is tolerated, and how much of it is the park's own delay, as its queues show. Pure.

A truck's wait is what it stood in the queue before the gate (`arrived_at` to `checked_in_at`) and before its dock (from
when it can have been there, and its slot has begun, until it was begun with). The park's delay of an appointment is the
longest wait of others at its gate or dock group, or of its own truck at another call that day, that touches the time in
which it was to come. Waits below the house's `park_delay_minutes` are no delay. A truck that has not been begun with
waits only where docks are known to say when they begin.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.model.life import dock_times, no_show_at, starts_at
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, AppointmentState, Lane, Stop


@dataclass(frozen=True, slots=True)
class Delay:
    """The park's own delay, and the queue that shows it, in words."""

    minutes: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A truck in a queue of the park, from when until when. `where` is the queue's gate or dock group, in words."""

    begin: datetime
    end: datetime
    where: str
    plate: str
    appointment: str

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


def park_delay(park: Park, appointment: Appointment, waits: Iterable[Wait], now: datetime) -> Delay:
    """Return the park's own delay in the time in which the appointment's truck was to come, up to now."""
    begin = opens_at(park, appointment)
    end = min(now, starts_at(park, appointment) + timedelta(minutes=park.rules.late_limit_minutes))
    queues = {_gate(appointment), *(_docks(place) for place in dock_times(appointment))}
    touching = [
        wait
        for wait in waits
        if wait.appointment != appointment.id
        and (wait.where in queues or wait.plate == appointment.plate)
        and wait.begin <= end
        and wait.end >= begin
    ]
    longest = max(touching, key=lambda wait: wait.minutes, default=None)
    if longest is None:
        return NO_DELAY
    until = longest.end.astimezone(park.grid.zone)
    return Delay(longest.minutes, f"{longest.where}: {longest.minutes} minutes of queue until {until:%H:%M}")


def long_waits(park: Park, appointments: Iterable[Appointment], now: datetime) -> list[Wait]:
    """Return the waits of trucks before gates and docks that are long enough to be a delay."""
    appointments = tuple(appointments)
    telling = {place.dock_group for each in appointments for place in dock_times(each) if place.dock_started_at}
    found = [
        wait for each in appointments for wait in (*_gate_waits(each, now), *_dock_waits(park, each, telling, now))
    ]
    return [wait for wait in found if wait.minutes >= park.rules.park_delay_minutes]


def _gate_waits(appointment: Appointment, now: datetime) -> Iterable[Wait]:
    """Yield the wait of its truck before the gate, up to now when it has not been let in."""
    arrived = appointment.arrived_at
    end = appointment.checked_in_at or (now if appointment.state is AppointmentState.CONFIRMED else None)
    if arrived is not None and end is not None:
        yield Wait(arrived, end, _gate(appointment), appointment.plate, appointment.id)


def _dock_waits(park: Park, appointment: Appointment, telling: Container[str], now: datetime) -> Iterable[Wait]:
    """Yield the waits of its truck before its docks, up to now where it waits, and docks tell when they begin."""
    warehouse = park.warehouse_by_id.get(appointment.warehouse)
    if appointment.checked_in_at is None or warehouse is None:
        return
    ready = appointment.checked_in_at + timedelta(minutes=park.zone_by_id[warehouse.zone].drive_minutes)
    for place in dock_times(appointment):
        begin = max(ready, park.grid.start_of(appointment.day, place.slot))
        stands = appointment.state is AppointmentState.CHECKED_IN and place.dock_group in telling
        end = place.dock_started_at or (now if stands else begin)
        yield Wait(begin, end, _docks(place), appointment.plate, appointment.id)
        if place.dock_finished_at is None:
            return
        ready = place.dock_finished_at


def _gate(appointment: Appointment) -> str:
    return f"gate {appointment.gate}"


def _docks(place: Appointment | Stop) -> str:
    return f"dock group {place.dock_group}"
