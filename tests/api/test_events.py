"""The park's events over HTTP: pages, listening, resuming, and the forms of other standards."""

import ast
import asyncio
import re
from dataclasses import replace
from pathlib import Path

import httpx
import jsonschema_rs
import orjson
import pytest

from api.http.app import create_app
from api.http.sse import EventStream, Message
from dispatch.model.callers import Role
from dispatch.model.events import EVENT_KINDS
from dispatch.services.desk import Desk
from dispatch.services.feed import Feed
from dispatch.store.commit import Commit, Event, Write
from tests.api.callers import MINE, THEIRS, clients_of, two_of_each
from tests.api.conftest import BEARER
from tests.api.over_tcp import ask, running_service
from tests.api.server import KEY
from tests.api.tiny import announcing, asking, at_once, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"(?:[A-Z][a-z]+){2,}$")
PAST = re.compile(
    r".*(ed|edIn|edOut|edUp|Made|Undone|Withdrawn|Begun|Left|Sent|Lost|Given|Taken|Kept|Held|Put|Overdue|ReachedPickup|HandedBack|TakenUp)$"
)


def names_in_the_code():
    """Return every text of two capitalised words or more in the code that makes events, the past participle last."""
    texts = (
        node.value
        for file in [*ROOT.glob("dispatch/**/*.py"), *ROOT.glob("api/**/*.py")]
        if file.name not in ("answers.py", "events.py", "requests.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {text for text in texts if NAME.match(text) and PAST.match(text)}


def names_in_the_docs():
    row = r"^\| ([A-Z][A-Za-z]+) \| (\d+) \| ([a-z_]+) \|.*?\| ([A-Z]*) ?\|$"
    rows = re.findall(row, (ROOT / "docs/events.md").read_text(), re.MULTILINE)
    return {name: (int(version), about, dcsa or None) for name, version, about, dcsa in rows}


def test_every_event_name_in_the_code_is_past_tense_and_documented_as_the_table_has_it():
    told = {name: (kind.version, kind.about, kind.dcsa) for name, kind in EVENT_KINDS.items()}

    assert names_in_the_code() ^ told.keys() == set()
    assert names_in_the_docs() == told
    assert all(NAME.match(name) and PAST.match(name) for name in told)


async def happen(client):
    made = (await client.post("/v1/appointments", json=at_once(1))).json()
    await client.put(f"/v1/trucks/{plate(2)}", json=announcing())
    await client.post(f"/v1/appointments/{made['id']}/cancel")
    return made


async def test_events_are_read_in_order_page_by_page_with_who_and_when(client, clock):
    made = await happen(client)
    first = (await client.get("/v1/events?limit=2")).json()
    rest = (await client.get(f"/v1/events?after={first['last']}")).json()
    one = (await client.get("/v1/events?name=TruckAnnounced")).json()

    assert [each["name"] for each in first["items"]] == ["AppointmentConfirmed", "TruckAnnounced"]
    assert [each["name"] for each in rest["items"]] == ["AppointmentCancelled"]
    assert first["next"] == first["last"] == first["items"][1]["id"]
    assert (rest["next"], rest["last"]) == (None, rest["items"][0]["id"])
    assert [each["id"] for each in one["items"]] == [first["items"][1]["id"]]
    event = first["items"][0]
    assert (event["version"], event["by"], event["data"]["id"]) == (1, "operator", made["id"])
    assert event["at"] == clock.now.isoformat()
    assert "changes" not in event


async def test_cloudevents_have_what_the_standard_asks_for(client, park):
    made = await happen(client)
    page = (await client.get("/v1/events?format=cloudevents")).json()
    required = {
        "type": "object",
        "required": ["id", "source", "specversion", "type"],
        "properties": {
            "id": {"type": "string", "minLength": 1},
            "source": {"type": "string", "format": "uri-reference", "minLength": 1},
            "specversion": {"const": "1.0"},
            "type": {"type": "string", "minLength": 1},
            "subject": {"type": "string", "minLength": 1},
            "time": {"type": "string", "format": "date-time"},
        },
    }

    assert [each["type"] for each in page["items"]] == [
        "parkdispatch.AppointmentConfirmed.v1",
        "parkdispatch.TruckAnnounced.v1",
        "parkdispatch.AppointmentCancelled.v1",
    ]
    for each in page["items"]:
        assert jsonschema_rs.is_valid(required, each)
        assert all(re.fullmatch("[a-z0-9]+", name) for name in each)
    appointment = f"appointment/{made['id']}"
    assert [each["subject"] for each in page["items"]] == [appointment, f"truck/{plate(2)}", appointment]


async def test_gate_and_dock_moments_have_their_dcsa_codes_and_nothing_else_is_told(client, store):
    made = (await client.post("/v1/appointments", json=at_once(1))).json()
    seen = {"id": made["id"], "plate": plate(1), "gate": "east", "warehouse": "w1", "purpose": "deliver"}
    for name in ("TruckCheckedIn", "DockStarted", "DockFinished", "TruckCheckedOut"):
        await store.commit(Commit(events=(Event(name, orjson.dumps(seen)),)))

    page = (await client.get("/v1/events?format=dcsa&limit=3")).json()
    rest = (await client.get(f"/v1/events?format=dcsa&after={page['last']}")).json()

    events = page["items"] + rest["items"]
    assert [each["equipmentEventTypeCode"] for each in events] == ["GTIN", "AVDO", "AVPU", "GTOT"]
    assert [each["emptyIndicatorCode"] for each in events] == ["LADEN", "LADEN", "EMPTY", "EMPTY"]
    assert {each["equipmentReference"] for each in events} == {plate(1)}
    assert len({each["eventID"] for each in events}) == 4


async def test_behind_what_was_trimmed_there_is_nothing_to_resume(client, store):
    await happen(client)
    first, second, _ = await store.events()
    mark = Write(store.keys.archived(), orjson.dumps({"last": second.id}))
    await store.commit(Commit(writes=(mark,), events=(Event("EventsArchived", mark.document),)))
    await store.alone("XTRIM", store.keys.stream(), "MINID", second.id)

    gone = await client.get(f"/v1/events?after={first.id}")
    kept = await client.get(f"/v1/events?after={second.id}")

    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/events-gone")
    assert [each["name"] for each in kept.json()["items"]] == ["AppointmentCancelled", "EventsArchived"]


class Listener:
    """A client that listens."""

    def __init__(self, port, last=None, query=""):
        self.port, self.last, self.query = port, last, query

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET /v1/events{self.query} HTTP/1.1", "Host: park", f"Authorization: Bearer {KEY}"]
        lines += ["Accept: text/event-stream", *([f"Last-Event-ID: {self.last}"] if self.last else [])]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 200 " in head
        assert "text/event-stream" in head
        assert b"retry" in await self._block()
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def _block(self):
        async with asyncio.timeout(10):
            size = int(await self.reader.readline(), 16)
            content = await self.reader.readexactly(size)
            await self.reader.readline()
            return content

    async def hear(self, count):
        heard = []
        while len(heard) < count:
            block = (await self._block()).decode().strip()
            if block.startswith(":"):
                continue
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            heard.append((fields["id"], fields["event"], orjson.loads(fields["data"])))
        return heard


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("events"), 50) as started:
        yield started


async def test_who_listens_hears_what_happens_and_resumes_behind_the_last_it_had(service):
    port = service.port
    async with Listener(port) as listener, Listener(port, query="?format=cloudevents") as other:
        for number in (1, 2, 3):
            await ask(port, "POST", "/v1/appointments", asking(number))
        heard = await listener.hear(3)
        elsewhere = await other.hear(3)
    for number in (4, 5):
        await ask(port, "POST", "/v1/appointments", asking(number))
    async with Listener(port, heard[1][0]) as again:
        resumed = await again.hear(3)
        await ask(port, "POST", "/v1/appointments", asking(6))
        resumed += await again.hear(1)

    assert [document["data"]["plate"] for _, _, document in heard] == [plate(1), plate(2), plate(3)]
    assert [identity for identity, _, _ in elsewhere] == [identity for identity, _, _ in heard]
    assert elsewhere[0][2]["specversion"] == "1.0"
    assert [document["data"]["plate"] for _, _, document in resumed] == [plate(n) for n in (3, 4, 5, 6)]
    assert all(identity == document["id"] for identity, _, document in resumed)


async def test_a_hundred_listeners_need_one_waiting_connection_and_a_store_that_comes_back_is_heard_again(service):
    port = service.port
    listeners = [Listener(port) for _ in range(100)]
    for listener in listeners:
        await listener.__aenter__()
    try:
        await ask(port, "POST", "/v1/appointments", asking(11))
        heard = await asyncio.gather(*(listener.hear(1) for listener in listeners))
        service.kill_store()
        for _ in range(200):
            if (await ask(port, "POST", "/v1/appointments", asking(12))).status == 201:
                break
            await asyncio.sleep(0.05)
        again = await asyncio.gather(*(listener.hear(1) for listener in listeners))
    finally:
        for listener in listeners:
            await listener.__aexit__()

    assert {each[0][2]["data"]["plate"] for each in heard} == {plate(11)}
    assert {each[0][2]["data"]["plate"] for each in again} == {plate(12)}


async def test_who_reads_too_slowly_is_served_from_the_store_and_misses_nothing(store):
    feed = Feed(store, kept=5)
    assert await feed.after("0", wait_seconds=0.05) == []
    await store.commit_many([Commit(events=(Event("Counted", str(n).encode()),)) for n in range(40)])
    for _ in range(100):
        newest = await feed.after("0")
        if len(newest) == 40:
            break
        await asyncio.sleep(0.02)
    behind, near = newest[3].id, newest[37].id

    assert [event.document for event in await feed.after(behind)] == list(range(4, 40))
    assert [event.document for event in await feed.after(near)] == [38, 39]
    await feed.close()


async def test_a_client_that_takes_nothing_is_let_go():
    async def endless():
        while True:
            yield Message(b"{}", "Made", "1-0")

    sent = []

    async def send(message):
        sent.append(message)
        if len(sent) > 3:
            await asyncio.sleep(60)

    async def receive():
        await asyncio.sleep(60)

    async with asyncio.timeout(5):
        await EventStream(endless(), send_seconds=0.05)({"type": "http", "path": "/v1/events"}, receive, send)

    assert [message["type"] for message in sent] == ["http.response.start"] + ["http.response.body"] * 3


async def test_each_role_hears_of_its_own_alone_and_of_others_by_their_role(store, parts):
    app = create_app(replace(parts, desk=Desk(two_of_each(), store)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://park", headers=BEARER) as client:
        await check_roles(app, client)


async def check_roles(app, client):
    await happen(client)
    async with clients_of(app, client, MINE) as mine, clients_of(app, client, THEIRS) as theirs:
        await mine[Role.ENTERPRISE].post("/v1/appointments", json=at_once(1, "12:00"))
        told = {role: (await one.get("/v1/events")).json()["items"] for role, one in mine.items()}
        others = {role: (await one.get("/v1/events")).json()["items"] for role, one in theirs.items()}

    names = {role: heard(items) for role, items in told.items()}
    elsewhere = {role: heard(items) for role, items in others.items()}
    ours = ["AppointmentConfirmed", "AppointmentCancelled", "AppointmentConfirmed"]
    assert names[Role.ENTERPRISE] == ["AppointmentConfirmed", "TruckAnnounced", *ours[1:]]
    assert names[Role.DRIVER] == names[Role.WAREHOUSE] == ours
    assert all(elsewhere[role] == [] for role in (Role.ENTERPRISE, Role.WAREHOUSE, Role.GATE))
    assert told[Role.AUDITOR][-1]["by"].startswith("enterprise:c1 key:")
    assert told[Role.ENTERPRISE][-1]["by"] == "enterprise:c1"
    assert told[Role.DRIVER][-1]["by"] == told[Role.WAREHOUSE][-1]["by"] == "enterprise"


def heard(items):
    return [each["name"] for each in items if not each["name"].startswith("ApiKey")]
