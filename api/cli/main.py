"""The command `parkdispatch`: parse, ask, answer. Every fault of the user's is one line and exit code 2."""

from api.cli import started  # first: the time of the call counts from here

# isort: split
import importlib
import sys
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

import parkdispatch
from api.cli.output import put_line, say
from dispatch.store.binary import StoreFault
from dispatch.store.commit import ArchiveFault, StoreDown
from solver.reading import BadInput

COMMANDS = {  # each is loaded only when it is called: solvers and the web take seconds to load
    "generate": "api.cli.generating:generate_app",
    "solve": "api.cli.solving:solve_app",
    "check": "api.cli.solving:check_app",
    "explain": "api.cli.explaining:explain_app",
    "simulate": "api.cli.simulating:simulate_app",
    "compare": "api.cli.simulating:compare",
    "drive-day": "api.cli.driving:drive_day",
    "bench": "api.cli.benching:bench_app",
    "demo": "api.cli.demo:demo",
    "serve": "api.cli.serving:serve",
    "keys": "api.cli.keys:keys_app",
    "archive": "api.cli.keeping:archive",
    "backup": "api.cli.keeping:backup",
    "restore": "api.cli.keeping:restore",
    "report": "api.cli.reporting:report_app",
    "replay": "api.cli.replaying:replay",
    "verify-pass": "api.cli.passes:verify_pass",
    "serve-beside": "api.cli.serving:serve_beside",
    "worker": "api.cli.serving:worker",
}

ALONE: dict[tuple[str, ...], str] = {  # without what the rest of their group loads
    ("solve", "slots"): "api.cli.solving_slots:slots_app",
    ("simulate", "gate"): "api.cli.simulating_gate:gate_app",
}


def app_for(arguments: list[str]) -> typer.Typer:
    """Return the command line with the command that is called, with all of them when that is not plain."""
    app = typer.Typer(
        name="parkdispatch",
        help="Entry slots and return loads for a logistics park, planned together.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(root)
    called = arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else list(COMMANDS)
    for name in called:
        where = ALONE.get((name, *arguments[1:2]), COMMANDS[name])
        module, _, attribute = where.partition(":")
        part = getattr(importlib.import_module(module), attribute)
        if isinstance(part, typer.Typer):
            app.add_typer(part, name=name)
        else:
            app.command(name)(part)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        put_line(parkdispatch.__version__)
        raise typer.Exit


def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="print it")] = False,
) -> None:
    """Entry slots and return loads for a logistics park, planned together."""


def main() -> None:
    """Run the command line; the one place where faults become a line and an exit code."""
    started.by_command_line()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Return the exit code of one call: 0 done, 1 a check that failed, 2 bad input, 130 interrupted."""
    try:
        command = typer.main.get_command(app_for(arguments))
        return int(command.main(args=arguments, prog_name="parkdispatch", standalone_mode=False) or 0)
    except BadInput as fault:
        say(f"parkdispatch: {fault}")
        return 2
    except (ArchiveFault, StoreDown, StoreFault) as fault:
        say(f"parkdispatch: {fault}")
        return 2
    except TyperException as fault:
        say(f"parkdispatch: {fault.format_message()}")
        return 2
    except (Abort, KeyboardInterrupt):
        say("interrupted")
        return 130
