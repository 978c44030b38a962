"""Whose trucks an enterprise lets have its loads."""

from dispatch.model.day import CarrierLists, check_carriers
from dispatch.model.refusals import Changed
from dispatch.services.desk import Desk, Kept, Versions, check_version, made_by, not_there
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, VersionChanged, Write

TRIES = 5


async def get_carriers(desk: Desk, enterprise: str) -> Kept[CarrierLists]:
    """Return an enterprise's lists, empty where it has said nothing (version 0); NotThere when there is no such."""
    if enterprise not in desk.park.enterprise_by_id:
        raise not_there("enterprise", enterprise)
    stored = await desk.store.find(desk.keys.carrier_lists(enterprise))
    if stored is None:
        return Kept(CarrierLists(), 0)
    return Kept(codec.read(CarrierLists, stored.document), stored.version)


async def set_carriers(desk: Desk, enterprise: str, lists: CarrierLists, expected: Versions) -> Kept[CarrierLists]:
    """Keep an enterprise's lists in place of those it had; offers that stand are not touched, but cannot be accepted.

    NotThere, Misfit for a carrier the park does not know, Changed unless at `expected`.
    """

    def build() -> CarrierLists:
        check_carriers(desk.park, "blocked", lists.blocked)
        check_carriers(desk.park, "allowed", lists.allowed)
        return lists

    made_by(build)
    key = desk.keys.carrier_lists(enterprise)
    told = Event(
        "CarriersRestricted", codec.dump({"enterprise": enterprise, "blocked": lists.blocked, "allowed": lists.allowed})
    )
    for _ in range(TRIES):
        kept = await get_carriers(desk, enterprise)
        check_version(kept.version, expected, f"the carriers of enterprise {enterprise}")
        write = Write(key, codec.dump(lists))
        try:
            await desk.store.commit(Commit((Expect(key, kept.version),), writes=(write,), events=(told,)))
        except VersionChanged:
            continue
        return Kept(lists, kept.version + 1)
    raise Changed(f"the carriers of enterprise {enterprise} are being changed by others")
