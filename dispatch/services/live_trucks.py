"""The trucks that a matching round may send out, with what each has promised.

What is promised is kept by days, and a shift may cross midnight: what of the day before belongs to it binds the truck
as today's does; where it must be first on the day after, its time before ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dispatch.model.day import Load, Truck, check_truck
from dispatch.model.park import Park
from dispatch.model.promises import Appointment
from dispatch.planning.fitting import fits
from dispatch.planning.matching_round import LiveTruck
from dispatch.services import offering, publication
from dispatch.services.freight import LoadRecord, MatchRecord
from dispatch.store import codec
from dispatch.store.keys import day_prefix, id_of
from dispatch.store.store import Store

Timed = tuple[Load, datetime]
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Promised:
    """What the trucks have promised on a day, by plate: loads with their begins, in order, and appointments."""

    loads: Mapping[str, list[Timed]]
    appointments: Mapping[str, list[Appointment]]


async def read_live_trucks(store: Store, park: Park, day: date, reaches: datetime) -> list[LiveTruck]:
    """Return the trucks that are out on the day, or free by when the round `reaches`, with what they have promised."""
    plates = await store.members(store.keys.trucks())
    found = await store.find_many([store.keys.truck_state(plate) for plate in plates])
    trucks = [codec.read(Truck, each.document) for each in found if each is not None]
    out = [each for each in trucks if fits(park, each, check_truck) and _is_out(park, each, day, reaches)]
    days = {day}
    if any(park.grid.day_of(each.free_from) < day for each in out):
        days.add(day - A_DAY)
    if any(park.grid.day_of(each.home_by) > day for each in out):
        days.add(day + A_DAY)
    promised = {each: await _read_promised(store, each) for each in days}
    return [_live(park, each, day, promised) for each in out]


def _is_out(park: Park, truck: Truck, day: date, reaches: datetime) -> bool:
    is_free = park.grid.day_of(truck.free_from) <= day or truck.free_from <= reaches
    return is_free and day <= park.grid.day_of(truck.home_by)


def _live(park: Park, truck: Truck, day: date, promised: Mapping[date, Promised]) -> LiveTruck:
    nothing = Promised({}, {})
    before, on, after = (promised.get(each, nothing) for each in (day - A_DAY, day, day + A_DAY))
    night = [each for each in before.loads.get(truck.plate, ()) if each[1] >= truck.free_from]
    next_day = [each for each in after.loads.get(truck.plate, ()) if each[1] <= truck.home_by]
    appointments = [each for which in (before, on, after) for each in which.appointments.get(truck.plate, ())]
    return LiveTruck(
        truck,
        (*night, *on.loads.get(truck.plate, ())),
        tuple(each for each in appointments if each.day == day or _is_in_shift(park, truck, each)),
        tuple(next_day),
    )


def _is_in_shift(park: Park, truck: Truck, appointment: Appointment) -> bool:
    return truck.free_from <= park.grid.start_of(appointment.day, appointment.slot) <= truck.home_by


async def _read_promised(store: Store, day: date) -> Promised:
    appointments: dict[str, list[Appointment]] = {}
    for appointment in await publication.held_appointments(store, day):
        appointments.setdefault(appointment.plate, []).append(appointment)
    return Promised(await _read_loads(store, day), appointments)


async def _read_loads(store: Store, day: date) -> Mapping[str, list[Timed]]:
    members = await store.members(store.keys.matches(), prefix=day_prefix(day))
    stored = await store.find_many([store.keys.match(id_of(member)) for member in members])
    records = [codec.read(MatchRecord, each.document) for each in stored if each is not None]
    standing = [record.match for record in records if record.match.state in offering.STANDING]
    loads = await store.find_many([store.keys.load(each.load) for match in standing for each in match.loads])
    known = {each.key: codec.read(LoadRecord, each.document).load for each in loads if each is not None}
    promised: dict[str, list[Timed]] = {}
    for match in standing:
        for each in match.loads:
            if store.keys.load(each.load) in known:
                promised.setdefault(match.plate, []).append((known[store.keys.load(each.load)], each.starts_at))
    for chain in promised.values():
        chain.sort(key=lambda timed: timed[1])
    return promised
