"""Every route of the OpenAPI document, walked by every role: what may be done, and never a word of another tenant's."""

import httpx
import pytest

from api.http.authorisation import ALL, MATRIX, OPEN, cell_of, row_of
from dispatch.model.callers import TENANTED, Caller, Role
from tests.api.callers import MINE, THEIRS, call_of, clients_of, furnish, offer_and_complain, operations, two_of_each
from tests.api.tiny import DAY, announcing, asking, plate, posting, wishing

pytestmark = [pytest.mark.anyio, pytest.mark.store]

SETTLED = {400, 401, 403, 404, 405, 415}
# afterwards the load is no more the truck's
ENDING = {
    "delete_webhook",
    "withdraw_load",
    "decline_offer",
    "hand_back_offer",
}


@pytest.fixture
def park():
    return two_of_each()


@pytest.fixture
async def mine(client, parts):
    return await offer_and_complain(parts.desk, client, await furnish(client, MINE, 1))


@pytest.fixture
async def theirs(client, parts):
    return await offer_and_complain(parts.desk, client, await furnish(client, THEIRS, 2))


@pytest.fixture
async def us(app, client):
    async with clients_of(app, client, MINE) as clients:
        yield clients


async def ask(client, call):
    return await client.request(call.method, call.path, params=call.query, json=call.body)


OPTIONAL = {"amend_appointment", "note_arrival", "check_in_truck", "admit_walk_in", "check_out_truck"}  # else it is his
SCENARIOS = {"get_scenario", "watch_scenario", "get_scenario_csv", "cancel_scenario", "apply_scenario"}  # none is asked
NOBODY = {"delete_webhook", "get_problem", "issue_token", "check_out_truck"} | SCENARIOS  # of whom there is none


