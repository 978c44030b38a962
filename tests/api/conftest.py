import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from api.http.app import create_app
from api.http.parts import Limits, Parts
from dispatch.model.park import Park
from dispatch.services.desk import Desk
from dispatch.store.store import Store
from dispatch.worker.jobs import Jobs
from tests.api.tiny import NOW, tiny_park

KEY = "the-operators-key"
BEARER = {"Authorization": f"Bearer {KEY}"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def park() -> Park:
    return tiny_park()


@pytest.fixture
def parts(park: Park, store: Store, clock: Clock) -> Parts:
    digest = hashlib.sha256(KEY.encode()).digest()
    return Parts(
        Desk(park, store), Jobs(store), digest, clock, Limits(body_bytes=20_000, bulk_bytes=400_000, bulk_rows=700)
    )


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_app(parts)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://park", headers=BEARER) as opened:
        yield opened
