"""Webhooks: signed as the standard's own library reads it, tried again, given up, replayed; and never sent inside."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import standardwebhooks

from dispatch.model.refusals import NotThere
from dispatch.services import booking
from dispatch.services.delivering import Sending, deliver, list_dead, replay
from dispatch.services.desk import Desk, Misfit, PageAsked
from dispatch.services.event_forms import EventForm
from dispatch.services.outbound import NotAllowed, NotDelivered, Outbound
from dispatch.services.webhooks import (
    WebhookDraft,
    change_webhook,
    create_webhook,
    delete_webhook,
    get_webhook,
    rotate_secret,
)
from dispatch.store import codec
from dispatch.store.board import Board, prove
from dispatch.store.changes import acting
from dispatch.store.commit import Commit, Write
from tests.dispatch.store.small_park import a_park, an_appointment, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - what is sent is never older than the oracle's clock
INSIDE = Outbound(is_inside_allowed=True)
RETRIES = (5.0, 60.0)


class Receiver:
    """An HTTP server that answers what it is told to, and keeps what it was sent."""

    def __init__(self):
        self.answers = []
        self.taken = []
        self.tried = 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        signature = next(
            line.split(": ", 1)[1] for line in head.split("\r\n") if line.lower().startswith("webhook-sig")
        )
        body = await reader.readexactly(int(headers["content-length"]))
        self.tried += 1
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.taken.append((headers | {"webhook-signature": signature}, body))
        location = "Location: http://127.0.0.1:1/elsewhere\r\n" if status == 302 else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
def desk(store):
    return Desk(a_park(store.keys.park_id, entries=30, docks=30), store)


@pytest.fixture
async def receiver():
    async with Receiver() as opened:
        yield opened


async def hook_to(desk, port, *, names=("AppointmentConfirmed",), **more):
    draft = WebhookDraft("C1", f"http://localhost:{port}/events", names, **more)
    return await create_webhook(desk, INSIDE, draft, NOW - timedelta(hours=1), None)


async def book(desk, *numbers, carrier="C1"):
    with acting("driver:浙B1", lambda: NOW):
        for number in numbers:
            made = an_appointment(f"A{number}", plate=plate(number), carrier=carrier)
            await desk.store.commit(booking.create(desk.park, desk.keys, made))


async def sent(desk, now=NOW, outbound=INSIDE):
    return await deliver(desk, Sending(outbound, RETRIES), now)


async def test_what_is_sent_is_signed_so_that_the_standards_library_verifies_it(desk, receiver):
    new = await hook_to(desk, receiver.port)
    await book(desk, 1)

    count = await sent(desk, datetime.now(UTC))  # noqa: TID251 - the oracle looks at its own clock, 5 minutes either way

    (headers, body) = receiver.taken[0]
    document = standardwebhooks.Webhook(new.secret).verify(body, headers)
    assert count == 1
    assert (document["name"], document["data"]["plate"], document["by"]) == ("AppointmentConfirmed", plate(1), "driver")
    assert headers["host"] == f"localhost:{receiver.port}"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(new.secret).verify(body + b" ", headers)
    assert await sent(desk) == 0  # it has it
    assert (await prove(desk.store, Board())).differences == ()
    assert not any(new.secret.encode() in event.changes for event in await desk.store.events())


async def test_an_enterprise_is_sent_its_own_events_of_the_names_it_asked_for_in_its_form(desk, receiver):
    await hook_to(desk, receiver.port, format=EventForm.CLOUDEVENTS)
    await book(desk, 1)
    await book(desk, 2, carrier="E1")

    await sent(desk)

    assert [orjson.loads(body)["type"] for _, body in receiver.taken] == ["parkdispatch.AppointmentConfirmed.v1"]


async def test_what_is_not_taken_is_tried_again_later_then_given_up_and_replayed_on_demand(desk, receiver):
    hook = (await hook_to(desk, receiver.port)).kept.thing
    receiver.answers = [503, 302, 500]
    await book(desk, 1)

    tries = []
    for seconds in (0, 1, 5, 6, 64, 65, 66, 100_000):
        await sent(desk, NOW + timedelta(seconds=seconds))
        tries.append(receiver.tried)
    dead = (await list_dead(desk, hook.id, PageAsked())).things

    assert tries == [1, 1, 2, 2, 2, 3, 3, 3]
    assert [(each.attempts, each.error) for each in dead] == [(3, "answered 500")]
    assert await replay(desk, hook.id, None, NOW) == 1
    assert await sent(desk) == 1
    assert (await list_dead(desk, hook.id, PageAsked())).things == ()
    assert [headers["webhook-id"] for headers, _ in receiver.taken] == [dead[0].id]
    assert await replay(desk, hook.id, "0", NOW) == 1  # what was taken may be asked for again
    assert await sent(desk) == 1


async def test_a_receiver_that_is_gone_or_away_does_not_hold_up_the_others(desk, receiver):
    await hook_to(desk, 1)  # nobody listens there
    await hook_to(desk, receiver.port)
    receiver.answers = [410]
    await book(desk, 1, 2)

    assert await sent(desk) == 1
    assert receiver.tried == 2
    await sent(desk, NOW + timedelta(hours=1))
    assert receiver.tried == 2  # gone is gone


async def test_two_workers_send_each_event_once(desk, receiver):
    await hook_to(desk, receiver.port)
    await book(desk, *range(1, 20))

    await asyncio.gather(*(sent(desk) for _ in range(3)))

    assert sorted(orjson.loads(body)["data"]["plate"] for _, body in receiver.taken) == [plate(n) for n in range(1, 20)]


async def test_a_worker_lost_in_the_middle_is_followed_by_one_that_sends_again(desk, receiver):
    await hook_to(desk, receiver.port)
    await book(desk, 1)
    lost = replace(INSIDE, resolve=lambda host, port: asyncio.sleep(60))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sent(desk, outbound=replace(lost, seconds=30)), 0.3)

    assert await sent(desk, NOW + timedelta(seconds=59)) == 0  # it may be at it yet
    assert await sent(desk, NOW + timedelta(seconds=61)) == 1


async def test_a_webhook_changed_off_or_removed_is_sent_nothing(desk, receiver):
    hook = (await hook_to(desk, receiver.port)).kept.thing
    await change_webhook(desk, INSIDE, hook.id, None, is_active=False)
    await book(desk, 1)
    assert await sent(desk) == 0

    await change_webhook(desk, INSIDE, hook.id, None, is_active=True)
    await book(desk, 2)
    await delete_webhook(desk, hook.id, None)

    assert await sent(desk) == 0
    assert receiver.tried == 0
    with pytest.raises(NotThere):
        await get_webhook(desk, hook.id)
    assert await desk.store.find(desk.keys.webhook_secret(hook.id)) is None


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
     "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:c0a8:101::", "198.18.0.1", "203.0.113.9"],
)  # fmt: skip
async def test_nothing_is_sent_to_an_address_inside_by_name_or_by_number(desk, address):
    async def to(host, port):
        return ["1.1.1.1", address]

    outbound = Outbound(resolve=to, seconds=0.5)
    literal = f"https://[{address}]/" if ":" in address else f"https://{address}/"

    with pytest.raises(NotAllowed):
        await outbound.post("https://hooks.example.com/", b"{}", {})
    with pytest.raises(NotAllowed):
        await outbound.post(literal, b"{}", {})
    with pytest.raises(Misfit):
        await create_webhook(desk, outbound, WebhookDraft("C1", literal), NOW, None)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com/", "https://user@example.com/", "https://u:p@example.com/", "https:///x",
     "https://example.com/#x", "https://example.com:99999/", "javascript:1", "https://exa mple.com/", "https://[::1"],
)  # fmt: skip
async def test_only_plain_https_addresses_are_taken(desk, url):
    with pytest.raises(Misfit):
        await create_webhook(desk, Outbound(), WebhookDraft("C1", url), NOW, None)


async def test_the_connection_goes_to_the_address_that_was_checked_whatever_the_name_says_a_moment_later(receiver):
    asked = []

    async def first_this_then_that(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    outbound = replace(INSIDE, resolve=first_this_then_that)
    headers = {"webhook-signature": "v1,x"}
    await outbound.post(f"http://rebinding.example.com:{receiver.port}/", b"{}", headers)

    assert asked == ["rebinding.example.com"]
    assert receiver.taken[0][0]["host"] == f"rebinding.example.com:{receiver.port}"


async def test_redirects_are_not_followed_and_names_without_an_address_are_told(receiver):
    receiver.answers = [302]
    with pytest.raises(NotDelivered, match="answered 302"):
        await INSIDE.post(f"http://localhost:{receiver.port}/", b"{}", {"webhook-signature": "v1,x"})
    with pytest.raises(NotDelivered, match="has no address"):
        await Outbound().post("https://nowhere.invalid/", b"{}", {})
    assert receiver.tried == 1


def is_signed_by(secret, delivered):
    headers, body = delivered
    try:
        standardwebhooks.Webhook(secret).verify(body, headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


async def test_after_a_rotation_old_and_new_secret_sign_together_until_the_grace_is_over(desk, receiver):
    new = await hook_to(desk, receiver.port)
    hook, grace = new.kept.thing.id, timedelta(seconds=30)
    secrets = [new.secret]
    begun = datetime.now(UTC)  # noqa: TID251 - the oracle looks at its own clock, 5 minutes either way
    for number, moment in enumerate([begun, begun, begun + grace]):
        if number < 2:
            secrets.append((await rotate_secret(desk, hook, grace, begun, None)).secret)
        await book(desk, number + 1)
        await sent(desk, moment)
    secrets.append((await rotate_secret(desk, hook, timedelta(0), begun, None)).secret)
    await book(desk, 4)
    await sent(desk, begun)

    by = [[is_signed_by(secret, delivered) for secret in secrets] for delivered in receiver.taken]
    assert by == [
        [True, True, False, False],  # the first two
        [True, True, True, False],
        [False, False, True, False],  # the grace is over
        [False, False, False, True],  # without grace
    ]
    assert not any(secret.encode() in event.changes for event in await desk.store.events() for secret in secrets)
    assert (await prove(desk.store, Board())).differences == ()


async def test_a_secret_kept_by_an_older_store_signs_and_is_rotated(desk, receiver):
    new = await hook_to(desk, receiver.port)
    key = desk.keys.webhook_secret(new.kept.thing.id)
    await desk.store.commit(Commit(writes=(Write(key, codec.dump(new.secret)),)))
    moment = datetime.now(UTC)  # noqa: TID251 - the oracle's
    await rotate_secret(desk, new.kept.thing.id, timedelta(hours=1), moment, None)
    await book(desk, 1)

    assert await sent(desk, moment) == 1
    assert is_signed_by(new.secret, receiver.taken[0])
