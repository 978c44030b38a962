"""Loads: posted one by one or in bulk, found, and withdrawn while nobody has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.model import rules
from dispatch.model.day import Load, check_load
from dispatch.model.promises import LoadState
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.services import freight, offering, publication
from dispatch.services.desk import (
    TRIES,
    Desk,
    Kept,
    Listed,
    Misfit,
    PageAsked,
    Repeatable,
    Versions,
    check_version,
    get_kept,
    made_by,
    new_id,
    retried,
)
from dispatch.services.freight import KeptLoad, LoadRecord
from dispatch.services.listing import list_things
from dispatch.services.making import New, make, make_many
from dispatch.store.commit import Commit, VersionChanged


@dataclass(frozen=True, slots=True)
class LoadDraft:
    """A load as it is posted; what is None is filled in from the park."""

    enterprise: str
    cargo_kind: str
    origin: str
    destination: str
    earliest: datetime
    latest: datetime
    due: datetime
    load_minutes: int
    unload_minutes: int
    price: int | None = None
    pickup_visit: str | None = None
    delivery_visit: str | None = None
    blocked_carriers: tuple[str, ...] = ()
    allowed_carriers: tuple[str, ...] = ()
    id: str | None = None


async def post_load(desk: Desk, draft: LoadDraft, now: datetime, repeatable: Repeatable | None) -> Kept[LoadRecord]:
    """Take a load; Misfit when a field does not fit the park, AlreadyThere when its id is taken."""
    return await make(desk, _new(desk, draft, now, repeatable), repeatable)


async def post_loads(
    desk: Desk, drafts: Sequence[LoadDraft | Misfit], now: datetime, repeatable: Repeatable | None
) -> list[Kept[LoadRecord] | Misfit | Refusal]:
    """Take many loads, each for itself; return what came of each."""
    return await make_many(desk, drafts, lambda draft, key: _new(desk, draft, now, key), repeatable)


async def get_load(desk: Desk, load_id: str) -> Kept[LoadRecord]:
    """Return a load; NotThere otherwise."""
    return await get_kept(desk, LoadRecord, desk.keys.load(load_id), "load", load_id)


async def list_loads(
    desk: Desk, state: LoadState | None, enterprise: str | None, page: PageAsked
) -> Listed[LoadRecord]:
    """Return loads by the first moment of their loading, of a state, an enterprise, both or all."""
    keys = desk.keys
    if enterprise is not None:
        index = keys.loads_of(enterprise)
    elif state is not None:
        index = keys.loads_in_state(state)
    else:
        index = keys.loads()
    wanted = None if state is None else (lambda record: record.state is state)
    return await list_things(desk, LoadRecord, index, keys.load, page, wanted=wanted)


async def withdraw_load(desk: Desk, load_id: str, now: datetime, expected: Versions) -> Kept[LoadRecord]:
    """Withdraw a load that no driver has accepted, and the offer of it; NotAllowedNow, Changed unless at `expected`."""

    async def attempt() -> Kept[LoadRecord]:
        kept = await get_load(desk, load_id)
        check_version(kept.version, expected, f"load {load_id}")
        if not rules.may_withdraw(kept.thing.state):
            raise NotAllowedNow(f"load {load_id} is {kept.thing.state}")
        await desk.store.commit(await give_up(desk, kept, "withdraw", now))
        return await get_load(desk, load_id)

    return await retried(f"load {load_id}", attempt)


async def expire_load(desk: Desk, load_id: str, now: datetime) -> bool:
    """Give up a load that nobody accepted while it could be loaded; answer whether this call has done it."""
    for _ in range(TRIES):
        kept = await get_load(desk, load_id)
        if not rules.may_withdraw(kept.thing.state) or now <= kept.thing.load.latest:
            return False
        try:
            await desk.store.commit(await give_up(desk, kept, "expire", now))
        except VersionChanged:
            continue
        return True
    return False


async def give_up(desk: Desk, kept: Kept[LoadRecord], event: str, now: datetime) -> Commit:
    """Return the change by which a load nobody has accepted is withdrawn, or expires; its match ends with it."""
    record, told = kept.thing, {"withdraw": "LoadWithdrawn", "expire": "LoadExpired"}[event]
    found = await publication.kept_matches(desk.store, [record.match]) if record.match is not None else []
    if found:
        return offering.leave_match(desk.park, desk.keys, found[0], {record.load.id: event}, now, told)
    after = freight.moved(record, event, now, **freight.FREE)
    return freight.move_load(desk.keys, desk.park.grid, KeptLoad(record, kept.version), after, told)


def _new(desk: Desk, draft: LoadDraft, now: datetime, repeatable: Repeatable | None) -> New[LoadRecord]:
    def build() -> Load:
        load = Load(
            id=draft.id or new_id("load", repeatable),
            enterprise=draft.enterprise,
            cargo_kind=draft.cargo_kind,
            origin=draft.origin,
            destination=draft.destination,
            earliest=draft.earliest,
            latest=draft.latest,
            due=draft.due,
            load_minutes=draft.load_minutes,
            unload_minutes=draft.unload_minutes,
            price=desk.park.rules.drop_cost if draft.price is None else draft.price,
            pickup_visit=draft.pickup_visit,
            delivery_visit=draft.delivery_visit,
            blocked_carriers=draft.blocked_carriers,
            allowed_carriers=draft.allowed_carriers,
        )
        check_load(desk.park, load)
        return load

    load = made_by(build)
    commit = freight.post_load(desk.keys, desk.park.grid, load, now)
    record = LoadRecord(load=load, state=LoadState.POSTED, posted_at=now)
    return New(record, f"load {load.id}", commit, own_id=draft.id is not None)
