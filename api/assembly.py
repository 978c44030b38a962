"""Where the parts are put together: settings to park, store, worker and service."""

import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import ValidationError

from api.settings import Settings
from dispatch.store.embedded import StoreSettings
from solver.reading import BadInput

WORKER_STOP_SECONDS = 5.0


def wall_clock() -> datetime:
    """Return the present moment; the one place that reads the wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - this is where the clock comes from


def read_settings(**given: object) -> Settings:
    """Return the settings of the environment, overruled by what is given (None is not given); BadInput, one line."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = f"PARKDISPATCH_{str(fault['loc'][0]).upper()}" if fault["loc"] else "settings"
        raise BadInput(name, "", fault["msg"]) from None


def store_settings(settings: Settings) -> StoreSettings:
    """Return which store the settings ask for."""
    url = settings.redis_url.get_secret_value() if settings.redis_url is not None else None
    return StoreSettings(url=url, data_dir=settings.var_dir / "store")


def operator_key(settings: Settings) -> str:
    """Return the operator's key: the one in the settings, else the one kept in var/operator.key, made when missing."""
    if settings.operator_key is not None:
        return settings.operator_key.get_secret_value()
    file = settings.var_dir / "operator.key"
    try:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(f"{secrets.token_urlsafe(24)}\n")
    except FileExistsError:
        pass
    except OSError as fault:
        raise BadInput(str(file), "", f"cannot be written ({fault.strerror})") from None
    key = file.read_text().strip()
    if not key:
        raise BadInput(str(file), "", "is empty; remove it and a new key is made")
    return key


def key_digest(key: str) -> bytes:
    """Return what the service keeps of a key."""
    return hashlib.sha256(key.encode()).digest()


@contextmanager
def running_worker(store_url: str) -> Iterator[None]:
    """Run a worker process for the store; it ends with this block, and with this process however that ends."""
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "parkdispatch", "worker", "--until-stdin-closes"],
        stdin=subprocess.PIPE,  # closed by the system when this process is gone
        env={**os.environ, "REDIS_URL": store_url},
    )
    try:
        yield
    finally:
        worker.terminate()
        try:
            worker.wait(WORKER_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
