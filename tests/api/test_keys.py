import pytest

from dispatch.model.callers import Role
from tests.api.callers import MINE, clients_of

pytestmark = [pytest.mark.anyio, pytest.mark.store]

ASKED = {"role": "enterprise", "tenant": "c1", "note": "yard system"}


def bearing(key):
    return {"Authorization": f"Bearer {key}"}


async def test_a_key_is_shown_once_and_kept_as_its_digest(client, store):
    made = await client.post("/v1/keys", json=ASKED, headers={"Idempotency-Key": "k"})
    again = await client.post("/v1/keys", json=ASKED, headers={"Idempotency-Key": "k"})
    read = await client.get(made.headers["Location"])

    key = made.json()["key"]
    assert (made.status_code, again.status_code) == (201, 201)
    assert (again.json()["id"], again.json()["key"]) == (made.json()["id"], None)
    assert "key" not in read.json()
    for place in await store.alone("KEYS", f"{{{store.keys.park_id}}}:*"):
        if await store.alone("TYPE", place) == b"hash":
            assert key.encode() not in b"".join(await store.alone("HGETALL", place))
    assert key not in str(await store.events())


async def test_a_key_opens_by_bearer_or_its_own_header_until_it_is_revoked(client):
    made = (await client.post("/v1/keys", json=ASKED)).json()
    for headers in (bearing(made["key"]), {"Authorization": "", "X-API-Key": made["key"]}):
        assert (await client.get("/v1/loads", headers=headers)).status_code == 200

    revoked = await client.post(f"/v1/keys/{made['id']}/revoke")
    after = await client.get("/v1/loads", headers=bearing(made["key"]))
    again = await client.post(f"/v1/keys/{made['id']}/revoke")

    assert revoked.json()["revoked_at"] is not None
    assert (after.status_code, again.status_code) == (401, 409)


async def test_a_key_ends_with_its_days(client, clock):
    made = (await client.post("/v1/keys", json=ASKED | {"days": 1})).json()
    before = await client.get("/v1/loads", headers=bearing(made["key"]))
    clock.now = clock.now.replace(day=clock.now.day + 1)

    after = await client.get("/v1/loads", headers=bearing(made["key"]))

    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_key_changed_by_a_sign_opens_nothing(client):
    key = (await client.post("/v1/keys", json=ASKED)).json()["key"]

    for wrong in (
        key[:-1],
        key + "a",
        key[:-1] + ("a" if key[-1] != "a" else "b"),
        key.upper(),
        "pdk_x_y",
        "pdk__",
        "鍵",
    ):
        headers = {"Authorization": f"Bearer {wrong}".encode()}
        assert (await client.get("/v1/loads", headers=headers)).status_code == 401, wrong


async def test_the_last_use_is_told(client):
    made = (await client.post("/v1/keys", json=ASKED)).json()
    await client.get("/v1/loads", headers=bearing(made["key"]))

    (listed,) = (await client.get("/v1/keys")).json()["items"]

    assert made["last_used_at"] is None
    assert listed["last_used_at"] == listed["created_at"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"role": "enterprise"}, "tenant"),
        ({"role": "enterprise", "tenant": "nobody"}, "tenant"),
        ({"role": "gate", "tenant": "w1"}, "tenant"),
        ({"role": "driver", "tenant": "nobody", "carrier": "c1"}, "tenant"),
        ({"role": "driver", "tenant": "浙B00001"}, "carrier"),
        ({"role": "warehouse", "tenant": "w1", "carrier": "c1"}, "carrier"),
        ({"role": "auditor", "tenant": "c1"}, "tenant"),
        ({"role": "king"}, "role"),
        ({"role": "operator", "days": 0}, "days"),
    ],
)
async def test_a_key_of_nobody_is_refused_by_the_field(client, asked, field):
    answer = await client.post("/v1/keys", json=asked)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"body.{field}"


async def test_an_operators_key_is_as_good_as_the_operator_key(app, client):
    async with clients_of(app, client, MINE) as us:
        made = await us[Role.OPERATOR].post("/v1/keys", json=ASKED)

    assert made.status_code == 201
