"""The kinds of fields a request is made of, each with its bounds: what gets past these is trusted behind them."""

import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from fastapi import Header, Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.types import StrictInt

from dispatch.model.plates import normalised

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
FIRST_YEAR, LAST_YEAR = 2000, 2199
LARGEST_LIMIT = 200

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


class Body(BaseModel):
    """What requests are read into: a field nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Bulk(Body):
    """Many rows at once, in its one field; as CSV, the rows alone."""

    row_kind: ClassVar[type[BaseModel]]


def _moment_text(value: Any) -> Any:
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise ValueError("must be an RFC 3339 time with offset, as 2026-11-25T08:00:00+08:00")
    return value


def _day_text(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("must be a day, as 2026-11-25")
    return value


def _sane_year(value: datetime | date) -> Any:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _plate(text: str) -> str:
    return normalised(text)


Id = Annotated[str, StringConstraints(strict=True, pattern=ID_PATTERN)]
Plate = Annotated[str, StringConstraints(strict=True, min_length=5, max_length=20), AfterValidator(_plate)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment_text), AfterValidator(_sane_year)]
Day = Annotated[date, BeforeValidator(_day_text), AfterValidator(_sane_year)]
Minutes = Annotated[StrictInt, Field(ge=1, le=7 * 24 * 60)]
HandlingMinutes = Annotated[StrictInt, Field(ge=0, le=7 * 24 * 60)]
Weight = Annotated[StrictInt, Field(ge=1, le=1000)]
Price = Annotated[StrictInt, Field(ge=0, le=10**9)]

MATCH_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9\u4e00-\u9fff_.-]{0,159}$"  # a plate may be part of it
PathMatchId = Annotated[str, Path(pattern=MATCH_ID_PATTERN)]
Reason = Annotated[str, StringConstraints(strict=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Said = Annotated[str, StringConstraints(strict=True, max_length=1000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]

PathId = Annotated[str, Path(pattern=ID_PATTERN)]
Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT)]
Cursor = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_-]+$")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9_.:=+/-]+$",
        description="Makes the request safe to repeat: done once, and answered alike each time.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=400,
        description="The ETag the change is based on; the change is refused with 412 when it is not the current one.",
    ),
]
