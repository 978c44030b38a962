"""Appointments: asked for and answered at once, found, cancelled."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AppointmentAnswer, AppointmentPage
from api.http.asking import Listing, metrics_of, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.requests import AppointmentAsked, AppointmentsAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.model.refusals import Refusal
from dispatch.services import appointments
from dispatch.services.appointments import AppointmentDraft, AppointmentFilter

router = APIRouter(prefix="/v1/appointments", route_class=KeyedRoute, tags=["appointments"])

FULL = (
    refusals.GateFull,
    refusals.DocksFull,
    refusals.QuotaFull,
    refusals.DailyQuotaFull,
    refusals.PeakQuotaFull,
    refusals.EntriesHeld,
    refusals.TruckBusy,
    refusals.OutsideHours,
    refusals.BookingNotOpen,
)


@router.post(
    "",
    operation_id="request_appointment",
    status_code=201,
    response_model=AppointmentAnswer,
    responses=told(*CREATING, *FULL, success=201),
)
async def request_appointment(request: Request, body: AppointmentAsked, key: IdempotencyKey = None) -> Response:
    """Ask for a slot: the best free start within the window, or why not and the nearest starts that are free."""
    parts, metrics = parts_of(request), metrics_of(request)
    repeatable = await repeatable_of(request, key)
    draft = AppointmentDraft(**dict(body))
    try:
        kept = await appointments.request_appointment(parts.desk, draft, parts.clock(), repeatable)
    except Refusal as refusal:
        metrics.refused.labels(refusal.code).inc()
        raise
    if not kept.repeated:
        metrics.made.inc()
    return show.created(show.appointment(parts.desk.park, kept.thing), kept, f"/v1/appointments/{kept.thing.id}")


@router.get("", operation_id="list_appointments", response_model=AppointmentPage, responses=told(*READING))
async def list_appointments(request: Request, asked: Annotated[AppointmentsAsked, Query()]) -> Response:
    """List appointments by slot, then id, those cancelled too; filters may be combined."""
    desk = parts_of(request).desk
    listing = Listing("appointments", asked)
    which = AppointmentFilter(asked.truck, asked.warehouse, asked.carrier, asked.gate, asked.day, asked.slot)
    found = await appointments.list_appointments(desk, which, listing.page)
    items = [show.appointment(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{appointment_id}",
    operation_id="get_appointment",
    response_model=AppointmentAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_appointment(request: Request, appointment_id: PathId) -> Response:
    """Read one appointment; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await appointments.get_appointment(desk, appointment_id)
    return show.answer(show.appointment(desk.park, kept.thing), version=kept.version)


@router.post(
    "/{appointment_id}/cancel",
    operation_id="cancel_appointment",
    response_model=AppointmentAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def cancel_appointment(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Cancel an appointment: its places are free again at once. Repeated, it is refused with its state."""
    parts = parts_of(request)
    kept = await appointments.cancel_appointment(parts.desk, appointment_id, parts.clock(), versions_of(if_match))
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)
