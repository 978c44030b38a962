"""Every role asks every operation what its document allows and what it forbids: no 5xx, nothing that is not told."""

import numpy as np
import pytest

from api.contract import NOBODY, SENT_BY, Contract
from api.contract_park import furnished
from api.http.app import ROUTERS
from dispatch.model.callers import Role

pytestmark = pytest.mark.store

OPERATIONS = [route.operation_id for router in ROUTERS for route in router.routes]


@pytest.fixture(scope="module")
def contract(tmp_path_factory):
    with furnished(tmp_path_factory.mktemp("contract"), np.random.default_rng(1), with_jobs=False) as asking:
        yield asking


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_service_does_what_its_document_says_whoever_asks(contract, operation):
    assert contract.ask_round(operation, 2, seed=1) == []


def test_every_role_got_beyond_the_door(contract):
    done = {row["role"]: row["operations done"] for row in contract.account.rows()}

    assert set(done) == {*SENT_BY, "all"}
    assert done[Role.OPERATOR] >= 85
    assert all(done[role] >= 10 for role in Role)
    assert done[NOBODY] >= 5


def test_an_answer_that_is_not_told_is_found(contract):
    document = contract.document
    health = document["paths"]["/healthz"]["get"]
    told = {"201": health["responses"]["200"]}
    changed = document | {"paths": document["paths"] | {"/healthz": {"get": health | {"responses": told}}}}
    asking = Contract(contract.asked, changed)

    failures = asking.ask_round("get_health", 1, seed=1)
    asking.close()

    assert {each.sent_by for each in failures} == set(SENT_BY)
    assert all(each.wrong.startswith("200: ") and "/healthz" in each.request for each in failures)


def test_an_error_that_is_no_problem_document_is_found(contract, monkeypatch):
    monkeypatch.setattr("api.contract.KINDS", {})

    failures = contract.ask_round("get_problem", 8, seed=1)

    assert any("is no kind of problem" in each.wrong for each in failures)
