"""Every error as RFC 9457 `application/problem+json`: one table from refusal to status, one place that catches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.http import headers
from dispatch.model import refusals
from dispatch.model.refusals import Refusal
from dispatch.services.desk import Misfit
from dispatch.store.commit import ArchiveFault, StoreDown

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "2"
LONGEST_FIELD = 200

STATUS_OF: dict[type[Refusal], int] = {
    refusals.GateFull: 409,
    refusals.DocksFull: 409,
    refusals.QuotaFull: 409,
    refusals.DailyQuotaFull: 409,
    refusals.TooManyOpen: 409,
    refusals.PeakQuotaFull: 409,
    refusals.EntriesHeld: 409,
    refusals.TruckBusy: 409,
    refusals.OutsideHours: 409,
    refusals.BookingNotOpen: 409,
    refusals.TooEarly: 409,
    refusals.TooLate: 409,
    refusals.BadPass: 422,
    refusals.NotThere: 404,
    refusals.NotAllowedNow: 409,
    refusals.Changed: 412,
    refusals.KeyReused: 422,
    refusals.AlreadyThere: 409,
    refusals.EventsGone: 410,
    refusals.StoreFull: 503,
    refusals.StoreUnavailable: 503,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: `code` is the end of its `type`, `title` one sentence, `advice` what to do about it."""

    code: str
    status: int
    title: str
    advice: str

    @property
    def type(self) -> str:
        """Return the stable URI reference that names this kind."""
        return f"/problems/{self.code}"


ADVICE: dict[type[Refusal], str] = {
    refusals.GateFull: "Ask for one of the alternatives, or widen the window.",
    refusals.DocksFull: "Ask for one of the alternatives, or widen the window.",
    refusals.QuotaFull: "Ask for one of the alternatives; the quota counts a carrier's entries in one slot.",
    refusals.TooManyOpen: "Confirm or cancel one that is held, or ask for another day.",
    refusals.DailyQuotaFull: "Ask for another day, or cancel another appointment of the carrier on this one.",
    refusals.PeakQuotaFull: "Ask for an hour that is no peak hour; kept appointments earn peak entries for next week.",
    refusals.EntriesHeld: "Ask for one of the alternatives, or again at `opens_at`, when the next share is released.",
    refusals.TruckBusy: "Ask for one of the alternatives, or cancel the truck's other appointment first.",
    refusals.OutsideHours: "See GET /v1/availability for the slots in which the warehouse works.",
    refusals.BookingNotOpen: "Ask again at `opens_at`, or for a slot that is open; GET /v1/availability tells which.",
    refusals.TooEarly: "Come again at the time told; the tolerance is the park's.",
    refusals.TooLate: "Ask for one of the alternatives, or come in as a walk-in into what is free.",
    refusals.BadPass: "Read the pass again with GET /v1/appointments/{id}/pass, or check in by plate.",
    refusals.NotThere: "Check the id; it is answered when the thing is made.",
    refusals.NotAllowedNow: "Read it again: its state tells what may still be done.",
    refusals.Changed: "Read it again, and repeat the change with the ETag you then get.",
    refusals.KeyReused: "Use a new Idempotency-Key for a new request; repeat the old request unchanged.",
    refusals.AlreadyThere: "Use another id, or leave the id out and let the service give one.",
    refusals.EventsGone: "Begin again with after=0 at the oldest event kept; older ones are in the archive.",
    refusals.StoreFull: "Look up what you need; bookings are taken again, without a restart, once the disk has room.",
    refusals.StoreUnavailable: "Nothing was changed. Repeat the request after the seconds in Retry-After.",
}

