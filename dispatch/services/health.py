"""Whether the service can do its work."""

from dispatch.services.desk import Desk
from dispatch.store.commit import Commit, Take

_PROBE = "#ready"  # no client's key holds a '#'


async def check_writable(desk: Desk) -> None:
    """Return when the store has carried out a write; StoreDown otherwise.

    The write takes one of a counter and gives it back, so nothing stays behind.
    """
    key = desk.keys.idempotency(_PROBE)
    await desk.store.commit(Commit(takes=(Take(key, "0", 1, 1), Take(key, "0", -1, 1))))
