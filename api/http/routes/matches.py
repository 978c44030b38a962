"""Matches: which loads a truck was given, in order."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import MatchPage
from api.http.asking import Listing, parts_of
from api.http.openapi import READING, told
from api.http.requests import MatchesAsked
from api.http.rim import KeyedRoute
from dispatch.services import matches

router = APIRouter(prefix="/v1/matches", route_class=KeyedRoute, tags=["matches"])


@router.get("", operation_id="list_matches", response_model=MatchPage, responses=told(*READING))
async def list_matches(request: Request, asked: Annotated[MatchesAsked, Query()]) -> Response:
    """List a truck's chains of loads, or the chain a load is in."""
    desk = parts_of(request).desk
    listing = Listing("matches", asked)
    if asked.truck is not None:
        found = await matches.list_matches_of_truck(desk, asked.truck, listing.page)
    else:
        assert asked.load is not None
        found = await matches.list_matches_of_load(desk, asked.load, listing.page)
    items = [show.match(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))
