"""The process in which one job runs: `python -m dispatch.worker.child`, started by the worker.

Reads one JSON order from standard input; writes JSON lines to standard output: {"progress": ...} any number of times,
then {"result": ...} or {"error": ..., "trace": ...}. Whatever the task prints goes to standard error.
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

from dispatch.worker.tasks import Task, TaskContext

PR_SET_PDEATHSIG = 1


class Channel:
    """The way back to the worker."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, kind: str, content: Any, **more: str) -> None:
        """Send one message."""
        line = orjson.dumps({kind: content, **more}, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"
        with self._lock:
            self._stream.write(line)
            self._stream.flush()


def main() -> None:
    """Run the job that stands on standard input."""
    channel = Channel(_take_standard_output())
    order = orjson.loads(sys.stdin.buffer.read())
    _die_with(int(order["parent"]))
    faulthandler.enable()
    sys.excepthook = _reporting_to(channel)
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
    channel.send("result", result)


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
