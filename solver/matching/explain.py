"""Why a load is left, why a truck drives home empty: the nearest change of the plan, and what speaks against it.

Every explanation carries the plan with that change made, so that the checker, which knows nothing of how plans are
made, confirms it: by the rows the changed plan breaks, or by what it costs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from solver.matching import check
from solver.matching.instance import MatchingInstance
from solver.matching.plan import Chain, MatchingPlan

Row = tuple[int, ...]


class Reason(StrEnum):
    """What speaks against the nearest change."""

    NO_KIND = "no_kind"  # no truck's kind carries the load; or no load is of a kind the truck carries
    TOO_LATE = "too_late"  # every way breaks a window, a due time or the end of a shift
    DEARER = "dearer"  # it can be done, and the plan would cost more
    CHEAPER = "cheaper"  # it can be done, and the plan would cost less or the same: the plan is not the best


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a load is unserved or a truck has no further load.

    `text` is one line for people. `truck` and `load` are those of the nearest change (-1 none); `minutes_late` how much
    it is too late in all (0 when it can be done), `cost_change` what it would add to the plan's cost (None when it
    cannot be done). `changed` is the plan with the change; `violations` the rows it breaks.
    """

    reason: Reason
    text: str
    truck: int
    load: int
    minutes_late: int
    cost_change: int | None
    changed: MatchingPlan
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """A truck's loads as they would be, and the minutes this is too late, in all."""

    truck: int
    row: Row
    late: int


def explain_load(instance: MatchingInstance, plan: MatchingPlan, load: int) -> Explanation:
    """Return why an unserved load of a lawful plan is not served; ValueError when it is served."""
    if any(load in chain.loads for chain in plan.chains):
        raise ValueError(f"load {load} is served")
    rows = {chain.truck: chain.loads for chain in plan.chains}
    able = np.flatnonzero(instance.can[instance.trucks.kind, instance.loads.kind[load]]).tolist()
    if not able:
        return _no_truck(instance, plan, load)
    before = {k: _row_cost(instance, k, rows.get(k, ())) for k in able}
    changes = [change for k in able for change in _insertions(instance, k, rows.get(k, ()), load)]
    drop = int(instance.loads.drop[load])
    best = min(changes, key=lambda c: (c.late, 0 if c.late else _row_cost(instance, c.truck, c.row) - before[c.truck]))
    told = _explanation(instance, plan, best, load)
    if told.cost_change is None:
        nearest = f"nearest is truck {best.truck}, {_lateness(told)}"
        text = f"load {load}: no truck of its kind is free in time; {nearest}"
        return replace(told, text=text)
    return replace(
        told,
        text=f"load {load}: truck {best.truck} could take it for {told.cost_change + drop}; leaving it costs {drop}",
    )


def explain_truck(instance: MatchingInstance, plan: MatchingPlan, truck: int) -> Explanation:
    """Return why a truck gets no load, or none besides those it has, before it drives home."""
    row = next((chain.loads for chain in plan.chains if chain.truck == truck), ())
    kind = instance.trucks.kind[truck]
    saved = _savings(instance, plan)
    others = [
        i for i in np.flatnonzero(instance.can[kind, instance.loads.kind]).tolist() if i in saved and i not in row
    ]
    if not others:
        text = f"truck {truck}: there is no {'other ' if row else ''}load of a kind it carries"
        return Explanation(Reason.NO_KIND, text, -1, -1, 0, None, plan, ())
    before = _row_cost(instance, truck, row)
    found = [(change, i) for i in others for change in _insertions(instance, truck, row, i)]
    best, load = min(
        found,
        key=lambda f: (f[0].late, 0 if f[0].late else _row_cost(instance, truck, f[0].row) - before - saved[f[1]]),
    )
    told = _explanation(instance, plan, best, load)
    if told.cost_change is None:
        text = f"truck {truck}: can serve no other load in time; nearest is load {load}, {_lateness(told)}"
        return replace(told, text=text)
    holder = next((chain.truck for chain in plan.chains if load in chain.loads), -1)
    whose = "which nobody takes" if holder < 0 else f"which truck {holder} takes"
    more = "more" if told.cost_change > 0 else "less"
    text = f"truck {truck}: with load {load}, {whose}, the plan would cost {abs(told.cost_change)} {more}"
    return replace(told, text=text)


def empty_trucks(plan: MatchingPlan, trucks: int) -> list[int]:
    """Return the trucks without a load, by number."""
    return sorted(set(range(trucks)) - {chain.truck for chain in plan.chains})


