"""The lower bound that prices prove."""

from typing import Final

from solver.mdvsp.network import SCALE, Network
from solver.reading import IntArray

NAME: Final = "prices of trips and depots at which no route pays (Lagrangian relaxation of V1 and V3)"
SPLIT_NAME: Final = "the same, once for fleets of at most v vehicles and once for those of more"


def bound(network: Network, price: IntArray, rent: IntArray, fee: int = 0, vehicles: int = 0) -> tuple[int, IntArray]:
    """Return a lower bound on the cost of every lawful plan, and the prices that prove it.

    `rent` <= 0. At lawful prices no route costs less than the prices of its trips, the rent of its depot and the fee. A
    plan covers every trip once and has at most capacity[k] routes from depot k, so it costs at least the sum of all
    prices, of rent times capacity, and of the fee times the number of its vehicles (weak duality). With a fee > 0 the
    bound is for plans of at least `vehicles`, with a fee < 0 for plans of at most that many. Computed in whole numbers
    of 1/SCALE and rounded up, for costs are whole.
    """
    lawful = network.lawful(price, rent + fee)
    total = int(lawful.sum()) + int((rent * network.capacity).sum()) + fee * vehicles
    return -(-total // SCALE), lawful
