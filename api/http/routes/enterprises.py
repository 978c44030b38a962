"""Enterprises: whose trucks they let have their loads."""

from fastapi import APIRouter, Request, Response

from api.http import show
from api.http.answers import CarriersAnswer
from api.http.asking import parts_of, versions_of
from api.http.fields import IfMatch, PathId
from api.http.openapi import CHANGING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import CarriersListed
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.model.day import CarrierLists
from dispatch.services import carriers

router = APIRouter(prefix="/v1/enterprises", route_class=KeyedRoute, tags=["loads"])


@router.get(
    "/{enterprise}/carriers",
    operation_id="get_carriers",
    response_model=CarriersAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_carriers(request: Request, enterprise: PathId) -> Response:
    """Read whose trucks an enterprise lets have its loads; empty lists bind nobody."""
    desk = parts_of(request).desk
    kept = await carriers.get_carriers(desk, enterprise)
    return show.answer({"enterprise": enterprise, **show.plain(desk.park, kept.thing)}, version=kept.version)


@router.put(
    "/{enterprise}/carriers",
    operation_id="set_carriers",
    response_model=CarriersAnswer,
    responses=told(*CHANGING, UNSUPPORTED_MEDIA_TYPE, refusals.Changed),
)
async def set_carriers(
    request: Request, enterprise: PathId, body: CarriersListed, if_match: IfMatch = None
) -> Response:
    """Say whose trucks may have the enterprise's loads; rounds keep to it, and so does whoever accepts an offer."""
    desk = parts_of(request).desk
    kept = await carriers.set_carriers(desk, enterprise, CarrierLists(**dict(body)), versions_of(if_match))
    return show.answer({"enterprise": enterprise, **show.plain(desk.park, kept.thing)}, version=kept.version)
