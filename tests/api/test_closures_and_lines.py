"""Closures, the waitlist, series and allowances over HTTP: asked once, versions kept, refused in words."""

import pytest

from dispatch.services.desk import Desk
from dispatch.services.replanning import replan_closure
from tests.api.tiny import DAY, at, at_once, closing, later, recurring

pytestmark = [pytest.mark.anyio, pytest.mark.store]


def whole(**more):
    return closing(kind="dock_group", target="w1-reefer", begins=at("09:00"), ends=at("10:00"), closed=1, **more)


async def test_a_closure_is_made_once_under_its_key_and_cancelled_once_at_its_version(client):
    headers = {"Idempotency-Key": "pipe"}
    first = await client.post("/v1/closures", json=whole(), headers=headers)
    again = await client.post("/v1/closures", json=whole(), headers=headers)
    where = first.headers["Location"]

    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json()["id"] == first.json()["id"]
    read = await client.get(where)
    assert (read.json()["state"], read.json()["replanning"]) == ("in_force", "queued")
    assert [each["id"] for each in (await client.get("/v1/closures")).json()["items"]] == [first.json()["id"]]
    assert (await client.post(f"{where}/cancel", headers={"If-Match": '"7"'})).status_code == 412
    assert (await client.post(f"{where}/cancel", headers={"If-Match": read.headers["ETag"]})).status_code == 200
    assert (await client.post(f"{where}/cancel")).json()["type"] == "/problems/wrong-state"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (whole(reason=""), "body.reason"),
        (whole() | {"ends": at("09:00")}, "body"),
        (whole() | {"target": None}, "body"),
        (whole() | {"kind": "lane"}, "body.kind"),
        (whole() | {"target": "w7-reefer"}, "body.target"),
        (whole() | {"ends": at("10:00", later(20))}, "body.ends"),
        (whole() | {"closed": 0}, "body.closed"),
    ],
)
async def test_a_closure_that_cannot_be_names_the_field(client, body, field):
    answer = await client.post("/v1/closures", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_driver_refuses_what_a_closure_made_of_his_slot_and_waits_for_his_old_one(client, parts, clock):
    booked = [(await client.post("/v1/appointments", json=at_once(number))).json() for number in (1, 2)]
    made = (await client.post("/v1/closures", json=whole())).json()
    await replan_closure(Desk(parts.desk.park, parts.desk.store), made["id"], clock())
    states = [(await client.get(f"/v1/appointments/{each['id']}")).json() for each in booked]
    (moved,) = [each for each in states if each["displaced_by"]]
    where = f"/v1/appointments/{moved['id']}"

    refused = await client.post(f"{where}/change/refuse", json={"waitlist": True})
    line = (await client.get("/v1/waitlist", params={"day": str(DAY)})).json()["items"]
    await client.post(f"/v1/closures/{made['id']}/cancel")
    offered = (await client.get(where)).json()
    taken = await client.post(f"{where}/confirm")

    assert (moved["moved"]["slot"], moved["reason"]) == (36, "painting")
    assert refused.json()["state"] == "waitlisted"
    assert [each["id"] for each in line] == [moved["id"]]
    assert (offered["state"], offered["slot"]) == ("requested", 36)
    assert taken.json()["state"] == "confirmed"
    assert (await client.post(f"{where}/change/accept")).status_code == 409


async def test_a_series_tells_of_each_occurrence_and_ends_once(client):
    body = recurring(begins=at("16:00"), exdates=[str(later(1))], rule="FREQ=DAILY;COUNT=9")
    headers = {"Idempotency-Key": "daily"}
    made = await client.post("/v1/series", json=body, headers=headers)
    again = await client.post("/v1/series", json=body, headers=headers)
    where = made.headers["Location"]

    page = (await client.get(f"{where}/occurrences", params={"limit": 5})).json()
    rest = (await client.get(f"{where}/occurrences", params={"limit": 5, "cursor": page["next"]})).json()

    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
    states = [each["state"] for each in page["items"] + rest["items"]]
    assert states == ["made", "excepted", *["made"] * 5, *["pending"] * 2]
    booked = (await client.get(f"/v1/appointments/{page['items'][0]['appointment']}")).json()
    assert booked["starts_at"] == at("16:00")
    fewer = await client.post(f"{where}/exdates", json={"exdates": [str(DAY), str(later(8))]})
    assert fewer.json()["exdates"] == [str(DAY), str(later(1)), str(later(8))]
    assert (await client.get(f"/v1/appointments/{booked['id']}")).json()["state"] == "cancelled"
    page = (await client.get(f"{where}/occurrences", params={"limit": 1})).json()
    assert page["items"][0]["state"] == "excepted"
    none_left = {"exdates": [str(later(day)) for day in range(9)]}
    assert (await client.post(f"{where}/exdates", json=none_left)).status_code == 422
    assert (await client.post(f"{where}/end")).json()["state"] == "ended"
    assert (await client.post(f"{where}/end")).status_code == 409
    bad = await client.post("/v1/series", json=body | {"rule": "FREQ=WEEKLY;BYSETPOS=1"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "body.rule")


async def test_allowances_show_quotas_and_what_is_earned(client):
    told = (await client.get("/v1/carriers/c2/allowance")).json()

    assert (told["quota"], told["daily_quota"], len(told["weeks"])) == (2, None, 2)
    assert told["weeks"][0]["peak_entries"] is None
    assert (await client.get("/v1/carriers/nobody/allowance")).status_code == 404
    assert (await client.get("/v1/overbooking")).json() == {"overflow_percent": 0.0, "items": []}
