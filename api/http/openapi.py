"""The OpenAPI document: problems on every operation, the key, and examples that work on this very park."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http import csv_rows
from api.http.answers import Problem
from api.http.examples import Example
from api.http.problems import (
    ANSWER_LOST,
    BODY_TOO_LARGE,
    FORBIDDEN,
    INVALID_REQUEST,
    KINDS,
    MEDIA_TYPE,
    TOO_MANY_REQUESTS,
    TOO_SLOW,
    UNAUTHORIZED,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
    document,
)
from api.http.rim import UNLIMITED, OpenRoute
from api.http.sse import MEDIA_TYPE as EVENT_STREAM
from dispatch.model.refusals import AlreadyThere, KeyReused, NotThere, Refusal, StoreFull, StoreUnavailable

Responses = dict[int | str, dict[str, Any]]
Told = Kind | type[Refusal]

DESCRIPTION = """Entry slots and return loads for a logistics park, planned together.

Every error is a problem document (RFC 9457); its `type` is stable and can be read at that path. Times are RFC 3339
with offset, in the park's zone. A POST that creates takes an `Idempotency-Key`: repeated with the same body it is done
once, and the repeat says `Idempotency-Replayed: true`. A refused request is not remembered: repeated, it is tried anew.
"""

KEY = "operator"
SECURITY: list[dict[str, list[str]]] = [{KEY: []}, {f"{KEY}-header": []}]
READING: tuple[Told, ...] = (UNAUTHORIZED, INVALID_REQUEST, StoreUnavailable)
CHANGING: tuple[Told, ...] = (*READING, StoreFull, NotThere, BODY_TOO_LARGE, ANSWER_LOST)
CREATING: tuple[Told, ...] = (
    *READING,
    StoreFull,
    ANSWER_LOST,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    KeyReused,
    AlreadyThere,
)
_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true` when an earlier request with this key was answered; else absent.",
        "schema": {"type": "string"},
    }
}
SENT_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One server-sent event of the stream.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "For Last-Event-ID."},
        "event": {"type": "string", "description": "What kind of event it is."},
        "data": {"type": "string", "description": "A JSON document.", "contentMediaType": "application/json"},
        "retry": {"type": "integer", "description": "Milliseconds after which a client asks again."},
    },
}


def told(*kinds: Told, success: int = 200) -> Responses:
    """Return the documented responses: the headers of success, and the problems grouped by status."""
    if UNAUTHORIZED in kinds:
        kinds = (*kinds, FORBIDDEN, TOO_MANY_REQUESTS)
    if BODY_TOO_LARGE in kinds:
        kinds = (*kinds, TOO_SLOW)
    found = {kind.code: kind for kind in (each if isinstance(each, Kind) else KINDS[each.code] for each in kinds)}
    grouped: dict[int, list[Kind]] = {}
    for kind in found.values():
        grouped.setdefault(kind.status, []).append(kind)
    responses: Responses = {status: _problem_response(group) for status, group in sorted(grouped.items())}
    headers = {**_ETAG, **(_REPLAYED if KeyReused.code in found else {})}
    responses[success] = {"description": "Done.", "headers": headers}
    return responses


def also_as(media_type: str, responses: Responses) -> Responses:
    """Return the responses with success told in another media type, too where a model tells it as JSON."""
    success = next(status for status in responses if str(status).startswith("2"))
    schema = SENT_EVENT if media_type == EVENT_STREAM else {"type": "string"}
    return {**responses, success: {**responses[success], "content": {media_type: {"schema": schema}}}}


def _problem_response(kinds: list[Kind]) -> dict[str, Any]:
    return {
        "description": " ".join(kind.title for kind in kinds),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.code: {"value": document(kind, kind.advice)} for kind in kinds},
            }
        },
    }


def make_document(app: FastAPI, routes: Iterable[OpenRoute], examples: Mapping[str, Example]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the routes, with an example per operation id."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    components = made.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    components.setdefault("schemas", {}).update(problem.pop("$defs", {}))
    components["schemas"]["Problem"] = problem
    components["securitySchemes"] = {
        KEY: {"type": "http", "scheme": "bearer"},
        f"{KEY}-header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    bulky = {route.operation_id for route in routes if route.is_bulk}
    route_by_id = {route.operation_id: route for route in routes}
    for operation in (each for path in made["paths"].values() for each in path.values()):
        operation["security"] = SECURITY if route_by_id[operation["operationId"]].needs_key else []
        if route_by_id[operation["operationId"]].path not in UNLIMITED:
            operation["responses"].setdefault("429", _problem_response([TOO_MANY_REQUESTS]))
        _add_example(operation, examples[operation["operationId"]])
        if operation["operationId"] in bulky:
            _add_csv(operation)
    plain: dict[str, Any] = orjson.loads(orjson.dumps(made))  # times and days as they are sent
    return plain


def _add_csv(operation: dict[str, Any]) -> None:
    """Tell that the rows may come as CSV too."""
    content = operation["requestBody"]["content"]
    ((row, *_),) = content["application/json"]["example"].values()
    content[csv_rows.MEDIA_TYPE] = {"schema": {"type": "string"}, "example": csv_rows.example_of(row)}


def _add_example(operation: dict[str, Any], example: Example) -> None:
    if "requestBody" in operation:
        operation["requestBody"]["content"]["application/json"]["example"] = example.body
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            media = answer["content"].get("application/json") or next(iter(answer["content"].values()))
            media["example"] = example.response
