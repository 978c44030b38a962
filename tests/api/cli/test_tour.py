"""The README's tour, executed as it stands against a service started as it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.cli.commands import ROOT
from tests.api.cli.service import Service, environment, free_port

BLOCKS = re.findall(r"<!-- tour -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "parkdispatch").symlink_to(Path(sys.executable).parent / "parkdispatch")
    return tmp_path


def test_the_tour_runs_and_a_later_start_finds_the_bookings(directory: Path) -> None:
    assert len(BLOCKS) >= 7
    port = free_port()
    script = "set -eu\n" + "\n".join(BLOCKS).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    service = Service(directory, port, "--visits", "300", "--seed", "1")
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
        assert '"state":"failed"' not in said
        assert 'data: {"state":"succeeded","error":null}' in said
        assert "gate_wait_minutes,0." in said
        before = service.ask("GET", "/v1/appointments?limit=200")
        assert before["items"]
    finally:
        assert service.stop() == 0, service.log.read_text()

    again = Service(directory, port, "--visits", "300", "--seed", "1")
    try:
        again.wait(60)
        after = again.ask("GET", "/v1/appointments?limit=200")
    finally:
        assert again.stop() == 0
    assert after["items"] == before["items"]
    assert "generating" not in again.log.read_text()
