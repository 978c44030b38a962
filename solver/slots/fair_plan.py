"""The price of fairness: the day planned without F4 first, then with it, and what the difference costs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from solver.outcome import Outcome, Status
from solver.reading import IntArray
from solver.slots import carriers, check
from solver.slots.instance import SlotInstance, SlotPlan

FIRST_SHARE: Final = 0.5  # of the time, for the plan without fairness

Solver = Callable[[SlotInstance, float], Outcome[SlotPlan]]  # asked for an instance's plan in so many seconds


@dataclass(frozen=True, slots=True)
class FairPlan:
    """A plan made with a price on unfairness beside one made without.

    `outcome` is for `instance`, which has the price; its cost and bound count F4. `plain` is for the same day
    without the price. `price` is F1 + F2 + F3 of the fair plan minus that of the plain one: what fairness
    costs. It is below 0 when the run without the price, stopped early, found a dearer plan.
    """

    instance: SlotInstance
    outcome: Outcome[SlotPlan]
    plain: Outcome[SlotPlan]
    price: int
    jain_before: float
    jain_after: float

    def claimed(self, asked: SlotInstance) -> Outcome[SlotPlan]:
        """Return the fair plan with its cost and a proven bound by the prices of `asked`, the day as it came.

        Those are `outcome` itself when the day came with this price on unfairness. Otherwise the bound is that of
        the day without the price: F4 is never below 0.
        """
        if (asked.fairness, asked.fair_slots) == (self.instance.fairness, self.instance.fair_slots):
            return self.outcome
        cost = check.cost(asked, self.outcome.plan.start)
        status = self.outcome.status if self.outcome.status is Status.INTERRUPTED else Status.FEASIBLE
        return replace(
            self.outcome,
            cost=cost,
            bound=self.plain.bound,
            bound_from=self.plain.bound_from,
            status=Status.OPTIMAL if cost == self.plain.bound else status,
            progress=self.plain.progress,
        )


def fair_plan(
    instance: SlotInstance, *, price: int, fair_slots: int | None, seconds: float, solver: Solver
) -> FairPlan:
    """Return the day's plan with `price` on unfairness, beside the plan without.

    `fair_slots` defaults to the mean displacement of the plan without, rounded up. The plan without gets
    FIRST_SHARE of `seconds`, the fair one what is left; of the two the one that is cheaper with F4 is the fair plan.
    """
    plain = solver(replace(instance, fairness=0, fair_slots=0), seconds * FIRST_SHARE)
    start = plain.plan.start
    free = carriers.mean_slots_moved(instance, start) if fair_slots is None else fair_slots
    priced = replace(instance, fairness=price, fair_slots=free)
    outcome = _better(priced, plain, solver(priced, max(0.01, seconds - plain.wall_seconds)))
    return FairPlan(
        instance=priced,
        outcome=outcome,
        plain=plain,
        price=_without_fairness(priced, outcome.plan.start) - plain.cost,
        jain_before=carriers.report(priced, start).jain,
        jain_after=carriers.report(priced, outcome.plan.start).jain,
    )


def _better(priced: SlotInstance, plain: Outcome[SlotPlan], fair: Outcome[SlotPlan]) -> Outcome[SlotPlan]:
    """Return the cheaper plan by the prices of `priced`, with the higher of both runs' bounds and their time."""
    cost = check.cost(priced, plain.plan.start)
    plan = plain.plan if cost < fair.cost else fair.plan
    cost = min(cost, fair.cost)
    known = max(plain, fair, key=lambda outcome: outcome.bound)
    ended = fair.status if fair.status is Status.INTERRUPTED else Status.FEASIBLE
    return replace(
        fair,
        plan=plan,
        cost=cost,
        bound=known.bound,
        bound_from=known.bound_from,
        status=Status.OPTIMAL if cost == known.bound else ended,
        wall_seconds=plain.wall_seconds + fair.wall_seconds,
    )


def _without_fairness(instance: SlotInstance, start: IntArray) -> int:
    return check.cost(replace(instance, fairness=0, fair_slots=0), start)
