"""Appointments: asked for and answered at once, found, changed, cancelled."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AppointmentAnswer, AppointmentPage, BulkAnswer
from api.http.asking import Listing, metrics_of, parts_of, read_rows, repeatable_of, versions_of
from api.http.bulk import bulk_answer
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.parts import Parts
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import (
    AppointmentAmended,
    AppointmentAsked,
    AppointmentsAsked,
    AppointmentsPosted,
    EtaReported,
    MoveAsked,
    StopAsked,
)
from api.http.rim import BulkRoute, KeyedRoute
from dispatch.model import refusals
from dispatch.model.promises import Appointment, AppointmentState
from dispatch.model.refusals import Refusal
from dispatch.services import appointments, estimates, moving
from dispatch.services.appointments import AppointmentDraft, AppointmentFilter, StopDraft
from dispatch.services.desk import Kept
from dispatch.services.moving import Changes

router = APIRouter(prefix="/v1/appointments", route_class=KeyedRoute, tags=["appointments"])
bulk_router = APIRouter(prefix="/v1/appointments", route_class=BulkRoute, tags=["appointments"])

FULL = (
    refusals.GateFull,
    refusals.DocksFull,
    refusals.QuotaFull,
    refusals.DailyQuotaFull,
    refusals.TooManyOpen,
    refusals.PeakQuotaFull,
    refusals.EntriesHeld,
    refusals.TruckBusy,
    refusals.OutsideHours,
    refusals.BookingNotOpen,
)


def draft_of(*, stops: Sequence[StopAsked], **asked: Any) -> AppointmentDraft:
    """Return a request as the service takes it."""
    return AppointmentDraft(**asked, stops=tuple(StopDraft(**vars(stop)) for stop in stops))


AMENDING = (*CHANGING, UNSUPPORTED_MEDIA_TYPE, refusals.Changed, refusals.NotAllowedNow)


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
    try:
        kept = await appointments.request_appointment(parts.desk, draft_of(**vars(body)), parts.clock(), repeatable)
    except Refusal as refusal:
        metrics.refused.labels(refusal.code).inc()
        raise
    if not kept.repeated:
        metrics.made.inc()
    return show.created(await _with_waits(parts, kept.thing), kept, f"/v1/appointments/{kept.thing.id}")


@bulk_router.post("/bulk", operation_id="request_appointments", response_model=BulkAnswer, responses=told(*CREATING))
async def request_appointments(request: Request, body: AppointmentsPosted, key: IdempotencyKey = None) -> Response:
    """Ask for up to 5,000 slots, as JSON or CSV; each row is given or refused on its own, told in their order."""
    parts, metrics = parts_of(request), metrics_of(request)
    drafts = await read_rows(request, "appointments", body.appointments, AppointmentAsked, draft_of)
    repeatable = await repeatable_of(request, key)
    rows = await appointments.request_appointments(parts.desk, drafts, parts.clock(), repeatable)
    metrics.made.inc(sum(isinstance(row, Kept) and not row.repeated for row in rows))
    return bulk_answer("appointments", rows, lambda appointment: appointment.id, lambda appointment: appointment.state)


@router.get("", operation_id="list_appointments", response_model=AppointmentPage, responses=told(*READING))
async def list_appointments(request: Request, asked: Annotated[AppointmentsAsked, Query()]) -> Response:
    """List appointments by slot, then id, those cancelled too; filters may be combined."""
    desk = parts_of(request).desk
    listing = Listing("appointments", asked)
    which = AppointmentFilter(
        asked.truck, asked.warehouse, asked.carrier, asked.gate, asked.day, asked.slot, asked.state
    )
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
    parts = parts_of(request)
    kept = await appointments.get_appointment(parts.desk, appointment_id)
    return show.answer(await _with_waits(parts, kept.thing), version=kept.version)


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


@router.post(
    "/{appointment_id}/confirm",
    operation_id="confirm_appointment",
    response_model=AppointmentAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def confirm_appointment(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Confirm an appointment whose places are only held; refused once the hold has expired."""
    parts = parts_of(request)
    kept = await appointments.confirm_appointment(parts.desk, appointment_id, parts.clock(), versions_of(if_match))
    return show.answer(await _with_waits(parts, kept.thing), version=kept.version)


@router.patch(
    "/{appointment_id}",
    operation_id="amend_appointment",
    response_model=AppointmentAnswer,
    responses=told(*AMENDING, *FULL),
)
async def amend_appointment(
    request: Request, appointment_id: PathId, body: AppointmentAmended, if_match: IfMatch = None
) -> Response:
    """Change an appointment in one step: plate (up to the gate), cargo or slot (until the deadline). A change that is
    refused leaves everything as it was.
    """
    return await _amend(request, appointment_id, Changes(**dict(body)), if_match)


@router.post(
    "/{appointment_id}/move",
    operation_id="move_appointment",
    response_model=AppointmentAnswer,
    responses=told(*AMENDING, *FULL),
)
async def move_appointment(
    request: Request, appointment_id: PathId, body: MoveAsked, if_match: IfMatch = None
) -> Response:
    """Move an appointment to the best open start in a window, in one step: it keeps its id, and its pass."""
    return await _amend(request, appointment_id, Changes(**dict(body)), if_match)


async def _amend(request: Request, appointment_id: str, changes: Changes, if_match: str | None) -> Response:
    parts = parts_of(request)
    versions = versions_of(if_match)
    kept = await moving.amend_appointment(parts.desk, appointment_id, changes, parts.clock(), versions)
    return show.answer(await _with_waits(parts, kept.thing), version=kept.version)


async def _with_waits(parts: Parts, appointment: Appointment) -> show.Document:
    """Return an appointment with what its truck is expected to wait, as the worker's simulations last left it."""
    is_ahead = appointment.state in (AppointmentState.REQUESTED, AppointmentState.CONFIRMED)
    waits = await parts.desk.wait_board.find(parts.desk.store, appointment.day, parts.clock()) if is_ahead else None
    return show.appointment(parts.desk.park, appointment, waits)


@router.post(
    "/{appointment_id}/eta",
    operation_id="report_eta",
    response_model=AppointmentAnswer,
    responses=told(*AMENDING),
)
async def report_eta(request: Request, appointment_id: PathId, body: EtaReported, if_match: IfMatch = None) -> Response:
    """Say when a truck will come. Beyond its tolerance it is offered a slot it can meet, held beside its own."""
    parts = parts_of(request)
    versions = versions_of(if_match)
    kept = await estimates.report_eta(parts.desk, appointment_id, body.eta, parts.clock(), versions)
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@router.post(
    "/{appointment_id}/offer/accept",
    operation_id="accept_move",
    response_model=AppointmentAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def accept_move(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Take the other slot that is held for an appointment; its own is free again at once."""
    parts = parts_of(request)
    kept = await estimates.accept_offer(parts.desk, appointment_id, parts.clock(), versions_of(if_match))
    return show.answer(await _with_waits(parts, kept.thing), version=kept.version)


@router.post(
    "/{appointment_id}/offer/refuse",
    operation_id="refuse_move",
    response_model=AppointmentAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def refuse_move(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Keep the slot an appointment has, and give back the other one that is held for it."""
    parts = parts_of(request)
    kept = await estimates.refuse_offer(parts.desk, appointment_id, parts.clock(), versions_of(if_match))
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)
