"""The live plan of a day as it stands in the store, read at once and changed by nothing that reads it."""

from dataclasses import dataclass
from datetime import date

from dispatch.model.closures import Closure
from dispatch.model.day import Load, Truck
from dispatch.model.promises import Appointment, Match, MatchState
from dispatch.services import publication
from dispatch.services.closures import closures_of
from dispatch.services.freight import LoadRecord, MatchRecord
from dispatch.store import codec
from dispatch.store.keys import day_prefix, id_of
from dispatch.store.store import Store

STANDING = frozenset({MatchState.PLANNED, MatchState.OFFERED, MatchState.ACCEPTED, MatchState.FINISHED})


@dataclass(frozen=True, slots=True)
class LivePlan:
    """A day's appointments that hold places, its standing matches with their loads, open loads, all trucks, and the
    closures in force.
    """

    day: date
    appointments: tuple[Appointment, ...]
    matches: tuple[Match, ...]
    loads: tuple[Load, ...]
    trucks: tuple[Truck, ...]
    closures: tuple[Closure, ...]


async def read_live_plan(store: Store, day: date) -> LivePlan:
    """Return the live plan of a day."""
    appointments = await publication.held_appointments(store, day)
    members = await store.members(store.keys.matches(), prefix=day_prefix(day))
    found = await store.find_many([store.keys.match(id_of(member)) for member in members])
    records = [codec.read(MatchRecord, each.document).match for each in found if each is not None]
    matches = [match for match in records if match.state in STANDING]
    wanted = dict.fromkeys(each.load for match in matches for each in match.loads)
    stored = await store.find_many([store.keys.load(each) for each in wanted])
    matched = [codec.read(LoadRecord, each.document).load for each in stored if each is not None]
    opened = [each.load for each in await publication.open_loads(store, day) if each.load.id not in wanted]
    plates = await store.members(store.keys.trucks())
    trucks = await store.find_many([store.keys.truck_state(plate) for plate in plates])
    return LivePlan(
        day=day,
        appointments=tuple(appointments),
        matches=tuple(matches),
        loads=(*matched, *opened),
        trucks=tuple(codec.read(Truck, each.document) for each in trucks if each is not None),
        closures=tuple(await closures_of(store, day)),
    )
