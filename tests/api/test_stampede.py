"""Many at once, over TCP, against a service process with its real store."""

from collections import Counter

import pytest

from tests.api.over_tcp import ask, ask_all, list_appointments, running_service
from tests.api.tiny import DAY, asking, at, at_once

pytestmark = [pytest.mark.anyio, pytest.mark.store]

HOT = ["09:00", "09:15", "09:30", "09:45", "10:00", "10:15"]
DOCKS = 50  # a slot, and as many entries: 300 places
ASKED = 2000


def request(number):
    wish = HOT[number % len(HOT)]
    return f"truck-{number}", asking(number, wish, earliest=at(HOT[0]), latest=at(HOT[-1]))


async def availability(port):
    answer = await ask(port, "GET", f"/v1/availability?warehouse=w1&dock_kind=reefer&day={DAY}")
    return [slot for slot in answer.document["slots"] if slot["starts_at"] in map(at, HOT)]


async def test_2000_requests_for_300_places_end_with_exactly_300_appointments_and_the_truth_for_everybody(tmp_path):
    requests = [request(number) for number in range(ASKED)]
    with running_service(tmp_path, DOCKS) as service:
        answers = await ask_all(service.port, requests, connections=200)

        given = [answer for answer in answers if answer.status == 201]
        refused = [answer for answer in answers if answer.status == 409]
        assert (len(given), len(refused)) == (300, 1700)

        kept = {each["id"]: each for each in await list_appointments(service.port)}
        assert kept == {answer.document["id"]: answer.document for answer in given}
        assert Counter(each["slot"] for each in kept.values()) == dict.fromkeys(range(36, 42), DOCKS)
        assert Counter((each["slot"], each["gate"]) for each in kept.values()) == {
            (slot, gate): DOCKS // 2 for slot in range(36, 42) for gate in ("east", "west")
        }
        slots = await availability(service.port)
        assert [(slot["docks"], slot["free_docks"], slot["free_entries"]) for slot in slots] == [(DOCKS, 0, 0)] * 6

        full = {f"dock group w1-reefer {wish}" for wish in HOT}
        assert {answer.document["resource"] for answer in refused} <= full
        for answer in refused:
            assert len(answer.document["alternatives"]) == 3
            assert not {each["slot"] for each in answer.document["alternatives"]} & set(range(36, 42))

        again = await ask_all(service.port, requests, connections=200)

        assert [answer.status for answer in again] == [answer.status for answer in answers]
        for first, repeat in zip(answers, again, strict=True):
            if first.status == 201:
                assert repeat.document == first.document
                assert repeat.headers["idempotency-replayed"] == "true"
        assert len(await list_appointments(service.port)) == 300


async def test_each_of_many_finds_a_place_when_there_are_as_many(tmp_path):
    with running_service(tmp_path, DOCKS) as service:
        answers = await ask_all(service.port, [request(number) for number in range(300)], connections=100)

        assert {answer.status for answer in answers} == {201}
        assert [slot["free_docks"] for slot in await availability(service.port)] == [0] * 6
        more = await ask(service.port, "POST", "/v1/appointments", at_once(9999, "09:00"))
        assert more.status == 409
