"""The slots an accepted match holds at the warehouses it comes to: found in the live counters, booked with the answer.

Each load that begins or ends at a warehouse of the park is there once: its stops, in the order they are driven. An
appointment the truck has for the load already is its stop; one that a plan gave the load's visit with another truck is
cancelled in the same commit, for that truck does not come.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatch.model.day import Load, Visit
from dispatch.model.life import after
from dispatch.model.park import Park, Warehouse
from dispatch.model.promises import Appointment, AppointmentState, Match, Purpose, Source
from dispatch.model.refusals import NotAllowedNow, OutsideHours
from dispatch.services import booking
from dispatch.services.counters import CounterView
from dispatch.services.desk import Desk
from dispatch.services.moving import held_by
from dispatch.services.openings import (
    Opening,
    Wanted,
    Window,
    find_nearest,
    find_obstacle,
    find_opening,
    never_open,
    slots_within,
)
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull
from dispatch.store.keys import day_prefix, id_of


@dataclass(frozen=True, slots=True)
class WantedStop:
    """A warehouse the truck comes to for a load: best in the slot of `at`, its start at the latest at `latest`."""

    load: Load
    warehouse: Warehouse
    purpose: Purpose
    minutes: int
    at: datetime
    latest: datetime
    visit: str | None


@dataclass(slots=True)
class Holding:
    """What accepting a match books: all the truck's appointments for it, and how each comes to be its own.

    `amended` are those it has already (as they are, their versions, as they will be), `cancelled` others of the visits.
    """

    appointments: list[Appointment] = field(default_factory=list)
    amended: list[tuple[Appointment, int, Appointment]] = field(default_factory=list)
    booked: list[Appointment] = field(default_factory=list)
    cancelled: list[tuple[Appointment, int]] = field(default_factory=list)

    def commits(self, desk: Desk, now: datetime) -> Iterator[Commit]:
        """Yield the changes it consists of, what is given back first."""
        for appointment, version in self.cancelled:
            yield booking.cancel(desk.park, desk.keys, appointment, version, now)
        for appointment, version, held in self.amended:
            yield booking.change(desk.park, desk.keys, appointment, version, held, "amend")
        for appointment in self.booked:
            yield booking.create(desk.park, desk.keys, appointment, allowances=desk.allowances)


def stops_of(park: Park, match: Match, loads: Sequence[Load]) -> list[WantedStop]:
    """Return where the match's truck comes to in the park, in the order it does."""
    by_id = {load.id: load for load in loads}
    found = []
    for each in match.loads:
        load = by_id[each.load]
        origin, destination = (park.warehouse_by_id.get(end) for end in (load.origin, load.destination))
        if origin is not None:
            pickup = (load.load_minutes, each.starts_at, load.latest, load.pickup_visit)
            found.append(WantedStop(load, origin, Purpose.COLLECT, *pickup))
        if destination is not None:
            latest = load.due - timedelta(minutes=load.unload_minutes)
            begins = each.unloads_at or each.starts_at + timedelta(minutes=load.load_minutes)
            delivery = (load.unload_minutes, begins, latest, load.delivery_visit)
            found.append(WantedStop(load, destination, Purpose.DELIVER, *delivery))
    return found


