"""Scenarios over HTTP: asked for, watched, read as a table, applied; the test does the job in place of a worker."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from api.predicting import WaitsKeeper
from api.scenarios import scenario_from
from api.tasks import TASKS
from api.what_if import what_if
from dispatch.roads.estimate import estimated
from dispatch.services.live_plan import read_live_plan
from dispatch.services.scenarios import JOB_NAME
from dispatch.worker.jobs import ProgressEntry, change, find_job
from dispatch.worker.tasks import TaskContext
from simulations.scenarios.live import LiveBase, Promised, live_base
from tests.api.tiny import DAY, asking, at

pytestmark = [pytest.mark.anyio, pytest.mark.store]

CLOSED = {"kind": "lane_closed", "gate": "east", "lane": 1, "from": "09:00", "to": "10:00"}


async def booked(client, wishes, first=1, **more) -> list[str]:
    answers = [
        await client.post("/v1/appointments", json=asking(first + n, wish, **more)) for n, wish in enumerate(wishes)
    ]
    assert all(answer.status_code == 201 for answer in answers), [answer.json() for answer in answers]
    return [answer.json()["id"] for answer in answers]


async def base_of(parts, day=DAY) -> LiveBase:
    plan = await read_live_plan(parts.desk.store, day)
    promised = Promised(day, plan.appointments, plan.matches, plan.loads, plan.trucks, plan.closures)
    return live_base(parts.desk.park, promised, estimated(parts.desk.park))


async def run(parts, clock, scenario_id) -> dict[str, Any]:
    """Do a scenario's job as the worker does, and return its result."""
    store = parts.desk.store
    kept = await find_job(store, scenario_id)
    news: list[dict[str, Any]] = []
    context = TaskContext(scenario_id, 1, "", "tiny", news.append, lambda: False)
    result = what_if(context, scenario_from(kept.job.arguments), await base_of(parts), clock())
    started = kept.job.moved("start", attempt=1, started_at=clock())
    done = started.with_progress([ProgressEntry(clock(), each) for each in news])
    await store.commit(change(store.keys, kept, started, "start"))
    finished = done.moved("succeed", result=orjson.loads(orjson.dumps(result)), finished_at=clock())
    await store.commit(change(store.keys, await find_job(store, scenario_id), finished, "succeed"))
    return result


async def test_a_scenario_is_taken_as_a_job_once(client, parts):
    asked = {"day": str(DAY), "changes": [CLOSED], "policy": "none", "replications": 4}

    first, again = [await client.post("/v1/scenarios", json=asked, headers={"Idempotency-Key": "s"}) for _ in range(2)]

    assert (first.status_code, first.json()["state"], first.json()["replications"]) == (202, "queued", 4)
    assert first.json()["changes"] == [CLOSED]
    assert again.json()["id"] == first.json()["id"]
    assert (await client.get(first.headers["Location"])).json() == first.json()
    assert [job.name for job in (await parts.jobs.list()).jobs] == [JOB_NAME]
    assert JOB_NAME in TASKS
    listed = (await client.get("/v1/scenarios")).json()["items"]
    assert [each["id"] for each in listed] == [first.json()["id"]]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"changes": [CLOSED | {"gate": "north"}]}, "body.changes[0].gate"),
        ({"changes": [CLOSED | {"lane": 9}]}, "body.changes[0].lane"),
        ({"changes": [{"kind": "no_show", "share": 2}]}, "body.changes[0].share"),
        ({"changes": [{"kind": "flood"}]}, "body.changes[0]"),
        ({"policy": "wishful"}, "body.policy"),
        ({"replications": 0}, "body.replications"),
        ({"base": "demo"}, "body.base"),
        ({"weather": "fine"}, "body.weather"),
    ],
)
async def test_what_cannot_be_simulated_is_refused_by_its_field(client, asked, field):
    answer = await client.post("/v1/scenarios", json={"day": str(DAY)} | asked)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


async def test_a_past_day_and_a_scenario_that_is_not_there(client):
    past = await client.post("/v1/scenarios", json={"day": "2026-11-23"})

    assert (past.status_code, past.json()["type"]) == (409, "/problems/wrong-state")
    for path in ("", "/progress", "/result.csv"):
        assert (await client.get(f"/v1/scenarios/nothing{path}")).status_code == 404


