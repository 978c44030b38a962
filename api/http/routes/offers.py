"""Offers: loads proposed to drivers, accepted with their slots, declined, or given back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import OfferAnswer, OfferPage
from api.http.asking import Listing, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathMatchId
from api.http.openapi import CHANGING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import OfferDeclined, OffersAsked
from api.http.rim import KeyedRoute
from api.http.routes.appointments import FULL
from dispatch.model import refusals
from dispatch.services import offers, reoffering
from dispatch.services.offers import OfferFilter

router = APIRouter(prefix="/v1/offers", route_class=KeyedRoute, tags=["offers"])

ANSWERING = (*CHANGING, refusals.Changed, refusals.NotAllowedNow)


@router.get("", operation_id="list_offers", response_model=OfferPage, responses=told(*READING))
async def list_offers(request: Request, asked: Annotated[OffersAsked, Query()]) -> Response:
    """List offers in the order they were made in; filters may be combined. Open ones are in state `offered`."""
    desk = parts_of(request).desk
    listing = Listing("offers", asked)
    found = await offers.list_offers(desk, OfferFilter(asked.truck, asked.carrier, asked.state), listing.page)
    items = [show.offer(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{offer_id}", operation_id="get_offer", response_model=OfferAnswer, responses=told(*READING, refusals.NotThere)
)
async def get_offer(request: Request, offer_id: PathMatchId) -> Response:
    """Read one offer; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await offers.get_offer(desk, offer_id)
    return show.answer(show.offer(desk.park, kept.thing), version=kept.version)


@router.post(
    "/{offer_id}/accept",
    operation_id="accept_offer",
    response_model=OfferAnswer,
    responses=told(*ANSWERING, *FULL, refusals.KeyReused),
)
async def accept_offer(
    request: Request, offer_id: PathMatchId, if_match: IfMatch = None, key: IdempotencyKey = None
) -> Response:
    """Take the loads, and book their slots at the warehouses in the same step; refused whole when one is full."""
    parts = parts_of(request)
    repeatable = await repeatable_of(request, key)
    kept = await offers.accept_offer(parts.desk, offer_id, parts.clock(), versions_of(if_match), repeatable)
    replayed = {"Idempotency-Replayed": "true"} if kept.repeated else {}
    return show.answer(show.offer(parts.desk.park, kept.thing), version=kept.version, headers=replayed)


@router.post(
    "/{offer_id}/decline",
    operation_id="decline_offer",
    response_model=OfferAnswer,
    responses=told(*ANSWERING, UNSUPPORTED_MEDIA_TYPE),
)
async def decline_offer(
    request: Request, offer_id: PathMatchId, body: OfferDeclined, if_match: IfMatch = None
) -> Response:
    """Turn the loads down; they are offered to the next best, and never to this truck again."""
    parts = parts_of(request)
    now = parts.clock()
    kept = await offers.decline_offer(parts.desk, offer_id, body.reason, now, versions_of(if_match))
    await reoffering.ask_round(parts.desk, parts.jobs, now)
    return show.answer(show.offer(parts.desk.park, kept.thing), version=kept.version)


@router.post(
    "/{offer_id}/hand-back",
    operation_id="hand_back_offer",
    response_model=OfferAnswer,
    responses=told(*ANSWERING, UNSUPPORTED_MEDIA_TYPE),
)
async def hand_back_offer(
    request: Request, offer_id: PathMatchId, body: OfferDeclined, if_match: IfMatch = None
) -> Response:
    """Give back the accepted loads that are not begun, with their slots; they are offered to the next best."""
    parts = parts_of(request)
    now = parts.clock()
    kept = await offers.hand_back_offer(parts.desk, offer_id, body.reason, now, versions_of(if_match))
    await reoffering.ask_round(parts.desk, parts.jobs, now)
    return show.answer(show.offer(parts.desk.park, kept.thing), version=kept.version)
