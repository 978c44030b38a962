"""The command `parkdispatch`: parse, ask, answer. Every fault of the user's is one line and exit code 2."""

import sys
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

import parkdispatch
from api.cli.benching import bench_app
from api.cli.demo import demo
from api.cli.generating import generate_app
from api.cli.output import put_line, say
from api.cli.serving import serve, worker
from api.cli.solving import check_app, solve_app
from dispatch.store.binary import StoreFault
from dispatch.store.commit import StoreDown
from solver.reading import BadInput

app = typer.Typer(
    name="parkdispatch",
    help="Entry slots and return loads for a logistics park, planned together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(generate_app, name="generate")
app.add_typer(solve_app, name="solve")
app.add_typer(check_app, name="check")
app.add_typer(bench_app, name="bench")
app.command("demo")(demo)
app.command("serve")(serve)
app.command("worker")(worker)


def _version(wanted: bool) -> None:
    if wanted:
        put_line(parkdispatch.__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="print it")] = False,
) -> None:
    """Entry slots and return loads for a logistics park, planned together."""


def main() -> None:
    """Run the command line; the one place where faults become a line and an exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Return the exit code of one call: 0 done, 1 a check that failed, 2 bad input, 130 interrupted."""
    command = typer.main.get_command(app)
    try:
        return int(command.main(args=arguments, prog_name="parkdispatch", standalone_mode=False) or 0)
    except BadInput as fault:
        say(f"parkdispatch: {fault}")
        return 2
    except (StoreDown, StoreFault) as fault:
        say(f"parkdispatch: {fault}")
        return 2
    except TyperException as fault:
        say(f"parkdispatch: {fault.format_message()}")
        return 2
    except (Abort, KeyboardInterrupt):
        say("interrupted")
        return 130
