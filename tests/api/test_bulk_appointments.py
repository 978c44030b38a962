"""Many slots asked for at once, as JSON and as CSV: each row for itself, in order, once."""

import csv
import io

import pytest

from tests.api.conftest import BEARER
from tests.api.tiny import asking, at, at_once, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]


def as_csv(rows):
    """Return rows as CSV under all their names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


async def post(client, rows):
    return await client.post("/v1/appointments/bulk", json={"appointments": rows})


async def post_csv(client, text, **headers):
    headers = {"Content-Type": "text/csv", **BEARER, **headers}
    content = text.encode() if isinstance(text, str) else text
    return await client.post("/v1/appointments/bulk", content=content, headers=headers)


ROWS = [
    at_once(1),
    at_once(2, minutes=15, hold="true"),
    at_once(3),  # the third of two docks
    at_once(4, waitlist="true"),
    at_once(5, minutes="many"),
    at_once(6) | {"plate": "nobody's"},
    asking(7, "14:00", minutes=30),
    asking(8, "14:00", colour="red"),
]


async def test_rows_of_csv_are_given_refused_and_put_in_line_each_for_itself(client):
    answer = await post_csv(client, as_csv(ROWS))

    told = answer.json()
    assert answer.status_code == 200
    assert (told["created"], told["refused"]) == (4, 4)
    assert [row["state"] for row in told["rows"]] == [
        "confirmed", "requested", None, "waitlisted", None, None, "confirmed", None,
    ]  # fmt: skip
    problems = {row["row"]: row["problem"] for row in told["rows"] if row["problem"]}
    assert problems[2]["type"] == "/problems/docks-full"
    assert problems[2]["alternatives"]
    assert problems[4]["errors"][0]["field"] == "body.appointments[4].minutes"
    assert problems[5]["errors"][0]["field"] == "body.appointments[5].plate"
    assert problems[7]["errors"][0]["field"] == "body.appointments[7].colour"
    made = (await client.get(f"/v1/appointments/{told['rows'][6]['id']}")).json()
    assert (made["plate"], made["slots"], made["starts_at"]) == (plate(7), 2, at("14:00"))


async def test_json_and_csv_say_the_same(client):
    rows = [at_once(1), at_once(2, minutes=15)]

    first = await post(client, [{**row, "plate": plate(10 + i)} for i, row in enumerate(rows)])
    second = await post_csv(
        client, as_csv([{**row, "wish": at("11:00"), "earliest": "", "latest": ""} for row in rows])
    )

    assert [row["state"] for answer in (first, second) for row in answer.json()["rows"]] == ["confirmed"] * 4


async def test_a_repeat_under_its_key_books_nothing_more(client):
    headers = {"Idempotency-Key": "many"}
    first = await post_csv(client, as_csv(ROWS[:2]), **headers)
    again = await post_csv(client, as_csv(ROWS[:2]), **headers)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert [row["id"] for row in again.json()["rows"]] == [row["id"] for row in first.json()["rows"]]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", 'plate\n"unclosed', b"plate,carrier\n\xe6\xb5"])
async def test_what_is_no_csv_is_refused_whole(client, content):
    answer = await post_csv(client, content)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["problem"].startswith("is not CSV in UTF-8")


@pytest.mark.parametrize("content", ["", "colour,size\n", "colour\nred\n"])
async def test_a_first_line_that_names_no_field_is_refused_whole(client, content):
    answer = await post_csv(client, content)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["problem"].startswith("its first line must name fields, some of plate")


async def test_too_many_rows_and_cells_beyond_the_first_line_are_refused(client):
    many = await post_csv(client, "plate\n" + "x\n" * 701)
    beyond = await post_csv(client, "plate,carrier\n浙B00001,c1,more,and more\n")

    assert many.status_code == 422
    assert beyond.json()["rows"][0]["problem"]["type"] == "/problems/invalid-request"


async def test_csv_is_taken_by_the_other_bulk_requests_too(client):
    rows = "enterprise,cargo_kind,origin,destination,earliest,latest,due,load_minutes,unload_minutes,blocked_carriers\n"
    rows += f"e1,import,t1,w1,{at('08:00')},{at('10:00')},{at('12:00')},30,30,c1;c2\n"
    headers = {"Content-Type": "text/csv", **BEARER}

    answer = await client.post("/v1/loads/bulk", content=rows.encode(), headers=headers)

    (row,) = answer.json()["rows"]
    load = (await client.get(f"/v1/loads/{row['id']}")).json()
    assert (load["load_minutes"], load["blocked_carriers"]) == (30, ["c1", "c2"])


async def test_five_hundred_rows_for_one_hour_fill_it_exactly(client):
    rows = [asking(100 + i, "09:00", earliest=at("09:00"), latest=at("09:45")) for i in range(500)]

    told = (await post(client, rows)).json()

    assert told["created"] == 2 * 4
    assert {row["problem"]["type"] for row in told["rows"] if row["problem"]} == {"/problems/docks-full"}
