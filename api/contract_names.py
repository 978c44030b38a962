"""Names of things that exist, put into generated requests where a thing of their kind is named."""

import itertools
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from api.benchmark import plate
from dispatch.model.park import Park

EXCHANGED_SHARE = 0.85
OWN_SHARE = 0.7
FRESH_PLATE_SHARE = 0.4
REMEMBERED = 8  # of each kind and tenant: the newest

MADE_AT: Mapping[str, str] = {  # where things are made: the name that takes their id
    "/v1/appointments": "appointment_id",
    "/v1/gate/walk-ins": "appointment_id",
    "/v1/closures": "closure_id",
    "/v1/series": "series_id",
    "/v1/visits": "visit_id",
    "/v1/loads": "load_id",
    "/v1/plans": "plan_id",
    "/v1/scenarios": "scenario_id",
    "/v1/matching-rounds": "round_id",
    "/v1/exceptions": "exception_id",
    "/v1/keys": "key_id",
    "/v1/webhooks": "webhook_id",
}
KIND_OF: Mapping[str, str] = {  # a name that takes things of another name's kind
    "truck": "plate",
    "load": "load_id",
    "appointment": "appointment_id",
    "pickup_visit": "visit_id",
    "delivery_visit": "visit_id",
    "free_at": "home",
    "origin": "home",
    "destination": "warehouse",
    "enterprise": "carrier",
    "blocked": "carrier",
    "allowed": "carrier",
    "blocked_carriers": "carrier",
    "allowed_carriers": "carrier",
}
IN_OPERATION: Mapping[tuple[str, str], str] = {  # the same, in one operation alone
    ("announce_truck", "kind"): "truck_kind",
    ("watch_scenario", "scenario_id"): "ended_scenario_id",  # else it is watched for ever
    ("apply_scenario", "scenario_id"): "ended_scenario_id",
    ("get_scenario_csv", "scenario_id"): "ended_scenario_id",
    ("progress_load", "load_id"): "accepted_load_id",
    ("accept_change", "appointment_id"): "displaced_id",
    ("refuse_change", "appointment_id"): "displaced_id",
}
MOMENTS: Mapping[str, tuple[int, int]] = {  # days from today, and minute of the day; the day may be the next
    "arrived_at": (0, 9 * 60 + 50),
    "earliest": (0, 10 * 60 + 15),
    "wish": (0, 10 * 60 + 30),
    "eta": (0, 11 * 60),
    "latest": (0, 14 * 60),
    "due": (0, 20 * 60),
    "free_from": (0, 8 * 60),
    "home_by": (0, 22 * 60),
    "begins": (6, 14 * 60),
    "ends": (6, 15 * 60),
    "deadline": (1, 12 * 60),
    "since": (-1, 0),
    "until": (2, 0),
}
DAYS = ("day", "exdates")


class Names:
    """Names by the parameter or field that takes them, of the tenant that asks and of another."""

    def __init__(self, park: Park, today: date, own_carrier: str, rng: np.random.Generator) -> None:
        self._park = park
        self._today = today
        self._own_carrier = own_carrier
        self._rng = rng
        self._fresh = itertools.count(500_000)
        self._known: tuple[dict[str, list[Any]], dict[str, list[Any]]] = ({}, {})  # of others, one's own

    def add(self, name: str, value: Any, *, is_own: bool = True) -> None:
        """Know a name more, and forget the oldest of many."""
        known = self._known[is_own].setdefault(name, [])
        known.append(value)
        del known[:-REMEMBERED]

    def learn(self, name: str, value: Any, thing: Mapping[str, Any]) -> None:
        """Know a name more, of the tenant that the thing itself names."""
        owner = thing.get("carrier", thing.get("enterprise", self._own_carrier))
        self.add(name, value, is_own=owner == self._own_carrier)

    def exchanged(self, operation: str, thing: Any) -> Any:
        """Return a part of a request with most names in it exchanged for such as exist."""
        if isinstance(thing, dict):
            later = timedelta(days=int(self._rng.integers(2)))
            return {name: self._value(operation, name, value, later) for name, value in thing.items()}
        return thing

    def _value(self, operation: str, name: str, value: Any, later: timedelta) -> Any:
        if isinstance(value, list):
            return [self._value(operation, name, each, later) for each in value]
        if not isinstance(value, str) or self._rng.random() > EXCHANGED_SHARE:
            return self.exchanged(operation, value)
        if name in DAYS:
            return str(self._today + later)
        if name in MOMENTS:
            return self._moment(name, later).isoformat()
        if name == "If-Match":
            return "*"
        return self._named(IN_OPERATION.get((operation, name), KIND_OF.get(name, name)), value)

    def _moment(self, name: str, later: timedelta) -> datetime:
        days, minute = MOMENTS[name]
        return self._park.grid.moment_of(self._today + timedelta(days=days) + later, minute)

    def _named(self, kind: str, value: str) -> Any:
        if kind == "plate" and self._rng.random() < FRESH_PLATE_SHARE:
            return plate(next(self._fresh))
        is_own = bool(self._rng.random() < OWN_SHARE)
        known = self._known[is_own].get(kind) or self._known[not is_own].get(kind)
        return known[int(self._rng.integers(len(known)))] if known else value
