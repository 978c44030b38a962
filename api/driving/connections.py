"""So many kept HTTP connections to one service; asks wait for one that is free."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LONGEST_HEAD = 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: `document` is the JSON body, the text where it is none."""

    status: int
    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Answer whether it is a success."""
        return self.status < 400


class Connections:
    """Opened when they are first needed, and opened again where the service has closed one that was idle."""

    def __init__(self, host: str, port: int, most: int) -> None:
        self._host = host
        self._port = port
        self._free: asyncio.LifoQueue[Pair | None] = asyncio.LifoQueue()
        for _ in range(most):
            self._free.put_nowait(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while not self._free.empty():
            pair = self._free.get_nowait()
            if pair is not None:
                pair[1].close()
                with suppress(OSError):
                    await pair[1].wait_closed()

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Return the answer to one request; OSError when there is none."""
        lines = [f"{method} {path} HTTP/1.1", "Host: park", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        pair = await self._free.get()
        try:
            pair, answer = await self._exchange(pair, head.encode() + body)
        except BaseException:
            self._free.put_nowait(None)
            raise
        self._free.put_nowait(pair)
        return answer

    async def _exchange(self, pair: Pair | None, message: bytes) -> tuple[Pair, Answer]:
        if pair is not None:
            with suppress(ConnectionError):
                return pair, await _exchanged(pair, message)
        pair = await asyncio.open_connection(self._host, self._port, limit=LONGEST_HEAD)
        return pair, await _exchanged(pair, message)


async def _exchanged(pair: Pair, message: bytes) -> Answer:
    """Return the answer; ConnectionError where the connection was closed before any of it came."""
    reader, writer = pair
    writer.write(message)
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as broken:
        if broken.partial:
            raise OSError("the answer broke off") from None
        raise ConnectionResetError("the connection was closed") from None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    is_json = "json" in headers.get("content-type", "")
    return Answer(int(first.split(" ")[1]), orjson.loads(body) if is_json and body else body.decode(), headers)
