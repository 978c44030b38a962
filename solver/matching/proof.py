"""Bounds at the prices of a master, finer and finer, while chains are still found and there is time."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from solver.matching.bound import NAME, bound
from solver.matching.generation import Generation, Pass
from solver.matching.lattice import Grain, with_instant_loads
from solver.matching.master import Master
from solver.matching.network import FloatArray, Network
from solver.matching.pricing import Effort, Ground, Offers
from solver.matching.record import Record
from solver.matching.table import quantum
from solver.watch import Watch

COARSE: Final = (Grain(step=10, clusters=60, is_likely=False), Grain(step=3, clusters=60, is_likely=False))
FINE: Final = Grain(step=1, clusters=150, is_likely=False)
LIKELY: Final = Grain(step=5, clusters=120, is_likely=True)
ROUND: Final = Pass(parts=4, effort=Effort(looks=40, is_fresh=True), steps=500)
LOOKS: Final = Effort(looks=600, is_fresh=False)
HASTY: Final = Effort(looks=0, is_fresh=False)
STEPS: Final = 1500
CAREFUL: Final = 1.2  # times the seconds expected, so that a pass ends in time


def prove_soon(master: Master, record: Record, watch: Watch, workers: int) -> None:
    """Prove a bound that takes little time."""
    grounds = [Ground(with_instant_loads(master.net, grain.step), grain, workers) for grain in COARSE]
    _prove_at(grounds, master.smooth, (HASTY, LOOKS), record, watch)


def prove(net: Network, master: Master, record: Record, watch: Watch, rng: np.random.Generator) -> None:
    """Prove bounds until the time is up or no chain is left that the master lacks."""
    generation = Generation(net, master, rng)
    grounds = [Ground(with_instant_loads(net, grain.step), grain, 1) for grain in (*COARSE, FINE)]
    is_same = all(ground.net is net for ground in grounds)
    likely = generation.on(LIKELY)
    needed = CAREFUL * sum(_seconds(ground, master.smooth, watch) for ground in grounds)
    while not watch.over():
        _generate(generation, likely, watch, needed)
        began = watch.seconds
        offers = _prove_at(grounds, master.smooth, (HASTY, HASTY, LOOKS), record, watch)
        needed = CAREFUL * (watch.seconds - began)
        if watch.over() or not is_same or not generation.add(offers):
            return
        master.run(STEPS)


def _generate(generation: Generation, ground: Ground, watch: Watch, reserve: float) -> None:
    """Do rounds until only `reserve` seconds are left or no chain is new."""

    def over() -> bool:
        return watch.over() or watch.left < reserve

    while not over():
        if not generation.round(ground, ROUND, over):
            return


def _prove_at(
    grounds: Sequence[Ground], price: FloatArray, efforts: Sequence[Effort], record: Record, watch: Watch
) -> Offers:
    """Prove the bound at these prices on lattices, coarse to fine; a truck that should rather stand still by one need
    not be looked at on the next, and one that time does not reach keeps what the ones before say of it."""
    unit = max(quantum(ground.net) for ground in grounds)
    worth = np.floor(np.min([price, *(ground.net.drop for ground in grounds)], axis=0) / unit) * unit
    everything = np.ones(len(worth), np.bool_)
    offers = grounds[0].no_offers()
    for rank, (ground, effort) in enumerate(zip(grounds, efforts, strict=True)):
        ground.narrow(offers.least < 0.0, everything)
        offers.least[ground.no_offers().least == 0.0] = 0.0  # in teams formed anew, some find no load in their time
        ground.price(np.arange(len(ground.teams)), worth, effort, watch.over, offers)
        if rank == 0 and watch.over():
            break
        record.prove(bound(worth, offers), NAME)
    return offers


def _seconds(ground: Ground, price: FloatArray, watch: Watch) -> float:
    """Return how long pricing the teams will take, from one of them; about half of the trucks stand still."""
    if not len(ground.teams):
        return 0.0
    began = watch.seconds
    ground.price(np.array([len(ground.teams) // 2]), price, LOOKS, watch.over)
    return 0.6 * (watch.seconds - began) * len(ground.teams)
