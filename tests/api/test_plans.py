import orjson
import pytest

from dispatch.model.callers import Role
from dispatch.planning.whole_day import Budget, Watch
from dispatch.roads.estimate import estimated
from dispatch.services.day_planning import Order, Surroundings, plan_and_publish
from dispatch.worker.jobs import change, find_job
from tests.api.callers import MINE, clients_of
from tests.api.tiny import DAY, at, later, posting, wishing

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


async def planned(client, parts, clock):
    """Plan the day as the worker does; return the plan's path."""
    where = (await client.post("/v1/plans", json={"day": str(DAY), "seconds": 1})).headers["Location"]
    kept = await find_job(parts.desk.store, where.rpartition("/")[2])
    started = kept.job.moved("start", attempt=1, started_at=clock())
    await parts.desk.store.commit(change(parts.desk.keys, kept, started, "start"))
    at_hand = Surroundings(parts.desk.park, estimated(parts.desk.park), parts.desk.store, clock)
    result = await plan_and_publish(at_hand, Order(kept.job.id, DAY, Budget(0.5, 0.5)), Watch())
    done = started.moved("succeed", result=orjson.loads(orjson.dumps(result)), finished_at=clock())
    await parts.desk.store.commit(
        change(parts.desk.keys, await find_job(parts.desk.store, kept.job.id), done, "succeed")
    )
    return where


async def test_a_plan_is_explained_by_day_to_the_park_and_by_visit_to_whose_it_is(app, client, parts, clock):
    narrow = {"earliest": at("09:00"), "latest": at("09:30")}
    visits = [
        (await client.post("/v1/visits", json=wishing(n, carrier="c1" if n < 6 else "c2", **narrow))).json()["id"]
        for n in range(1, 8)
    ]
    where = await planned(client, parts, clock)

    day = (await client.get(f"{where}/explanations", params={"seconds": 1})).json()
    async with clients_of(app, client, MINE) as mine:
        enterprise = mine[Role.ENTERPRISE]
        own = await enterprise.get(f"{where}/explanations/{visits[1]}", params={"seconds": 0.5})
        alien = await enterprise.get(f"{where}/explanations/{visits[6]}")
        whole = await enterprise.get(f"{where}/explanations")
        auditor = await mine[Role.AUDITOR].get(f"{where}/explanations", params={"seconds": 0.2})

    assert (day["visits"], day["unplaced"]) == (7, 1)  # two docks, three slots
    assert day["scarcest"][0]["worth"] > 0
    assert {each["resource"] for each in day["dock_groups"]} == {"dock group w1-reefer all day"}
    left_out = day["explained"][0]
    assert left_out["starts_at"] is None
    assert all("dock group w1-reefer" in full["resource"] for full in left_out["better"][0]["full"])
    assert (own.status_code, own.json()["visit"], own.json()["plan"]) == (200, visits[1], where.rpartition("/")[2])
    assert [each.status_code for each in (alien, whole, auditor)] == [404, 403, 200]


async def test_a_plan_that_is_not_there_or_not_done_and_a_visit_of_another_day_are_not_explained(client, parts, clock):
    waiting = (await client.post("/v1/plans", json={"day": str(DAY)})).headers["Location"]
    where = await planned(client, parts, clock)
    moments = {name: at(clock_text, later(1)) for name, clock_text in
               (("wish", "09:00"), ("earliest", "08:00"), ("latest", "10:00"))}  # fmt: skip
    other = (await client.post("/v1/visits", json=wishing(1) | moments)).json()["id"]

    assert (await client.get("/v1/plans/nothing/explanations")).status_code == 404
    assert (await client.get(f"{waiting}/explanations")).json()["type"] == "/problems/wrong-state"
    assert (await client.get(f"{where}/explanations/{other}")).status_code == 404
    assert (await client.get(f"{where}/explanations", params={"seconds": 11})).status_code == 422
