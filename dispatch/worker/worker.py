"""The worker: takes jobs off their queues, runs each in a process of its own, and takes over those of lost workers."""

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from redis.exceptions import ResponseError

from dispatch.store.commit import StoreDown, VersionChanged
from dispatch.store.store import Store
from dispatch.worker.jobs import Job, JobQueue, JobState, KeptJob, ProgressEntry, change, find_job, thinned
from dispatch.worker.process import JobProcess
from dispatch.worker.tasks import Tasks, address_of
from dispatch.worker.timers import Timer, keep_time

GROUP = "workers"
log = logging.getLogger("parkdispatch.worker")


@dataclass(frozen=True, slots=True)
class Timing:
    """The worker's beats, in seconds. A worker silent for `lost_after` has lost its job to the others."""

    heartbeat: float = 2.0
    lost_after: float = 10.0
    wait_for_work: float = 1.0  # must stay below the store's time limit for an answer
    look_for_cancel: float = 0.1
    write_progress: float = 0.5
    store_pause: float = 0.5


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run came to its end: the move of the job's life, with what changes in its record."""

    move: str
    changes: dict[str, Any]


@dataclass(slots=True)
class Run:
    """A job this worker is at. `kept` follows the record, which nobody else writes while the job is ours."""

    kept: KeptJob
    queue: str
    entry: str  # its id in the queue
    news: list[ProgressEntry] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class NotOurs(Exception):
    """Another worker has taken the job over, or it is over."""


