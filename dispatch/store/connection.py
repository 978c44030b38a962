"""Talking to the server: what is asked in the same loop tick goes out together, over one connection.

Nothing here repeats a command by itself: redis-py's own retries are off, because a command whose answer was lost
may have run.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hiredis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from dispatch.store.commit import StoreDown

Command = Sequence[str | bytes | int]

ANSWER_SECONDS = 10.0  # an answer later than this counts as lost
CONNECT_SECONDS = 5.0
PATIENCE_SECONDS = 2.5  # after so long without an answer nothing more is sent until there is one
HELD_UP_SECONDS = 0.2  # a timer later than this says that our own process stood still
_NOT_NOW = {  # error replies that mean: the server is there, and does not take this now
    "LOADING": "is still reading its files",
    "MISCONF": "cannot write to its disk",
    "OOM": "is out of memory",
    "READONLY": "is a read-only replica",
    "BUSY": "is busy with a script",
    "MASTERDOWN": "has lost its primary",
    "CLUSTERDOWN": "is part of a cluster that is down",
    "NOREPLICAS": "takes no writes: its disk is nearly full, or it has too few replicas",
    "NOAUTH": "asks for a password",
    "NOPERM": "does not permit this to its user",
    "WRONGPASS": "refuses the password",
}


_READS_GO_ON = frozenset({"MISCONF", "OOM", "READONLY", "NOREPLICAS"})  # only writes are refused


def open_pool(url: str, connections: int) -> BlockingConnectionPool:
    """Return a pool for redis://, rediss:// or unix:// that waits when all connections are out, and never retries."""
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
    )
    pool.connection_kwargs.update(  # what answers mean here must not depend on options in the URL
        retry=Retry(NoBackoff(), 0),
        retry_on_timeout=False,
        retry_on_error=[],
        protocol=2,
        decode_responses=False,
    )
    return pool


class Pulse:
    """Whether the server answers. While anything sent has waited for longer than PATIENCE_SECONDS it does not: then who
    would send is told so at once, and that nothing was done.
    """

    def __init__(self) -> None:
        self._late = 0

    def find_down(self) -> StoreDown | None:
        """Return StoreDown while the server does not answer."""
        return StoreDown(f"the store has not answered for {PATIENCE_SECONDS:g} s") if self._late else None

    @contextmanager
    def awaiting(self, give_up: Callable[[StoreDown], None]) -> Iterator[None]:
        """Wait for an answer within; `give_up` is called once it is late."""
        loop = asyncio.get_running_loop()
        late: list[StoreDown] = []
        timers: list[asyncio.TimerHandle] = []

        def look(due: float) -> None:
            if loop.time() > due + HELD_UP_SECONDS:  # it is we who were held up: the answer may have come meanwhile
                wait()
                return
            self._late += 1
            late.append(StoreDown(f"the store has not answered for {PATIENCE_SECONDS:g} s"))
            give_up(late[0])

        def wait() -> None:
            timers[:] = [loop.call_later(PATIENCE_SECONDS, look, loop.time() + PATIENCE_SECONDS)]

        wait()
        try:
            yield
        finally:
            timers[0].cancel()
            self._late -= len(late)


class Channel:
    """Sends what has gathered since the last batch as one pipeline, and hands each caller its own answer.

    An answer is what the server said, an error reply as a ResponseError, or StoreDown where there was none. A change
    that is on its way is waited for (a slow disk may yet take it); who only asks, and what was not sent yet, is kept no
    longer than PATIENCE_SECONDS.
    """

    def __init__(self, pool: BlockingConnectionPool, pulse: Pulse, *, most: int = 1000) -> None:
        self._pool = pool
        self._pulse = pulse
        self._most = most
        self._waiting: deque[tuple[bytes, asyncio.Future[Any], bool]] = deque()
        self._sender: asyncio.Task[None] | None = None

    def send(self, command: bytes, *, changes: bool = False) -> "asyncio.Future[Any]":
        """Return the future answer to a packed command, which `changes` something that must be known."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        down = self._pulse.find_down()
        if down is not None:
            answer.set_result(down)
            return answer
        self._waiting.append((command, answer, changes))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_all())
        return answer

    async def close(self) -> None:
        """Wait until everything asked has its answer."""
        if self._sender is not None:
            await self._sender

    async def _send_all(self) -> None:
        while self._waiting:
            size = min(self._most, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(size)]
            asking = [answer for _, answer, changes in batch if not changes]
            with self._pulse.awaiting(lambda down, asking=asking: self._give_up(asking, down)):  # type: ignore[misc]
                answers = await exchange(self._pool, [command for command, _, _ in batch])
            for (_, waiting, _), answer in zip(batch, answers, strict=True):
                if not waiting.done():
                    waiting.set_result(answer)

    def _give_up(self, asking: Sequence["asyncio.Future[Any]"], down: StoreDown) -> None:
        for answer in (*asking, *(answer for _, answer, _ in self._waiting)):
            if not answer.done():
                answer.set_result(down)
        self._waiting.clear()


def packed(command: Command) -> bytes:
    """Return a command as it goes over the wire; ValueError for text that has no UTF-8 (a lone surrogate)."""
    wire: bytes = hiredis.pack_command(tuple(command))  # type: ignore[arg-type] # its stub forgets that numbers may stand in it
    return wire


async def exchange(pool: BlockingConnectionPool, commands: Sequence[bytes]) -> list[Any]:
    """Send packed commands in one go and return their answers in order: values, ResponseError or StoreDown."""
    try:
        connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call] # redis-py's gap
    except (RedisError, OSError) as fault:
        return [StoreDown(reason_of(fault))] * len(commands)
    answers: list[Any] = []
    try:
        await connection.send_packed_command(commands)
        async with asyncio.timeout(ANSWER_SECONDS):
            await _read(connection, answers, len(commands))
    except (RedisError, OSError) as fault:  # TimeoutError too
        await connection.disconnect(nowait=True)  # what comes late is nobody's answer
        if isinstance(fault, BusyLoadingError):  # this one was refused; of those behind it nobody knows
            answers.append(StoreDown(reason_of(fault)))
        lost = StoreDown(reason_of(fault), maybe_done=True)
        answers.extend([lost] * (len(commands) - len(answers)))
    finally:
        await pool.release(connection)
    return answers


def reason_of(fault: Exception) -> str:
    """Return in one line why the store did not do something."""
    text = " ".join(str(fault).split())
    refusal = _NOT_NOW.get(_code_of(fault))
    if refusal is not None:
        return f"the store {refusal} ({text})"
    return f"the store does not answer ({text or type(fault).__name__})"


def find_down(fault: ResponseError) -> StoreDown | None:
    """Return StoreDown for an error reply by which the server refuses for now, None for any other."""
    code = _code_of(fault)
    return StoreDown(reason_of(fault), reads_go_on=code in _READS_GO_ON) if code in _NOT_NOW else None


def _code_of(fault: Exception) -> str:
    """Return the error code of a reply: redis-py keeps it apart for the kinds it knows."""
    return getattr(fault, "status_code", None) or str(fault).partition(" ")[0]


async def _read(connection: AbstractConnection, answers: list[Any], count: int) -> None:
    """Append so many answers. The connection's own way of reading sets a timer for each, which costs more than it."""
    parser: Any = connection._parser  # noqa: SLF001
    while len(answers) < count:
        answers.append(await parser.read_response())
