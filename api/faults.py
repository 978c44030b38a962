"""The service under fire: bookings from many clients while its processes are killed, then the account of it all.

Store, service and worker are processes of their own, so each can be lost alone. A booking is acknowledged when its
201 has been read; one whose answer was lost may stand or not, and asked for again under its key stands once.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from api.assembly import wall_clock
from api.own_service import OwnService
from api.settings import demo_park_file
from dispatch.files import load_park
from dispatch.model.park import Park
from dispatch.services.books import imbalances
from dispatch.store.binary import get_binary
from dispatch.store.board import Board, prove
from dispatch.store.embedded import EmbeddedStore
from dispatch.store.store import Store

KEY = "faults-operator-key"
KINDS = ("service", "worker", "store")
ASK_SECONDS = 30.0


@dataclass(slots=True)
class Account:
    """What clients were told over all rounds."""

    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)  # key -> appointment
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)  # key -> request
    told: Counter[int] = field(default_factory=Counter)  # status -> how often; 0 is no answer
    without_retry_after: int = 0
    refused: set[str] = field(default_factory=set)  # keys of requests the park had no place for


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the store holds against what clients were told; all but the first two are 0 when nothing is wrong."""

    acknowledged: int
    standing: int
    lost: int
    double: int
    unasked: int
    differing_keys: int
    unbalanced_counters: int
    named: str = ""  # some of what is wrong

    @property
    def is_good(self) -> bool:
        """Answer whether nothing is wrong."""
        wrong = (self.lost, self.double, self.unasked, self.differing_keys, self.unbalanced_counters)
        return not any(wrong)


class Fire:
    """A service with its own store in a directory, clients that book, and the means to kill."""

    def __init__(self, directory: Path, *, clients: int = 20) -> None:
        self.park: Park = load_park(demo_park_file())
        self.account = Account()
        self._clients = clients
        self._store = EmbeddedStore(directory / "store", get_binary(), say=lambda _: None)
        changes = {"PARKDISPATCH_OPERATOR_KEY": KEY, "PARKDISPATCH_LOG_LEVEL": "error"}
        self._service = OwnService(directory, **changes)
        self._numbers = iter(range(10**6))

    @contextmanager
    def burning(self) -> Iterator[None]:
        """Run store and service in this block."""
        self._store.start()
        try:
            self._service.environment["REDIS_URL"] = self._store.url
            self._service.start()
            yield
        finally:
            self._service.stop()
            self._store.stop()

    def wait_ready(self) -> float:
        """Return after how many seconds the service takes bookings; Unfit when it does not."""
        return self._service.wait_ready()

    def kill(self, kind: str) -> None:
        """Kill -9 one of KINDS; a killed service is started again, the others come back by themselves."""
        if kind == "store":
            self._signal_store(signal.SIGKILL)
        elif kind == "worker":
            for process in self._workers():
                process.kill()
        else:
            self._service.kill()
            self._service.start()

    def freeze_store(self) -> None:
        """Let the store stand still: connections stay, nothing is answered."""
        self._signal_store(signal.SIGSTOP)

    def thaw_store(self) -> None:
        """Let it go on."""
        self._signal_store(signal.SIGCONT)

    async def book_until(self, stopping: asyncio.Event) -> None:
        """Let all clients book until told to end."""
        limits = httpx.Limits(max_connections=self._clients)
        async with httpx.AsyncClient(timeout=ASK_SECONDS, limits=limits, trust_env=False) as client:
            await asyncio.gather(*(self._book_on(client, stopping) for _ in range(self._clients)))

    async def settle(self) -> None:
        """Ask again, under its key, for every booking without a final answer."""
        account = self.account
        open_keys = [key for key in account.asked if key not in account.acknowledged and key not in account.refused]
        async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as client:
            for key in open_keys:
                for _ in range(50):
                    if await self._ask(client, key) in (201, 409):
                        break
                    await asyncio.sleep(0.1)

    async def verdict(self) -> Verdict:
        """Hold the store against what was acknowledged, against the stream, and against its own books."""
        async with Store(self._store.url, self.park.id) as store:
            board = Board()
            proof = await prove(store, board)
            unbalanced = imbalances(self.park, store.keys, board)
        things = {key.partition(":")[2]: document for key, (_, document) in board.entities.items()
                  if key.startswith("appointment:")}  # fmt: skip
        acknowledged = self.account.acknowledged.values()
        lost = sum(things.get(told["id"], {}).get("slot") != told["slot"] for told in acknowledged)
        plates = Counter(document["plate"] for document in things.values())
        asked = {request["plate"] for request in self.account.asked.values()}
        return Verdict(
            acknowledged=len(self.account.acknowledged),
            standing=len(things),
            lost=lost,
            double=sum(count > 1 for count in plates.values()),
            unasked=sum(plate not in asked for plate in plates),
            differing_keys=len(proof.differences),
            unbalanced_counters=len(unbalanced),
            named=" ".join(each.key for each in (*proof.differences, *unbalanced)[:5]),
        )

    async def _book_on(self, client: httpx.AsyncClient, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            number = next(self._numbers)
            key = f"faults-{number}"
            self.account.asked[key] = _request(self.park, number, wall_clock())
            if await self._ask(client, key) not in (201, 409):
                await asyncio.sleep(0.05)

    async def _ask(self, client: httpx.AsyncClient, key: str) -> int:
        headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": key}
        url = f"http://127.0.0.1:{self._service.port}/v1/appointments"
        try:
            answer = await client.post(url, json=self.account.asked[key], headers=headers)
        except httpx.HTTPError:
            self.account.told[0] += 1
            return 0
        self.account.told[answer.status_code] += 1
        if answer.status_code == 201:
            self.account.acknowledged[key] = answer.json()
        elif answer.status_code == 409:
            self.account.refused.add(key)
        elif answer.status_code == 503 and "retry-after" not in answer.headers:
            self.account.without_retry_after += 1
        return answer.status_code

    def _signal_store(self, number: int) -> None:
        pid = self._store.pid
        assert pid is not None
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def _workers(self) -> list[psutil.Process]:
        assert self._service.process is not None
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self._service.process.pid).children()
            return [child for child in children if "worker" in child.cmdline()]
        return []


