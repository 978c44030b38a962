"""Tasks for the worker's tests."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from dispatch.worker.jobs import PLAN, SIMULATE
from dispatch.worker.tasks import TaskContext


def add(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Add numbers, telling each one."""
    total = 0
    for number in arguments["numbers"]:
        total += number
        context.progress({"total": total})
    print("what a task prints disturbs nobody")
    return {"total": total, "attempt": context.attempt}


def fail(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Raise."""
    raise ValueError("the day has no park\nand a second line")


def return_nothing(context: TaskContext, arguments: dict[str, Any]) -> Any:
    """Return what is not a document."""
    return


def sleep(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Note that it runs, then do nothing for long."""
    with Path(arguments["file"]).open("a") as notes:
        notes.write(f"{context.attempt} {os.getpid()}\n")
    context.progress({"pid": os.getpid()})
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60 if context.attempt <= arguments.get("sleepy_attempts", 9) else 0)
    return {"attempt": context.attempt}


def crash(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Die like a process that ran out of memory, in the first attempts."""
    if context.attempt <= arguments["times"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"attempt": context.attempt}


def count_slowly(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell a number every tenth of a second."""
    for i in range(round(10 * arguments["seconds"])):
        context.progress({"i": i})
        time.sleep(0.1)
    return {}


def wait(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Wait for a file."""
    context.progress({"nice": os.nice(0)})
    while not Path(arguments["file"]).exists():
        time.sleep(0.02)
    return {"attempt": context.attempt}


TASKS = {task.__name__: task for task in (add, count_slowly, crash, fail, return_nothing, sleep)}
TASKS |= {PLAN: sleep, SIMULATE: wait}  # in the queue of what takes long
