"""Passes: who holds an appointment shows its pass at the gate, which needs no network to see that it is real.

A pass is one line, `PD1.<payload>.<signature>`, both parts base64url without padding. The payload is a JSON array:
park, appointment, plate, gate, begin of the slot as it stood (RFC 3339) and version. The signature is Ed25519 (RFC
8032) over the text before it, `PD1.<payload>`. An appointment keeps its id when it is moved, so a pass stays good; what
it says of time and gate may be old by then: the books have a higher version.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dispatch.model.life import starts_at
from dispatch.model.park import Park
from dispatch.model.promises import Appointment
from dispatch.model.refusals import BadPass

FORM = "PD1"
LONGEST = 1000
SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass says."""

    park: str
    appointment: str
    plate: str
    gate: str
    starts_at: str
    version: int


@dataclass(frozen=True)
class PassKey:
    """The park's key for passes; `seed` is its secret, 32 bytes."""

    seed: bytes

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        """Return the public key, 32 bytes."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def public_pem(self) -> str:
        """Return the public key as PEM."""
        return self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, told: Pass) -> str:
        """Return a pass as it stands in a QR code."""
        fields = [told.park, told.appointment, told.plate, told.gate, told.starts_at, told.version]
        signed = f"{FORM}.{_text(orjson.dumps(fields))}"
        return f"{signed}.{_text(self._private.sign(signed.encode()))}"


def new_key() -> PassKey:
    """Return a new key."""
    return PassKey(os.urandom(SEED_BYTES))


def kept_key(file: Path) -> PassKey:
    """Return the key kept in a file, made there when missing; OSError, or ValueError when the file holds no key."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(f"{_text(new_key().seed)}\n")
    except FileExistsError:
        pass
    seed = _bytes(file.read_text().strip())
    if len(seed) != SEED_BYTES:
        raise ValueError("holds no key; remove it and a new one is made")
    return PassKey(seed)


def pass_of(park: Park, appointment: Appointment, version: int) -> Pass:
    """Return the pass of an appointment as it stands."""
    begins = starts_at(park, appointment).isoformat(timespec="minutes")
    return Pass(park.id, appointment.id, appointment.plate, appointment.gate, begins, version)


def read_pass(text: str, public: bytes, park: str | None = None) -> Pass:
    """Return what a pass says; BadPass unless the key has signed it (for the park). Needs no store and no network."""
    form, _, rest = text.strip().partition(".")
    payload, _, signature = rest.partition(".")
    if form != FORM or len(text) > LONGEST:
        raise BadPass("this is no pass")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(_bytes(signature), f"{form}.{payload}".encode())
    except (InvalidSignature, ValueError):
        raise BadPass("its signature is not the park's") from None
    told = Pass(*orjson.loads(_bytes(payload)))
    if park not in (None, told.park):
        raise BadPass("it is another park's")
    return told


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64url") from None
