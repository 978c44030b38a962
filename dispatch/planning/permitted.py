"""What of a planned chain its sides permit: enterprises keep carriers out, drivers have preferences. Pure.

The plan of a day does not know of either; a load that its truck may not have is taken out of the chain, which stays in
time without it, and is left to the matching rounds.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from dispatch.model import rules
from dispatch.model.day import CarrierLists, Load, Truck
from dispatch.model.park import Park
from dispatch.planning.matching import PlannedChain
from dispatch.roads.table import TravelTable


def permitted(
    park: Park,
    travel: TravelTable,
    chain: PlannedChain,
    truck: Truck,
    loads: Mapping[str, Load],
    lists: Mapping[str, CarrierLists],
) -> PlannedChain:
    """Return the chain with the loads its truck may have, perhaps none, and the kilometres of what is left."""
    kept = tuple(each for each in chain.loads if _may_have(park, truck, loads[each.load], lists))
    if kept == chain.loads:
        return chain
    driven = [loads[each.load] for each in kept]
    stops = [truck.free_at, *(end for load in driven for end in (load.origin, load.destination)), truck.home]
    legs = [int(travel.km[travel.index[here], travel.index[there]]) for here, there in pairwise(stops)]
    return replace(chain, loads=kept, empty_km=sum(legs[::2]), loaded_km=sum(legs[1::2]))


def _may_have(park: Park, truck: Truck, load: Load, lists: Mapping[str, CarrierLists]) -> bool:
    admitted = rules.admits_carrier(load, lists[load.enterprise], truck.carrier)
    return admitted and rules.suits_driver(park, truck, load)
