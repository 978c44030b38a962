"""What the command line says: people read stderr, machines read one JSON object on stdout."""

import sys
from collections.abc import Mapping
from typing import Any

import orjson

from solver.outcome import Outcome, Progress, relative_gap


def say(text: str) -> None:
    """Print a line for people."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line's voice


def say_progress(progress: Progress) -> None:
    """Print one line of a running solver's news."""
    known = [f"{progress.seconds:7.1f} s", f"{progress.stage:<28}"]
    if progress.cost is not None:
        known.append(f"cost {progress.cost}")
    if progress.bound is not None:
        known.append(f"bound {progress.bound}")
    if progress.cost is not None and progress.bound is not None:
        known.append(f"gap {percent(relative_gap(progress.cost, progress.bound))}")
    say("  ".join(known))


def say_progress_document(document: Mapping[str, Any]) -> None:
    """Print one line of a job's news."""
    say_progress(Progress(*(document[name] for name in ("seconds", "stage", "cost", "bound"))))


def put_json(document: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(document, option=option))
    sys.stdout.flush()


def put_line(text: str) -> None:
    """Print the answer of a command on stdout."""
    print(text, flush=True)  # noqa: T201 - this is the command line's voice


def percent(share: float) -> str:
    """Return a share as a percentage of three significant places."""
    return f"{share * 100:.3g} %"


def proof(outcome: Outcome[Any]) -> dict[str, Any]:
    """Return what an outcome claims, ready for JSON."""
    return {
        "cost": outcome.cost,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "wall_seconds": outcome.wall_seconds,
        "status": outcome.status.value,
        "bound_from": outcome.bound_from,
        "progress": [
            {"seconds": p.seconds, "stage": p.stage, "cost": p.cost, "bound": p.bound} for p in outcome.progress
        ],
    }
