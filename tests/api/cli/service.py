"""`parkdispatch serve` in a directory of its own, for tests of the whole."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.api.cli.commands import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARKDISPATCH_", "REDIS_"))}
    return kept | {"HOME": str(directory), "PYTHONPATH": str(ROOT)}


class Service:
    """A running service, its log, and its children."""

    def __init__(self, directory: Path, port: int, *options: str) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.log = directory / "service.log"
        self._key = directory / "var" / "operator.key"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "parkdispatch", "serve", "--port", str(port), *options],
                cwd=directory,
                env=environment(directory),
                stderr=log,
            )

    def wait(self, seconds: float = 200) -> None:
        """Return when it serves."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                if httpx.get(f"{self.base}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"not serving:\n{self.log.read_text()}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the document of an answer that is a success."""
        headers = {"Authorization": f"Bearer {self._key.read_text().strip()}"}
        answer = httpx.request(method, self.base + path, json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def children(self) -> list[psutil.Process]:
        """Return the processes it has started, and those they have."""
        return psutil.Process(self._process.pid).children(recursive=True)

    def started(self, command: str) -> list[psutil.Process]:
        """Return the processes it has started that run a command of ours."""
        return [each for each in psutil.Process(self._process.pid).children() if command in each.cmdline()]

    def stop(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()
