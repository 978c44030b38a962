"""Jobs: what takes too long for a request. A job's life, its record in the store, and the service to ask for one.

The record is the truth; the queue (a stream with a consumer group) only carries the job's id to a worker. Both are
written in one commit, so no job is ever lost between them.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import orjson

from dispatch.model.park import FORBID_UNKNOWN
from dispatch.model.refusals import NotAllowedNow, NotThere
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, VersionChanged, Write
from dispatch.store.keys import Keys, id_of, time_member
from dispatch.store.store import Store

PLAN = "plan"
SIMULATE = "simulate"
MAX_ATTEMPTS = 3
KEPT_PROGRESS = 100  # entries; when there are more, every second of the older ones is dropped

Document = dict[str, Any]


class JobQueue(StrEnum):
    """Where jobs wait: a worker is at one job of each, so what is soon over is never behind what takes long."""

    QUICK = "quick"
    LONG = "long"


def queue_of(name: str) -> JobQueue:
    """Return where jobs of a name wait."""
    return JobQueue.LONG if name in (PLAN, SIMULATE) else JobQueue.QUICK


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


JOB_LIFE: dict[tuple[JobState, str], JobState] = {
    (JobState.QUEUED, "start"): JobState.RUNNING,
    (JobState.QUEUED, "cancel"): JobState.CANCELLED,
    (JobState.RUNNING, "start"): JobState.RUNNING,  # by another worker: the first one was lost
    (JobState.RUNNING, "queue"): JobState.QUEUED,  # its worker was asked to end
    (JobState.RUNNING, "succeed"): JobState.SUCCEEDED,
    (JobState.RUNNING, "fail"): JobState.FAILED,
    (JobState.RUNNING, "cancel"): JobState.CANCELLED,
}
EVENTS = {
    "start": "JobStarted",
    "queue": "JobQueued",
    "succeed": "JobSucceeded",
    "fail": "JobFailed",
    "cancel": "JobCancelled",
}
FINAL = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ProgressEntry:
    """One line of news from a running job, as the task told it."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    at: datetime
    document: Document


@dataclass(frozen=True, slots=True)
class Job:
    """A named task with its arguments, and how far it is.

    `error` is one line for people; the trace is in the log. `worker` and `entry` (in the queue) say whose it is while
    it runs.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    name: str
    arguments: Document
    state: JobState
    submitted_at: datetime
    attempt: int = 0
    max_attempts: int = MAX_ATTEMPTS
    worker: str | None = None
    entry: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: tuple[ProgressEntry, ...] = field(default=())
    result: Document | None = None
    error: str | None = None

    @property
    def is_final(self) -> bool:
        """Answer whether nothing more will happen to it."""
        return self.state in FINAL

    def moved(self, move: str, **changes: Any) -> "Job":
        """Return the job after a move of its life; NotAllowedNow when its state does not allow it."""
        state = JOB_LIFE.get((self.state, move))
        if state is None:
            raise NotAllowedNow(f"job {self.id} is {self.state}")
        return replace(self, state=state, **changes)

    def with_progress(self, entries: Sequence[ProgressEntry]) -> "Job":
        """Return the job with the news it does not have yet; old news is thinned out, the newest always kept."""
        new = [entry for entry in entries if entry not in self.progress]
        return replace(self, progress=tuple(thinned([*self.progress, *new])))


@dataclass(frozen=True, slots=True)
class KeptJob:
    """A job with the version its record stands at."""

    job: Job
    version: int


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first, and where the next page begins (None at the end)."""

    jobs: tuple[Job, ...]
    next_after: str | None


def thinned(entries: list[ProgressEntry]) -> list[ProgressEntry]:
    """Return at most KEPT_PROGRESS of the entries: all of the newest, every second of the older until they fit."""
    newest = KEPT_PROGRESS // 2
    while len(entries) > KEPT_PROGRESS:
        entries = [*entries[:-newest:2], *entries[-newest:]]
    return entries


def submission(keys: Keys, job: Job) -> Commit:
    """Return the change that queues a new job."""
    return Commit(
        expects=(Expect(keys.job(job.id), 0),),
        writes=(
            Write(keys.job(job.id), codec.dump(job), add_to=((keys.jobs(), time_member(job.submitted_at, job.id)),)),
        ),
        events=(queue_entry(keys, job), _told(job, "queue")),
    )


