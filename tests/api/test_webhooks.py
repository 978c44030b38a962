"""Webhooks over HTTP: the secret is shown once, changes need the version they are based on, tenants see their own."""

from datetime import datetime, timedelta

import pytest

from dispatch.model.callers import Role
from dispatch.services.delivering import Sending, deliver
from dispatch.services.outbound import Outbound
from tests.api.callers import MINE, THEIRS, clients_of, two_of_each
from tests.api.tiny import at_once

pytestmark = [pytest.mark.anyio, pytest.mark.store]

HOOK = {"enterprise": "c1", "url": "https://tms.example.com/events"}


@pytest.fixture
def park():
    return two_of_each()


async def nowhere(host, port):
    return ["10.0.0.1"]


async def test_the_secret_is_shown_once_and_never_again(client):
    keyed = {"Idempotency-Key": "hook-1"}
    made = await client.post("/v1/webhooks", json=HOOK, headers=keyed)
    again = await client.post("/v1/webhooks", json=HOOK, headers=keyed)
    read = await client.get(f"/v1/webhooks/{made.json()['id']}")
    everywhere = [(await client.get(path)).text for path in ("/v1/webhooks", "/v1/events", "/v1/audit")]

    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    assert (again.json()["id"], again.json()["secret"]) == (made.json()["id"], None)
    assert again.headers["idempotency-replayed"] == "true"
    assert "secret" not in read.json()
    assert not any(secret in text for text in everywhere)


async def test_a_new_secret_is_shown_once_and_told_until_when_the_old_one_signs(client, clock):
    made = (await client.post("/v1/webhooks", json=HOOK)).json()
    path, keyed = f"/v1/webhooks/{made['id']}", {"Idempotency-Key": "rotate-1"}
    new = await client.post(f"{path}/secret", json={"grace_minutes": 60}, headers=keyed)
    again = await client.post(f"{path}/secret", json={"grace_minutes": 60}, headers=keyed)
    read = await client.get(path)

    assert new.status_code == again.status_code == 201
    assert new.json()["secret"].startswith("whsec_")
    assert new.json()["secret"] != made["secret"]
    assert (again.json()["secret"], again.headers["idempotency-replayed"]) == (None, "true")
    assert (read.headers["etag"], "secret" in read.json()) == ('"2"', False)
    assert datetime.fromisoformat(read.json()["former_until"]) == clock.now + timedelta(hours=1)
    assert (await client.post("/v1/webhooks/nothing/secret", json={})).status_code == 404
    assert (await client.post(f"{path}/secret", json={"grace_minutes": -1})).status_code == 422


async def test_it_is_changed_at_the_version_it_was_read_at_and_removed(client):
    made = (await client.post("/v1/webhooks", json=HOOK)).json()
    path = f"/v1/webhooks/{made['id']}"
    off = await client.patch(path, json={"is_active": False}, headers={"If-Match": '"1"'})
    late = await client.patch(path, json={"names": ["LoadPosted"]}, headers={"If-Match": '"1"'})
    named = await client.patch(path, json={"names": ["LoadPosted"]}, headers={"If-Match": off.headers["etag"]})
    inside = await client.patch(path, json={"url": "https://169.254.169.254/latest"})
    removed = await client.delete(path)
    gone = await client.get(path)

    assert (off.status_code, off.json()["is_active"]) == (200, False)
    assert late.status_code == 412
    assert (named.json()["names"], named.json()["is_active"]) == (["LoadPosted"], False)
    assert (inside.status_code, inside.json()["errors"][0]["field"]) == (422, "body.url")
    assert (removed.status_code, gone.status_code) == (200, 404)


async def test_what_may_not_be_sent_becomes_a_dead_letter_that_can_be_sent_again(client, parts, clock):
    made = (await client.post("/v1/webhooks", json=HOOK | {"names": ["AppointmentConfirmed"]})).json()
    booked = (await client.post("/v1/appointments", json=at_once(1))).json()
    await deliver(parts.desk, Sending(Outbound(resolve=nowhere), (5.0,)), clock.now + timedelta(seconds=1))

    dead = (await client.get(f"/v1/webhooks/{made['id']}/dead-letters")).json()["items"]
    again = await client.post(f"/v1/webhooks/{made['id']}/replay", json={})

    assert [(each["attempts"], booked["id"] in each["body"]) for each in dead] == [(1, True)]
    assert "no public address" in dead[0]["error"]
    assert again.json() == {"queued": 1}
    assert (await client.get(f"/v1/webhooks/{made['id']}/dead-letters")).json()["items"] == []


async def test_an_enterprise_has_its_own_and_knows_of_no_others(app, client):
    async with clients_of(app, client, MINE) as mine, clients_of(app, client, THEIRS) as theirs:
        made = await mine[Role.ENTERPRISE].post("/v1/webhooks", json=HOOK)
        foreign = await mine[Role.ENTERPRISE].post("/v1/webhooks", json=HOOK | {"enterprise": "c2"})
        path = f"/v1/webhooks/{made.json()['id']}"
        seen = (await mine[Role.ENTERPRISE].get("/v1/webhooks")).json()["items"]
        unseen = (await theirs[Role.ENTERPRISE].get("/v1/webhooks")).json()["items"]
        peeks = [
            await theirs[Role.ENTERPRISE].get(path),
            await theirs[Role.ENTERPRISE].patch(path, json={"is_active": False}),
            await theirs[Role.ENTERPRISE].delete(path),
            await theirs[Role.ENTERPRISE].get(f"{path}/dead-letters"),
            await theirs[Role.ENTERPRISE].post(f"{path}/replay", json={}),
            await theirs[Role.ENTERPRISE].post(f"{path}/secret", json={}),
        ]
        driver = await mine[Role.DRIVER].get("/v1/webhooks")

    assert (made.status_code, foreign.status_code, driver.status_code) == (201, 403, 403)
    assert ([each["id"] for each in seen], unseen) == ([made.json()["id"]], [])
    assert [peek.status_code for peek in peeks] == [404] * 6
