"""What a matching round knows: the open loads, where and when each truck is next free, and what binds it."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.matching.instance import MatchingInstance
from solver.reading import BadInput, IntArray

BoolArray = NDArray[np.bool_]
NO_PAIRS: Final = np.zeros((0, 2), dtype=np.int64)
NO_LIMIT: Final = 2**60


def _nobody() -> IntArray:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Board:
    """One round's knowledge at minute `now`; all arrays are read-only.

    `instance` holds the open loads, and each truck as it is next free: `start` and `free_from` after everything that is
    accepted or begun, `home` and `home_by` the next place it must be at and by when (its home at the end of its shift,
    or an appointment before that). `react` minutes pass at least between an offer and the truck's leaving (O1).

    `out` (K,) are the trucks that are on the road anyway: their fixed price is paid, and from where they are free they
    drive to `home` with or without another load. `since` (K,) is the minute from which such a truck stands.
    `forbidden` (any, 2) are pairs (truck, load) that shall not be: a carrier the load's enterprise has blocked, a load
    the driver has declined (O4). `expected_trucks` (K,) and `expected_loads` (N,) are not known but expected, the loads
    from the minute `known_at` (N,) on; they are planned with and never offered, and nothing known is planned on
    or behind them (O5).

    `groups` (K,) are trucks whose empty kilometres together may not be more than `most_km` (groups,), the way a truck
    `out` drives anyway not counted (N1); left out, there is one group without a limit.
    """

    instance: MatchingInstance
    now: int
    react: int
    out: BoolArray
    since: IntArray
    forbidden: IntArray
    known_at: IntArray
    expected_trucks: BoolArray
    expected_loads: BoolArray
    groups: IntArray = field(default_factory=_nobody)
    most_km: IntArray = field(default_factory=_nobody)

    def __post_init__(self) -> None:
        trucks, loads = len(self.instance.trucks), len(self.instance.loads)
        if not len(self.most_km):
            object.__setattr__(self, "groups", np.zeros(trucks, dtype=np.int64))
            object.__setattr__(self, "most_km", np.full(1, NO_LIMIT, dtype=np.int64))
        for name, length in (
            ("groups", trucks),
            ("out", trucks),
            ("since", trucks),
            ("expected_trucks", trucks),
            ("known_at", loads),
            ("expected_loads", loads),
        ):
            values = getattr(self, name)
            if values.shape != (length,):
                raise BadInput("board", name, f"has shape {values.shape}, must have ({length},)")
            values.flags.writeable = False
        if self.react < 0:
            raise BadInput("board", "react", f"is {self.react}, must be from 0")
        pairs = self.forbidden
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise BadInput("board", "forbidden", f"has shape {pairs.shape}, must have two columns: truck, load")
        if len(pairs) and (pairs.min() < 0 or pairs[:, 0].max() >= trucks or pairs[:, 1].max() >= loads):
            raise BadInput("board", "forbidden", "names a truck or a load that is not on the board")

    @property
    def leave_from(self) -> IntArray:
        """Return the first minute at which a truck can leave for each load, (N,)."""
        return np.maximum(self.known_at, self.now) + self.react


def board(
    instance: MatchingInstance,
    now: int,
    *,
    react: int = 0,
    out: BoolArray | None = None,
    since: IntArray | None = None,
    forbidden: IntArray = NO_PAIRS,
) -> Board:
    """Return the board on which everything is known and, unless `out` says otherwise, no truck has begun its day."""
    trucks, loads = len(instance.trucks), len(instance.loads)
    return Board(
        instance=instance,
        now=now,
        react=react,
        out=np.zeros(trucks, np.bool_) if out is None else out,
        since=instance.trucks.free_from.copy() if since is None else since,
        forbidden=forbidden,
        known_at=np.full(loads, now, dtype=np.int64),
        expected_trucks=np.zeros(trucks, np.bool_),
        expected_loads=np.zeros(loads, np.bool_),
    )
