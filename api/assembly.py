"""Where the parts are put together: settings to park, store, worker and service."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

import parkdispatch
from api.settings import Settings
from dispatch.clock import SteppedClock
from dispatch.services.passes import PassKey, kept_key
from dispatch.services.reports import Reports
from dispatch.store.embedded import Say, StoreSettings, find_running, running_store
from solver.reading import BadInput

PROCESS_STOP_SECONDS = 5.0
PROCESS_LOOK_SECONDS = 0.1
PROCESS_PAUSE_SECONDS = 1.0  # before one that was lost is followed by another


def wall_clock() -> datetime:
    """Return the present moment; the one place that reads the wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - this is where the clock comes from


def clock_of(settings: Settings) -> Callable[[], datetime]:
    """Return the clock the park goes by: the wall clock, or the one set in the file the settings name."""
    if settings.test_clock is None:
        return wall_clock
    try:
        return SteppedClock(settings.test_clock)
    except OSError as fault:
        raise BadInput(
            "PARKDISPATCH_TEST_CLOCK", str(settings.test_clock), f"cannot be used ({fault.strerror})"
        ) from None
    except ValueError as fault:
        raise BadInput("PARKDISPATCH_TEST_CLOCK", str(settings.test_clock), str(fault)) from None


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


def archive_dir(settings: Settings) -> Path:
    """Return where closed days of events are kept."""
    return settings.var_dir / "archive"


def reports_of(settings: Settings) -> Reports:
    """Return the projection for reports."""
    return Reports(settings.var_dir / "reports.sqlite", archive_dir(settings))


@contextmanager
def reaching_store(settings: Settings, say: Say) -> Iterator[str]:
    """Yield the URL of the settings' store: of the one a service is running in its directory, else of one started."""
    asked = store_settings(settings)
    url = find_running(asked.data_dir) if asked.url is None else None
    if url is not None:
        yield url
        return
    with running_store(asked, say=say) as started:
        yield started


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


def pass_key(settings: Settings) -> PassKey:
    """Return the key that signs the passes: the one kept in var/pass.key, made when missing."""
    file = settings.var_dir / "pass.key"
    try:
        return kept_key(file)
    except OSError as fault:
        raise BadInput(str(file), "", f"cannot be read or written ({fault.strerror})") from None
    except ValueError as fault:
        raise BadInput(str(file), "", str(fault)) from None


def key_digest(key: str) -> bytes:
    """Return what the service keeps of a key."""
    return hashlib.sha256(key.encode()).digest()


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment of a process of our own, which shall run the very code that runs here."""
    root = str(Path(parkdispatch.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **changes}


def end_with_stdin() -> None:
    """Wait until whoever holds the other end of standard input is gone, then end this process in good order."""
    while os.read(0, 4096):  # not sys.stdin, whose lock the interpreter wants when it ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def running_beside(command: str, **environment: str) -> Iterator[None]:
    """Run a command of ours in a process of its own, and another when it is lost; it ends with this block and with this
    process."""
    stopping = threading.Event()
    keeper = threading.Thread(target=_keep, args=(command, environment, stopping), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()


def _keep(command: str, environment: dict[str, str], stopping: threading.Event) -> None:
    while not stopping.is_set():
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "parkdispatch", command, "--until-stdin-closes"],
            stdin=subprocess.PIPE,  # closed by the system when this process is gone
            env=child_environment(**environment),
        )
        while process.poll() is None and not stopping.wait(PROCESS_LOOK_SECONDS):
            pass
        _end(process)
        stopping.wait(PROCESS_PAUSE_SECONDS)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PROCESS_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
