"""Who a request comes from: the operator's key, an API key of the store, or a token; remembered for a moment."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from fastapi import Request

from api.http.parts import Parts
from api.http.problems import UNAUTHORIZED, Fault
from dispatch.model.callers import OPERATOR, Caller
from dispatch.services import api_keys, tokens
from dispatch.services.api_keys import ApiKey
from dispatch.services.tokens import SigningKey, Token

KNOWN_SECONDS = 2.0  # what is revoked opens other processes no longer than this
MOST_KNOWN = 10_000
NOTED_EVERY = timedelta(minutes=1)
Name = TypeVar("Name")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, by what: an API key's id ("" for the operator's own), and whether by a token made with it."""

    caller: Caller
    api_key: str = ""
    is_token: bool = False

    @property
    def name(self) -> str:
        """Return who acts, as events tell it: "enterprise:E001 key:5f1e0c2a"; the operator's own key has no name."""
        return f"{self.caller.name} key:{self.api_key}" if self.api_key else self.caller.name


OWNER = Identity(OPERATOR)


class Identities:
    """Tells whose a credential is; asks the store about it once in two seconds, however often it is used."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._by_text: _Remembered[bytes, ApiKey] = _Remembered()
        self._by_id: _Remembered[str, ApiKey] = _Remembered()
        self._signing: _Remembered[str, tuple[SigningKey, ...]] = _Remembered()
        self._tokens: dict[bytes, Token] = {}  # whose signature was found good
        self._noted: dict[str, datetime] = {}

    async def find(self, credential: str) -> Identity | None:
        """Return whose credential this is, None when it opens nothing (any more)."""
        digest = hashlib.sha256(credential.encode("utf-8", "surrogateescape")).digest()
        if hmac.compare_digest(digest, self._parts.operator_key_sha256):
            return OWNER
        if credential.count(".") == 2:
            return await self._token_holder(digest, credential)
        desk = self._parts.desk
        key = await self._by_text.get(digest, lambda: api_keys.find_by_text(desk, credential))
        if key is None or not key.is_valid(self._parts.clock()):
            return None
        await self._note_use(key)
        return Identity(key.caller, key.id)

    def forget(self) -> None:
        """Ask the store anew about everything."""
        for remembered in (self._by_text, self._by_id, self._signing):
            remembered.clear()

    async def _token_holder(self, digest: bytes, text: str) -> Identity | None:
        now = self._parts.clock()
        keys = await self._signing_keys(tokens.kid_of(text))
        token = self._tokens.get(digest) or tokens.read(self._parts.desk, text, keys, now)
        is_signed = token is not None and any(key.kid == token.kid and key.is_believed(now) for key in keys)
        if token is None or not is_signed or now >= token.expires_at:
            self._tokens.pop(digest, None)
            return None
        if len(self._tokens) >= MOST_KNOWN:
            self._tokens.clear()
        self._tokens[digest] = token
        if token.api_key and not await self._is_valid(token.api_key, now):
            return None
        return Identity(token.caller, token.api_key, is_token=True)

    async def _signing_keys(self, kid: str | None) -> tuple[SigningKey, ...]:
        desk = self._parts.desk
        keys = await self._signing.get("", lambda: tokens.list_signing_keys(desk)) or ()
        if kid is not None and all(key.kid != kid for key in keys):  # perhaps another process has just made it
            self._signing.clear()
            keys = await self._signing.get("", lambda: tokens.list_signing_keys(desk)) or ()
        return keys

    async def _is_valid(self, key_id: str, now: datetime) -> bool:
        desk = self._parts.desk
        key = await self._by_id.get(key_id, lambda: api_keys.find_key(desk, key_id))
        return key is not None and key.is_valid(now)

    async def _note_use(self, key: ApiKey) -> None:
        now = self._parts.clock()
        if key.id not in self._noted or now - self._noted[key.id] >= NOTED_EVERY:
            self._noted[key.id] = now
            await api_keys.note_use(self._parts.desk, key.id, now)


class _Remembered(Generic[Name, Found]):
    """What was found, for two seconds; what was not found is looked for anew."""

    def __init__(self) -> None:
        self._kept: dict[Name, tuple[Found, float]] = {}

    async def get(self, name: Name, find: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """Return what is remembered under a name, else what is found now."""
        now = asyncio.get_running_loop().time()
        if name in self._kept and now < self._kept[name][1]:
            return self._kept[name][0]
        found = await find()
        if found is not None:
            if len(self._kept) >= MOST_KNOWN:
                self._kept.clear()
            self._kept[name] = (found, now + KNOWN_SECONDS)
        return found

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def credential_of(request: Request) -> str:
    """Return the credential a request carries, "" when it carries none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")


async def identify(request: Request) -> Identity:
    """Return who asks; Fault 401 unless the request carries a credential that opens something."""
    given = credential_of(request)
    identities: Identities = request.app.state.identities
    identity = await identities.find(given) if given else None
    if identity is None:
        detail = "The key or token opens nothing here." if given else "No key was sent."
        raise Fault(UNAUTHORIZED, detail, {"WWW-Authenticate": 'Bearer realm="parkdispatch"'})
    return identity
