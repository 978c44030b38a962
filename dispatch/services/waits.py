"""Expected waits in the store: put there by the worker, told to who asks for a slot. Nothing is decided by them."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from dispatch.model.waits import ExpectedWaits
from dispatch.store import codec
from dispatch.store.commit import Commit, StoreDown, Write
from dispatch.store.keys import Keys
from dispatch.store.store import Store

LOOK_AGAIN_AFTER = timedelta(seconds=5)


class WaitBoard:
    """Remembers what was last found of each day, so that the store is not asked at each request."""

    def __init__(self) -> None:
        self._seen: dict[date, tuple[datetime, ExpectedWaits | None]] = {}

    async def find(self, store: Store, day: date, now: datetime) -> ExpectedWaits | None:
        """Return the expected waits of a day, None where none are fresh, or the store is away.

        Of many that ask at once one looks; the others are told what was known before.
        """
        looked_at, waits = self._seen.get(day, (datetime.min.replace(tzinfo=UTC), None))
        if not timedelta(0) <= now - looked_at <= LOOK_AGAIN_AFTER:
            self._seen = {each: kept for each, kept in self._seen.items() if each >= day} | {day: (now, waits)}
            with suppress(StoreDown):
                stored = await store.find(store.keys.waits(day))
                waits = codec.read(ExpectedWaits, stored.document) if stored is not None else None
                self._seen[day] = (now, waits)
        return waits if waits is not None and waits.is_fresh(now) else None


def posting(keys: Keys, waits: ExpectedWaits) -> Commit:
    """Return the change that puts expected waits in the place of the day's older ones."""
    return Commit(writes=(Write(keys.waits(waits.day), codec.dump(waits)),))
