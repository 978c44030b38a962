"""What came of a driven day: whether all holds that must hold, and the figures, for people and as one document."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from api.driving.callers import Ledger
from api.driving.drive import Document, Drive
from api.driving.running import Driven
from simulations.benchmarks.tables import markdown

KPIS = (
    "visits",
    "completed",
    "no_shows",
    "on_time_share",
    "turn_minutes_mean",
    "turn_minutes_p90",
    "displacement_minutes_mean",
    "utilisation",
    "empty_km",
    "acceptance_share",
)


@dataclass(frozen=True, slots=True)
class Time:
    """Park hours driven, wall seconds for all and for the day's own 24 hours, and how fast it had to be."""

    park_hours: float
    wall_seconds: float
    day_seconds: float
    least_speed: float

    @property
    def speed(self) -> float:
        """Return how many times faster than real time the whole was."""
        return self.park_hours * 3600 / self.wall_seconds

    @property
    def day_speed(self) -> float:
        """Return how many times faster than real time the day's own 24 hours were."""
        return 24 * 3600 / self.day_seconds


@dataclass(frozen=True, slots=True)
class Holds:
    """One thing that must hold, whether it does, and what it says about it."""

    what: str
    is_so: bool
    detail: str


def checks(drive: Drive, driven: Driven, replay: Document, time: Time) -> list[Holds]:
    """Return everything that must hold at the end of a driven day."""
    ledger, total = drive.callers.ledger, sum(driven.states.values())
    day = driven.kpis["hour"]["whole"]
    slow = min(time.speed, time.day_speed)
    return [
        Holds(
            "the books balance",
            bool(replay["same"]) and replay["events"] == driven.events,
            f"{replay['keys']} keys folded from {replay['events']} events, {len(replay['differences'])} differ, "
            f"{len(replay['unbalanced'])} counters do not balance; {driven.events} events were heard",
        ),
        Holds(
            "visits by state",
            driven.states == driven.told_states
            and (day["completed"], day["no_shows"]) == (driven.day_states["completed"], driven.day_states["no_show"]),
            f"{total} appointments, as listed and as told: "
            + ", ".join(f"{count} {state}" for state, count in sorted(driven.states.items())),
        ),
        Holds("nobody was oversold", not driven.oversold, _first(driven.oversold, f"checked {driven.checks} times")),
        Holds(
            "every refusal had a reason",
            not ledger.fault_count,
            _first(ledger.faults, f"{sum(ledger.refused().values())} refusals, {len(ledger.refused())} reasons"),
        ),
        Holds(
            "the service never failed",
            not ledger.failures,
            _first([f"{what}, {count} times" for what, count in ledger.failures.items()], "no answer of 5xx"),
        ),
        Holds("fast enough", slow >= time.least_speed, f"{slow:.0f} times real time, {time.least_speed:g} asked for"),
    ]


def document(drive: Drive, driven: Driven, replay: Document, time: Time) -> Document:
    """Return everything as one document."""
    held = checks(drive, driven, replay, time)
    ledger = drive.callers.ledger
    return {
        "day": drive.script.day.date,
        "visits_asked_for": len(drive.script.askings),
        "loads": len(drive.script.postings),
        "seed": drive.seed,
        "wall_seconds": round(time.wall_seconds, 1),
        "day_wall_seconds": round(time.day_seconds, 1),
        "park_hours": time.park_hours,
        "speed": round(time.speed, 1),
        "day_speed": round(time.day_speed, 1),
        "holds": {each.what: each.is_so for each in held},
        "details": {each.what: each.detail for each in held},
        "is_good": all(each.is_so for each in held),
        "requests": {str(role): count for role, count in sorted(ledger.requests.items())},
        "answers": _nested(ledger),
        "examples": {f"{what}: {reason}": text for (what, reason), text in sorted(ledger.examples.items())},
        "faults": ledger.faults,
        "failures": dict(sorted(ledger.failures.items())),
        "oversold": driven.oversold,
        "events": dict(sorted(driven.event_names.items())),
        "appointments": dict(sorted(driven.states.items())),
        "counts": dict(sorted(drive.counts.items())),
        "closures": [each.document() for each in driven.closures],
        "replay": replay,
        "plan": driven.plan,
        "kpis": driven.kpis,
    }


def text(told: Document) -> str:
    """Return what people read of the document: tables, then what holds."""
    hours = [_kpi_row(each) for each in (*told["kpis"]["hour"]["groups"], told["kpis"]["hour"]["whole"])]
    requests: list[Document] = [{"role": role, "requests": count} for role, count in sorted(told["requests"].items())]
    refused = [
        {"operation": what, "reason": reason, "times": count, "such as": told["examples"][f"{what}: {reason}"][:80]}
        for what, answers in told["answers"].items()
        for reason, count in answers.items()
        if reason != "done"
    ]
    closures = [
        {
            name: each[name]
            for name in ("kind", "target", "closed", "booked", "moved", "waitlisted", "cancelled", "left")
        }
        for each in told["closures"]
    ]
    done = [{"what": what, "times": count} for what, count in told["counts"].items()]
    tables = [
        ("Key figures by hour", hours),
        ("Requests", requests),
        ("Refusals", refused),
        ("Closures", closures),
        ("What people did", done),
    ]
    parts = [f"{title}\n\n{markdown(rows)}" for title, rows in tables if rows]
    marks = [
        f"{'holds ' if told['holds'][what] else 'BROKEN'}  {what}: {detail}" for what, detail in told["details"].items()
    ]
    first = (
        f"{told['visits_asked_for']} visits and {told['loads']} loads on {told['day']}: {told['park_hours']:g} hours "
        f"of the park in {told['wall_seconds']} s, {told['speed']} times real time (the day itself {told['day_speed']})"
    )
    return "\n\n".join([first, *parts, "\n".join(marks)])


def _first(wrong: list[str], otherwise: str) -> str:
    return f"{wrong[0]} ({len(wrong)} named)" if wrong else otherwise


def _nested(ledger: Ledger) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for (what, reason), count in sorted(ledger.answers.items()):
        found.setdefault(what, Counter())[reason] = count
    return {what: dict(counts) for what, counts in found.items()}


def _kpi_row(group: Document) -> dict[str, Any]:
    shown = {name: group[name] for name in KPIS}
    return {"hour": group["group"]} | {name: "" if value is None else value for name, value in shown.items()}
