"""What is wrong with one field of a park or a day, said where it is found."""

import re

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


class FieldFault(ValueError):
    """A field that cannot be used: `field` is its path from the thing that holds it, such as `dock_groups[2].id`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def check_range(field: str, value: int, low: int, high: int) -> None:
    """Raise FieldFault unless low <= value <= high."""
    if not low <= value <= high:
        raise FieldFault(field, f"is {value}, must be from {low} to {high}")


def check_id(field: str, text: str) -> None:
    """Raise FieldFault unless the text can be an id: it becomes part of store keys and addresses."""
    if not _ID.match(text):
        raise FieldFault(
            field, f"{text[:40]!r} is not an id; allowed: 1 to 64 of A-Z a-z 0-9 _ . - with a letter or digit first"
        )
