"""A backup: one tar file with the store's content as of one moment, the archive of closed days, and what they must hash
to. Reports are not in it: they are rebuilt.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

import parkdispatch
from dispatch.store.binary import StoreFault
from dispatch.store.snapshot import CHUNK, put_snapshot, take_snapshot

STORE = "store.rdb"
CONTENTS = "backup.json"
ARCHIVE = "archive/"
PASS_KEY = "keys/pass.key"  # noqa: S105 - where it is
KEYS = "keys/"  # those that stand beside the store: the operator's, and the one that signs passes


def write_backup(url: str, var: Path, file: Path, now: datetime) -> dict[str, Any]:
    """Write everything into a new tar file; return what is in it. FileExistsError, StoreFault, OSError."""
    if file.exists():
        raise FileExistsError(f"{file} is there already")
    with tempfile.TemporaryDirectory(prefix=".parkdispatch-", dir=file.parent) as directory:
        copy = Path(directory) / STORE
        with copy.open("wb") as to:
            take_snapshot(url, to)  # before the archive is read: what is archived meanwhile is then in both
        parts = {STORE: copy}
        parts |= {f"{ARCHIVE}{day.name}": day for day in sorted((var / "archive").glob("events-*.jsonl.gz"))}
        parts |= {f"{KEYS}{key.name}": key for key in sorted(var.glob("*.key"))}
        told = {
            "version": parkdispatch.__version__,
            "made_at": now.isoformat(),
            "sha256": {name: _digest(path.open("rb")) for name, path in parts.items()},
        }
        contents = Path(directory) / CONTENTS
        contents.write_bytes(orjson.dumps(told))
        whole = Path(directory) / "whole.tar"
        with tarfile.open(whole, "w") as tar:
            for name, path in {CONTENTS: contents, **parts}.items():
                tar.add(path, name)
        whole.chmod(0o600)
        whole.replace(file)
    return {**told, "bytes": file.stat().st_size}


def read_backup(file: Path, var: Path) -> dict[str, Any]:
    """Make the store's directory, the archive and the keys from a backup; nothing is made when it is not whole.

    StoreFault when a directory is not empty, another key is there already, or the file is no whole backup: something in
    it differs from its digest, is missing, or is not told of.
    """
    store, archive = var / "store", var / "archive"
    for taken in (store, archive):
        if taken.exists() and any(taken.iterdir()):
            raise StoreFault(f"{taken} is not empty; move it away, a backup is put into an empty one")
    try:
        with tarfile.open(file) as tar:
            told: dict[str, Any] = orjson.loads(_member(tar, CONTENTS).read())
            digests: dict[str, str] = told["sha256"]
            untold = {*tar.getnames()} - {CONTENTS, *digests}
            if untold:
                raise StoreFault(f"{file}: {min(untold)} is in it, and {CONTENTS} does not tell of it")
            for name, expected in digests.items():
                if _digest(_member(tar, name)) != expected:
                    raise StoreFault(f"{file}: {name} is not what was backed up")
            _check_keys(var, digests)
            archive.mkdir(parents=True, exist_ok=True)
            for name in told["sha256"]:
                if name.startswith((ARCHIVE, KEYS)):
                    _put(tar, name, archive if name.startswith(ARCHIVE) else var)
            put_snapshot(_chunks(_member(tar, STORE)), store)
    except (tarfile.TarError, orjson.JSONDecodeError, KeyError, EOFError) as fault:
        raise StoreFault(f"{file} is not a backup ({' '.join(str(fault).split())})") from None
    return told


def _check_keys(var: Path, digests: dict[str, str]) -> None:
    """Raise StoreFault where a key would be put in the place of another one."""
    for name, digest in digests.items():
        here = var / Path(name).name
        if name.startswith(KEYS) and here.exists() and _digest(here.open("rb")) != digest:
            raise StoreFault(f"{here} is another key than the backup's; move it away")


def _put(tar: tarfile.TarFile, name: str, directory: Path) -> None:
    file = directory / Path(name).name
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to:
        shutil.copyfileobj(_member(tar, name), to)


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member


def _digest(content: IO[bytes]) -> str:
    with content:
        return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type] # it reads, which is all that is asked


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        while chunk := content.read(CHUNK):
            yield chunk
