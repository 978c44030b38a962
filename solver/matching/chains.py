"""What chains of a truck cost, to the minute."""

import numpy as np

from solver.matching.kernels import kernel
from solver.matching.network import FAR, Network
from solver.reading import IntArray


@kernel
def chain_cost(net: Network, k: int, loads: IntArray) -> int:
    """Return what truck k pays for these loads in this order, FAR when it cannot drive them."""
    at, now, km, wait, calm = net.start[k], net.free_from[k], 0, 0, FAR
    for i in loads:
        leg = net.minutes[at, net.origin[i]]
        now = max(net.earliest[i], now + leg)
        calm = min(net.last_start[i], calm + leg)
        if now > net.last_start[i] or net.fits[net.truck_kind[k], net.load_kind[i]] == 0:
            return FAR
        km += net.km[at, net.origin[i]]
        wait = max(0, now - calm)
        at, now, calm = net.destination[i], now + net.duration[i], calm + net.duration[i]
    if now + net.minutes[at, net.home[k]] > net.home_by[k]:
        return FAR
    km += net.km[at, net.home[k]]
    return int(net.price_truck + net.price_km * km + net.price_wait * wait)


@kernel
def chain_costs(net: Network, trucks: IntArray, loads: IntArray) -> IntArray:
    """Return what each truck pays for its row of `loads`, their number first."""
    costs = np.empty(len(trucks), np.int64)
    for at in range(len(trucks)):
        costs[at] = chain_cost(net, trucks[at], loads[at, 1 : 1 + loads[at, 0]])
    return costs


@kernel
def drivable(net: Network, k: int, loads: IntArray, taken: IntArray) -> IntArray:
    """Return, in their order, the loads that truck k can serve one after the other and be home in time, each once;
    those that come too late, or are `taken` (N,) already, are passed over."""
    kept = np.empty(len(loads), np.int64)
    count = 0
    at, now = net.start[k], net.free_from[k]
    for i in loads:
        start = max(net.earliest[i], now + net.minutes[at, net.origin[i]])
        end = start + net.duration[i]
        is_late = start > net.last_start[i] or end + net.minutes[net.destination[i], net.home[k]] > net.home_by[k]
        if is_late or taken[i] or net.fits[net.truck_kind[k], net.load_kind[i]] == 0:
            continue
        if i in kept[:count]:
            continue
        kept[count] = i
        count += 1
        at, now = net.destination[i], end
    return kept[:count]
