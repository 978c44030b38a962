"""Closures: made in one commit that takes what is closed and queues the planning of who is booked there; and ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dispatch.model.closures import (
    CLOSURE_LIFE,
    Block,
    Closure,
    ClosureKind,
    ClosureState,
    Resource,
    blocks_of,
    check_target,
    days_of,
    find_closing,
)
from dispatch.model.park import Park
from dispatch.model.refusals import DocksFull, GateFull, NotAllowedNow, Refusal
from dispatch.services import waiting
from dispatch.services.desk import (
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
from dispatch.services.listing import list_things
from dispatch.services.making import New, make
from dispatch.services.openings import Wanted
from dispatch.services.quotas import UNLIMITED
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, Take, Write
from dispatch.store.keys import Keys, slot_field, time_member
from dispatch.store.store import Store
from dispatch.worker.jobs import Job, JobState, submission

JOB_NAME = "replan"


@dataclass(frozen=True, slots=True)
class ClosureDraft:
    """What shall be closed: `closed` docks of a dock group or lanes of a gate, all when left out."""

    kind: ClosureKind
    begins: datetime
    ends: datetime
    reason: str
    target: str = ""
    closed: int | None = None


async def make_closure(desk: Desk, draft: ClosureDraft, now: datetime, repeatable: Repeatable | None) -> Kept[Closure]:
    """Close it at once for everybody who asks from now on, and have who is booked there planned again by a job.

    Misfit when a field does not fit the park, or nothing works there then; KeyReused.
    """
    closure = made_by(lambda: _closure(desk, draft, now, repeatable))
    if draft.ends <= now:
        raise Misfit("ends", f"{draft.ends.isoformat()} is past")
    if not closure.blocks:
        raise Misfit("begins", "nothing of it works in this time")
    job = Job(closure.job, JOB_NAME, {"closure": closure.id}, JobState.QUEUED, submitted_at=now)
    queued = submission(desk.keys, job)
    document = codec.dump(closure)
    commit = Commit(
        expects=(Expect(desk.keys.closure(closure.id), 0), *queued.expects),
        takes=takes_of(desk.keys, closure),
        writes=(Write(desk.keys.closure(closure.id), document, add_to=_indexes(desk.keys, closure)), *queued.writes),
        events=(*queued.events, Event("ClosureMade", document)),
    )
    return await make(desk, New(closure, f"closure {closure.id}", commit, own_id=False), repeatable)


async def get_closure(desk: Desk, closure_id: str) -> Kept[Closure]:
    """Return a closure; NotThere otherwise."""
    return await get_kept(desk, Closure, desk.keys.closure(closure_id), "closure", closure_id)


async def list_closures(desk: Desk, page: PageAsked) -> Listed[Closure]:
    """Return closures by when they begin, those cancelled too."""
    return await list_things(desk, Closure, desk.keys.closures(), desk.keys.closure, page)


async def cancel_closure(desk: Desk, closure_id: str, now: datetime, expected: Versions) -> Kept[Closure]:
    """Open again what was closed; what is free then is offered to who waits for it. Visits that were moved stay.

    NotThere, Changed, NotAllowedNow when it is cancelled already.
    """

    async def attempt() -> Kept[Closure]:
        kept = await get_closure(desk, closure_id)
        check_version(kept.version, expected, f"closure {closure_id}")
        state = CLOSURE_LIFE.get((kept.thing.state, "cancel"))
        if state is None:
            raise NotAllowedNow(f"closure {closure_id} is {kept.thing.state}")
        cancelled = replace(kept.thing, state=state, cancelled_at=now)
        document = codec.dump(cancelled)
        given_back = tuple(take._replace(amount=-take.amount) for take in takes_of(desk.keys, kept.thing))
        commit = Commit(
            expects=(Expect(desk.keys.closure(closure_id), kept.version),),
            takes=given_back,
            writes=(Write(desk.keys.closure(closure_id), document),),
            events=(Event("ClosureCancelled", document),),
        )
        await desk.store.commit(commit)
        return Kept(cancelled, kept.version + 1)

    kept = await retried(f"closure {closure_id}", attempt)
    for day in days_of(kept.thing):
        await waiting.fill(desk, day, now)
    return kept


async def closures_of(store: Store, day: date) -> list[Closure]:
    """Return the closures in force that close anything on a day."""
    ids = await store.members(store.keys.closures_of_day(day))
    stored = await store.find_many([store.keys.closure(each) for each in ids])
    found = [codec.read(Closure, each.document) for each in stored if each is not None]
    return [closure for closure in found if closure.state is ClosureState.IN_FORCE]


def told_closed(
    park: Park, wanted: Wanted, refusal: Refusal, closures: Sequence[Closure], day: date, slot: int
) -> Refusal:
    """Return the refusal of a start, which says so when docks or gates are full as something is closed."""
    if isinstance(refusal, DocksFull):
        places, slots = [(Resource.DOCK, wanted.group.id)], range(slot, slot + wanted.slots)
    elif isinstance(refusal, GateFull):
        places, slots = [(Resource.GATE, gate.id) for gate in park.gates], range(slot, slot + 1)
    else:
        return refusal
    for place in places:
        closing = find_closing(closures, place, day, slots)
        if closing is not None:
            until = closing.ends.astimezone(park.grid.zone).isoformat()
            refusal.resource += f" (closed until {until}: {closing.reason})"
            break
    return refusal


def takes_of(keys: Keys, closure: Closure) -> tuple[Take, ...]:
    """Return what a closure takes of the counters, whatever is booked already."""
    return tuple(
        Take(_counter(keys, block), slot_field(block.slot + i), amount, UNLIMITED)
        for block in closure.blocks
        for i, amount in enumerate(block.amounts)
        if amount
    )


def _counter(keys: Keys, block: Block) -> str:
    return {Resource.DOCK: keys.dock, Resource.GATE: keys.gate}[block.resource](block.id, block.day)


def _closure(desk: Desk, draft: ClosureDraft, now: datetime, repeatable: Repeatable | None) -> Closure:
    identity = new_id("closure", repeatable)
    closure = Closure(
        id=identity,
        kind=draft.kind,
        target=draft.target,
        begins=draft.begins,
        ends=draft.ends,
        reason=draft.reason,
        made_at=now,
        job=identity.replace("closure", "replan", 1),
        closed=draft.closed,
    )
    check_target(desk.park, closure)
    return replace(closure, blocks=blocks_of(desk.park, closure))


def _indexes(keys: Keys, closure: Closure) -> tuple[tuple[str, str], ...]:
    days = ((keys.closures_of_day(day), closure.id) for day in days_of(closure))
    return ((keys.closures(), time_member(closure.begins, closure.id)), *days)
