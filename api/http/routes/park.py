"""The park and what is free in it: open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AvailabilityAnswer, HoursAnswer, ParkAnswer
from api.http.asking import parts_of
from api.http.openapi import told
from api.http.problems import INVALID_REQUEST
from api.http.requests import AvailabilityAsked, HoursAsked
from api.http.rim import OpenRoute
from dispatch.model.refusals import StoreUnavailable
from dispatch.services import availability
from dispatch.services.availability import Question
from dispatch.services.desk import get_cargo_kind

router = APIRouter(prefix="/v1", route_class=OpenRoute, tags=["park"])


@router.get("/park", operation_id="get_park", response_model=ParkAnswer, responses=told())
async def get_park(request: Request) -> Response:
    """Read the park: everything a request may name."""
    return Response(request.app.state.park_json, media_type="application/json")


@router.get(
    "/availability",
    operation_id="get_availability",
    response_model=AvailabilityAnswer,
    responses=told(INVALID_REQUEST, StoreUnavailable),
)
async def get_availability(request: Request, asked: Annotated[AvailabilityAsked, Query()]) -> Response:
    """Read a dock group's day, slot by slot: what is free now, and what would be granted to whoever has no quota."""
    parts = parts_of(request)
    slots = await availability.list_slots(parts.desk, Question(**dict(asked)), parts.clock())
    return show.answer({**dict(asked), "slots": [show.slot(parts.desk.park, each) for each in slots]})


@router.get(
    "/availability/hours",
    operation_id="get_availability_by_hour",
    response_model=HoursAnswer,
    responses=told(INVALID_REQUEST, StoreUnavailable),
)
async def get_availability_by_hour(request: Request, asked: Annotated[HoursAsked, Query()]) -> Response:
    """Read a day hour by hour and dock kind by dock kind, for one warehouse or the whole park."""
    parts = parts_of(request)
    kind = get_cargo_kind(parts.desk.park, asked.cargo_kind, asked.dock_kind).dock_kind if asked.cargo_kind else None
    kind = kind or asked.dock_kind
    hours = await availability.list_hours(parts.desk, asked.day, asked.warehouse, kind, parts.clock())
    return show.answer({**dict(asked), "hours": [show.plain(parts.desk.park, each) for each in hours]})
