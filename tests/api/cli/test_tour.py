"""The README's tour, executed as it stands against a service started as it says."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(r"<!-- tour -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARKDISPATCH_", "REDIS_"))}
    return kept | {"HOME": str(directory)}


class Service:
    """`parkdispatch serve` in a directory of its own."""

    def __init__(self, directory: Path, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.log = directory / "service.log"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "parkdispatch", "serve", "--visits", "300", "--seed", "1", "--port", str(port)],
            cwd=directory,
            env=environment(directory),
            stderr=self.log.open("wb"),
        )

    def wait(self, seconds: float = 200) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                if httpx.get(f"{self.base}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"not serving:\n{self.log.read_text()}")

    def stop(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "parkdispatch").symlink_to(Path(sys.executable).parent / "parkdispatch")
    return tmp_path


def test_the_tour_runs_and_a_later_start_finds_the_bookings(directory: Path) -> None:
    assert len(BLOCKS) >= 7
    port = free_port()
    script = "set -eu\n" + "\n".join(BLOCKS).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    service = Service(directory, port)
    try:
        service.wait()
        toured = subprocess.run(
            ["bash", "-c", script],
            cwd=directory,
            env=environment(directory),
            capture_output=True,
            timeout=200,
            check=False,
        )
        assert toured.returncode == 0, toured.stderr.decode() + toured.stdout.decode() + service.log.read_text()
        said = toured.stdout.decode()
        assert '"state":"confirmed"' in said
        assert "truck-busy" in said
        assert '"state":"cancelled"' in said
        assert '"state":"succeeded"' in said
        key = {"Authorization": f"Bearer {(directory / 'var' / 'operator.key').read_text().strip()}"}
        before = httpx.get(f"{service.base}/v1/appointments?limit=200", headers=key).json()
        assert before["items"]
    finally:
        assert service.stop() == 0, service.log.read_text()

    again = Service(directory, port)
    try:
        again.wait(60)
        after = httpx.get(f"{again.base}/v1/appointments?limit=200", headers=key).json()
    finally:
        assert again.stop() == 0
    assert after["items"] == before["items"]
    assert "generating" not in again.log.read_text()
