"""The park and what is free in it: open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AvailabilityAnswer, ParkAnswer
from api.http.asking import parts_of
from api.http.openapi import told
from api.http.problems import INVALID_REQUEST
from api.http.requests import AvailabilityAsked
from api.http.rim import OpenRoute
from dispatch.model.refusals import StoreUnavailable
from dispatch.services import availability

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
    """Read a dock group's day, slot by slot, from the live counters."""
    parts = parts_of(request)
    slots = await availability.list_slots(parts.desk, asked.warehouse, asked.dock_kind, asked.day, parts.clock())
    return show.answer({**dict(asked), "slots": [show.slot(each) for each in slots]})
