"""What a truck that books a slot now is expected to wait for, at the gate and before its dock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from dispatch.model.park import FORBID_UNKNOWN

STALE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ExpectedWaits:
    """Expected minutes of waiting on a day, per gate and per dock group, slot by slot; None where nobody is served.

    They come from `replications` simulations of the plan as it stood at `made_at`.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    day: date
    made_at: datetime
    replications: int
    gates: Mapping[str, tuple[float | None, ...]]
    docks: Mapping[str, tuple[float | None, ...]]

    def is_fresh(self, now: datetime) -> bool:
        """Answer whether it may still be told."""
        return now - self.made_at <= STALE_AFTER

    def at_gate(self, gate: str | None, slot: int) -> float | None:
        """Return the minutes expected at a gate, None where nothing is known."""
        return _at(self.gates, gate, slot)

    def at_dock(self, dock_group: str, slot: int) -> float | None:
        """Return the minutes expected before a dock of the group by who comes to the gate in the slot."""
        return _at(self.docks, dock_group, slot)


def _at(table: Mapping[str, tuple[float | None, ...]], name: str | None, slot: int) -> float | None:
    row = table.get(name or "", ())
    return row[slot] if 0 <= slot < len(row) else None
