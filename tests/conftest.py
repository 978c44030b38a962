"""The real store for tests: one valkey-server child process a session, a park of its own for each test."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory: Path = tmp_path_factory.mktemp("store")
    with running_store(StoreSettings(data_dir=directory)) as url:
        yield url


@pytest.fixture
def park_id() -> str:
    return f"park-{next(_numbers)}"


@pytest.fixture
async def store(store_url: str, park_id: str) -> AsyncIterator[Store]:
    async with Store(store_url, park_id) as opened:
        yield opened
