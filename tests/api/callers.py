"""Two tenants of each role in one small park, and whatever the OpenAPI document lets them ask."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx
from fastapi import FastAPI

from dispatch.model.callers import Role
from dispatch.model.park import Park
from dispatch.model.promises import Match, MatchedLoad, MatchState
from dispatch.services import offering
from dispatch.services.desk import Desk
from dispatch.services.freight import KeptLoad
from dispatch.services.loads import get_load
from tests.api.tiny import DAY, NOW, announcing, asking, closing, plate, posting, recurring, tiny_park, wishing

METHODS = ("get", "put", "post", "delete", "patch")
MINE: dict[str, str] = {"carrier": "c1", "enterprise": "c1", "plate": plate(1), "warehouse": "w1", "gate": "east"}
THEIRS: dict[str, str] = {"carrier": "c2", "enterprise": "c2", "plate": plate(2), "warehouse": "w2", "gate": "west"}
TENANT_OF = {Role.ENTERPRISE: "carrier", Role.DRIVER: "plate", Role.WAREHOUSE: "warehouse", Role.GATE: "gate"}


def two_of_each() -> Park:
    """Return the tiny park with a second warehouse, whose nearest gate is the other one."""
    park = tiny_park(docks=50)
    (first,) = park.warehouses
    groups = tuple(replace(group, id=group.id.replace("w1", "w2")) for group in first.dock_groups)
    second = replace(first, id="w2", name="Two", zone="z2", dock_groups=groups)
    zones = (*park.zones, replace(park.zones[0], id="z2", gate="west"))
    return replace(park, zones=zones, warehouses=(first, second))


@dataclass(frozen=True)
class Operation:
    """One operation of the OpenAPI document."""

    method: str
    path: str
    told: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.told["operationId"])


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return every operation of the document."""
    return [
        Operation(method.upper(), path, told)
        for path, item in document["paths"].items()
        for method, told in item.items()
        if method in METHODS
    ]


@dataclass(frozen=True)
class Call:
    """A request as it goes out."""

    method: str
    path: str
    query: dict[str, Any]
    body: Any

    def says(self, text: str) -> bool:
        """Answer whether the request itself names something."""
        return text in f"{self.path} {self.query} {self.body}" or quote(text) in self.path


def call_of(operation: Operation, names: Mapping[str, str], *, filters: bool = True) -> Call:
    """Return the operation's example with every name that is one of the tenant's put into path, query and body."""
    path, query = operation.path, {}
    for parameter in operation.told.get("parameters", ()):
        name, where = parameter["name"], parameter["in"]
        value = names.get(name, parameter.get("example"))
        if where == "path":
            path = path.replace(f"{{{name}}}", quote(str(value)))
        elif where == "query" and value is not None and (filters or parameter["required"]) and name != "cursor":
            query[name] = value
    if {"truck", "load"} <= query.keys() and operation.path == "/v1/matches":
        del query["load"]
    body = operation.told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    return Call(operation.method, path, query, _named(body, names))


def _named(thing: Any, names: Mapping[str, str]) -> Any:
    if isinstance(thing, dict):
        fresh = {name: names.get(name, _named(value, names)) for name, value in thing.items()}
        return {name: value for name, value in fresh.items() if name != "id"}
    return [_named(each, names) for each in thing] if isinstance(thing, list) else thing


async def offer_and_complain(desk: Desk, operator: httpx.AsyncClient, named: Mapping[str, str]) -> dict[str, str]:
    """Offer the tenants' load to their truck and report an exception of it; return their names with both ids."""
    kept = await get_load(desk, named["load_id"])
    chain = (MatchedLoad(named["load_id"], kept.thing.load.earliest),)
    offer_id = f"round-{named['plate']}"
    state, carrier = MatchState.OFFERED, named["carrier"]
    match = Match(offer_id, named["plate"], "round", DAY, chain, 12, 80, state, carrier)
    load = KeptLoad(kept.thing, kept.version)
    await desk.store.commit(offering.make_match(desk.park, desk.keys, match, [load], NOW))
    said = await operator.post("/v1/exceptions", json={"load": named["load_id"], "kind": "complaint"})
    assert said.status_code == 201, said.text
    return {**named, "offer_id": offer_id, "exception_id": said.json()["id"]}


@asynccontextmanager
async def clients_of(
    app: FastAPI, operator: httpx.AsyncClient, names: Mapping[str, str]
) -> AsyncIterator[dict[Role, httpx.AsyncClient]]:
    """Make a key of each role for the tenants named; yield a client for each."""
    async with AsyncExitStack() as stack:
        clients = {}
        for role in Role:
            asked = {"role": role, "tenant": names.get(TENANT_OF.get(role, ""))}
            asked |= {"carrier": names["carrier"]} if role is Role.DRIVER else {}
            made = await operator.post("/v1/keys", json=asked)
            assert made.status_code == 201, made.text
            opened = httpx.AsyncClient(
                transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                base_url="http://park",
                headers={"Authorization": f"Bearer {made.json()['key']}"},
            )
            clients[role] = await stack.enter_async_context(opened)
        yield clients


async def furnish(operator: httpx.AsyncClient, names: Mapping[str, str], number: int) -> dict[str, str]:
    """Make one thing of each kind that belongs to the tenants; return their names with the ids of the things."""
    named = {name: names[name] for name in ("plate", "carrier", "warehouse")}
    load = posting(enterprise=names["enterprise"], destination=names["warehouse"])
    things = {
        "truck": ("PUT", f"/v1/trucks/{names['plate']}", announcing(carrier=names["carrier"])),
        "appointment_id": ("POST", "/v1/appointments", asking(wish="09:00") | named),
        "visit_id": ("POST", "/v1/visits", wishing(wish="14:00") | named),
        "load_id": ("POST", "/v1/loads", load),
        "plan_id": ("POST", "/v1/plans", {"day": str(DAY)}),
        "round_id": ("POST", "/v1/matching-rounds", {}),
        "series_id": ("POST", "/v1/series", recurring(**named)),
        "closure_id": ("POST", "/v1/closures", closing()),
        "webhook_id": ("POST", "/v1/webhooks", {"enterprise": names["enterprise"], "url": "https://a.example.com/x"}),
        "key_id": ("POST", "/v1/keys", {"role": "auditor", "note": f"of tenant {number}"}),
    }
    made = dict(names)
    for name, (method, path, body) in things.items():
        answer = await operator.request(method, path, json=body)
        assert answer.is_success, (path, answer.text)
        made[name] = answer.json().get("id", answer.json().get("plate"))
    return made | {"load": made["load_id"], "truck": names["plate"]}
