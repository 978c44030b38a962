"""The service in a process of its own: `python -m tests.api.server DIRECTORY HOT_DOCKS`; prints its port when ready."""

import hashlib
import socket
import sys
from pathlib import Path

import uvicorn
import uvloop

from api.http.app import create_app
from api.http.guard import server_config
from api.http.parts import Limits, Parts
from api.settings import Settings, configure_logging
from dispatch.services.desk import Desk
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from tests.api.tiny import NOW, tiny_park

KEY = "the-operators-key"
LANE_ENTRIES = 5  # per slot and gate, as the tiny park has it


async def serve(url: str, docks: int) -> None:
    """Serve a park whose two gates together admit as many trucks a slot as its warehouse has docks of a kind."""
    park = tiny_park(docks=docks, entry_lanes=docks // (2 * LANE_ENTRIES))
    configure_logging("console", "warning")
    limits = Limits.of(Settings())  # of the environment
    async with Store(url, park.id) as store:
        digest = hashlib.sha256(KEY.encode()).digest()
        app = create_app(Parts(Desk(park, store), Jobs(store), digest, lambda: NOW, limits))
        listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
        print(listening.getsockname()[1], flush=True)
        config = server_config(app, limits, log_level="warning", lifespan="off")
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    with running_store(StoreSettings(data_dir=Path(sys.argv[1]))) as store_url:
        uvloop.run(serve(store_url, int(sys.argv[2])))
