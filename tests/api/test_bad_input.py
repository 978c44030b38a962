import asyncio
import json

import httpx
import pytest

from api.http.app import create_app
from api.http.problems import KINDS, STATUS_OF
from dispatch.model.refusals import Refusal
from tests.api.conftest import BEARER, KEY
from tests.api.tiny import DAY, announcing, asking, plate, posting, wishing

pytestmark = [pytest.mark.anyio, pytest.mark.store]


def is_problem(answer, status, code=None):
    document = answer.json()
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert code is None or document["type"] == f"/problems/{code}"
    return document


KEYED = [
    ("POST", "/v1/appointments"),
    ("GET", "/v1/appointments"),
    ("GET", "/v1/appointments/a"),
    ("POST", "/v1/appointments/a/cancel"),
    ("POST", "/v1/visits"),
    ("POST", "/v1/visits/bulk"),
    ("GET", "/v1/visits"),
    ("POST", "/v1/loads"),
    ("POST", "/v1/loads/bulk"),
    ("GET", "/v1/loads"),
    ("POST", "/v1/loads/a/withdraw"),
    ("PUT", "/v1/trucks/a"),
    ("GET", "/v1/trucks"),
    ("POST", "/v1/plans"),
    ("GET", "/v1/plans"),
    ("POST", "/v1/plans/a/cancel"),
    ("GET", "/v1/matches"),
]


@pytest.mark.parametrize(("method", "path"), KEYED)
async def test_without_the_key_nothing_is_told_or_done(client, method, path):
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"X-API-Key": KEY + " x"},
    ):
        client.headers.pop("Authorization", None)
        answer = await client.request(method, path, content=b"{", headers=headers)

        is_problem(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_the_key_is_taken_as_bearer_or_as_its_own_header(client):
    client.headers.pop("Authorization")

    for headers in (BEARER, {"authorization": f"bearer  {KEY}"}, {"X-API-Key": KEY}):
        assert (await client.get("/v1/loads", headers=headers)).status_code == 200


async def test_the_park_its_availability_and_the_service_itself_are_open(client):
    client.headers.pop("Authorization")
    free = {"warehouse": "w1", "dock_kind": "reefer", "day": str(DAY)}

    for path in ("/v1/park", "/healthz", "/readyz", "/metrics", "/openapi.json", "/problems/gate-full"):
        assert (await client.get(path)).status_code == 200
    assert (await client.get("/v1/availability", params=free)).status_code == 200


async def test_unknown_paths_and_methods_are_problems_too(client):
    is_problem(await client.get("/nope"), 404, "no-such-path")
    is_problem(await client.get("/v1/loads/"), 404, "no-such-path")
    answer = await client.delete("/v1/loads")
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, POST"


async def test_a_body_that_is_not_said_to_be_json_is_refused(client):
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}, {}):
        answer = await client.post("/v1/loads", content=json.dumps(posting()), headers=headers)
        is_problem(answer, 415, "unsupported-media-type")


async def test_a_charset_beside_json_is_fine(client):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}

    assert (await client.post("/v1/loads", content=json.dumps(posting()), headers=headers)).status_code == 201


async def chunks(size):
    for _ in range(size // 1000):
        yield b" " * 1000


async def test_a_body_over_the_bound_is_refused_said_or_unsaid(client, parts):
    for content in (b" " * (parts.limits.body_bytes + 1), chunks(parts.limits.body_bytes + 2000)):
        answer = await client.post("/v1/loads", content=content, headers={"Content-Type": "application/json"})
        is_problem(answer, 413, "body-too-large")


async def test_a_bulk_body_may_be_larger_but_has_its_bound_too(client, parts):
    headers = {"Content-Type": "application/json"}
    fine = b'{"loads": []' + b" " * parts.limits.body_bytes + b"}"

    assert (await client.post("/v1/loads/bulk", content=fine, headers=headers)).status_code == 200
    answer = await client.post("/v1/loads/bulk", content=chunks(parts.limits.bulk_bytes + 2000), headers=headers)
    is_problem(answer, 413, "body-too-large")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"\xff\xfe",
        b'{"plate": "\\ud800"}',
        b'{"plate": "\xed\xa0\x80"}',
        b'{"minutes": NaN}',
        b'{"minutes": 1' + b"0" * 400 + b"}",
        b'{"minutes": Infinity}',
        b"[" * 5000,
        b'{"a":' * 3000,
    ],
)
@pytest.mark.parametrize("path", ["/v1/appointments", "/v1/visits", "/v1/loads", "/v1/loads/bulk", "/v1/plans"])
async def test_what_is_no_json_object_is_refused(client, path, content):
    answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})

    document = is_problem(answer, 422, "invalid-request")
    assert document["errors"][0]["field"].startswith("body")