async def test_the_answer_compares_both_days_and_leaves_the_live_plan_alone(client, parts, clock):
    ids = await booked(client, ["09:00", "09:00", "09:15", "11:00"])
    before = (await client.get("/v1/appointments", params={"day": str(DAY)})).json()
    asked = {"day": str(DAY), "changes": [CLOSED], "policy": "none", "replications": 6}
    started = (await client.post("/v1/scenarios", json=asked)).json()

    result = await run(parts, clock, started["id"])

    assert (await client.get("/v1/appointments", params={"day": str(DAY)})).json() == before
    assert (result["visits"], result["moves"]) == (len(ids), [])
    assert result["difference"]["gate_wait_minutes"]["mean"] > 5  # who comes by the east gate waits for ten o'clock
    assert result["difference"]["visits"] == {"mean": 0.0, "half_width": 0.0}
    assert len(result["series"]["changed"]["gate_queue"]["mean"]) == 96
    shown = (await client.get(f"/v1/scenarios/{started['id']}")).json()
    assert shown["state"] == "succeeded"
    assert shown["progress"][0]["done"] == 1.0
    table = (await client.get(f"/v1/scenarios/{started['id']}/result.csv")).text.splitlines()
    assert table[0].startswith("measure,baseline mean,baseline half_width,changed mean")
    assert len(table) == 1 + len(result["baseline"])
    told = (await client.get(f"/v1/scenarios/{started['id']}/progress")).text
    assert "event: progress" in told
    assert told.strip().endswith('data: {"state":"succeeded","error":null}')


async def test_a_scenario_that_waits_is_cancelled_at_once(client):
    where = (await client.post("/v1/scenarios", json={"day": str(DAY)})).headers["Location"]

    cancelled = await client.post(f"{where}/cancel")

    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert (await client.post(f"{where}/apply", json={})).status_code == 409
    assert (await client.get(f"{where}/result.csv")).status_code == 409


async def planned_again(client, parts, clock, wishes) -> tuple[str, dict[str, Any]]:
    """Return a scenario that has closed both gates' only lane in an hour, and its result."""
    await booked(client, wishes)
    changes = [CLOSED, CLOSED | {"gate": "west"}]
    asked = {"day": str(DAY), "changes": changes, "policy": "optimised", "replications": 2, "seconds": 2}
    started = (await client.post("/v1/scenarios", json=asked)).json()
    return started["id"], await run(parts, clock, started["id"])


async def test_planning_again_moves_who_cannot_come_and_applying_asks_them(client, parts, clock):
    scenario, result = await planned_again(client, parts, clock, ["09:15", "09:30", "11:00"])

    assert result["moved"] == 2
    applied = (await client.post(f"/v1/scenarios/{scenario}/apply", json={"consent": "ask"})).json()

    assert sorted(applied["made"]) == sorted(move["appointment"] for move in result["moves"])
    for move in result["moves"]:
        shown = (await client.get(f"/v1/appointments/{move['appointment']}")).json()
        assert shown["starts_at"] == move["was"]["starts_at"]
        assert shown["offer"]["starts_at"] == move["to"]["starts_at"]
        accepted = await client.post(f"/v1/appointments/{move['appointment']}/offer/accept")
        assert accepted.json()["starts_at"] == move["to"]["starts_at"]


async def test_applying_moves_at_once_when_told_and_says_why_not(client, parts, clock):
    scenario, result = await planned_again(client, parts, clock, ["09:00", "09:15", "09:30"])
    gone, *others = [move["appointment"] for move in result["moves"]]
    await client.post(f"/v1/appointments/{gone}/cancel")

    first, again = [
        (await client.post(f"/v1/scenarios/{scenario}/apply", json={"consent": "told"})).json() for _ in range(2)
    ]

    assert sorted(first["made"]) == sorted(again["made"]) == sorted(others)
    assert first["refused"] == [{"appointment": gone, "reason": "it is cancelled"}]
    for move in result["moves"][1:]:
        shown = (await client.get(f"/v1/appointments/{move['appointment']}")).json()
        assert shown["starts_at"] == move["to"]["starts_at"]
        assert shown["moved"]["reason"] == f"scenario {scenario}"
        assert shown["displaced_by"] == scenario
    events = (await client.get("/v1/events", params={"limit": 200}, headers={"Accept": "application/json"})).json()
    assert sum(each["name"] == "AppointmentDisplaced" for each in events["items"]) == len(others)


