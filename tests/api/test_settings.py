import json
import logging

import pytest
import structlog
from pydantic import ValidationError

from api.http.parts import Limits
from api.settings import Settings, configure_logging


@pytest.fixture
def logged(capsys):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_settings_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("PARKDISPATCH_PORT", "8080")
    monkeypatch.setenv("PARKDISPATCH_MAX_BODY_BYTES", "5000")
    monkeypatch.setenv("REDIS_URL", "redis://:secret@somewhere")

    settings = Settings()

    assert settings.port == 8080
    assert Limits.of(settings).body_bytes == 5000
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://:secret@somewhere"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "0"), ("PORT", "many"), ("OPERATOR_KEY", "short"), ("LOG_FORMAT", "xml"), ("MAX_BULK_ROWS", "0")],
)
def test_a_setting_out_of_bounds_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"PARKDISPATCH_{name}", value)

    with pytest.raises(ValidationError):
        Settings()


def test_json_logs_are_one_object_a_line_from_both_loggers(logged):
    configure_logging("json", "info")

    structlog.get_logger().info("served", port=8000)
    logging.getLogger("uvicorn").warning("slow %s", "client")
    structlog.get_logger().debug("not shown")

    lines = [json.loads(line) for line in logged().splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [("served", "info"), ("slow client", "warning")]
    assert lines[0]["port"] == 8000


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_do_not_get_into_the_log(logged, log_format):
    configure_logging(log_format, "info")

    structlog.get_logger().info("asked", operator_key="hush-hush", authorization="Bearer hush-hush")

    text = logged()
    assert "asked" in text
    assert "hush" not in text


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_looks_like_a_secret_is_taken_out_wherever_it_stands(logged, log_format):
    configure_logging(log_format, "info", "the-operators-own-key")
    token = "eyJhbGciOiJFZERTQSJ9.eyJyb2xlIjoib3BlcmF0b3IifQ.c2lnbmF0dXJl"
    secrets = ("pdk_0123abcd_hush-hush_x", "the-operators-own-key", token, "redis://:hush@store:6379/0")

    for secret in secrets:
        structlog.get_logger().warning(f"seen {secret} here", headers={"Authorization": f"Bearer {secret}"})
        logging.getLogger("uvicorn").error("seen %s here", secret)
        try:
            raise ValueError(f"a fault with {secret}")
        except ValueError:
            structlog.get_logger().exception("failed")

    text = logged()
    assert text.count(" here") >= 8
    for word in ("hush", "own-key", "eyJ"):
        assert word not in text.replace("{secret}", "")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_fault_is_logged_with_its_trace_and_without_its_variables(logged, log_format):
    configure_logging(log_format, "info")
    hidden = "hush-" * 2

    for logger in (structlog.get_logger(), logging.getLogger("uvicorn")):
        try:
            raise ValueError(f"a fault of {len(hidden)}")
        except ValueError:
            logger.exception("failed")

    text = logged()
    assert text.count("a fault of 10") == 2
    assert "Traceback" in text
    assert "hush" not in text.replace('hidden = "hush-" * 2', "")


def test_people_read_lines_on_the_console(logged):
    configure_logging("console", "warning")

    structlog.get_logger().info("not shown")
    structlog.get_logger().warning("store does not answer")

    text = logged()
    assert "store does not answer" in text
    assert "not shown" not in text
