"""Visits: wishes to come, to be given their slot by the next plan of their day."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import BulkAnswer, VisitAnswer, VisitPage
from api.http.asking import Listing, named_by, parts_of, read_rows, repeatable_of
from api.http.bulk import bulk_answer
from api.http.fields import IdempotencyKey, PathId
from api.http.openapi import CREATING, READING, told
from api.http.requests import VisitPosted, VisitsAsked, VisitsPosted
from api.http.rim import BulkRoute, KeyedRoute
from dispatch.model import refusals
from dispatch.services import visits
from dispatch.services.visits import VisitDraft, VisitFilter, VisitSeen

router = APIRouter(prefix="/v1/visits", route_class=KeyedRoute, tags=["visits"])
bulk_router = APIRouter(prefix="/v1/visits", route_class=BulkRoute, tags=["visits"])


@router.post(
    "", operation_id="post_visit", status_code=201, response_model=VisitAnswer, responses=told(*CREATING, success=201)
)
async def post_visit(request: Request, body: VisitPosted, key: IdempotencyKey = None) -> Response:
    """Take a wish to come; the next plan of its day gives it a slot."""
    parts, draft = parts_of(request), named_by(request, VisitDraft)(**dict(body))
    repeatable = await repeatable_of(request, key)
    kept = await visits.post_visit(parts.desk, draft, parts.clock(), repeatable)
    shown = show.visit(parts.desk.park, VisitSeen(kept.thing, is_open=True))
    return show.created(shown, kept, f"/v1/visits/{kept.thing.id}")


@bulk_router.post("/bulk", operation_id="post_visits", response_model=BulkAnswer, responses=told(*CREATING))
async def post_visits(request: Request, body: VisitsPosted, key: IdempotencyKey = None) -> Response:
    """Take up to 5,000 wishes; each row is taken or refused on its own, and told in the order of the request."""
    parts = parts_of(request)
    drafts = await read_rows(request, "visits", body.visits, VisitPosted, named_by(request, VisitDraft))
    rows = await visits.post_visits(parts.desk, drafts, parts.clock(), await repeatable_of(request, key))
    return bulk_answer("visits", rows, lambda visit: visit.id)


@router.get("", operation_id="list_visits", response_model=VisitPage, responses=told(*READING))
async def list_visits(request: Request, asked: Annotated[VisitsAsked, Query()]) -> Response:
    """List the visits wished for a day, by id; filters may be combined."""
    desk = parts_of(request).desk
    listing = Listing("visits", asked)
    which = VisitFilter(asked.truck, asked.warehouse, asked.carrier)
    found = await visits.list_visits(desk, asked.day, which, listing.page)
    items = [show.visit(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{visit_id}", operation_id="get_visit", response_model=VisitAnswer, responses=told(*READING, refusals.NotThere)
)
async def get_visit(request: Request, visit_id: PathId) -> Response:
    """Read one visit: open, or planned once it has an appointment."""
    desk = parts_of(request).desk
    kept = await visits.get_visit(desk, visit_id)
    return show.answer(show.visit(desk.park, kept.thing), version=kept.version)
