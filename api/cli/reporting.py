"""`parkdispatch report`: the projection for reports, rebuilt; the park's key figures, printed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, TypeVar

import typer

from api.assembly import clock_of, reaching_store, read_settings, reports_of
from api.cli.output import put_json, put_line, say
from api.http.routes.reports import table
from dispatch.files import load_park
from dispatch.planning.kpis import GroupBy, Kpi, measured
from dispatch.services.reports import Reports
from dispatch.store.store import Store
from solver.reading import BadInput

report_app = typer.Typer(no_args_is_help=True, help="the projection for reports, and the park's key figures")

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


@report_app.command("rebuild")
def rebuild(as_json: AsJson = False) -> None:
    """Throw the projection away and build it from archive and stream."""
    count = _with_reports(lambda reports, store: reports.rebuild(store))
    say(f"{count} events")
    if as_json:
        put_json({"events": count})


@report_app.command("kpis")
def kpis(
    day: Annotated[str | None, typer.Option("--day", help="the first day, as 2026-11-25; today without")] = None,
    days: Annotated[int, typer.Option("--days", help="how many days", min=1, max=31)] = 1,
    by: Annotated[GroupBy, typer.Option("--by", help="told for each of what")] = GroupBy.HOUR,
    as_json: AsJson = False,
) -> None:
    """Print the key figures of some days as CSV."""
    settings = read_settings()
    park = load_park(settings.park_file)
    first = park.grid.day_of(clock_of(settings)()) if day is None else _day(day)
    wanted = tuple(first + timedelta(days=number) for number in range(days))

    async def figures_of(reports: Reports, store: Store) -> list[Kpi]:
        await reports.catch_up(store)
        return measured(park, await reports.happened(wanted), by)

    figures = _with_reports(figures_of)
    if as_json:
        *groups, whole = map(asdict, figures)
        put_json({"by": by, "first": wanted[0], "last": wanted[-1], "groups": groups, "whole": whole})
    else:
        put_line(table(figures).strip())


def _with_reports(ask: Callable[[Reports, Store], Awaitable[T]]) -> T:
    settings = read_settings()
    park = load_park(settings.park_file)
    reports = reports_of(settings)

    async def run(url: str) -> T:
        async with Store(url, park.id) as store:
            return await ask(reports, store)

    with reaching_store(settings, say) as url:
        try:
            return asyncio.run(run(url))
        finally:
            reports.close()


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise BadInput("--day", "", f"{text[:40]!r} is not a day, as 2026-11-25") from None
