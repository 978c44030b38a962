"""The day of a visit over HTTP: changed, expected, let in by a pass anybody can check, handled, let out."""

import base64
import json
import struct
from datetime import datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.assembly import pass_key
from api.settings import Settings
from solver.reading import BadInput
from tests.api.tiny import DAY, NOW, ZONE, asking, at, at_once, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)


async def book(client, number=1, wish="09:00", **more):
    answer = await client.post("/v1/appointments", json=at_once(number, wish, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_patch_changes_the_plate_and_a_move_the_slot_and_the_tag_goes_up(client):
    made = await book(client)

    patched = await client.patch(f"/v1/appointments/{made}", json={"plate": plate(2)}, headers={"If-Match": '"1"'})
    stale = await client.patch(f"/v1/appointments/{made}", json={"plate": plate(3)}, headers={"If-Match": '"1"'})
    moved = await client.post(f"/v1/appointments/{made}/move", json={"wish": at("10:00")}, headers={"If-Match": '"2"'})

    assert (patched.json()["plate"], patched.headers["ETag"], stale.status_code) == (plate(2), '"2"', 412)
    assert (moved.json()["id"], moved.json()["slot"], moved.json()["plate"]) == (made, 40, plate(2))
    assert moved.json()["moved"]["starts_at"] == at("09:00")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "name at least one field to change"),
        ({"earliest": at("09:00")}, "earliest and latest need wish"),
        ({"plate": "浙Z12345678"}, "is not a plate"),
        ({"state": "confirmed"}, "is not a known field"),
        ({"wish": at("09:00"), "earliest": at("10:00"), "latest": at("11:00")}, "wish must lie between"),
    ],
)
async def test_a_change_that_makes_no_sense_is_told_why(client, body, problem):
    made = await book(client)

    answer = await client.patch(f"/v1/appointments/{made}", json=body)

    assert answer.status_code == 422
    assert problem in answer.json()["errors"][0]["problem"]


async def test_a_move_to_where_it_is_full_keeps_the_slot_and_offers_others(client):
    made = await book(client, 1)
    for number in (2, 3):
        await book(client, number, "10:00")

    window = {"wish": at("10:00"), "earliest": at("10:00"), "latest": at("10:00")}
    answer = await client.post(f"/v1/appointments/{made}/move", json=window)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/docks-full")
    assert len(answer.json()["alternatives"]) == 3
    assert (await client.get(f"/v1/appointments/{made}")).json()["slot"] == 36


async def test_a_hold_is_confirmed_and_a_chained_visit_shows_its_stops(client):
    stops = [{"warehouse": "w1", "cargo_kind": "import", "purpose": "collect"}]
    made = await client.post("/v1/appointments", json=at_once(1, hold=True, stops=stops, purpose="deliver"))
    kept = await client.post(f"/v1/appointments/{made.json()['id']}/confirm")

    assert (made.json()["state"], kept.json()["state"]) == ("requested", "confirmed")
    assert made.json()["expires_at"] == (NOW + timedelta(minutes=10)).isoformat()
    stop = kept.json()["stops"][0]
    assert (stop["dock_group"], stop["starts_at"], stop["ends_at"]) == ("w1-container", at("09:15"), at("09:45"))


async def test_a_faulty_stop_is_named(client):
    answer = await client.post("/v1/appointments", json=asking(1, stops=[{"warehouse": "w7", "cargo_kind": "import"}]))

    assert answer.json()["errors"][0]["field"] == "body.stops[0].warehouse"


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_a_pass_is_known_to_be_real_without_a_network_and_by_nothing_else(client):
    made = await book(client)
    key = (await client.get("/v1/gate/public-key", headers={"Authorization": ""})).json()

    text = (await client.get(f"/v1/appointments/{made}/pass")).json()["pass"]

    form, payload, signature = text.split(".")
    public = Ed25519PublicKey.from_public_bytes(unpadded(key["public_key"]))
    public.verify(unpadded(signature), f"{form}.{payload}".encode())
    assert json.loads(unpadded(payload)) == ["tiny", made, plate(1), "east", "2026-11-25T09:00+08:00", 1]
    with pytest.raises(InvalidSignature):
        public.verify(unpadded(signature), f"{form}.{payload[:-2]}AA".encode())
    assert key["algorithm"] == "Ed25519"
    assert key["pem"].startswith("-----BEGIN PUBLIC KEY-----")
    assert len(text) < 260


