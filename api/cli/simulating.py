"""`parkdispatch simulate` and `compare`: scenarios of the demo park or a saved day, without a service."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from typer.core import TyperGroup

import parkdispatch
from api.cli.output import put_json, put_line, say
from api.cli.simulating_gate import gate
from api.cli.simulating_live import Service, service_at, simulate_live
from api.settings import demo_park_file
from dispatch.files import load_park, write_together
from dispatch.roads.find import table_for
from simulations.benchmarks.tables import markdown
from simulations.policies.find import BUILT_IN, find_policy
from simulations.running import results
from simulations.running.comparing import BASELINE, CHANGED, Run, Watching, compared, simulated, with_values
from simulations.running.intervals import difference, interval
from simulations.running.sweep import Engine, cells, swept
from simulations.scenarios.base import base_stage
from simulations.scenarios.library import find_scenario, library_names
from simulations.scenarios.read import check_fits
from simulations.scenarios.scenario import MOST_REPLICATIONS, Grid, Scenario
from simulations.scenarios.stage import Stage
from simulations.tables import csv_text
from solver.reading import BadInput

SHOWN = (
    "gate_wait_minutes",
    "dock_wait_minutes",
    "turn_minutes",
    "turn_minutes_p95",
    "gate_queue_max",
    "spill_back_minutes",
    "on_time_share",
    "displaced_minutes",
    "empty_share",
    "loads_served",
    "co2_kg",
)


class _ScenarioFirst(TyperGroup):
    """A group whose first argument may be a scenario in place of a command's name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["scenario", *args]
        return super().parse_args(ctx, args)


simulate_app = typer.Typer(cls=_ScenarioFirst, help="Simulate a scenario, or a queue alone.", no_args_is_help=True)
simulate_app.command("gate")(gate)

ScenarioFile = Annotated[
    str, typer.Argument(help="a scenario file, or the name of a shipped one", metavar="SCENARIO.toml")
]
Replications = Annotated[
    int | None, typer.Option("--replications", help="in place of the file's", min=1, max=MOST_REPLICATIONS)
]
Seed = Annotated[int | None, typer.Option("--seed", help="in place of the file's", min=0, max=2**63 - 1)]
Seconds = Annotated[
    float | None, typer.Option("--plan-seconds", help="for one plan, in place of the file's", min=0.1, max=600.0)
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="write results.csv, results.json and pictures (SVG) here, made when missing"),
]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


@simulate_app.command("list")
def list_scenarios() -> None:
    """Name the shipped scenarios."""
    put_line(markdown([{"name": name, "title": find_scenario(name).title} for name in library_names()]))


