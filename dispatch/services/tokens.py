"""Short tokens for people: JSON Web Tokens signed with Ed25519 (RFC 7519, RFC 8037), and the keys that sign them.

The signing keys are in the store, shared by all processes of the service. A new one signs from its first moment; the
one before it is still believed until the last token it can have signed has expired.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispatch.model.callers import Caller, Role
from dispatch.services.desk import Desk
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, VersionChanged, Write

LONGEST_LIFE = timedelta(minutes=60)
KEY_LIFE = timedelta(days=30)  # then the next token is signed by a new one
ALGORITHM = "EdDSA"
TRIES = 5


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key; `secret` is its 32 bytes, base64url. When retired it signs no more, and is believed a while."""

    kid: str
    secret: str
    created_at: datetime
    retired_at: datetime | None = None

    @property
    def private(self) -> Ed25519PrivateKey:
        """Return the key that signs."""
        return Ed25519PrivateKey.from_private_bytes(_bytes(self.secret))

    def is_believed(self, now: datetime) -> bool:
        """Answer whether a token it has signed can still be good."""
        return self.retired_at is None or now < self.retired_at + LONGEST_LIFE

    def public_jwk(self) -> dict[str, str]:
        """Return the public half as a JSON Web Key (RFC 8037)."""
        x = _text(self.private.public_key().public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "use": "sig", "alg": ALGORITHM}


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """All signing keys, oldest first; the last one signs."""

    keys: tuple[SigningKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """What a good token says: who its bearer is, until when, and the API key it was made with ("" for none)."""

    caller: Caller
    expires_at: datetime
    kid: str
    api_key: str = ""


async def list_signing_keys(desk: Desk) -> tuple[SigningKey, ...]:
    """Return the signing keys, oldest first."""
    return (await _found(desk))[0]


async def rotate(desk: Desk, now: datetime, *, distrust: bool = False) -> tuple[SigningKey, ...]:
    """Sign with a new key from now on; with `distrust`, tokens signed by those before are good no longer."""
    for _ in range(TRIES):
        kept, version = await _found(desk)
        rotated = await _replaced(desk, () if distrust else kept, version, now)
        if rotated is not None:
            return rotated
    raise RuntimeError("the signing keys are being changed by others")


async def issue(desk: Desk, caller: Caller, life: timedelta, now: datetime, api_key: str = "") -> tuple[str, Token]:
    """Return a signed token for the caller, good for `life` and no longer than an hour, and what it says."""
    key = await _signing_key(desk, now)
    token = Token(caller, (now + min(life, LONGEST_LIFE)).replace(microsecond=0), key.kid, api_key)
    claims = {
        "iss": _issuer(desk),
        "sub": caller.name,
        "role": caller.role,
        "tenant": caller.tenant,
        "carrier": caller.carrier,
        "key": api_key,
        "iat": int(now.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid}), token


def kid_of(text: str) -> str | None:
    """Return the name of the key that a text says it was signed by; None when it is no token."""
    try:
        return str(jwt.get_unverified_header(text).get("kid"))
    except jwt.InvalidTokenError:
        return None


def read(desk: Desk, text: str, keys: Sequence[SigningKey], now: datetime) -> Token | None:
    """Return what a token says; None unless one of the keys signed it, for this park, and it has not expired."""
    kid = kid_of(text)
    key = next((each for each in keys if each.kid == kid and each.is_believed(now)), None)
    if key is None:
        return None
    try:
        claims: dict[str, Any] = jwt.decode(
            text,
            key.private.public_key(),
            algorithms=[ALGORITHM],
            issuer=_issuer(desk),
            options={"require": ["exp", "iss", "role"], "verify_exp": False, "verify_iat": False},  # our own clock
        )
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        caller = Caller(Role(claims["role"]), claims["tenant"], claims["carrier"])
    except (jwt.InvalidTokenError, ValueError, KeyError, TypeError):
        return None
    return Token(caller, expires_at, key.kid, claims["key"]) if now < expires_at else None


async def _signing_key(desk: Desk, now: datetime) -> SigningKey:
    keys = await list_signing_keys(desk)
    if not keys or now - keys[-1].created_at >= KEY_LIFE:
        keys = await rotate(desk, now)
    return keys[-1]


async def _found(desk: Desk) -> tuple[tuple[SigningKey, ...], int]:
    stored = await desk.store.find(desk.keys.signing_keys())
    return (codec.read(SigningKeys, stored.document).keys, stored.version) if stored else ((), 0)


async def _replaced(
    desk: Desk, kept: Sequence[SigningKey], version: int, now: datetime
) -> tuple[SigningKey, ...] | None:
    """Return the keys with a new one behind those still believed; None when others were quicker."""
    private = Ed25519PrivateKey.generate()
    new = SigningKey(secrets.token_hex(8), _text(private.private_bytes_raw()), now)
    retired = (replace(key, retired_at=key.retired_at or now) for key in kept)
    keys = (*(key for key in retired if key.is_believed(now)), new)
    place = desk.keys.signing_keys()
    commit = Commit(
        expects=(Expect(place, version),),
        writes=(Write(place, codec.dump(SigningKeys(keys))),),
        events=(Event("SigningKeyRotated", orjson.dumps({"kid": new.kid})),),
    )
    try:
        await desk.store.commit(commit)
    except VersionChanged:
        return None
    return keys


def _issuer(desk: Desk) -> str:
    return f"parkdispatch/{desk.park.id}"


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
