"""`parkdispatch replay`, as a process: exit 0 where stream and store agree, the differences and exit 1 where not."""

import asyncio

import orjson
import pytest
import redis

from dispatch.services import booking
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store
from tests.api.cli.commands import parkdispatch
from tests.dispatch.store.small_park import a_park, an_appointment, plate

pytestmark = pytest.mark.store


def book(url, park, count):
    async def run():
        async with Store(url, park.id) as store:
            made = (an_appointment(f"A{n}", plate=plate(n)) for n in range(count))
            await store.commit_many([booking.create(park, store.keys, each) for each in made])
            return store.keys

    return asyncio.run(run())


def test_replay_proves_the_store_of_a_running_service_and_names_what_differs(tmp_path):
    park = a_park("beilun", entries=9, docks=9)
    settings = {"PARKDISPATCH_VAR_DIR": str(tmp_path)}
    with running_store(StoreSettings(data_dir=tmp_path / "store")) as url:
        keys = book(url, park, 3)
        with redis.Redis.from_url(url) as client:
            client.delete(keys.appointment("A1"))
        differs = parkdispatch("replay", **settings)

    assert differs.code == 1
    assert "differs: appointment:A1: the store has None" in differs.err
    answer = parkdispatch("replay", "--json", **settings)
    assert answer.code == 1
    assert orjson.loads(answer.out)["differences"] == ["appointment:A1"]
    assert orjson.loads(answer.out)["events"] == 3
