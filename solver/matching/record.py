"""The best plan and the best bound of a run, written by its threads, reported from the caller's."""

import threading

from solver.matching import check
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan
from solver.outcome import OnProgress, Outcome, Progress, Status
from solver.watch import Watch


class Record:
    """What a run has so far. A plan counts only after the checker has passed it."""

    def __init__(self, instance: MatchingInstance, watch: Watch, on_progress: OnProgress | None) -> None:
        self.instance, self._watch, self._on_progress = instance, watch, on_progress
        self._lock = threading.Lock()
        self.plan = MatchingPlan((), tuple(range(len(instance.loads))))
        self.cost = check.cost(instance, self.plan)
        self.bound, self.bound_from = 0, "costs are not negative"
        self._news: list[Progress] = []
        self._told: list[Progress] = []

    @property
    def optimal(self) -> bool:
        """Answer whether the plan is proven best."""
        return self.cost == self.bound

    def offer(self, plan: MatchingPlan, stage: str) -> None:
        """Take a plan if it is cheaper; a plan the checker rejects is a fault of this package."""
        faults = check.violations(self.instance, plan)
        assert not faults, faults[0].text
        cost = check.cost(self.instance, plan)
        with self._lock:
            if cost < self.cost:
                self.plan, self.cost = plan, cost
                self._note(stage)

    def prove(self, value: int, name: str) -> None:
        """Take a lower bound if it is higher."""
        with self._lock:
            if value > self.bound:
                assert value <= self.cost, (value, self.cost, name)
                self.bound, self.bound_from = value, name
                self._note("bound")

    def report(self) -> None:
        """Tell the listener what is new, in the caller's thread."""
        with self._lock:
            news, self._news = self._news, []
        self._told += news
        if self._on_progress:
            for line in news:
                self._on_progress(line)

    def outcome(self) -> Outcome[MatchingPlan]:
        """Return the run's result."""
        self.report()
        status = Status.OPTIMAL if self.optimal else Status.FEASIBLE
        if self._watch.asked and not self.optimal:
            status = Status.INTERRUPTED
        return Outcome(
            plan=self.plan,
            cost=self.cost,
            bound=self.bound,
            wall_seconds=self._watch.seconds,
            status=status,
            bound_from=self.bound_from,
            progress=tuple(self._told),
        )

    def _note(self, stage: str) -> None:
        self._news.append(Progress(self._watch.seconds, stage, self.cost, self.bound))
        if self.optimal:
            self._watch.finished.set()
