"""What benchmarks ask: `python -m api.benchmark_server service|empty PORT [TIME]`; prints its port when it listens.

The park is that of the settings; with a TIME (RFC 3339) the service's clock stands there.
"""

import gc
import socket
import sys
import threading
from datetime import datetime

import uvicorn
from fastapi import FastAPI

from api.assembly import end_with_stdin, key_digest, operator_key, pass_key, read_settings, reports_of, wall_clock
from api.http.app import create_app
from api.http.guard import server_config
from api.http.parts import Limits, Parts
from dispatch.files import load_park
from dispatch.services.desk import Desk
from dispatch.services.outbound import Outbound
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs


def service() -> FastAPI:
    """Return the service for the store at REDIS_URL."""
    settings = read_settings()
    assert settings.redis_url is not None
    park = load_park(settings.park_file)
    stands_at = datetime.fromisoformat(sys.argv[3]) if len(sys.argv) > 3 else None
    store = Store(settings.redis_url.get_secret_value(), park.id)
    digest = key_digest(operator_key(settings))
    return create_app(
        Parts(
            Desk(park, store),
            Jobs(store),
            digest,
            wall_clock if stands_at is None else lambda: stands_at,
            Limits.of(settings),
            reports_of(settings),
            Outbound(settings.webhook_inside),
            pass_key(settings),
        )
    )


def empty() -> FastAPI:
    """Return an app that reads a JSON body and answers 201: what FastAPI and uvicorn take by themselves."""
    app = FastAPI()

    @app.post("/", status_code=201)
    async def post(body: dict[str, str]) -> dict[str, str]:
        return body

    return app


def main() -> None:
    """Serve until standard input is closed or SIGTERM."""
    threading.Thread(target=end_with_stdin, daemon=True).start()
    app = {"service": service, "empty": empty}[sys.argv[1]]()
    listening = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=4096, reuse_port=True)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    limits = Limits.of(read_settings())
    config = (
        server_config(app, limits, loop="uvloop")
        if sys.argv[1] == "service"
        else uvicorn.Config(app, loop="uvloop", http="httptools", log_config=None, access_log=False)
    )
    gc.collect()
    gc.freeze()  # as `serve` does
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
