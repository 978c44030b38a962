"""Reading instance and plan files: every fault is one line that says what, where and what is allowed.

The readers here are for files of plain JSON numbers. They check shape and range once; whatever they return is
trusted by everything behind them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import orjson
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

MAX_FILE_BYTES = 512 * 1024 * 1024
LARGEST = 2**53  # costs are sums of products of these; far from the edge of 64 bits


class BadInput(ValueError):
    """A file or a field that cannot be used; `str()` is the one line a user sees."""

    def __init__(self, source: str, where: str, problem: str) -> None:
        super().__init__(f"{source}: {where}: {problem}" if where else f"{source}: {problem}")
        self.source = source
        self.where = where
        self.problem = problem


def read_json(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> Any:
    """Return the JSON document in `path`; BadInput when it is missing, too large or not JSON (NaN is not JSON)."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise BadInput(str(path), "", f"{size} bytes; at most {max_bytes} are read")
        return orjson.loads(path.read_bytes())
    except OSError as fault:
        raise BadInput(str(path), "", f"cannot be read ({fault.strerror})") from None
    except orjson.JSONDecodeError as fault:
        raise BadInput(str(path), f"line {fault.lineno} column {fault.colno}", f"not JSON ({fault.msg})") from None


class Fields:
    """One JSON object of a file, read field by field; unknown fields are refused by `done()`."""

    def __init__(self, source: str, value: Any, at: str = "") -> None:
        self.source = source
        self.at = at
        if not isinstance(value, Mapping):
            self.fail("", f"must be an object, is {_kind(value)}")
        self._value: Mapping[str, Any] = value
        self._seen: set[str] = set()

    def fail(self, field: str, problem: str) -> NoReturn:
        """Raise BadInput for `field` of this object."""
        where = f"{self.at}.{field}".strip(".") if field else self.at
        raise BadInput(self.source, where, problem)

    def has(self, field: str) -> bool:
        """Answer whether an optional field is there."""
        return field in self._value

    def any(self, field: str) -> Any:
        """Return a field as it stands; BadInput when it is missing."""
        self._seen.add(field)
        if field not in self._value:
            self.fail(field, "is missing")
        return self._value[field]

    def object(self, field: str) -> "Fields":
        """Return a nested object."""
        return Fields(self.source, self.any(field), f"{self.at}.{field}".strip("."))

    def integer(self, field: str, low: int, high: int = LARGEST) -> int:
        """Return a whole number in [low, high]."""
        value = self.any(field)
        self._check_integer(field, value, low, high)
        return int(value)

    def integers(self, field: str, low: int, high: int = LARGEST, *, length: int | None = None) -> IntArray:
        """Return a list of whole numbers in [low, high] as a read-only array."""
        return self._integers(field, self.any(field), low, high, length)

    def matrix(self, field: str, low: int, high: int = LARGEST, *, rows: int | None, columns: int | None) -> IntArray:
        """Return a list of equally long lists of whole numbers as a read-only array of shape (rows, columns)."""
        value = self.any(field)
        if not isinstance(value, list):
            self.fail(field, f"must be a list of lists, is {_kind(value)}")
        if rows is not None and len(value) != rows:
            self.fail(field, f"has {len(value)} rows, must have {rows}")
        if columns is None:
            columns = len(value[0]) if value and isinstance(value[0], list) else 0
        lines = [self._integers(f"{field}[{i}]", line, low, high, columns) for i, line in enumerate(value)]
        table = np.array(lines, dtype=np.int64).reshape(len(lines), columns)
        table.flags.writeable = False
        return table

    def done(self) -> None:
        """Refuse fields nobody asked for: a misspelt optional field must not be silently ignored."""
        unknown = sorted(set(self._value) - self._seen)
        if unknown:
            self.fail(unknown[0], f"is not a known field; known here: {', '.join(sorted(self._seen))}")

    def ignore(self, *fields: str) -> None:
        """Allow fields that this reader does not need."""
        self._seen.update(fields)

    def _integers(self, field: str, value: Any, low: int, high: int, length: int | None) -> IntArray:
        if not isinstance(value, list):
            self.fail(field, f"must be a list of whole numbers, is {_kind(value)}")
        if length is not None and len(value) != length:
            self.fail(field, f"has {len(value)} entries, must have {length}")
        for i, entry in enumerate(value):
            if type(entry) is not int or not low <= entry <= high:
                self._check_integer(f"{field}[{i}]", entry, low, high)
        array = np.array(value, dtype=np.int64)
        array.flags.writeable = False
        return array

    def _check_integer(self, field: str, value: Any, low: int, high: int) -> None:
        if type(value) is not int:
            self.fail(field, f"must be a whole number from {low} to {high}, is {_kind(value)}")
        if not low <= value <= high:
            self.fail(field, f"is {value}, must be from {low} to {high}")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value[:40]!r}"
        case list():
            return "a list"
        case _:
            return "an object"