UNAUTHORIZED = Kind(
    "unauthorized",
    401,
    "This needs a key.",
    "Send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
)
FORBIDDEN = Kind(
    "forbidden",
    403,
    "The caller may not do this.",
    "Name yourself and what is yours, or use a key of another role.",
)
NO_SUCH_PATH = Kind("no-such-path", 404, "There is nothing at this path.", "See /openapi.json for the paths there are.")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This path does not take this method.", "See the Allow header.")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The request body is too large.", "Send it in smaller parts.")
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported-media-type", 415, "The body must be JSON.", "Send it with `Content-Type: application/json`."
)
TOO_MANY_REQUESTS = Kind(
    "too-many-requests",
    429,
    "More requests were sent than are taken from this caller.",
    "Go on after the seconds in Retry-After; `RateLimit` tells what is left, `RateLimit-Policy` how much there is.",
)
HEADERS_TOO_LARGE = Kind(
    "headers-too-large", 431, "The request's head is too large.", "Send fewer and shorter header fields."
)
MALFORMED = Kind("malformed", 400, "This is no HTTP request.", "Send HTTP/1.1.")
OVERLOADED = Kind("overloaded", 503, "There are too many connections.", "Try again in a moment, on fewer connections.")
TOO_SLOW = Kind("too-slow", 408, "The request did not come in time.", "Send it in one go.")
INVALID_REQUEST = Kind(
    "invalid-request", 422, "The request cannot be used as it is.", "`errors` names each field and what is allowed."
)
ANSWER_LOST = Kind(
    "answer-lost",
    503,
    "The store's answer was lost: the change may or may not have been made.",
    "With an Idempotency-Key, repeat the request: it is made once, and answered. Without one, look before you repeat.",
)
ARCHIVE_BROKEN = Kind(
    "archive-broken",
    503,
    "The archive of closed days lacks events, or cannot be read.",
    "Bring its files back; the service's log and `parkdispatch replay` say which. Bookings go on.",
)
INTERNAL_ERROR = Kind(
    "internal-error",
    500,
    "The service failed on this request.",
    "It is logged under the request's id.",
)


def kind_of(refusal: type[Refusal]) -> Kind:
    """Return the kind of problem a refusal is answered as."""
    title = (refusal.__doc__ or "").strip().splitlines()[0]
    return Kind(refusal.code, STATUS_OF[refusal], title, ADVICE[refusal])


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        *(kind_of(refusal) for refusal in STATUS_OF),
        UNAUTHORIZED,
        FORBIDDEN,
        NO_SUCH_PATH,
        METHOD_NOT_ALLOWED,
        BODY_TOO_LARGE,
        UNSUPPORTED_MEDIA_TYPE,
        TOO_MANY_REQUESTS,
        HEADERS_TOO_LARGE,
        MALFORMED,
        OVERLOADED,
        TOO_SLOW,
        INVALID_REQUEST,
        ANSWER_LOST,
        ARCHIVE_BROKEN,
        INTERNAL_ERROR,
    )
}


