"""Server-sent events: messages to a client for as long as it reads them.

A client that is quiet is kept by heartbeats; one that takes nothing for `SEND_SECONDS` is let go, and comes back with
the `Last-Event-ID` it had.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import structlog
from fastapi import Response
from starlette.types import Receive, Scope, Send

HEARTBEAT_SECONDS = 15.0
SEND_SECONDS = 10.0
RETRY_MS = 2000  # after which a client asks again
MEDIA_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Message:
    """One event for the client: data in one line, its name, and the id it resumes behind."""

    data: bytes
    event: str = ""
    id: str = ""

    def wire(self) -> bytes:
        """Return it as it is sent."""
        head = [f"{name}: {value}\n" for name, value in (("id", self.id), ("event", self.event)) if value]
        return "".join(head).encode() + b"data: " + self.data + b"\n\n"


class EventStream(Response):
    """Sends what `messages` yields, None being a heartbeat, until it ends or the client leaves."""

    def __init__(self, messages: AsyncIterator[Message | None], *, send_seconds: float = SEND_SECONDS) -> None:
        super().__init__(None, 200, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}, MEDIA_TYPE)
        del self.headers["content-length"]
        self._messages = messages
        self._send_seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all; return when there is no more to send or nobody to send it to."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending = asyncio.create_task(self._send_all(scope, send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()

    async def _send_all(self, scope: Scope, send: Send) -> None:
        try:
            await self._send(send, f"retry: {RETRY_MS}\n\n".encode())
            async for message in self._messages:
                await self._send(send, b": still here\n\n" if message is None else message.wire())
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            structlog.get_logger().warning("slow client let go", path=scope.get("path"))

    async def _send(self, send: Send, chunk: bytes) -> None:
        async with asyncio.timeout(self._send_seconds):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _gone(receive: Receive) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
