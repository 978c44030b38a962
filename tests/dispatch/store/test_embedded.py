"""The embedded store: what was acknowledged survives every kind of death, and there is only one in a directory."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dispatch.store import connection, data_dir
from dispatch.store.binary import StoreFault, get_binary
from dispatch.store.commit import Commit, Done, StoreDown, Take, Write
from dispatch.store.embedded import EmbeddedStore, StoreSettings, running_store
from dispatch.store.store import Store

pytestmark = [pytest.mark.anyio, pytest.mark.store]


class Said(list[str]):
    """Collects the lines a store says."""

    def wait_for(self, text: str) -> None:
        while not any(text in line for line in self):
            time.sleep(0.01)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def embedded(tmp_path: Path, said: Said) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "store", get_binary(), say=said.append)
    store.start()
    yield store
    store.stop()


def server_pid(store: EmbeddedStore) -> int:
    assert store.pid is not None
    return store.pid


def a_booking(store: Store, number: int) -> Commit:
    tag = f"{{{store.keys.park_id}}}"
    return Commit(takes=(Take(f"{tag}:gate", "1", 1, 10**6),), writes=(Write(f"{tag}:{number}", b"1"),))


async def test_no_acknowledged_booking_is_lost_when_the_server_is_killed(embedded: EmbeddedStore, said: Said) -> None:
    acknowledged: list[int] = []
    unknown = 0
    killed = server_pid(embedded)

    async with Store(embedded.url, "p") as store:

        async def book(numbers: range) -> None:
            nonlocal unknown
            for number in numbers:
                try:
                    await store.commit(a_booking(store, number))
                    acknowledged.append(number)
                except StoreDown as fault:
                    unknown += fault.maybe_done
                    await asyncio.sleep(0.02)
                if number == 50:
                    os.kill(killed, signal.SIGKILL)

        await asyncio.gather(*(book(range(1000 * i, 1000 * i + 100)) for i in range(20)))
        await asyncio.to_thread(said.wait_for, "it is back")
        found = await store.find_many([f"{{p}}:{number}" for number in acknowledged])
        (gate,) = await store.taken(["{p}:gate"])

    assert all(entity is not None for entity in found)
    assert len(acknowledged) <= gate["1"] <= len(acknowledged) + unknown
    assert len(acknowledged) > 50
    assert [line.partition("(")[0].strip() for line in said[1:]] == ["store: it ended", "store: it is back"]
    assert "(signal 9)" in said[1]


SERVICE = """
import asyncio, sys
from pathlib import Path
from dispatch.store.commit import Commit, Write
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store

async def book(url):
    async with Store(url, "p") as store:
        for number in range(100000):
            await store.commit(Commit(writes=(Write(f"{{p}}:{number}", b"1"),)))
            print(number, flush=True)

with running_store(StoreSettings(data_dir=Path(sys.argv[1]))) as url:
    asyncio.run(book(url))
