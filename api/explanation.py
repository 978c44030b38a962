"""Explanations of slot plans as documents for machines and as sentences for dispatchers."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from solver.slots.explain import VisitExplained
from solver.slots.explain_day import DayExplained
from solver.slots.obstacles import Full, Slot
from solver.slots.resources import Kind, Resource
from solver.slots.units import Unit
from solver.slots.worth import Worth


def visit_document(found: VisitExplained) -> dict[str, Any]:
    """Return a visit's explanation as plain numbers and texts."""
    return {
        "visit": found.visit,
        "wish": found.wish,
        "start": found.start,
        "moved_minutes": found.moved_minutes,
        "frozen": found.frozen,
        "may_start": found.may_start,
        "slots": [
            {"slot": slot.slot, "saving": slot.saving, "full": [_full_document(full) for full in slot.full]}
            for slot in found.slots
        ],
        "free": list(found.free),
        "anyway": found.anyway,
        "anyway_saving": found.anyway_saving,
        "decided": found.decided,
        "units": [
            {
                "resource": _resource_document(unit.resource),
                "slot": unit.slot,
                "saving": unit.saving,
                "kept": unit.kept,
                "worth": None if unit.worth is None else worth_document(unit.worth),
            }
            for unit in found.units
        ],
    }


def worth_document(found: Worth) -> dict[str, Any]:
    """Return what one more of a capacity is worth as plain numbers and texts."""
    return {
        "resource": _resource_document(found.resource),
        "worth": found.worth,
        "exact": found.exact,
        "cost_before": found.cost_before,
        "cost_after": found.cost_after,
        "method": _method(found),
    }


def day_document(found: DayExplained) -> dict[str, Any]:
    """Return a day's explanation as plain numbers and texts."""
    return {
        "visits_in_all": found.visits_in_all,
        "unplaced": found.unplaced,
        "moved": found.moved,
        "cost": found.cost,
        "binding": found.binding,
        "examined": found.examined,
        "scarcest": [worth_document(each) for each in found.scarcest],
        "dock_groups": [worth_document(each) for each in found.dock_groups],
        "visits": [visit_document(each) for each in found.visits],
    }


def visit_lines(found: VisitExplained, slot_minutes: int) -> Iterator[str]:
    """Yield why a visit is where it is: one line of what is full, then what one more would do."""
    head = f"visit {found.visit} wanted {_slot(found.wish, slot_minutes)}, "
    head += "was not placed" if found.start < 0 else f"got {_slot(found.start, slot_minutes)}"
    if found.start >= 0:
        head += f" ({found.moved_minutes:+d} min)"
    if found.frozen:
        yield f"{head}: it is frozen"
    elif not found.may_start:
        yield f"{head}: its window leaves no room for it"
    elif not found.slots:
        yield f"{head}: no other start would cost it less"
    else:
        yield f"{head}: {'; '.join(_slot_texts(found.slots))}"
        yield from (f"  {line}" for line in _anyway_lines(found))
        yield from (f"  {line}" for line in _unit_lines(found))


def day_lines(found: DayExplained, slot_minutes: int) -> Iterator[str]:
    """Yield a day's explanation: what is scarce, then every visit not placed or moved by more than a slot."""
    yield (
        f"{found.visits_in_all:,} visits, cost {found.cost:,}: {found.unplaced:,} not placed, "
        f"{found.moved:,} moved by more than a slot"
    )
    yield (
        f"what one more is worth: {found.examined:,} of {found.binding:,} capacities examined, every full slot of the "
        "gate and the docks and quotas that keep somebody from a better start"
    )
    yield from _worth_lines("scarcest capacities", found.scarcest)
    yield from _worth_lines("one more dock all day", found.dock_groups)
    for each in found.visits:
        yield from visit_lines(each, slot_minutes)


def _worth_lines(title: str, worths: Sequence[Worth]) -> Iterator[str]:
    yield f"{title}:" if worths else f"{title}: none is worth anything"
    for rank, each in enumerate(worths, 1):
        yield f"  {rank:2d}  {_place(each.resource)}: {_worth(each)}"


def _anyway_lines(found: VisitExplained) -> Iterator[str]:
    if found.free:
        yield f"{_slots(found.free)} free: the plan is not the best"
    if found.anyway is not None and found.anyway_saving:
        yield (
            f"The plan is not the best: re-solving {found.decided} visits around it saves {found.anyway_saving:,} "
            f"and gives it slot {found.anyway} without anything more."
        )
    elif found.anyway is not None:
        yield f"It could have slot {found.anyway} at the same total cost, at the expense of others."


