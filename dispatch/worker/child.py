"""The process in which jobs run, one after the other: `python -m dispatch.worker.child`, started by the worker.

Reads JSON orders from standard input, a line each; writes JSON lines to standard output: {"progress": ...} any number
of times, then {"result": ..., "stays": whether it takes another order}, or {"error": ..., "trace": ...} and ends.
Whatever the task prints goes to standard error.
"""

import ctypes
import faulthandler
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Any, BinaryIO

import orjson
import psutil

from dispatch.worker.tasks import Task, TaskContext

PR_SET_PDEATHSIG = 1
MOST_JOBS = 100  # then, or when it has grown large, it ends and the next job has a fresh one
MOST_BYTES = 512 * 1024 * 1024


class Channel:
    """The way back to the worker."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, kind: str, content: Any, **more: object) -> None:
        """Send one message."""
        line = orjson.dumps({kind: content, **more}, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"
        with self._lock:
            self._stream.write(line)
            self._stream.flush()


def main() -> None:
    """Run the jobs that stand on standard input, until it is closed or this process is fit for no more."""
    channel = Channel(_take_standard_output())
    faulthandler.enable()
    sys.excepthook = _reporting_to(channel)
    for number, line in enumerate(iter(sys.stdin.buffer.readline, b""), start=1):
        order = orjson.loads(line)
        if number == 1:
            _die_with(int(order["parent"]))
            os.nice(order["nice"])
        result = _run(order, channel)
        stays = number < MOST_JOBS and psutil.Process().memory_info().rss < MOST_BYTES
        channel.send("result", result, stays=stays)
        if not stays:
            return


def _run(order: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Return what the task of one order brings."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    context = TaskContext(
        job_id=order["job_id"],
        attempt=order["attempt"],
        store_url=order["store_url"],
        park_id=order["park_id"],
        progress=lambda document: channel.send("progress", dict(document)),
        should_stop=stopping.is_set,
    )
    result = _task(order["task"])(context, order["arguments"])
    if not isinstance(result, dict):
        raise TypeError(f"the task returned {type(result).__name__}, must return a dict")
    return result


def _task(address: str) -> Task:
    module, _, name = address.partition(":")
    task: Task = getattr(importlib.import_module(module), name)
    return task


def _take_standard_output() -> BinaryIO:
    """Return the pipe to the worker; from now on standard output is standard error."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _die_with(parent: int) -> None:
    """End this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _reporting_to(channel: Channel) -> Any:
    def report(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        lines = str(fault).strip().splitlines() or [kind.__name__]
        channel.send("error", lines[0], trace="".join(traceback.format_exception(kind, fault, trace)))

    return report


if __name__ == "__main__":
    main()
