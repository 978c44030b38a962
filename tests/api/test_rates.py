"""Rate limits shared by two services over one store, security headers, CORS."""

import asyncio
import re
from dataclasses import replace

import httpx
import pytest

from api.http.app import create_app
from api.http.parts import Parts, Rates
from dispatch.services.desk import Desk
from dispatch.store.rates import Quota, spend
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from tests.api.conftest import BEARER

pytestmark = [pytest.mark.anyio, pytest.mark.store]


def client_of(parts):
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://park")


def with_rates(parts, **rates):
    return replace(parts, limits=replace(parts.limits, rates=Rates(**rates)))


async def test_two_processes_together_let_through_what_one_may_and_say_when_to_come_back(parts, store_url):
    limited = with_rates(parts, operator=10)
    async with Store(store_url, parts.desk.keys.park_id) as store:
        other = Parts(Desk(parts.desk.park, store), Jobs(store), parts.operator_key_sha256, parts.clock, limited.limits)
        async with client_of(limited) as one, client_of(other) as two:
            asked = [client.get("/v1/loads", headers=BEARER) for _ in range(15) for client in (one, two)]
            answers = await asyncio.gather(*asked)

    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 20
    refused = next(answer for answer in answers if answer.status_code == 429)
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 6
    assert refused.headers["RateLimit-Policy"] == '"operator";q=10;w=60'
    assert refused.headers["RateLimit"] == f'"operator";r=0;t={wait}'
    assert refused.json()["type"] == "/problems/too-many-requests"


async def test_every_answer_says_what_is_left_and_each_caller_has_his_own(parts):
    async with client_of(with_rates(parts, system=3, operator=1000, address=2)) as client:
        keys = [
            (await client.post("/v1/keys", json={"role": "enterprise", "tenant": each}, headers=BEARER)).json()["key"]
            for each in ("c1", "c2", "c1")
        ]
        first, second, twin = [{"Authorization": f"Bearer {key}"} for key in keys]
        left = [(await client.get("/v1/loads", headers=first)).headers["RateLimit"] for _ in range(3)]
        assert [int(re.search(r"r=(\d+)", each)[1]) for each in left] == [2, 1, 0]
        for headers, status in ((first, 429), (twin, 429), (second, 200)):
            assert (await client.get("/v1/loads", headers=headers)).status_code == status

        wrong = [(await client.get("/v1/loads", headers={"X-API-Key": "guess"})).status_code for _ in range(3)]
        assert wrong == [401, 401, 429]
        assert (await client.get("/v1/park")).status_code == 429
        assert (await client.get("/healthz")).status_code == 200


async def test_a_quota_comes_back_evenly_and_is_never_overdrawn(store):
    quota = Quota(units=20, seconds=1)
    first = await spend(store, "q", quota, 15)
    rest = await spend(store, "q", quota, 15)
    await asyncio.sleep(0.25)
    later = await spend(store, "q", quota, 100)

    assert (first.units, first.left) == (15, 5)
    assert 5 <= rest.units <= 6
    assert 4 <= later.units <= 9
    assert 0 < later.next_seconds <= 0.05


async def test_a_busy_caller_costs_the_store_few_calls(parts):
    async with client_of(parts) as client:
        for _ in range(5):
            await asyncio.gather(*(client.get("/v1/loads", headers=BEARER) for _ in range(100)))
    lease = client._transport.app.state.throttle._leases["operator:operator"]
    assert lease.grant.units > 50


async def test_while_the_store_is_away_nobody_is_limited_and_the_route_tells_the_truth(parts):
    store = Store("unix:///nowhere", "away")
    async with client_of(
        Parts(Desk(parts.desk.park, store), Jobs(store), parts.operator_key_sha256, parts.clock)
    ) as at:
        assert (await at.get("/v1/park")).status_code == 200
        assert (await at.get("/v1/loads", headers=BEARER)).status_code == 503


async def test_every_answer_carries_the_security_headers_and_names_no_server(client):
    client.headers.pop("Authorization")
    for answer in (await client.get("/v1/park"), await client.get("/nope"), await client.get("/v1/loads")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers


async def test_other_origins_are_shut_out_until_they_are_named(parts):
    asks = {"Origin": "https://yard.example", "Access-Control-Request-Method": "POST"}
    async with client_of(parts) as closed:
        assert not [name for name in (await closed.get("/v1/park", headers=asks)).headers if "access-control" in name]
        assert (await closed.options("/v1/loads", headers=asks)).status_code == 405
    named = replace(parts, limits=replace(parts.limits, cors_origins=("https://yard.example",)))
    async with client_of(named) as opened:
        let_in = await opened.options("/v1/loads", headers=asks)
        other = await opened.get("/v1/park", headers={"Origin": "https://evil.example"})
    assert let_in.headers["Access-Control-Allow-Origin"] == "https://yard.example"
    assert "Access-Control-Allow-Origin" not in other.headers
