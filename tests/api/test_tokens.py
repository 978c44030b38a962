import base64
from datetime import timedelta

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.http.app import create_app
from api.http.parts import Parts
from dispatch.model.callers import Role
from dispatch.services.desk import Desk
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from tests.api.callers import MINE, clients_of
from tests.api.conftest import BEARER
from tests.api.tiny import announcing, asking, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def us(app, client):
    async with clients_of(app, client, MINE) as clients:
        yield clients


async def token_of(client, **asked):
    answer = await client.post("/v1/tokens", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_enterprise_gives_its_driver_a_token_that_opens_his_truck_alone(us, client):
    made = await token_of(us[Role.ENTERPRISE], role="driver", tenant=plate(3))
    driver = bearing(made["token"])

    own = await client.post("/v1/appointments", json=asking(3), headers=driver)
    others = await client.post("/v1/appointments", json=asking(4), headers=driver)
    loads = await client.get("/v1/loads", headers=driver)

    assert (made["role"], made["tenant"], made["carrier"]) == ("driver", plate(3), "c1")
    assert (own.status_code, others.status_code, loads.status_code) == (201, 403, 403)


async def test_nobody_hands_out_more_than_he_is(us, client):
    await client.put(f"/v1/trucks/{plate(9)}", json=announcing(carrier="c2"))
    for role, asked in (
        (Role.ENTERPRISE, {"role": "operator"}),
        (Role.ENTERPRISE, {"role": "enterprise", "tenant": "c2"}),
        (Role.ENTERPRISE, {"role": "driver", "tenant": plate(3), "carrier": "c2"}),
        (Role.ENTERPRISE, {"role": "driver", "tenant": plate(9)}),
        (Role.DRIVER, {"role": "enterprise", "tenant": "c1"}),
        (Role.DRIVER, {"role": "driver", "tenant": plate(3), "carrier": "c1"}),
        (Role.WAREHOUSE, {"role": "warehouse", "tenant": "w2"}),
        (Role.AUDITOR, {"role": "operator"}),
        (Role.GATE, {"role": "auditor"}),
    ):
        assert (await us[role].post("/v1/tokens", json=asked)).status_code in (403, 422), (role, asked)
    for role in Role:
        made = await token_of(us[role])
        assert made["role"] == role
        again = await client.post("/v1/tokens", json={}, headers=bearing(made["token"]))
        assert again.status_code == 403


async def test_a_token_ends_with_its_minutes(us, client, clock):
    made = await token_of(us[Role.ENTERPRISE], minutes=5)
    before = await client.get("/v1/loads", headers=bearing(made["token"]))
    clock.now = clock.now.replace(minute=5)

    after = await client.get("/v1/loads", headers=bearing(made["token"]))

    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_token_ends_with_the_key_it_was_made_with(client):
    key = (await client.post("/v1/keys", json={"role": "enterprise", "tenant": "c1"})).json()
    made = (await client.post("/v1/tokens", json={}, headers=bearing(key["key"]))).json()
    before = await client.get("/v1/loads", headers=bearing(made["token"]))

    await client.post(f"/v1/keys/{key['id']}/revoke")

    after = await client.get("/v1/loads", headers=bearing(made["token"]))
    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_new_signing_key_leaves_tokens_good_until_they_expire_unless_they_are_distrusted(us, client, clock):
    old = await token_of(us[Role.ENTERPRISE], minutes=60)
    first = jwt.get_unverified_header(old["token"])["kid"]
    await client.post("/v1/signing-keys", json={})
    new = await token_of(us[Role.ENTERPRISE], minutes=60)
    public = {key["kid"]: key for key in (await client.get("/.well-known/jwks.json")).json()["keys"]}

    for token in (old["token"], new["token"]):
        assert (await client.get("/v1/loads", headers=bearing(token))).status_code == 200
        key = public[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(token, jwt.PyJWK(key), algorithms=["EdDSA"], options={"verify_exp": False, "verify_iat": False})
    assert list(public) == [first, jwt.get_unverified_header(new["token"])["kid"]]

    await client.post("/v1/signing-keys", json={"distrust": True})
    for token in (old["token"], new["token"]):
        assert (await client.get("/v1/loads", headers=bearing(token))).status_code == 401

    clock.now += timedelta(days=40)
    late = await token_of(us[Role.ENTERPRISE])
    left = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert len(left) == 2  # the last one is too old to sign, and believed for another hour
    assert left[-1]["kid"] == jwt.get_unverified_header(late["token"])["kid"]


async def test_a_token_that_anybody_could_have_made_opens_nothing(us, client):
    good = (await token_of(us[Role.ENTERPRISE]))["token"]
    head, claims, signature = good.split(".")
    said = jwt.decode(good, options={"verify_signature": False})
    public = (await client.get("/.well-known/jwks.json")).json()["keys"][0]
    x = base64.urlsafe_b64decode(public["x"] + "=")
    more = said | {"role": "operator", "tenant": ""}
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"%s"}' % public["kid"].encode()).decode().rstrip("=")
    for forged in (
        f"{head}.{claims}.{signature[:-4]}AAAA",
        f"{none}.{claims}.",
        jwt.encode(more, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": public["kid"]}),
        jwt.encode(more, x, algorithm="HS256", headers={"kid": public["kid"]}),
        jwt.encode(more, Ed25519PrivateKey.generate(), algorithm="EdDSA"),
        "a.b.c",
        "..",
        f"{head}.{claims[:-2]}.{signature}",
    ):
        assert (await client.get("/v1/loads", headers=bearing(forged))).status_code == 401, forged


async def test_another_process_believes_the_token_and_another_park_does_not(us, store_url, store, park, clock, client):
    made = await token_of(us[Role.ENTERPRISE])
    for park_id, status in ((store.keys.park_id, 200), ("elsewhere", 401)):
        async with Store(store_url, park_id) as other:
            app = create_app(Parts(Desk(park, other), Jobs(other), b"0" * 32, clock))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://park") as there:
                answer = await there.get("/v1/loads", headers=bearing(made["token"]))
                assert answer.status_code == status
                assert (await there.get("/v1/loads", headers=BEARER)).status_code == 401
