"""The OpenAPI document is walked: everything is told, every example works, and no answer differs from what is told."""

from urllib.parse import quote

import jsonschema_rs
import pytest

from api.http.authorisation import MATRIX, OPEN
from tests.api.tiny import posting

pytestmark = [pytest.mark.anyio, pytest.mark.store]

METHODS = ("get", "put", "post", "delete", "patch")


def operations(document):
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def success(operation):
    ((status, answer),) = [(status, told) for status, told in operation["responses"].items() if status[0] == "2"]
    return int(status), next(iter(answer["content"].values()))


def schema_of(document, schema):
    return schema | {"components": document["components"]}


@pytest.fixture
async def document(client):
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


async def test_the_document_is_openapi_3_1_with_every_operation_explained(document):
    assert document["openapi"] == "3.1.0"
    for path, _, operation in operations(document):
        assert operation["operationId"], path
        assert operation["description"], path
        assert operation["tags"], path


async def test_every_operation_has_a_real_example_of_its_request_and_its_response(document):
    for path, method, operation in operations(document):
        status, answer = success(operation)
        assert answer["example"] is not None, (method, path, status)
        if "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"]["example"], (method, path)
        for parameter in operation.get("parameters", ()):
            if parameter["required"]:
                assert parameter["example"], (method, path, parameter["name"])


async def test_every_example_is_what_its_schema_allows(document):
    for path, method, operation in operations(document):
        _, answer = success(operation)
        assert jsonschema_rs.is_valid(schema_of(document, answer["schema"]), answer["example"]), (method, path)
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            assert jsonschema_rs.is_valid(schema_of(document, content["schema"]), content["example"]), (method, path)
        for status, told in operation["responses"].items():
            if status[0] != "2":
                for example in told["content"]["application/problem+json"]["examples"].values():
                    schema = schema_of(document, {"$ref": "#/components/schemas/Problem"})
                    assert jsonschema_rs.is_valid(schema, example["value"]), (method, path, status)


def call_of(path, operation):
    """Return the path with its example filled in, the query and the body."""
    given = {
        parameter["name"]: (parameter["in"], parameter.get("example")) for parameter in operation.get("parameters", ())
    }
    for name, (where, example) in given.items():
        if where == "path":
            path = path.replace(f"{{{name}}}", quote(str(example)))
    query = {name: example for name, (where, example) in given.items() if where == "query" and example is not None}
    body = operation["requestBody"]["content"]["application/json"]["example"] if "requestBody" in operation else None
    return path, query, body


async def test_every_example_works_when_it_is_sent_as_it_stands(client, document):
    """Those that name a thing by an id need it made first: they are found, or honestly not found."""
    for path, method, operation in operations(document):
        where, query, body = call_of(path, operation)

        answer = await client.request(method, where, params=query, json=body)

        needs_a_thing = "{" in path and operation["operationId"] != "get_problem" and method != "put"
        expected = {success(operation)[0]} | ({404} if needs_a_thing else set())
        expected |= {404, 409} if path.startswith("/v1/gate/") and method == "post" else set()  # nobody is there yet
        assert answer.status_code in expected, (method, where, answer.text)


async def test_every_answer_that_can_be_had_fits_the_schema_it_is_told_with(client, document):
    await client.post("/v1/loads", json=posting(id="load-81d3"))
    checked = 0
    for path, method, operation in operations(document):
        where, query, body = call_of(path, operation)
        answer = await client.request(method, where, params=query, json=body)
        status, told = success(operation)
        if answer.status_code == status and answer.headers["content-type"] == "application/json":
            assert jsonschema_rs.is_valid(schema_of(document, told["schema"]), answer.json()), (
                method,
                path,
                answer.text,
            )
            checked += 1
    assert checked > 15


async def test_what_needs_the_key_says_so_and_the_rest_does_not(document):
    keyed = {operation["operationId"] for _, _, operation in operations(document) if operation.get("security")}
    told_401 = {operation["operationId"] for _, _, operation in operations(document) if "401" in operation["responses"]}
    every = {operation["operationId"] for _, _, operation in operations(document)}

    assert keyed == told_401
    assert every - keyed == {
        "get_park", "get_availability", "get_availability_by_hour",
        "get_health", "get_readiness", "get_metrics", "get_problem",
        "get_public_keys", "get_gate_key",
    }  # fmt: skip


async def test_every_route_has_a_row_in_the_matrix_and_no_row_is_without_a_route(app):
    routes = {(min(route.methods), route.path): route for route in app.state.routes}

    assert set(routes) == set(MATRIX), "api/http/authorisation.py says who may do what"
    for place, route in routes.items():
        assert (MATRIX[place] is OPEN) == (not route.needs_key), place


async def test_every_creating_post_takes_an_idempotency_key(document):
    taking = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    }

    assert taking == {"request_appointment", "post_visit", "post_visits", "post_load", "post_loads", "start_plan",
        "admit_walk_in", "create_key", "create_webhook", "make_closure", "make_series", "report_exception",
        "accept_offer", "request_appointments", "start_matching_round", "start_scenario", "rotate_webhook_secret",
    }  # fmt: skip
