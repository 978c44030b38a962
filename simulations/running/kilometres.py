"""What is driven for the loads of a day: in chains, or each alone, out and back."""

from dataclasses import dataclass

import numpy as np

from dispatch.planning.matching import matching_problem
from simulations.kernel.arrays import BoolArray, FloatArray
from simulations.policies.policy import Decision
from simulations.scenarios.stage import Stage
from solver.matching.baselines import out_and_back_km
from solver.reading import IntArray


@dataclass(frozen=True)
class Kilometres:
    """Arrays over loads 0..N-1: `origin` and `destination` as rows of `km`, `alone` what each drives empty when alone.

    `order` (M,) are the loads of all chains one after the other, `chain` (M,) the chain of each, which does not fall;
    `start` and `home` (chains,) where their trucks are free and at home.
    """

    km: IntArray
    origin: IntArray
    destination: IntArray
    alone: FloatArray
    order: IntArray
    chain: IntArray
    start: IntArray
    home: IntArray

    @property
    def is_chained(self) -> BoolArray:
        """Return which loads are in a chain."""
        return np.isin(np.arange(len(self.origin)), self.order)

    def driven(self, moved: BoolArray) -> tuple[float, float]:
        """Return empty and loaded kilometres when only the loads `moved` (N,) are there; chains skip the rest."""
        loaded = float(self.km[self.origin[moved], self.destination[moved]].sum())
        alone = float(self.alone[moved & ~self.is_chained].sum())
        kept = moved[self.order]
        load, chain = self.order[kept], self.chain[kept]
        if not len(load):
            return alone, loaded
        is_first = np.diff(chain, prepend=-1) > 0
        is_last = np.diff(chain, append=len(self.start)) > 0
        before = np.where(is_first, self.start[chain], np.roll(self.destination[load], 1))
        to_loads = self.km[before, self.origin[load]].sum()
        home = self.km[self.destination[load[is_last]], self.home[chain[is_last]]].sum()
        return alone + float(to_loads + home), loaded


def kilometres_of(stage: Stage, decision: Decision) -> Kilometres:
    """Return what is driven on a decided day."""
    instance = matching_problem(stage.park, stage.date, stage.loads, stage.trucks, stage.travel).instance
    number = {load.id: i for i, load in enumerate(stage.loads)}
    alone = out_and_back_km(instance)
    straight = instance.km[instance.loads.origin, instance.loads.destination]
    chains = [[number[each.load] for each in chain.loads if each.load in number] for chain in decision.chains]
    truck = {each.plate: i for i, each in enumerate(stage.trucks)}
    of_chain = [truck.get(chain.plate, -1) for chain in decision.chains]
    return Kilometres(
        km=instance.km,
        origin=instance.loads.origin,
        destination=instance.loads.destination,
        alone=np.where(alone < 0, straight, alone).astype(np.float64),
        order=np.array([load for chain in chains for load in chain], dtype=np.int64),
        chain=np.repeat(np.arange(len(chains)), [len(chain) for chain in chains]).astype(np.int64),
        start=instance.trucks.start[of_chain] if of_chain else np.zeros(0, dtype=np.int64),
        home=instance.trucks.home[of_chain] if of_chain else np.zeros(0, dtype=np.int64),
    )
