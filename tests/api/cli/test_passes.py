"""`verify-pass` needs nothing but the public key."""

import base64
import json

import pytest

from api.cli.main import run
from dispatch.services.passes import Pass, PassKey

KEY = PassKey(bytes(range(32)))
PUBLIC = base64.urlsafe_b64encode(KEY.public).rstrip(b"=").decode()
TOLD = Pass("tiny", "appointment-1", "浙B12345", "east", "2026-11-25T09:00+08:00", 2)


def test_a_real_pass_is_told(capsys):
    assert run(["verify-pass", KEY.sign(TOLD), "--public-key", PUBLIC, "--park", "tiny"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["appointment"], told["plate"], told["version"]) == ("appointment-1", "浙B12345", 2)


@pytest.mark.parametrize("text", ["", "PD1", "PD1.a.b", "PD2." + KEY.sign(TOLD)[4:], PassKey(bytes(32)).sign(TOLD)])
def test_what_the_key_has_not_signed_is_no_pass(text, capsys):
    assert run(["verify-pass", text, "--public-key", PUBLIC]) == 1

    assert capsys.readouterr().out == ""


def test_a_pass_of_another_park_and_a_key_that_is_none_are_told(capsys):
    assert run(["verify-pass", KEY.sign(TOLD), "--public-key", PUBLIC, "--park", "other"]) == 1
    assert "another park" in capsys.readouterr().err

    assert run(["verify-pass", KEY.sign(TOLD), "--public-key", "short"]) == 2
    assert "32 bytes in base64url" in capsys.readouterr().err


def test_every_bit_of_a_pass_counts():
    text = KEY.sign(TOLD)
    head, payload, signature = text.split(".")
    for i in range(0, len(payload), 7):
        other = "A" if payload[i] != "A" else "B"
        assert run(
            ["verify-pass", f"{head}.{payload[:i]}{other}{payload[i + 1 :]}.{signature}", "--public-key", PUBLIC]
        )
