"""A park as the text of a park file."""

import json
from dataclasses import MISSING, Field, fields
from typing import Any

from dispatch.model.park import Park

_HEAD = ("version", "id", "name", "name_zh")


def park_toml(park: Park) -> str:
    """Return the park as TOML, fields at their defaults left out; reading it gives the same park again."""
    lines = [f"{name} = {_value(getattr(park, name))}" for name in _HEAD]
    for field in fields(Park):
        value = getattr(park, field.name)
        if isinstance(value, tuple):
            for thing in value:
                lines += ["", f"[[{field.name}]]", *_pairs(thing)]
        elif field.name not in _HEAD:
            lines += ["", f"[{field.name}]", *_pairs(value)]
    return "\n".join(lines) + "\n"


def _pairs(thing: Any) -> list[str]:
    given = [field for field in fields(thing) if getattr(thing, field.name) != _default(field)]
    return [f"{field.name} = {_value(getattr(thing, field.name))}" for field in given]


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return json.dumps(str(value), ensure_ascii=False)
        case tuple():
            return f"[{', '.join(_value(each) for each in value)}]"
        case _:
            return f"{{ {', '.join(_pairs(value))} }}"
