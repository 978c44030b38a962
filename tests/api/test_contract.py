"""Schemathesis sends what the OpenAPI document allows and what it forbids: no 5xx, nothing that is not told."""

import hashlib

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.http.app import create_app
from api.http.parts import Parts
from dispatch.services.desk import Desk
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from tests.api.conftest import BEARER
from tests.api.over_tcp import running_service
from tests.api.tiny import NOW, tiny_park

pytestmark = pytest.mark.store

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


def told():
    """Return the operations of the document, each in both modes; making the document asks no store."""
    store = Store("unix:///nowhere", "told")
    digest = hashlib.sha256(b"key").digest()
    app = create_app(Parts(Desk(tiny_park(docks=50, entry_lanes=5), store), Jobs(store), digest, lambda: NOW))
    schema = schemathesis.openapi.from_dict(app.openapi())
    for operation in (found.ok() for found in schema.get_all_operations()):
        raw = operation.definition.raw
        yield pytest.param(operation, GenerationMode.POSITIVE, id=f"{raw['operationId']}-allowed")
        if "parameters" in raw or "requestBody" in raw:  # else nothing can be wrong with a request
            yield pytest.param(operation, GenerationMode.NEGATIVE, id=f"{raw['operationId']}-forbidden")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("contract"), 50) as started:
        yield f"http://127.0.0.1:{started.port}"


@pytest.mark.parametrize(("operation", "mode"), list(told()))
def test_the_service_does_what_its_document_says(service, operation, mode):
    @hypothesis.seed(1)
    @hypothesis.settings(
        max_examples=6,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        case.call_and_validate(base_url=service, headers=BEARER, checks=CHECKS)

    ask()
