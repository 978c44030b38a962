"""Opaque cursors: where the next page of one list begins, usable for that list alone."""

import base64
import binascii
import hashlib
from typing import Any

import orjson

from api.http.problems import InvalidRequest

_MARK_LENGTH = 8


def mark_of(name: str, filters: dict[str, Any]) -> str:
    """Return a short mark of a list and its filters."""
    content = orjson.dumps([name, filters], default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()[:_MARK_LENGTH]


def encode(mark: str, after: str | None) -> str | None:
    """Return the cursor behind the index member `after`; None at the end."""
    if after is None:
        return None
    return base64.urlsafe_b64encode(f"{mark}{after}".encode()).decode().rstrip("=")


def decode(mark: str, cursor: str | None) -> str | None:
    """Return the index member a page begins after; InvalidRequest for a cursor of another list or of none."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not text.startswith(mark) or not text.isprintable():
        raise InvalidRequest([("query.cursor", "is not a cursor of this list; take it from `next`, unchanged")])
    return text[len(mark) :]
