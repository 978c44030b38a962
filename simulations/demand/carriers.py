"""Whose trucks and loads a day's matching problem is made of: the carriers, as numbers of the park's enterprises."""

from dataclasses import replace

import numpy as np

from dispatch.model.day import Day
from dispatch.model.park import Park
from solver.matching.instance import NO_CARRIER, MatchingInstance


def with_carriers(instance: MatchingInstance, day: Day, park: Park) -> MatchingInstance:
    """Return the day's instance with carriers: a truck's own, and of a load the one whose truck makes its visit.

    That is who would serve the load with its own trucks. A load without a visit has no carrier.
    """
    number = {enterprise.id: i for i, enterprise in enumerate(park.enterprises)}
    makes = {visit.id: number[visit.carrier] for visit in day.visits}
    of_load = [makes.get(load.pickup_visit or load.delivery_visit or "", NO_CARRIER) for load in day.loads]
    return replace(
        instance,
        trucks=replace(
            instance.trucks, carrier=np.array([number[each.carrier] for each in day.trucks], dtype=np.int64)
        ),
        loads=replace(instance.loads, carrier=np.array(of_load, dtype=np.int64)),
    )
