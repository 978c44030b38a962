"""Runs the command line as a user does: a process, its exit code, and what it says."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def parkdispatch(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "parkdispatch", *map(str, arguments)],
        capture_output=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        timeout=240,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def assert_refused(said: Said, *words: str) -> None:
    """Exit code 2, nothing on stdout, one line on stderr with the words in it."""
    assert said.code == 2, said
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, said.err