def timed(instance: MatchingInstance, truck: int, row: Row) -> tuple[int, ...]:
    """Return starts for a truck's loads in this order: each as early as the truck can, then as calmly as that allows.

    Where a window has passed the start is when the truck comes, so that the checker names what is broken.
    """
    loads, starts = instance.loads, [start for start, _ in _arrivals(instance, truck, row)]
    for rank in range(len(row) - 2, -1, -1):
        i, j = row[rank], row[rank + 1]
        latest = min(int(loads.latest[i]), int(loads.due[i]) - check.delivery(instance, i, 0))
        until = starts[rank + 1] - (check.arrival_after(instance, i, 0, j))
        starts[rank] = max(starts[rank], min(latest, until))
    return tuple(starts)


def _no_truck(instance: MatchingInstance, plan: MatchingPlan, load: int) -> Explanation:
    """Return why a load that no truck's kind carries is left: to give it to truck 0, if there is one, breaks M4."""
    text = f"load {load}: no truck's kind can carry load kind {instance.loads.kind[load]}"
    if not len(instance.trucks):
        return Explanation(Reason.NO_KIND, text, -1, load, 0, None, plan, ())
    row = next((chain.loads for chain in plan.chains if chain.truck == 0), ())
    changed = _with(instance, plan, 0, (*row, load), load)
    faults = tuple(fault.text for fault in check.violations(instance, changed))
    return Explanation(Reason.NO_KIND, text, -1, load, 0, None, changed, faults)


def _explanation(instance: MatchingInstance, plan: MatchingPlan, change: _Change, load: int) -> Explanation:
    changed = _with(instance, plan, change.truck, change.row, load)
    faults = tuple(fault.text for fault in check.violations(instance, changed))
    if faults:
        return Explanation(Reason.TOO_LATE, "", change.truck, load, change.late, None, changed, faults)
    more = check.cost(instance, changed) - check.cost(instance, plan)
    reason = Reason.DEARER if more > 0 else Reason.CHEAPER
    return Explanation(reason, "", change.truck, load, 0, more, changed, ())


def _lateness(told: Explanation) -> str:
    return f"{told.minutes_late} minutes late ({told.violations[0]})"


def _insertions(instance: MatchingInstance, truck: int, row: Row, load: int) -> Iterator[_Change]:
    """Yield the truck's row with the load at every place, with the minutes that is too late in all."""
    for at in range(len(row) + 1):
        new = (*row[:at], load, *row[at:])
        yield _Change(truck, new, sum(late for _, late in _arrivals(instance, truck, new)))


def _arrivals(instance: MatchingInstance, truck: int, row: Row) -> list[tuple[int, int]]:
    """Return the earliest start of each load and the minutes it is late for its window or due time; the minutes the
    truck is home late count with the last."""
    loads, trucks = instance.loads, instance.trucks
    at, now, found = trucks.start[truck], int(trucks.free_from[truck]), []
    for i in row:
        start = max(int(loads.earliest[i]), now + int(instance.minutes[at, loads.origin[i]]))
        now, at = check.delivery(instance, i, start), loads.destination[i]
        found.append((start, max(0, start - int(loads.latest[i]), now - int(loads.due[i]))))
    if found:
        home = now + int(instance.minutes[at, trucks.home[truck]])
        found[-1] = (found[-1][0], found[-1][1] + max(0, home - int(trucks.home_by[truck])))
    return found


def _row_cost(instance: MatchingInstance, truck: int, row: Row) -> int:
    """Return F1 to F3 of one truck's loads."""
    if not row:
        return 0
    alone = MatchingPlan((Chain(truck, row, timed(instance, truck, row)),), ())
    return check.empty_km_cost(instance, alone) + check.wait_cost(instance, alone) + check.truck_cost(instance, alone)


def _savings(instance: MatchingInstance, plan: MatchingPlan) -> dict[int, int]:
    """Return what it saves, for each load that can be taken from where it is: of its truck's cost, or its price."""
    saved = {i: int(instance.loads.drop[i]) for i in plan.unserved}
    for chain in plan.chains:
        alone = MatchingPlan((chain,), ())
        cost = check.empty_km_cost(instance, alone) + check.wait_cost(instance, alone)
        cost += check.truck_cost(instance, alone)
        for i in chain.loads:
            rest = tuple(j for j in chain.loads if j != i)
            if not any(late for _, late in _arrivals(instance, chain.truck, rest)):  # a detour may be the faster way
                saved[i] = cost - _row_cost(instance, chain.truck, rest)
    return saved


def _with(instance: MatchingInstance, plan: MatchingPlan, truck: int, row: Row, load: int) -> MatchingPlan:
    """Return the plan in which the truck drives this row and nobody else has the load."""
    chains = []
    for chain in plan.chains:
        rest = tuple(i for i in chain.loads if i != load)
        if chain.truck != truck and rest == chain.loads:
            chains.append(chain)
        elif chain.truck != truck and rest:
            chains.append(Chain(chain.truck, rest, timed(instance, chain.truck, rest)))
    chains.append(Chain(truck, row, timed(instance, truck, row)))
    return MatchingPlan(tuple(chains), tuple(i for i in plan.unserved if i != load))
