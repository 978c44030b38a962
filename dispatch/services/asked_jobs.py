"""Jobs that callers ask for by name: started once per Idempotency-Key, found and listed among their own kind alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from dispatch.model.refusals import KeyReused
from dispatch.services.desk import Desk, Kept, Listed, PageAsked, Repeatable, find_repeat, new_id, not_there
from dispatch.store.commit import FingerprintDiffers, VersionChanged
from dispatch.worker.jobs import Job, Jobs, find_job

MOST_SCANS = 10


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job: its name in the table of tasks, how its ids begin, and what people call one."""

    name: str
    prefix: str
    word: str


async def find_started(desk: Desk, kind: JobKind, repeatable: Repeatable | None) -> Kept[Job] | None:
    """Return the job that the same request has started before, or None."""
    repeat = await find_repeat(desk, repeatable)
    return None if repeat is None else _again(await get_job(desk, kind, str(orjson.loads(repeat)["job"])))


async def start_job(
    desk: Desk, jobs: Jobs, kind: JobKind, arguments: dict[str, Any], now: datetime, repeatable: Repeatable | None
) -> Kept[Job]:
    """Queue a job; KeyReused when the key was used for another request."""
    key = (repeatable.key, repeatable.fingerprint) if repeatable else None
    job_id = new_id(kind.prefix, repeatable)
    try:
        job = await jobs.submit(kind.name, arguments, now, job_id=job_id, repeat=key)
    except FingerprintDiffers:
        raise KeyReused("Idempotency-Key") from None
    except VersionChanged:  # made under the same key, whose record is no longer kept
        return _again(await get_job(desk, kind, job_id))
    return Kept(job, 1)


async def get_job(desk: Desk, kind: JobKind, job_id: str) -> Kept[Job]:
    """Return a job of the kind; NotThere otherwise."""
    kept = await find_job(desk.store, job_id)
    if kept is None or kept.job.name != kind.name:
        raise not_there(kind.word, job_id)
    return Kept(kept.job, kept.version)


async def list_jobs(jobs: Jobs, kind: JobKind, page: PageAsked) -> Listed[Job]:
    """Return the jobs of the kind, newest first; a page may come out short of its limit."""
    found: list[Job] = []
    after = page.after
    for _ in range(MOST_SCANS):
        asked = await jobs.list(after=after, limit=page.limit - len(found))
        found += [job for job in asked.jobs if job.name == kind.name]
        after = asked.next_after
        if after is None or len(found) == page.limit:
            break
    return Listed(tuple(found), after)


async def cancel_job(desk: Desk, jobs: Jobs, kind: JobKind, job_id: str, now: datetime) -> Kept[Job]:
    """Ask a job of the kind to end; NotAllowedNow when it has ended. One that runs ends within a second."""
    await get_job(desk, kind, job_id)
    await jobs.cancel(job_id, now)
    return await get_job(desk, kind, job_id)


def _again(kept: Kept[Job]) -> Kept[Job]:
    return Kept(kept.thing, kept.version, repeated=True)
