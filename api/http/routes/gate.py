"""The gate and the docks: passes, trucks that come, are let in, handled and leave."""

from io import BytesIO
from typing import Annotated

import segno
from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AppointmentAnswer, GateKeyAnswer, PassAnswer, QueueAnswer, SweepAnswer
from api.http.asking import caller_of, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, Responses, told
from api.http.problems import ANSWER_LOST, UNSUPPORTED_MEDIA_TYPE
from api.http.requests import ArrivalNoted, CheckedOut, QueueAsked, Stood, WalkInAsked
from api.http.rim import KeyedRoute, OpenRoute
from api.http.routes.appointments import FULL
from dispatch.model import refusals
from dispatch.model.callers import Role
from dispatch.services import appointments, gate, passes
from dispatch.services.appointments import AppointmentDraft
from dispatch.services.gate import Arrival
from dispatch.services.sweeping import sweep

router = APIRouter(prefix="/v1/gate", route_class=KeyedRoute, tags=["gate"])
open_router = APIRouter(prefix="/v1/gate", route_class=OpenRoute, tags=["gate"])
visit_router = APIRouter(prefix="/v1/appointments", route_class=KeyedRoute, tags=["gate"])

STEPPING = (*CHANGING, refusals.NotAllowedNow)
LETTING_IN = (
    *STEPPING,
    UNSUPPORTED_MEDIA_TYPE,
    refusals.TooEarly,
    refusals.TooLate,
    refusals.TruckBusy,
    refusals.BadPass,
)
PNG_SCALE = 8  # pixels to a module


def _image(media_type: str) -> Responses:
    responses = told(*READING, refusals.NotThere)
    responses[200] = {
        "description": "Done.",
        "content": {media_type: {"schema": {"type": "string", "format": "binary"}}},
    }
    return responses


@open_router.get("/public-key", operation_id="get_gate_key", response_model=GateKeyAnswer, responses=told())
async def get_gate_key(request: Request) -> Response:
    """Read the public key by which anybody can tell, without a network, that a pass is real."""
    key = parts_of(request).passes
    return show.answer(show.gate_key(key))


@router.post(
    "/arrivals",
    operation_id="note_arrival",
    response_model=AppointmentAnswer,
    responses=told(*STEPPING, UNSUPPORTED_MEDIA_TYPE, refusals.BadPass),
)
async def note_arrival(request: Request, body: ArrivalNoted) -> Response:
    """Take note that a truck has joined the queue before the gate: from then on its waiting is the park's."""
    parts = parts_of(request)
    arrival = _arrival(request, body)
    kept = await gate.note_arrival(parts.desk, await _expected(request, body, arrival), arrival)
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@router.post("/check-ins", operation_id="check_in_truck", response_model=AppointmentAnswer, responses=told(*LETTING_IN))
async def check_in_truck(request: Request, body: ArrivalNoted) -> Response:
    """Let a truck in by its pass, plate or appointment: as booked within the tolerance, behind others after it."""
    parts = parts_of(request)
    arrival = _arrival(request, body)
    kept = await gate.check_in(parts.desk, await _expected(request, body, arrival), arrival)
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@router.post(
    "/walk-ins",
    operation_id="admit_walk_in",
    status_code=201,
    response_model=AppointmentAnswer,
    responses=told(*CREATING, *FULL, success=201),
)
async def admit_walk_in(request: Request, body: WalkInAsked, key: IdempotencyKey = None) -> Response:
    """Let a truck in without an appointment, into what is free now; else say what is full and when there is room."""
    parts = parts_of(request)
    asked = {name: value for name, value in body if name not in Stood.model_fields}
    draft = AppointmentDraft(**asked, wish=parts.clock())
    kept = await gate.walk_in(parts.desk, draft, _arrival(request, body), await repeatable_of(request, key))
    return show.created(show.appointment(parts.desk.park, kept.thing), kept, f"/v1/appointments/{kept.thing.id}")


@router.post(
    "/check-outs",
    operation_id="check_out_truck",
    response_model=AppointmentAnswer,
    responses=told(*STEPPING, UNSUPPORTED_MEDIA_TYPE),
)
async def check_out_truck(request: Request, body: CheckedOut) -> Response:
    """Let a truck out: its visit is completed."""
    parts = parts_of(request)
    now = parts.clock()
    inside = body.appointment or await gate.find_inside(parts.desk, body.plate or "", now)
    kept = await gate.check_out(parts.desk, inside, now)
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@router.get("/queue", operation_id="get_dock_queue", response_model=QueueAnswer, responses=told(*READING))
async def get_dock_queue(request: Request, asked: Annotated[QueueAsked, Query()]) -> Response:
    """Read which trucks in the park wait for a dock of a warehouse, in the order in which they are due: those booked by
    their slots, then walk-ins, then those that came late.
    """
    parts = parts_of(request)
    waiting = await gate.list_queue(parts.desk, asked.warehouse, parts.clock())
    return show.answer({"items": [show.appointment(parts.desk.park, each) for each in waiting]})


