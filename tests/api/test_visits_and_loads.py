import asyncio

import pytest

from dispatch.model.park import DockKind
from dispatch.model.promises import Appointment, AppointmentState, Match, MatchedLoad, Source
from dispatch.services import booking, offering
from dispatch.services.freight import KeptLoad
from dispatch.services.loads import get_load
from tests.api.tiny import DAY, NOW, announcing, at, later, plate, posting, wishing

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def test_a_posted_load_is_read_back_with_the_parks_price(client):
    made = await client.post("/v1/loads", json=posting(id="l-1"))

    read = await client.get("/v1/loads/l-1")

    assert (made.status_code, made.headers["Location"]) == (201, "/v1/loads/l-1")
    assert read.json() == made.json()
    assert (read.json()["state"], read.json()["price"]) == ("posted", 2000)


async def test_a_load_whose_id_is_taken_is_refused(client):
    await client.post("/v1/loads", json=posting(id="l-1"))

    answer = await client.post("/v1/loads", json=posting(id="l-1"))

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-exists")


async def test_a_load_posted_twice_under_one_key_is_one_load(client, store):
    answers = [await client.post("/v1/loads", json=posting(), headers={"Idempotency-Key": "k"}) for _ in range(3)]

    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    assert await store.count(store.keys.loads()) == 1


async def test_the_order_of_fields_does_not_make_another_request(client):
    first = await client.post("/v1/loads", json=posting(), headers={"Idempotency-Key": "k"})

    turned = dict(reversed(posting().items()))

    assert (await client.post("/v1/loads", json=turned, headers={"Idempotency-Key": "k"})).content == first.content


@pytest.mark.parametrize("field", ["enterprise", "cargo_kind", "origin", "destination"])
async def test_a_load_that_names_something_unknown_is_refused_by_field(client, field):
    answer = await client.post("/v1/loads", json=posting(**{field: "nobody"}))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"body.{field}"


async def test_loads_are_listed_by_state_and_enterprise(client):
    for number in range(5):
        await client.post("/v1/loads", json=posting(id=f"l-{number}", enterprise="c1" if number % 2 else "e1"))
    await client.post("/v1/loads/l-0/withdraw")

    async def ids(**filters):
        return [each["id"] for each in (await client.get("/v1/loads", params=filters)).json()["items"]]

    assert await ids() == ["l-0", "l-1", "l-2", "l-3", "l-4"]
    assert await ids(state="posted") == ["l-1", "l-2", "l-3", "l-4"]
    assert await ids(enterprise="e1") == ["l-0", "l-2", "l-4"]
    assert await ids(enterprise="e1", state="withdrawn") == ["l-0"]
    assert await ids(state="accepted") == []


async def test_a_load_is_withdrawn_once(client):
    await client.post("/v1/loads", json=posting(id="l-1"))

    stale = await client.post("/v1/loads/l-1/withdraw", headers={"If-Match": '"9"'})
    answers = [await client.post("/v1/loads/l-1/withdraw", headers=tag) for tag in ({"If-Match": '"1"'}, {})]

    assert stale.status_code == 412
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[0].json()["state"] == "withdrawn"


async def test_many_loads_are_taken_or_refused_row_by_row(client, store):
    await client.post("/v1/loads", json=posting(id="l-0"))
    rows = [
        posting(id="l-0"),
        posting(),
        posting(origin="nowhere"),
        posting(load_minutes=True),
        posting(latest=at("07:00")),
        posting(colour="red"),
        7,
        posting(id="l-7"),
    ]

    answer = await client.post("/v1/loads/bulk", json={"loads": rows})

    told = answer.json()
    assert (answer.status_code, told["created"], told["refused"]) == (200, 2, 6)
    assert [row["row"] for row in told["rows"]] == list(range(8))
    assert [row["status"] for row in told["rows"]] == [
        "refused", "created", "refused", "refused", "refused", "refused", "refused", "created",
    ]  # fmt: skip
    assert told["rows"][0]["problem"]["type"] == "/problems/already-exists"
    assert [row["problem"]["errors"][0]["field"] for row in told["rows"][2:7]] == [
        "body.loads[2].origin",
        "body.loads[3].load_minutes",
        "body.loads[4]",
        "body.loads[5].colour",
        "body.loads[6]",
    ]
    assert await store.count(store.keys.loads()) == 3


