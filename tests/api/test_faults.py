"""Killed at random moments under load: nothing acknowledged is lost, nothing is there twice, and the books balance."""

import asyncio
import os
import signal
from dataclasses import replace

import httpx
import numpy as np
import pytest

from api.faults import Fire, one_round, rounds_of, unreachable
from api.http.app import create_app
from dispatch.services.desk import Desk
from dispatch.store import connection, embedded
from dispatch.store.binary import get_binary
from dispatch.store.embedded import EmbeddedStore
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from tests.api.conftest import BEARER
from tests.api.tiny import at_once

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def test_three_rounds_of_kill_9_lose_nothing_and_a_store_that_stands_still_is_told_and_come_over(tmp_path):
    rng = np.random.default_rng(5)
    fire = Fire(tmp_path, clients=8)
    rounds = rounds_of(3, rng)
    with fire.burning():
        for kind, after in rounds:
            await one_round(fire, kind, after / 3)
        told, back_seconds = await unreachable(fire, 0.5)
        await fire.settle()
        verdict = await fire.verdict()

    assert sorted(kind for kind, _ in rounds) == ["service", "store", "worker"]
    assert verdict.is_good, verdict
    assert verdict.acknowledged > 50
    assert fire.account.told[503] + fire.account.told[0] > 0
    assert set(fire.account.told) <= {0, 201, 409, 503}
    assert fire.account.without_retry_after == 0
    assert told[201] > 0
    assert back_seconds < 15


class Disk:
    """A disk with as much room as the test says."""

    def __init__(self):
        self.free = 10**12

    def __call__(self, path):
        return self.free


async def until(answered, client, path="/readyz"):
    for _ in range(200):
        answer = await client.get(path)
        if answer.status_code == answered:
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError(answer.text)


async def test_on_a_full_disk_bookings_stop_with_a_clear_error_and_reads_go_on_and_with_room_they_are_taken_again(
    tmp_path, monkeypatch, parts
):
    monkeypatch.setattr(embedded, "DISK_SECONDS", 0.05)
    disk, said = Disk(), []
    server = EmbeddedStore(tmp_path, get_binary(), say=said.append, free=disk)
    server.start()
    try:
        async with Store(server.url, "full") as store:
            app = create_app(replace(parts, desk=Desk(parts.desk.park, store), jobs=Jobs(store)))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://park", headers=BEARER) as client:
                made = await client.post("/v1/appointments", json=at_once(1))
                disk.free = 10**6
                not_ready = await until(503, client)
                refused = await client.post("/v1/appointments", json=at_once(2))
                seen = await client.get(f"/v1/appointments/{made.json()['id']}")
                events = await client.get("/v1/events")
                os.kill(server.pid, signal.SIGKILL)  # a server started anew takes no writes either
                await until(200, client, "/v1/appointments")
                await asyncio.sleep(0.2)
                again = await client.post("/v1/appointments", json=at_once(2))
                disk.free = 10**12
                await until(200, client)
                taken = await client.post("/v1/appointments", json=at_once(2))
    finally:
        server.stop()

    assert made.status_code == taken.status_code == 201
    for answer in (refused, again, not_ready):
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-full"), answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["maybe_done"] is False
    assert (seen.status_code, len(events.json()["items"])) == (200, 1)
    assert [line for line in said if "disk" in line and "nearly full" in line]
    assert said[-1].endswith("has room")


async def test_while_the_store_stands_still_each_request_is_soon_told_503_and_when_it_goes_on_so_do_bookings(
    tmp_path, monkeypatch, parts
):
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 0.4)
    server = EmbeddedStore(tmp_path, get_binary(), say=lambda line: None)
    server.start()
    try:
        async with Store(server.url, "still") as store:
            app = create_app(replace(parts, desk=Desk(parts.desk.park, store), jobs=Jobs(store)))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://park", headers=BEARER) as client:
                first = await client.post("/v1/appointments", json=at_once(1))
                os.kill(server.pid, signal.SIGSTOP)
                begun = asyncio.get_running_loop().time()
                asked = [client.post("/v1/appointments", json=at_once(2 + number)) for number in range(20)]
                told = await asyncio.gather(*asked, client.get(f"/v1/appointments/{first.json()['id']}"))
                seconds = asyncio.get_running_loop().time() - begun
                later = await client.post("/v1/appointments", json=at_once(2))
                os.kill(server.pid, signal.SIGCONT)
                back = await until(200, client)
                taken = await client.post("/v1/appointments", json=at_once(2))
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()

    for answer in (*told, later):
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable"), answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["maybe_done"] is False
    assert seconds < 2
    assert (back.status_code, taken.status_code) == (200, 201)
