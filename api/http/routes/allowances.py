"""What the record of past days earns and allows: peak entries of carriers, docks promised beyond those there are."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AllowanceAnswer, CarrierAvailabilityAnswer, OverbookingAnswer
from api.http.asking import parts_of
from api.http.fields import PathId
from api.http.openapi import READING, told
from api.http.requests import CarrierAvailabilityAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import attending, availability
from dispatch.services.availability import Question

router = APIRouter(prefix="/v1", route_class=KeyedRoute, tags=["quotas"])


@router.get(
    "/carriers/{carrier}/allowance",
    operation_id="get_allowance",
    response_model=AllowanceAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_allowance(request: Request, carrier: PathId) -> Response:
    """Read a carrier's quotas, and the peak entries it has earned for this week and the next, with how they came."""
    parts = parts_of(request)
    weeks = await attending.list_earned(parts.desk, carrier, parts.clock())
    return show.answer(show.allowance(parts.desk.park, carrier, weeks))


@router.get(
    "/carriers/{carrier}/availability",
    operation_id="get_carrier_availability",
    response_model=CarrierAvailabilityAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_carrier_availability(
    request: Request, carrier: PathId, asked: Annotated[CarrierAvailabilityAsked, Query()]
) -> Response:
    """Read a dock group's day as a carrier finds it: by its quotas and share, and by where its truck is."""
    parts = parts_of(request)
    whom = {**dict(asked), "carrier": carrier}
    slots = await availability.list_slots(parts.desk, Question(**whom), parts.clock())
    return show.answer({**whom, "slots": [show.slot(parts.desk.park, each) for each in slots]})


@router.get("/overbooking", operation_id="get_overbooking", response_model=OverbookingAnswer, responses=told(*READING))
async def get_overbooking(request: Request) -> Response:
    """Read where more docks are promised than there are, by the no-show rates observed, and the chance of too many."""
    parts = parts_of(request)
    found = await attending.list_overbooked(parts.desk, parts.clock())
    return show.answer(show.overbooking(parts.desk.park, found))