class Fault(Exception):
    """A request the rim itself answers with a problem, before any service is asked."""

    def __init__(self, kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers


class InvalidRequest(Exception):
    """A request whose fields the rim refuses: (field path, what is allowed) each."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in errors))
        self.errors = errors


def document(kind: Kind, detail: str, **more: Any) -> dict[str, Any]:
    """Return a problem document."""
    return {"type": kind.type, "title": kind.title, "status": kind.status, "detail": detail, **more}


def refusal_document(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as a problem document that names the full resource and what would be accepted now."""
    kind = KINDS[refusal.code]
    opens_at = {} if refusal.opens_at is None else {"opens_at": refusal.opens_at}
    return document(
        kind,
        f"{refusal.resource}. {kind.advice}",
        resource=refusal.resource,
        alternatives=refusal.alternatives,
        **opens_at,
    )


def invalid_document(errors: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the problem document of a request with faulty fields."""
    listed = [{"field": _printable(field, LONGEST_FIELD), "problem": _printable(text, 300)} for field, text in errors]
    first = listed[0]
    return document(INVALID_REQUEST, f"{first['field']}: {first['problem']}", errors=listed)


def lost_document(*, maybe_done: bool, reads_go_on: bool = False) -> dict[str, Any]:
    """Return the problem document of a store that did not answer, truthful on whether the change may be made."""
    if reads_go_on:
        full = KINDS[refusals.StoreFull.code]
        return document(full, full.advice, resource="the store's disk", maybe_done=False)
    kind = ANSWER_LOST if maybe_done else KINDS[refusals.StoreUnavailable.code]
    return document(kind, kind.advice, resource="the store", maybe_done=maybe_done)


def answer(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem document as a response."""
    return Response(orjson.dumps(problem), problem["status"], dict(headers or {}), MEDIA_TYPE)


def validation_errors(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return pydantic's errors as (field path, problem): `body.visits[3].minutes`."""
    return [(field_path(error["loc"]), _problem_text(error)) for error in errors][:100]


def field_path(location: Sequence[int | str]) -> str:
    """Return a location as a field path."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".")


def add_handlers(app: FastAPI) -> None:
    """Let the app answer everything that can go wrong as a problem."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(Misfit, _misfit)
    app.add_exception_handler(Fault, _fault)
    app.add_exception_handler(InvalidRequest, _invalid)
    app.add_exception_handler(RequestValidationError, _not_validated)
    app.add_exception_handler(StoreDown, _store_down)
    app.add_exception_handler(ArchiveFault, _archive_broken)
    app.add_exception_handler(TimeoutError, _too_long)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, failed)


async def answer_to(request: Request, fault: Exception) -> Response:
    """Return what is answered where something has gone wrong; what nobody foresaw is raised again."""
    for kind in type(fault).__mro__:
        handler = request.app.exception_handlers.get(kind)
        if handler is not None and kind is not Exception:
            response: Response = await handler(request, fault)
            return response
    raise fault


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    request.scope["refused"] = refusal.code
    headers = {"Retry-After": RETRY_SECONDS} if isinstance(refusal, refusals.StoreUnavailable) else None
    return answer(refusal_document(refusal), headers)


async def _misfit(request: Request, misfit: Exception) -> Response:
    assert isinstance(misfit, Misfit)
    where = "query" if request.method == "GET" else "body"
    return answer(invalid_document([(f"{where}.{misfit.field}", misfit.problem)]))


async def _fault(_request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Fault)
    return answer(document(fault.kind, fault.detail), fault.headers)


async def _invalid(_request: Request, fault: Exception) -> Response:
    assert isinstance(fault, InvalidRequest)
    return answer(invalid_document(fault.errors))


async def _not_validated(_request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    return answer(invalid_document(validation_errors(fault.errors())))


async def _store_down(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, StoreDown)
    maybe_done = fault.maybe_done and request.method != "GET"  # a lost answer to a look changes nothing
    structlog.get_logger().warning("store does not answer", reason=str(fault), maybe_done=maybe_done)
    return answer(lost_document(maybe_done=maybe_done, reads_go_on=fault.reads_go_on), {"Retry-After": RETRY_SECONDS})


async def _archive_broken(_request: Request, fault: Exception) -> Response:
    structlog.get_logger().error("the archive is broken", reason=str(fault))
    return answer(document(ARCHIVE_BROKEN, ARCHIVE_BROKEN.advice))


async def _too_long(request: Request, _fault: Exception) -> Response:
    structlog.get_logger().warning("an answer took too long", path=request.url.path, method=request.method)
    return answer(lost_document(maybe_done=request.method != "GET"), {"Retry-After": RETRY_SECONDS})


async def _http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    if fault.status_code == 404:
        return answer(document(NO_SUCH_PATH, f"{_printable(request.url.path, LONGEST_FIELD)} is not a path here."))
    if fault.status_code == 405:
        allowed = ", ".join(_methods_at(request))
        return answer(document(METHOD_NOT_ALLOWED, f"Taken here: {allowed}."), {"Allow": allowed})
    return answer(invalid_document([("body", fault.detail)]), fault.headers)


async def failed(request: Request, fault: Exception) -> Response:
    """Log what nobody foresaw, and answer with its request's id alone."""
    request_id = str(request.scope.get("request_id"))
    named = {"request_id": request_id, "path": request.url.path, "method": request.method}
    structlog.get_logger().error("request failed", **named, exc_info=fault)
    detail = f"{INTERNAL_ERROR.advice} This one: {request_id}."
    return answer(document(INTERNAL_ERROR, detail), {**headers.SECURITY, "X-Request-ID": request_id})


def _methods_at(request: Request) -> list[str]:
    """Return the methods of all routes at the request's path; the framework tells those of the first alone."""
    routes: Iterable[APIRoute] = request.app.state.routes
    path = request.url.path
    return sorted({method for route in routes if route.path_regex.match(path) for method in route.methods or ()})


def _problem_text(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a known field"
        case "json_invalid":
            return f"is not JSON ({error['ctx']['error']})"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def _printable(text: str, most: int) -> str:
    cut = "".join(sign if sign.isprintable() else "?" for sign in text[:most])
    return cut if len(text) <= most else f"{cut}..."
