"""What stands before every route: who asks and what is his, the bound on bodies, and JSON read strictly."""

import asyncio
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from api.http import csv_rows
from api.http.authorisation import cell_of, check_own, row_of
from api.http.binding import NOTHING, Binding
from api.http.fields import Bulk
from api.http.identity import Identity, identify
from api.http.parts import Parts
from api.http.problems import BODY_TOO_LARGE, TOO_SLOW, UNSUPPORTED_MEDIA_TYPE, Fault, InvalidRequest, answer_to
from api.http.throttle import Throttle
from dispatch.store.changes import acting

UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by those who watch over the service


class Asked(Request):
    """A request whose body has been read, bounded, and whose JSON has been parsed."""

    document: Any = None

    async def json(self) -> Any:
        """Return the body's JSON document."""
        return self.document


class OpenRoute(APIRoute):
    """A route that needs no key."""

    needs_key = False
    is_bulk = False

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        assert self.methods
        self._row = row_of(min(self.methods), self.path)
        self._binding = Binding(self.dependant)
        self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the route's function, after the rim's checks; what is raised becomes a problem."""
        request = Asked(scope, receive, send)
        try:
            response = await self._answer(request)
        except Exception as fault:  # noqa: BLE001 - the one place that catches; what it cannot name is raised again
            response = await answer_to(request, fault)
        await response(scope, receive, send)

    async def _answer(self, request: Asked) -> Response:
        parts: Parts = request.app.state.parts
        identity = await self._admitted(request)
        caller = None if identity is None else identity.caller
        cell = cell_of(self._row, caller)
        request.scope.update(identity=identity, caller=caller, cell=cell)
        is_csv = self.is_bulk and media_type_of(request) == csv_rows.MEDIA_TYPE
        if self._binding.takes_body and not is_csv:
            check_media_type(request)
        limit = parts.limits.bulk_bytes if self.is_bulk else parts.limits.body_bytes
        content = await read_in_time(request, limit, parts.limits.body_seconds)
        if is_csv:
            request.document = self._from_csv(content)
        elif self._binding.takes_body and content:
            request.document = parsed(content)
        if caller is not None and caller.is_tenanted:
            await check_own(request, cell, caller, request.document)
        values = self._binding.bind(request, request.document if content else NOTHING)
        with acting("" if identity is None else identity.name, parts.clock):
            async with asyncio.timeout(parts.limits.answer_seconds):
                response: Response = await self.endpoint(**values)
        return response

    def _from_csv(self, content: bytes) -> Any:
        """Return the rows as the JSON document they would be."""
        assert self.body_field is not None
        body: type[Bulk] = self.body_field.field_info.annotation  # type: ignore[assignment]
        (name,) = body.model_fields
        return {name: csv_rows.rows_of(content, body.row_kind)}

    async def _admitted(self, request: Request) -> Identity | None:
        """Return who asks, if that must be known; Fault 401, or 429 when he, or his address, asks too often."""
        throttle: Throttle = request.app.state.throttle
        if not self.needs_key:
            if self.path not in UNLIMITED:
                await throttle.admit(request, None)
            return None
        try:
            identity = await identify(request)
        except Fault:
            await throttle.admit(request, None)
            raise
        await throttle.admit(request, identity)
        return identity


class KeyedRoute(OpenRoute):
    """A route that needs a key; what its holder may do here is a row of the matrix (`api.http.authorisation`)."""

    needs_key = True


class BulkRoute(KeyedRoute):
    """A route that takes many rows in one body."""

    is_bulk = True


def media_type_of(request: Request) -> str:
    """Return what the body is said to be."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def check_media_type(request: Request) -> None:
    """Raise Fault 415 unless the body is said to be JSON."""
    given = media_type_of(request)
    if given != "application/json":
        shown = "".join(sign if sign.isprintable() else "?" for sign in given[:60])
        raise Fault(UNSUPPORTED_MEDIA_TYPE, f"Content-Type is {shown!r}; application/json is taken.")


async def read_in_time(request: Request, limit: int, seconds: float) -> bytes:
    """Return the whole body; Fault 413 when longer than `limit` bytes, 408 when later than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await read_bounded(request, limit)
    except TimeoutError:
        raise Fault(TOO_SLOW, f"The body must come in {seconds:g} s.", {"Connection": "close"}) from None


async def read_bounded(request: Request, limit: int) -> bytes:
    """Return the whole body; Fault 413 as soon as it is, or says it is, longer than `limit` bytes."""
    said = request.headers.get("content-length", "0")
    if said.isdecimal() and int(said[:20]) > limit:
        raise _too_large(limit)
    content, more = b"", True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > limit:
            raise _too_large(limit)
    return content


def parsed(content: bytes) -> Any:
    """Return the JSON document; InvalidRequest otherwise (NaN, lone surrogates and broken UTF-8 are not JSON)."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise InvalidRequest([("body", f"is not JSON ({fault.msg} at byte {fault.pos})")]) from None


def _too_large(limit: int) -> Fault:
    return Fault(BODY_TOO_LARGE, f"At most {limit} bytes are taken here.", {"Connection": "close"})
