"""The worker's side of the process in which its jobs run: start it, give it a job, hear it, end it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import orjson

from dispatch.worker.jobs import Job, JobQueue, queue_of

LONGEST_MESSAGE_BYTES = 16 * 1024 * 1024
LONG_NICE = 10  # what is soon over, and the service, go before what takes long
GRACE_SECONDS = 0.2  # between the request to stop and the kill


@dataclass(frozen=True, slots=True)
class Order:
    """What the child is told."""

    parent: int
    task: str
    job_id: str
    attempt: int
    store_url: str
    park_id: str
    arguments: dict[str, Any]
    nice: int


class JobProcess:
    """A running child; it leads a process group of its own, so that ending it ends whatever it started.

    What jobs need takes a second or two to load, so one that has done its job well is given the next.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._stays = False

    @classmethod
    async def start(cls) -> Self:
        """Start a process."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "dispatch.worker.child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            limit=LONGEST_MESSAGE_BYTES,
            start_new_session=True,
        )
        return cls(process)

    @property
    def is_free(self) -> bool:
        """Answer whether it has done its job, lives, and takes another."""
        return self._stays and self._process.returncode is None

    async def give(self, job: Job, task: str, store_url: str, park_id: str) -> None:
        """Let it do a job, of the same queue as those before."""
        self._stays = False
        nice = LONG_NICE if queue_of(job.name) is JobQueue.LONG else 0
        order = Order(os.getpid(), task, job.id, job.attempt, store_url, park_id, job.arguments, nice)
        assert self._process.stdin is not None
        with suppress(ConnectionError):  # it has died already, which the end of its messages will tell
            self._process.stdin.write(orjson.dumps(order) + b"\n")
            await self._process.stdin.drain()

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._process.pid

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the child says of its job until it has ended; a message that is too long becomes an error."""
        assert self._process.stdout is not None
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:  # longer than the limit
                yield {"error": f"the job's result is larger than {LONGEST_MESSAGE_BYTES} bytes", "trace": ""}
                return
            if not line.endswith(b"\n"):  # the end, or a line cut by it
                return
            message = orjson.loads(line)
            self._stays = message.get("stays") is True
            yield message
            if "progress" not in message:
                return

    async def wait(self) -> str:
        """Return how the child ended, in words."""
        code = await self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    async def end(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask the child to stop, and kill it with all it started when it does not."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace_seconds)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
