import pytest

from tests.api.tiny import DAY, posting

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def test_a_plan_is_started_as_a_job_and_looked_at(client):
    started = await client.post("/v1/plans", json={"day": str(DAY), "seconds": 5})

    looked = await client.get(started.headers["Location"])

    assert started.status_code == 202
    assert looked.json() == started.json()
    assert {name: started.json()[name] for name in ("state", "day", "seconds", "seed", "result", "progress")} == {
        "state": "queued", "day": str(DAY), "seconds": 5, "seed": 1, "result": None, "progress": [],
    }  # fmt: skip


async def test_a_plan_asked_for_twice_under_one_key_is_one_job(client, parts):
    asked = {"day": str(DAY), "seconds": 5}

    first, again = [await client.post("/v1/plans", json=asked, headers={"Idempotency-Key": "p"}) for _ in range(2)]
    other = await client.post("/v1/plans", json=asked | {"seconds": 6}, headers={"Idempotency-Key": "p"})

    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert len((await parts.jobs.list()).jobs) == 1


async def test_plans_are_listed_newest_first_without_other_jobs(client, parts, clock):
    ids = []
    for seconds in (1, 2, 3):
        clock.now = clock.now.replace(minute=seconds)
        ids.append((await client.post("/v1/plans", json={"day": str(DAY), "seconds": seconds})).json()["id"])
        await parts.jobs.submit("simulate", {}, clock.now)

    seen, cursor = [], {}
    while cursor is not None:
        page = (await client.get("/v1/plans", params={"limit": 2, **cursor})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = {"cursor": page["next"]} if page["next"] else None

    assert seen == ids[::-1]


async def test_a_plan_that_waits_is_cancelled_at_once_and_only_once(client):
    where = (await client.post("/v1/plans", json={"day": str(DAY)})).headers["Location"]

    cancelled = await client.post(f"{where}/cancel")
    again = await client.post(f"{where}/cancel")

    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/wrong-state")


async def test_a_past_day_is_not_planned(client):
    answer = await client.post("/v1/plans", json={"day": "2026-11-23"})

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/wrong-state")


async def test_a_job_that_is_no_plan_is_not_found_among_plans(client, parts, clock):
    job = await parts.jobs.submit("simulate", {}, clock.now)

    assert (await client.get(f"/v1/plans/{job.id}")).status_code == 404
    assert (await client.post(f"/v1/plans/{job.id}/cancel")).status_code == 404


async def test_jobs_are_counted_by_state(client):
    await client.post("/v1/plans", json={"day": str(DAY)})
    await client.post("/v1/loads", json=posting())

    assert 'parkdispatch_jobs{state="queued"} 1.0' in (await client.get("/metrics")).text
