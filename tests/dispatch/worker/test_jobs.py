"""The life of a job, and the service to ask for one."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.model.refusals import NotAllowedNow, NotThere
from dispatch.store.commit import FingerprintDiffers
from dispatch.store.store import Store
from dispatch.worker.jobs import KEPT_PROGRESS, Job, Jobs, JobState, ProgressEntry

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NOW = datetime(2026, 11, 25, tzinfo=UTC)


async def test_a_submitted_job_waits_and_is_found(store: Store) -> None:
    jobs = Jobs(store)

    job = await jobs.submit("add", {"numbers": [1]}, NOW)

    assert await jobs.get(job.id) == job
    assert job.state is JobState.QUEUED
    assert [event.name for event in await store.events()] == ["JobQueued"]
    with pytest.raises(NotThere):
        await jobs.get("other")


async def test_a_repeat_returns_the_job_of_the_first_call(store: Store) -> None:
    jobs = Jobs(store)
    first = await jobs.submit("add", {}, NOW, repeat=("k", "f"))

    again = await jobs.submit("add", {}, NOW, repeat=("k", "f"))

    assert again == first
    assert len((await jobs.list()).jobs) == 1
    with pytest.raises(FingerprintDiffers):
        await jobs.submit("fail", {}, NOW, repeat=("k", "g"))


async def test_jobs_are_listed_newest_first_in_pages(store: Store) -> None:
    jobs = Jobs(store)
    made = [await jobs.submit("add", {}, NOW + timedelta(seconds=i)) for i in range(5)]

    first = await jobs.list(limit=3)
    second = await jobs.list(limit=3, after=first.next_after)

    assert [job.id for job in (*first.jobs, *second.jobs)] == [job.id for job in reversed(made)]
    assert second.next_after is None


async def test_a_waiting_job_is_cancelled_at_once_and_only_once(store: Store) -> None:
    jobs = Jobs(store)
    job = await jobs.submit("add", {}, NOW)

    cancelled = await jobs.cancel(job.id, NOW)

    assert cancelled.state is (await jobs.get(job.id)).state is JobState.CANCELLED
    with pytest.raises(NotAllowedNow):
        await jobs.cancel(job.id, NOW)


def test_kept_progress_is_bounded_and_keeps_the_newest() -> None:
    job = Job("j", "add", {}, JobState.RUNNING, NOW)

    for i in range(10 * KEPT_PROGRESS):
        job = job.with_progress([ProgressEntry(NOW, {"i": i})])

    told = [entry.document["i"] for entry in job.progress]
    assert len(told) <= KEPT_PROGRESS
    assert told[-KEPT_PROGRESS // 2 :] == list(range(10 * KEPT_PROGRESS - KEPT_PROGRESS // 2, 10 * KEPT_PROGRESS))
    assert told == sorted(told)
    assert told[0] == 0
