"""Trucks that are open for loads: where and when each is next free."""

from dataclasses import dataclass, field
from datetime import datetime

from dispatch.model.day import Preferences, Truck, check_truck
from dispatch.model.refusals import Changed
from dispatch.services import freight
from dispatch.services.desk import Desk, Kept, Listed, PageAsked, Versions, check_version, get_kept, made_by
from dispatch.services.listing import list_things
from dispatch.store.commit import VersionChanged

TRIES = 5


@dataclass(frozen=True, slots=True)
class TruckDraft:
    """A truck as it announces itself."""

    carrier: str
    kind: str
    home: str
    free_at: str
    free_from: datetime
    home_by: datetime
    preferences: Preferences = field(default_factory=Preferences)


async def announce_truck(desk: Desk, plate: str, draft: TruckDraft, expected: Versions) -> Kept[Truck]:
    """Take note of where and when a truck is free, in place of what was known; Changed unless at `expected`."""

    def build() -> Truck:
        truck = Truck(
            plate=plate,
            carrier=draft.carrier,
            kind=draft.kind,
            home=draft.home,
            free_at=draft.free_at,
            free_from=draft.free_from,
            home_by=draft.home_by,
            preferences=draft.preferences,
        )
        check_truck(desk.park, truck)
        return truck

    truck = made_by(build)
    stored = await desk.store.find(desk.keys.truck_state(plate))
    version = stored.version if stored else 0
    for _ in range(TRIES):
        check_version(version, expected, f"truck {plate}")
        try:
            await desk.store.commit(freight.announce_truck(desk.keys, truck, version))
        except VersionChanged as changed:
            version = changed.found
        else:
            return Kept(truck, version + 1)
    raise Changed(f"truck {plate} is being changed by others")


async def get_truck(desk: Desk, plate: str) -> Kept[Truck]:
    """Return a truck; NotThere otherwise."""
    return await get_kept(desk, Truck, desk.keys.truck_state(plate), "truck", plate)


async def list_trucks(desk: Desk, carrier: str | None, asked: PageAsked) -> Listed[Truck]:
    """Return the trucks known, by plate: all, or those of a carrier."""
    wanted = None if carrier is None else (lambda truck: truck.carrier == carrier)
    return await list_things(desk, Truck, desk.keys.trucks(), desk.keys.truck_state, asked, wanted=wanted)
