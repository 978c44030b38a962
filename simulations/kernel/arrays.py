"""Arrays that are checked once, at birth, and never change after."""

from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver.reading import BadInput, IntArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Checked:
    """Sets the array fields of a frozen dataclass; the first value that is not allowed is a BadInput."""

    def __init__(self, thing: object) -> None:
        self._thing = thing
        self._source = type(thing).__name__.lower()

    def fail(self, field: str, problem: str) -> NoReturn:
        """Raise BadInput for a field."""
        raise BadInput(self._source, field, problem)

    def integers(self, field: str, low: int, high: int, shape: tuple[int | None, ...]) -> IntArray:
        """Set a field to a read-only array of whole numbers in [low, high]; None in the shape is any length."""
        value = self._shaped(field, np.asarray(getattr(self._thing, field)), shape)
        if value.size and value.dtype.kind not in "iu":
            self.fail(field, f"must be whole numbers, is {value.dtype}")
        return np.asarray(self._set(field, value.astype(np.int64), low, high), dtype=np.int64)

    def floats(
        self, field: str, low: float, high: float, shape: tuple[int | None, ...], *, nan: bool = False
    ) -> FloatArray:
        """Set a field to a read-only array of numbers in [low, high], NaN too where `nan` says so."""
        value = self._shaped(field, np.asarray(getattr(self._thing, field), dtype=np.float64), shape)
        return np.asarray(self._set(field, value.copy(), low, high, nan=nan), dtype=np.float64)

    def booleans(self, field: str, shape: tuple[int | None, ...]) -> BoolArray:
        """Set a field to a read-only array of yes and no."""
        value = self._shaped(field, np.asarray(getattr(self._thing, field), dtype=np.bool_), shape).copy()
        value.flags.writeable = False
        object.__setattr__(self._thing, field, value)
        return value

    def _shaped(self, field: str, value: NDArray[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
        if value.ndim != len(shape) or any(
            want not in (None, got) for want, got in zip(shape, value.shape, strict=True)
        ):
            wanted = " x ".join("any" if want is None else str(want) for want in shape)
            self.fail(field, f"has shape {value.shape}, must have {wanted} entries")
        return value

    def _set(self, field: str, value: Any, low: float, high: float, *, nan: bool = False) -> Any:
        bad = ~((value >= low) & (value <= high))
        if nan:
            bad &= ~np.isnan(value)
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            where = field + "".join(f"[{i}]" for i in index)
            self.fail(where, f"is {value[index]}, must be from {low:g} to {high:g}")
        value.flags.writeable = False
        object.__setattr__(self._thing, field, value)
        return value


def frozen(values: ArrayLike) -> FloatArray:
    """Return a read-only array of floats."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
