"""What the command line says of carriers: how evenly a plan treats them, and what more evenness costs."""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import typer

from solver.outcome import Outcome
from solver.reading import BadInput, IntArray
from solver.slots import carriers, check
from solver.slots.fair_plan import FairPlan, Solver, fair_plan
from solver.slots.instance import MAX_HORIZON, MAX_PRICE, SlotInstance, SlotPlan

FairnessPrice = Annotated[
    int | None,
    typer.Option(
        "--fairness", help="price of a slot that a carrier is moved beyond its share (F4)", min=0, max=MAX_PRICE
    ),
]
FairSlots = Annotated[
    int | None,
    typer.Option(
        "--fair-slots", help="that share, slots per visit [default: mean of the plan without]", min=0, max=MAX_HORIZON
    ),
]


def planned(
    instance: SlotInstance, price: int | None, fair_slots: int | None, seconds: float, solver: Solver
) -> tuple[Outcome[SlotPlan], FairPlan | None]:
    """Return the plan of a day, its claims by the day's own prices, and the price of fairness if there is one.

    `price` and `fair_slots` are what the user said, None where that is what the day itself says.
    """
    if fair_slots is not None and price is None and not instance.fairness:
        raise BadInput("--fair-slots", "", "does nothing without --fairness, as the instance has no price on it")
    if fair_slots is None and price is None and instance.fairness:
        fair_slots = instance.fair_slots
    price = instance.fairness if price is None else price
    if not price:
        return solver(instance, seconds), None
    found = fair_plan(instance, price=price, fair_slots=fair_slots, seconds=seconds, solver=solver)
    return found.claimed(instance), found


def document(instance: SlotInstance, start: IntArray, fair: FairPlan | None = None) -> dict[str, Any]:
    """Return the fairness of a plan, ready for JSON, with the price of fairness when one was paid."""
    told = carriers.report(instance, start).as_json()
    if fair is not None:
        told |= {
            "fairness": fair.instance.fairness,
            "fair_slots": fair.instance.fair_slots,
            "cost": fair.outcome.cost,
            "bound": fair.outcome.bound,
            "gap": fair.outcome.gap,
            "price_of_fairness": fair.price,
            "cost_without": fair.plain.cost,
            "bound_without": fair.plain.bound,
            "jain_before": fair.jain_before,
            "jain_after": fair.jain_after,
        }
    return told


def lines(instance: SlotInstance, start: IntArray, fair: FairPlan | None = None) -> Iterator[str]:
    """Yield what people read of it."""
    found = carriers.report(instance, start)
    theirs = np.flatnonzero(found.visits)
    if len(theirs):
        worst = int(theirs[found.burden_minutes[theirs].argmax()])
        yield (
            f"carriers: Jain's index {found.jain:.3f}; most burdened carrier {worst}: "
            f"{found.placed[worst]} of {found.visits[worst]} visits placed, moved {found.mean_minutes[worst]:.1f} min"
        )
    if fair is not None:
        paid = check.unfairness_cost(fair.instance, start)
        yield (
            f"fairness {fair.instance.fairness} beyond {fair.instance.fair_slots} slots per visit: cost "
            f"{fair.outcome.cost} with it (F4 {paid}), proven at least {fair.outcome.bound}; its price is "
            f"{fair.price} (cost {fair.plain.cost} without -> {fair.plain.cost + fair.price}), "
            f"Jain's index {fair.jain_before:.3f} -> {fair.jain_after:.3f}"
        )
