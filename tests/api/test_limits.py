"""Over a real socket: what is too large, too slow, too much or not read is ended, and nobody else notices."""

import asyncio
import os
import socket
import time
from contextlib import asynccontextmanager, suppress

import orjson
import pytest

from tests.api.over_tcp import Connection, running_service
from tests.api.server import KEY

pytestmark = [pytest.mark.anyio, pytest.mark.store]

SMALL = {"HEAD_SECONDS": "0.4", "BODY_SECONDS": "0.4", "WRITE_SECONDS": "0.4", "MAX_CONNECTIONS": "30"}
HEAD = f"POST /v1/loads HTTP/1.1\r\nHost: park\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    before = dict(os.environ)
    os.environ.update({f"PARKDISPATCH_{name}": value for name, value in SMALL.items()})
    try:
        with running_service(tmp_path_factory.mktemp("limits"), 50) as service:
            yield service.port
    finally:
        os.environ.clear()
        os.environ.update(before)


@asynccontextmanager
async def opened(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def answer_to(port, *pieces, pause=0.0):
    """Send pieces with a pause between them; return status, headers and document, None when it is closed unanswered."""
    async with opened(port) as (reader, writer):
        reading = asyncio.create_task(reader.read())
        for piece in pieces:
            if not reading.done():
                writer.write(piece if isinstance(piece, bytes) else piece.encode())
                await asyncio.sleep(pause)
        said = await asyncio.wait_for(reading, 5)
    if not said:
        return None
    head, _, content = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), orjson.loads(content)


async def is_well(port):
    async with Connection(port) as connection:
        return (await connection.ask("GET", "/healthz")).status == 200


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("a field without end", ["GET / HTTP/1.1\r\nX: ", *["x" * 4000] * 6]),
        ("a long field", [f"GET / HTTP/1.1\r\nX: {'x' * 17_000}\r\n\r\n"]),
        ("a long path", [f"GET /{'x' * 17_000} HTTP/1.1\r\nHost: park\r\n\r\n"]),
        ("many fields", ["GET / HTTP/1.1\r\n" + "".join(f"X-{n}: y\r\n" for n in range(70)) + "\r\n"]),
        ("a long head before a body", [HEAD + f"X: {'x' * 17_000}\r\nContent-Length: 2\r\n\r\n{{}}"]),
    ],
)
async def test_a_head_that_is_too_large_is_answered_431_and_closed(port, name, pieces):
    status, head, document = await answer_to(port, *pieces)

    assert (status, document["type"]) == (431, "/problems/headers-too-large")
    assert "connection: close" in head
    assert await is_well(port)


async def test_a_head_that_comes_drop_by_drop_is_answered_408_and_closed(port):
    for dripped in (
        ["GET / HTTP/1.1\r\n", *["X: y\r\n"] * 20],
        ["\r\n"] * 20,
        ["G", "E", "T", " ", "/", *["x"] * 20],
    ):
        status, _, document = await answer_to(port, *dripped, pause=0.05)
        assert (status, document["type"]) == (408, "/problems/too-slow")


async def test_who_connects_and_asks_nothing_is_let_go(port):
    assert await answer_to(port) is None


async def test_a_body_that_comes_drop_by_drop_is_answered_408_and_closed(port):
    status, head, document = await answer_to(port, HEAD + "Content-Length: 500\r\n\r\n", *["{"] * 20, pause=0.05)

    assert (status, document["type"]) == (408, "/problems/too-slow")
    assert "connection: close" in head


async def test_what_is_no_http_is_answered_400_as_a_problem(port):
    for junk in (
        "nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /\x00 HTTP/1.1\r\n\r\n",
    ):
        status, head, document = await answer_to(port, junk)
        assert (status, document["type"]) == (400, "/problems/malformed")
        assert "uvicorn" not in head


async def test_a_client_that_does_not_read_is_let_go(port):
    def deaf():
        with socket.socket() as client:
            client.settimeout(10)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: park\r\n\r\n" * 100)
            while True:
                time.sleep(0.05)
                client.sendall(b"\r\n")

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        await asyncio.wait_for(asyncio.to_thread(deaf), 20)
    assert await is_well(port)


async def test_a_client_that_asks_on_without_end_before_it_is_answered_is_let_go(port):
    asked = b"GET /healthz HTTP/1.1\r\nHost: park\r\n\r\n"

    said = []
    for count in (100, 5000):
        async with opened(port) as (reader, writer):
            reading = asyncio.create_task(reader.read())
            writer.write(asked * count)
            try:
                said.append(await asyncio.wait_for(reading, 7))
            except ConnectionResetError:
                said.append(None)

    assert said[0].count(b"HTTP/1.1 200") == 100  # and closed, for nothing more came
    assert said[1] is None or said[1].count(b"HTTP/1.1 200") < 300


async def test_slow_clients_beside_others_do_not_hold_them_up(port):
    async def drip():
        return await answer_to(port, *["GET / HTTP/1.1\r\n", *["X: y\r\n"] * 20], pause=0.05)

    slow = [asyncio.create_task(drip()) for _ in range(20)]
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    async with Connection(port) as connection:
        answers = [await connection.ask("GET", "/v1/loads") for _ in range(20)]

    assert {each.status for each in answers} == {200}
    assert asyncio.get_running_loop().time() - began < 2
    assert {answer[0] for answer in await asyncio.gather(*slow)} == {408}


async def test_more_connections_than_are_taken_are_answered_503(port):
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
    try:
        said = [await asyncio.wait_for(reader.read(600), 5) for reader, _ in held[-5:]]
    finally:
        for _, writer in held:
            writer.close()

    assert all(each.startswith(b"HTTP/1.1 503 ") for each in said)
    assert b"/problems/overloaded" in said[0]
    await asyncio.sleep(0.6)
    assert await is_well(port)
