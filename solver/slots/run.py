"""One run of the method: its clock, and the best plan and bound so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from solver.outcome import OnProgress, Outcome, Progress, ShouldStop, Status
from solver.reading import IntArray
from solver.slots import check, model
from solver.slots.bound import LAGRANGIAN
from solver.slots.instance import SlotInstance, SlotPlan
from solver.slots.model import Model


@dataclass(slots=True)
class Run:
    """One run's best plan and bound so far, and its clock."""

    instance: SlotInstance
    seconds: float
    clock: Callable[[], float]
    on_progress: OnProgress | None = None
    should_stop: ShouldStop | None = None
    model: Model = field(init=False)
    frozen: IntArray = field(init=False)  # (V,) the starts of frozen visits, -1 for all others
    start: IntArray = field(init=False)
    cost: int = field(init=False)
    bound: int = 0
    bound_from: str = LAGRANGIAN
    began: float = field(init=False)
    stopped: bool = False
    news: list[Progress] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.model = model.build(self.instance)
        self.frozen = np.where(self.instance.frozen == 1, self.instance.promised, -1)
        self.start = self.frozen.copy()
        self.cost = check.cost(self.instance, self.start)

    def elapsed(self) -> float:
        """Return the seconds since the run began."""
        return self.clock() - self.began

    def is_over(self) -> bool:
        """Answer whether the plan is proven optimal, the time is up or the caller wants to stop."""
        if not self.stopped and self.should_stop is not None and self.should_stop():
            self.stopped = True
        return self.stopped or self.cost == self.bound or self.elapsed() >= self.seconds

    def cost_of(self, start: IntArray) -> int:
        """Return what a plan of the visits that are not frozen (V,) costs, the frozen ones where they are."""
        return check.cost(self.instance, np.maximum(start, self.frozen))

    def plan(self, start: IntArray, stage: str = "plan") -> None:
        """Keep a plan (V,) if it is better; one that the checker rejects is a fault of the method and raises."""
        whole = np.maximum(start, self.frozen)
        cost = check.cost(self.instance, whole)
        if cost >= self.cost:
            return
        faults = check.violations(self.instance, whole)
        if faults:
            raise AssertionError(f"the method made an unlawful plan: {faults[0].text}")
        with self.lock:
            if cost < self.cost:
                self.start, self.cost = whole, cost
                self._tell(stage)

    def movable(self) -> IntArray:
        """Return the best plan's starts of the visits that are not frozen, -1 for the frozen ones, (V,)."""
        return np.where(self.instance.frozen == 1, -1, self.start)

    def prove(self, proven: int, name: str = LAGRANGIAN) -> None:
        """Keep a bound if it is better, and the name of the relaxation that proves it."""
        with self.lock:
            if proven > self.bound:
                self.bound, self.bound_from = proven, name
                self._tell("bound")

    def outcome(self) -> Outcome[SlotPlan]:
        """Return the run's result."""
        status = Status.FEASIBLE
        if self.cost == self.bound:
            status = Status.OPTIMAL
        elif self.stopped:
            status = Status.INTERRUPTED
        plan = SlotPlan(self.start)
        return Outcome(plan, self.cost, self.bound, self.elapsed(), status, self.bound_from, tuple(self.news))

    def _tell(self, stage: str) -> None:
        self.news.append(Progress(self.elapsed(), stage, self.cost, self.bound))
        if self.on_progress is not None:
            self.on_progress(self.news[-1])
