"""The same day without and with a scenario's changes, under each policy, on common random numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from simulations.policies.find import find_policy
from simulations.policies.policy import Decision, Effort
from simulations.running.deciding import looks_the_same, planned, replanned
from simulations.running.replications import Dice, Replicated, ShouldStop, replicated
from simulations.running.roster import identities_of
from simulations.scenarios.scenario import Scenario
from simulations.scenarios.stage import Stage, staged

BASELINE, CHANGED = "baseline", "changed"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One policy on one of the two days: what it decided and what came of it."""

    day: str
    policy: str
    stage: Stage
    decision: Decision
    ran: Replicated


@dataclass(frozen=True)
class Watching:
    """Who hears of progress, and who is asked whether to stop."""

    tell: Tell
    should_stop: ShouldStop | None = None


def simulated(source: str, scenario: Scenario, base: Stage, policies: Sequence[str], watch: Watching) -> Iterator[Run]:
    """Yield the runs of the changed day, one per policy; on the same random numbers as `compared`."""
    changed = staged(base, scenario.changes, scenario.seed)
    yield from runs(source, scenario, {CHANGED: changed}, policies, watch)


def compared(source: str, scenario: Scenario, base: Stage, policies: Sequence[str], watch: Watching) -> Iterator[Run]:
    """Yield the runs of the baseline and the changed day, policy by policy; one of them where nothing is changed."""
    days = {BASELINE: base}
    if scenario.changes:
        days[CHANGED] = staged(base, scenario.changes, scenario.seed)
    yield from runs(source, scenario, days, policies, watch)


def runs(
    source: str, scenario: Scenario, days: Mapping[str, Stage], policies: Sequence[str], watch: Watching
) -> Iterator[Run]:
    """Yield the runs of days, policy by policy, all on the same random numbers.

    Days that look the same before they begin are planned once. Replications, seed and time are the scenario's.
    """
    numbers = identities_of(days.values())
    dice = Dice(scenario.seed, scenario.replications)
    effort = Effort(scenario.plan_seconds, scenario.seed)
    for policy in policies:
        decider = find_policy(source, policy)
        plans: list[tuple[Stage, Decision]] = []
        for day, stage in days.items():
            watch.tell(f"{policy}, {day}: deciding over {len(stage.booking)} requests")
            before = next((plan for seen, plan in plans if looks_the_same(seen, stage)), None)
            plan = planned(stage, decider, effort) if before is None else before
            plans.append((stage, plan))
            decision = replanned(stage, decider, plan, effort)
            watch.tell(f"{policy}, {day}: {scenario.replications} replications of {len(stage.visits)} visits")
            tell = partial(_tell_done, watch.tell, f"{policy}, {day}", scenario.replications)
            yield Run(day, policy, stage, decision, replicated(stage, decision, numbers, dice, tell, watch.should_stop))


def _tell_done(tell: Tell, what: str, of: int, done: int) -> None:
    if done % max(1, of // 4) == 0:
        tell(f"{what}: {done} of {of} replications done")


def with_values(scenario: Scenario, **given: float | None) -> Scenario:
    """Return the scenario with replications, seed or time overruled by what is given (None is not given)."""
    return replace(scenario, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
