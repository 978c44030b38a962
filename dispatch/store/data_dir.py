"""The directory an embedded store keeps its files in: its lock, its configuration, its socket."""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil

from dispatch.store.binary import StoreFault

LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 108 on Linux, 104 on macOS
TAKEOVER_SECONDS = 10.0
LOW_DISK_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Running:
    """Who runs a store: pids, with their start times because pids are used again."""

    supervisor: int
    supervisor_started: float
    server: int
    server_started: float


@dataclass(frozen=True, slots=True)
class DataDir:
    """The paths in a data directory (absolute)."""

    path: Path

    @property
    def conf(self) -> Path:
        """Return the server's configuration file, written at every start."""
        return self.path / "server.conf"

    @property
    def log(self) -> Path:
        """Return the server's own log."""
        return self.path / "server.log"

    @property
    def running(self) -> Path:
        """Return the file that says who runs the store."""
        return self.path / "running.json"

    @property
    def lock(self) -> Path:
        """Return the file whose flock says that somebody runs the store."""
        return self.path / "lock"

    def socket(self) -> Path:
        """Return a path for the unix socket that is short enough, in a private directory."""
        inside = self.path / "socket"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
            return inside
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        for base in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - the directory in it is made private
            outside = base / f"parkdispatch-{os.getuid()}-{name}" / "socket"
            if len(os.fsencode(outside)) <= LONGEST_SOCKET_PATH:
                _make_private(outside.parent)
                return outside
        raise StoreFault(f"no directory for the store's socket is short enough (tried {tempfile.gettempdir()})")

    def clear(self, socket: Path) -> None:
        """Remove what is there only while a server runs."""
        socket.unlink(missing_ok=True)
        self.running.unlink(missing_ok=True)
        if socket.parent != self.path:
            with suppress(OSError):
                socket.parent.rmdir()

    def is_full(self) -> bool:
        """Answer whether the disk has too little room left to go on."""
        return free_bytes(self.path) < LOW_DISK_BYTES

    def last_words(self) -> str:
        """Return the last line of the server's log, without its stamp."""
        try:
            lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        except OSError:
            return "none"
        return lines[-1].split(" # ")[-1].split(" * ")[-1].strip() if lines else "none"


def free_bytes(path: Path) -> int:
    """Return the bytes left on a directory's disk."""
    return shutil.disk_usage(path).free


def prepare(path: Path) -> DataDir:
    """Make the directory; StoreFault when it cannot be used, or when starting in it would hide data."""
    directory = DataDir(path.resolve())
    try:
        directory.path.mkdir(parents=True, exist_ok=True)
        directory.path.chmod(0o700)
    except OSError as fault:
        raise StoreFault(f"the store's directory {path} cannot be made ({fault.strerror})") from None
    if (directory.path / "dump.rdb").exists() and not (directory.path / "appendonlydir").exists():
        raise StoreFault(
            f"{path / 'dump.rdb'} stands there without an append-only file, and the store would start empty beside it:"
            " move it away, or load it with a server of your own and set REDIS_URL"
        )
    return directory


def lock(directory: DataDir) -> int:
    """Return a file descriptor that holds the directory's lock; StoreFault says who else holds it.

    The server inherits the descriptor, so the lock also covers a server that outlives its supervisor: that one is
    ended here.
    """
    descriptor = os.open(directory.lock, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + TAKEOVER_SECONDS
    while not _is_locked(descriptor):
        running = read_running(directory)
        if running is not None and is_alive(running.supervisor, running.supervisor_started):
            os.close(descriptor)
            raise StoreFault(
                f"the store in {directory.path} is in use by process {running.supervisor};"
                " stop that one, or choose another directory, or set REDIS_URL"
            )
        if time.monotonic() > deadline:
            os.close(descriptor)
            raise StoreFault(f"the store in {directory.path} is in use by another process")
        if running is not None:
            _end_orphan(running)
        time.sleep(0.05)
    return descriptor


def write_running(directory: DataDir, server: int) -> None:
    """Note who runs the store."""
    me = psutil.Process()
    try:
        server_started = psutil.Process(server).create_time()
    except psutil.NoSuchProcess:
        return
    running = Running(me.pid, me.create_time(), server, server_started)
    fresh = directory.running.with_suffix(".new")
    fresh.write_bytes(orjson.dumps(running))
    fresh.replace(directory.running)


def read_running(directory: DataDir) -> Running | None:
    """Return who runs the store, or None when that is not known."""
    try:
        return Running(**orjson.loads(directory.running.read_bytes()))
    except (OSError, TypeError, orjson.JSONDecodeError):
        return None


def is_alive(pid: int, started: float) -> bool:
    """Answer whether the process that began then still runs."""
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # it is there, and somebody else's


def write_conf(directory: DataDir, socket: Path) -> None:
    """Write the server's configuration: a unix socket only, and every write on disk before it is answered."""
    directory.conf.write_text(
        "\n".join(
            [
                "port 0",
                f"unixsocket {_quoted(socket)}",
                "unixsocketperm 700",
                f"dir {_quoted(directory.path)}",
                f"logfile {_quoted(directory.log)}",
                "daemonize no",
                "appendonly yes",
                "appendfsync always",
                "no-appendfsync-on-rewrite no",
                'save ""',
                "maxmemory-policy noeviction",
                "repl-diskless-sync-delay 0",  # a backup begins at once
                "aof-use-rdb-preamble yes",  # what a backup is restored as
                "",
            ]
        )
    )


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_orphan(running: Running) -> None:
    if is_alive(running.server, running.server_started):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(running.server).terminate()


def _make_private(path: Path) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StoreFault(f"{path} is not a private directory of this user; remove it")
