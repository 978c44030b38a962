"""Gate and docks as a queueing network in Ciw: a rival that knows no yard, no drive, no lunch. Needs the dev extra."""

from math import inf
from typing import Any

import ciw
import numpy as np

from simulations.kernel.arrays import FloatArray
from simulations.kernel.draws import Draws
from simulations.kernel.layout import Layout
from simulations.kernel.legs import Legs

GATE = 1  # Ciw counts nodes from 1; dock group g is node g + 2


class Given(ciw.dists.Distribution):  # type: ignore[misc]  # Ciw has no types
    """Service times that are known for each truck; Ciw numbers trucks from 1 in the order of coming."""

    def __init__(self, minutes: list[float]) -> None:
        self.minutes = minutes

    def sample(self, t: float | None = None, ind: Any = None) -> float:  # noqa: ARG002 - Ciw's signature
        """Return the service time of a truck."""
        return float(self.minutes[ind.id_number - 1])


def simulate(layout: Layout, legs: Legs, drawn: Draws) -> FloatArray:
    """Return when each truck's service at the gate and at its dock begins, shape (2, N).

    The park has one gate; trucks come once, in the order of the legs.
    """
    comes = legs.planned + drawn.offset
    gate = Given(drawn.gate_minutes.tolist())
    docks = Given((legs.handling_minutes * drawn.handling_factor).tolist())
    places = [int(layout.docks.open.row(group)[1][0]) for group in range(len(layout.docks.zone))]
    nodes = [group + 2 for group in legs.dock_group.tolist()]
    network = ciw.create_network(
        arrival_distributions=[
            ciw.dists.Sequential([*np.diff(comes, prepend=0.0).tolist(), inf]),
            *[None] * len(places),
        ],
        service_distributions=[gate, *[docks] * len(places)],
        number_of_servers=[len(layout.lanes.gate), *places],
        routing=ciw.routing.ProcessBased(lambda ind, _simulation: [nodes[ind.id_number - 1]]),
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(len(legs), method="Finish")
    begins = np.full((2, len(legs)), np.nan)
    for record in simulation.get_all_records():
        begins[0 if record.node == GATE else 1, record.id_number - 1] = record.service_start_date
    return begins
