"""The best plan and the best bound of a run, written by its threads, reported from the caller's."""

import threading

from solver.mdvsp import check
from solver.mdvsp.instance import Instance
from solver.mdvsp.plan import MdvspPlan
from solver.mdvsp.routes import Routes
from solver.mdvsp.schedule import plan_of
from solver.outcome import OnProgress, Outcome, Progress, Status
from solver.reading import BadInput
from solver.watch import Watch


class Record:
    """What a run has so far. A plan counts only after the checker has passed it."""

    def __init__(self, instance: Instance, watch: Watch, on_progress: OnProgress | None) -> None:
        self.instance, self._watch, self._on_progress = instance, watch, on_progress
        self._lock = threading.Lock()
        self.plan: MdvspPlan | None = None
        self.routes: Routes | None = None
        self.cost: int | None = None
        self.bound, self.bound_from = 0, "costs are not negative"
        self._news: list[Progress] = []
        self._told: list[Progress] = []

    @property
    def optimal(self) -> bool:
        """Answer whether the plan is proven best."""
        return self.cost == self.bound

    def best(self) -> tuple[Routes | None, int | None]:
        """Return the best routes so far and their cost."""
        with self._lock:
            return self.routes, self.cost

    def offer(self, routes: Routes, stage: str) -> bool:
        """Take a plan if it is cheaper, and say whether; one the checker rejects is a fault of this package."""
        if self.cost is not None and int(routes.cost.sum()) >= self.cost:
            return False
        plan = plan_of(self.instance, routes)
        faults = check.violations(self.instance, plan)
        assert not faults, faults[0].text
        cost = check.cost(self.instance, plan)
        with self._lock:
            if self.cost is not None and cost >= self.cost:
                return False
            self.plan, self.routes, self.cost = plan, routes, cost
            self._note(stage)
        return True

    def prove(self, value: int, name: str) -> None:
        """Take a lower bound if it is higher."""
        with self._lock:
            if value > self.bound:
                assert self.cost is None or value <= self.cost, (value, self.cost, name)
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

    def outcome(self) -> Outcome[MdvspPlan]:
        """Return the run's result; BadInput when no lawful plan was found."""
        self.report()
        if self.plan is None or self.cost is None:
            problem = f"no lawful plan was found in {self._watch.seconds:.1f} s; the depots' capacities may not suffice"
            raise BadInput(self.instance.source, "", problem)
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
        self._news.append(Progress(self._watch.seconds, stage, self.cost, self.bound or None))
        if self.optimal:
            self._watch.finished.set()
