"""Workers at work, with real processes: results, faults, cancelling, crashes, and workers that are lost."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from dispatch.store import data_dir
from dispatch.store.commit import StoreDown
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store
from dispatch.worker.jobs import PLAN, SIMULATE, Job, JobQueue, Jobs, JobState
from dispatch.worker.worker import Timing, Worker
from tests.dispatch.worker.tasks import TASKS

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NOW = datetime(2026, 11, 25, tzinfo=UTC)
QUICK = Timing(heartbeat=0.1, lost_after=0.8, wait_for_work=0.1, look_for_cancel=0.05, write_progress=0.05)


@asynccontextmanager
async def working(store: Store, url: str) -> AsyncIterator[Worker]:
    worker = Worker(store, url, TASKS, clock=lambda: NOW, timing=QUICK)
    running = asyncio.create_task(worker.run())
    yield worker
    worker.stop()
    await running


async def until(jobs: Jobs, job: Job, is_reached: Callable[[Job], bool]) -> Job:
    while True:
        with suppress(StoreDown):
            found = await jobs.get(job.id)
            if is_reached(found):
                return found
        await asyncio.sleep(0.02)


async def until_gone(pid: int) -> None:
    while True:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        await asyncio.sleep(0.02)


def is_final(job: Job) -> bool:
    return job.is_final


def is_at_work(job: Job) -> bool:
    return bool(job.progress) and job.state is JobState.RUNNING


async def test_a_job_brings_its_result_and_its_progress(store: Store, store_url: str) -> None:
    jobs = Jobs(store)
    job = await jobs.submit("add", {"numbers": [1, 2, 3]}, NOW)

    async with working(store, store_url):
        done = await until(jobs, job, is_final)

    assert (done.state, done.result, done.error) == (JobState.SUCCEEDED, {"total": 6, "attempt": 1}, None)
    assert [entry.document for entry in done.progress] == [{"total": 1}, {"total": 3}, {"total": 6}]
    assert [event.name for event in await store.events()] == ["JobQueued", "JobStarted", "JobSucceeded"]
    assert await store.alone("XLEN", store.keys.job_queue(JobQueue.QUICK)) == 0


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("fail", "the day has no park"),
        ("return_nothing", "the task returned NoneType, must return a dict"),
        (
            "dance",
            "no task is named dance; known: add, count_slowly, crash, fail, plan, return_nothing, simulate, sleep",
        ),
    ],
)
async def test_a_failed_job_says_why_in_one_line_and_is_not_tried_again(
    store: Store, store_url: str, name: str, error: str
) -> None:
    jobs = Jobs(store)
    job = await jobs.submit(name, {}, NOW)

    async with working(store, store_url):
        done = await until(jobs, job, is_final)

    assert (done.state, done.error, done.attempt) == (JobState.FAILED, error, 1)


async def test_a_process_that_did_its_job_well_is_given_the_next_and_one_that_failed_is_not(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    jobs, quick = Jobs(store), {"file": str(tmp_path / "notes"), "sleepy_attempts": 0}
    made = [await jobs.submit(name, quick, NOW) for name in ("sleep", "sleep", "fail", "sleep")]

    async with working(store, store_url):
        one, two, _, three = [await until(jobs, job, is_final) for job in made]

    pids = [job.progress[0].document["pid"] for job in (one, two, three)]
    assert pids[0] == pids[1] != pids[2]
    assert not any(psutil.pid_exists(pid) for pid in pids)


EITHER_QUEUE = pytest.mark.parametrize("name", ["sleep", PLAN])


@EITHER_QUEUE
async def test_a_running_job_is_cancelled_and_its_process_gone(
    store: Store, store_url: str, tmp_path: Path, name: str
) -> None:
    jobs = Jobs(store)
    job = await jobs.submit(name, {"file": str(tmp_path / "notes")}, NOW)

    async with working(store, store_url):
        pid = (await until(jobs, job, is_at_work)).progress[0].document["pid"]
        await jobs.cancel(job.id, NOW)
        done = await until(jobs, job, is_final)

    assert done.state is JobState.CANCELLED
    assert not psutil.pid_exists(pid)


async def test_a_job_whose_process_crashed_is_run_again(store: Store, store_url: str) -> None:
    jobs = Jobs(store)
    job = await jobs.submit("crash", {"times": 2}, NOW)

    async with working(store, store_url):
        done = await until(jobs, job, is_final)

    assert (done.state, done.result) == (JobState.SUCCEEDED, {"attempt": 3})


async def test_a_job_that_crashes_in_every_attempt_fails_and_says_so(store: Store, store_url: str) -> None:
    jobs = Jobs(store)
    job = await jobs.submit("crash", {"times": 9}, NOW)

    async with working(store, store_url):
        done = await until(jobs, job, is_final)

    assert (done.state, done.attempt) == (JobState.FAILED, 3)
    assert done.error == "its process ended (signal 9) in attempt 3, the last one"


@EITHER_QUEUE
async def test_a_worker_that_is_asked_to_end_puts_its_job_back(
    store: Store, store_url: str, tmp_path: Path, name: str
) -> None:
    jobs = Jobs(store)
    job = await jobs.submit(name, {"file": str(tmp_path / "notes"), "sleepy_attempts": 0}, NOW)
    slow = await jobs.submit(name, {"file": str(tmp_path / "notes")}, NOW)
    async with working(store, store_url):
        await until(jobs, job, is_final)
        await until(jobs, slow, is_at_work)

    waiting = await jobs.get(slow.id)

    assert (waiting.state, waiting.attempt, waiting.worker) == (JobState.QUEUED, 0, None)
    async with working(store, store_url):
        again = await until(jobs, slow, lambda job: job.state is JobState.RUNNING)
        assert again.attempt == 1


WORKER = """
import sys
from datetime import UTC, datetime
from dispatch.worker.worker import Timing, run_worker
from tests.dispatch.worker.tasks import TASKS

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TIMING = Timing(heartbeat=0.1, wait_for_work=0.1, write_progress=0.05)
run_worker(sys.argv[1], sys.argv[2], TASKS, clock=lambda: NOW, timing=TIMING)
"""


async def test_the_job_of_a_killed_worker_is_run_again_by_another(
    store: Store, store_url: str, park_id: str, tmp_path: Path
) -> None:
    jobs = Jobs(store)
    job = await jobs.submit("sleep", {"file": str(tmp_path / "notes"), "sleepy_attempts": 1}, NOW)
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, store_url, park_id, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    child = (await until(jobs, job, is_at_work)).progress[0].document["pid"]

    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    async with working(store, store_url):
        done = await until(jobs, job, is_final)

    assert (done.state, done.result) == (JobState.SUCCEEDED, {"attempt": 2})
    await until_gone(child)
    assert len((tmp_path / "notes").read_text().splitlines()) == 2


async def test_a_quick_job_is_done_while_a_long_one_runs_and_another_waits(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    jobs, file = Jobs(store), tmp_path / "go on"
    long, behind = [await jobs.submit(SIMULATE, {"file": str(file)}, NOW) for _ in range(2)]

    async with working(store, store_url):
        at_work = await until(jobs, long, is_at_work)
        quick = [await jobs.submit("add", {"numbers": [i]}, NOW) for i in range(2)]
        done = [await until(jobs, job, is_final) for job in quick]
        states = [(await jobs.get(job.id)).state for job in (long, behind)]
        file.touch()
        ended = [await until(jobs, job, is_final) for job in (long, behind)]

    assert [job.result for job in done] == [{"total": 0, "attempt": 1}, {"total": 1, "attempt": 1}]
    assert states == [JobState.RUNNING, JobState.QUEUED]
    assert [job.state for job in ended] == [JobState.SUCCEEDED] * 2
    assert at_work.progress[0].document["nice"] >= 10  # quick ones go before it
    for queue in JobQueue:
        assert await store.alone("XLEN", store.keys.job_queue(queue)) == 0


async def test_a_worker_that_is_lost_loses_the_jobs_of_both_queues_to_another(
    store: Store, store_url: str, park_id: str, tmp_path: Path
) -> None:
    jobs = Jobs(store)
    asked = {"file": str(tmp_path / "notes"), "sleepy_attempts": 1}
    both = [await jobs.submit(name, asked, NOW) for name in ("sleep", PLAN)]
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, store_url, park_id, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    for job in both:
        await until(jobs, job, is_at_work)

    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    async with working(store, store_url):
        done = [await until(jobs, job, is_final) for job in both]

    assert [(job.state, job.result) for job in done] == [(JobState.SUCCEEDED, {"attempt": 2})] * 2


async def test_two_workers_share_the_jobs_and_do_each_once(store: Store, store_url: str) -> None:
    jobs = Jobs(store)
    made = [await jobs.submit("add", {"numbers": [i]}, NOW) for i in range(4)]

    async with working(store, store_url) as one, working(store, store_url) as two:
        done = [await until(jobs, job, is_final) for job in made]

    assert [job.result for job in done] == [{"total": i, "attempt": 1} for i in range(4)]
    assert {job.worker for job in done} <= {one.name, two.name}


async def test_a_worker_that_was_frozen_gives_way_to_the_one_that_took_over(
    store: Store, store_url: str, park_id: str, tmp_path: Path
) -> None:
    jobs = Jobs(store)
    job = await jobs.submit("sleep", {"file": str(tmp_path / "notes"), "sleepy_attempts": 1}, NOW)
    frozen = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, store_url, park_id, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    child = (await until(jobs, job, is_at_work)).progress[0].document["pid"]

    frozen.send_signal(signal.SIGSTOP)
    async with working(store, store_url):
        done = await until(jobs, job, is_final)
    frozen.send_signal(signal.SIGCONT)
    await until_gone(child)
    frozen.send_signal(signal.SIGTERM)

    assert await frozen.wait() == 0
    assert done == await jobs.get(job.id)
    assert done.result == {"attempt": 2}


def test_a_task_that_cannot_be_imported_is_refused_when_the_worker_is_made() -> None:
    def local(context: object, arguments: dict[str, object]) -> dict[str, object]:
        return {}

    with pytest.raises(ValueError, match="importable"):
        Worker(Store("redis://nowhere", "p"), "redis://nowhere", {"local": local}, clock=lambda: NOW)


async def test_a_job_outlives_the_death_of_the_store(tmp_path: Path) -> None:
    with running_store(StoreSettings(data_dir=tmp_path / "store")) as url:
        async with Store(url, "p") as store:
            jobs = Jobs(store)
            job = await jobs.submit("count_slowly", {"seconds": 1.5}, NOW)
            async with working(store, url):
                await until(jobs, job, is_at_work)
                running = data_dir.read_running(data_dir.DataDir(tmp_path / "store"))
                assert running is not None
                os.kill(running.server, signal.SIGKILL)
                done = await until(jobs, job, is_final)

    assert (done.state, done.attempt) == (JobState.SUCCEEDED, 1)
    assert [entry.document["i"] for entry in done.progress] == list(range(15))
