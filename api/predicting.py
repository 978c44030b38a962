"""The worker keeps the expected waits of today and tomorrow fresh: simulations of the plan as it stands."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import isnan
from typing import Any

from dispatch.model.park import Park
from dispatch.model.waits import ExpectedWaits
from dispatch.roads.table import TravelTable
from dispatch.services.live_plan import LivePlan, read_live_plan
from dispatch.services.waits import posting
from dispatch.store.store import Store

BEAT_SECONDS = 20.0
AGAIN_AFTER = timedelta(seconds=30)  # what still holds is told to be fresh before it is a minute old
DAYS = 2
REPLICATIONS = 10
SEED = 1


class WaitsKeeper:
    """Simulates a day again when anything in its park has changed; at its first beat it only looks."""

    def __init__(self, park: Park, travel: TravelTable) -> None:
        self._park = park
        self._travel = travel
        self._seen: str | None = None
        self._posted: dict[date, ExpectedWaits] = {}

    async def beat(self, store: Store, now: datetime) -> int:
        """Put up the expected waits of the days that have appointments; return how many days were simulated."""
        last = await store.last_event()
        before, self._seen = self._seen, last
        if before is None:
            return 0
        today = self._park.grid.day_of(now)
        days = [today + timedelta(days=ahead) for ahead in range(DAYS)]
        return sum([await self._keep(store, day, now, is_changed=last != before) for day in days])

    async def _keep(self, store: Store, day: date, now: datetime, *, is_changed: bool) -> bool:
        posted = self._posted.get(day)
        if posted is not None and not is_changed:
            if now - posted.made_at >= AGAIN_AFTER:
                await self._post(store, replace(posted, made_at=now))
            return False
        plan = await read_live_plan(store, day)
        if not plan.appointments:
            return False
        await self._post(store, await asyncio.to_thread(_simulated, self._park, self._travel, plan, now))
        return True

    async def _post(self, store: Store, waits: ExpectedWaits) -> None:
        self._posted = {day: kept for day, kept in self._posted.items() if day >= waits.day} | {waits.day: waits}
        await store.commit(posting(store.keys, waits))


def _simulated(park: Park, travel: TravelTable, plan: LivePlan, now: datetime) -> ExpectedWaits:
    from dispatch.planning.capacity import dock_groups  # noqa: PLC0415 - what simulates takes a second to load
    from simulations.running.roster import identities_of  # noqa: PLC0415
    from simulations.running.waits import expected_waits  # noqa: PLC0415
    from simulations.scenarios.live import Promised, live_base  # noqa: PLC0415

    promised = Promised(plan.day, plan.appointments, plan.matches, plan.loads, plan.trucks, plan.closures)
    base = live_base(park, promised, travel)
    numbers = identities_of([base.stage])
    gates, docks = expected_waits(base.stage, base.decision, numbers, SEED, REPLICATIONS)
    return ExpectedWaits(
        day=plan.day,
        made_at=now,
        replications=REPLICATIONS,
        gates={gate.id: _row(row) for gate, row in zip(park.gates, gates, strict=True)},
        docks={group.id: _row(row) for (_, group), row in zip(dock_groups(park), docks, strict=True)},
    )


def _row(values: Any) -> tuple[float | None, ...]:
    return tuple(None if isnan(value) else round(float(value), 1) for value in values)