@simulate_app.command("scenario")
def simulate(  # noqa: PLR0917 - each is an option of the command
    file: ScenarioFile,
    replications: Replications = None,
    seed: Seed = None,
    plan_seconds: Seconds = None,
    policy: Annotated[str | None, typer.Option("--policy", help="in place of the file's")] = None,
    url: Annotated[str | None, typer.Option("--url", help="of the running service, for a live base")] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Simulate the changed day of a scenario under its policy; a live base is asked of the running service."""
    began = time.monotonic()
    scenario = with_values(find_scenario(file), replications=replications, seed=seed, plan_seconds=plan_seconds)
    policy = policy or scenario.policy
    if scenario.base.kind == "live":
        _simulate_live(service_at(url), scenario, policy, out, as_json)
        return
    find_policy(file, policy)
    base = _base(file, scenario)
    (run,) = simulated(file, scenario, base, [policy], _watching(began))
    document = _head(file, scenario) | {
        "policy": policy,
        "measures": results.measures_document(run.ran),
        "series": results.series_document(run.ran),
        **results.details_document(run.stage.park, run.ran),
        "wall_seconds": time.monotonic() - began,
    }
    if out is not None:
        _write(out, list(results.rows({"policy": policy}, interval(run.ran.scalars))), {policy: run}, document)
    if as_json:
        put_json(document)
    else:
        put_line(markdown(_shown([run])))


def compare(  # noqa: PLR0917 - each is an option of the command
    file: ScenarioFile,
    replications: Replications = None,
    seed: Seed = None,
    plan_seconds: Seconds = None,
    policies: Annotated[str, typer.Option("--policies", help="names, by commas")] = ",".join(BUILT_IN),
    lanes: Annotated[str | None, typer.Option("--lanes", help="a sweep over entry lanes, as 6,8,10,12 or 6-12")] = None,
    demand: Annotated[str | None, typer.Option("--demand", help="a sweep over demand, as 0.8,1.0,1.4")] = None,
    no_show: Annotated[str | None, typer.Option("--no-show", help="a sweep over no-shows, as 0,0.1,0.2")] = None,
    engine: Annotated[str, typer.Option("--engine", help="what does a sweep: local or ray")] = "local",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Compare the day as it is with the changed one, under each policy; with a grid, sweep over it."""
    began = time.monotonic()
    if engine not in ("local", "ray"):
        raise BadInput("--engine", "", f"is {engine[:40]!r}; allowed: local, ray")
    scenario = with_values(find_scenario(file), replications=replications, seed=seed, plan_seconds=plan_seconds)
    scenario = _with_grid(scenario, lanes, demand, no_show)
    chosen = [name.strip() for name in policies.split(",") if name.strip()]
    if not chosen:
        raise BadInput("--policies", "", "names no policy")
    for name in chosen:
        find_policy("--policies", name)
    base = _base(file, scenario)
    if scenario.grid is not None:
        _sweep(file, scenario, chosen, "ray" if engine == "ray" else "local", out, as_json)
        return
    found = list(compared(file, scenario, base, chosen, _watching(began)))
    document = _head(file, scenario) | {
        "policies": {policy: _policy_document(found, policy, chosen[0]) for policy in chosen},
        "wall_seconds": time.monotonic() - began,
    }
    if out is not None:
        named = {f"{run.policy}, {run.day}": run for run in found}
        _write(out, [row for run in found for row in _run_rows(run, found)], named, document)
    if as_json:
        put_json(document)
    else:
        put_line(markdown(_shown(found)))


def _simulate_live(service: Service, scenario: Scenario, policy: str, out: Path | None, as_json: bool) -> None:
    found = simulate_live(service, scenario, policy)
    result = found["result"]
    days = ("baseline", "changed", "difference")
    if out is not None:
        table = [
            {"measure": name}
            | {f"{day} {part}": result[day][name][part] for day in days for part in ("mean", "half_width")}
            for name in result["baseline"]
        ]
        write_together(out, {"results.csv": lambda path: path.write_bytes(csv_text(table).encode())})
    if as_json:
        put_json(found)
        return
    shown = [{"measure": name} | {day: _mean_text(result[day][name]) for day in days} for name in SHOWN]
    put_line(markdown(shown))
    put_line(f"\n{result['moved']} appointments would move, {result['without_slot']} of them without a slot")


def _mean_text(found: dict[str, float | None]) -> str:
    if found["mean"] is None:
        return "-"
    return f"{found['mean']:.4g} ± {found['half_width'] or 0:.2g}"


def _policy_document(found: Sequence[Run], policy: str, first: str) -> dict[str, Any]:
    mine = {run.day: run for run in found if run.policy == policy}
    against = {run.day: run for run in found if run.policy == first}
    document: dict[str, Any] = {
        day: {
            "measures": results.measures_document(run.ran),
            "series": results.series_document(run.ran),
            **results.details_document(run.stage.park, run.ran),
            f"less_{first}": results.differences_document(run.ran, against[day].ran),
        }
        for day, run in mine.items()
    }
    if CHANGED in mine:
        changed, base = mine[CHANGED], mine[BASELINE]
        document["difference"] = results.differences_document(changed.ran, base.ran)
        document["difference_by"] = results.detailed_differences_document(base.stage.park, changed.ran, base.ran)
    return document


def _run_rows(run: Run, found: Sequence[Run]) -> Iterable[dict[str, Any]]:
    """Yield a run's rows: its measures, and what they are above the baseline's and the first policy's."""
    beside = {(each.policy, each.day): each.ran for each in found}
    first = found[0].policy
    labels = {"policy": run.policy, "day": run.day}
    yield from results.rows(labels | {"less": ""}, interval(run.ran.scalars))
    if run.day == CHANGED:
        apart = difference(run.ran.scalars, beside[run.policy, BASELINE].scalars)
        yield from results.rows(labels | {"less": BASELINE}, apart)
    if run.policy != first:
        yield from results.rows(labels | {"less": first}, difference(run.ran.scalars, beside[first, run.day].scalars))


def _sweep(
    file: str, scenario: Scenario, policies: Sequence[str], engine: Engine, out: Path | None, as_json: bool
) -> None:
    from simulations.running import plots  # noqa: PLC0415 - matplotlib takes a second to load

    began = time.monotonic()
    tasks = cells(file, demo_park_file(), scenario, policies)
    say(f"{len(tasks)} tasks of {scenario.replications} replications each, engine {engine}")
    table = swept(
        tasks, engine, lambda done: say(f"{time.monotonic() - began:7.1f} s  {done} of {len(tasks)} tasks done")
    )
    head = _head(file, scenario) | {
        "grid": asdict(scenario.grid or Grid()),
        "policies": list(policies),
        "engine": engine,
        "wall_seconds": time.monotonic() - began,
    }
    if out is not None:
        pictures = {
            "gate-wait.svg": lambda path: plots.sweep_lines(
                table, path, scenario.title, "gate_wait_minutes", "gate wait, minutes"
            ),
            "empty-share.svg": lambda path: plots.sweep_lines(
                table, path, scenario.title, "empty_share", "empty share of all kilometres"
            ),
        }
        text = csv_text(table).encode()
        files = {
            "results.csv": lambda path: path.write_bytes(text),
            "results.json": lambda path: path.write_bytes(_json(head)),
        }
        write_together(out, {**files, **pictures})
        say(f"results.csv, results.json and pictures written to {out}")
    if as_json:
        put_json(head | {"rows": table})
    else:
        put_line(markdown([row for row in table if row["measure"] in ("gate_wait_minutes", "empty_share")]))


def _base(file: str, scenario: Scenario) -> Stage:
    """Return the scenario's base day; BadInput for what does not fit, and for the shipped names where it is no file."""
    park_file = demo_park_file()
    park = load_park(park_file)
    base = base_stage(file, scenario.base, park, table_for(park, park_file.parent))
    check_fits(file, scenario, base.park)
    return base


def _watching(began: float) -> Watching:
    return Watching(lambda text: say(f"{time.monotonic() - began:7.1f} s  {text}"))


def _head(file: str, scenario: Scenario) -> dict[str, Any]:
    return {
        "scenario": file,
        "title": scenario.title,
        "base": {"kind": scenario.base.kind, "visits": scenario.base.visits, "seed": scenario.base.seed},
        "replications": scenario.replications,
        "seed": scenario.seed,
        "version": parkdispatch.__version__,
    }


def _shown(found: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the table people read: a row per measure, a column per run."""
    table = []
    for name in SHOWN:
        row: dict[str, Any] = {"measure": name}
        for run in found:
            means = interval(run.ran.scalar(name))
            row[f"{run.policy}, {run.day}"] = f"{means.mean:.4g} ± {means.half_width:.2g}"
        table.append(row)
    return table


def _write(out: Path, table: list[dict[str, Any]], runs: dict[str, Run], document: dict[str, Any]) -> None:
    from simulations.running import plots  # noqa: PLC0415 - matplotlib takes a second to load

    ran = {name: run.ran for name, run in runs.items()}
    text = csv_text(table).encode()
    write_together(
        out,
        {
            "results.csv": lambda path: path.write_bytes(text),
            "results.json": lambda path: path.write_bytes(_json(document)),
            "queue.svg": lambda path: plots.queue_over_day(ran, path, f"{document['title']}: trucks before the gates"),
            "turn-times.svg": lambda path: plots.turn_times(ran, path, f"{document['title']}: turn time"),
        },
    )
    say(f"results.csv, results.json, queue.svg and turn-times.svg written to {out}")


def _json(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2) + b"\n"


def _with_grid(scenario: Scenario, lanes: str | None, demand: str | None, no_show: str | None) -> Scenario:
    given = {
        name: tuple(_numbers(f"--{name.replace('_', '-')}", text, kind))
        for name, text, kind in (("lanes", lanes, int), ("demand", demand, float), ("no_show", no_show, float))
        if text is not None
    }
    if not given:
        return scenario
    try:
        return replace(scenario, grid=replace(scenario.grid or Grid(), **given))
    except ValueError as fault:
        raise BadInput("grid", "", str(fault)) from None


def _numbers(option: str, text: str, kind: type[int] | type[float]) -> list[Any]:
    low, dash, high = text.partition("-")
    try:
        if dash and kind is int:
            if int(low) > int(high):
                raise BadInput(option, "", f"{text[:40]!r} ends before it begins")
            return list(range(int(low), int(high) + 1))
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(option, "", f"{text[:40]!r} must be numbers with commas, as 6,8,10") from None
