"""Bookings over HTTP against the embedded store, beside an empty POST and the store's commits without HTTP."""

import asyncio
import itertools
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson

from api.assembly import child_environment
from api.settings import demo_park_file
from dispatch.files import load_park, save_park
from dispatch.model.park import DockKind, Park
from dispatch.model.plates import normalised
from dispatch.store.commit import Commit, Event, Expect, Take, Write
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store

Clock = Callable[[], float]
Ask = Callable[[], Awaitable[bool]]

HOT_WAREHOUSES = 5
HOT_HOUR = 10
BOOKED = 201


@dataclass(frozen=True, slots=True)
class Study:
    """How many connections ask at once, and how long each measurement takes; all of it stays under a minute."""

    connections: tuple[int, ...] = (50, 300)
    seconds: float = 7.0
    seed: int = 1


def rows(study: Study, clock: Clock, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield a row per number of connections and way of asking: answers and bookings per second, and waits."""
    park = load_park(demo_park_file())
    numbers = itertools.count()
    key = secrets.token_urlsafe(24)
    with (
        tempfile.TemporaryDirectory(prefix="parkdispatch-") as directory,
        running_store(StoreSettings(data_dir=Path(directory) / "store")) as url,
        serving("service", url, key) as service,
        serving("service", url, key) as two,
        serving("service", url, key, beside=two),
        serving("empty", url, key) as empty,
    ):
        for connections in study.connections:
            requests = appointments(park, now, np.random.default_rng(study.seed), numbers)
            for what, measured in (
                ("an empty POST", posting(empty, "/", key, itertools.repeat(b"{}"), connections, study.seconds, clock)),
                ("commits alone", committing(url, numbers, connections, study.seconds, clock)),
                ("bookings", posting(service, "/v1/appointments", key, requests, connections, study.seconds, clock)),
                ("by 2 processes", posting(two, "/v1/appointments", key, requests, connections, study.seconds, clock)),
            ):
                waits, done = asyncio.run(measured)
                yield _row(what, connections, study.seconds, waits, done)


def _row(what: str, connections: int, seconds: float, waits: list[float], done: int) -> dict[str, Any]:
    p50, p99 = np.percentile(waits, (50, 99)) * 1000 if waits else (0.0, 0.0)
    return {
        "what": what,
        "connections": connections,
        "answers/s": round(len(waits) / seconds),
        "done/s": round(done / seconds),
        "p50 ms": float(p50),
        "p99 ms": float(p99),
    }


def own_park(park: Park, directory: Path) -> dict[str, str]:
    """Keep a park in a directory; return the settings of a service of that park, whose files are there too."""
    save_park(park, directory / "park.json")
    return {"PARKDISPATCH_PARK_FILE": str(directory / "park.json"), "PARKDISPATCH_VAR_DIR": str(directory)}


@contextmanager
def serving(
    what: str, url: str, key: str, *, at: datetime | None = None, beside: int | str = 0, **settings: str
) -> Iterator[int]:
    """Run `api.benchmark_server` in a process of its own, with settings of the environment, on any free port or beside
    another one; yield its port."""
    server = subprocess.Popen(  # noqa: S603 - our own module
        [
            sys.executable,
            "-P",
            "-m",
            "api.benchmark_server",
            what,
            str(beside),
            *([at.isoformat()] if at is not None else []),
        ],
        stdin=subprocess.PIPE,  # closed by the system when this process is gone
        stdout=subprocess.PIPE,
        env=child_environment(REDIS_URL=url, PARKDISPATCH_OPERATOR_KEY=key, **settings),
    )
    assert server.stdout is not None
    assert server.stdin is not None
    with server.stdin, server.stdout:
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()
            server.wait()


def appointments(
    park: Park, now: datetime, rng: np.random.Generator, numbers: "itertools.count[int]"
) -> Iterator[bytes]:
    """Yield bodies without end, each of another truck: half for few warehouses at one hour, half for all of them."""
    warehouses = [each for each in park.warehouses if each.find_dock_group(DockKind.CONTAINER) is not None]
    carriers = [each.id for each in park.enterprises if each.carrier and each.quota is None]
    cargo = next(kind.id for kind in park.cargo_kinds if kind.dock_kind is DockKind.CONTAINER)
    today = park.grid.day_of(now)
    for number in numbers:
        is_hot = bool(rng.integers(2))
        chosen = warehouses[int(rng.integers(HOT_WAREHOUSES if is_hot else len(warehouses)))]
        day = today + timedelta(days=1 if is_hot else int(rng.integers(1, park.rules.booking_horizon_days)))
        minute = HOT_HOUR * 60 if is_hot else int(rng.integers(6 * 60, 20 * 60))
        body = {
            "plate": plate(number),
            "carrier": carriers[int(rng.integers(len(carriers)))],
            "warehouse": chosen.id,
            "cargo_kind": cargo,
            "wish": park.grid.moment_of(day, minute).isoformat(),
        }
        yield orjson.dumps(body)


def plate(number: int) -> str:
    """Return a plate for each number below two million."""
    letter, digits = divmod(number, 100_000)
    return normalised(f"浙{'ABCDEFGHJKLMNPQRSTUV'[letter]}{digits:05d}")


async def posting(
    port: int, path: str, key: str, bodies: Iterator[bytes], connections: int, seconds: float, clock: Clock
) -> tuple[list[float], int]:
    """Post over so many kept connections for so long; return each answer's wait and how many were 201."""
    head = head_of(path, key)
    async with Streams(port, connections) as streams:
        asks = [_poster(reader, writer, head, bodies) for reader, writer in streams.pairs]
        return await _measured(asks, seconds, clock)


def _poster(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, bodies: Iterator[bytes]) -> Ask:
    async def ask() -> bool:
        body = next(bodies)
        writer.write(head + f"{len(body)}\r\n\r\n".encode() + body)
        return (await answer_of(reader))[0] == BOOKED

    return ask


def head_of(path: str, key: str) -> bytes:
    """Return the head of a POST of JSON, up to the length of its body."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: park\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        "Content-Length: "
    ).encode()


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the status and the body of the next answer."""
    answered = await reader.readuntil(b"\r\n\r\n")
    length = answered.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
    return int(answered[9:12]), await reader.readexactly(int(length))


class Streams:
    """Connections to a port, opened together and closed together."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._count = count
        self.pairs: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            self.pairs.append(await asyncio.open_connection("127.0.0.1", self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        writers = [writer for _, writer in self.pairs]
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def committing(
    url: str, numbers: "itertools.count[int]", connections: int, seconds: float, clock: Clock
) -> tuple[list[float], int]:
    """Make changes of a booking's shape straight in the store, so many at a time; return each one's wait and all."""
    async with Store(url, "benchmark") as store:

        async def ask() -> bool:
            await store.commit(_booking_shaped(store, next(numbers)))
            return True

        return await _measured([ask] * connections, seconds, clock)


def _booking_shaped(store: Store, number: int) -> Commit:
    """Return a change that takes four counters, writes one entity into four indexes and tells one event."""
    document = orjson.dumps({"id": str(number), "plate": plate(number), "slot": number % 96, "note": "x" * 300})
    takes = tuple(Take(store.keys.job(f"{name}{number % 7}"), str(number % 96), 1, 10**9) for name in "abcd")
    indexes = tuple((store.keys.visit(f"index-{name}"), f"{number:09d}") for name in "abcd")
    key = store.keys.load(str(number))
    return Commit((Expect(key, 0),), takes, (Write(key, document, add_to=indexes),), (Event("Made", document),))


async def _measured(asks: list[Ask], seconds: float, clock: Clock) -> tuple[list[float], int]:
    waits: list[float] = []
    done = 0
    ends = clock() + seconds

    async def work(ask: Ask) -> None:
        nonlocal done
        while (began := clock()) < ends:
            succeeded = await ask()  # apart, since others count meanwhile
            done += succeeded
            waits.append(clock() - began)

    await asyncio.gather(*map(work, asks))
    return waits, done