@router.post("/sweeps", operation_id="sweep", response_model=SweepAnswer, responses=told(*READING, ANSWER_LOST))
async def sweep_now(request: Request) -> Response:
    """Release what has run out, now: holds, move offers, no-shows. The worker does so every ten seconds."""
    parts = parts_of(request)
    return show.answer({"made": await sweep(parts.desk, parts.clock())})


@visit_router.post(
    "/{appointment_id}/check-in",
    operation_id="check_in_self",
    response_model=AppointmentAnswer,
    responses=told(*STEPPING, refusals.Changed, refusals.TooEarly, refusals.TooLate, refusals.TruckBusy),
)
async def check_in_self(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Check in for oneself, as a driver within the time window; beyond it the gate decides."""
    parts = parts_of(request)
    kept = await gate.check_in_self(parts.desk, appointment_id, parts.clock(), versions_of(if_match))
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@visit_router.post(
    "/{appointment_id}/dock-start",
    operation_id="start_dock",
    response_model=AppointmentAnswer,
    responses=told(*STEPPING, refusals.Changed),
)
async def start_dock(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Begin with a truck at its dock, the next one of a chained visit."""
    parts = parts_of(request)
    versions = versions_of(if_match)
    kept = await gate.start_dock(parts.desk, appointment_id, parts.clock(), _warehouse(request), versions)
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@visit_router.post(
    "/{appointment_id}/dock-finish",
    operation_id="finish_dock",
    response_model=AppointmentAnswer,
    responses=told(*STEPPING, refusals.Changed),
)
async def finish_dock(request: Request, appointment_id: PathId, if_match: IfMatch = None) -> Response:
    """Finish with a truck at its dock: it goes on to its next warehouse, or its visit is completed."""
    parts = parts_of(request)
    versions = versions_of(if_match)
    kept = await gate.finish_dock(parts.desk, appointment_id, parts.clock(), _warehouse(request), versions)
    return show.answer(show.appointment(parts.desk.park, kept.thing), version=kept.version)


@visit_router.get(
    "/{appointment_id}/pass",
    operation_id="get_pass",
    response_model=PassAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_pass(request: Request, appointment_id: PathId) -> Response:
    """Read the pass of an appointment: the text of its QR code, signed with the park's key. A move leaves it good."""
    return show.answer({"appointment": appointment_id, "pass": await _pass(request, appointment_id)})


@visit_router.get(
    "/{appointment_id}/pass.png",
    operation_id="get_pass_png",
    response_class=Response,
    responses=_image("image/png"),
)
async def get_pass_png(request: Request, appointment_id: PathId) -> Response:
    """Read the pass of an appointment as a picture of its QR code."""
    return Response(_drawn(await _pass(request, appointment_id), "png"), media_type="image/png")


@visit_router.get(
    "/{appointment_id}/pass.svg",
    operation_id="get_pass_svg",
    response_class=Response,
    responses=_image("image/svg+xml"),
)
async def get_pass_svg(request: Request, appointment_id: PathId) -> Response:
    """Read the pass of an appointment as a drawing of its QR code."""
    return Response(_drawn(await _pass(request, appointment_id), "svg"), media_type="image/svg+xml")


async def _pass(request: Request, appointment_id: str) -> str:
    parts = parts_of(request)
    kept = await appointments.get_appointment(parts.desk, appointment_id)
    return parts.passes.sign(passes.pass_of(parts.desk.park, kept.thing, kept.version))


def _drawn(text: str, kind: str) -> bytes:
    picture = BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind=kind, scale=PNG_SCALE)
    return picture.getvalue()


def _arrival(request: Request, body: Stood) -> Arrival:
    return Arrival(parts_of(request).clock(), _own(request, Role.GATE) or body.gate, body.arrived_at)


def _warehouse(request: Request) -> str | None:
    return _own(request, Role.WAREHOUSE)


def _own(request: Request, role: Role) -> str | None:
    caller = caller_of(request)
    return caller.tenant if caller.role is role else None


async def _expected(request: Request, body: ArrivalNoted, arrival: Arrival) -> str:
    """Return the id of the appointment a truck comes for."""
    parts = parts_of(request)
    if body.plate is not None:
        return await gate.find_expected(parts.desk, body.plate, arrival)
    if body.pass_text is not None:
        return await gate.find_by_pass(
            parts.desk, passes.read_pass(body.pass_text, parts.passes.public, parts.desk.park.id)
        )
    return body.appointment or ""
