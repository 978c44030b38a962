"""Exceptions reported, seen to, resolved in time or flagged as overdue, and closed with a rating."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.model.callers import Caller, Role
from dispatch.model.exceptions import EXCEPTION_LIFE, UNSOLVED, ExceptionKind, ExceptionState, LoadException, Note
from dispatch.model.park import Park
from dispatch.model.promises import LoadState
from dispatch.model.refusals import NotAllowedNow
from dispatch.services import freight
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
    new_id,
    not_there,
    retried,
)
from dispatch.services.freight import KeptLoad, LoadRecord, Moves
from dispatch.services.listing import list_things
from dispatch.services.loads import get_load
from dispatch.services.making import New, make
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, Write, together
from dispatch.store.keys import Keys, deadline_member, time_member


@dataclass(frozen=True, slots=True)
class ExceptionDraft:
    """An exception as it is reported; without a `deadline` the house's time to resolve it."""

    load: str
    kind: ExceptionKind
    text: str
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody makes of an exception: its next state, with a note, another owner, or a rating when closing it."""

    state: ExceptionState
    text: str = ""
    owner: str | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class ExceptionFilter:
    """Which exceptions to list; None does not filter. `enterprise` posted the load, or is its carrier."""

    load: str | None = None
    enterprise: str | None = None
    plate: str | None = None
    state: ExceptionState | None = None
    owner: str | None = None
    is_overdue: bool | None = None

    def admits(self, found: LoadException) -> bool:
        """Answer whether the exception is one of those asked for."""
        if self.enterprise not in (None, found.enterprise, found.carrier):
            return False
        return all(
            wanted is None or getattr(found, name) == wanted
            for name, wanted in (
                ("load", self.load),
                ("plate", self.plate),
                ("state", self.state),
                ("owner", self.owner),
                ("is_overdue", self.is_overdue),
            )
        )


async def report_exception(
    desk: Desk, draft: ExceptionDraft, by: Caller, now: datetime, repeatable: Repeatable | None
) -> Kept[LoadException]:
    """Report an exception of a load, which is disputed, once delivered, until it is closed; NotThere, KeyReused."""

    async def attempt() -> Kept[LoadException]:
        stored = await desk.store.find(desk.keys.load(draft.load))
        if stored is None:
            raise not_there("load", draft.load)
        load = KeptLoad(codec.read(LoadRecord, stored.document), stored.version)
        reported = _reported(desk.park, draft, load.record, by, now, new_id("exception", repeatable))
        commit = together(_create(desk.keys, reported), _on_load(desk, load, reported, now))
        new = New(reported, f"exception {reported.id}", commit, own_id=False)
        return await make(desk, new, repeatable)

    return await retried(f"load {draft.load}", attempt)


async def get_exception(desk: Desk, exception_id: str) -> Kept[LoadException]:
    """Return an exception; NotThere otherwise."""
    return await get_kept(desk, LoadException, desk.keys.exception(exception_id), "exception", exception_id)


async def list_exceptions(desk: Desk, which: ExceptionFilter, page: PageAsked) -> Listed[LoadException]:
    """Return exceptions in the order they were reported in."""
    keys = desk.keys
    if which.load is not None:
        index = keys.exceptions_of_load(which.load)
    elif which.enterprise is not None:
        index = keys.exceptions_of_enterprise(which.enterprise)
    else:
        index = keys.exceptions()
    return await list_things(desk, LoadException, index, keys.exception, page, wanted=which.admits)


async def progress_exception(
    desk: Desk, exception_id: str, step: Step, by: Caller, now: datetime, expected: Versions = None
) -> Kept[LoadException]:
    """Bring an exception to its next state; NotThere, Changed, NotAllowedNow by its state or by who may do it.

    Its owner takes it up and resolves it; who has reported it closes it with a rating, or opens it again. The park's
    operator may do all of that.
    """

    def progressed(found: LoadException) -> tuple[LoadException, str]:
        told = EXCEPTION_LIFE.get((found.state, step.state))
        if told is None:
            raise NotAllowedNow(f"exception {found.id} is {found.state}")
        _check_whose(found, step, by)
        if step.owner is not None:
            _check_owner(desk.park, step.owner)
        if step.rating is not None and step.state is not ExceptionState.CLOSED:
            raise Misfit("rating", "is given when an exception is closed")
        deadline, overdue = found.deadline, found.is_overdue
        if step.state is ExceptionState.OPEN:
            deadline, overdue = now + timedelta(hours=desk.park.rules.exception_hours), False
        notes = (*found.notes, Note(now, by.name, step.state, step.text))
        owner = step.owner or found.owner
        changes = {"deadline": deadline, "is_overdue": overdue, "rating": step.rating}
        return replace(found, state=step.state, notes=notes, owner=owner, **changes), told  # type: ignore[arg-type]

    return await _change(desk, exception_id, progressed, now, expected)


async def flag_overdue(desk: Desk, exception_id: str, now: datetime) -> bool:
    """Flag an exception that is not resolved by its deadline; answer whether this call has done it."""

    def flagged(found: LoadException) -> tuple[LoadException, str]:
        if found.is_overdue or found.state not in UNSOLVED or now < found.deadline:
            raise NotAllowedNow(f"exception {found.id} is in time")
        return replace(found, is_overdue=True), "ExceptionOverdue"

    try:
        await _change(desk, exception_id, flagged, now, None)
    except NotAllowedNow:
        return False
    return True


async def _change(
    desk: Desk,
    exception_id: str,
    change: Callable[[LoadException], tuple[LoadException, str]],
    now: datetime,
    expected: Versions,
) -> Kept[LoadException]:
    async def attempt() -> Kept[LoadException]:
        kept = await get_exception(desk, exception_id)
        check_version(kept.version, expected, f"exception {exception_id}")
        after, told = change(kept.thing)
        document, before = codec.dump(after), _indexes(desk.keys, kept.thing)
        key = desk.keys.exception(after.id)
        write = Write(key, document, add_to=_indexes(desk.keys, after), remove_from=before)
        commit = Commit((Expect(key, kept.version),), writes=(write,), events=(Event(told, document),))
        if after.state is ExceptionState.CLOSED:
            load = await get_load(desk, after.load)
            commit = together(commit, _on_load(desk, KeptLoad(load.thing, load.version), after, now))
        await desk.store.commit(commit)
        return Kept(after, kept.version + 1)

    return await retried(f"exception {exception_id}", attempt)


def _check_whose(found: LoadException, step: Step, by: Caller) -> None:
    reporters = step.state in (ExceptionState.CLOSED, ExceptionState.OPEN)
    whose = found.reported_by if reporters else found.owner
    if by.role is not Role.OPERATOR and by.name != whose:
        raise NotAllowedNow(f"exception {found.id} can be brought to {step.state} by {whose} alone")


def _check_owner(park: Park, owner: str) -> None:
    """Raise Misfit unless the name is the operator's or that of an enterprise of the park."""
    role, _, tenant = owner.partition(":")
    if owner != Role.OPERATOR and not (role == Role.ENTERPRISE and tenant in park.enterprise_by_id):
        raise Misfit("owner", f"{owner!r} is nobody; allowed: operator, or enterprise: and its id")


