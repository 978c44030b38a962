"""Rate limits in the store, shared by all who use it: a quota is spent through one script (`rate.lua`)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import NoScriptError

from dispatch.store.store import Store

SCRIPT = Path(__file__).with_name("rate.lua").read_bytes()
SCRIPT_SHA = hashlib.sha1(SCRIPT).hexdigest()  # noqa: S324 - the name the server gives the script, not a secret


@dataclass(frozen=True, slots=True)
class Quota:
    """So many units in so many seconds; all of them may be spent at once, and come back evenly."""

    units: int
    seconds: int = 60

    @property
    def microseconds(self) -> int:
        """Return how long one unit takes to come back."""
        return max(1, self.seconds * 1_000_000 // self.units)


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted of what was wanted, what is left, and when there is another unit, and all of them."""

    units: int
    left: int
    next_seconds: float
    full_seconds: float


async def spend(store: Store, name: str, quota: Quota, wanted: int) -> Grant:
    """Take up to `wanted` units of the quota by this name; StoreDown when the store is away."""
    call = (store.keys.rate(name), quota.microseconds, quota.units, wanted)
    try:
        answer = await store.quick("EVALSHA", SCRIPT_SHA, 1, *call)
    except NoScriptError:
        answer = await store.quick("EVAL", SCRIPT, 1, *call)
    granted, left, next_milliseconds, full_milliseconds = (int(each) for each in answer)
    return Grant(granted, left, next_milliseconds / 1000, full_milliseconds / 1000)
