"""`parkdispatch generate`: seeded days of a park, as files."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import say
from api.settings import demo_park_file
from dispatch.files import MAX_DAY_THINGS, load_park
from dispatch.roads.find import table_for
from simulations.demand.days import DEFAULT_DATE, MAX_SEED
from simulations.demand.generate import generate_day
from simulations.demand.write import write_day
from solver.reading import BadInput

generate_app = typer.Typer(help="Generate a seeded day of a park.", no_args_is_help=True)


@generate_app.callback()
def generate() -> None:
    """Generate a seeded day of a park."""


@generate_app.command("day")
def generate_day_files(
    out: Annotated[Path, typer.Option("--out", help="the directory to write into, made when missing", metavar="DIR")],
    visits: Annotated[int, typer.Option("--visits", help="how many visits", min=0, max=MAX_DAY_THINGS)] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="same seed, same bytes", min=0, max=MAX_SEED)] = 1,
    day: Annotated[str, typer.Option("--date", help="the day, YYYY-MM-DD")] = DEFAULT_DATE.isoformat(),
    park: Annotated[Path | None, typer.Option("--park", help="a park file, TOML; the demo park when left out")] = None,
) -> None:
    """Write slots.json, matching.json, park.json and day.json."""
    park_file = park or demo_park_file()
    the_park = load_park(park_file)
    generated = generate_day(the_park, visits=visits, seed=seed, date=parsed_date(day))
    write_day(generated, the_park, table_for(the_park, park_file.parent), out)
    say(
        f"{len(generated.visits)} visits, {len(generated.loads)} loads and {len(generated.trucks)} trucks "
        f"of {generated.date.isoformat()} written to {out}"
    )


def parsed_date(text: str) -> date:
    """Return YYYY-MM-DD as a date; BadInput otherwise."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("--date", "", f"{text[:40]!r} is not a date; allowed: YYYY-MM-DD") from None
