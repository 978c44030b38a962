"""From no shift to the shift allowed, in a few steps: routes, prices and plans of a smaller shift are a start for more.

A plan for a smaller shift is lawful for a larger one and costs the same, so cost does not rise with the shift. Bounds
do not carry over: they are proven anew.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from solver.mdvsp.cases import Case
from solver.mdvsp.dive import dive
from solver.mdvsp.first import first_case
from solver.mdvsp.instance import FixedInstance, Instance
from solver.mdvsp.links import link_network
from solver.mdvsp.minutes import minute_network
from solver.mdvsp.record import Record
from solver.watch import Watch

SHARES: Final = (0.1, 0.25)  # of the time, by which no shift and half the shift are done with


def climb(instance: Instance, record: Record, watch: Watch, rng: np.random.Generator) -> Case:
    """Return a case of the instance to go on from; the plans found on the way are offered to the record."""
    if isinstance(instance, FixedInstance):
        return first_case(link_network(instance), instance, record)
    lower = sorted({0, instance.shift // 2} - {instance.shift})
    shifts = [*lower, instance.shift]
    case = first_case(minute_network(replace(instance, shift=shifts[0])), instance, record)
    for shift, share in zip(shifts[1:], SHARES, strict=False):
        over = _until(watch, share)
        case.settle(over, record.report, lambda: None)
        found = dive(case.generation, rng, watch.over, noise=0.0)
        if found is not None:
            record.offer(found, "plan of a smaller shift")
        record.report()
        case = case.moved(minute_network(replace(instance, shift=shift)))
    return case


def _until(watch: Watch, share: float) -> Callable[[], bool]:
    return lambda: watch.over(share)
