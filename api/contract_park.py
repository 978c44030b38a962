"""A small park served with things of two tenants in it, for `api.contract` to ask about."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np

from api.assembly import running_beside, wall_clock
from api.benchmark import own_park, plate, serving
from api.contract import Account, Asked, Contract
from api.contract_names import MADE_AT, Names
from api.http import examples
from api.http.problems import KINDS
from api.own_service import NO_RATES
from api.settings import demo_park_file
from dispatch.files import load_park
from dispatch.model.callers import Role
from dispatch.model.park import Park
from dispatch.model.promises import Match, MatchedLoad, MatchState
from dispatch.services import offering
from dispatch.services.desk import Desk
from dispatch.services.freight import KeptLoad
from dispatch.services.loads import get_load
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store

HOUR = 10  # at which the service's clock stands, in the park
WAREHOUSES = 6
DOCKS = 500
CASES = 5  # of either kind, per operation and round
JOB_SECONDS = 300.0
TENANT_OF = {Role.ENTERPRISE: "carrier", Role.DRIVER: "plate", Role.WAREHOUSE: "warehouse", Role.GATE: "gate"}


@dataclass(frozen=True, slots=True)
class Tenants:
    """One of each kind of tenant, and what fits them."""

    carrier: str
    plate: str
    warehouse: str
    gate: str
    is_own: bool


def study(directory: Path, requests: int, seed: int) -> Account:
    """Ask all operations round by round until there were so many requests; return what came of it."""
    with furnished(directory, np.random.default_rng(seed), with_jobs=True) as contract:
        for round_seed in itertools.count(seed):
            for operation in contract.operations:
                contract.ask_round(operation, CASES, round_seed)
            if contract.account.requests >= requests:
                break
        return contract.account


@contextmanager
def furnished(directory: Path, rng: np.random.Generator, *, with_jobs: bool) -> Iterator[Contract]:
    """Serve the park from a directory of its own; yield what asks it in the name of every role.

    `with_jobs`: a worker has brought a plan, a round, a scenario and a closure's replanning to their ends before; else
    they stand in the queue, and the scenario is cancelled.
    """
    park = small(load_park(demo_park_file()))
    today = park.grid.day_of(wall_clock())
    now, key = park.grid.moment_of(today, HOUR * 60), secrets.token_urlsafe(24)
    settings = {**own_park(park, directory), **NO_RATES, "PARKDISPATCH_LOG_LEVEL": "error"}
    with (
        running_store(StoreSettings(data_dir=directory / "store"), say=lambda _: None) as url,
        serving("service", url, key, at=now, **settings) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as operator,
    ):
        names = Names(park, today, tenants_of(park)[0].carrier, rng)
        furnishing = _Furnishing(park, now, operator, names)
        keys = furnishing.furnish(url)
        if with_jobs:
            with running_beside("worker", REDIS_URL=url, **settings):
                furnishing.make_jobs(finish=True)
        else:
            furnishing.make_jobs(finish=False)
        asked = Asked(str(operator.base_url), {**keys, Role.OPERATOR: key}, names, furnishing.prepare)
        with closing(Contract(asked, furnishing.document)) as contract:
            yield contract


def small(park: Park) -> Park:
    """Return a park with few warehouses: the two tenants' with docks for everybody, the others soon full."""
    sample = examples.sample_of(park, date.min)
    fitting = [house for house in park.warehouses if house.find_dock_group(sample.dock_kind) is not None]
    wide = (replace(house, dock_groups=tuple(replace(group, docks=DOCKS) for group in house.dock_groups))
            for house in fitting[:2])  # fmt: skip
    return replace(park, warehouses=(*wide, *fitting[2:WAREHOUSES]))


def tenants_of(park: Park) -> tuple[Tenants, Tenants]:
    """Return two tenants of each kind."""
    firms = [firm.id for firm in park.enterprises if firm.carrier and firm.quota is None]
    houses, gates = park.warehouses, park.gates
    own = Tenants(firms[0], plate(1), houses[0].id, gates[0].id, is_own=True)
    return own, Tenants(firms[1], plate(2), houses[1].id, gates[-1].id, is_own=False)


class NotMade(Exception):
    """A thing that shall be asked about could not be made."""


