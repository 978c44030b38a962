"""`parkdispatch serve` and `parkdispatch worker`: the service with its store and worker until Ctrl-C."""

import signal
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from api.assembly import (
    end_with_stdin,
    key_digest,
    operator_key,
    pass_key,
    read_settings,
    reports_of,
    running_worker,
    store_settings,
    wall_clock,
)
from api.cli.demo_day import DemoDay, find_last, prepare
from api.cli.output import say
from api.http.app import create_app
from api.http.guard import server_config
from api.http.parts import Limits, Parts
from api.settings import Settings, configure_logging
from api.tasks import TASKS, timers_of
from dispatch.files import MAX_DAY_THINGS, load_park
from dispatch.model.park import Park
from dispatch.services.desk import Desk
from dispatch.services.outbound import Outbound
from dispatch.store.embedded import running_store
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from dispatch.worker.worker import run_worker
from simulations.demand.days import MAX_SEED
from solver.reading import BadInput

Visits = Annotated[
    int | None,
    typer.Option("--visits", help="load and plan a generated day of that many visits", min=0, max=MAX_DAY_THINGS),
]


def serve(
    visits: Visits = None,
    seed: Annotated[int, typer.Option("--seed", help="seed of the generated day", min=0, max=MAX_SEED)] = 1,
    port: Annotated[int | None, typer.Option("--port", help="TCP port", min=1, max=65535)] = None,
    host: Annotated[str | None, typer.Option("--host", help="address to listen on")] = None,
) -> None:
    """Serve the HTTP API, with the store and a worker, until Ctrl-C."""
    settings = read_settings(port=port, host=host)
    park = load_park(settings.park_file)
    key = operator_key(settings)
    configure_logging(settings.log_format, settings.log_level, key)
    where = "as set" if settings.operator_key else f"in {settings.var_dir / 'operator.key'}"
    _check_port_is_free(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt), running_store(store_settings(settings), say=say) as url, running_worker(url):
        say(f"operator key: {where}")
        if visits is not None:
            _plan_demo_day(url, park, DemoDay.tomorrow(park, wall_clock(), visits=visits, seed=seed))
        _serve(url, park, settings, key)
    say("stopped")


def worker(
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="end when whoever holds the other end of stdin is gone")
    ] = False,
) -> None:
    """Run jobs for the store named by REDIS_URL, until Ctrl-C or SIGTERM."""
    settings = read_settings()
    configure_logging(settings.log_format, settings.log_level)
    if settings.redis_url is None:
        raise BadInput("REDIS_URL", "", "is not set; a worker needs the store of a running service")
    if until_stdin_closes:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    park = load_park(settings.park_file)
    run_worker(
        settings.redis_url.get_secret_value(), park.id, TASKS, clock=wall_clock, timers=timers_of(park, settings)
    )


def _plan_demo_day(url: str, park: Park, day: DemoDay) -> None:
    """Load and plan the day: before serving when the store has none yet, else while serving."""
    if find_last(url, park) is None:
        prepare(url, park, day)
    else:
        threading.Thread(target=prepare, args=(url, park, day), daemon=True).start()


def _serve(url: str, park: Park, settings: Settings, key: str) -> None:
    store, limits = Store(url, park.id), Limits.of(settings)
    app = create_app(
        Parts(
            Desk(park, store),
            Jobs(store),
            key_digest(key),
            wall_clock,
            limits,
            reports_of(settings),
            Outbound(settings.webhook_inside),
            pass_key(settings),
        )
    )
    config = server_config(
        app,
        limits,
        host=settings.host,
        port=settings.port,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        timeout_graceful_shutdown=5,
        backlog=4096,
    )
    say(f"serving on http://{settings.host}:{settings.port}  (Ctrl-C ends)")
    with suppress(KeyboardInterrupt):  # uvicorn has shut down in good order and passes the signal on
        uvicorn.Server(config).run()


def _check_port_is_free(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as fault:
            reason = f"cannot listen on {settings.host} ({fault.strerror}); PORT=... or --port chooses another"
            raise BadInput("port", str(settings.port), reason) from None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
