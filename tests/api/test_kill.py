"""kill -9 in the middle of bookings: what was acknowledged is there, and nothing is there twice."""

import asyncio

import pytest

from tests.api.over_tcp import Answered, Connection, ask, list_appointments, running_service
from tests.api.tiny import DAY, asking, at

pytestmark = [pytest.mark.anyio, pytest.mark.store]

DOCKS = 50
CLIENTS = 20
BEFORE = 150  # acknowledged bookings before the kill
AFTER = 100


def request(number):
    return asking(number, "13:00", earliest=at("08:00"), latest=at("17:30"))


class Bookings:
    """Clients that book one truck after the other, and note what they were told."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.acknowledged: dict[int, Answered] = {}
        self.unanswered: set[int] = set()
        self.told_down: list[Answered] = []
        self._numbers = iter(range(100_000))
        self._enough = asyncio.Event()
        self._target = 0

    async def until(self, acknowledged: int) -> None:
        """Return when so many bookings have been acknowledged."""
        self._target = acknowledged
        self._enough.clear()
        await self._enough.wait()

    async def book_until_lost(self) -> None:
        """Book until there is no service to answer."""
        async with Connection(self.port) as connection:
            for number in self._numbers:
                try:
                    await self._book(connection, number)
                except ConnectionError:
                    self.unanswered.add(number)
                    return

    async def book_through(self) -> None:
        """Book, and ask again under the same key whatever was answered with 503, until told to end."""
        async with Connection(self.port) as connection:
            for number in self._numbers:
                for _ in range(500):
                    if (await self._book(connection, number)).status == 201:
                        break
                    await asyncio.sleep(0.02)

    async def _book(self, connection: Connection, number: int) -> Answered:
        answer = await connection.ask("POST", "/v1/appointments", request(number), f"key-{number}")
        if answer.status == 201:
            self.acknowledged[number] = answer
        else:
            assert answer.status == 503, answer
            self.told_down.append(answer)
        if len(self.acknowledged) >= self._target:
            self._enough.set()
        return answer


async def check_counters(port):
    """Assert that every counter holds what the appointments say, no more and no less."""
    kept = await list_appointments(port)
    for kind in ("reefer", "container"):
        answer = await ask(port, "GET", f"/v1/availability?warehouse=w1&dock_kind={kind}&day={DAY}")
        for slot in answer.document["slots"]:
            taken = sum(each["slot"] == slot["slot"] and each["dock_kind"] == kind for each in kept)
            assert slot["docks"] - slot["free_docks"] == taken
    assert len({each["plate"] for each in kept}) == len(kept)
    return {each["id"]: each for each in kept}


async def test_kill_9_of_the_service_and_its_store_together_loses_no_acknowledged_booking(tmp_path):
    with running_service(tmp_path, DOCKS) as service:
        bookings = Bookings(service.port)
        clients = [asyncio.create_task(bookings.book_until_lost()) for _ in range(CLIENTS)]
        await bookings.until(BEFORE)
        service.kill()
        await asyncio.gather(*clients)

    with running_service(tmp_path, DOCKS) as service:
        kept = await check_counters(service.port)
        for answer in bookings.acknowledged.values():
            assert kept[answer.document["id"]] == answer.document
        assert len(kept) <= len(bookings.acknowledged) + len(bookings.unanswered)

        async with Connection(service.port) as connection:
            for number in [*bookings.unanswered, *bookings.acknowledged]:
                again = await connection.ask("POST", "/v1/appointments", request(number), f"key-{number}")
                assert again.status == 201
                if number in bookings.acknowledged:
                    assert again.document == bookings.acknowledged[number].document
        assert len(await check_counters(service.port)) == len(bookings.acknowledged) + len(bookings.unanswered)


async def test_kill_9_of_the_store_loses_no_acknowledged_booking_and_the_service_goes_on(tmp_path):
    with running_service(tmp_path, DOCKS) as service:
        bookings = Bookings(service.port)
        clients = [asyncio.create_task(bookings.book_through()) for _ in range(CLIENTS)]
        await bookings.until(BEFORE)
        service.kill_store()
        await bookings.until(len(bookings.acknowledged) + AFTER)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await asyncio.sleep(0.2)  # what was under way when its client left comes to its end

        kept = await check_counters(service.port)
        for answer in bookings.acknowledged.values():
            assert kept[answer.document["id"]] == answer.document
        assert bookings.told_down
        for answer in bookings.told_down:
            assert answer.document["type"] in ("/problems/store-unavailable", "/problems/answer-lost")
            assert answer.document["maybe_done"] == (answer.document["type"] == "/problems/answer-lost")
            assert int(answer.headers["retry-after"]) > 0
        assert len(kept) <= len(bookings.acknowledged) + CLIENTS


async def test_while_the_store_is_away_the_service_says_so(tmp_path):
    with running_service(tmp_path, DOCKS) as service:
        ready = (await ask(service.port, "GET", "/readyz")).status
        service.kill_store()
        down = await ask(service.port, "GET", "/readyz")
        alive = await ask(service.port, "GET", "/healthz")
        for _ in range(200):
            if (await ask(service.port, "GET", "/readyz")).status == 200:
                break
            await asyncio.sleep(0.02)
        again = await ask(service.port, "GET", "/readyz")

    assert (ready, down.status, alive.status, again.status) == (200, 503, 200, 200)
    assert down.headers["content-type"] == "application/problem+json"
