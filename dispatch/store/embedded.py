"""The embedded store: a real server as a child process, started, watched, restarted and ended with this one."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from dispatch.store import data_dir
from dispatch.store.binary import OLDEST, Binary, StoreFault, get_binary

FIRST_PAUSE_SECONDS = 0.1  # before a restart; doubles while the server keeps dying
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0  # a server that ran this long begins again with the first pause
STOP_SECONDS = 10.0
POLL_SECONDS = 0.01
DISK_SECONDS = 1.0
STOP_BYTES = 64 * 1024 * 1024  # left on the disk: no writes are taken any more
ROOM_BYTES = 2 * STOP_BYTES  # they are taken again

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Which store to use: the server at `url` (REDIS_URL), else an embedded one with its files in `data_dir`."""

    url: str | None = None
    data_dir: Path = Path("var/store")


@contextmanager
def running_store(settings: StoreSettings, *, say: Say = lambda _: None) -> Iterator[str]:
    """Yield the URL of a store that takes commands, for redis-py; `say` hears one line about every change.

    Raises StoreFault, in one line, when there is none to be had.
    """
    if settings.url is not None:
        say(_check_server(settings.url))
        yield settings.url
        return
    embedded = EmbeddedStore(settings.data_dir, get_binary(), say=say)
    try:
        embedded.start()
        yield embedded.url
    finally:
        embedded.stop()


def find_running(path: Path) -> str | None:
    """Return the URL of the server that somebody runs in a data directory, None when nobody does."""
    directory = data_dir.DataDir(path.resolve())
    running = data_dir.read_running(directory)
    if running is None or not data_dir.is_alive(running.supervisor, running.supervisor_started):
        return None
    return f"unix://{quote(str(directory.socket()))}"


class EmbeddedStore:
    """Supervises one server process. All children are started by one thread, because the kernel ends them with it.

    While the disk is nearly full the server takes no writes and goes on answering reads: a full disk would end it, for
    every write is on disk before it is answered. `free` returns the bytes left on a directory's disk.
    """

    def __init__(
        self, path: Path, binary: Binary, *, say: Say, free: Callable[[Path], int] = data_dir.free_bytes
    ) -> None:
        self._free = free
        self._guard = threading.Thread(target=self._watch_disk, name="disk-watcher", daemon=True)
        self._binary = binary
        self._say = say
        self._path = path
        self._lock: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._spawning = threading.Lock()
        self._stopping = threading.Event()
        self._settled = threading.Event()  # the first start has come to an end, good or bad
        self._fault: str | None = None
        self._watcher = threading.Thread(target=self._watch, name="store-watcher", daemon=True)

    def start(self) -> None:
        """Return when the server takes commands (a large append-only file takes a while to read)."""
        try:
            self._directory = data_dir.prepare(self._path)
            self._socket = self._directory.socket()
            self._lock = data_dir.lock(self._directory)
            data_dir.write_conf(self._directory, self._socket)
        except OSError as fault:
            raise StoreFault(f"the store's directory {self._path} cannot be used ({fault.strerror})") from None
        self._watcher.start()
        self._settled.wait()
        if self._fault is not None:
            raise StoreFault(self._fault)
        self._say(f"store: {self._binary}, files in {self._path}")
        self._guard.start()

    def stop(self) -> None:
        """End the server in good order and give the directory free."""
        with self._spawning:
            self._stopping.set()
            if self._child is not None:
                self._child.terminate()
        if self._watcher.ident is not None:
            self._watcher.join(STOP_SECONDS)
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        if self._lock is not None:
            self._directory.clear(self._socket)
            os.close(self._lock)
            self._lock = None

    @property
    def url(self) -> str:
        """Return the server's URL."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        """Return the server's process id."""
        return self._child.pid if self._child is not None else None

    def _watch(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            why = self._run_once()
            if not self._settled.is_set():
                self._fault = f"the store did not start: {why}"
                self._settled.set()
                return
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            self._say(f"store: it ended ({why}); it is started again")
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _watch_disk(self) -> None:
        is_stopped = False
        while not self._stopping.wait(DISK_SECONDS):
            is_full = self._free(self._directory.path) < (ROOM_BYTES if is_stopped else STOP_BYTES)
            if not is_full and not is_stopped:
                continue
            if self._ask_replicas(int(is_full)) and is_full != is_stopped:  # a server started anew is told again
                is_stopped = is_full
                self._say(f"store: the disk of {self._path} {'is nearly full: no writes' if is_full else 'has room'}")

    def _ask_replicas(self, count: int) -> bool:
        """Let the server take writes only with so many replicas (it has none); answer whether it was told."""
        client = _client(self.url)
        try:
            client.config_set("min-replicas-to-write", count)
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()
        return True

    def _run_once(self) -> str:
        """Start the server, and return when and why it has ended."""
        try:
            child = self._spawn()
        except OSError as fault:
            return f"it cannot be started: {fault.strerror}"
        if child is None:
            return "it was asked to"
        if self._wait_ready(child):
            if self._settled.is_set():
                self._say("store: it is back")
            self._settled.set()
        child.wait()
        return self._why(child)

    def _spawn(self) -> "subprocess.Popen[bytes] | None":
        """Return the server's process, which the kernel ends with ours; None when there is to be none any more."""
        with self._spawning:
            if self._stopping.is_set() or self._lock is None:
                return None
            trampoline = str(Path(__file__).with_name("die_with_parent.py"))
            server = [str(self._binary.path), str(self._directory.conf)]
            with self._directory.log.open("ab") as log:
                self._child = subprocess.Popen(  # noqa: S603 - the binary was found by get_binary
                    [sys.executable, "-I", "-S", trampoline, str(os.getpid()), *server],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,  # where it says what is wrong before it has opened its log itself
                    pass_fds=(self._lock,),
                    start_new_session=True,  # Ctrl-C is for us; the server ends when we are done with it
                )
            with suppress(OSError):  # a full disk; the note only helps whoever starts next
                data_dir.write_running(self._directory, self._child.pid)
            return self._child

    def _wait_ready(self, child: "subprocess.Popen[bytes]") -> bool:
        """Answer whether the server came to take commands before it ended."""
        client = _client(self.url)
        try:
            while child.poll() is None:
                if self._socket.exists() and _answers(client):
                    return True
                time.sleep(POLL_SECONDS)
        finally:
            client.close()
        return False

    def _why(self, child: "subprocess.Popen[bytes]") -> str:
        if self._directory.is_full():
            return f"the disk of {self._path} is full"
        if child.returncode is not None and child.returncode < 0:
            return f"signal {-child.returncode}"
        return f"exit code {child.returncode}, its last words: {self._directory.last_words()}"


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5, retry=Retry(NoBackoff(), 0), protocol=2)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):  # not listening yet, or reading its files
        return False


def _check_server(url: str) -> str:
    """Return a line about the server at `url`; StoreFault when it is away or too old."""
    try:
        with _client(url) as client:
            told = client.info()
            shown = client.connection_pool.connection_kwargs
    except (redis.RedisError, OSError, ValueError) as fault:
        raise StoreFault(f"the store named by REDIS_URL does not answer ({' '.join(str(fault).split())})") from None
    name = "valkey" if "valkey_version" in told else "redis"
    version = str(told.get("valkey_version", told["redis_version"]))
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StoreFault(f"the store named by REDIS_URL is {name} {version}; at least 7.2 is needed")
    where = shown.get("path") or f"{shown.get('host')}:{shown.get('port')}"
    durable = "" if told.get("aof_enabled") else "; it keeps no append-only file, so a crash can lose bookings"
    return f"store: {name} {version} at {where}{durable}"
