"""What the HTTP rim is put together from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from api.settings import Settings
from dispatch.services.desk import Desk
from dispatch.services.outbound import Outbound
from dispatch.services.passes import PassKey, new_key
from dispatch.services.reports import Reports
from dispatch.worker.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may hold."""

    body_bytes: int = 1024 * 1024
    bulk_bytes: int = 8 * 1024 * 1024
    bulk_rows: int = 5000

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits as the settings have them."""
        return cls(settings.max_body_bytes, settings.max_bulk_bytes, settings.max_bulk_rows)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the service, assembled by whoever starts it.

    `operator_key_sha256` is the digest of the one key that opens every route that changes something; `clock`
    returns the present moment, aware.
    """

    desk: Desk
    jobs: Jobs
    operator_key_sha256: bytes
    clock: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)
    reports: Reports = field(default_factory=Reports)  # in memory, unless it is a file that is kept
    outbound: Outbound = field(default_factory=Outbound)  # where webhooks may lead
    passes: PassKey = field(default_factory=new_key)  # of this process alone, unless it is a key that is kept

    def __post_init__(self) -> None:
        if len(self.operator_key_sha256) != 32:
            raise ValueError("operator_key_sha256 must be a SHA-256 digest of 32 bytes")
