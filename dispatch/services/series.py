"""Recurring appointments: each occurrence is asked for, once, as soon as its slot opens for booking."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice

from dispatch.model import rules
from dispatch.model.park import DockKind, Park
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.model.series import (
    SERIES_LIFE,
    Occurrence,
    OccurrenceState,
    Series,
    SeriesState,
    check_recurs,
    occurrences,
)
from dispatch.services.appointments import (
    AppointmentDraft,
    StopDraft,
    cancel_appointment,
    request_appointment,
    wanted_at,
)
from dispatch.services.desk import (
    Desk,
    Kept,
    Listed,
    Misfit,
    PageAsked,
    Repeatable,
    Versions,
    check_version,
    get_carrier,
    get_kept,
    made_by,
    new_id,
    retried,
)
from dispatch.services.listing import list_things
from dispatch.services.making import New, make
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, Write
from dispatch.store.keys import time_member


@dataclass(frozen=True, slots=True)
class SeriesDraft:
    """A series as it is asked for."""

    plate: str
    carrier: str
    warehouse: str
    cargo_kind: str
    begins: datetime
    rule: str
    exdates: tuple[date, ...] = ()
    dock_kind: DockKind | None = None
    minutes: int | None = None
    before_minutes: int | None = None
    after_minutes: int | None = None
    waitlist: bool = False


async def make_series(desk: Desk, draft: SeriesDraft, now: datetime, repeatable: Repeatable | None) -> Kept[Series]:
    """Take a series, and ask for those of its occurrences that are open for booking already.

    Misfit when a field does not fit the park, or the rule is not taken or names no day; KeyReused.
    """
    series = made_by(lambda: _series(desk.park, draft, now, repeatable))
    document = codec.dump(series)
    member = time_member(series.made_at, series.id)
    indexes = [desk.keys.all_series(), desk.keys.series_of(series.carrier), desk.keys.active_series()]
    commit = Commit(
        expects=(Expect(desk.keys.series(series.id), 0),),
        writes=(Write(desk.keys.series(series.id), document, add_to=tuple((index, member) for index in indexes)),),
        events=(Event("SeriesMade", document),),
    )
    kept = await make(desk, New(series, f"series {series.id}", commit, own_id=False), repeatable)
    await settle_series(desk, kept.thing, now)
    return kept


async def get_series(desk: Desk, series_id: str) -> Kept[Series]:
    """Return a series; NotThere otherwise."""
    return await get_kept(desk, Series, desk.keys.series(series_id), "series", series_id)


async def list_series(desk: Desk, carrier: str | None, truck: str | None, page: PageAsked) -> Listed[Series]:
    """Return series by when they were made, those ended too; of a carrier, of a truck."""
    index = desk.keys.all_series() if carrier is None else desk.keys.series_of(carrier)
    wanted = None if truck is None else lambda series: series.plate == truck
    return await list_things(desk, Series, index, desk.keys.series, page, wanted=wanted)


async def end_series(desk: Desk, series_id: str, expected: Versions) -> Kept[Series]:
    """Ask for no more of its occurrences; appointments already made stay. NotThere, Changed, NotAllowedNow."""

    async def attempt() -> Kept[Series]:
        kept = await get_series(desk, series_id)
        check_version(kept.version, expected, f"series {series_id}")
        state = SERIES_LIFE.get((kept.thing.state, "end"))
        if state is None:
            raise NotAllowedNow(f"series {series_id} is {kept.thing.state}")
        ended = replace(kept.thing, state=state)
        document = codec.dump(ended)
        left = ((desk.keys.active_series(), time_member(ended.made_at, ended.id)),)
        write = Write(desk.keys.series(series_id), document, remove_from=left)
        expect = Expect(desk.keys.series(series_id), kept.version)
        await desk.store.commit(Commit((expect,), writes=(write,), events=(Event("SeriesEnded", document),)))
        return Kept(ended, kept.version + 1)

    return await retried(f"series {series_id}", attempt)


async def except_days(
    desk: Desk, series_id: str, days: Collection[date], now: datetime, expected: Versions
) -> Kept[Series]:
    """Leave out days of a series from now on, and cancel what was made of them where that is still allowed.

    NotThere, Changed; NotAllowedNow when it has ended; Misfit when no day would be left.
    """

    async def attempt() -> Kept[Series]:
        kept = await get_series(desk, series_id)
        check_version(kept.version, expected, f"series {series_id}")
        if kept.thing.state is not SeriesState.ACTIVE:
            raise NotAllowedNow(f"series {series_id} is {kept.thing.state}")
        fewer = replace(kept.thing, exdates=tuple(sorted({*kept.thing.exdates, *days})))
        made_by(lambda: check_recurs(desk.park.grid, fewer))
        document = codec.dump(fewer)
        expect, write = (
            Expect(desk.keys.series(series_id), kept.version),
            Write(desk.keys.series(series_id), document),
        )
        await desk.store.commit(Commit((expect,), writes=(write,), events=(Event("SeriesExcepted", document),)))
        return Kept(fewer, kept.version + 1)

    kept = await retried(f"series {series_id}", attempt)
    await _cancel_made(desk, series_id, days, now)
    return kept


async def _cancel_made(desk: Desk, series_id: str, days: Collection[date], now: datetime) -> None:
    stored = await desk.store.find_many([desk.keys.occurrence(series_id, day) for day in days])
    made = [codec.read(Occurrence, each.document).appointment for each in stored if each is not None]
    for appointment in filter(None, made):
        with suppress(Refusal):  # it has begun, or is cancelled already
            await cancel_appointment(desk, appointment, now, None)


async def list_occurrences(desk: Desk, series_id: str, page: PageAsked) -> Listed[Occurrence]:
    """Return the occurrences of a series by day, those to come too, with what became of each.

    A page begins behind the day `page.after`.
    """
    series = (await get_series(desk, series_id)).thing
    park = desk.park
    begin = park.grid.day_of(series.begins)
    first = begin if page.after is None else max(begin, date.fromisoformat(page.after) + timedelta(days=1))
    starts = list(islice(occurrences(park.grid, series, first), page.limit + 1))
    days = [park.grid.day_of(each) for each in starts]
    stored = await desk.store.find_many([desk.keys.occurrence(series_id, day) for day in days[: page.limit]])
    found = [
        _pending(park, series, wish)
        if each is None or park.grid.day_of(wish) in series.exdates
        else codec.read(Occurrence, each.document)
        for wish, each in zip(starts, stored, strict=False)
    ]
    if series.state is SeriesState.ENDED:
        found = [each for each in found if each.state is not OccurrenceState.PENDING]
    next_after = days[page.limit - 1].isoformat() if len(starts) > page.limit else None
    return Listed(tuple(found), next_after)


async def settle_all(desk: Desk, now: datetime) -> int:
    """Ask for every occurrence of an active series that has opened for booking, the oldest series first; return how
    many were.
    """
    count, after = 0, None
    while True:
        page = await list_things(desk, Series, desk.keys.active_series(), desk.keys.series, PageAsked(after, 200))
        count += sum([await settle_series(desk, each, now) for each in page.things])
        after = page.next_after
        if after is None:
            return count


async def settle_series(desk: Desk, series: Series, now: datetime) -> int:
    """Ask for the occurrences of a series that are open for booking and were not asked for; return how many were."""
    due = _due(desk.park, series, now)
    keys = [desk.keys.occurrence(series.id, desk.park.grid.day_of(wish)) for wish in due]
    known = await desk.store.find_many(keys)
    new = [wish for wish, stored in zip(due, known, strict=True) if stored is None]
    for wish in new:
        await _settle(desk, series, wish, now)
    return len(new)


def _due(park: Park, series: Series, now: datetime) -> Sequence[datetime]:
    """Return the starts to come whose slots are open for booking, without those excepted."""
    today = park.grid.day_of(now)
    due: list[datetime] = []
    if series.state is not SeriesState.ACTIVE:
        return due
    for wish in occurrences(park.grid, series, today):
        day = park.grid.day_of(wish)
        if not rules.may_book_day(park, day, now):
            break
        if day not in series.exdates and rules.may_book(park, day, park.grid.slot_of(wish, day), now):
            due.append(wish)
    return due


async def _settle(desk: Desk, series: Series, wish: datetime, now: datetime) -> None:
    """Ask for one occurrence under a key of its own, and keep what came of it: once, also when it is broken off."""
    day = desk.park.grid.day_of(wish)
    occurrence = replace(_pending(desk.park, series, wish), settled_at=now)
    key = Repeatable(f"series#{series.id}#{day.isoformat()}", series.id)
    try:
        kept = await request_appointment(desk, _draft(desk.park, series, wish), now, key)
    except (Refusal, Misfit) as refused:
        settled = replace(occurrence, state=OccurrenceState.REFUSED, problem=str(refused))
    else:
        settled = replace(occurrence, state=OccurrenceState.MADE, appointment=kept.thing.id)
    document = codec.dump(settled)
    name = "OccurrenceMade" if settled.state is OccurrenceState.MADE else "OccurrenceRefused"
    place = desk.keys.occurrence(series.id, day)
    commit = Commit((Expect(place, 0),), writes=(Write(place, document),), events=(Event(name, document),))
    await desk.store.commit_many([commit])  # another worker may have kept the same


def _draft(park: Park, series: Series, wish: datetime) -> AppointmentDraft:
    before = series.before_minutes if series.before_minutes is not None else park.rules.window_minutes
    after = series.after_minutes if series.after_minutes is not None else park.rules.window_minutes
    return AppointmentDraft(
        plate=series.plate,
        carrier=series.carrier,
        warehouse=series.warehouse,
        cargo_kind=series.cargo_kind,
        wish=wish,
        dock_kind=series.dock_kind,
        minutes=series.minutes,
        earliest=wish - timedelta(minutes=before),
        latest=wish + timedelta(minutes=after),
        waitlist=series.waitlist,
    )


def _pending(park: Park, series: Series, wish: datetime) -> Occurrence:
    day = park.grid.day_of(wish)
    state = OccurrenceState.EXCEPTED if day in series.exdates else OccurrenceState.PENDING
    opens_at = rules.opens_at(park, day, park.grid.slot_of(wish, day))
    return Occurrence(series.id, series.plate, series.carrier, series.warehouse, day, wish, state, opens_at=opens_at)


def _series(park: Park, draft: SeriesDraft, now: datetime, repeatable: Repeatable | None) -> Series:
    first = StopDraft(draft.warehouse, draft.cargo_kind, draft.dock_kind, draft.minutes)
    wanted_at(park, draft.plate, get_carrier(park, draft.carrier), first)
    series = Series(
        id=new_id("series", repeatable),
        made_at=now,
        exdates=tuple(sorted(draft.exdates)),
        **{name: getattr(draft, name) for name in SeriesDraft.__slots__ if name != "exdates"},
    )
    check_recurs(park.grid, series)
    return series
