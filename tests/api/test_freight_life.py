"""A load's whole life over HTTP: offered, accepted, carried, disputed, settled; by those whose it is."""

from datetime import timedelta

import pytest

from dispatch.model.callers import Role
from tests.api.callers import MINE, clients_of, furnish, offer_and_complain, two_of_each
from tests.api.tiny import NOW, announcing, at, plate, posting

pytestmark = [pytest.mark.anyio, pytest.mark.store]


@pytest.fixture
def park():
    return two_of_each()


@pytest.fixture
async def named(client, parts):
    return await offer_and_complain(parts.desk, client, await furnish(client, MINE, 1))


@pytest.fixture
async def us(app, client):
    async with clients_of(app, client, MINE) as clients:
        yield clients


async def test_a_driver_takes_a_load_and_brings_it_to_its_end(us, named):
    driver, enterprise, load = us[Role.DRIVER], us[Role.ENTERPRISE], f"/v1/loads/{named['load_id']}"
    (offer,) = (await driver.get("/v1/offers", params={"truck": plate(1), "state": "offered"})).json()["items"]

    taken = await driver.post(f"/v1/offers/{offer['id']}/accept", headers={"If-Match": '"1"'})

    assert (taken.status_code, taken.json()["state"]) == (200, "accepted"), taken.text
    (slot,) = taken.json()["appointments"]
    assert (await driver.get(f"/v1/appointments/{slot}")).json()["match"] == offer["id"]
    refused = await driver.post(f"/v1/appointments/{slot}/cancel")
    assert (refused.status_code, "hand back offer" in refused.json()["resource"]) == (409, True)
    seen = (await enterprise.get(load)).json()
    assert (seen["state"], seen["plate"], seen["taken_by"]) == ("accepted", plate(1), "c1")
    assert (await driver.post(f"{load}/progress", json={"state": "delivered"})).status_code == 409
    for client, state in ((us[Role.WAREHOUSE], "at_pickup"), (driver, "in_transit"), (driver, "delivered")):
        answer = await client.post(f"{load}/progress", json={"state": state})
        assert answer.status_code == 200, answer.text
    seen = (await enterprise.get(load)).json()
    assert seen["state"] == "disputed"  # a complaint was made before, and is not closed
    assert [each["state"] for each in seen["history"]][-4:] == ["at_pickup", "in_transit", "delivered", "disputed"]
    assert (await driver.get(f"/v1/offers/{offer['id']}")).json()["state"] == "finished"
    for state in ("resolved", "closed"):
        complaint = f"/v1/exceptions/{named['exception_id']}/progress"
        await us[Role.OPERATOR].post(complaint, json={"state": state})
    assert (await enterprise.get(load)).json()["state"] == "delivered"


async def test_an_accept_that_is_repeated_under_its_key_is_answered_alike(us, named):
    path, key = f"/v1/offers/{named['offer_id']}/accept", {"Idempotency-Key": "tap"}

    first = await us[Role.DRIVER].post(path, headers=key)
    again = await us[Role.DRIVER].post(path, headers=key)
    other = await us[Role.DRIVER].post(path)

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


