"""Headers every answer has: what a browser may do with it, and nothing about what the service is made of."""

from collections.abc import Iterable

from starlette.types import Scope

RawHeaders = Iterable[tuple[bytes, bytes]]

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OVER_TLS = (b"strict-transport-security", b"max-age=31536000")
_RAW = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY.items())
_NAMES = frozenset(name for name, _ in _RAW)
EXPOSED = (  # to scripts of other origins, where those are let in
    "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed", "X-Request-ID",
)  # fmt: skip
TAKEN = (  # from scripts of other origins
    "Authorization", "Content-Type", "X-API-Key", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID",
)  # fmt: skip


def with_ours(scope: Scope, given: RawHeaders) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with ours behind them, where the route has not set them itself."""
    headers = list(given)
    set_already = _NAMES.intersection([name.lower() for name, _ in headers])
    headers += [each for each in _RAW if each[0] not in set_already] if set_already else _RAW
    headers += scope.get("rate_headers", ())
    if scope.get("scheme") == "https":
        headers.append(OVER_TLS)
    return headers
