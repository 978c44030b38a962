"""The audit and the key figures over HTTP."""

import csv
import io
from dataclasses import replace

import pytest

from dispatch.services.reports import Reports
from dispatch.store.archive import archive_days
from tests.api.tiny import DAY, announcing, at, at_once, plate
from tests.dispatch.store.test_archive import age

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def test_the_audit_pages_through_who_did_what(client):
    for number in (1, 2):
        await client.post("/v1/appointments", json=at_once(number))
    await client.put(f"/v1/trucks/{plate(3)}", json=announcing())

    first = (await client.get("/v1/audit?limit=2")).json()
    rest = (await client.get("/v1/audit", params={"limit": 2, "cursor": first["next"]})).json()
    trucks = (await client.get("/v1/audit", params={"subject": f"truck/{plate(3)}"})).json()

    assert [each["name"] for each in first["items"]] == ["AppointmentConfirmed"] * 2
    assert [each["name"] for each in rest["items"]] == ["TruckAnnounced"] == [each["name"] for each in trucks["items"]]
    assert rest["next"] is None
    assert {each["by"] for each in first["items"]} == {"operator"}


async def test_key_figures_come_as_json_and_as_a_table_of_the_same_numbers(client):
    for number in (1, 2):
        await client.post("/v1/appointments", json=at_once(number))

    told = (await client.get("/v1/kpis", params={"day": DAY, "by": "warehouse"})).json()
    by_header = await client.get("/v1/kpis", params={"day": DAY, "by": "warehouse"}, headers={"Accept": "text/csv"})
    by_query = await client.get("/v1/kpis", params={"day": DAY, "by": "warehouse", "format": "csv"})

    assert [group["group"] for group in told["groups"]] == ["w1"]
    assert (told["whole"]["visits"], told["whole"]["dock_slots_held"]) == (2, 2)
    assert by_header.headers["content-type"].startswith("text/csv")
    assert by_header.text == by_query.text
    rows = list(csv.DictReader(io.StringIO(by_query.text)))
    assert [row["group"] for row in rows] == ["w1", "all"]
    assert [float(row["utilisation"]) for row in rows] == [
        told["groups"][0]["utilisation"],
        told["whole"]["utilisation"],
    ]
    assert rows[0]["no_show_share"] == ""


async def test_docks_that_a_closure_took_are_no_longer_reckoned_unused_and_again_once_it_is_cancelled(client):
    await client.post("/v1/appointments", json=at_once(1))
    at_noon = {"kind": "dock_group", "target": "w1-reefer", "begins": at("12:00"), "ends": at("16:00"), "closed": 1}
    asked = {"day": DAY, "by": "warehouse"}
    before = (await client.get("/v1/kpis", params=asked)).json()["whole"]

    closed = (await client.post("/v1/closures", json=at_noon | {"reason": "leak"})).json()
    during = (await client.get("/v1/kpis", params=asked)).json()["whole"]
    cancelled = (await client.post(f"/v1/closures/{closed['id']}/cancel")).json()
    after = (await client.get("/v1/kpis", params=asked)).json()["whole"]

    docks = round(1 / before["utilisation"])
    assert (during["dock_slots_closed"], during["utilisation"]) == (16, 1 / (docks - 16))
    assert after == before
    assert cancelled["cancelled_at"] is not None


async def test_a_broken_archive_is_a_problem_of_its_own_and_bookings_go_on(app, client, parts, tmp_path):
    store = parts.desk.store
    await client.post("/v1/appointments", json=at_once(1))
    await age(store)
    (done,) = await archive_days(store, parts.desk.park.grid, tmp_path, 0)
    done.file.unlink()
    app.state.parts = replace(parts, reports=Reports(archive=tmp_path))

    answers = [await client.get(path) for path in ("/v1/audit", f"/v1/kpis?day={DAY}")]
    booked = await client.post("/v1/appointments", json=at_once(2))

    for answer in answers:
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/archive-broken")
        assert str(tmp_path) not in answer.text
    assert booked.status_code == 201