"""


def a_service(directory: Path) -> "subprocess.Popen[str]":
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", SERVICE, directory], stdout=subprocess.PIPE, text=True, env=env)


async def test_no_acknowledged_booking_is_lost_when_the_service_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "store"
    with a_service(directory) as service:
        assert service.stdout is not None
        acknowledged = [int(service.stdout.readline()) for _ in range(200)]
        running = data_dir.read_running(data_dir.DataDir(directory))
        service.kill()
        acknowledged += [int(line) for line in service.stdout if line.endswith("\n")]

    with running_store(StoreSettings(data_dir=directory)) as url:
        async with Store(url, "p") as store:
            found = await store.find_many([f"{{p}}:{number}" for number in acknowledged])

    assert all(entity is not None for entity in found)
    assert running is not None
    assert not data_dir.is_alive(running.server, running.server_started)


def test_a_second_store_in_the_same_directory_says_who_holds_it(embedded: EmbeddedStore, tmp_path: Path) -> None:
    with (
        pytest.raises(StoreFault, match=rf"is in use by process {os.getpid()}; stop that one"),
        running_store(StoreSettings(data_dir=tmp_path / "store")),
    ):
        pass
    assert psutil.pid_exists(server_pid(embedded))


def an_orphan(directory: data_dir.DataDir, lock: int) -> "subprocess.Popen[bytes]":
    orphan = subprocess.Popen([get_binary().path, directory.conf], pass_fds=[lock])
    while not (directory.path / "other-socket").exists():
        time.sleep(0.01)
    return orphan


async def test_a_server_that_outlived_its_supervisor_is_ended_and_its_data_taken_over(tmp_path: Path) -> None:
    directory = data_dir.prepare(tmp_path / "store")
    lock = data_dir.lock(directory)
    data_dir.write_conf(directory, directory.path / "other-socket")
    orphan = an_orphan(directory, lock)
    data_dir.write_running(directory, orphan.pid)
    told = directory.running.read_text().replace(f'"supervisor":{os.getpid()}', '"supervisor":999999999')
    directory.running.write_text(told)
    os.close(lock)
    async with Store(f"unix://{directory.path}/other-socket", "p") as store:
        await store.commit(a_booking(store, 1))

    reaping = asyncio.create_task(asyncio.to_thread(orphan.wait))
    with running_store(StoreSettings(data_dir=tmp_path / "store")) as url:
        async with Store(url, "p") as store:
            found = await store.find("{p}:1")

    assert found is not None
    assert await reaping == 0


def test_the_server_ends_with_the_context_and_leaves_the_directory_free(tmp_path: Path) -> None:
    settings = StoreSettings(data_dir=tmp_path / "store")
    with running_store(settings):
        running = data_dir.read_running(data_dir.DataDir(settings.data_dir))
    assert running is not None
    assert not data_dir.is_alive(running.server, running.server_started)

    with running_store(settings) as url:
        assert url.startswith("unix://")


async def test_a_path_too_long_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    directory = tmp_path / ("a very long name with spaces and %41 " * 3) / ("x" * 60)

    with running_store(StoreSettings(data_dir=directory)) as url:
        async with Store(url, "p") as store:
            assert await store.commit(a_booking(store, 1)) == Done(answer=b"")

    assert len(url) < 120
    assert not Path(url.removeprefix("unix://")).parent.exists()
    assert (directory / "appendonlydir").is_dir()


async def test_a_name_with_odd_characters_works(tmp_path: Path) -> None:
    with running_store(StoreSettings(data_dir=tmp_path / 'a%41 "b?#')) as url:
        async with Store(url, "p") as store:
            await store.ping()


def test_a_dump_that_would_be_hidden_is_not_started_beside(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011")

    with pytest.raises(StoreFault, match=r"dump\.rdb stands there"), running_store(StoreSettings(data_dir=tmp_path)):
        pass


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(StoreFault, match="cannot be made") as fault,
        running_store(StoreSettings(data_dir=tmp_path / "file" / "store")),
    ):
        pass
    assert "\n" not in str(fault.value)


def test_files_that_cannot_be_read_are_one_line_with_the_servers_own_reason(tmp_path: Path) -> None:
    settings = StoreSettings(data_dir=tmp_path)
    with running_store(settings):
        pass
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")

    with (
        pytest.raises(StoreFault, match=r"^the store did not start: exit code 1, its last words: Invalid AOF manifest"),
        running_store(settings),
    ):
        pass


def test_a_server_too_old_or_broken_is_passed_over_and_named(tmp_path: Path) -> None:
    old, broken = tmp_path / "redis-server", tmp_path / "valkey-server"
    old.write_text("#!/bin/sh\necho Redis server v=6.2.14 sha=0:0 malloc=libc bits=64\n")
    broken.write_text("not a program")
    for path in (old, broken):
        path.chmod(0o755)
    candidates = [(broken, "bundled"), (old, "on PATH")]

    with pytest.raises(
        StoreFault, match=r"valkey-server bundled does not run; redis-server on PATH is version 6[.]2[.]14"
    ):
        get_binary(candidates)
    with pytest.raises(StoreFault, match="no valkey-server or redis-server was found; set REDIS_URL"):
        get_binary([])
    assert get_binary([*candidates, (get_binary().path, "on PATH")]).origin == "on PATH"


def test_a_named_server_is_used_as_it_is(store_url: str, said: Said) -> None:
    with running_store(StoreSettings(url=store_url), say=said.append) as url:
        assert url == store_url
    assert said[0].startswith("store: valkey 9.")


async def test_options_in_the_url_do_not_change_what_answers_mean(store_url: str) -> None:
    async with Store(f"{store_url}?protocol=3&decode_responses=true", "url-options") as store:
        await store.commit(Commit(takes=(Take("{url-options}:gate", "1", 1, 5),)))

        assert await store.taken(["{url-options}:gate"]) == [{"1": 1}]


@pytest.mark.parametrize("url", ["redis://localhost:1/0", "nonsense", "unix:///nowhere/socket"])
def test_a_named_server_that_is_away_is_one_line(url: str) -> None:
    with (
        pytest.raises(StoreFault, match="named by REDIS_URL does not answer") as fault,
        running_store(StoreSettings(url=url)),
    ):
        pass
    assert "\n" not in str(fault.value)


async def test_a_server_out_of_memory_takes_nothing_and_says_so(embedded: EmbeddedStore) -> None:
    async with Store(embedded.url, "p") as store:
        await store.alone("CONFIG", "SET", "maxmemory", "1")

        with pytest.raises(StoreDown, match="the store is out of memory") as fault:
            await store.commit(a_booking(store, 1))

        assert not fault.value.maybe_done
        assert await store.find("{p}:1") is None
        await store.alone("CONFIG", "SET", "maxmemory", "0")
        await store.commit(a_booking(store, 1))


async def test_a_read_only_server_takes_nothing_and_says_so(embedded: EmbeddedStore) -> None:
    async with Store(embedded.url, "p") as store:
        await store.alone("REPLICAOF", "localhost", "1")

        with pytest.raises(StoreDown, match="read-only replica") as fault:
            await store.commit(a_booking(store, 1))

        assert not fault.value.maybe_done


async def test_a_commit_whose_answer_was_lost_says_that_it_may_be_done(embedded: EmbeddedStore) -> None:
    async with Store(embedded.url, "p") as store:
        await store.ping()
        os.kill(server_pid(embedded), signal.SIGSTOP)
        waiting = asyncio.create_task(store.commit(a_booking(store, 1)))
        await asyncio.sleep(0.1)
        os.kill(server_pid(embedded), signal.SIGKILL)

        with pytest.raises(StoreDown) as fault:
            await waiting

    assert fault.value.maybe_done


async def seconds_until_refused(asked):
    begun = asyncio.get_running_loop().time()
    with pytest.raises(StoreDown) as fault:
        await asked
    assert not fault.value.maybe_done
    return asyncio.get_running_loop().time() - begun


async def test_a_store_that_stands_still_is_told_soon_and_a_change_on_its_way_is_waited_for(
    embedded: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 0.5)
    async with Store(embedded.url, "p") as store:
        await store.commit(a_booking(store, 0))
        os.kill(server_pid(embedded), signal.SIGSTOP)
        on_its_way = asyncio.create_task(store.commit(a_booking(store, 1)))
        await asyncio.sleep(0.05)
        asked = (store.find("{p}:1"), store.taken(["{p}:dock"]), store.quick("PING"), store.commit(a_booking(store, 2)))
        first = await asyncio.gather(*map(seconds_until_refused, asked))
        at_once = [
            await seconds_until_refused(each) for each in (store.find("{p}:1"), store.commit(a_booking(store, 2)))
        ]
        waits = not on_its_way.done()
        os.kill(server_pid(embedded), signal.SIGCONT)

        assert isinstance(await on_its_way, Done)
        await asyncio.sleep(0.1)
        assert await store.find("{p}:2") is None
        assert isinstance(await store.commit(a_booking(store, 2)), Done)
    assert max(first) < 1.5
    assert max(at_once) < 0.1
    assert waits


async def test_a_process_that_was_held_up_itself_does_not_take_the_store_for_dead(
    embedded: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 0.2)
    async with Store(embedded.url, "p") as store:
        await store.ping()
        asked = asyncio.create_task(store.find("{p}:1"))
        await asyncio.sleep(0)
        threading.Event().wait(0.8)  # the loop stands still

        assert await asked is None


async def test_a_store_that_is_not_there_certainly_did_nothing(tmp_path: Path) -> None:
    async with Store(f"unix://{tmp_path}/nothing", "p") as store:
        with pytest.raises(StoreDown, match="does not answer") as fault:
            await store.commit(a_booking(store, 1))
        with pytest.raises(StoreDown):
            await store.find("{p}:1")

    assert not fault.value.maybe_done
