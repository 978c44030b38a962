"""`parkdispatch verify-pass`: whether a pass is real, on a machine without the service, its store or any network."""

import base64
import binascii
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.output import put_json, say
from dispatch.model.refusals import BadPass
from dispatch.services.passes import read_pass
from solver.reading import BadInput

KEY_BYTES = 32


def verify_pass(
    text: Annotated[str, typer.Argument(metavar="PASS", help="what the QR code says")],
    public_key: Annotated[str, typer.Option("--public-key", help="`public_key` of GET /v1/gate/public-key")],
    park: Annotated[str | None, typer.Option("--park", help="refuse passes of other parks")] = None,
) -> None:
    """Say as JSON what a pass says; exit code 1 when the key has not signed it."""
    try:
        key = base64.urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadInput("--public-key", "", "must be 32 bytes in base64url, as GET /v1/gate/public-key has them")
    try:
        put_json(asdict(read_pass(text, key, park)))
    except BadPass as refusal:
        say(str(refusal))
        raise typer.Exit(1) from None