async def test_a_bulk_request_repeated_under_its_key_makes_nothing_more(client, store):
    body = {"loads": [posting() for _ in range(600)]}

    first, again = [await client.post("/v1/loads/bulk", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert first.json() == again.json()
    assert (first.json()["created"], again.headers["Idempotency-Replayed"]) == (600, "true")
    assert await store.count(store.keys.loads()) == 600


async def test_another_bulk_request_under_a_used_key_makes_nothing(client, store):
    headers = {"Idempotency-Key": "k"}
    await client.post("/v1/loads/bulk", json={"loads": [posting(colour="red")]}, headers=headers)

    answer = await client.post("/v1/loads/bulk", json={"loads": [posting(), posting()]}, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert await store.count(store.keys.loads()) == 0


async def test_more_rows_than_are_taken_are_refused_together(client, store):
    answer = await client.post("/v1/loads/bulk", json={"loads": [1] * 701})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.loads", "problem": "has 701 rows, at most 700 are taken"}]


async def test_no_rows_are_a_legal_bulk_request(client):
    answer = await client.post("/v1/loads/bulk", json={"loads": []})

    assert answer.json() == {"created": 0, "refused": 0, "rows": []}


async def test_a_visit_is_open_until_it_has_an_appointment(client, parts):
    made = (await client.post("/v1/visits", json=wishing(id="v-1"))).json()
    await client.post("/v1/visits", json=wishing(2, id="v-10"))

    assert (made["state"], made["minutes"], made["dock_kind"]) == ("open", 15, "reefer")
    await place(parts.desk, "v-1")
    states = {
        each["id"]: each["state"] for each in (await client.get("/v1/visits", params={"day": DAY})).json()["items"]
    }
    assert states == {"v-1": "planned", "v-10": "open"}
    assert (await client.get("/v1/visits/v-1")).json()["state"] == "planned"
    assert (await client.get("/v1/visits/v-10")).json()["state"] == "open"


async def place(desk, visit_id):
    """Give a visit its appointment, as a published plan does."""
    appointment = Appointment(
        id=f"a-{visit_id}",
        state=AppointmentState.CONFIRMED,
        source=Source.PLAN,
        plate=plate(1),
        carrier="c1",
        warehouse="w1",
        dock_group="w1-reefer",
        dock_kind=DockKind.REEFER,
        cargo_kind="frozen",
        gate="east",
        day=DAY,
        slot=40,
        slots=1,
        made_at=NOW,
        visit=visit_id,
    )
    await desk.store.commit(booking.create(desk.park, desk.keys, appointment))


async def test_visits_of_a_day_come_in_pages(client):
    await client.post("/v1/visits/bulk", json={"visits": [wishing(number, id=f"v-{number}") for number in range(7)]})

    seen, cursor = [], {}
    while cursor is not None:
        page = (await client.get("/v1/visits", params={"day": DAY, "limit": 3, **cursor})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = {"cursor": page["next"]} if page["next"] else None

    assert seen == [f"v-{number}" for number in range(7)]
    assert (await client.get("/v1/visits", params={"day": later(1)})).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"warehouse": "w9"}, "body.warehouse"),
        ({"carrier": "c9"}, "body.carrier"),
        ({"cargo_kind": "gold"}, "body.cargo_kind"),
        ({"dock_kind": "box"}, "body.dock_kind"),
    ],
)
async def test_a_visit_that_does_not_fit_the_park_is_refused_by_field(client, change, field):
    for where in ("/v1/visits", "/v1/appointments"):
        answer = await client.post(where, json=wishing(**change))

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


async def test_a_truck_announces_itself_anew(client):
    where = f"/v1/trucks/{plate(1)}"

    first = await client.put(where, json=announcing())
    second = await client.put(where, json=announcing(free_at="w1"), headers={"If-Match": '"1"'})
    stale = await client.put(where, json=announcing(), headers={"If-Match": '"1"'})

    assert [first.status_code, second.status_code, stale.status_code] == [200, 200, 412]
    assert (second.headers["ETag"], second.json()["free_at"]) == ('"2"', "w1")
    assert (await client.get(where)).json() == second.json()
    assert [each["plate"] for each in (await client.get("/v1/trucks")).json()["items"]] == [plate(1)]


async def test_a_plate_may_be_written_with_its_dot(client):
    await client.put("/v1/trucks/浙b·00001", json=announcing())

    assert (await client.get(f"/v1/trucks/{plate(1)}")).status_code == 200


async def test_simultaneous_announcements_all_end_with_one_of_them_kept(client):
    places = ["t1", "yiwu", "w1"]

    answers = await asyncio.gather(
        *(client.put(f"/v1/trucks/{plate(1)}", json=announcing(free_at=place)) for place in places)
    )

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.headers["ETag"] for answer in answers) == ['"1"', '"2"', '"3"']


@pytest.mark.parametrize("name", ["home", "free_at", "kind", "carrier"])
async def test_a_truck_that_names_something_unknown_is_refused_by_field(client, name):
    answer = await client.put(f"/v1/trucks/{plate(1)}", json=announcing(**{name: "nowhere"}))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"body.{name}"


async def test_matches_are_found_by_truck_and_by_load(client, parts):
    desk = parts.desk
    for number in (1, 2):
        await client.post("/v1/loads", json=posting(id=f"l-{number}"))
    loads = [await get_load(desk, f"l-{number}") for number in (1, 2)]
    chain = tuple(MatchedLoad(kept.thing.load.id, NOW) for kept in loads)
    match = Match("m-1", plate(1), "p-1", DAY, chain, 12, 80)
    kept = [KeptLoad(each.thing, each.version) for each in loads]
    await desk.store.commit(offering.make_match(desk.park, desk.keys, match, kept, NOW))

    by_truck = (await client.get("/v1/matches", params={"truck": plate(1)})).json()["items"]
    by_load = (await client.get("/v1/matches", params={"load": "l-2"})).json()["items"]

    assert by_truck == by_load
    assert [each["load"] for each in by_truck[0]["loads"]] == ["l-1", "l-2"]
    assert (await client.get("/v1/loads/l-1")).json()["match"] == "m-1"
    assert (await client.post("/v1/loads/l-1/withdraw")).json()["state"] == "withdrawn"
    assert (await client.get("/v1/loads/l-2")).json()["match"] is None


async def test_matches_are_asked_for_by_exactly_one_of_truck_and_load(client):
    for filters in ({}, {"truck": plate(1), "load": "l-1"}):
        assert (await client.get("/v1/matches", params=filters)).status_code == 422
