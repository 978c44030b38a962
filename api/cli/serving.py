"""`parkdispatch serve` and `parkdispatch worker`: the service with its store and worker until Ctrl-C."""

import gc
import signal
import socket
import sys
import threading
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from api.assembly import (
    clock_of,
    end_with_stdin,
    key_digest,
    operator_key,
    pass_key,
    read_settings,
    reports_of,
    running_beside,
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
from dispatch.store.embedded import Say, running_store
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from dispatch.worker.worker import run_worker
from simulations.demand.days import MAX_SEED
from solver.reading import BadInput

Visits = Annotated[
    int | None,
    typer.Option("--visits", help="load and plan a generated day of that many visits", min=0, max=MAX_DAY_THINGS),
]


def _nothing(_text: str) -> None:
    """Say nothing."""


UntilStdinCloses = Annotated[
    bool, typer.Option("--until-stdin-closes", help="end when whoever holds the other end of stdin is gone")
]


def serve(
    visits: Visits = None,
    seed: Annotated[int, typer.Option("--seed", help="seed of the generated day", min=0, max=MAX_SEED)] = 1,
    port: Annotated[int | None, typer.Option("--port", help="TCP port", min=1, max=65535)] = None,
    host: Annotated[str | None, typer.Option("--host", help="address to listen on")] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", help="that answer requests, on one port", min=1, max=64)
    ] = None,
) -> None:
    """Serve the HTTP API, with the store and a worker, until Ctrl-C."""
    settings = read_settings(port=port, host=host, processes=processes)
    park = load_park(settings.park_file)
    key = operator_key(settings)
    configure_logging(settings.log_format, settings.log_level, key)
    where = "as set" if settings.operator_key else f"in {settings.var_dir / 'operator.key'}"
    _check_port_is_free(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt), ExitStack() as running:
        url = running.enter_context(running_store(store_settings(settings), say=say))
        running.enter_context(running_beside("worker", REDIS_URL=url))
        say(f"operator key: {where}")
        if visits is not None:
            _plan_demo_day(url, park, DemoDay.tomorrow(park, wall_clock(), visits=visits, seed=seed))
        for _ in range(settings.processes - 1):
            running.enter_context(running_beside("serve-beside", **_beside(settings, url, key)))
        _serve(url, park, settings, key, say=say)
    say("stopped")


def serve_beside(until_stdin_closes: UntilStdinCloses = False) -> None:
    """Answer requests beside the service that started this, on its port."""
    settings = read_settings()
    key = operator_key(settings)
    configure_logging(settings.log_format, settings.log_level, key)
    if settings.redis_url is None:
        raise BadInput("REDIS_URL", "", "is not set; a further process needs the store of a running service")
    if until_stdin_closes:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    _serve(settings.redis_url.get_secret_value(), load_park(settings.park_file), settings, key)


def _beside(settings: Settings, url: str, key: str) -> dict[str, str]:
    """Return what a further process is told of what was given on the command line."""
    listening = {"HOST": settings.host, "PORT": str(settings.port), "PROCESSES": str(settings.processes)}
    told = {f"PARKDISPATCH_{name}": value for name, value in listening.items()}
    return told | {"REDIS_URL": url, "PARKDISPATCH_OPERATOR_KEY": key}


def worker(until_stdin_closes: UntilStdinCloses = False) -> None:
    """Run jobs for the store named by REDIS_URL, until Ctrl-C or SIGTERM."""
    settings = read_settings()
    configure_logging(settings.log_format, settings.log_level)
    if settings.redis_url is None:
        raise BadInput("REDIS_URL", "", "is not set; a worker needs the store of a running service")
    if until_stdin_closes:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    park = load_park(settings.park_file)
    run_worker(
        settings.redis_url.get_secret_value(),
        park.id,
        TASKS,
        clock=clock_of(settings),
        timers=timers_of(park, settings),
    )


def _plan_demo_day(url: str, park: Park, day: DemoDay) -> None:
    """Load and plan the day: before serving when the store has none yet, else while serving."""
    if find_last(url, park) is None:
        prepare(url, park, day)
    else:
        threading.Thread(target=prepare, args=(url, park, day), daemon=True).start()


def _serve(url: str, park: Park, settings: Settings, key: str, *, say: Say = _nothing) -> None:
    store, limits = Store(url, park.id), Limits.of(settings)
    app = create_app(
        Parts(
            Desk(park, store),
            Jobs(store),
            key_digest(key),
            clock_of(settings),
            limits,
            reports_of(settings),
            Outbound(settings.webhook_inside),
            pass_key(settings),
        )
    )
    config = server_config(
        app,
        limits,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        timeout_graceful_shutdown=5,
    )
    listening = _listening(settings)
    say(f"serving on http://{settings.host}:{settings.port}  (Ctrl-C ends)")
    gc.collect()
    gc.freeze()  # what is there now stays: to look through it again and again would hold up requests
    with suppress(KeyboardInterrupt):  # uvicorn has shut down in good order and passes the signal on
        uvicorn.Server(config).run(sockets=[listening])


def _listening(settings: Settings) -> socket.socket:
    """Return the socket to be served; the system shares out the connections among the processes on one port."""
    return socket.create_server(
        (settings.host, settings.port),
        family=_family(settings),
        backlog=4096,
        reuse_port=settings.processes > 1,
    )


def _family(settings: Settings) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in settings.host else socket.AF_INET


def _check_port_is_free(settings: Settings) -> None:
    with socket.socket(_family(settings)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as fault:
            reason = f"cannot listen on {settings.host} ({fault.strerror}); PORT=... or --port chooses another"
            raise BadInput("port", str(settings.port), reason) from None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
