"""The waitlist: joined by a request with `waitlist`, left by cancelling it; an offer is confirmed or cancelled."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AppointmentPage
from api.http.asking import Listing, parts_of
from api.http.openapi import READING, told
from api.http.requests import WaitlistAsked
from api.http.rim import KeyedRoute
from dispatch.services import waiting
from dispatch.services.appointments import AppointmentFilter

router = APIRouter(prefix="/v1/waitlist", route_class=KeyedRoute, tags=["appointments"])


@router.get("", operation_id="list_waitlist", response_model=AppointmentPage, responses=told(*READING))
async def list_waitlist(request: Request, asked: Annotated[WaitlistAsked, Query()]) -> Response:
    """List who waits for room on a day, in line: by priority group, then by when they asked."""
    desk = parts_of(request).desk
    listing = Listing("waitlist", asked)
    which = AppointmentFilter(asked.truck, asked.warehouse, asked.carrier)
    found = await waiting.list_line(desk, asked.day, which.admits, listing.page)
    items = [show.appointment(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))
