"""Closures: of docks, gate lanes, warehouses, the park. Who is booked there is moved by a job, told, and may refuse."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AppointmentAnswer, ClosureAnswer, ClosurePage
from api.http.asking import Listing, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import ChangeRefused, ClosureAsked, ClosuresAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import closures, displaced
from dispatch.services.closures import ClosureDraft
from dispatch.worker.jobs import find_job

router = APIRouter(prefix="/v1/closures", route_class=KeyedRoute, tags=["closures"])
visit_router = APIRouter(prefix="/v1/appointments", route_class=KeyedRoute, tags=["closures"])


@router.post(
    "",
    operation_id="make_closure",
    status_code=201,
    response_model=ClosureAnswer,
    responses=told(*CREATING, success=201),
)
async def make_closure(request: Request, body: ClosureAsked, key: IdempotencyKey = None) -> Response:
    """Close docks, lanes, a warehouse or the park: at once for who asks from now on; who is booked there is moved by a
    job with as few moves as may be, and told. Look at Location for what became of them.
    """
    parts = parts_of(request)
    repeatable = await repeatable_of(request, key)
    kept = await closures.make_closure(
        parts.desk, ClosureDraft(**dict(body) | {"target": body.target or ""}), parts.clock(), repeatable
    )
    return show.created(show.closure(parts.desk.park, kept.thing, None), kept, f"/v1/closures/{kept.thing.id}")


@router.get("", operation_id="list_closures", response_model=ClosurePage, responses=told(*READING))
async def list_closures(request: Request, asked: Annotated[ClosuresAsked, Query()]) -> Response:
    """List closures by when they begin, those cancelled too."""
    desk = parts_of(request).desk
    listing = Listing("closures", asked)
    found = await closures.list_closures(desk, listing.page)
    items = [show.closure(desk.park, each, None) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{closure_id}",
    operation_id="get_closure",
    response_model=ClosureAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_closure(request: Request, closure_id: PathId) -> Response:
    """Read a closure, and what became of who was booked there, once they have been planned again."""
    desk = parts_of(request).desk
    kept = await closures.get_closure(desk, closure_id)
    job = await find_job(desk.store, kept.thing.job)
    return show.answer(show.closure(desk.park, kept.thing, job.job if job else None), version=kept.version)


@router.post(
    "/{closure_id}/cancel",
    operation_id="cancel_closure",
    response_model=ClosureAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def cancel_closure(request: Request, closure_id: PathId, if_match: IfMatch = None) -> Response:
    """Open again what was closed: what is free is offered to who waits for it. Visits that were moved stay moved."""
    parts = parts_of(request)
    kept = await closures.cancel_closure(parts.desk, closure_id, parts.clock(), versions_of(if_match))
    return show.answer(show.closure(parts.desk.park, kept.thing, None), version=kept.version)


@visit_router.post(
    "/{appointment_id}/change/accept",
    operation_id="accept_change",
    response_model=AppointmentAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def accept_change(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Take the slot to which a closure has moved an appointment. Unanswered, it stands as well."""
    parts = parts_of(request)
    kept = await displaced.accept_change(parts.desk, appointment_id, parts.clock(), versions_of(if_match))
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@visit_router.post(
    "/{appointment_id}/change/refuse",
    operation_id="refuse_change",
    response_model=AppointmentAnswer,
    responses=told(*CHANGING, UNSUPPORTED_MEDIA_TYPE, refusals.Changed, refusals.NotAllowedNow),
)
async def refuse_change(
    request: Request, appointment_id: PathId, body: ChangeRefused, if_match: IfMatch = None
) -> Response:
    """Refuse the slot to which a closure has moved an appointment: cancelled without blame, or in line for another."""
    parts = parts_of(request)
    kept = await displaced.refuse_change(
        parts.desk, appointment_id, parts.clock(), versions_of(if_match), waitlist=body.waitlist
    )
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)
