"""`parkdispatch replay`, as a process: exit 0 where stream and store agree, the differences and exit 1 where not."""

import asyncio
import io
import tarfile

import orjson
import pytest
import redis

from api.backup import read_backup, write_backup
from dispatch.services import booking
from dispatch.store.binary import StoreFault
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store
from tests.api.cli.commands import assert_refused, parkdispatch
from tests.dispatch.store.small_park import NOW, a_park, an_appointment, plate

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


def test_a_backup_of_a_running_service_is_restored_elsewhere_and_proven(tmp_path):
    park = a_park("beilun", entries=9, docks=9)
    here, there = tmp_path / "here", tmp_path / "there"
    file = tmp_path / "park.tar"
    with running_store(StoreSettings(data_dir=here / "store")) as url:
        book(url, park, 3)
        (here / "pass.key").write_text("secret")
        archived = parkdispatch("archive", "--keep-days", "0", "--json", PARKDISPATCH_VAR_DIR=str(here))
        done = parkdispatch("backup", file, "--json", PARKDISPATCH_VAR_DIR=str(here))
        again = parkdispatch("backup", file, PARKDISPATCH_VAR_DIR=str(here))
    assert (archived.code, done.code) == (0, 0), done
    assert_refused(again, "is there already")

    restored = parkdispatch("restore", file, PARKDISPATCH_VAR_DIR=str(there))
    proven = parkdispatch("replay", "--json", PARKDISPATCH_VAR_DIR=str(there))
    twice = parkdispatch("restore", file, PARKDISPATCH_VAR_DIR=str(there))

    assert restored.code == 0, restored
    assert (there / "pass.key").read_text() == "secret"
    answer = orjson.loads(proven.out)
    assert (answer["same"], answer["differences"], answer["unbalanced"]) == (True, [], [])
    assert answer["events"] == 3
    assert_refused(twice, "is not empty")


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory):
    """Return a backup with a key of passes, as the names and contents of its members."""
    var, file = tmp_path_factory.mktemp("var"), tmp_path_factory.mktemp("file") / "park.tar"
    with running_store(StoreSettings(data_dir=var / "store")) as url:
        book(url, a_park("beilun"), 1)
        (var / "pass.key").write_text("the key of passes")
        write_backup(url, var, file, NOW)
    with tarfile.open(file) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}


def packed(members, file):
    with tarfile.open(file, "w") as tar:
        for name, content in members.items():
            told = tarfile.TarInfo(name)
            told.size = len(content)
            tar.addfile(told, io.BytesIO(content))
    return file


def untold(members):
    told = orjson.loads(members["backup.json"])
    del told["sha256"]["keys/pass.key"]
    return members | {"backup.json": orjson.dumps(told)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda members: members | {"keys/pass.key": b"another key"}, "keys/pass.key is not what was backed up"),
        (lambda members: {n: c for n, c in members.items() if n != "keys/pass.key"}, "is not a backup"),
        (untold, "keys/pass.key is in it, and backup.json does not tell of it"),
    ],
)
def test_a_key_of_passes_that_is_not_the_one_that_was_backed_up_is_refused(tmp_path, backed_up, change, said):
    file = packed(change(backed_up), tmp_path / "park.tar")

    with pytest.raises(StoreFault, match=said):
        read_backup(file, tmp_path / "new")

    assert not (tmp_path / "new").exists()


def test_no_other_key_is_overwritten_and_a_backup_without_one_says_so(tmp_path, backed_up):
    file = packed(backed_up, tmp_path / "park.tar")
    for name, key in (("other", "another key"), ("same", "the key of passes")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pass.key").write_text(key)

    with pytest.raises(StoreFault, match=r"pass.key is another key than the backup's"):
        read_backup(file, tmp_path / "other")
    read_backup(file, tmp_path / "same")
    without = {name: content for name, content in untold(backed_up).items() if name != "keys/pass.key"}
    told = parkdispatch("restore", packed(without, tmp_path / "b.tar"), PARKDISPATCH_VAR_DIR=str(tmp_path / "new"))

    assert not (tmp_path / "other" / "store").exists()
    assert (tmp_path / "same" / "pass.key").read_text() == "the key of passes"
    assert "passes given out before are not valid any more" in told.err


@pytest.mark.parametrize("where", [0.3, 0.9])
def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_made(tmp_path, where):
    with running_store(StoreSettings(data_dir=tmp_path / "store")) as url:
        book(url, a_park("beilun"), 1)
        parkdispatch("backup", tmp_path / "park.tar", PARKDISPATCH_VAR_DIR=str(tmp_path))
    content = bytearray((tmp_path / "park.tar").read_bytes())
    begin = content.index(b"VALKEY") if b"VALKEY" in content else content.index(b"REDIS")
    content[begin + 40] ^= 255
    (tmp_path / "park.tar").write_bytes(content if where > 0.5 else content[: begin + 100])

    said = parkdispatch("restore", tmp_path / "park.tar", PARKDISPATCH_VAR_DIR=str(tmp_path / "new"))

    assert_refused(said, "park.tar")
    assert not (tmp_path / "new" / "store").exists()
