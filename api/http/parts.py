"""What the HTTP rim is put together from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from api.settings import Settings
from dispatch.services.desk import Desk
from dispatch.services.explaining import Explainer
from dispatch.services.outbound import Outbound
from dispatch.services.passes import PassKey, new_key
from dispatch.services.reports import Reports
from dispatch.worker.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a minute: of the operator, of a tenant's systems, of a person, of an address without a good key."""

    operator: int = 600_000
    system: int = 30_000
    person: int = 300
    address: int = 1_200


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may hold, how long it may take, how many there may be, and whose scripts may ask.

    `head_*` bound the request line and the header fields, `body_seconds` the coming in of the body, `answer_seconds`
    the making of the answer, `write_seconds` how long a client may leave it unread.
    """

    body_bytes: int = 1024 * 1024
    bulk_bytes: int = 8 * 1024 * 1024
    bulk_rows: int = 5000
    head_bytes: int = 16 * 1024
    head_fields: int = 64
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    answer_seconds: float = 60.0
    write_seconds: float = 30.0
    connections: int = 4096
    rates: Rates = field(default_factory=Rates)
    cors_origins: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits as the settings have them."""
        return cls(
            body_bytes=settings.max_body_bytes,
            bulk_bytes=settings.max_bulk_bytes,
            bulk_rows=settings.max_bulk_rows,
            head_bytes=settings.max_head_bytes,
            head_fields=settings.max_head_fields,
            head_seconds=settings.head_seconds,
            body_seconds=settings.body_seconds,
            answer_seconds=settings.answer_seconds,
            write_seconds=settings.write_seconds,
            connections=settings.max_connections,
            rates=Rates(settings.rate_operator, settings.rate_system, settings.rate_person, settings.rate_address),
            cors_origins=tuple(settings.cors_origins.split()),
        )


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
    explainer: Explainer = field(default_factory=Explainer)

    def __post_init__(self) -> None:
        if len(self.operator_key_sha256) != 32:
            raise ValueError("operator_key_sha256 must be a SHA-256 digest of 32 bytes")
