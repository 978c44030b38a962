"""Every setting of the service in one class, and how it logs."""

import logging
import re
import sys
from pathlib import Path
from typing import Literal, Self

import structlog
from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

import parkdispatch
from dispatch.services.notifying import key_of

SHORTEST_KEY = 16
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")


def demo_park_file() -> Path:
    """Return the park file that comes with the project: in a wheel beside the package's code, else in the checkout."""
    package = Path(parkdispatch.__file__).parent
    packed = package / "parks" / "beilun.toml"
    return packed if packed.exists() else package.parent / "parks" / "beilun.toml"


class Settings(BaseSettings):
    """Read from the environment: PARKDISPATCH_<NAME>, and REDIS_URL for the store."""

    model_config = SettingsConfigDict(env_prefix="PARKDISPATCH_", extra="ignore", populate_by_name=True)

    park_file: Path = Field(default_factory=demo_park_file)
    var_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    processes: int = Field(default=1, ge=1, le=64)  # that answer requests, on one port
    redis_url: SecretStr | None = Field(default=None, validation_alias="REDIS_URL")
    operator_key: SecretStr | None = None
    test_clock: Path | None = None  # a file of `dispatch.clock`, by which the park goes in place of the wall clock
    keep_days: int = Field(default=7, ge=0)  # of events in the stream; older days are in the archive
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    max_bulk_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    max_bulk_rows: int = Field(default=5000, ge=1)
    max_head_bytes: int = Field(default=16 * 1024, ge=1024)
    max_head_fields: int = Field(default=64, ge=8)
    max_connections: int = Field(default=4096, ge=1)
    head_seconds: float = Field(default=10, gt=0)
    body_seconds: float = Field(default=30, gt=0)
    answer_seconds: float = Field(default=60, gt=0)
    write_seconds: float = Field(default=30, gt=0)
    rate_operator: int = Field(default=600_000, ge=1)  # rates are requests a minute
    rate_system: int = Field(default=30_000, ge=1)
    rate_person: int = Field(default=300, ge=1)
    rate_address: int = Field(default=1_200, ge=1)
    cors_origins: str = ""  # origins whose scripts may ask, with blanks between; none by default
    notify: Literal["log", "webhook", "off"] = "log"  # who is handed the notices for drivers and enterprises
    notify_url: HttpUrl | None = None
    notify_key: SecretStr | None = None
    webhook_retries: tuple[float, ...] = (
        5,
        300,
        1800,
        7200,
        18000,
        36000,
        50400,
        72000,
        86400,
    )  # seconds between tries
    webhook_inside: bool = False  # webhooks may lead to private addresses, and to plain HTTP
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> Self:
        if self.notify == "webhook" and (self.notify_url is None or self.notify_key is None):
            raise ValueError("PARKDISPATCH_NOTIFY=webhook needs PARKDISPATCH_NOTIFY_URL and PARKDISPATCH_NOTIFY_KEY")
        if self.notify_key is not None:
            key_of(self.notify_key.get_secret_value())
        return self

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        wrong = [origin for origin in text.split() if not _ORIGIN.fullmatch(origin)]
        if wrong:
            raise ValueError(f"{wrong[0][:40]!r} is not an origin; allowed: https://host[:port], with blanks between")
        return text

    @field_validator("operator_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"must have at least {SHORTEST_KEY} characters")
        return key


def configure_logging(log_format: Literal["console", "json"], log_level: str, *secrets: str) -> None:
    """Send structured logs to stderr, as lines for people or as JSON; standard library loggers go the same way.

    No line holds one of the `secrets`, nor anything that looks like a key, a token or a password in a URL.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_secrets,
    ]
    is_json = log_format == "json"
    plain = structlog.dev.plain_traceback  # the pretty one shows local variables, secrets among them
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if is_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    )
    renderer = _without_secrets_in(renderer, secrets)
    traces = [structlog.processors.format_exc_info] if is_json else []
    level = logging.getLevelNamesMapping()[log_level.upper()]
    structlog.configure(
        processors=[*shared, *traces, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *traces, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)


SECRET_NAMES = frozenset(
    {"authorization", "x-api-key", "operator_key", "key", "password", "redis_url", "token", "secret"}
)
_SECRET = re.compile(
    r"\b(?:pdk_[0-9a-z]+_[\w-]+|whsec_[\w+/=-]+|ey[\w-]+\.[\w-]+\.[\w-]+)|(?<=\bbearer )\s*[^\s'\",]+|(?<=://)[^/\s@]*(?=@)",
    re.IGNORECASE | re.ASCII,
)


def _without_secrets(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for name in event:
        if name.lower() in SECRET_NAMES:
            event[name] = "***"
    return event


def _without_secrets_in(renderer: structlog.typing.Processor, secrets: tuple[str, ...]) -> structlog.typing.Processor:
    """Return the renderer with everything taken out of its line that must not be read, wherever it stands."""

    def render(logger: structlog.typing.WrappedLogger, method: str, event: structlog.typing.EventDict) -> str:
        line = _SECRET.sub("***", str(renderer(logger, method, event)))
        for secret in secrets:
            line = line.replace(secret, "***")
        return line

    return render
