"""What pydantic says of a document, as one line about one field."""

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from dispatch.model.faults import FieldFault

SHOWN = 60  # characters of what was found


def say_fault(error: ValidationError, root: type) -> FieldFault:
    """Return the first fault as field path (`visits[3].plate`), what is allowed and what was found.

    `root` is the dataclass that was read; its fields are what is listed where a field is not known.
    """
    first = error.errors(include_url=False)[0]
    location = first["loc"]
    match first["type"]:
        case "json_invalid":
            return FieldFault("", f"not JSON ({one_line(str(first['ctx']['error']), 200)})")
        case "missing":
            return FieldFault(path_text(location), "is missing")
        case "unexpected_keyword_argument":
            known = ", ".join(known_fields(root, location[:-1]))
            return FieldFault(path_text(location), f"is not a known field; known here: {known}")
        case "value_error":
            return _placed(location, first["ctx"]["error"])
        case _:
            allowed = first["msg"].removeprefix("Input should be ")
            return FieldFault(path_text(location), f"must be {one_line(allowed, 200)}, is {found_text(first['input'])}")


def path_text(location: tuple[int | str, ...]) -> str:
    """Return a location as text: `visits[3].plate`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{one_line(part, SHOWN)}" for part in location)
    return text.removeprefix(".")


def found_text(value: Any) -> str:
    """Return what was found, shortened, in words of the file rather than of Python."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return one_line(f"the number {_digits(value)}", SHOWN)
        case str():
            return f"the text '{one_line(value, SHOWN)}'"
        case list() | tuple():
            return f"a list of {len(value)}"
        case _:
            return "an object"


def one_line(text: str, most: int) -> str:
    """Return the text without line breaks or other unprintable signs, cut to `most` characters."""
    cut = text[: most + 1]
    printable = "".join(sign if sign.isprintable() else "?" for sign in cut)
    return printable if len(cut) <= most else f"{printable[: most - 3]}..."


def known_fields(root: type, location: tuple[int | str, ...]) -> list[str]:
    """Return the names of the fields of the dataclass at `location` under `root`."""
    kind: Any = root
    for part in location:
        if isinstance(part, str):
            hint = get_type_hints(kind)[part]
            kind = next((each for each in (hint, *get_args(hint)) if is_dataclass(each)), kind)
    return [field.name for field in fields(kind)]


def _placed(location: tuple[int | str, ...], fault: Exception) -> FieldFault:
    where = path_text(location)
    if isinstance(fault, FieldFault):
        return FieldFault(f"{where}.{fault.field}".strip("."), fault.problem)
    return FieldFault(where, one_line(str(fault), 200))


def _digits(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 128:
        return "beyond 128 bits"
    return str(value)