async def test_rows_name_parameters_that_are_there_and_fields_that_must_be(app):
    for operation in operations(app.openapi()):
        told = operation.told
        parameters = {(each["in"], each["name"]) for each in told.get("parameters", ())}
        body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        schema = app.openapi()["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {})
        for cell in MATRIX[(operation.method, operation.path)].values():
            assert {("path", name) for name in (*cell.path, *cell.things)} <= parameters, operation.name
            assert {("query", name) for name in (*cell.query, *cell.asked, *cell.given)} <= parameters, operation.name
            if operation.name not in OPTIONAL:
                assert set(cell.body) <= set(schema.get("required", ())), operation.name


async def test_every_role_is_let_in_to_its_own_and_kept_from_what_its_row_leaves_out(app, us, mine):
    for operation in sorted(operations(app.openapi()), key=lambda each: each.name in ENDING):
        row = MATRIX[(operation.method, operation.path)]
        for role, client in us.items():
            answer = await ask(client, call_of(operation, mine))

            if row is not OPEN and role not in row:
                assert answer.status_code == 403, (operation.name, role, answer.text)
                assert answer.json()["type"] == "/problems/forbidden"
            else:
                found = answer.status_code not in SETTLED or operation.name in NOBODY or "scenario" in operation.name
                assert found, (operation.name, role, answer.text)
                assert answer.status_code < 500


async def test_another_tenants_identifiers_are_answered_403_or_404_and_nothing_of_his_is_told(app, us, theirs):
    named = ("appointment_id", "visit_id", "load_id", "plate", "offer_id", "exception_id")
    secrets = {theirs[name] for name in named}
    for operation in operations(app.openapi()):
        row = MATRIX[(operation.method, operation.path)]
        if row is OPEN:
            continue
        for role in TENANTED:
            for filters in (True, False):
                call = call_of(operation, theirs, filters=filters)
                answer = await ask(us[role], call)

                where = (operation.name, role, call, answer.text)
                told = {secret for secret in secrets if secret in answer.text and not call.says(secret)}
                assert not told, where
                if operation.name in ("post_visits", "post_loads", "request_appointments") and role in row:
                    assert (answer.status_code, answer.json()["created"]) == (200, 0), where
                elif row.get(role) == ALL:  # what is answered is narrowed, and none of it is told
                    assert answer.status_code in (200, 403), where
                elif filters or call.method != "GET" or "{" in operation.path:
                    assert answer.status_code in (403, 404), where
                else:
                    assert answer.status_code in (403, 200), where


async def test_a_thing_of_another_is_answered_in_the_words_of_one_that_is_not_there(us, theirs):
    places = {"appointments": "appointment_id", "visits": "visit_id", "loads": "load_id", "exceptions": "exception_id"}
    for place, name in places.items():
        alien = await us[Role.ENTERPRISE].get(f"/v1/{place}/{theirs[name]}")
        none = await us[Role.ENTERPRISE].get(f"/v1/{place}/nobody")

        assert (alien.status_code, none.status_code) == (404, 404)
        assert alien.json() == {
            key: value.replace("nobody", theirs[name]) if isinstance(value, str) else value
            for key, value in none.json().items()
        }


async def test_lists_hold_what_is_the_callers_whatever_they_are_asked(us, mine, theirs):
    enterprise = us[Role.ENTERPRISE]
    for role, path, name in (
        (Role.ENTERPRISE, "/v1/appointments", "appointment_id"),
        (Role.DRIVER, "/v1/appointments", "appointment_id"),
        (Role.WAREHOUSE, "/v1/appointments", "appointment_id"),
        (Role.GATE, "/v1/appointments", "appointment_id"),
        (Role.ENTERPRISE, f"/v1/visits?day={DAY}", "visit_id"),
        (Role.DRIVER, f"/v1/visits?day={DAY}", "visit_id"),
        (Role.WAREHOUSE, f"/v1/visits?day={DAY}", "visit_id"),
        (Role.ENTERPRISE, "/v1/loads", "load_id"),
        (Role.ENTERPRISE, "/v1/trucks", "plate"),
        (Role.ENTERPRISE, "/v1/offers", "offer_id"),
        (Role.DRIVER, "/v1/offers", "offer_id"),
        (Role.ENTERPRISE, "/v1/exceptions", "exception_id"),
        (Role.DRIVER, "/v1/exceptions", "exception_id"),
    ):
        items = (await us[role].get(path)).json()["items"]
        assert [each.get("id", each.get("plate")) for each in items] == [mine[name]], (role, path)

    both = await us[Role.AUDITOR].get("/v1/appointments")
    assert {each["id"] for each in both.json()["items"]} == {mine["appointment_id"], theirs["appointment_id"]}
    alien = await enterprise.get("/v1/appointments?carrier=c2")
    assert alien.status_code == 403
    assert (await enterprise.get("/v1/appointments?carrier=c1&carrier=c2")).status_code == 403


async def test_pages_go_on_where_they_stopped_for_a_tenant_too(us, client):
    for number in range(1, 8):
        await client.post("/v1/visits", json=wishing(number, carrier="c1" if number % 2 else "c2"))

    seen, cursor = [], {}
    while cursor is not None:
        page = (await us[Role.ENTERPRISE].get("/v1/visits", params={"day": DAY, "limit": 2, **cursor})).json()
        seen += [each["plate"] for each in page["items"]]
        cursor = {"cursor": page["next"]} if page["next"] else None

    assert sorted(seen) == [plate(1), plate(3), plate(5), plate(7)]


async def test_a_request_for_anothers_truck_or_load_is_refused(us, theirs):
    enterprise, driver = us[Role.ENTERPRISE], us[Role.DRIVER]

    trucks = await enterprise.post("/v1/appointments", json=asking(2))
    taken = await enterprise.put(f"/v1/trucks/{plate(2)}", json=announcing())
    load = await enterprise.post("/v1/appointments", json=asking(5, load=theirs["load_id"]))
    none = await enterprise.post("/v1/appointments", json=asking(5, load="nobody"))
    carrier = await driver.post("/v1/appointments", json=asking(1, carrier="c2"))
    rows = await enterprise.post("/v1/visits/bulk", json={"visits": [wishing(2), wishing(5), wishing(6, carrier="c2")]})

    assert (trucks.status_code, taken.status_code, carrier.status_code) == (403, 403, 403)
    assert (load.status_code, none.status_code) == (422, 422)
    assert load.json()["errors"][0]["problem"].endswith("is not a load known here")
    assert [row["status"] for row in rows.json()["rows"]] == ["refused", "created", "refused"]


async def test_an_idempotency_key_is_its_tenants_own(us, client):
    theirs = await client.post("/v1/loads", json=posting(), headers={"Idempotency-Key": "one"})
    mine = await us[Role.ENTERPRISE].post(
        "/v1/loads", json=posting(enterprise="c1"), headers={"Idempotency-Key": "one"}
    )
    again = await us[Role.ENTERPRISE].post(
        "/v1/loads", json=posting(enterprise="c1"), headers={"Idempotency-Key": "one"}
    )

    assert (theirs.status_code, mine.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert mine.json()["id"] == again.json()["id"] != theirs.json()["id"]


def test_a_route_without_a_row_is_the_operators_alone():
    assert set(row_of("POST", "/v1/unheard-of")) == {Role.OPERATOR}
    assert cell_of(row_of("POST", "/v1/unheard-of"), Caller(Role.OPERATOR)).body == ()


async def test_what_room_a_carrier_or_truck_has_is_told_to_its_own_alone(client, us, mine, theirs):
    asked = {"warehouse": mine["warehouse"], "day": str(DAY), "dock_kind": "container"}
    path = f"/v1/carriers/{mine['carrier']}/availability"
    enterprise = us[Role.ENTERPRISE]

    own = await enterprise.get(path, params=asked | {"truck": mine["truck"]})
    alien = await enterprise.get(path, params=asked | {"truck": theirs["truck"]})
    nobody = {"Authorization": ""}
    keyless = await client.get("/v1/availability", params=asked | {"truck": theirs["truck"]}, headers=nobody)

    assert (own.status_code, own.json()["truck"]) == (200, mine["truck"])
    assert any(mine["truck"] in (slot["obstacle"] or "") for slot in own.json()["slots"])
    assert alien.status_code == 404
    assert keyless.status_code == 422


async def test_an_id_that_another_tenant_has_chosen_is_free_and_nothing_is_told_of_his(us, client, app):
    async with clients_of(app, client, THEIRS) as them:
        for path, mine, alien in (
            ("/v1/loads", posting(enterprise="c1", id="order-7"), posting(enterprise="c2", id="order-7")),
            ("/v1/visits", wishing(1, carrier="c1", id="v-7"), wishing(2, carrier="c2", id="v-7")),
        ):
            theirs = await them[Role.ENTERPRISE].post(path, json=alien)
            ours = await us[Role.ENTERPRISE].post(path, json=mine)
            again = await us[Role.ENTERPRISE].post(path, json=mine)
            by_its_name = await us[Role.ENTERPRISE].post(path, json=mine | {"id": ours.json()["id"]})
            squat = await us[Role.ENTERPRISE].post(path, json=mine | {"id": theirs.json()["id"]})

            assert [each.status_code for each in (theirs, ours, again, by_its_name)] == [201, 201, 409, 409]
            assert (theirs.json()["id"], ours.json()["id"]) == (f"c2.{alien['id']}", f"c1.{mine['id']}")
            assert ours.headers["Location"] == f"{path}/{ours.json()['id']}"
            assert (squat.status_code, squat.json()["id"]) == (201, f"c1.c2.{alien['id']}")
            assert (await us[Role.ENTERPRISE].get(f"{path}/{ours.json()['id']}")).status_code == 200

        other = (await client.post("/v1/keys", json={"role": "driver", "tenant": plate(3), "carrier": "c1"})).json()
        drivers = (
            us[Role.DRIVER],
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://park",
                headers={"Authorization": f"Bearer {other['key']}"},
            ),
        )
        made = [
            await each.post("/v1/visits", json=wishing(n, id="v-8")) for n, each in zip((1, 3), drivers, strict=True)
        ]
        await drivers[1].aclose()
        assert [each.status_code for each in made] == [201, 201]

    rows = [posting(enterprise="c1", id="order-8"), posting(enterprise="c1", id="x" * 63)]
    bulk = (await us[Role.ENTERPRISE].post("/v1/loads/bulk", json={"loads": rows})).json()["rows"]
    assert [(row["status"], row.get("id")) for row in bulk] == [("created", "c1.order-8"), ("refused", None)]
    assert (await client.post("/v1/loads", json=posting(id="order-8"))).json()["id"] == "order-8"


def test_no_two_tenants_ids_are_the_same():
    def kept(tenant, chosen):
        return Caller(Role.ENTERPRISE, tenant).own_id(chosen)

    assert len({kept("A", "B.x"), kept("A.B", "x"), kept("A.", "B.x"), kept("A..B", "x"), kept("A", "x")}) == 5
    assert kept("A", kept("A", "x")) == kept("A", "x")
    assert kept("A", kept("A.B", "x")) not in {kept("A.B", "x"), kept("A", "x")}
