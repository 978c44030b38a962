"""Model objects to JSON documents of the store, and back."""

from functools import cache
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

T = TypeVar("T")


def dump(thing: Any) -> bytes:
    """Return a dataclass, or anything made of JSON values, dates and enums, as JSON."""
    return orjson.dumps(thing)


def read(kind: type[T], document: Any) -> T:
    """Return a stored document (decoded JSON) as the dataclass it was dumped from."""
    named: Any = kind  # a class is hashable, which mypy does not see of type[T]
    thing: T = _adapter(named).validate_python(document)
    return thing


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
