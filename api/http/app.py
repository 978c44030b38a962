"""The HTTP service, put together from its parts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http import examples, headers, openapi, problems, show
from api.http.identity import Identities
from api.http.metrics import Measured, Metrics
from api.http.parts import Parts
from api.http.rim import OpenRoute
from api.http.routes import (
    allowances,
    appointments,
    closures,
    enterprises,
    events,
    exceptions,
    gate,
    keys,
    loads,
    matches,
    matching_rounds,
    offers,
    park,
    plans,
    reports,
    scenarios,
    series,
    service,
    tokens,
    trucks,
    visits,
    waitlist,
    webhooks,
)
from api.http.throttle import Throttle
from dispatch.services.attending import AllowanceKeeper
from dispatch.services.feed import Feed
from dispatch.services.pricing import PriceKeeper
from parkdispatch import __version__
from solver.slots import online

ROUTERS = (
    appointments.bulk_router,
    appointments.router,  # first, for it is asked most
    closures.visit_router,
    closures.router,
    waitlist.router,
    series.router,
    allowances.router,
    gate.visit_router,
    gate.router,
    gate.open_router,
    park.router,
    visits.bulk_router,
    visits.router,
    loads.bulk_router,
    loads.router,
    trucks.router,
    plans.router,
    scenarios.router,
    matches.router,
    matching_rounds.router,
    offers.router,
    exceptions.router,
    enterprises.router,
    keys.router,
    events.router,
    webhooks.router,
    reports.router,
    tokens.router,
    tokens.open_router,
    service.router,
)


class Service(FastAPI):
    """FastAPI with a shorter way to our own routes; what is none of them takes FastAPI's."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what every request passes through."""
        parts: Parts = self.state.parts
        app: ASGIApp = Front(self.state.routes, super().build_middleware_stack())
        if parts.limits.cors_origins:
            app = CORSMiddleware(
                app,
                allow_origins=parts.limits.cors_origins,
                allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
                allow_headers=headers.TAKEN,
                expose_headers=headers.EXPOSED,
            )
        return ServerErrorMiddleware(Measured(app, self.state.metrics), handler=problems.failed)


class Front:
    """Leads a request to its route: those without parameters by their path, the others in their order."""

    def __init__(self, routes: Sequence[OpenRoute], rest: ASGIApp) -> None:
        self._rest = rest
        by_method = [(method, route) for route in routes for method in route.methods or ()]
        self._plain = {
            (method, route.path): route for method, route in reversed(by_method) if not route.param_convertors
        }
        self._others: dict[str, list[OpenRoute]] = {}
        for method, route in by_method:
            if route.param_convertors:
                self._others.setdefault(method, []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; what has no route here is passed on."""
        found = self._find(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._rest(scope, receive, send)
            return
        route, path_params = found
        scope.update(route=route, endpoint=route.endpoint, path_params=path_params)
        await route.app(scope, receive, send)

    def _find(self, method: str, path: str) -> tuple[OpenRoute, dict[str, str]] | None:
        route = self._plain.get((method, path))
        if route is not None:
            return route, {}
        for route in self._others.get(method, ()):
            match = route.path_regex.match(path)
            if match:
                return route, match.groupdict()
        return None


def create_app(parts: Parts) -> FastAPI:
    """Return the service over its parts; whoever made the parts opens and closes them.

    While it runs, it reads the park's events for those who listen, and keeps the bid prices of the bookable days fresh,
    unless the house rules do without.
    """
    app = Service(
        title="parkdispatch",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # we count and log ourselves
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        lifespan=_keeping_prices(parts),
    )
    app.state.parts = parts
    app.state.identities = Identities(parts)
    app.state.throttle = Throttle(parts.desk.store, parts.limits.rates)
    app.state.metrics = Metrics()
    app.state.feed = Feed(parts.desk.store)
    app.state.routes = tuple(route for router in ROUTERS for route in router.routes if isinstance(route, OpenRoute))
    app.state.park_json = orjson.dumps(show.park_document(parts.desk.park))
    problems.add_handlers(app)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.router.routes.extend(app.state.routes)  # flat: a router included would be matched twice for each request
    _describe(app, parts)
    return app


def _describe(app: FastAPI, parts: Parts) -> None:
    """Let the app make its OpenAPI document once a day: the examples name days that can be booked."""
    made: dict[object, dict[str, object]] = {}

    def document() -> dict[str, object]:
        today = parts.desk.park.grid.day_of(parts.clock())
        if today not in made:
            made.clear()
            made[today] = openapi.make_document(app, app.state.routes, examples.make(parts.desk.park, today))
        return made[today]

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to replace it


def _keeping_prices(parts: Parts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(online.load)
        try:
            async with _prices_kept(), _kept(AllowanceKeeper(parts.desk, parts.clock).run()):
                yield
        finally:
            await app.state.feed.close()
            parts.reports.close()

    @asynccontextmanager
    async def _prices_kept() -> AsyncIterator[None]:
        if not parts.desk.park.rules.steer_bookings:
            yield
            return
        async with _kept(PriceKeeper(parts.desk, parts.clock).run()):
            yield

    return running


@asynccontextmanager
async def _kept(run: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run beside the block, and end with it."""
    keeping = asyncio.create_task(run)
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _gone(_request: Request, _fault: Exception) -> Response:
    return Response(status_code=400)  # nobody is left to read it
