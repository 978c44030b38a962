"""Which truck may have which load: enterprises keep carriers out, drivers have preferences and decline. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dispatch.model import rules
from dispatch.model.day import CarrierLists, Load, Preferences, Truck
from dispatch.model.park import Park
from solver.matching.board import BoolArray


@dataclass(frozen=True, slots=True)
class OpenLoad:
    """A load nobody has, the plates of the trucks it was offered to before, and whom its enterprise keeps out."""

    load: Load
    offered_to: tuple[str, ...] = ()
    of_enterprise: CarrierLists = field(default_factory=CarrierLists)

    @property
    def is_for_all(self) -> bool:
        """Answer whether no carrier is kept out."""
        return self.of_enterprise == CarrierLists() and not (self.load.blocked_carriers or self.load.allowed_carriers)


def permitted(park: Park, loads: Sequence[OpenLoad], trucks: Sequence[Truck]) -> BoolArray:
    """Return whether truck k may have load i, (trucks, loads): no side minds, and he has not had it offered before.

    What a truck can carry, and its driver's hours, are not looked at.
    """
    may = np.ones((len(trucks), len(loads)), dtype=np.bool_)
    plates, carriers = np.array([each.plate for each in trucks]), np.array([each.carrier for each in trucks])
    for i, each in enumerate(loads):
        if each.offered_to:
            may[np.isin(plates, each.offered_to), i] = False
        if not each.is_for_all:
            out = [c for c in set(carriers.tolist()) if not rules.admits_carrier(each.load, each.of_enterprise, c)]
            may[np.isin(carriers, out), i] = False
    _keep_to_preferences(park, may, loads, trucks)
    return may


def _keep_to_preferences(park: Park, may: BoolArray, loads: Sequence[OpenLoad], trucks: Sequence[Truck]) -> None:
    """Take out what drivers would not take; those who prefer the same are asked once."""
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for k, truck in enumerate(trucks):
        if truck.preferences != Preferences():
            alike.setdefault((truck.preferences.cargo_kinds, truck.preferences.regions), []).append(k)
    for rows in alike.values():
        may[rows] &= np.array([rules.suits_driver(park, trucks[rows[0]], each.load) for each in loads], dtype=np.bool_)
