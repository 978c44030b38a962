import asyncio
from datetime import datetime, timedelta

import pytest

from dispatch.model.park import HouseRules
from dispatch.model.waits import ExpectedWaits
from dispatch.services import waits
from dispatch.store.commit import StoreDown
from dispatch.store.keys import Keys
from tests.api.tiny import DAY, NOW, ZONE, asking, at, at_once, later, plate, tiny_park

pytestmark = [pytest.mark.anyio, pytest.mark.store]


async def book(client, body, **headers):
    return await client.post("/v1/appointments", json=body, headers=headers)


async def test_a_free_wish_is_given_through_the_nearest_gate(client):
    answer = await book(client, asking())

    made = answer.json()
    assert answer.status_code == 201
    assert (made["state"], made["slot"], made["gate"], made["starts_at"]) == ("confirmed", 36, "east", at("09:00"))
    assert made["ends_at"] == at("09:15")
    assert answer.headers["Location"] == f"/v1/appointments/{made['id']}"
    assert answer.headers["ETag"] == '"1"'


async def test_what_was_answered_is_what_is_read_later(client):
    made = (await book(client, asking())).json()

    read = await client.get(f"/v1/appointments/{made['id']}")

    assert read.status_code == 200
    assert read.json() == made


async def test_a_full_wish_moves_to_the_nearest_start_within_the_window(client):
    for number in (1, 2):
        await book(client, at_once(number))

    answer = await book(client, asking(3))

    assert answer.json()["slot"] in {35, 37}


async def test_a_full_slot_is_refused_with_its_resource_and_the_three_nearest_starts(client):
    for number in (1, 2):
        await book(client, at_once(number))

    answer = await book(client, at_once(3))

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert problem["type"] == "/problems/docks-full"
    assert problem["resource"] == "dock group w1-reefer 09:00"
    assert [each["slot"] for each in problem["alternatives"]] == [35, 37, 34]


async def test_every_alternative_is_accepted_when_it_is_asked_for(client):
    for number in (1, 2):
        await book(client, at_once(number))
    offered = (await book(client, at_once(3))).json()["alternatives"]

    for number, each in enumerate(offered, start=3):
        wish = each["starts_at"]
        answer = await book(client, at_once(number) | {"wish": wish, "earliest": wish, "latest": wish})

        assert answer.status_code == 201
        assert (answer.json()["slot"], answer.json()["gate"]) == (each["slot"], each["gate"])


async def test_with_a_whole_day_full_the_alternatives_are_on_the_days_beside_it(client, parts):
    for number in range(80):
        await book(client, asking(number, "13:00", earliest=at("08:00"), latest=at("18:00")))

    answer = await book(client, at_once(99, "17:30"))

    assert answer.status_code == 409
    assert {each["day"] for each in answer.json()["alternatives"]} == {later(1).isoformat()}
    assert [each["slot"] for each in answer.json()["alternatives"]] == [32, 33, 34]


@pytest.fixture
def narrow_park():
    """Five docks behind gates that admit five trucks a slot."""
    return tiny_park(docks=20)


class TestWithNarrowGates:
    @pytest.fixture
    def park(self, narrow_park):
        return narrow_park

    async def test_the_other_gate_is_used_when_the_nearest_is_full(self, client):
        gates = [(await book(client, at_once(number))).json()["gate"] for number in range(10)]

        assert gates == ["east"] * 5 + ["west"] * 5

    async def test_full_gates_are_refused_by_name(self, client):
        for number in range(10):
            await book(client, at_once(number))

        problem = (await book(client, at_once(10))).json()

        assert (problem["type"], problem["resource"]) == ("/problems/gate-full", "gate east 09:00")


async def test_a_carrier_at_its_quota_is_refused(client, park, store):
    taken = {"carrier": "c2", "cargo_kind": "import"}
    await book(client, at_once(1, **taken))
    await book(client, at_once(2, carrier="c2"))

    problem = (await book(client, at_once(3, carrier="c2"))).json()

    assert (problem["type"], problem["resource"]) == ("/problems/quota-full", "carrier c2 09:00")


async def test_a_truck_is_in_one_place_at_a_time(client):
    await book(client, at_once(1, "09:00"))

    answer = await book(client, at_once(1, "09:15", cargo_kind="import"))

    assert answer.json()["type"] == "/problems/truck-busy"
    assert answer.json()["resource"] == f"truck {plate(1)} 09:15"
    assert 36 not in [each["slot"] for each in answer.json()["alternatives"]]


