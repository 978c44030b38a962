"""Who a request comes from: the operator's key, or an API key of the store, remembered for a moment."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request

from api.http.parts import Parts
from api.http.problems import UNAUTHORIZED, Fault
from dispatch.model.callers import OPERATOR, Caller
from dispatch.services import api_keys

KNOWN_SECONDS = 2.0  # a key that is revoked opens other processes no longer than this
MOST_KNOWN = 10_000
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Known:
    key: api_keys.ApiKey
    until: float  # by the event loop's clock


class Identities:
    """Tells who holds a credential; asks the store about a key once in two seconds, however often it is used."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[bytes, _Known] = {}
        self._noted: dict[str, datetime] = {}

    async def caller(self, credential: str) -> Caller | None:
        """Return whose credential this is, None when it opens nothing (any more)."""
        digest = hashlib.sha256(credential.encode("utf-8", "surrogateescape")).digest()
        if hmac.compare_digest(digest, self._parts.operator_key_sha256):
            return OPERATOR
        key = await self._key(digest, credential)
        if key is None or not key.is_valid(self._parts.clock()):
            return None
        return key.caller

    def forget(self) -> None:
        """Ask the store anew about every key."""
        self._known.clear()

    async def _key(self, digest: bytes, credential: str) -> api_keys.ApiKey | None:
        now = asyncio.get_running_loop().time()
        known = self._known.get(digest)
        if known is not None and now < known.until:
            return known.key
        key = await api_keys.find_by_text(self._parts.desk, credential)
        if key is not None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[digest] = _Known(key, now + KNOWN_SECONDS)
            await self._note_use(key)
        return key

    async def _note_use(self, key: api_keys.ApiKey) -> None:
        now = self._parts.clock()
        if key.is_valid(now) and (key.id not in self._noted or now - self._noted[key.id] >= NOTED_EVERY):
            self._noted[key.id] = now
            await api_keys.note_use(self._parts.desk, key.id, now)


def credential_of(request: Request) -> str:
    """Return the credential a request carries, "" when it carries none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")


async def identify(request: Request) -> Caller:
    """Return who asks; Fault 401 unless the request carries a credential that opens something."""
    given = credential_of(request)
    identities: Identities = request.app.state.identities
    caller = await identities.caller(given) if given else None
    if caller is None:
        detail = "The key opens nothing here." if given else "No key was sent."
        raise Fault(UNAUTHORIZED, detail, {"WWW-Authenticate": 'Bearer realm="parkdispatch"'})
    return caller
