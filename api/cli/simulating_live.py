"""A scenario with the live plan as its base: asked of the running service, its progress told as it comes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from pydantic import TypeAdapter

from api.assembly import read_settings
from api.cli.output import say
from simulations.scenarios.changes import Change
from simulations.scenarios.scenario import Scenario
from solver.reading import BadInput

_CHANGES: TypeAdapter[tuple[Change, ...]] = TypeAdapter(tuple[Change, ...])
LONGEST_QUIET = 60.0  # seconds between two of the service's signs of life


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service is, and the key it is asked with."""

    url: str
    key: str


def service_at(url: str | None) -> Service:
    """Return the service at a URL, or where the settings have it; BadInput where its key is not known."""
    settings = read_settings()
    file: Path = settings.var_dir / "operator.key"
    if settings.operator_key is not None:
        key = settings.operator_key.get_secret_value()
    elif file.exists():
        key = file.read_text().strip()
    else:
        raise BadInput(str(file), "", "is not there; give the key in PARKDISPATCH_OPERATOR_KEY")
    return Service(url or f"http://{settings.host}:{settings.port}", key)


def simulate_live(service: Service, scenario: Scenario, policy: str) -> dict[str, Any]:
    """Return the scenario as the service answers it when it has succeeded; BadInput for all that goes wrong."""
    asked: dict[str, Any] = {
        "changes": _CHANGES.dump_python(scenario.changes, by_alias=True, exclude_none=True),
        "policy": policy,
        "replications": max(2, scenario.replications),
        "seed": scenario.seed,
        "seconds": max(1, round(scenario.plan_seconds)),
    }
    if scenario.base.date is not None:
        asked["day"] = scenario.base.date.isoformat()
    headers = {"Authorization": f"Bearer {service.key}"}
    try:
        with httpx.Client(base_url=service.url, headers=headers, timeout=LONGEST_QUIET) as client:
            where = _answered(service, client.post("/v1/scenarios", json=asked))["id"]
            _tell_progress(client, f"/v1/scenarios/{where}/progress")
            found = _answered(service, client.get(f"/v1/scenarios/{where}"))
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise BadInput(service.url, "", f"does not answer ({type(fault).__name__})") from None
    if found["state"] != "succeeded":
        raise BadInput(service.url, "", f"scenario {found['id']} has {found['state']}: {found['error']}")
    return found


def _answered(service: Service, answer: httpx.Response) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(answer.content) if answer.content else {}
    if answer.is_success:
        return document
    errors = document.get("errors") or [{}]
    where, problem = errors[0].get("field", ""), errors[0].get("problem") or document.get("detail")
    raise BadInput(service.url, str(where), str(problem or document.get("title") or f"answers {answer.status_code}"))


def _tell_progress(client: httpx.Client, path: str) -> None:
    with client.stream("GET", path) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                news = orjson.loads(line.removeprefix("data: "))
                say("  ".join(f"{name} {value}" for name, value in news.items() if name != "at" and value is not None))
