"""Plates of the form of GA 36, all different."""

import numpy as np

from simulations.demand.distributions import NEW_ENERGY_PLATES, PLATE_REGIONS
from simulations.demand.draws import one_of

_SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_ORDINARY = len(_SIGNS) ** 3 * 100  # two digits, three signs
_LARGE_NEW_ENERGY = 100_000  # five digits, then D


def draw_plates(rng: np.random.Generator, count: int) -> list[str]:
    """Return `count` different plates (at most 100,000)."""
    regions = list(PLATE_REGIONS.value)
    region = one_of(rng, np.array(list(PLATE_REGIONS.value.values())), count).tolist()
    new_energy = (rng.random(count) < NEW_ENERGY_PLATES.value).tolist()
    ordinary = rng.choice(_ORDINARY, size=count, replace=False).tolist()
    large = rng.choice(_LARGE_NEW_ENERGY, size=count, replace=False).tolist()
    return [
        f"{regions[region[i]]}{large[i]:05d}D" if new_energy[i] else f"{regions[region[i]]}{_signs(ordinary[i])}"
        for i in range(count)
    ]


def _signs(number: int) -> str:
    head, digits = divmod(number, 100)
    head, third = divmod(head, len(_SIGNS))
    first, second = divmod(head, len(_SIGNS))
    return f"{_SIGNS[first]}{_SIGNS[second]}{_SIGNS[third]}{digits:02d}"