@dataclass(frozen=True, slots=True)
class Round:
    """One kill in the middle of bookings: what, after how many seconds, and how long until the service was back."""

    kind: str
    after_seconds: float
    back_seconds: float


async def one_round(fire: Fire, kind: str, after_seconds: float, *, rest_seconds: float = 0.5) -> Round:
    """Book, kill, book on until the service is back, and a while longer."""
    stopping = asyncio.Event()
    booking = asyncio.create_task(fire.book_until(stopping))
    await asyncio.sleep(after_seconds)
    began = time.monotonic()
    await asyncio.to_thread(fire.kill, kind)
    await asyncio.to_thread(fire.wait_ready)
    back = time.monotonic() - began
    await asyncio.sleep(rest_seconds)
    stopping.set()
    await booking
    return Round(kind, after_seconds, back)


async def unreachable(fire: Fire, seconds: float) -> tuple[Counter[int], float]:
    """Let the store stand still for some seconds under load; return what was told meanwhile, and how long bookings took
    to be taken again afterwards, without a restart.
    """
    before = Counter(fire.account.told)
    stopping = asyncio.Event()
    booking = asyncio.create_task(fire.book_until(stopping))
    await asyncio.sleep(0.3)
    fire.freeze_store()
    await asyncio.sleep(seconds)
    fire.thaw_store()
    back = await asyncio.to_thread(fire.wait_ready)
    stopping.set()
    await booking
    return fire.account.told - before, back


@dataclass(frozen=True, slots=True)
class Findings:
    """The faults with how long they kept bookings from being taken, and the account of everything that was asked."""

    faults: list[dict[str, Any]]
    account: list[dict[str, Any]]


async def study(directory: Path, rounds: int, still_seconds: float, rng: np.random.Generator) -> Findings:
    """Kill so many times, let the store stand still, and hold the store against what clients were told."""
    fire = Fire(directory)
    with fire.burning():
        done = [await one_round(fire, kind, after) for kind, after in rounds_of(rounds, rng)]
        told, back = await unreachable(fire, still_seconds)
        await fire.settle()
        verdict = await fire.verdict()
    faults = [_row(f"kill -9 of the {kind}", [each for each in done if each.kind == kind]) for kind in KINDS]
    faults.append(_row(f"store still for {still_seconds:g} s", [Round("still", 0.0, back)]))
    answers = {f"answered {status or 'nothing'}": count for status, count in sorted(fire.account.told.items())}
    still = {f"answered {status or 'nothing'} while still": count for status, count in sorted(told.items())}
    figures = {**answers, **still, "503 without Retry-After": fire.account.without_retry_after, **asdict(verdict)}
    return Findings(faults, [{"what": name.replace("_", " "), "count": count} for name, count in figures.items()])


def _row(fault: str, done: list[Round]) -> dict[str, Any]:
    times = [each.back_seconds for each in done]
    mean = sum(times) / len(times) if times else 0.0
    return {"fault": fault, "rounds": len(done), "back mean s": mean, "back most s": max(times, default=0.0)}


def rounds_of(count: int, rng: np.random.Generator) -> list[tuple[str, float]]:
    """Return what to kill in each round and after how many seconds: each kind about equally often."""
    kinds = [KINDS[number % len(KINDS)] for number in range(count)]
    return [(str(kind), float(rng.uniform(0.2, 1.5))) for kind in rng.permutation(kinds)]


def _request(park: Park, number: int, now: datetime) -> dict[str, Any]:
    """Return a request of a truck of its own, on one of the next days, at one of the warehouses in turn."""
    kinds = [(house, cargo) for house in park.warehouses for cargo in park.cargo_kinds
             if house.find_dock_group(cargo.dock_kind)]  # fmt: skip
    house, cargo = kinds[number % len(kinds)]
    carriers = [firm.id for firm in park.enterprises if firm.carrier and firm.quota is None] or [
        firm.id for firm in park.enterprises if firm.carrier
    ]
    day: date = park.grid.day_of(now) + timedelta(days=1 + number // 5000)
    wish = park.grid.start_of(day, park.grid.slots_for(10 * 60) + number % 8)
    span = timedelta(hours=3)
    return {
        "plate": f"浙B{number:05d}",
        "carrier": carriers[number % len(carriers)],
        "warehouse": house.id,
        "cargo_kind": cargo.id,
        "wish": wish.isoformat(),
        "earliest": (wish - span).isoformat(),
        "latest": (wish + span).isoformat(),
    }
