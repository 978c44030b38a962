"""Visits: wishes to come, open until a plan gives them their slot."""

import asyncio
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
from dispatch.services.listing import list_things
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
    collect_minutes: int = 0


@dataclass(frozen=True, slots=True)
class VisitSeen:
    """A visit and whether it still waits for a plan."""

    visit: Visit
    is_open: bool


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """Which visits to list; None does not filter."""

    plate: str | None = None
    warehouse: str | None = None
    carrier: str | None = None

    def admits(self, visit: Visit) -> bool:
        """Answer whether the visit is the truck's, the warehouse's and the carrier's asked for."""
        return (
            self.plate in (None, visit.plate)
            and self.warehouse in (None, visit.warehouse)
            and self.carrier in (None, visit.carrier)
        )


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
    return Kept(await _seen(desk, visit), stored.version)


async def list_visits(desk: Desk, day: date, which: VisitFilter, asked: PageAsked) -> Listed[VisitSeen]:
    """Return the visits wished for a day, by id."""
    wanted = None if which == VisitFilter() else which.admits
    found = await list_things(desk, Visit, desk.keys.visits(day), desk.keys.visit, asked, wanted=wanted)
    seen = await asyncio.gather(*(_seen(desk, visit) for visit in found.things))  # one round trip
    return Listed(tuple(seen), found.next_after)


async def _seen(desk: Desk, visit: Visit) -> VisitSeen:
    index = desk.keys.open_visits(desk.park.grid.day_of(visit.wish))
    first = await desk.store.page(index, prefix=visit.id, limit=1)  # the id itself is the first with this prefix
    return VisitSeen(visit, is_open=first.members == (visit.id,))


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
            collect_minutes=draft.collect_minutes,
        )
        check_visit(desk.park, visit)
        return visit

    return made_by(build)
