"""Loads on their way: what drivers and warehouses report of them."""

from datetime import datetime

from dispatch.model.promises import LoadState
from dispatch.model.refusals import NotAllowedNow
from dispatch.services import freight, offering, publication
from dispatch.services.desk import Desk, Kept, Versions, check_version
from dispatch.services.freight import KeptLoad, LoadRecord
from dispatch.services.loads import get_load
from dispatch.store.commit import VersionChanged

TRIES = 5
REPORTS: dict[LoadState, tuple[str, str]] = {  # the event of the load's life, and the fact that is told
    LoadState.AT_PICKUP: ("arrive", "LoadReachedPickup"),
    LoadState.IN_TRANSIT: ("depart", "LoadPickedUp"),
    LoadState.DELIVERED: ("deliver", "LoadDelivered"),
}


async def report_progress(
    desk: Desk, load_id: str, state: LoadState, now: datetime, expected: Versions = None
) -> Kept[LoadRecord]:
    """Take note that an accepted load is further; NotThere, Changed, NotAllowedNow when that is not its next state.

    Delivered with an exception that is not closed, it is disputed at once. The last load delivered finishes its match.
    """
    event, told = REPORTS[state]
    for _ in range(TRIES):
        kept = await get_load(desk, load_id)
        check_version(kept.version, expected, f"load {load_id}")
        after = freight.moved(kept.thing, event, now)
        if after.state is LoadState.DELIVERED and after.exceptions:
            after = freight.moved(after, "dispute", now)
        (match,) = await publication.kept_matches(desk.store, [str(kept.thing.match)])
        load = KeptLoad(kept.thing, kept.version)
        try:
            await desk.store.commit(offering.progress_load(desk.park, desk.keys, match, load, after, told))
        except VersionChanged:
            continue
        return Kept(after, kept.version + 1)
    raise NotAllowedNow(f"load {load_id} is being changed by others")
