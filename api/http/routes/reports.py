"""What is told afterwards: who did what when, and the park's key figures; both are read from the projection."""

import asyncio
import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import AuditPage, KpisAnswer
from api.http.asking import Listing, parts_of
from api.http.openapi import READING, also_as, told
from api.http.problems import ARCHIVE_BROKEN
from api.http.requests import AuditRead, KpisAsked, TableForm
from api.http.rim import KeyedRoute
from dispatch.planning.kpis import Kpi, measured
from dispatch.services.reports import AuditAsked

router = APIRouter(prefix="/v1", route_class=KeyedRoute, tags=["reports"])

CSV = "text/csv"
REPORTING = told(*READING, ARCHIVE_BROKEN)


@router.get("/audit", operation_id="read_audit", response_model=AuditPage, responses=REPORTING)
async def read_audit(request: Request, asked: Annotated[AuditRead, Query()]) -> Response:
    """Read who did what when, in order; filters may be combined."""
    parts = parts_of(request)
    listing = Listing("audit", asked)
    which = AuditAsked(asked.by, asked.name, asked.subject, asked.since, asked.until)
    await parts.reports.catch_up(parts.desk.store)
    deeds = await parts.reports.audit(which, int(listing.page.after or 0), listing.page.limit + 1)
    page = deeds[: listing.page.limit]
    last = str(page[-1].number) if len(deeds) > len(page) else None
    return show.answer(show.page([show.deed(parts.desk.park, each) for each in page], listing.cursor(last)))


@router.get("/kpis", operation_id="read_kpis", response_model=KpisAnswer, responses=also_as(CSV, REPORTING))
async def read_kpis(request: Request, asked: Annotated[KpisAsked, Query()]) -> Response:
    """Read the key figures of some days by hour, warehouse or carrier; with `Accept: text/csv` as a table."""
    parts = parts_of(request)
    days = tuple(asked.day + timedelta(days=number) for number in range(asked.days))
    await parts.reports.catch_up(parts.desk.store)
    happened = await parts.reports.happened(days)
    figures = await asyncio.to_thread(measured, parts.desk.park, happened, asked.by)  # others are served meanwhile
    if asked.format is TableForm.CSV or CSV in request.headers.get("accept", ""):
        name = f"kpis-{asked.day.isoformat()}-{asked.by}.csv"
        return Response(table(figures), 200, {"Content-Disposition": f'attachment; filename="{name}"'}, CSV)
    *groups, whole = map(asdict, figures)
    return show.answer({"by": asked.by, "first": days[0], "last": days[-1], "groups": groups, "whole": whole})


def table(figures: Iterable[Kpi]) -> str:
    """Return figures as CSV with a head of their names; what is not known is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Kpi)])
    writer.writeheader()
    writer.writerows(asdict(each) for each in figures)
    return text.getvalue()