def change(keys: Keys, kept: KeptJob, after: Job, move: str | None) -> Commit:
    """Return the change of a job's record by a move that was checked with `Job.moved`; None for news only."""
    queued = (queue_entry(keys, after),) if move == "queue" else ()
    return Commit(
        expects=(Expect(keys.job(after.id), kept.version),),
        writes=(Write(keys.job(after.id), codec.dump(after)),),
        events=(*queued, _told(after, move)) if move is not None else (),
    )


def queue_entry(keys: Keys, job: Job) -> Event:
    """Return what carries a job to a worker."""
    return Event("JobQueued", codec.dump({"job": job.id}), stream=keys.job_queue(queue_of(job.name)))


async def find_job(store: Store, job_id: str) -> KeptJob | None:
    """Return a job with its version, or None."""
    stored = await store.find(store.keys.job(job_id))
    return KeptJob(codec.read(Job, stored.document), stored.version) if stored is not None else None


async def find_oldest(store: Store) -> Job | None:
    """Return the job that was asked for first of those that are not done, or None."""
    first = [await _find_first(store, queue) for queue in JobQueue]
    return min((job for job in first if job is not None), key=lambda job: job.submitted_at, default=None)


async def _find_first(store: Store, queue: JobQueue) -> Job | None:
    rows = await store.alone("XRANGE", store.keys.job_queue(queue), "-", "+", "COUNT", 1)
    if not rows:
        return None
    _, (_, _, _, document) = rows[0]
    kept = await find_job(store, orjson.loads(document)["job"])
    return kept.job if kept is not None and not kept.job.is_final else None


class Jobs:
    """Asks for jobs and looks after them; workers (`dispatch.worker.worker`) do them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def submit(
        self,
        name: str,
        arguments: Document,
        now: datetime,
        *,
        job_id: str | None = None,
        repeat: tuple[str, str] | None = None,
        also: tuple[Write, ...] = (),
    ) -> Job:
        """Queue a job and return it; `also` is written in the same commit.

        `repeat` is (the client's Idempotency-Key, fingerprint): a repeat returns the first call's job as it stands now,
        FingerprintDiffers when the key was used for something else. VersionChanged when `job_id` exists already.
        """
        job = Job(job_id or secrets.token_hex(8), name, arguments, JobState.QUEUED, submitted_at=now)
        commit = submission(self._store.keys, job)
        commit = replace(commit, writes=commit.writes + also, answer=codec.dump({"job": job.id}))
        if repeat is not None:
            key, fingerprint = repeat
            commit = replace(commit, idempotency_key=self._store.keys.idempotency(key), fingerprint=fingerprint)
        done = await self._store.commit(commit)
        return await self.get(str(orjson.loads(done.answer)["job"])) if done.repeated else job

    async def get(self, job_id: str) -> Job:
        """Return a job; NotThere otherwise."""
        return (await self._get(job_id)).job

    async def list(self, *, after: str | None = None, limit: int = 100) -> JobPage:
        """Return a page of all jobs, newest first."""
        page = await self._store.page(self._store.keys.jobs(), after=after, limit=limit, newest_first=True)
        stored = await self._store.find_many([self._store.keys.job(id_of(member)) for member in page.members])
        return JobPage(tuple(codec.read(Job, each.document) for each in stored if each is not None), page.next_after)

    async def cancel(self, job_id: str, now: datetime) -> Job:
        """End a job: at once while it waits, within a second while it runs (look again to see it cancelled).

        NotThere when there is none, NotAllowedNow when it has ended already.
        """
        while True:
            kept = await self._get(job_id)
            after = kept.job.moved("cancel", finished_at=now)
            try:
                if kept.job.state is JobState.RUNNING:  # its record belongs to the worker; leave a note
                    note = Write(self._store.keys.job_cancel(job_id), codec.dump({"asked_at": now}))
                    await self._store.commit(Commit(writes=(note,)))
                    return kept.job
                await self._store.commit(change(self._store.keys, kept, after, "cancel"))
            except VersionChanged:
                continue  # a worker took it in this moment
            return after

    async def _get(self, job_id: str) -> KeptJob:
        kept = await find_job(self._store, job_id)
        if kept is None:
            raise NotThere(f"job {job_id}")
        return kept


def _told(job: Job, move: str) -> Event:
    told = {"job": job.id, "name": job.name, "state": job.state, "attempt": job.attempt, "error": job.error}
    return Event(EVENTS[move], codec.dump(told))