JUNK = [
    None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**64, 10**30, [], {}, [1], {"a": 1}, 1764028800,
    "", " ", "x" * 10_000, "a\x00b", "a\nb", "\u202eabc", "😀", "NaN", "1764028800", "2026-11-25",
    "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59Z", "2026-11-25T09:00:00", "2026-02-30T09:00:00+08:00",
    "2026-11-25T09:00:00+99:00",
]  # fmt: skip
BODIES = [
    ("POST", "/v1/appointments", asking(minutes=15, load=None)),
    ("POST", "/v1/visits", wishing(minutes=15, weight=1, id="v-1", load=None)),
    ("POST", "/v1/loads", posting(price=1, id="l-1", pickup_visit=None, delivery_visit=None)),
    ("PUT", f"/v1/trucks/{plate(1)}", announcing()),
    ("POST", "/v1/plans", {"day": str(DAY), "seconds": 5, "seed": 1}),
]
OPTIONAL = {"minutes", "load", "id", "price", "pickup_visit", "delivery_visit", "dock_kind"}  # null says: left out


MAY_BE_0 = {"price", "load_minutes", "unload_minutes"}
ANY_ID = {"id", "pickup_visit", "delivery_visit"}  # names that need not be known yet


def acceptable(path, name, junk):
    """Answer whether the value may stand in the field after all."""
    if junk is None:
        return name in OPTIONAL
    if name in ANY_ID or (name, path) == ("load", "/v1/visits"):
        return junk in ("2026-11-25", "1764028800", "NaN")
    if name == "seed":
        return type(junk) is int and 0 <= junk < 2**31
    return (name in MAY_BE_0 and type(junk) is int and junk == 0) or (name == "day" and junk == "2026-11-25")


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
async def test_junk_in_any_field_is_refused_by_its_name(client, method, path, body):
    for name in body:
        for junk in JUNK:
            if acceptable(path, name, junk):
                continue
            content = json.dumps(body | {name: junk})
            answer = await client.request(method, path, content=content, headers={"Content-Type": "application/json"})

            document = is_problem(answer, 422)
            assert document["errors"][0]["field"] == f"body.{name}", (name, junk, document)


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
async def test_a_missing_field_and_one_too_many_are_named(client, method, path, body):
    more = await client.request(method, path, json=body | {"colour": "red"})
    none = await client.request(method, path, json={})

    assert is_problem(more, 422)["errors"] == [{"field": "body.colour", "problem": "is not a known field"}]
    assert {each["problem"] for each in is_problem(none, 422)["errors"]} == {"is missing"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"earliest": "2026-11-25T10:00:00+08:00"}, "earliest must not be after latest"),
        ({"latest": "2027-11-25T10:00:00+08:00"}, "latest must be within 7 days of earliest"),
    ],
)
async def test_a_window_that_is_none_is_refused(client, change, problem):
    answer = await client.post("/v1/appointments", json=asking(**change))

    assert is_problem(answer, 422)["errors"][0]["problem"] == problem


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "ключ".encode(), "a#1", "a;b"])
async def test_an_idempotency_key_of_other_signs_is_refused(client, key):
    answer = await client.post("/v1/loads", json=posting(), headers={"Idempotency-Key": key})

    assert is_problem(answer, 422)["errors"][0]["field"] == "header.Idempotency-Key"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/appointments?limit=0", "query.limit"),
        ("/v1/appointments?limit=201", "query.limit"),
        ("/v1/appointments?limit=true", "query.limit"),
        ("/v1/appointments?limit=99999999999999999999999", "query.limit"),
        ("/v1/appointments?truk=a", "query.truk"),
        ("/v1/appointments?truck=a", "query.truck"),
        ("/v1/appointments?slot=3", "query"),
        ("/v1/appointments?day=2026-02-30", "query.day"),
        ("/v1/appointments?day=0001-01-01", "query.day"),
        ("/v1/appointments?day=1764028800", "query.day"),
        ("/v1/appointments?day=2026-11-25&slot=-1", "query.slot"),
        ("/v1/appointments?cursor=!", "query.cursor"),
        ("/v1/appointments?cursor=AAAA", "query.cursor"),
        ("/v1/appointments?warehouse=%00", "query.warehouse"),
        ("/v1/loads?state=lost", "query.state"),
        ("/v1/visits", "query.day"),
        ("/v1/availability?warehouse=w1&dock_kind=reefer", "query.day"),
        ("/v1/appointments/%00", "path.appointment_id"),
        ("/v1/trucks/nobody", "path.plate"),
    ],
)
async def test_a_query_or_path_that_cannot_be_is_refused_by_its_name(client, path, field):
    assert is_problem(await client.get(path), 422)["errors"][0]["field"] == field


