"""Visits: wishes to come, open until a plan gives them their slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dispatch.model.day import Visit, check_visit
from dispatch.model.park import DockKind
from dispatch.model.refusals import Refusal
from dispatch.services import freight
from dispatch.services.desk import (
    Desk,
    Kept,
    Listed,
    Misfit,
    PageAsked,
    Repeatable,
    get_cargo_kind,
    made_by,
    new_id,
    not_there,
)
from dispatch.services.making import New, make, make_many
from dispatch.store import codec


@dataclass(frozen=True, slots=True)
class VisitDraft:
    """A visit as it is asked for; what is None is filled in from the park."""

    plate: str
    carrier: str
    warehouse: str
    cargo_kind: str
    wish: datetime
    earliest: datetime
    latest: datetime
    dock_kind: DockKind | None = None
    minutes: int | None = None
    weight: int = 1
    load: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class VisitSeen:
    """A visit and whether it still waits for a plan."""

    visit: Visit
    is_open: bool


async def post_visit(desk: Desk, draft: VisitDraft, now: datetime, repeatable: Repeatable | None) -> Kept[Visit]:
    """Take a wish to come; Misfit when a field does not fit the park, AlreadyThere when its id is taken."""
    return await make(desk, _new(desk, draft, now, repeatable), repeatable)


async def post_visits(
    desk: Desk, drafts: Sequence[VisitDraft | Misfit], now: datetime, repeatable: Repeatable | None
) -> list[Kept[Visit] | Misfit | Refusal]:
    """Take many wishes, each for itself; return what came of each."""
    return await make_many(desk, drafts, lambda draft, key: _new(desk, draft, now, key), repeatable)


async def get_visit(desk: Desk, visit_id: str) -> Kept[VisitSeen]:
    """Return a visit; NotThere otherwise."""
    stored = await desk.store.find(desk.keys.visit(visit_id))
    if stored is None:
        raise not_there("visit", visit_id)
    visit = codec.read(Visit, stored.document)
    index = desk.keys.open_visits(desk.park.grid.day_of(visit.wish))
    first = await desk.store.page(index, prefix=visit_id, limit=1)  # the id itself is the first with this prefix
    return Kept(VisitSeen(visit, is_open=first.members == (visit_id,)), stored.version)


async def list_visits(desk: Desk, day: date, asked: PageAsked) -> Listed[VisitSeen]:
    """Return the visits wished for a day, by id."""
    page = await desk.store.page(desk.keys.visits(day), after=asked.after, limit=asked.limit)
    # those without an appointment stand in an index of the same order, so its page covers this one
    waiting = await desk.store.page(desk.keys.open_visits(day), after=asked.after, limit=asked.limit)
    stored = await desk.store.find_many([desk.keys.visit(visit_id) for visit_id in page.members])
    visits = [codec.read(Visit, each.document) for each in stored if each is not None]
    seen = tuple(VisitSeen(visit, visit.id in waiting.members) for visit in visits)
    return Listed(seen, page.next_after)


def _new(desk: Desk, draft: VisitDraft, now: datetime, repeatable: Repeatable | None) -> New[Visit]:
    visit = _filled_in(desk, draft, now, repeatable)
    commit = freight.post_visit(desk.keys, desk.park.grid, visit)
    return New(visit, f"visit {visit.id}", commit, own_id=draft.id is not None)


def _filled_in(desk: Desk, draft: VisitDraft, now: datetime, repeatable: Repeatable | None) -> Visit:
    cargo = get_cargo_kind(desk.park, draft.cargo_kind, draft.dock_kind)

    def build() -> Visit:
        visit = Visit(
            id=draft.id or new_id("visit", repeatable),
            plate=draft.plate,
            carrier=draft.carrier,
            warehouse=draft.warehouse,
            dock_kind=cargo.dock_kind,
            cargo_kind=draft.cargo_kind,
            minutes=draft.minutes or cargo.handling_minutes,
            wish=draft.wish,
            earliest=draft.earliest,
            latest=draft.latest,
            requested_at=now,
            weight=draft.weight,
            load=draft.load,
        )
        check_visit(desk.park, visit)
        return visit

    return made_by(build)
