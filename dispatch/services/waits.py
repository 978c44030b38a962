"""Expected waits in the store: put there by the worker, told to who asks for a slot. Nothing is decided by them."""

from datetime import date, datetime, timedelta

from dispatch.model.waits import ExpectedWaits
from dispatch.store import codec
from dispatch.store.commit import Commit, Write
from dispatch.store.keys import Keys
from dispatch.store.store import Store

LOOK_AGAIN_AFTER = timedelta(seconds=5)


class WaitBoard:
    """Remembers what was last found of each day, so that the store is not asked at each request."""

    def __init__(self) -> None:
        self._seen: dict[date, tuple[datetime, ExpectedWaits | None]] = {}

    async def find(self, store: Store, day: date, now: datetime) -> ExpectedWaits | None:
        """Return the expected waits of a day, None where none are fresh."""
        seen = self._seen.get(day)
        if seen is None or not timedelta(0) <= now - seen[0] <= LOOK_AGAIN_AFTER:
            stored = await store.find(store.keys.waits(day))
            seen = (now, codec.read(ExpectedWaits, stored.document) if stored is not None else None)
            self._seen = {each: kept for each, kept in self._seen.items() if each >= day} | {day: seen}
        waits = seen[1]
        return waits if waits is not None and waits.is_fresh(now) else None


def posting(keys: Keys, waits: ExpectedWaits) -> Commit:
    """Return the change that puts expected waits in the place of the day's older ones."""
    return Commit(writes=(Write(keys.waits(waits.day), codec.dump(waits)),))
