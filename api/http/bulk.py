"""Answers of bulk requests: what became of every row, in the order of the request."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastapi import Response

from api.http import show
from api.http.problems import invalid_document, refusal_document
from dispatch.model.refusals import Refusal
from dispatch.services.desk import Kept, Misfit

T = TypeVar("T")


def bulk_answer(
    name: str,
    rows: Sequence[Kept[T] | Misfit | Refusal],
    id_of: Callable[[T], str],
    state_of: Callable[[T], str | None] = lambda _: None,
) -> Response:
    """Return the answer: 200 whatever became of the rows, for each is told apart."""
    shown = [_row(name, number, row, id_of, state_of) for number, row in enumerate(rows)]
    created = sum(row["status"] == "created" for row in shown)
    replayed = any(isinstance(row, Kept) and row.repeated for row in rows)
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    document = {"created": created, "refused": len(shown) - created, "rows": shown}
    return show.answer(document, headers=headers)


def _row(
    name: str,
    number: int,
    row: Kept[T] | Misfit | Refusal,
    id_of: Callable[[T], str],
    state_of: Callable[[T], str | None],
) -> dict[str, Any]:
    match row:
        case Kept():
            made = {"id": id_of(row.thing), "state": state_of(row.thing)}
            return {"row": number, "status": "created", **made, "problem": None}
        case Misfit():
            where = f"body.{name}[{number}].{row.field}".rstrip(".")
            problem = invalid_document([(where, row.problem)])
        case Refusal():
            problem = refusal_document(row)
    return {"row": number, "status": "refused", "id": None, "state": None, "problem": problem}
