"""Recurring appointments: a pattern of days, each occurrence asked for as its slot opens, each with its own result."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import OccurrencePage, SeriesAnswer, SeriesPage
from api.http.asking import Listing, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import DaysExcepted, Paged, SeriesAsked, SeriesListed
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import series
from dispatch.services.series import SeriesDraft

router = APIRouter(prefix="/v1/series", route_class=KeyedRoute, tags=["series"])


@router.post(
    "", operation_id="make_series", status_code=201, response_model=SeriesAnswer, responses=told(*CREATING, success=201)
)
async def make_series(request: Request, body: SeriesAsked, key: IdempotencyKey = None) -> Response:
    """Ask for slots again and again, by an RRULE of days; each is asked for as its slot opens for booking."""
    parts = parts_of(request)
    repeatable = await repeatable_of(request, key)
    kept = await series.make_series(parts.desk, SeriesDraft(**dict(body)), parts.clock(), repeatable)
    return show.created(show.plain(parts.desk.park, kept.thing), kept, f"/v1/series/{kept.thing.id}")


@router.get("", operation_id="list_series", response_model=SeriesPage, responses=told(*READING))
async def list_series(request: Request, asked: Annotated[SeriesListed, Query()]) -> Response:
    """List series by when they were made, those ended too."""
    desk = parts_of(request).desk
    listing = Listing("series", asked)
    found = await series.list_series(desk, asked.carrier, asked.truck, listing.page)
    items = [show.plain(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{series_id}", operation_id="get_series", response_model=SeriesAnswer, responses=told(*READING, refusals.NotThere)
)
async def get_series(request: Request, series_id: PathId) -> Response:
    """Read a series; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await series.get_series(desk, series_id)
    return show.answer(show.plain(desk.park, kept.thing), version=kept.version)


@router.get(
    "/{series_id}/occurrences",
    operation_id="list_occurrences",
    response_model=OccurrencePage,
    responses=told(*READING, refusals.NotThere),
)
async def list_occurrences(request: Request, series_id: PathId, asked: Annotated[Paged, Query()]) -> Response:
    """List the occurrences of a series by day, those to come too, with what became of each."""
    desk = parts_of(request).desk
    listing = Listing(f"occurrences of {series_id}", asked)
    found = await series.list_occurrences(desk, series_id, listing.page)
    items = [show.plain(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.post(
    "/{series_id}/exdates",
    operation_id="except_days",
    response_model=SeriesAnswer,
    responses=told(*CHANGING, UNSUPPORTED_MEDIA_TYPE, refusals.Changed, refusals.NotAllowedNow),
)
async def except_days(request: Request, series_id: PathId, body: DaysExcepted, if_match: IfMatch = None) -> Response:
    """Leave out days of a series; what was made of them is cancelled where that is still allowed."""
    parts = parts_of(request)
    kept = await series.except_days(parts.desk, series_id, body.exdates, parts.clock(), versions_of(if_match))
    return show.answer(show.plain(parts.desk.park, kept.thing), version=kept.version)


@router.post(
    "/{series_id}/end",
    operation_id="end_series",
    response_model=SeriesAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def end_series(request: Request, series_id: PathId, if_match: IfMatch = None) -> Response:
    """Ask for no more occurrences of a series; appointments already made stay, to be cancelled one by one."""
    parts = parts_of(request)
    kept = await series.end_series(parts.desk, series_id, versions_of(if_match))
    return show.answer(show.plain(parts.desk.park, kept.thing), version=kept.version)
