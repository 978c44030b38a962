"""The park's yes/no rules: what may be booked, cancelled or withdrawn, and when. Pure; the clock is an argument."""

from datetime import date, datetime, timedelta

from dispatch.model.day import CarrierLists, Load, Truck
from dispatch.model.life import starts_at
from dispatch.model.park import Park, minute_of_day
from dispatch.model.promises import APPOINTMENT_LIFE, LOAD_LIFE, Appointment, LoadState, Match

LONGEST_APPROACH = timedelta(hours=4)  # no truck sets out earlier for a load's window


def day_opens_at(park: Park, day: date) -> datetime:
    """Return the moment from which the day's slots outside the peak hours can be booked."""
    ahead = timedelta(days=park.rules.booking_horizon_days)
    return park.grid.moment_of(day - ahead, minute_of_day(park.rules.release.at))


def peak_opens_at(park: Park, day: date) -> datetime:
    """Return the moment from which the day's peak slots can be booked, never before the others."""
    ahead = timedelta(days=park.rules.release.peak_days)
    released = park.grid.moment_of(day - ahead, minute_of_day(park.rules.release.peak_at))
    return max(released, day_opens_at(park, day))


def opens_at(park: Park, day: date, slot: int) -> datetime:
    """Return the moment from which the slot of the day can be booked."""
    return peak_opens_at(park, day) if slot in park.peak_slots else day_opens_at(park, day)


def unreleased(park: Park, day: date, now: datetime) -> frozenset[int]:
    """Return the peak slots of an open day that are not open yet."""
    days_ahead = (day - park.grid.day_of(now)).days
    if not park.peak_slots or days_ahead < min(park.rules.release.peak_days, park.rules.booking_horizon_days):
        return frozenset()  # whatever the time of day
    return park.peak_slots if now < peak_opens_at(park, day) else frozenset()


def may_book_day(park: Park, day: date, now: datetime) -> bool:
    """Answer whether a day can be booked at all: today up to the booking horizon, from its release on."""
    days_ahead = (day - park.grid.day_of(now)).days
    if days_ahead != park.rules.booking_horizon_days:
        return 0 <= days_ahead < park.rules.booking_horizon_days
    return now >= day_opens_at(park, day)


def round_reaches(park: Park, now: datetime, ahead: timedelta) -> datetime:
    """Return by when the window of a load begins for which a truck may have to set out within the time `ahead`."""
    return now + ahead + timedelta(minutes=park.rules.react_minutes) + LONGEST_APPROACH


def round_days(park: Park, now: datetime, ahead: timedelta) -> tuple[date, ...]:
    """Return the days a matching round looks at: today, yesterday for what may still be begun, and what it reaches."""
    today, reached = park.grid.day_of(now), park.grid.day_of(round_reaches(park, now, ahead))
    return tuple(today + timedelta(days=days) for days in range(-1, (reached - today).days + 1))


def earliest_start(park: Park, now: datetime) -> datetime:
    """Return the moment from which slots can still be booked: now plus the lead time."""
    return now + timedelta(minutes=park.rules.lead_minutes)


def may_book(park: Park, day: date, slot: int, now: datetime) -> bool:
    """Answer whether the slot of the day can be booked now: released, and not nearer than the lead time."""
    return now >= opens_at(park, day, slot) and park.grid.start_of(day, slot) >= earliest_start(park, now)


def fits_day(park: Park, slot: int, slots: int) -> bool:
    """Answer whether `slots` slots from `slot` on lie within one day."""
    return slot >= 0 and slot + slots <= park.grid.horizon


def cancel_deadline(park: Park, appointment: Appointment) -> datetime:
    """Return the last moment at which the appointment may be cancelled."""
    return starts_at(park, appointment) - timedelta(minutes=park.rules.cancel_deadline_minutes)


def may_cancel(park: Park, appointment: Appointment, now: datetime) -> bool:
    """Answer whether the appointment's state allows cancelling and its deadline is not past."""
    return (appointment.state, "cancel") in APPOINTMENT_LIFE and now <= cancel_deadline(park, appointment)


def amend_deadline(park: Park, appointment: Appointment) -> datetime:
    """Return the last moment at which the appointment may be moved or its cargo changed; its plate may be later on."""
    return starts_at(park, appointment) - timedelta(minutes=park.rules.amend_deadline_minutes)


def may_move(park: Park, appointment: Appointment, now: datetime) -> bool:
    """Answer whether the appointment's state allows moving and its deadline is not past."""
    return (appointment.state, "move") in APPOINTMENT_LIFE and now <= amend_deadline(park, appointment)


def earliest_replacement(park: Park, appointment: Appointment, now: datetime) -> datetime:
    """Return from when on a start may be given in place of one that is closed: on its own day or later, and earlier
    than itself only with notice.
    """
    notice = now + timedelta(minutes=park.rules.replan_notice_minutes)
    return max(park.grid.start_of(appointment.day, 0), min(starts_at(park, appointment), notice))


def may_withdraw(state: LoadState) -> bool:
    """Answer whether a load in this state may be withdrawn."""
    return (state, "withdraw") in LOAD_LIFE


def may_carry(park: Park, truck_kind: str, cargo_kind: str) -> bool:
    """Answer whether trucks of the kind can carry the cargo kind."""
    return cargo_kind in park.truck_kind_by_id[truck_kind].carries


def admits_carrier(load: Load, of_enterprise: CarrierLists, carrier: str) -> bool:
    """Answer whether neither the load nor its enterprise keeps the carrier out."""
    return of_enterprise.admits(carrier) and CarrierLists(load.blocked_carriers, load.allowed_carriers).admits(carrier)


def suits_driver(park: Park, truck: Truck, load: Load) -> bool:
    """Answer whether the load is of the kinds and in the regions its driver takes."""
    kinds, regions = truck.preferences.cargo_kinds, truck.preferences.regions
    if kinds and load.cargo_kind not in kinds:
        return False
    places = (park.place_by_id.get(end) for end in (load.origin, load.destination))
    return not regions or all(place is None or place.id in regions or place.kind in regions for place in places)


def is_urgent(park: Park, match: Match, now: datetime) -> bool:
    """Answer whether the first loading begins so soon that its driver must answer at once."""
    return match.loads[0].starts_at - now <= timedelta(minutes=park.rules.urgent_minutes)


def offer_expires(park: Park, match: Match, now: datetime) -> datetime:
    """Return until when an offer made now waits for its driver."""
    rules = park.rules
    urgent = is_urgent(park, match, now)
    return now + timedelta(seconds=rules.urgent_offer_seconds if urgent else rules.offer_seconds)


def may_plan(park: Park, day: date, now: datetime) -> bool:
    """Answer whether a day can still be planned: today or later."""
    return day >= park.grid.day_of(now)