def _reported(
    park: Park, draft: ExceptionDraft, load: LoadRecord, by: Caller, now: datetime, identity: str
) -> LoadException:
    carrier = f"{Role.ENTERPRISE}:{load.taken_by}" if load.taken_by else str(Role.OPERATOR)
    poster = f"{Role.ENTERPRISE}:{load.load.enterprise}"
    deadline = draft.deadline or now + timedelta(hours=park.rules.exception_hours)
    if deadline <= now:
        raise Misfit("deadline", "is past")
    return LoadException(
        id=identity,
        load=load.load.id,
        kind=draft.kind,
        reported_by=by.name,
        enterprise=load.load.enterprise,
        plate=load.plate,
        carrier=load.taken_by,
        owner=poster if by.role is Role.DRIVER else carrier,
        state=ExceptionState.OPEN,
        opened_at=now,
        deadline=deadline,
        notes=(Note(now, by.name, ExceptionState.OPEN, draft.text),),
    )


def _create(keys: Keys, reported: LoadException) -> Commit:
    key, document = keys.exception(reported.id), codec.dump(reported)
    write = Write(key, document, add_to=_indexes(keys, reported))
    return Commit((Expect(key, 0),), writes=(write,), events=(Event("ExceptionReported", document),))


def _on_load(desk: Desk, load: KeptLoad, found: LoadException, now: datetime) -> Commit:
    """Return the change by which a load has the exception, or has it no more: it is disputed while it has any."""
    record = load.record
    others = tuple(each for each in record.exceptions if each != found.id)
    is_closed = found.state is ExceptionState.CLOSED
    after = replace(record, exceptions=others if is_closed else (*others, found.id))
    told = "LoadNoted"
    if after.exceptions and record.state is LoadState.DELIVERED:
        after, told = freight.moved(after, "dispute", now), "LoadDisputed"
    elif not after.exceptions and record.state is LoadState.DISPUTED:
        after, told = freight.moved(after, "settle", now), "LoadSettled"
    return freight.move_load(desk.keys, desk.park.grid, load, after, told)


def _indexes(keys: Keys, found: LoadException) -> Moves:
    member = time_member(found.opened_at, found.id)
    listed = [
        (keys.exceptions(), member),
        (keys.exceptions_of_load(found.load), member),
        (keys.exceptions_of_enterprise(found.enterprise), member),
    ]
    if found.carrier is not None:
        listed.append((keys.exceptions_of_enterprise(found.carrier), member))
    if found.state in UNSOLVED and not found.is_overdue:
        listed.append((keys.deadlines(), deadline_member(found.deadline, "exception", found.id)))
    return tuple(listed)
