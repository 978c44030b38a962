"""Distributions by the inverse of their CDF, so that one uniform number gives one draw whatever the parameters are."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from typing import Any

import numpy as np
from scipy.special import gammaincinv, ndtri

from simulations.kernel.arrays import FloatArray
from solver.reading import BadInput

LARGEST = 1e6


class Kind(StrEnum):
    """The distributions there are; a text names the shape first and the mean last."""

    DETERMINISTIC = "deterministic"
    EXPONENTIAL = "exponential"
    ERLANG = "erlang"
    LOGNORMAL = "lognormal"
    NORMAL = "normal"
    UNIFORM = "uniform"


# what stands before the mean in a text, and its lowest value
SHAPE = {
    Kind.ERLANG: ("k", 1.0),
    Kind.LOGNORMAL: ("sigma", 0.0),
    Kind.NORMAL: ("deviation", 0.0),
    Kind.UNIFORM: ("half width", 0.0),
}
FORMS = ", ".join(f"{kind}:{f'{SHAPE[kind][0].upper()}:' if kind in SHAPE else ''}MEAN" for kind in Kind)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution with its mean and, where it has one, its shape.

    Shape: `erlang` the number k of exponential phases; `lognormal` the sigma of the logarithm; `normal` the standard
    deviation; `uniform` half of its width.
    """

    kind: Kind
    mean: float
    shape: float = 1.0

    def __post_init__(self) -> None:
        low = -LARGEST if self.kind in (Kind.DETERMINISTIC, Kind.NORMAL, Kind.UNIFORM) else 0.0
        if not (isfinite(self.mean) and low <= self.mean <= LARGEST):
            raise BadInput("distribution", "mean", f"is {self.mean:g}, must be from {low:g} to {LARGEST:g}")
        name, least = SHAPE.get(self.kind, ("shape", -inf))
        if not least <= self.shape <= LARGEST:
            raise BadInput("distribution", name, f"is {self.shape:g}, must be from {least:g} to {LARGEST:g}")
        if self.kind == Kind.ERLANG and self.shape != int(self.shape):
            raise BadInput("distribution", "k", f"is {self.shape:g}, must be a whole number")

    @property
    def may_be_negative(self) -> bool:
        """Answer whether a draw can be below 0."""
        lowest = {Kind.DETERMINISTIC: self.mean, Kind.UNIFORM: self.mean - self.shape, Kind.NORMAL: -inf}
        return lowest.get(self.kind, 0.0) < 0

    def inverse(self, uniform: FloatArray) -> FloatArray:
        """Return the draw of each uniform number in (0, 1)."""
        found: Any
        match self.kind:
            case Kind.DETERMINISTIC:
                found = np.full(uniform.shape, self.mean)
            case Kind.EXPONENTIAL:
                found = -self.mean * np.log1p(-uniform)
            case Kind.ERLANG:
                found = self.mean / self.shape * gammaincinv(self.shape, uniform)
            case Kind.LOGNORMAL:
                found = self.mean * np.exp(self.shape * ndtri(uniform) - self.shape**2 / 2)
            case Kind.NORMAL:
                found = self.mean + self.shape * ndtri(uniform)
            case Kind.UNIFORM:
                found = self.mean + self.shape * (2 * uniform - 1)
        return np.asarray(found, dtype=np.float64)


def fixed(value: float) -> Distribution:
    """Return the distribution that always draws the value."""
    return Distribution(Kind.DETERMINISTIC, value)


EXACTLY_0, EXACTLY_1 = fixed(0.0), fixed(1.0)


def parsed(text: str, source: str = "distribution") -> Distribution:
    """Return the distribution of a text such as `exponential:2.0` or `erlang:3:2.0`; BadInput otherwise."""
    name, *numbers = text.split(":")
    try:
        kind = Kind(name)
        *shape, mean = [float(number) for number in numbers]
    except ValueError:
        raise BadInput(source, "", f"{text[:60]!r} is not a distribution; allowed: {FORMS}") from None
    if len(shape) != (kind in SHAPE):
        raise BadInput(source, "", f"{text[:60]!r} has the wrong number of parameters; allowed: {FORMS}")
    try:
        return Distribution(kind, mean, *shape)
    except BadInput as fault:
        raise BadInput(source, "", f"{text[:60]!r}: {fault.where} {fault.problem}") from None
