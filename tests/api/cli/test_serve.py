"""The service as a whole: its demo day, its plan jobs, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest

from tests.api.cli.commands import ROOT, parkdispatch
from tests.api.cli.service import Service, free_port

pytestmark = pytest.mark.store


@contextmanager
def serving(directory: Path, *options: str) -> Iterator[Service]:
    service = Service(directory, free_port(), *options)
    try:
        service.wait()
        yield service
    finally:
        service.kill()


def tomorrow() -> str:
    today = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    return (today + timedelta(days=1)).date().isoformat()


def gone(processes: list[psutil.Process], seconds: float = 10) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def book(service: Service, plate: str) -> Any:
    body = {
        "plate": plate,
        "carrier": "E001",
        "warehouse": "A04",
        "cargo_kind": "container",
        "wish": f"{tomorrow()}T11:00:00+08:00",
    }
    return service.ask("POST", "/v1/appointments", body)


def a_plan(service: Service, seconds: int) -> str:
    return str(service.ask("POST", "/v1/plans", {"day": tomorrow(), "seconds": seconds, "seed": 3})["id"])


def until(service: Service, plan: str, *states: str) -> Any:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        found = service.ask("GET", f"/v1/plans/{plan}")
        if found["state"] in states:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{found}\n{service.log.read_text()}")


def visits_of(service: Service) -> set[str]:
    page = service.ask("GET", f"/v1/visits?day={tomorrow()}&limit=200")
    assert page["next"] is None
    return {each["id"] for each in page["items"]}


def test_another_demo_day_takes_the_place_of_the_first_but_a_booking_stays(tmp_path: Path) -> None:
    with serving(tmp_path, "--visits", "20", "--seed", "1") as service:
        kept = book(service, "浙B12345")
        first = visits_of(service)
        assert service.stop() == 0, service.log.read_text()

    with serving(tmp_path, "--visits", "30", "--seed", "2") as service:
        ends = time.monotonic() + 100
        while "plan for" not in service.log.read_text() and time.monotonic() < ends:
            time.sleep(0.2)
        second = visits_of(service)
        appointments = service.ask("GET", "/v1/appointments?limit=200")["items"]

    assert (len(first), len(second)) == (20, 30)
    assert "removing the demo day of 20 visits" in service.log.read_text()
    confirmed = [each for each in appointments if each["state"] == "confirmed"]
    assert [each for each in confirmed if each["source"] == "request"] == [kept]
    assert {each["visit"] for each in confirmed if each["source"] == "plan"} <= second


def test_a_plan_is_made_by_a_job_and_its_result_has_proof_and_comparison(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        service.ask(
            "POST",
            "/v1/visits",
            {
                "id": "V1", "plate": "浙B12345", "carrier": "E001", "warehouse": "A04", "cargo_kind": "container",
                "wish": f"{tomorrow()}T11:00:00+08:00", "earliest": f"{tomorrow()}T10:00:00+08:00",
                "latest": f"{tomorrow()}T12:00:00+08:00",
            },
        )  # fmt: skip
        done = until(service, a_plan(service, 1), "succeeded", "failed")
        (appointment,) = service.ask("GET", f"/v1/appointments?truck=%E6%B5%99B12345&day={tomorrow()}")["items"]

    assert done["state"] == "succeeded", done
    assert {"cost", "bound", "gap", "seconds", "first_come", "uncoordinated"} <= done["result"]["slots"].keys()
    assert {"cost", "bound", "gap", "seconds", "alone", "greedy_nearest"} <= done["result"]["matching"].keys()
    assert done["result"]["published"]["appointments"]["made"] == 1
    assert done["result"]["unfit"] == {"count": 0, "named": []}
    assert (appointment["visit"], appointment["state"]) == ("V1", "confirmed")


def listens(process: psutil.Process) -> bool:
    return any(each.status == psutil.CONN_LISTEN for each in process.net_connections("tcp"))


def test_ctrl_c_ends_the_service_and_all_it_started(tmp_path: Path) -> None:
    with serving(tmp_path, "--processes", "2") as service:
        (beside,) = service.started("serve-beside")
        ends = time.monotonic() + 60
        while not listens(beside) and time.monotonic() < ends:
            time.sleep(0.1)
        booked = [book(service, f"浙B1234{number}")["id"] for number in range(8)]
        children = service.children()

        assert [service.ask("GET", f"/v1/appointments/{each}")["id"] for each in booked] == booked
        assert listens(beside)
        assert service.stop() == 0, service.log.read_text()

        assert len(children) >= 3
        assert gone(children)
    assert "stopped" in service.log.read_text()
    assert "Traceback" not in service.log.read_text()
    assert "Fatal" not in service.log.read_text()


def test_kill_9_of_the_service_leaves_nothing_behind_and_a_next_start_works(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        children = service.children()
        kept = book(service, "浙B12345")

        service.kill()

        assert len(children) >= 2
        assert gone(children)
    with serving(tmp_path) as service:
        assert service.ask("GET", f"/v1/appointments/{kept['id']}") == kept


def test_a_job_whose_worker_is_killed_is_run_again(tmp_path: Path) -> None:
    with serving(tmp_path, "--visits", "40", "--seed", "1") as service:
        plan = a_plan(service, 3)
        until(service, plan, "running")
        service.started("worker")[0].kill()

        done = until(service, plan, "succeeded", "failed")

    assert done["state"] == "succeeded", done
    assert done["attempt"] == 2


def test_ctrl_c_while_solving_writes_the_best_plan_so_far(tmp_path: Path) -> None:
    instance, plan = tmp_path / "slots.json", tmp_path / "plan.json"
    assert parkdispatch("generate", "day", "--visits", "8000", "--out", tmp_path).code == 0
    with subprocess.Popen(
        [sys.executable, "-m", "parkdispatch", "solve", "slots", instance, "--out", plan, "--seconds", "200"],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
    ) as solving:
        assert solving.stderr is not None
        assert "cost" in solving.stderr.readline()
        solving.send_signal(signal.SIGINT)
        said = solving.stderr.read()

    assert solving.returncode == 0, said
    assert "stopping" in said
    assert parkdispatch("check", "slots", instance, plan).code == 0
