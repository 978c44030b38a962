"""A service process and a small HTTP client that keeps its connections, for tests over TCP."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson
import psutil

from tests.api.server import KEY


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: "subprocess.Popen[str]"
    port: int

    def kill(self) -> None:
        """End the service as a power cut would."""
        self.process.kill()
        self.process.wait()

    def kill_store(self) -> None:
        """End the service's store as a power cut would."""
        (store,) = (child for child in psutil.Process(self.process.pid).children() if "valkey" in child.name())
        store.kill()


@contextmanager
def running_service(directory: Path, docks: int) -> Iterator[Service]:
    """Start the service with its own embedded store in the directory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.api.server", str(directory), str(docks)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert process.stdout is not None
        yield Service(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@dataclass(frozen=True)
class Answered:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    document: Any


class Connection:
    """One kept connection; opened anew when it was lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answered:
        """Send one request and return its answer; OSError when there is none."""
        content = b"" if body is None else orjson.dumps(body)
        lines = [f"{method} {path} HTTP/1.1", "Host: park", f"Authorization: Bearer {KEY}"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"Idempotency-Key: {key}"] if key else []
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write("\r\n".join([*lines, "", ""]).encode() + content)
            return await _read(reader)
        except (OSError, asyncio.IncompleteReadError) as lost:
            await self.close()
            raise ConnectionError("no answer") from lost

    async def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            with suppress(OSError):  # it was lost, which is why it is closed
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Answered:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    content = await reader.readexactly(int(headers["content-length"]))
    return Answered(int(first.split(" ")[1]), headers, orjson.loads(content))


async def ask(port: int, method: str, path: str, body: Any = None) -> Answered:
    """Send one request on a connection of its own."""
    async with Connection(port) as connection:
        return await connection.ask(method, path, body)


async def list_appointments(port: int) -> list[dict[str, Any]]:
    """Return all appointments, page by page."""
    seen: list[dict[str, Any]] = []
    cursor = ""
    async with Connection(port) as connection:
        while True:
            page = (await connection.ask("GET", f"/v1/appointments?limit=200{cursor}")).document
            seen += page["items"]
            if page["next"] is None:
                return seen
            cursor = f"&cursor={page['next']}"


async def ask_all(port: int, requests: Sequence[tuple[str, Any]], *, connections: int) -> list[Answered]:
    """Post (key, body) of all appointments asked for over so many connections; return the answers in order."""
    answers: dict[int, Answered] = {}
    waiting = iter(enumerate(requests))

    async def work() -> None:
        async with Connection(port) as connection:
            for number, (key, body) in waiting:
                answers[number] = await connection.ask("POST", "/v1/appointments", body, key)

    await asyncio.gather(*(work() for _ in range(connections)))
    return [answers[number] for number in range(len(requests))]