def _unit_lines(found: VisitExplained) -> Iterator[str]:
    if not found.units and not found.free:
        tried = f"re-solving {found.decided} visits around it" if found.decided else "without anybody else moving"
        yield f"No single capacity one larger was found to let it start better, {tried}."
    for unit in found.units[:1]:
        yield _unit_line(unit)


def _unit_line(unit: Unit) -> str:
    head = f"With one more {_more(unit.resource)} it would start in slot {unit.slot}"
    if unit.worth is None:
        return f"{head} if that were kept for it, for {unit.saving:,} less at least."
    if unit.kept:
        return (
            f"{head} if that were kept for it, for {unit.saving:,} less at least; "
            f"to the day it is worth {_worth(unit.worth)}."
        )
    return f"{head}; that is worth {_worth(unit.worth)}."


def _worth(found: Worth) -> str:
    return (
        f"{'' if found.exact else 'at least '}{found.worth:,} "
        f"(cost {found.cost_before:,} -> {found.cost_after:,}, {_method(found)})"
    )


def _method(found: Worth) -> str:
    everyone = "all " if found.exact else ""
    return f"by re-solving {everyone}{len(found.visits):,} visits{'' if found.exact else ' around it'}"


def _slot_texts(slots: Sequence[Slot]) -> Iterator[str]:
    """Yield what is full slot by slot, neighbouring slots in which it is the same together."""
    runs: list[list[Slot]] = []
    for slot in slots:
        if runs and slot.slot == runs[-1][-1].slot + 1 and _alike(slot) == _alike(runs[-1][-1]):
            runs[-1].append(slot)
        else:
            runs.append([slot])
    for run in runs:
        full = ", ".join(_full(each) for each in run[0].full) or "free"
        yield f"{_slots([slot.slot for slot in run])}: {full}"


def _alike(slot: Slot) -> list[str]:
    return [_full(full) for full in slot.full]


def _full(full: Full) -> str:
    state = "closed" if full.limit == 0 else "full of frozen visits" if full.frozen else "full"
    match full.kind:
        case Kind.GATE:
            return f"gate {state}"
        case Kind.DOCKS:
            return f"docks of group {full.index} {state} in {_slots(full.slots)}"
        case Kind.QUOTA:
            return f"quota of carrier {full.index} {'is 0' if full.limit == 0 else 'used up'}"
        case Kind.TRUCK:
            frozen = "frozen " if full.frozen else ""
            visits = f"visit{'s' if len(full.others) > 1 else ''} {' and '.join(map(str, full.others))}"
            return f"its truck {full.index} is with its {frozen}{visits}"


def _place(resource: Resource) -> str:
    match resource.kind:
        case Kind.GATE:
            return f"gate slot {resource.slot}"
        case Kind.DOCKS if resource.slot < 0:
            return f"dock group {resource.index}"
        case Kind.DOCKS:
            return f"docks of group {resource.index} slot {resource.slot}"
        case _:
            return f"quota of carrier {resource.index}"


def _more(resource: Resource) -> str:
    match resource.kind:
        case Kind.GATE:
            return f"place at gate slot {resource.slot}"
        case Kind.DOCKS if resource.slot < 0:
            return f"dock of group {resource.index} all day"
        case Kind.DOCKS:
            return f"dock of group {resource.index} in slot {resource.slot}"
        case _:
            return f"start per slot for carrier {resource.index}"


def _slot(slot: int, slot_minutes: int) -> str:
    hour, minute = divmod(slot * slot_minutes, 60)
    return f"slot {slot} ({hour:02d}:{minute:02d})"


def _slots(slots: Sequence[int]) -> str:
    """Return slots as a text, neighbours as a range: "slots 40-42, 45"."""
    runs = groupby(enumerate(slots), key=lambda pair: pair[1] - pair[0])
    texts = []
    for _, run in runs:
        found = [slot for _, slot in run]
        texts.append(str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}")
    return f"slot{'s' if len(slots) > 1 else ''} {', '.join(texts)}"


def _resource_document(resource: Resource) -> dict[str, Any]:
    return {
        "kind": resource.kind.value,
        "index": None if resource.kind is Kind.GATE else resource.index,
        "slot": None if resource.slot < 0 else resource.slot,
        "name": _place(resource),
    }


def _full_document(full: Full) -> dict[str, Any]:
    return {
        "kind": full.kind.value,
        "index": None if full.kind is Kind.GATE else full.index,
        "slots": list(full.slots),
        "limit": full.limit,
        "frozen": full.frozen,
        "others": list(full.others),
    }
