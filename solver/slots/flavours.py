"""Synthetic days for benchmarks and tests: peaky, tight (at the gate), flat and cramped (at the docks),
seeded, of any size.

Every distribution here is assumed; the demo park of the service has sourced ones. Warehouses (one dock group
each) have sizes from a heavy-tailed distribution, a fifth of the trucks come more than once, and every tenth
carrier has a quota. Sizes scale with the number of visits: 10,000 visits have 328 dock groups with about 782
docks.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots.instance import SlotInstance

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flavour:
    """The shape of a day: where the demand peaks, and how tight gate, docks and windows are."""

    peak_hours: tuple[float, ...]
    spread_hours: float
    flat_share: float  # of the wishes, spread evenly over the opening hours
    gate_share: float  # gate capacity / demand at its peak
    dock_slack: tuple[float, float]  # docks of a warehouse / its mean work in progress, least and most
    widest_window_slots: int


FLAVOURS: Final = {
    "peaky": Flavour((9.5, 14.5), 1.3, 0.25, 0.5, (1.2, 2.2), 16),
    "tight": Flavour((10.0, 14.0), 1.5, 0.4, 0.66, (1.2, 2.2), 8),
    "flat": Flavour((12.0,), 4.0, 0.9, 1.1, (1.2, 2.2), 16),
    "cramped": Flavour((10.0, 14.0), 2.0, 0.5, 0.75, (0.9, 1.1), 10),
}

SLOTS: Final = 96
OPEN_HOUR, CLOSE_HOUR = 5.0, 22.0
DURATION_SHARES: Final = (0.22, 0.26, 0.2, 0.13, 0.09, 0.05, 0.03, 0.02)  # of 1 to 8 slots


def generate(flavour: Flavour, visits: int, rng: np.random.Generator) -> SlotInstance:
    """Return a day of that flavour; the same generator state gives the same instance."""
    groups = max(1, round(visits * 0.0328))
    dock_group = rng.choice(groups, visits, p=popularity(groups, rng))
    duration = rng.choice(8, visits, p=DURATION_SHARES) + 1
    wish = _wishes(flavour, visits, rng)
    before, after = rng.integers(0, flavour.widest_window_slots + 1, (2, visits))
    earliest = np.maximum(0, wish - before)
    latest = np.minimum(SLOTS - 1, wish + after)
    carriers = max(1, visits // 80)
    carrier = rng.choice(carriers + 1, visits) - 1
    return SlotInstance.build(
        slot_minutes=15,
        horizon=SLOTS,
        docks=_docks(flavour, dock_group, duration, groups, rng),
        gate=_gate(flavour, wish),
        quota=_quota(carriers, visits, rng),
        turn=1,
        early=1,
        late=1,
        drop=2000,
        visits={
            "dock_group": dock_group,
            "duration": duration,
            "wish": wish,
            "earliest": earliest,
            "latest": latest,
            "weight": rng.choice(3, visits, p=(0.7, 0.2, 0.1)) + 1,
            "carrier": carrier,
            "truck": _trucks(visits, rng),
        },
    )


def popularity(groups: int, rng: np.random.Generator) -> FloatArray:
    """Return the share of the visits that each dock group draws; the first thing `generate` draws."""
    size = np.minimum(rng.pareto(1.4, groups) + 0.5, 15.0)
    shares: FloatArray = size / size.sum()
    return shares


def _wishes(flavour: Flavour, visits: int, rng: np.random.Generator) -> IntArray:
    peak = rng.choice(flavour.peak_hours, visits) + rng.normal(0, flavour.spread_hours, visits)
    even = rng.uniform(OPEN_HOUR, CLOSE_HOUR, visits)
    hours = np.where(rng.random(visits) < flavour.flat_share, even, peak)
    slots: IntArray = np.floor(np.clip(hours, OPEN_HOUR, CLOSE_HOUR - 0.25) * 4).astype(np.int64)
    return slots


def _docks(
    flavour: Flavour, dock_group: IntArray, duration: IntArray, groups: int, rng: np.random.Generator
) -> IntArray:
    work = np.bincount(dock_group, weights=duration, minlength=groups) / ((CLOSE_HOUR - OPEN_HOUR) * 4)
    count = np.maximum(1, np.ceil(work * rng.uniform(*flavour.dock_slack, groups))).astype(np.int64)
    docks = np.repeat(count[:, None], SLOTS, axis=1)
    docks[:, 48:50] = np.maximum(1, (docks[:, 48:50] * 2) // 3)  # lunch
    return docks


def _gate(flavour: Flavour, wish: IntArray) -> IntArray:
    wanted = np.bincount(wish, minlength=SLOTS)
    peak = np.convolve(wanted, np.full(4, 0.25), mode="same").max()
    return np.full(SLOTS, max(1, int(np.ceil(flavour.gate_share * peak))), dtype=np.int64)


def _quota(carriers: int, visits: int, rng: np.random.Generator) -> IntArray:
    fair = max(1, round(2.0 * visits / carriers / 68))
    return np.where(rng.random(carriers) < 0.1, fair, -1)


def _trucks(visits: int, rng: np.random.Generator) -> IntArray:
    times = np.where(rng.random(visits) < 0.2, rng.integers(2, 5, visits), 1)
    truck: IntArray = np.repeat(np.arange(visits), times)[:visits]
    return rng.permutation(truck)
