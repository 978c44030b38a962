"""What the service counts about itself, for Prometheus: requests by route template, bookings, refusals, jobs."""

import secrets
from collections.abc import Mapping
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.headers import with_ours

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one app, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "parkdispatch_requests",
            "Requests answered, by route template, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "parkdispatch_request_seconds",
            "Seconds from request to answer, by route template.",
            ("route", "method"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.made = Counter("parkdispatch_bookings_made", "Appointments made at once.", registry=self.registry)
        self.refused = Counter(
            "parkdispatch_bookings_refused",
            "Appointment requests refused, by reason.",
            ("reason",),
            registry=self.registry,
        )
        self.jobs = Gauge("parkdispatch_jobs", "The latest 200 jobs, by state.", ("state",), registry=self.registry)

    def note(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        known = self._known.get((route, method, status))
        if known is None:  # to look for them by their labels takes longer than to count
            known = (self.requests.labels(route, method, str(status)), self.seconds.labels(route, method))
            self._known[route, method, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def count_jobs(self, by_state: Mapping[str, int]) -> None:
        """Take over how many jobs there are in each state."""
        self.jobs.clear()
        for state, count in by_state.items():
            self.jobs.labels(state).set(count)

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self.registry)


class Measured:
    """ASGI middleware: gives every request an id and our headers, counts and times it under its route's template."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and take note of the answer's status."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = perf_counter()
        status = 500
        request_id = scope["request_id"] = secrets.token_hex(8)

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*with_ours(scope, message["headers"]), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.note(route, method, status, perf_counter() - begun)