async def test_a_slot_outside_the_hours_is_refused_as_such(client):
    answer = await book(client, at_once(1, "07:00"))

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/outside-hours")


async def test_a_slot_too_near_is_refused_and_the_next_open_ones_offered(client, clock):
    clock.now = datetime(2026, 11, 25, 8, 50, tzinfo=ZONE)

    answer = await book(client, at_once(1, "09:00"))

    assert answer.json()["type"] == "/problems/booking-not-open"
    assert [each["slot"] for each in answer.json()["alternatives"]] == [37, 38, 39]


async def test_a_visit_too_long_for_the_rest_of_the_day_is_outside_the_hours(client):
    late = at("23:45")

    for answer in (
        await book(client, asking(wish="23:45", minutes=60, earliest=late, latest=late)),
        await book(client, asking(minutes=3000)),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/outside-hours")


async def test_a_window_in_which_no_slot_begins_is_told_so(client):
    answer = await book(client, asking() | dict.fromkeys(("wish", "earliest", "latest"), at("09:05")))

    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "body.latest",
        "problem": "no slot begins from earliest to latest; one does every 15 minutes",
    }


@pytest.mark.parametrize("days", [-3, 60])
async def test_a_day_past_or_too_far_ahead_is_refused(client, days):
    wish = at("09:00", later(days))

    answer = await book(client, asking(wish="09:00") | {"wish": wish})

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/booking-not-open")
    assert len(answer.json()["alternatives"]) == 3


async def test_a_window_over_midnight_books_the_next_morning(client):
    answer = await book(client, asking(1, "23:00") | {"earliest": at("22:00"), "latest": at("09:00", later(1))})

    assert answer.status_code == 201
    assert (answer.json()["day"], answer.json()["slot"]) == (later(1).isoformat(), 32)


async def test_the_clock_times_of_other_zones_mean_the_same_moment(client):
    answer = await book(client, asking() | {"wish": "2026-11-25T01:00:00Z"})

    assert answer.json()["starts_at"] == at("09:00")


async def test_cancelling_frees_the_places_at_once(client):
    made = (await book(client, at_once(1))).json()
    await book(client, at_once(2))

    cancelled = await client.post(f"/v1/appointments/{made['id']}/cancel")
    answer = await book(client, at_once(3))

    assert (cancelled.status_code, cancelled.json()["state"], cancelled.headers["ETag"]) == (200, "cancelled", '"2"')
    assert answer.status_code == 201


