"""Draws that more than one part of a day is made of; all take the generator and return arrays."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simulations.demand.distributions import HANDLING_RANGE
from solver.reading import IntArray

FloatArray = NDArray[np.float64]
Key = TypeVar("Key")


def one_of(rng: np.random.Generator, weights: FloatArray, size: int) -> IntArray:
    """Return `size` indices drawn with probabilities proportional to `weights`."""
    cumulative = np.cumsum(weights)
    found = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return np.asarray(found, dtype=np.int64)


def keys_of(rng: np.random.Generator, shares: Mapping[int, float], size: int) -> IntArray:
    """Return `size` keys drawn with probabilities proportional to their shares."""
    keys = np.array(list(shares), dtype=np.int64)
    return keys[one_of(rng, np.array(list(shares.values())), size)]


def lognormal_minutes(rng: np.random.Generator, median: IntArray, sigma: float) -> IntArray:
    """Return whole minutes >= 1: lognormal around `median`, truncated to HANDLING_RANGE multiples of it."""
    return truncated_lognormal(rng, median.astype(np.float64), sigma, HANDLING_RANGE.value)


def truncated_lognormal(
    rng: np.random.Generator, median: FloatArray, sigma: float, multiples: tuple[float, float]
) -> IntArray:
    """Return whole numbers >= 1 of a lognormal truncated to multiples of its median, by the inverse of its CDF."""
    low, high = ndtr(np.log(multiples[0]) / sigma), ndtr(np.log(multiples[1]) / sigma)
    factor = np.exp(sigma * ndtri(low + (high - low) * rng.random(len(median))))
    return np.asarray(np.maximum(np.rint(median * factor), 1), dtype=np.int64)