async def test_a_pass_is_drawn_as_png_and_svg(client):
    made = await book(client)

    png = await client.get(f"/v1/appointments/{made}/pass.png")
    svg = await client.get(f"/v1/appointments/{made}/pass.svg")

    assert (png.headers["content-type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png.content[16:24])
    assert width == height > 200
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert b"<svg" in svg.content


async def test_a_truck_is_let_in_by_its_pass_also_after_a_move_and_no_other_pass_does(client, clock):
    made = await book(client)
    text = (await client.get(f"/v1/appointments/{made}/pass")).json()["pass"]
    await client.post(f"/v1/appointments/{made}/move", json={"wish": at("10:00")})
    clock.now = NINE + timedelta(hours=1)

    forged = await client.post("/v1/gate/check-ins", json={"pass": text[:-4] + "AAAA"})
    nonsense = await client.post("/v1/gate/check-ins", json={"pass": "hello"})
    both = await client.post("/v1/gate/check-ins", json={"pass": text, "plate": plate(1)})
    inside = await client.post("/v1/gate/check-ins", json={"pass": text, "gate": "east"})

    assert (forged.status_code, forged.json()["type"]) == (422, "/problems/bad-pass")
    assert nonsense.json()["type"] == "/problems/bad-pass"
    assert both.json()["errors"][0]["problem"] == "give exactly one of pass, plate and appointment"
    assert (inside.status_code, inside.json()["state"], inside.json()["lane"]) == (200, "checked_in", "booked")


async def test_a_visit_goes_through_gate_and_dock_and_out(client, clock):
    made = await book(client)
    clock.now = NINE - timedelta(minutes=5)

    steps = [
        await client.post("/v1/gate/arrivals", json={"plate": "浙b·00001"}),
        await client.post("/v1/gate/check-ins", json={"plate": plate(1)}),
        await client.post(f"/v1/appointments/{made}/dock-start"),
        await client.post(f"/v1/appointments/{made}/dock-finish"),
        await client.post("/v1/gate/check-outs", json={"plate": plate(1)}),
    ]
    again = await client.post("/v1/gate/check-outs", json={"plate": plate(1)})

    assert [step.status_code for step in steps] == [200] * 5, [step.text for step in steps]
    states = [step.json()["state"] for step in steps]
    assert states == ["confirmed", "checked_in", "at_dock", "completed", "completed"]
    assert steps[-1].json()["left_at"] == clock.now.isoformat()
    assert again.status_code == 404


async def test_docks_take_those_booked_first_then_walk_ins_then_those_who_came_late(client, clock):
    late, first = await book(client, 1, "08:15"), await book(client, 2, "09:15")
    clock.now = NINE
    await client.post("/v1/gate/check-ins", json={"plate": plate(1)})
    walked = await client.post(
        "/v1/gate/walk-ins",
        json={"plate": plate(3), "carrier": "c1", "warehouse": "w1", "cargo_kind": "frozen"},
    )
    await client.post("/v1/gate/check-ins", json={"plate": plate(2)})

    queue = (await client.get("/v1/gate/queue", params={"warehouse": "w1"})).json()["items"]
    elsewhere = await client.get("/v1/gate/queue", params={"warehouse": "w9"})

    assert [each["id"] for each in queue] == [first, walked.json()["id"], late]
    assert [each["lane"] for each in queue] == ["booked", "walk_in", "late"]
    assert elsewhere.status_code == 422


async def test_a_pass_of_a_plate_that_was_changed_is_no_longer_good(client, clock):
    made = await book(client)
    text = (await client.get(f"/v1/appointments/{made}/pass")).json()["pass"]
    await client.patch(f"/v1/appointments/{made}", json={"plate": plate(7)})
    clock.now = NINE

    old = await client.post("/v1/gate/check-ins", json={"pass": text})
    new = await client.post(
        "/v1/gate/check-ins", json={"pass": (await client.get(f"/v1/appointments/{made}/pass")).json()["pass"]}
    )

    assert (old.status_code, old.json()["type"]) == (422, "/problems/bad-pass")
    assert new.json()["plate"] == plate(7)


async def test_the_sweep_may_be_asked_for(client, clock):
    await book(client)
    clock.now = NINE + timedelta(minutes=60)

    assert (await client.post("/v1/gate/sweeps")).json() == {"made": {"miss": 1}}
    assert (await client.post("/v1/gate/sweeps")).json() == {"made": {}}


async def test_a_driver_checks_in_himself_within_the_window(client, clock):
    made = await book(client)

    early = await client.post(f"/v1/appointments/{made}/check-in")
    clock.now = NINE + timedelta(minutes=30)
    inside = await client.post(f"/v1/appointments/{made}/check-in")

    assert (early.status_code, early.json()["type"]) == (409, "/problems/too-early")
    assert inside.json()["state"] == "checked_in"


async def test_a_walk_in_is_let_in_once_or_refused_with_alternatives(client, clock):
    clock.now = NINE
    asked = {"carrier": "c1", "warehouse": "w1", "cargo_kind": "frozen"}

    first = await client.post("/v1/gate/walk-ins", json=asked | {"plate": plate(1)}, headers={"Idempotency-Key": "a"})
    again = await client.post("/v1/gate/walk-ins", json=asked | {"plate": plate(1)}, headers={"Idempotency-Key": "a"})
    others = [await client.post("/v1/gate/walk-ins", json=asked | {"plate": plate(n)}) for n in (2, 3, 4, 5)]

    assert (first.status_code, first.json()["state"], first.json()["source"]) == (201, "checked_in", "walk_in")
    assert (again.json()["id"], again.headers["Idempotency-Replayed"]) == (first.json()["id"], "true")
    assert [other.status_code for other in others] == [201, 201, 201, 409]
    assert [other.json().get("slot") for other in others] == [36, 37, 37, None]
    assert others[-1].json()["alternatives"]


async def test_a_late_truck_is_offered_another_slot_and_takes_or_refuses_it(client, clock):
    made, other = await book(client, 1), await book(client, 2)
    clock.now = NINE - timedelta(minutes=20)

    offered = await client.post(f"/v1/appointments/{made}/eta", json={"eta": at("09:50")})
    await client.post(f"/v1/appointments/{other}/eta", json={"eta": at("09:50")})
    taken = await client.post(f"/v1/appointments/{made}/offer/accept", headers={"If-Match": offered.headers["ETag"]})
    refused = await client.post(f"/v1/appointments/{other}/offer/refuse")
    nothing = await client.post(f"/v1/appointments/{other}/offer/accept")

    assert offered.json()["offer"]["starts_at"] == at("10:00")
    assert (taken.json()["starts_at"], taken.json()["offer"]) == (at("10:00"), None)
    assert (refused.json()["starts_at"], refused.json()["offer"]) == (at("09:00"), None)
    assert (nothing.status_code, nothing.json()["type"]) == (409, "/problems/wrong-state")


def test_the_key_of_passes_is_made_once_and_kept(tmp_path):
    settings = Settings(var_dir=tmp_path / "var")

    first, again = pass_key(settings), pass_key(settings)
    (tmp_path / "var" / "pass.key").write_text("nonsense\n")

    assert first.public == again.public
    with pytest.raises(BadInput, match="holds no key"):
        pass_key(settings)


async def test_plates_of_every_form_of_ga_36_are_booked_under_one_writing(client):
    for number, (written, plain) in enumerate(
        [
            ("浙B·12345", "浙B12345"),
            ("浙bd12345", "浙BD12345"),
            ("浙B 12345D", "浙B12345D"),
            ("浙B-1234挂", "浙B1234挂"),
        ]
    ):
        body = at_once(0, f"{10 + number}:00") | {"plate": written, "cargo_kind": "frozen"}
        made = await client.post("/v1/appointments", json=body)
        assert made.json()["plate"] == plain
    assert (await client.post("/v1/appointments", json=at_once(0) | {"plate": "浙BI2345"})).status_code == 422
    listed = await client.get("/v1/appointments", params={"truck": "浙b·12345", "day": DAY.isoformat()})
    assert [each["plate"] for each in listed.json()["items"]] == ["浙B12345"]