async def test_cancelling_twice_gives_the_places_back_once(client, store):
    made = (await book(client, at_once(1))).json()
    await book(client, at_once(2))

    answers = await asyncio.gather(*(client.post(f"/v1/appointments/{made['id']}/cancel") for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert await store.taken([store.keys.dock("w1-reefer", DAY)]) == [{"36": 1}]


class TestWithACancelDeadline:
    @pytest.fixture
    def park(self):
        return tiny_park(rules=HouseRules(cancel_deadline_minutes=60))

    async def test_past_the_deadline_cancelling_is_refused_with_the_deadline(self, client, clock):
        made = (await book(client, at_once(1))).json()
        clock.now = datetime(2026, 11, 25, 8, 1, tzinfo=ZONE)

        answer = await client.post(f"/v1/appointments/{made['id']}/cancel")

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/wrong-state")
        assert at("08:00") in answer.json()["resource"]


async def test_a_change_based_on_an_old_version_is_refused(client):
    made = (await book(client, at_once(1))).json()
    where = f"/v1/appointments/{made['id']}/cancel"

    for stale in ('"7"', 'W/"1"', "junk"):
        answer = await client.post(where, headers={"If-Match": stale})
        assert (answer.status_code, answer.json()["type"]) == (412, "/problems/changed-meanwhile")
    assert (await client.post(where, headers={"If-Match": '"3", "1"'})).status_code == 200


async def test_an_unknown_appointment_is_not_found(client):
    for answer in (await client.get("/v1/appointments/nope"), await client.post("/v1/appointments/nope/cancel")):
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_a_repeat_under_the_same_key_is_answered_alike_even_when_the_slot_is_full(client, store):
    first = await book(client, at_once(1), **{"Idempotency-Key": "a"})
    await book(client, at_once(2))

    again = await book(client, at_once(1), **{"Idempotency-Key": "a"})

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await store.count(store.keys.appointments()) == 2


async def test_a_key_used_for_another_request_is_refused(client, store):
    await book(client, at_once(1), **{"Idempotency-Key": "a"})

    for answer in (
        await book(client, at_once(2), **{"Idempotency-Key": "a"}),
        await client.post("/v1/visits", json=asking(), headers={"Idempotency-Key": "a"}),
    ):
        assert answer.status_code == 422
    assert (await book(client, at_once(2), **{"Idempotency-Key": "a"})).json()["type"] == (
        "/problems/idempotency-key-reused"
    )
    assert await store.count(store.keys.appointments()) == 1


async def test_simultaneous_repeats_make_one_appointment(client, store):
    answers = await asyncio.gather(*(book(client, at_once(1), **{"Idempotency-Key": "a"}) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await store.taken([store.keys.dock("w1-reefer", DAY)]) == [{"36": 1}]


async def test_a_repeat_after_the_record_is_gone_still_makes_nothing_more(client, store):
    first = await book(client, asking(), **{"Idempotency-Key": "a"})
    await store.alone("DEL", store.keys.idempotency("a"))

    again = await book(client, asking(), **{"Idempotency-Key": "a"})
    other = await book(client, asking(2), **{"Idempotency-Key": "b"})

    assert again.json() == first.json()
    assert other.json()["id"] != first.json()["id"]
    assert await store.count(store.keys.appointments()) == 2


async def test_a_refused_request_may_be_tried_again_under_its_key(client):
    first = (await book(client, at_once(1))).json()
    await book(client, at_once(2))
    refused = await book(client, at_once(3), **{"Idempotency-Key": "a"})
    await client.post(f"/v1/appointments/{first['id']}/cancel")

    again = await book(client, at_once(3), **{"Idempotency-Key": "a"})

    assert (refused.status_code, again.status_code) == (409, 201)


async def test_appointments_are_listed_by_slot_in_pages(client):
    slots = ["10:00", "08:00", "09:00", "08:30", "09:30"]
    for number, wish in enumerate(slots):
        await book(client, at_once(number, wish))

    seen, cursor = [], {}
    while cursor is not None:
        page = (await client.get("/v1/appointments", params={"limit": 2, **cursor})).json()
        assert len(page["items"]) <= 2
        seen += [each["starts_at"] for each in page["items"]]
        cursor = {"cursor": page["next"]} if page["next"] else None

    assert seen == sorted(map(at, slots))


async def test_filters_pick_by_truck_warehouse_carrier_day_and_slot_alone_and_together(client):
    await book(client, at_once(1, "08:00"))
    await book(client, at_once(2, "08:00", carrier="c2"))
    await book(client, at_once(1, "10:00"))

    async def count(**filters):
        return len((await client.get("/v1/appointments", params=filters)).json()["items"])

    assert await count(truck=plate(1)) == 2
    assert await count(carrier="c2") == 1
    assert await count(warehouse="w1") == 3
    assert await count(warehouse="w9") == 0
    assert await count(day=str(DAY)) == 3
    assert await count(day=str(DAY), slot=32) == 2
    assert await count(day=str(later(1))) == 0
    assert await count(truck=plate(1), carrier="c2") == 0
    assert await count(truck=plate(1), warehouse="w1", day=str(DAY), slot=40) == 1


async def test_a_filtered_list_of_many_is_walked_to_its_end(client, parts):
    made = (await book(client, at_once(1))).json()
    first = (await parts.desk.store.find(parts.desk.keys.appointment(made["id"]))).document
    assert first["id"] == made["id"]
    for number in range(2, 42):
        await book(
            client,
            asking(
                number, "13:00", carrier="c2" if number % 4 == 0 else "c1", earliest=at("08:00"), latest=at("17:30")
            ),
        )

    seen, cursor = [], {}
    while cursor is not None:
        asked = {"warehouse": "w1", "carrier": "c2", "limit": 3, **cursor}
        page = (await client.get("/v1/appointments", params=asked)).json()
        seen += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None

    assert len(seen) == len({each["id"] for each in seen}) == 10
    assert {each["carrier"] for each in seen} == {"c2"}


async def test_a_load_named_must_exist(client):
    answer = await book(client, asking(load="load-1"))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.load"


async def test_metrics_count_what_was_made_and_why_others_were_refused(client):
    for number in (1, 2, 3):
        await book(client, at_once(number))

    text = (await client.get("/metrics")).text

    assert "parkdispatch_bookings_made_total 2.0" in text
    assert 'parkdispatch_bookings_refused_total{reason="docks-full"} 1.0' in text
    assert 'parkdispatch_requests_total{method="POST",route="/v1/appointments",status="201"} 2.0' in text


class TestAgainstHoarding:
    @pytest.fixture
    def park(self):
        return tiny_park(docks=20, rules=HouseRules(truck_day_limit=3, truck_hold_limit=1, carrier_hold_limit=2))

    async def test_a_truck_has_so_many_appointments_a_day_and_one_cancelled_is_free_again(self, client, store):
        made = [(await book(client, at_once(1, wish))).json() for wish in ("09:00", "10:00", "11:00")]

        refused = await book(client, at_once(1, "12:00"))
        tomorrow = await book(client, asking(1) | {"wish": at("12:00", later(1))})
        await client.post(f"/v1/appointments/{made[0]['id']}/cancel")
        again = await book(client, at_once(1, "12:00"))

        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-open")
        assert refused.json()["resource"] == f"{plate(1)} {DAY}"
        assert (tomorrow.status_code, again.status_code) == (201, 201)
        assert await store.taken([store.keys.truck_days(DAY)]) == [{plate(1): 3}]

    async def test_a_truck_and_a_company_hold_so_many_and_what_is_confirmed_is_held_no_more(self, client, store):
        held = [(await book(client, at_once(n, hold=True))).json() for n in (1, 2)]

        truck = await book(client, at_once(1, "12:00", hold=True))
        company = await book(client, at_once(3, "12:00", hold=True))
        other = await book(client, at_once(4, "12:00", carrier="e1", hold=True))
        await client.post(f"/v1/appointments/{held[0]['id']}/confirm")
        again = await book(client, at_once(3, "12:00", hold=True))

        for answer, resource in ((truck, plate(1)), (company, "c1")):
            assert (answer.status_code, answer.json()["resource"]) == (409, f"{resource} {DAY}")
        assert (other.status_code, again.status_code) == (201, 201)
        assert await store.taken([store.keys.holds(DAY)]) == [{plate(2): 1, plate(3): 1, plate(4): 1, "c1": 2, "e1": 1}]

    async def test_of_many_at_once_no_more_than_the_limit_are_taken(self, client):
        wishes = [f"{hour:02d}:{minute:02d}" for hour in (9, 10, 11) for minute in (0, 30)]

        answers = await asyncio.gather(*(book(client, at_once(7, wish)) for wish in wishes))

        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3


async def test_a_booking_says_what_waits_its_slot_lets_expect_and_nothing_where_nothing_is_known(client, parts, clock):
    before = (await book(client, asking(1))).json()
    row = tuple(0.5 * slot for slot in range(96))
    known = ExpectedWaits(DAY, clock.now, 4, {"east": row}, {"w1-reefer": tuple(2 * each for each in row)})
    await parts.desk.store.commit(waits.posting(parts.desk.keys, known))
    clock.now += timedelta(seconds=6)

    made = (await book(client, at_once(2, "10:00"))).json()
    moved = (await client.post(f"/v1/appointments/{made['id']}/move", json={"wish": at("12:00")})).json()
    read = (await client.get(f"/v1/appointments/{made['id']}")).json()
    elsewhere = (await book(client, asking(3) | {"wish": at("10:00", later(1))})).json()
    clock.now += timedelta(minutes=3)
    stale = (await client.get(f"/v1/appointments/{made['id']}")).json()

    def told(answer):
        return answer["gate_wait_minutes"], answer["dock_wait_minutes"]

    assert (told(made), told(moved), told(read)) == ((20, 40), (24, 48), (24, 48))
    assert told(before) == told(elsewhere) == told(stale) == (None, None)


async def test_of_many_who_ask_at_once_for_waits_one_looks_into_the_store_which_may_be_away():
    class Asked:
        keys, times = Keys("tiny"), 0

        async def find(self, key):
            self.times += 1
            await asyncio.sleep(0)
            raise StoreDown("gone")

    board, store = waits.WaitBoard(), Asked()

    found = await asyncio.gather(*(board.find(store, DAY, NOW) for _ in range(50)))

    assert (set(found), store.times) == ({None}, 1)
