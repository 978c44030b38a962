"""The travel table: what every way of finding distances returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class TravelTable:
    """Minutes and kilometres from place to place, for a truck.

    `locations` are the ids of the park's warehouses, then of its places outside, as `park.position_by_location` has
    them; `minutes` and `km` are int64 of shape (L, L), row from, column to, zero on the diagonal, read-only.
    """

    locations: tuple[str, ...]
    minutes: IntArray
    km: IntArray

    def __post_init__(self) -> None:
        for name in ("minutes", "km"):
            matrix = np.array(getattr(self, name), dtype=np.int64)
            if matrix.shape != (len(self.locations), len(self.locations)) or (matrix < 0).any():
                raise ValueError(f"{name} must be {len(self.locations)} x {len(self.locations)} and not negative")
            matrix.flags.writeable = False
            object.__setattr__(self, name, matrix)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Return the row and column of each location id."""
        return {location: i for i, location in enumerate(self.locations)}
