"""Loads on their way: what drivers and warehouses report of them."""

from datetime import datetime

from dispatch.model.promises import Appointment, LoadState, Purpose
from dispatch.model.refusals import NotAllowedNow, NotThere
from dispatch.services import freight, offering, publication
from dispatch.services.desk import Desk, Kept, Versions, check_version, retried
from dispatch.services.freight import KeptLoad, LoadRecord
from dispatch.services.loads import get_load

REPORTS: dict[LoadState, tuple[str, str]] = {  # the event of the load's life, and the fact that is told
    LoadState.AT_PICKUP: ("arrive", "LoadReachedPickup"),
    LoadState.IN_TRANSIT: ("depart", "LoadPickedUp"),
    LoadState.DELIVERED: ("deliver", "LoadDelivered"),
}
SEEN: dict[tuple[str, Purpose | None], LoadState] = {  # what an event at the dock says of the load
    ("DockStarted", Purpose.COLLECT): LoadState.AT_PICKUP,
    ("DockFinished", Purpose.COLLECT): LoadState.IN_TRANSIT,
    ("DockFinished", Purpose.DELIVER): LoadState.DELIVERED,
}


async def see_at_dock(desk: Desk, appointment: Appointment, event: str, now: datetime) -> bool:
    """Take note of a load's progress by what a warehouse's dock does with its truck; answer whether it is further.

    What nobody has reported before is made up for: a load that is unloaded has been picked up.
    """
    state = SEEN.get((event, appointment.purpose))
    if state is None or appointment.load is None:
        return False
    until = list(REPORTS).index(state)
    is_further = False
    for step in list(REPORTS)[: until + 1]:
        try:
            await report_progress(desk, appointment.load, step, now)
            is_further = True
        except (NotAllowedNow, NotThere):
            continue  # it was reported before
    return is_further


async def report_progress(
    desk: Desk, load_id: str, state: LoadState, now: datetime, expected: Versions = None
) -> Kept[LoadRecord]:
    """Take note that an accepted load is further; NotThere, Changed, NotAllowedNow when that is not its next state.

    Delivered with an exception that is not closed, it is disputed at once. The last load delivered finishes its match.
    """
    event, told = REPORTS[state]

    async def attempt() -> Kept[LoadRecord]:
        kept = await get_load(desk, load_id)
        check_version(kept.version, expected, f"load {load_id}")
        after = freight.moved(kept.thing, event, now)
        if after.state is LoadState.DELIVERED and after.exceptions:
            after = freight.moved(after, "dispute", now)
        (match,) = await publication.kept_matches(desk.store, [str(kept.thing.match)])
        load = KeptLoad(kept.thing, kept.version)
        await desk.store.commit(offering.progress_load(desk.park, desk.keys, match, load, after, told))
        return Kept(after, kept.version + 1)

    return await retried(f"load {load_id}", attempt)
