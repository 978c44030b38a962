"""Telling people what happened: notices of the park's stream, handed to a notifier, each at least once.

A notifier is anything with `send`. Two are here: the log, and a webhook. Those for SMS or WeChat have the same shape
(docs/notifiers.md).
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Protocol

import httpx
import orjson

from dispatch.model.park import Park
from dispatch.services.following import NotNow, follow
from dispatch.services.notices import Notice, notices_of
from dispatch.store.commit import StoredEvent
from dispatch.store.store import Store

STALE_AFTER = timedelta(hours=1)  # what could not be told by then is told nobody any more
TIMEOUT_SECONDS = 5.0
PREFIX = "whsec_"
AGAIN = frozenset({408, 425, 429})  # and every 5xx: the receiver takes it later

log = logging.getLogger("parkdispatch.notices")


class NotSent(Exception):
    """A notice could not be sent now; it is tried again."""


class Notifier(Protocol):
    """Hands a notice on to whom it is for."""

    async def send(self, notice: Notice, now: datetime) -> None:
        """Send a notice, perhaps for the second time; NotSent when it shall be tried again."""


class LogNotifier:
    """Writes every notice into the log."""

    async def send(self, notice: Notice, now: datetime) -> None:  # noqa: ARG002 - the shape of a notifier
        """Log a notice."""
        log.info("notice to %s (%s): %s", notice.to, notice.event, notice.text)


class WebhookNotifier:
    """Posts every notice as JSON to one address, signed as Standard Webhooks has it (v1, HMAC-SHA256)."""

    def __init__(self, url: str, secret: bytes, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._secret = secret
        self._transport = transport

    async def send(self, notice: Notice, now: datetime) -> None:
        """Post a notice; NotSent when there is no answer, or one that says later. Other refusals are logged."""
        body = orjson.dumps(asdict(notice))
        headers = signed([self._secret], hashlib.sha256(notice.id.encode()).hexdigest()[:32], body, now)
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_SECONDS) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as fault:
            raise NotSent(f"the notifier's webhook does not answer ({type(fault).__name__})") from None
        if answer.status_code in AGAIN or answer.status_code >= 500:
            raise NotSent(f"the notifier's webhook answers {answer.status_code}")
        if not answer.is_success:
            log.error("notice %s to %s was refused with %d", notice.id, notice.to, answer.status_code)


def signed(keys: Sequence[bytes], identity: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of a JSON body as Standard Webhooks has them: id, time, and a signature over all three by each
    of the keys, so that a receiver who has but one of them can check it.

    v1, HMAC-SHA256: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    moment = str(int(now.timestamp()))
    content = f"{identity}.{moment}.".encode() + body
    digests = (base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }


def key_of(secret: str) -> bytes:
    """Return the key of a webhook's secret: `whsec_` and base64 as Standard Webhooks writes it, or any other text.

    ValueError when what stands behind `whsec_` is not base64.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


async def notify(store: Store, park: Park, notifier: Notifier, now: datetime) -> int:
    """Send the notices of the events behind the notifier's cursor; return how many events were dealt with."""

    async def hear(event: StoredEvent) -> None:
        if now - event.at > STALE_AFTER:
            return
        for notice in notices_of(park, event):
            try:
                await notifier.send(notice, now)
            except NotSent as fault:
                log.warning("notices wait: %s", fault)
                raise NotNow from None

    return await follow(store, "notifier", hear)
