"""Loads: posted one by one or in bulk, found, withdrawn."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import BulkAnswer, LoadAnswer, LoadPage
from api.http.asking import Listing, named_by, parts_of, read_rows, repeatable_of, versions_of
from api.http.bulk import bulk_answer
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import LoadPosted, LoadProgressed, LoadsAsked, LoadsPosted
from api.http.rim import BulkRoute, KeyedRoute
from dispatch.model import refusals
from dispatch.services import carrying, loads
from dispatch.services.loads import LoadDraft

router = APIRouter(prefix="/v1/loads", route_class=KeyedRoute, tags=["loads"])
bulk_router = APIRouter(prefix="/v1/loads", route_class=BulkRoute, tags=["loads"])


@router.post(
    "", operation_id="post_load", status_code=201, response_model=LoadAnswer, responses=told(*CREATING, success=201)
)
async def post_load(request: Request, body: LoadPosted, key: IdempotencyKey = None) -> Response:
    """Post a load to be moved."""
    parts, draft = parts_of(request), named_by(request, LoadDraft)(**dict(body))
    repeatable = await repeatable_of(request, key)
    kept = await loads.post_load(parts.desk, draft, parts.clock(), repeatable)
    return show.created(show.load(parts.desk.park, kept.thing), kept, f"/v1/loads/{kept.thing.load.id}")


@bulk_router.post("/bulk", operation_id="post_loads", response_model=BulkAnswer, responses=told(*CREATING))
async def post_loads(request: Request, body: LoadsPosted, key: IdempotencyKey = None) -> Response:
    """Post up to 5,000 loads; each row is taken or refused on its own, and told in the order of the request."""
    parts = parts_of(request)
    drafts = await read_rows(request, "loads", body.loads, LoadPosted, named_by(request, LoadDraft))
    rows = await loads.post_loads(parts.desk, drafts, parts.clock(), await repeatable_of(request, key))
    return bulk_answer("loads", rows, lambda record: record.load.id)


@router.get("", operation_id="list_loads", response_model=LoadPage, responses=told(*READING))
async def list_loads(request: Request, asked: Annotated[LoadsAsked, Query()]) -> Response:
    """List loads by the first moment of their loading; filters may be combined."""
    desk = parts_of(request).desk
    listing = Listing("loads", asked)
    found = await loads.list_loads(desk, asked.state, asked.enterprise, listing.page)
    return show.answer(
        show.page([show.load(desk.park, each) for each in found.things], listing.cursor(found.next_after))
    )


@router.get(
    "/{load_id}", operation_id="get_load", response_model=LoadAnswer, responses=told(*READING, refusals.NotThere)
)
async def get_load(request: Request, load_id: PathId) -> Response:
    """Read one load; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await loads.get_load(desk, load_id)
    return show.answer(show.load(desk.park, kept.thing), version=kept.version)


@router.post(
    "/{load_id}/progress",
    operation_id="progress_load",
    response_model=LoadAnswer,
    responses=told(*CHANGING, UNSUPPORTED_MEDIA_TYPE, refusals.Changed, refusals.NotAllowedNow),
)
async def progress_load(request: Request, load_id: PathId, body: LoadProgressed, if_match: IfMatch = None) -> Response:
    """Report how far an accepted load is: at its pickup, in transit, delivered."""
    parts = parts_of(request)
    kept = await carrying.report_progress(parts.desk, load_id, body.state, parts.clock(), versions_of(if_match))
    return show.answer(show.load(parts.desk.park, kept.thing), version=kept.version)


@router.post(
    "/{load_id}/withdraw",
    operation_id="withdraw_load",
    response_model=LoadAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def withdraw_load(request: Request, load_id: PathId, if_match: IfMatch = None) -> Response:
    """Withdraw a load that no driver has accepted; an offer of it ends."""
    desk = parts_of(request).desk
    kept = await loads.withdraw_load(desk, load_id, parts_of(request).clock(), versions_of(if_match))
    return show.answer(show.load(desk.park, kept.thing), version=kept.version)
