"""A copy of everything a server has, as of one moment, and a data directory made from such a copy.

The copy is what the server would send to a replica: it is taken in a process of its own, holds up nobody, and works for
a server anywhere. Put in as the base of a multi-part append-only file, an embedded store begins with it.
"""

import io
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from redis import ConnectionPool
from redis.exceptions import RedisError

from dispatch.store.binary import StoreFault

CHUNK = 1 << 16
MARK_BYTES = 40  # of the random mark that ends the copy
SNAPSHOT_SECONDS = 120.0  # without a byte
BASE = "appendonly.aof.1.base.rdb"
MANIFEST = f"file {BASE} seq 1 type b\n"


def take_snapshot(url: str, to: BinaryIO) -> int:
    """Write the server's whole content to a file; return its size in bytes. StoreFault when it does not come whole."""
    pool = ConnectionPool.from_url(url, socket_timeout=SNAPSHOT_SECONDS)
    connection: Any = pool.make_connection()
    try:
        connection.connect()
        connection.send_command("REPLCONF", "capa", "eof")
        connection.read_response()
        connection.send_command("SYNC")
        return _copy(connection._sock, to)  # noqa: SLF001 - what follows is no reply that redis-py knows
    except (RedisError, OSError) as fault:
        raise StoreFault(f"the store gives no copy ({' '.join(str(fault).split())})") from None
    finally:
        connection.disconnect()


def put_snapshot(copy: Iterator[bytes], directory: Path) -> None:
    """Make a data directory that begins with a copy; StoreFault when something is there already."""
    appended = directory / "appendonlydir"
    if directory.exists() and any(directory.iterdir()):
        raise StoreFault(f"{directory} is not empty; move it away, the copy is put into an empty one")
    appended.mkdir(parents=True)
    with (appended / BASE).open("wb") as base:
        for chunk in copy:
            base.write(chunk)
        base.flush()
        os.fsync(base.fileno())
    (appended / "appendonly.aof.manifest").write_text(MANIFEST)


def _copy(wire: socket.socket, to: BinaryIO) -> int:
    with closing(io.BufferedReader(socket.SocketIO(wire, "r"), CHUNK)) as stream:
        head = b"\n"
        while head == b"\n":  # sent while the copy is being prepared
            head = stream.readline()
        if not head.startswith(b"$EOF:"):
            raise StoreFault(f"the store gives no copy ({head[:60].decode(errors='replace').strip()})")
        mark = head[5:].strip()
        held = b""
        size = 0
        while not held.endswith(mark):
            chunk = stream.read1(CHUNK)
            if not chunk:
                raise StoreFault("the store broke off its copy")
            held += chunk
            ready = held[:-MARK_BYTES]
            to.write(ready)
            size += len(ready)
            held = held[-MARK_BYTES:]
    return size
