"""Trucks: where and when each is next free for a load."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.http import show
from api.http.answers import TruckAnswer, TruckPage
from api.http.asking import Listing, parts_of, versions_of
from api.http.fields import IfMatch, Plate
from api.http.openapi import CHANGING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import TruckAnnounced, TrucksAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.model.day import Preferences
from dispatch.model.park import Hours
from dispatch.services import trucks
from dispatch.services.trucks import TruckDraft

router = APIRouter(prefix="/v1/trucks", route_class=KeyedRoute, tags=["trucks"])

PathPlate = Annotated[Plate, Path()]
ANNOUNCING = (*(kind for kind in CHANGING if kind is not refusals.NotThere), UNSUPPORTED_MEDIA_TYPE, refusals.Changed)


def draft_of(body: TruckAnnounced) -> TruckDraft:
    """Return a truck as it announces itself, with what its driver prefers."""
    prefers = body.preferences
    hours = None if prefers.hours is None else Hours(prefers.hours.opens, prefers.hours.closes)
    preferences = Preferences(prefers.cargo_kinds, prefers.regions, hours)
    return TruckDraft(**{**dict(body), "preferences": preferences})


@router.put("/{plate}", operation_id="announce_truck", response_model=TruckAnswer, responses=told(*ANNOUNCING))
async def announce_truck(
    request: Request, plate: PathPlate, body: TruckAnnounced, if_match: IfMatch = None
) -> Response:
    """Say where and when a truck is free for a load, in place of what was known of it."""
    desk = parts_of(request).desk
    kept = await trucks.announce_truck(desk, plate, draft_of(body), versions_of(if_match))
    return show.answer(show.truck(desk.park, kept.thing), version=kept.version)


@router.get("", operation_id="list_trucks", response_model=TruckPage, responses=told(*READING))
async def list_trucks(request: Request, asked: Annotated[TrucksAsked, Query()]) -> Response:
    """List the trucks known, by plate: all, or those of a carrier."""
    desk = parts_of(request).desk
    listing = Listing("trucks", asked)
    found = await trucks.list_trucks(desk, asked.carrier, listing.page)
    items = [show.truck(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{plate}", operation_id="get_truck", response_model=TruckAnswer, responses=told(*READING, refusals.NotThere)
)
async def get_truck(request: Request, plate: PathPlate) -> Response:
    """Read one truck; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await trucks.get_truck(desk, plate)
    return show.answer(show.truck(desk.park, kept.thing), version=kept.version)
