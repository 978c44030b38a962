"""`parkdispatch keys`, as a process: beside a service that runs, and when none does."""

import time

import httpx
import orjson
import pytest

from api.http.identity import KNOWN_SECONDS
from tests.api.cli.commands import assert_refused, parkdispatch
from tests.api.cli.service import Service, free_port

pytestmark = pytest.mark.store


def test_the_first_keys_are_made_before_the_service_runs_and_revoked_while_it_does(tmp_path):
    first = parkdispatch("keys", "create", "--role", "enterprise", "--tenant", "E001", cwd=tmp_path)
    assert first.code == 0, first.err
    key = first.out.strip()

    service = Service(tmp_path, free_port())
    try:
        service.wait()
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{service.base}/v1/loads", headers=headers).status_code == 200
        (listed,) = orjson.loads(parkdispatch("keys", "list", "--json", cwd=tmp_path).out)["keys"]
        assert (listed["role"], listed["tenant"], listed["last_used_at"] is None) == ("enterprise", "E001", False)

        assert parkdispatch("keys", "revoke", listed["id"], cwd=tmp_path).code == 0
        assert_refused(parkdispatch("keys", "revoke", listed["id"], cwd=tmp_path), "was revoked")
        time.sleep(KNOWN_SECONDS)
        assert httpx.get(f"{service.base}/v1/loads", headers=headers).status_code == 401
    finally:
        service.kill()
    log = service.log.read_text()
    assert key not in log
    assert (tmp_path / "var" / "operator.key").read_text().strip() not in log


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--role", "enterprise"), ("--tenant", "missing")),
        (("--role", "enterprise", "--tenant", "nobody"), ("--tenant", "nobody")),
        (("--role", "king"), ("--role",)),
    ],
)
def test_a_key_for_nobody_is_one_line_and_exit_code_2(tmp_path, options, words):
    said = parkdispatch("keys", "create", *options, cwd=tmp_path)

    assert said.code == 2
    assert said.out == ""
    for word in words:
        assert word in said.err.splitlines()[-1]
