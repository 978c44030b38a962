"""What stands before the rim, on the connection itself: heads that grow or come slowly, and clients that do not read.

A request whose head comes in one piece, as nearly all do, costs no timer here.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import orjson
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.http import headers
from api.http.parts import Limits
from api.http.problems import HEADERS_TOO_LARGE, MALFORMED, MEDIA_TYPE, OVERLOADED, TOO_SLOW, Kind, document

KEEP_ALIVE_SECONDS = 5
LINGER_SECONDS = 1.0
MOST_PIPELINED = 128  # requests sent before the answers to those before them; uvicorn would gather them without end
BODY_GRACE_SECONDS = 5.0  # the rim answers first, where it waits for the body


def server_config(app: FastAPI, limits: Limits, **more: Any) -> uvicorn.Config:
    """Return how uvicorn serves the app within the limits."""
    return uvicorn.Config(
        app,
        http=type("GuardedWithin", (Guarded,), {"limits": limits}),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        **more,
    )


class Guarded(HttpToolsProtocol):
    """One connection of uvicorn's, within limits."""

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_open = True  # the head of a request is awaited or coming
        self._body_open = False
        self._head_size = 0
        self._refused = False
        self._running: RequestResponseCycle | None = None
        self._timer: asyncio.TimerHandle | None = None  # of the head, then of the body
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(OVERLOADED)
        else:
            self._arm(self.limits.head_seconds, self._late_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        self._disarm()
        if self._running is not None:  # uvicorn tells it the last request alone
            self._running.disconnected = True
            self._running.message_event.set()
        self.resume_writing()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless the head is too large or the request has been refused."""
        if self._refused:
            return
        if self._head_open:
            self._head_size += len(data)
        super().data_received(data)
        self._watch()

    def _watch(self) -> None:
        """Bound what is still coming of a head or a body."""
        if self._refused:
            return
        if self._head_open and self._head_size > self.limits.head_bytes:
            self._refuse(HEADERS_TOO_LARGE)
        elif self._head_open and self._head_size and self._timer is None:
            self._arm(self.limits.head_seconds, self._late_head)
        elif self._body_open and self._timer is None:
            self._arm(self.limits.body_seconds + BODY_GRACE_SECONDS, self.transport.abort)

    def on_headers_complete(self) -> None:
        """Begin the request, unless its head is too large."""
        self._disarm()
        self._head_open, self._body_open = False, True
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.limits.head_bytes or len(self.headers) > self.limits.head_fields:
            self._refuse(HEADERS_TOO_LARGE)
        elif len(self.pipeline) >= MOST_PIPELINED:
            self._refused = True
            self.transport.abort()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Await the next request."""
        if not self._refused:
            self._disarm()
            self._head_open, self._body_open, self._head_size = True, False, 0
            super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(MALFORMED, msg)

    def _late_head(self) -> None:
        if self._head_size:
            self._refuse(TOO_SLOW, f"The head must come in {self.limits.head_seconds:g} s.")
        else:  # it has asked nothing, so it is told nothing
            self.transport.close()

    def _refuse(self, kind: Kind, detail: str = "") -> None:
        """Answer with a problem and close."""
        self._refused = True
        self._disarm()
        content = orjson.dumps(document(kind, detail or kind.advice))
        fields = {**headers.SECURITY, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(content))}
        lines = "".join(f"{name.lower()}: {value}\r\n" for name, value in {**fields, "Connection": "close"}.items())
        self.transport.write(STATUS_LINE[kind.status] + lines.encode() + b"\r\n" + content)
        if self.transport.can_write_eof():
            self.transport.write_eof()  # to close at once would take the answer back, while the client still writes
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _arm(self, seconds: float, then: Callable[[], None]) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, then)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