async def test_who_is_moved_at_once_by_a_scenario_may_accept_or_refuse_as_after_a_closure(client, parts, clock):
    scenario, result = await planned_again(client, parts, clock, ["09:00", "09:15", "09:30"])
    await client.post(f"/v1/scenarios/{scenario}/apply", json={"consent": "told"})
    first, second, third = [f"/v1/appointments/{move['appointment']}" for move in result["moves"]]

    accepted = await client.post(f"{first}/change/accept")
    refused = await client.post(f"{second}/change/refuse", json={})
    waits = await client.post(f"{third}/change/refuse", json={"waitlist": True})

    assert (accepted.status_code, accepted.json()["displaced_by"]) == (200, None)
    assert (refused.status_code, refused.json()["state"], refused.json()["displaced_by"]) == (
        200,
        "cancelled",
        scenario,
    )
    assert (waits.status_code, waits.json()["state"]) in [(200, "waitlisted"), (200, "requested")]
    assert (await client.post(f"{first}/change/refuse", json={})).status_code == 409


async def test_who_comes_unbooked_in_a_scenario_is_not_moved(client, parts, clock):
    await booked(client, ["09:00", "09:15", "11:00"])
    changes = [{"kind": "walk_ins", "share": 1.0}]
    results = []
    for policy in ("none", "optimised"):
        asked = {"day": str(DAY), "changes": changes, "policy": policy, "replications": 2, "seconds": 1}
        started = (await client.post("/v1/scenarios", json=asked)).json()
        results.append(await run(parts, clock, started["id"]))

    assert [result["moves"] for result in results] == [[], []]
    for result in results:
        assert result["baseline"]["slot_share"]["mean"] == 1
        assert result["changed"]["slot_share"]["mean"] == 0


async def test_nobody_is_moved_after_his_deadline(client, parts, clock):
    scenario, _ = await planned_again(client, parts, clock, ["09:15"])
    clock.now += timedelta(days=1, hours=3, minutes=20)

    applied = (await client.post(f"/v1/scenarios/{scenario}/apply", json={"consent": "told"})).json()

    assert applied["made"] == []
    assert "could be moved until" in applied["refused"][0]["reason"]


async def test_a_live_closure_holds_in_both_days(client, parts):
    await booked(client, ["09:00"])
    closing = {"kind": "gate", "target": "east", "begins": f"{DAY}T13:00:00+08:00", "ends": f"{DAY}T14:00:00+08:00"}
    made = await client.post("/v1/closures", json=closing | {"reason": "repair"})
    assert made.status_code in (201, 202), made.json()

    base = await base_of(parts)

    (closed,) = base.stage.disturbances
    assert (closed.gate, closed.span, closed.announced) == ("east", (780, 840), True)


async def test_the_worker_keeps_expected_waits_and_they_are_told_where_slots_are(client, parts, clock):
    keeper = WaitsKeeper(parts.desk.park, estimated(parts.desk.park))
    store = parts.desk.store
    await booked(client, ["09:00", "09:00"], minutes=60)
    question = {"warehouse": "w1", "dock_kind": "reefer", "day": str(DAY)}
    before = (await client.get("/v1/availability", params=question)).json()["slots"][36]
    clock.now += timedelta(seconds=30)

    beats = [await keeper.beat(store, clock.now) for _ in range(3)]

    slots = (await client.get("/v1/availability", params=question)).json()["slots"]
    assert (before["gate_wait_minutes"], before["dock_wait_minutes"]) == (None, None)
    assert beats == [0, 1, 0]  # looked, simulated, nothing has changed
    assert slots[36]["gate_wait_minutes"] >= 0
    assert max(slot["dock_wait_minutes"] for slot in slots[36:40]) > 1  # both docks are taken
    assert slots[44]["dock_wait_minutes"] == 0
    assert slots[10]["dock_wait_minutes"] is None  # nobody works then
    refused = await client.post(
        "/v1/appointments",
        json=asking(9, "09:00", earliest=at("09:00"), latest=at("09:00")),
    )
    assert refused.json()["alternatives"][0]["dock_wait_minutes"] is not None
    clock.now += timedelta(minutes=3)
    stale = (await client.get("/v1/availability", params=question)).json()["slots"][36]
    assert stale["gate_wait_minutes"] is None
    await keeper.beat(store, clock.now)  # what still holds is fresh again
    clock.now += timedelta(seconds=6)
    assert (await client.get("/v1/availability", params=question)).json()["slots"][36]["gate_wait_minutes"] >= 0
