"""A service run as a process of its own, for what loads it, kills it or drives it: `parkdispatch serve`."""

import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

from api.assembly import child_environment

START_SECONDS = 60.0
STOP_SECONDS = 20.0
NO_RATES = {  # as settings: for who asks faster than anybody would
    f"PARKDISPATCH_RATE_{who}": "1000000000" for who in ("OPERATOR", "SYSTEM", "PERSON", "ADDRESS")
}


class Unfit(Exception):
    """The service did not come (back) up; `str()` is one line."""


class OwnService:
    """The service on a free port of this machine, with its worker; what it says goes to a file in its directory.

    `settings` are environment variables; without REDIS_URL among them it has its own store in the directory.
    """

    def __init__(self, directory: Path, **settings: str) -> None:
        self.port = _free_port()
        self.directory = directory
        ours = {"PARKDISPATCH_VAR_DIR": str(directory), "PARKDISPATCH_PORT": str(self.port)}
        self.environment = child_environment(**ours, **settings)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it is ready; Unfit when it does not come up."""
        with (self.directory / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "parkdispatch", "serve"], env=self.environment, stderr=log, stdout=log
            )
        self.wait_ready()

    def wait_ready(self) -> float:
        """Return after how many seconds the service takes bookings; Unfit when it does not."""
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS:
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200:
                    return time.monotonic() - began
            time.sleep(0.05)
        raise Unfit(f"the service is not ready after {START_SECONDS:g} s")

    def kill(self) -> None:
        """End it at once, as a fault would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
