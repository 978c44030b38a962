"""What stands before every route: who asks and what is his, the bound on bodies, and JSON read strictly."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.http import csv_rows
from api.http.authorisation import cell_of, check_own, row_of
from api.http.fields import Bulk
from api.http.identity import Identity, identify
from api.http.parts import Parts
from api.http.problems import BODY_TOO_LARGE, TOO_SLOW, UNSUPPORTED_MEDIA_TYPE, Fault, InvalidRequest
from api.http.throttle import Throttle
from dispatch.store.changes import acting

UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by those who watch over the service
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Asked(Request):
    """A request whose body has been read, bounded, and whose JSON has been parsed."""

    def __init__(self, request: Request, content: bytes, document: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._content = content
        self._document = document

    async def body(self) -> bytes:
        """Return the whole body."""
        return self._content

    async def json(self) -> Any:
        """Return the body's JSON document."""
        return self._document


class OpenRoute(APIRoute):
    """A route that needs no key."""

    needs_key = False
    is_bulk = False

    def get_route_handler(self) -> Handler:
        """Return the handler with the rim's checks before it."""
        inner = super().get_route_handler()
        takes_body = self.body_field is not None
        assert self.methods
        method = min(self.methods)
        row = row_of(method, self.path)

        async def handle(request: Request) -> Response:
            parts: Parts = request.app.state.parts
            identity = await self._admitted(request)
            caller = None if identity is None else identity.caller
            cell = cell_of(row, caller)
            request.scope.update(identity=identity, caller=caller, cell=cell)
            is_csv = self.is_bulk and media_type_of(request) == csv_rows.MEDIA_TYPE
            if takes_body and not is_csv:
                check_media_type(request)
            limit = parts.limits.bulk_bytes if self.is_bulk else parts.limits.body_bytes
            content = await read_in_time(request, limit, parts.limits.body_seconds)
            if is_csv:
                content = orjson.dumps(self._from_csv(content))
                request.scope["headers"] = [(b"content-type", b"application/json"), *_but_the_type(request)]
            document = parsed(content) if takes_body and content else None
            if caller is not None and caller.is_tenanted:
                await check_own(request, cell, caller, document)
            with acting("" if identity is None else identity.name, parts.clock):
                async with asyncio.timeout(parts.limits.answer_seconds):
                    return await inner(Asked(request, content, document))

        return handle

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
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def parsed(content: bytes) -> Any:
    """Return the JSON document; InvalidRequest otherwise (NaN, lone surrogates and broken UTF-8 are not JSON)."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise InvalidRequest([("body", f"is not JSON ({fault.msg} at byte {fault.pos})")]) from None


def _but_the_type(request: Request) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]


def _too_large(limit: int) -> Fault:
    return Fault(BODY_TOO_LARGE, f"At most {limit} bytes are taken here.", {"Connection": "close"})
