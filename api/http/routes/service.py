"""The service about itself: is it there, is it ready, what has it counted, what do its problems mean."""

from collections import Counter

from fastapi import APIRouter, Request, Response

from api.http import show
from api.http.answers import HealthAnswer, ProblemText, ReadyAnswer
from api.http.asking import metrics_of, parts_of
from api.http.fields import PathId
from api.http.metrics import CONTENT_TYPE
from api.http.openapi import told
from api.http.problems import INVALID_REQUEST, KINDS
from api.http.rim import OpenRoute
from dispatch.model.refusals import NotThere, StoreUnavailable
from dispatch.services.health import check_writable
from dispatch.store.commit import StoreDown

COUNTED_JOBS = 200

router = APIRouter(route_class=OpenRoute, tags=["service"])


@router.get("/healthz", operation_id="get_health", response_model=HealthAnswer, responses=told())
async def get_health() -> Response:
    """Answer that the process is there."""
    return show.answer({"status": "ok"})


@router.get("/readyz", operation_id="get_readiness", response_model=ReadyAnswer, responses=told(StoreUnavailable))
async def get_readiness(request: Request) -> Response:
    """Answer whether bookings can be made: the store has just carried out a write."""
    await check_writable(parts_of(request).desk)
    return show.answer({"status": "ready"})


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=Response,
    responses=told() | {200: {"description": "Done.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(request: Request) -> Response:
    """Read the service's counters, for Prometheus."""
    metrics = metrics_of(request)
    try:
        latest = await parts_of(request).jobs.list(limit=COUNTED_JOBS)
    except StoreDown:
        metrics.count_jobs({})  # the other counters are wanted most when the store is away
    else:
        metrics.count_jobs(Counter(str(job.state) for job in latest.jobs))
    return Response(metrics.text(), media_type=CONTENT_TYPE)


@router.get(
    "/problems/{code}",
    operation_id="get_problem",
    response_model=ProblemText,
    responses=told(INVALID_REQUEST, NotThere),
)
async def get_problem(code: PathId) -> Response:
    """Read what a problem type means and what to do about it."""
    kind = KINDS.get(code)
    if kind is None:
        raise NotThere(f"problem {code}")
    return show.answer({"type": kind.type, "title": kind.title, "status": kind.status, "advice": kind.advice})
