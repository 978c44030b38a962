"""A plan's result as a short text for people."""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def summary_lines(day: str, report: Document) -> Iterator[str]:
    """Yield the lines that say what a plan of a day reached, beside its baselines."""
    yield f"plan for {day}"
    yield from _slot_lines(report["slots"])
    yield from _matching_lines(report["matching"])


def _slot_lines(slots: Document) -> Iterator[str]:
    hours = [hour for hour in slots["uncoordinated"] if hour["over_gate"]]
    over = sum(hour["over_gate"] for hour in hours)
    first = slots["first_come"]
    yield f"  slots     {slots['visits']} visits"
    yield f"    uncoordinated   {over} trucks above what the gates admit, in {len(hours)} hours of the day"
    yield f"    first come      {_placed(first)}"
    yield f"    plan            {_placed(slots)}"
    yield f"    proof           {_proof(slots)}"


def _placed(figures: Document) -> str:
    return (
        f"{figures['placed']} placed ({figures['share_placed']:.2%}), moved {figures['mean_displacement_minutes']:.1f} "
        f"min on average, 95 % within {figures['p95_displacement_minutes']:.0f} min, Jain's index of carriers "
        f"{figures['jain']:.2f}, cost {figures['cost']}"
    )


def _matching_lines(matching: Document) -> Iterator[str]:
    yield f"  matching  {matching['loads']} loads"
    yield f"    each alone      {_driven(matching['alone'])}"
    yield f"    greedy nearest  {_driven(matching['greedy_nearest'])}"
    yield f"    plan            {_driven(matching)}"
    yield f"    proof           {_proof(matching)}"


def _driven(figures: Document) -> str:
    served = f"{figures['served']} served, {figures['empty_km']} empty km, {figures['empty_share']:.1%} of all km empty"
    return served if figures["cost"] is None else f"{served}, cost {figures['cost']}"


def _proof(figures: Document) -> str:
    return (
        f"no plan costs less than {figures['bound']}: gap {figures['gap']:.3%}, "
        f"in {figures['seconds']:.1f} s ({figures['bound_from']})"
    )
