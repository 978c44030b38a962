import pytest

from api.tasks import TASKS
from dispatch.services.matching_rounds import JOB_NAME
from tests.api.tiny import posting

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def test_a_round_is_taken_as_a_job_and_can_be_watched(client, parts):
    answer = await client.post("/v1/matching-rounds", json={"ahead_minutes": 30})

    assert (answer.status_code, answer.json()["state"], answer.json()["ahead_minutes"]) == (202, "queued", 30)
    seen = await client.get(answer.headers["Location"])
    assert seen.json() == answer.json()
    assert [job.name for job in (await parts.jobs.list()).jobs] == [JOB_NAME]
    assert JOB_NAME in TASKS


async def test_a_round_asked_for_twice_under_one_key_is_one_job(client, parts):
    first, again = [
        await client.post("/v1/matching-rounds", json={}, headers={"Idempotency-Key": "r"}) for _ in range(2)
    ]

    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await parts.jobs.list()).jobs) == 1


@pytest.mark.parametrize("ahead", [-1, 1441, True, "soon"])
async def test_how_far_ahead_must_be_minutes_of_a_day(client, ahead):
    answer = await client.post("/v1/matching-rounds", json={"ahead_minutes": ahead})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.ahead_minutes")


async def test_a_job_that_is_no_round_is_not_found_among_rounds(client, parts, clock):
    job = await parts.jobs.submit("simulate", {}, clock.now)

    assert (await client.get(f"/v1/matching-rounds/{job.id}")).status_code == 404


async def test_a_load_says_whom_it_blocks_and_only_known_carriers_can_be(client):
    taken = await client.post("/v1/loads", json=posting(blocked_carriers=["c1"]))
    refused = await client.post("/v1/loads", json=posting(blocked_carriers=["c1", "nobody"]))

    assert taken.json()["blocked_carriers"] == ["c1"]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body.blocked_carriers[1]")