async def test_an_exception_is_resolved_by_its_owner_and_closed_by_who_reported_it(us, named, clock):
    driver, enterprise, operator = us[Role.DRIVER], us[Role.ENTERPRISE], us[Role.OPERATOR]
    await driver.post(f"/v1/offers/{named['offer_id']}/accept")
    said = {"load": named["load_id"], "kind": "damage", "text": "Two pallets are wet."}
    made = await driver.post("/v1/exceptions", json=said, headers={"Idempotency-Key": "wet"})
    again = await driver.post("/v1/exceptions", json=said, headers={"Idempotency-Key": "wet"})
    path = made.headers["Location"]

    assert (made.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (made.json()["owner"], made.json()["state"]) == ("enterprise:c1", "open")
    early = await driver.post(f"{path}/progress", json={"state": "resolved"})
    assert (early.status_code, "by enterprise:c1 alone" in early.json()["resource"]) == (409, True)
    assert (await enterprise.post(f"{path}/progress", json={"state": "in_progress"})).status_code == 200
    assert (await enterprise.post(f"{path}/progress", json={"state": "resolved", "rating": 3})).status_code == 422
    assert (await enterprise.post(f"{path}/progress", json={"state": "resolved", "text": "Paid."})).status_code == 200
    closed = await driver.post(f"{path}/progress", json={"state": "closed", "rating": 4})
    assert (closed.json()["state"], closed.json()["rating"]) == ("closed", 4)
    assert [note["state"] for note in closed.json()["notes"]] == ["open", "in_progress", "resolved", "closed"]
    for state in ("resolved", "closed"):
        other = await operator.post(f"/v1/exceptions/{named['exception_id']}/progress", json={"state": state})
        assert other.json()["state"] == state
    assert (await operator.get(f"/v1/loads/{named['load_id']}")).json()["exceptions"] == []
    open_ones = (await operator.get("/v1/exceptions", params={"state": "open", "overdue": False})).json()["items"]
    assert open_ones == []


async def test_an_exception_past_its_deadline_is_flagged(parts, named, clock, client):
    from dispatch.services.reoffering import sweep_deadlines  # noqa: PLC0415

    clock.now = NOW + timedelta(hours=24, minutes=1)

    swept = await sweep_deadlines(parts.desk, clock.now)

    assert swept.exceptions == 1
    (late,) = (await client.get("/v1/exceptions", params={"overdue": True})).json()["items"]
    assert late["id"] == named["exception_id"]


async def test_a_driver_declines_with_a_reason_and_is_never_asked_again(us, named, client, parts):
    driver, offer = us[Role.DRIVER], f"/v1/offers/{named['offer_id']}"

    declined = await driver.post(f"{offer}/decline", json={"reason": "home by noon"})

    assert (declined.json()["state"], declined.json()["reason"]) == ("declined", "home by noon")
    assert (await driver.post(f"{offer}/accept")).json()["type"] == "/problems/wrong-state"
    assert (await client.get(f"/v1/loads/{named['load_id']}")).json()["state"] == "posted"


async def test_an_enterprise_restricts_carriers_and_others_cannot(us):
    path = "/v1/enterprises/c1/carriers"

    kept = await us[Role.ENTERPRISE].put(path, json={"blocked": ["c2"]})
    alien = await us[Role.ENTERPRISE].put("/v1/enterprises/c2/carriers", json={"blocked": ["c1"]})
    unknown = await us[Role.ENTERPRISE].put(path, json={"blocked": ["c1", "nobody"]})

    assert (kept.status_code, alien.status_code, unknown.status_code) == (200, 403, 422)
    assert unknown.json()["errors"][0]["field"] == "body.blocked[1]"
    assert (await us[Role.ENTERPRISE].get(path)).json() == {"enterprise": "c1", "blocked": ["c2"], "allowed": []}
    stale = await us[Role.ENTERPRISE].put(path, json={}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412


async def test_a_driver_says_what_he_takes(client):
    prefers = {"cargo_kinds": ["import"], "regions": ["town", "t1"], "hours": {"opens": "07:00", "closes": "19:00"}}

    kept = await client.put(f"/v1/trucks/{plate(7)}", json=announcing(preferences=prefers))
    unknown = await client.put(f"/v1/trucks/{plate(7)}", json=announcing(preferences={"regions": ["atlantis"]}))
    backwards = {"hours": {"opens": "19:00", "closes": "07:00"}}
    wrong = await client.put(f"/v1/trucks/{plate(7)}", json=announcing(preferences=backwards))

    assert kept.json()["preferences"] == prefers
    assert unknown.json()["errors"][0]["field"] == "body.preferences.regions[0]"
    assert wrong.status_code == 422


async def test_a_load_may_name_the_carriers_it_is_for(client):
    kept = await client.post("/v1/loads", json=posting(allowed_carriers=["c2"], latest=at("09:30")))

    assert kept.json()["allowed_carriers"] == ["c2"]
