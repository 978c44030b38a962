"""A policy at work on a stage: asked before the day, and again each time something goes wrong that nobody knew of."""

from collections.abc import Sequence

from simulations.policies.policy import Decision, Effort, Known, Policy
from simulations.scenarios.changes import Disturbance
from simulations.scenarios.foreseen import foreseen_capacity, foreseen_visits
from simulations.scenarios.stage import Stage


def planned(stage: Stage, policy: Policy, effort: Effort) -> Decision:
    """Return what the policy decides before the day, told only of what is announced."""
    return policy.plan(known(stage, _announced(stage)), effort)


def looks_the_same(one: Stage, other: Stage) -> bool:
    """Answer whether two stages are the same to whoever plans before the day."""
    return _before_the_day(one) == _before_the_day(other)


def replanned(stage: Stage, policy: Policy, decision: Decision, effort: Effort) -> Decision:
    """Return what the policy has made of its plan by the end of the day.

    It is asked again at the begin of each disturbance that was not announced, and is told of its end then.
    """
    for minute in sorted({each.span[0] for each in stage.disturbances if not each.announced}):
        by_now = [each for each in stage.disturbances if each.announced or each.span[0] <= minute]
        first_slot = -(-(minute + stage.park.rules.react_minutes) // stage.park.grid.slot_minutes)
        decision = policy.replan(known(stage, by_now, first_slot), decision, first_slot, effort)
    return decision


def known(stage: Stage, disturbances: Sequence[Disturbance], first_slot: int = 0) -> Known:
    """Return what is known of a stage when these disturbances are; before `first_slot` the park is as it always was."""
    return Known(
        park=stage.park,
        date=stage.date,
        visits=foreseen_visits(stage.park, stage.booking, disturbances),
        loads=stage.loads,
        trucks=stage.trucks,
        travel=stage.travel,
        free=foreseen_capacity(stage.park, disturbances, first_slot),
    )


def _announced(stage: Stage) -> list[Disturbance]:
    return [each for each in stage.disturbances if each.announced]


def _before_the_day(stage: Stage) -> tuple[object, ...]:
    return stage.park, stage.booking, stage.loads, stage.trucks, _announced(stage)
