"""When to stop: the time is up, somebody asked, or the proof is complete."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from solver.outcome import ShouldStop


@dataclass(slots=True)
class Watch:
    """One run's time. `clock` returns seconds; `budget` is how many of them the run has from `begun` on."""

    clock: Callable[[], float]
    budget: float
    should_stop: ShouldStop
    begun: float
    asked: bool = False
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds(self) -> float:
        """Return the seconds since the run began."""
        return self.clock() - self.begun

    @property
    def left(self) -> float:
        """Return the seconds left of the budget, not below zero."""
        return max(0.0, self.budget - self.seconds)

    def spent(self, share: float) -> float:
        """Return how much of the first `share` of the budget is used up, 1.0 when all of it is."""
        total = self.budget * share
        return min(1.0, self.seconds / total) if total > 0 else 1.0

    def over(self, share: float = 1.0) -> bool:
        """Answer whether to stop: asked to, proven optimal, or `share` of the budget used up."""
        if not self.asked and self.should_stop():
            self.asked = True
        return self.asked or self.finished.is_set() or self.spent(share) >= 1.0
