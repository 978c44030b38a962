"""A day's slots are released, and everybody asks in that moment: who gets one, who is told why not, how soon all know.

The service's clock stands at the release. Wishes are spread over the released hours, every truck would come earlier
or later by the park's own window within them, and the gates alone are scarce; afterwards the store is held against the
answers and against its own stream.
"""

import asyncio
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from api.benchmark import Clock, Streams, answer_of, head_of, own_park, plate, serving
from dispatch.model import rules
from dispatch.model.park import DockKind, Hours, Park
from dispatch.model.promises import AppointmentState
from dispatch.services.books import imbalances
from dispatch.store.board import Board, prove
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store

GIVEN = 201
DOCKS_TIMES = 10


@dataclass(frozen=True, slots=True)
class Burst:
    """So many requests over so many kept connections for the entries of the park's peak hours."""

    park: Park
    requests: int = 10_000
    connections: int = 300
    waitlist: bool = False  # who finds no room waits in line; else he is refused

    @property
    def places(self) -> int:
        """Return how many entries the gates have in the peak hours."""
        return sum(self.park.entries[slot] for slot in self.park.peak_slots)


@dataclass(frozen=True, slots=True)
class Told:
    """What one request was answered, and after how many seconds."""

    status: int
    document: dict[str, Any]
    wait: float


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a burst: the answers, and what the store holds; the last three are 0 when nothing is wrong."""

    told: list[Told]
    seconds: float
    confirmed: int
    waitlisted: int
    oversold: int  # entries given beyond what the gates have in a slot
    differing_keys: int  # of the store, from the fold of its stream
    unbalanced_counters: int  # from what the appointments take

    @property
    def reasons(self) -> Counter[str]:
        """Return how often each refusal was told, each with the full resource and alternatives if there are any."""
        return Counter(each.document["type"].rpartition("/")[2] for each in self.told if each.status != GIVEN)


def released_at_noon(park: Park, hours: Hours) -> Park:
    """Return the park with these as its peak hours, released on the day before, where the gates alone are scarce."""
    houses = tuple(
        replace(
            house,
            hours=Hours("00:00", "24:00"),
            dock_groups=tuple(replace(group, docks=DOCKS_TIMES * group.docks) for group in house.dock_groups),
        )
        for house in park.warehouses
    )
    return replace(park, warehouses=houses, rules=replace(park.rules, peak=(hours,)))


def rows(park: Park, clock: Clock, today: date) -> Iterator[dict[str, Any]]:
    """Yield a row of a burst in which who finds no room is refused, and one in which he waits in line."""
    for waitlist in (False, True):
        burst = Burst(released_at_noon(park, Hours("06:00", "18:00")), waitlist=waitlist)
        with tempfile.TemporaryDirectory(prefix="parkdispatch-") as directory:
            yield row(burst, burst_in(Path(directory), burst, clock, today))


def row(burst: Burst, found: Found) -> dict[str, Any]:
    """Return the figures of a burst."""
    p50, p99 = np.percentile([each.wait for each in found.told], (50, 99)) * 1000
    refused = ", ".join(f"{code} {count}" for code, count in sorted(found.reasons.items()))
    return {
        "what": "who finds no room waits in line" if burst.waitlist else "who finds no room is refused",
        "requests": len(found.told),
        "places": burst.places,
        "confirmed": found.confirmed,
        "waitlisted": found.waitlisted,
        "refused": refused or "nobody",
        "seconds": found.seconds,
        "answers/s": round(len(found.told) / found.seconds),
        "p50 ms": float(p50),
        "p99 ms": float(p99),
        "oversold": found.oversold,
        "differing keys": found.differing_keys,
        "unbalanced counters": found.unbalanced_counters,
    }


def burst_in(directory: Path, burst: Burst, clock: Clock, today: date) -> Found:
    """Serve the park from a directory, release tomorrow's peak hours, and return what came of it."""
    park, key, day = burst.park, secrets.token_urlsafe(24), today + timedelta(days=1)
    settings = own_park(park, directory)
    release = max(rules.opens_at(park, day, slot) for slot in park.peak_slots)
    with (
        running_store(StoreSettings(data_dir=directory / "store")) as url,
        serving("service", url, key, at=release, PARKDISPATCH_LOG_LEVEL="error", **settings) as port,
    ):
        began = clock()
        told = asyncio.run(_ask_all(port, key, list(_requests(burst, day)), burst.connections, clock))
        return asyncio.run(_found(url, park, told, clock() - began))


def _requests(burst: Burst, day: date) -> Iterator[bytes]:
    """Yield a body per truck: wishes spread over the peak hours, warehouses by how many docks they have."""
    park, rng = burst.park, np.random.default_rng(1)
    groups = [(house, house.find_dock_group(DockKind.CONTAINER)) for house in park.warehouses]
    houses = [(house.id, group.docks) for house, group in groups if group is not None]
    weights = np.array([docks for _, docks in houses], dtype=float)
    chosen = rng.choice(len(houses), size=burst.requests, p=weights / weights.sum())
    carriers = [firm.id for firm in park.enterprises if firm.carrier and firm.quota is None]
    cargo = next(kind.id for kind in park.cargo_kinds if kind.dock_kind is DockKind.CONTAINER)
    slots = sorted(park.peak_slots)
    window = park.rules.window_minutes // park.grid.slot_minutes
    for number, house in enumerate(chosen):
        wish = int(rng.choice(slots))
        times = {"wish": wish, "earliest": max(slots[0], wish - window), "latest": min(slots[-1], wish + window)}
        yield orjson.dumps(
            {
                "plate": plate(number),
                "carrier": carriers[number % len(carriers)],
                "warehouse": houses[int(house)][0],
                "cargo_kind": cargo,
                **{name: park.grid.start_of(day, slot).isoformat() for name, slot in times.items()},
                "waitlist": burst.waitlist,
            }
        )


async def _ask_all(port: int, key: str, bodies: list[bytes], connections: int, clock: Clock) -> list[Told]:
    """Send everything as fast as answers come; return the answers."""
    head = head_of("/v1/appointments", key)
    waiting = iter(bodies)
    told: list[Told] = []

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in waiting:
            began = clock()
            writer.write(head + f"{len(body)}\r\n\r\n".encode() + body)
            status, content = await answer_of(reader)
            told.append(Told(status, orjson.loads(content), clock() - began))

    async with Streams(port, connections) as streams:
        await asyncio.gather(*(work(*pair) for pair in streams.pairs))
    return told


async def _found(url: str, park: Park, told: list[Told], seconds: float) -> Found:
    async with Store(url, park.id) as store:
        board = Board()
        proof = await prove(store, board)
        unbalanced = imbalances(park, store.keys, board)
    things = [document for key, (_, document) in board.entities.items() if key.startswith("appointment:")]
    states = Counter(thing["state"] for thing in things)
    confirmed = [thing for thing in things if thing["state"] == AppointmentState.CONFIRMED]
    entries = Counter((thing["gate"], thing["slot"]) for thing in confirmed)
    room = {gate.id: gate for gate in park.gates}
    over = (count - park.entries_at(room[gate], slot) for (gate, slot), count in entries.items())
    return Found(
        told=told,
        seconds=seconds,
        confirmed=len(confirmed),
        waitlisted=states[AppointmentState.WAITLISTED],
        oversold=sum(max(0, each) for each in over),
        differing_keys=len(proof.differences),
        unbalanced_counters=len(unbalanced),
    )