class _Furnishing:
    """Makes things of the two tenants, by the examples of the document."""

    def __init__(self, park: Park, now: datetime, operator: httpx.Client, names: Names) -> None:
        self.document: dict[str, Any] = operator.get("/openapi.json").raise_for_status().json()
        self._park = park
        self._now = now
        self._operator = operator
        self._names = names
        self._own, self._other = tenants_of(park)
        self._numbers = itertools.count(400_000)
        self._made: dict[str, str] = {}

    def furnish(self, url: str) -> dict[Role, str]:
        """Make everything but the ends of jobs; return a key of each role of one's own tenants."""
        sample = examples.sample_of(self._park, self._park.grid.day_of(self._now))
        for name, value in (
            ("cargo_kind", sample.cargo_kind),
            ("truck_kind", sample.truck_kind),
            ("home", sample.place),
        ):
            self._names.add(name, value)
        self._names.add("warehouse", self._park.warehouses[2].id, is_own=False)
        for code in KINDS:
            self._names.add("code", code)
        for tenants in (self._other, self._own):
            loads = self._make_things(tenants)
            asyncio.run(self._offer(url, tenants, loads))
            self._post(f"/v1/offers/round-{loads[0]}/accept", {})
            self._names.add("accepted_load_id", loads[0], is_own=tenants.is_own)
        return {role: self._make_key(role, self._own) for role in Role if role is not Role.OPERATOR}

    def make_jobs(self, *, finish: bool) -> None:
        """Ask for a plan, a matching round and a scenario; let a closure move an appointment, if a worker is there."""
        tomorrow = self._now + timedelta(days=1)
        day, own = str(tomorrow.date()), self._own
        displaced = self.make("/v1/appointments", own, **_exactly(tomorrow + timedelta(minutes=30)))
        closed = {"kind": "warehouse", "target": own.warehouse, "begins": tomorrow.isoformat(), "reason": "painting"}
        closure = self._post("/v1/closures", {**closed, "ends": (tomorrow + timedelta(hours=2)).isoformat()})["id"]
        scenario = {"day": day, "policy": "none", "replications": 2, "seconds": 1}
        asked = {"plans": {"day": day, "seconds": 1}, "matching-rounds": {}, "scenarios": scenario}
        made = {kind: self._post(f"/v1/{kind}", body)["id"] for kind, body in asked.items()}
        for kind, job in made.items():
            self._names.add(MADE_AT[f"/v1/{kind}"], job)
            if finish:
                self._wait(f"/v1/{kind}/{job}", "state")
        if finish:
            self._wait(f"/v1/closures/{closure}", "replanning")
        else:
            self._post(f"/v1/scenarios/{made['scenarios']}/cancel", {})
        self._post(f"/v1/closures/{closure}/cancel", {})
        self._names.add("ended_scenario_id", made["scenarios"])
        self._names.add("displaced_id", displaced)

    def prepare(self, operation: str) -> None:
        """Make what the operation can be done to, for both tenants."""
        for tenants in self._other, self._own:
            if operation in PREPARED:
                with suppress(NotMade):  # the park is full by now, or closed
                    PREPARED[operation](self, tenants)

    def _make_things(self, tenants: Tenants) -> list[str]:
        """Make things of the tenants; return their loads."""
        for name in ("carrier", "plate", "warehouse", "gate"):
            self._names.add(name, getattr(tenants, name), is_own=tenants.is_own)
            self._names.add("tenant", getattr(tenants, name), is_own=tenants.is_own)
        self._operator.put(
            f"/v1/trucks/{quote(tenants.plate)}", json=self._body("announce_truck", tenants)
        ).raise_for_status()
        for made_at in ("visits", "series", "webhooks", "closures"):
            self.make(f"/v1/{made_at}", tenants)
        for hours in range(4):
            self.make("/v1/appointments", tenants, **_exactly(self._now + timedelta(hours=hours, minutes=15)))
        loads = [self.make("/v1/loads", tenants) for _ in range(5)]
        self.make("/v1/exceptions", tenants, load=loads[-1])
        self._names.add("key_id", self._post("/v1/keys", {"role": "auditor", "note": "spare"})["id"])
        return loads

    def make(self, path: str, tenants: Tenants, **changes: Any) -> str:
        """Make a thing of the tenants by its example; return its id."""
        operation = self.document["paths"][path]["post"]["operationId"]
        made = self._post(path, {**self._body(operation, tenants), **changes})
        self._names.add(MADE_AT[path], made["id"], is_own=tenants.is_own)
        return str(made["id"])

    def book(self, tenants: Tenants, **changes: Any) -> None:
        """Book the tenants' warehouse as soon as may be, for a truck of its own, which may be checked in now."""
        asked = {"plate": plate(next(self._numbers)), **_exactly(self._now + timedelta(minutes=15)), **changes}
        self._appointment = self.make("/v1/appointments", tenants, **asked)
        self._names.add("plate", asked["plate"], is_own=tenants.is_own)

    def step(self, what: str) -> None:
        """Take the last appointment booked a step further."""
        self._post(f"/v1/appointments/{self._appointment}/{what}", {})

    def _body(self, operation: str, tenants: Tenants) -> dict[str, Any]:
        """Return the operation's example in the tenants' names."""
        (told,) = (each for item in self.document["paths"].values() for each in item.values()
                   if each["operationId"] == operation)  # fmt: skip
        example: dict[str, Any] = told["requestBody"]["content"]["application/json"]["example"]
        places = ("carrier", "plate", "warehouse", "gate")
        mine = {name: getattr(tenants, name) for name in places} | {"enterprise": tenants.carrier}
        return {name: mine.get(name, value) for name, value in example.items() if name != "id"}

    async def _offer(self, url: str, tenants: Tenants, loads: list[str]) -> None:
        """Offer loads to the tenants' truck, as a matching round would."""
        day = self._park.grid.day_of(self._now)
        async with Store(url, self._park.id) as store:
            for load in loads[:3]:
                kept = await get_load(Desk(self._park, store), load)
                chain = (MatchedLoad(load, kept.thing.load.earliest),)
                match = Match(
                    f"round-{load}", tenants.plate, "round", day, chain, 12, 80, MatchState.OFFERED, tenants.carrier
                )
                one = KeptLoad(kept.thing, kept.version)
                await store.commit(offering.make_match(self._park, store.keys, match, [one], self._now, behind=5))
                self._names.add("offer_id", match.id, is_own=tenants.is_own)

    def _make_key(self, role: Role, tenants: Tenants) -> str:
        tenant = {"tenant": getattr(tenants, TENANT_OF[role])} if role in TENANT_OF else {}
        carrier = {"carrier": tenants.carrier} if role is Role.DRIVER else {}
        return str(self._post("/v1/keys", {"role": role, **tenant, **carrier})["key"])

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._operator.post(path, json=body)
        if not answer.is_success:
            raise NotMade(f"{path} {body}: {answer.text}")
        made: dict[str, Any] = answer.json()
        return made

    def _wait(self, path: str, field: str) -> None:
        ends = time.monotonic() + JOB_SECONDS
        while (state := self._operator.get(path).json()[field]) in ("queued", "running"):
            assert time.monotonic() < ends, f"{path} is {state} after {JOB_SECONDS:g} s"
            time.sleep(0.1)


def _exactly(moment: datetime) -> dict[str, str]:
    return dict.fromkeys(("wish", "earliest", "latest"), moment.isoformat())


def _booking(*steps: str, **changes: Any) -> Callable[[_Furnishing, Tenants], None]:
    def make(furnishing: _Furnishing, tenants: Tenants) -> None:
        furnishing.book(tenants, **changes)
        for step in steps:
            furnishing.step(step)

    return make


PREPARED: Mapping[str, Callable[[_Furnishing, Tenants], object]] = {  # by the operation that needs it
    **dict.fromkeys(("cancel_appointment", "check_in_self", "report_eta", "move_appointment"), _booking()),
    **dict.fromkeys(("list_dead_letters", "replay_webhook"), lambda made, tenants: made.make("/v1/webhooks", tenants)),
    **dict.fromkeys(("note_arrival", "check_in_truck"), _booking()),
    "confirm_appointment": _booking(hold=True),
    "start_dock": _booking("check-in"),
    "finish_dock": _booking("check-in", "dock-start"),
    "check_out_truck": _booking("check-in", "dock-start", "dock-finish"),
}