class Worker:
    """Runs the jobs of one park, one of each queue at a time, by the names of a table of tasks."""

    def __init__(
        self,
        store: Store,
        store_url: str,
        tasks: Tasks,
        *,
        clock: Callable[[], datetime],
        name: str | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.name = name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._store = store
        self._store_url = store_url
        self._keys = store.keys
        self._tasks = {job_name: address_of(task) for job_name, task in tasks.items()}
        self._clock = clock
        self._timing = timing or Timing()
        self._processes: dict[str, JobProcess] = {}  # by queue: that have done a job well, and wait for the next
        self.stopping = asyncio.Event()

    def stop(self) -> None:
        """End soon: a job at work goes back into its queue."""
        self.stopping.set()

    async def run(self) -> None:
        """Work until `stop`; a store that is away is waited for."""
        await asyncio.gather(*(self._work_on(self._keys.job_queue(queue)) for queue in JobQueue))

    async def _work_on(self, queue: str) -> None:
        is_away = False
        while not self.stopping.is_set():
            try:
                await self._make_group(queue)
                while not self.stopping.is_set():
                    await self._work_once(queue)
                    is_away = False
            except StoreDown as fault:
                if not is_away:
                    log.warning("worker %s waits: %s", self.name, fault)
                is_away = True
                await self._pause()
        if queue in self._processes:
            await self._processes.pop(queue).end()

    async def _work_once(self, queue: str) -> None:
        entry = await self._next_entry(queue)
        if entry is None:
            return
        number, job_id = entry
        try:
            run = await self._take(queue, number, job_id)
            if run is not None:
                await self._finish(run, await self._perform(run))
        except NotOurs:
            return  # so is its entry in the queue
        await self._store.alone("XACK", queue, GROUP, number)
        await self._store.alone("XDEL", queue, number)

    # a queue

    async def _make_group(self, queue: str) -> None:
        try:
            await self._store.alone("XGROUP", "CREATE", queue, GROUP, "0", "MKSTREAM")
        except ResponseError as fault:
            if not str(fault).startswith("BUSYGROUP"):
                raise

    async def _next_entry(self, queue: str) -> tuple[str, str] | None:
        """Return (entry, job id): one a lost worker left, else a new one, else None after a short wait."""
        wait = int(1000 * self._timing.wait_for_work)
        lost_after = int(1000 * self._timing.lost_after)
        left = await self._store.alone("XAUTOCLAIM", queue, GROUP, self.name, lost_after, "0", "COUNT", 1)
        rows = [row for row in left[1] if row is not None]
        if not rows:
            came = await self._store.alone(
                *("XREADGROUP", "GROUP", GROUP, self.name, "COUNT", 1, "BLOCK", wait, "STREAMS", queue, ">")
            )
            rows = came[0][1] if came else []
        if not rows:
            return None
        number, (_, _, _, document) = rows[0]
        return number.decode(), orjson.loads(document)["job"]

    async def _take(self, queue: str, entry: str, job_id: str) -> Run | None:
        """Return the job as ours, running; None when there is nothing (more) to run for this entry."""
        kept = await find_job(self._store, job_id)
        if kept is None or kept.job.is_final:
            return None
        job, run = kept.job, Run(kept, queue, entry)
        if job.state is JobState.RUNNING and job.entry != entry:
            return None  # it was queued again, and runs by that entry
        if await self._is_cancelled(job_id):
            await self._finish(run, Ended("cancel", {}))
        elif job.state is JobState.RUNNING and job.attempt >= job.max_attempts:
            lost = f"its worker {job.worker} was lost in attempt {job.attempt}, the last one"
            await self._finish(run, Ended("fail", {"error": lost}))
        else:
            await self._finish(run, self._started(run))
            return run
        return None

    def _started(self, run: Run) -> Ended:
        ours = {"worker": self.name, "entry": run.entry}
        return Ended("start", {"attempt": run.kept.job.attempt + 1, "started_at": self._clock(), **ours})

    # a run

    async def _perform(self, run: Run) -> Ended:
        """Return how the job ended; a process that was lost is started again while attempts are left."""
        while True:
            job = run.kept.job
            if job.name not in self._tasks:
                return Ended("fail", {"error": f"no task is named {job.name}; known: {', '.join(sorted(self._tasks))}"})
            log.info("job %s (%s) starts, attempt %d of %d", job.id, job.name, job.attempt, job.max_attempts)
            process = await self._take_process(run.queue)
            try:
                await process.give(job, self._tasks[job.name], self._store_url, self._keys.park_id)
                ended, how = await self._accompany(run, process)
            finally:
                await self._put_back(run.queue, process)
            if ended is not None:
                return ended
            log.warning("job %s: its process ended (%s) in attempt %d", job.id, how, job.attempt)
            if job.attempt >= job.max_attempts:
                return Ended("fail", {"error": f"its process ended ({how}) in attempt {job.attempt}, the last one"})
            await self._finish(run, self._started(run))

    async def _take_process(self, queue: str) -> JobProcess:
        waiting = self._processes.pop(queue, None)
        if waiting is not None and waiting.is_free:
            return waiting
        if waiting is not None:
            await waiting.end()
        return await JobProcess.start()

    async def _put_back(self, queue: str, process: JobProcess) -> None:
        if process.is_free:
            self._processes[queue] = process
        else:
            await process.end()

    async def _accompany(self, run: Run, process: JobProcess) -> tuple[Ended | None, str]:
        """Return how the job ended, or None and how its process ended without a word."""
        run.over.clear()
        hearing = asyncio.create_task(self._hear(run, process))
        cancelling = asyncio.create_task(self._until_cancelled(run))
        stopping = asyncio.create_task(self._until_stopped())
        writing = [  # these are not broken off: a write half done would leave us with the wrong version
            asyncio.create_task(self._every(self._timing.heartbeat, self._beat, run)),
            asyncio.create_task(self._every(self._timing.write_progress, self._write_progress, run)),
        ]
        everything = [hearing, cancelling, stopping, *writing]
        try:
            await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
        finally:
            run.over.set()
            ended = [task for task in (hearing, cancelling, stopping) if task.done()]
            for task in (hearing, cancelling, stopping):
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
        for beat in writing:
            beat.result()  # raises NotOurs
        outcome = next((task.result() for task in ended if task.result() is not None), None)
        return outcome, "" if outcome is not None else await process.wait()

    async def _hear(self, run: Run, process: JobProcess) -> Ended | None:
        async for message in process.messages():
            if "progress" in message:
                run.news = thinned([*run.news, ProgressEntry(self._clock(), message["progress"])])
            elif "result" in message:
                return Ended("succeed", {"result": message["result"]})
            else:
                log.error("job %s failed\n%s", run.kept.job.id, message["trace"])
                return Ended("fail", {"error": message["error"]})
        return None

    async def _every(self, seconds: float, do: Callable[[Run], Coroutine[Any, Any, None]], run: Run) -> None:
        while not run.over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(run.over.wait(), seconds)
                return
            with suppress(StoreDown):  # the job goes on; the store is asked again the next time
                await do(run)

    async def _beat(self, run: Run) -> None:
        """Say that the job is still in good hands: claiming its entry anew makes that young again."""
        kept = await find_job(self._store, run.kept.job.id)
        if kept is None or (kept.job.worker, kept.job.attempt) != (self.name, run.kept.job.attempt):
            raise NotOurs
        await self._store.alone("XCLAIM", run.queue, GROUP, self.name, 0, run.entry, "JUSTID")

    async def _write_progress(self, run: Run) -> None:
        if not run.news:
            return
        news, run.news = run.news, []
        try:
            await self._write(run, lambda job: job.with_progress(news), None)
        except StoreDown:
            run.news = [*news, *run.news]
            raise

    async def _until_cancelled(self, run: Run) -> Ended:
        while True:
            await asyncio.sleep(self._timing.look_for_cancel)
            with suppress(StoreDown):
                if await self._is_cancelled(run.kept.job.id):
                    return Ended("cancel", {})

    async def _until_stopped(self) -> Ended:
        await self.stopping.wait()
        return Ended("queue", {"worker": None, "entry": None})

    async def _is_cancelled(self, job_id: str) -> bool:
        return await self._store.find(self._keys.job_cancel(job_id)) is not None

    # the record

    async def _finish(self, run: Run, ended: Ended) -> None:
        """Write a move of the job, however long the store is away; NotOurs when the job is no longer ours."""

        def after(job: Job) -> Job:
            job = job.with_progress(run.news).moved(ended.move, **ended.changes)
            if ended.move == "queue":
                return replace(job, attempt=job.attempt - 1)  # that it is broken off is not the job's fault
            return replace(job, finished_at=self._clock()) if job.is_final else job

        while True:
            try:
                await self._write(run, after, ended.move)
            except StoreDown as fault:
                log.warning("worker %s waits to write job %s: %s", self.name, run.kept.job.id, fault)
                if self.stopping.is_set():
                    raise NotOurs from None  # whoever works next takes it over
                await asyncio.sleep(self._timing.store_pause)
            else:
                run.news = []
                return

    async def _write(self, run: Run, after: Callable[[Job], Job], move: str | None) -> None:
        """Write the record of a job that is ours, also where an earlier write was done and only its answer lost."""
        while True:
            job = after(run.kept.job)
            try:
                await self._store.commit(change(self._keys, run.kept, job, move))
            except VersionChanged:
                is_done = await self._look_again(run, job)
                if is_done:
                    return
            else:
                run.kept = KeptJob(job, run.kept.version + 1)
                return

    async def _look_again(self, run: Run, wanted: Job) -> bool:
        """Answer whether the record is as wanted already; NotOurs when somebody else wrote it."""
        found = await find_job(self._store, wanted.id)
        known = run.kept.job
        if found is None or found.job.worker != self.name:
            log.warning("worker %s has lost job %s", self.name, wanted.id)
            raise NotOurs
        run.kept = found
        return (found.job.state, found.job.attempt) != (known.state, known.attempt)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), self._timing.store_pause)


def run_worker(
    store_url: str,
    park_id: str,
    tasks: Tasks,
    *,
    clock: Callable[[], datetime],
    timing: Timing | None = None,
    timers: Sequence[Timer] = (),
) -> None:
    """Work until SIGTERM or SIGINT, and do what the timers say; jobs at work then go back into their queues."""

    async def work() -> None:
        async with Store(store_url, park_id) as store:
            worker = Worker(store, store_url, tasks, clock=clock, timing=timing)
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, worker.stop)
            await asyncio.gather(worker.run(), keep_time(timers, store, clock, worker.stopping))

    asyncio.run(work())