async def test_availability_of_what_is_not_there_names_the_parameter(client):
    asked = {"warehouse": "w9", "dock_kind": "reefer", "day": str(DAY)}

    nowhere = await client.get("/v1/availability", params=asked)
    no_docks = await client.get("/v1/availability", params=asked | {"warehouse": "w1", "dock_kind": "bulk"})

    assert is_problem(nowhere, 422)["errors"][0]["field"] == "query.warehouse"
    assert is_problem(no_docks, 422)["errors"][0]["field"] == "query.dock_kind"


async def test_a_cursor_of_another_list_is_refused(client):
    for number in (1, 2):
        await client.post("/v1/loads", json=posting(id=f"l-{number}"))
    cursor = (await client.get("/v1/loads?limit=1")).json()["next"]

    assert (await client.get("/v1/loads", params={"limit": 1, "cursor": cursor})).status_code == 200
    for path in ("/v1/loads?state=posted", "/v1/appointments?limit=1", "/v1/trucks?"):
        answer = await client.get(f"{path}&cursor={cursor}")
        assert is_problem(answer, 422)["errors"][0]["field"] == "query.cursor"


def all_refusals(kind=Refusal):
    return {each for child in kind.__subclasses__() for each in ({child} | all_refusals(child))}


def test_every_refusal_has_its_status_and_its_text():
    assert set(STATUS_OF) == all_refusals()
    assert len(KINDS) == len({kind.type for kind in KINDS.values()})


@pytest.mark.parametrize("code", sorted(KINDS))
async def test_every_problem_type_can_be_read_at_its_path(client, code):
    answer = await client.get(KINDS[code].type)

    assert answer.status_code == 200
    assert answer.json()["title"] == KINDS[code].title


async def test_a_fault_of_the_service_is_told_without_its_inside(parts):
    app = create_app(parts)
    app.state.park_json = object()  # a fault of the program: no bytes
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async with httpx.AsyncClient(transport=transport, base_url="http://park") as client:
        answer = await client.get("/v1/park")

    is_problem(answer, 500, "internal-error")
    assert "Traceback" not in answer.text
    assert "object" not in answer.text


async def test_faults_in_many_requests_at_once_stay_with_their_own(client):
    bodies = [asking(number) if number % 2 else {"junk": number} for number in range(40)]

    answers = await asyncio.gather(*(client.post("/v1/appointments", json=body) for body in bodies))

    assert [answer.status_code for answer in answers] == [201 if number % 2 else 422 for number in range(40)]
