"""Exceptions: what went wrong with a load, reported, seen to and closed with a rating."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import ExceptionAnswer, ExceptionPage
from api.http.asking import Listing, caller_of, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import ExceptionProgressed, ExceptionReported, ExceptionsAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import exceptions
from dispatch.services.exceptions import ExceptionDraft, ExceptionFilter, Step

router = APIRouter(prefix="/v1/exceptions", route_class=KeyedRoute, tags=["exceptions"])


@router.post(
    "",
    operation_id="report_exception",
    status_code=201,
    response_model=ExceptionAnswer,
    responses=told(*CREATING, refusals.NotThere, refusals.NotAllowedNow, success=201),
)
async def report_exception(request: Request, body: ExceptionReported, key: IdempotencyKey = None) -> Response:
    """Complain of a load, or report what went wrong with it; once delivered, it is disputed until this is closed."""
    parts, by = parts_of(request), caller_of(request)
    repeatable = await repeatable_of(request, key)
    kept = await exceptions.report_exception(parts.desk, ExceptionDraft(**dict(body)), by, parts.clock(), repeatable)
    return show.created(show.exception(parts.desk.park, kept.thing), kept, f"/v1/exceptions/{kept.thing.id}")


@router.get("", operation_id="list_exceptions", response_model=ExceptionPage, responses=told(*READING))
async def list_exceptions(request: Request, asked: Annotated[ExceptionsAsked, Query()]) -> Response:
    """List exceptions in the order they were reported in; filters may be combined."""
    desk = parts_of(request).desk
    listing = Listing("exceptions", asked)
    which = ExceptionFilter(
        load=asked.load,
        enterprise=asked.enterprise,
        plate=asked.truck,
        state=asked.state,
        owner=asked.owner,
        is_overdue=asked.overdue,
    )
    found = await exceptions.list_exceptions(desk, which, listing.page)
    items = [show.exception(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{exception_id}",
    operation_id="get_exception",
    response_model=ExceptionAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_exception(request: Request, exception_id: PathId) -> Response:
    """Read one exception; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await exceptions.get_exception(desk, exception_id)
    return show.answer(show.exception(desk.park, kept.thing), version=kept.version)


@router.post(
    "/{exception_id}/progress",
    operation_id="progress_exception",
    response_model=ExceptionAnswer,
    responses=told(*CHANGING, UNSUPPORTED_MEDIA_TYPE, refusals.Changed, refusals.NotAllowedNow),
)
async def progress_exception(
    request: Request, exception_id: PathId, body: ExceptionProgressed, if_match: IfMatch = None
) -> Response:
    """Bring an exception to its next state: its owner resolves it, who reported it closes it, or opens it again."""
    parts, step = parts_of(request), Step(**dict(body))
    kept = await exceptions.progress_exception(
        parts.desk, exception_id, step, caller_of(request), parts.clock(), versions_of(if_match)
    )
    return show.answer(show.exception(parts.desk.park, kept.thing), version=kept.version)