class SlotFinder:
    """Finds the slots of a match's stops in the counters as last seen, corrected by what commits find full."""

    def __init__(self, desk: Desk, now: datetime) -> None:
        self._desk = desk
        self._now = now
        self._views: dict[tuple[str, Purpose], CounterView] = {}  # by load and end

    def note(self, full: CounterFull) -> None:
        """Correct what was seen by a counter that a commit found full."""
        for view in self._views.values():
            view.note(full)

    async def find(self, match: Match, stops: Sequence[WantedStop]) -> Holding:
        """Return what must be booked for a match's stops; a stop that is late moves those behind it.

        Raises the Refusal that names the full resource where a stop has no slot.
        """
        holding, delay, free_from = Holding(), timedelta(0), datetime.min.replace(tzinfo=self._now.tzinfo)
        for stop in stops:
            planned = self._slot_begin(stop.at)
            later = replace(stop, at=max(planned + delay, free_from))
            appointment = await self._find_stop(match, later, holding)
            holding.appointments.append(appointment)
            grid = self._desk.park.grid
            delay = max(timedelta(0), grid.start_of(appointment.day, appointment.slot) - planned)
            left = appointment.slot + appointment.slots + self._desk.park.rules.turn_slots
            free_from = grid.start_of(appointment.day, left)
        return holding

    async def _find_stop(self, match: Match, stop: WantedStop, holding: Holding) -> Appointment:
        own = await self._find_own(match, stop)
        if own is not None:
            appointment, version = own
            held = after(self._desk.park, appointment, "amend", self._now, match=match.id)
            holding.amended.append((appointment, version, held))
            return held
        visit = await self._find_visit(stop)
        replaced = await self._find_replaced(visit) if visit is not None else []
        wanted = self._wanted(match, stop)
        end = (stop.load.id, stop.purpose)
        if end not in self._views:
            freed = [held_by(self._desk.park, self._desk.keys, each) for each, _ in replaced]
            self._views[end] = CounterView(self._desk, wanted, self._now, frozenset[tuple[str, str]]().union(*freed))
        opening = await self._find_opening(wanted, stop, self._views[end])
        holding.cancelled += replaced
        appointment = self._appointment(match, stop, opening, visit)
        holding.booked.append(appointment)
        return appointment

    async def _find_opening(self, wanted: Wanted, stop: WantedStop, view: CounterView) -> Opening:
        park = self._desk.park
        if stop.at > stop.latest:
            raise NotAllowedNow(
                f"load {stop.load.id}: the truck is at {stop.warehouse.id} from {stop.at.isoformat()} on"
            )
        window = Window(stop.at, stop.at, stop.latest)
        first, last = (park.grid.day_of(edge) for edge in (window.earliest, window.latest))
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        counters = await view.read([day for day in days if slots_within(park, wanted, window, day, self._now)])
        opening = find_opening(park, wanted, window, counters, self._now)
        if opening is not None:
            return opening
        nearest = find_nearest(park, wanted, window, counters, self._now)
        refusal = find_obstacle(park, wanted, nearest[1], nearest[0]) if nearest is not None else None
        raise refusal or never_open(park, wanted, first, park.grid.slot_of(stop.at, first), self._now)

    async def _find_own(self, match: Match, stop: WantedStop) -> tuple[Appointment, int] | None:
        """Return the confirmed appointment the truck has for the load at this warehouse already, with its version."""
        for appointment, version in await self._confirmed_of(match.plate, stop.at):
            if appointment.load == stop.load.id and appointment.warehouse == stop.warehouse.id:
                return appointment, version
        return None

    async def _find_visit(self, stop: WantedStop) -> Visit | None:
        """Return the visit that is the load's end at this warehouse, if it was wished for the day of the stop; one that
        does not name the load itself is somebody else's.
        """
        stored = await self._desk.store.find(self._desk.keys.visit(stop.visit)) if stop.visit is not None else None
        visit = codec.read(Visit, stored.document) if stored is not None else None
        if visit is None or (visit.warehouse, visit.load) != (stop.warehouse.id, stop.load.id):
            return None
        day_of = self._desk.park.grid.day_of
        return visit if day_of(visit.wish) == day_of(stop.at) else None

    async def _find_replaced(self, visit: Visit) -> list[tuple[Appointment, int]]:
        """Return the confirmed appointment that a plan gave the visit, with its version; NotAllowedNow when the visit
        has one that cannot be given up, as once its truck has come.
        """
        found = [
            (appointment, version)
            for appointment, version in await self._confirmed_of(visit.plate, visit.wish)
            if appointment.visit == visit.id
        ]
        keys = self._desk.keys
        (placed,) = await self._desk.store.taken([keys.placed(self._desk.park.grid.day_of(visit.wish))])
        if not found and placed.get(visit.id):
            raise NotAllowedNow(f"visit {visit.id} of load {visit.load} is another truck's, which keeps it")
        return found

    async def _confirmed_of(self, plate: str, moment: datetime) -> list[tuple[Appointment, int]]:
        """Return a truck's confirmed appointments of the moment's day, with their versions."""
        desk, day = self._desk, self._desk.park.grid.day_of(moment)
        members = await desk.store.members(desk.keys.appointments_of_truck(plate), prefix=day_prefix(day))
        stored = await desk.store.find_many([desk.keys.appointment(id_of(member)) for member in members])
        found = [(codec.read(Appointment, each.document), each.version) for each in stored if each is not None]
        return [each for each in found if each[0].state is AppointmentState.CONFIRMED]

    def _appointment(self, match: Match, stop: WantedStop, opening: Opening, visit: Visit | None) -> Appointment:
        wanted = self._wanted(match, stop)
        return Appointment(
            id=_appointment_id(stop, match),
            state=AppointmentState.CONFIRMED,
            source=Source.OFFER,
            plate=wanted.plate,
            carrier=wanted.carrier.id,
            warehouse=wanted.warehouse.id,
            dock_group=wanted.group.id,
            dock_kind=wanted.group.kind,
            cargo_kind=stop.load.cargo_kind,
            gate=opening.gate.id,
            day=opening.day,
            slot=opening.slot,
            slots=wanted.slots,
            pool=opening.pool,
            made_at=self._now,
            visit=None if visit is None else visit.id,
            load=stop.load.id,
            match=match.id,
            wish=stop.at,
            purpose=stop.purpose,
        )

    def _wanted(self, match: Match, stop: WantedStop) -> Wanted:
        park = self._desk.park
        carrier = park.enterprise_by_id.get(match.carrier)
        kind = park.cargo_kind_by_id[stop.load.cargo_kind].dock_kind
        group = stop.warehouse.find_dock_group(kind)
        if group is None:
            raise OutsideHours(f"warehouse {stop.warehouse.id}, which has no {kind} docks")
        if carrier is None:
            raise OutsideHours(f"carrier {match.carrier}, which is not known in this park")
        return Wanted(match.plate, carrier, stop.warehouse, group, park.grid.slots_for(stop.minutes))

    def _slot_begin(self, moment: datetime) -> datetime:
        grid, day = self._desk.park.grid, self._desk.park.grid.day_of(moment)
        return grid.start_of(day, grid.slot_of(moment, day))


def _appointment_id(stop: WantedStop, match: Match) -> str:
    """Return the same id each time the same offer is accepted."""
    digest = hashlib.sha256(f"{stop.purpose}\n{stop.load.id}\n{match.id}".encode()).hexdigest()
    return f"appointment-{digest[:20]}"
