"""Who may do what: one row per route, one cell per role. A route without a row is the operator's alone.

A cell says what of the request must be the caller's own: what it names (403 otherwise), or the thing its path leads to
(404 otherwise, told in the very words of a thing that is not there). Lists are narrowed to what is the caller's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request

from api.http.parts import Parts
from api.http.problems import FORBIDDEN, Fault, InvalidRequest
from dispatch.model.callers import Caller, Role, owners_of
from dispatch.model.plates import normalised
from dispatch.services.desk import Desk, Misfit, not_there
from dispatch.store.commit import Stored
from dispatch.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Own:
    """What of a request must be the caller's own; nothing of it when all is left out.

    `body`: fields of the body that must name the caller. `rows`: the same in each row of a bulk request, where a row
    that does not is refused for itself. `query`: filters that are set to the caller. `path`: a parameter that must name
    the caller. `things`: parameters of the path whose thing must be the caller's. `asked`: parameters of the query, of
    which one must be given, whose thing must be the caller's. `given`: those whose thing must be, where they are given.
    `refers`: fields of the body whose thing must be.
    """

    body: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()


Row = Mapping[Role, Own]
OWNING = (Role.ENTERPRISE, Role.DRIVER)  # may name their own trucks and loads alone; a gate names whoever comes

ALL = Own()
OPEN: Row = {}  # to everybody, without a key
THINGS: dict[str, tuple[str, Callable[[Keys, str], str]]] = {  # parameter: the thing's name and its key in the store
    "appointment_id": ("appointment", Keys.appointment),
    "series_id": ("series", Keys.series),
    "visit_id": ("visit", Keys.visit),
    "load_id": ("load", Keys.load),
    "load": ("load", Keys.load),
    "offer_id": ("offer", Keys.match),
    "exception_id": ("exception", Keys.exception),
    "webhook_id": ("webhook", Keys.webhook),
    "plate": ("truck", Keys.truck_state),
    "truck": ("truck", Keys.truck_state),
}


def own(body: str = "", **names: str) -> Own:
    """Return a cell; fields and parameters are separated by blanks."""
    return Own(tuple(body.split()), **{name: tuple(text.split()) for name, text in names.items()})


def row(
    enterprise: Own | None = None,
    driver: Own | None = None,
    warehouse: Own | None = None,
    gate: Own | None = None,
    auditor: Own | None = None,
) -> Row:
    """Return a row; whose cell is left out may not do it, the operator may do everything."""
    cells = {
        Role.ENTERPRISE: enterprise,
        Role.DRIVER: driver,
        Role.WAREHOUSE: warehouse,
        Role.GATE: gate,
        Role.AUDITOR: auditor,
        Role.OPERATOR: ALL,
    }
    return {role: cell for role, cell in cells.items() if cell is not None}


def reading(
    enterprise: Own | None = None, driver: Own | None = None, warehouse: Own | None = None, gate: Own | None = None
) -> Row:
    """Return the row of a route that only reads: the auditor may."""
    return row(enterprise, driver, warehouse, gate, auditor=ALL)


APPOINTMENT = own(things="appointment_id")
SERIES = own(things="series_id")
VISIT = own(things="visit_id")
LOAD = own(things="load_id")
TRUCK = own(things="plate")
WEBHOOK = own(things="webhook_id")
OFFER = own(things="offer_id")
EXCEPTION = own(things="exception_id")

MATRIX: dict[tuple[str, str], Row] = {
    ("GET", "/v1/park"): OPEN,
    ("GET", "/v1/availability"): OPEN,
    ("GET", "/v1/availability/hours"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("GET", "/problems/{code}"): OPEN,
    ("POST", "/v1/appointments"): row(own("carrier"), own("plate carrier")),
    ("POST", "/v1/appointments/bulk"): row(own(rows="carrier")),
    ("GET", "/v1/appointments"): reading(
        own(query="carrier"), own(query="truck carrier"), own(query="warehouse"), own(query="gate")
    ),
    ("GET", "/v1/appointments/{appointment_id}"): reading(APPOINTMENT, APPOINTMENT, APPOINTMENT, APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/cancel"): row(APPOINTMENT, APPOINTMENT),
    ("PATCH", "/v1/appointments/{appointment_id}"): row(APPOINTMENT, own("plate", things="appointment_id")),
    ("POST", "/v1/appointments/{appointment_id}/move"): row(APPOINTMENT, APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/confirm"): row(APPOINTMENT, APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/eta"): row(APPOINTMENT, APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/offer/accept"): row(APPOINTMENT, APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/offer/refuse"): row(APPOINTMENT, APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/check-in"): row(driver=APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/dock-start"): row(warehouse=APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/dock-finish"): row(warehouse=APPOINTMENT),
    ("GET", "/v1/appointments/{appointment_id}/pass"): row(APPOINTMENT, APPOINTMENT),
    ("GET", "/v1/appointments/{appointment_id}/pass.png"): row(APPOINTMENT, APPOINTMENT),
    ("GET", "/v1/appointments/{appointment_id}/pass.svg"): row(APPOINTMENT, APPOINTMENT),
    ("GET", "/v1/gate/public-key"): OPEN,
    ("GET", "/v1/gate/queue"): reading(warehouse=own(query="warehouse")),
    ("POST", "/v1/gate/sweeps"): row(),
    ("POST", "/v1/gate/arrivals"): row(gate=own("gate")),
    ("POST", "/v1/gate/check-ins"): row(gate=own("gate")),
    ("POST", "/v1/gate/walk-ins"): row(gate=own("gate")),
    ("POST", "/v1/gate/check-outs"): row(gate=own("gate")),
    ("POST", "/v1/appointments/{appointment_id}/change/accept"): row(APPOINTMENT, APPOINTMENT),
    ("POST", "/v1/appointments/{appointment_id}/change/refuse"): row(APPOINTMENT, APPOINTMENT),
    ("GET", "/v1/carriers/{carrier}/allowance"): reading(own(path="carrier"), own(path="carrier")),
    ("GET", "/v1/carriers/{carrier}/availability"): reading(
        own(path="carrier", given="truck"), own(path="carrier", query="truck")
    ),
    ("GET", "/v1/overbooking"): reading(),
    ("POST", "/v1/series"): row(own("carrier"), own("plate carrier")),
    ("GET", "/v1/series"): reading(own(query="carrier"), own(query="truck carrier")),
    ("GET", "/v1/series/{series_id}"): reading(SERIES, SERIES),
    ("GET", "/v1/series/{series_id}/occurrences"): reading(SERIES, SERIES),
    ("POST", "/v1/series/{series_id}/exdates"): row(SERIES, SERIES),
    ("POST", "/v1/series/{series_id}/end"): row(SERIES, SERIES),
    ("GET", "/v1/waitlist"): reading(own(query="carrier"), own(query="truck carrier"), own(query="warehouse")),
    ("POST", "/v1/closures"): row(),
    ("GET", "/v1/closures"): reading(ALL, ALL, ALL, ALL),
    ("GET", "/v1/closures/{closure_id}"): reading(),
    ("POST", "/v1/closures/{closure_id}/cancel"): row(),
    ("POST", "/v1/visits"): row(own("carrier"), own("plate carrier")),
    ("POST", "/v1/visits/bulk"): row(own(rows="carrier")),
    ("GET", "/v1/visits"): reading(own(query="carrier"), own(query="truck carrier"), own(query="warehouse")),
    ("GET", "/v1/visits/{visit_id}"): reading(VISIT, VISIT, VISIT),
    ("POST", "/v1/loads"): row(own("enterprise")),
    ("POST", "/v1/loads/bulk"): row(own(rows="enterprise")),
    ("GET", "/v1/loads"): reading(own(query="enterprise")),
    ("GET", "/v1/loads/{load_id}"): reading(LOAD, LOAD, warehouse=LOAD),
    ("POST", "/v1/loads/{load_id}/withdraw"): row(LOAD),
    ("POST", "/v1/loads/{load_id}/progress"): row(driver=LOAD, warehouse=LOAD),
    ("GET", "/v1/enterprises/{enterprise}/carriers"): reading(own(path="enterprise")),
    ("PUT", "/v1/enterprises/{enterprise}/carriers"): row(own(path="enterprise")),
    ("GET", "/v1/offers"): reading(own(query="carrier"), own(query="truck carrier")),
    ("GET", "/v1/offers/{offer_id}"): reading(OFFER, OFFER),
    ("POST", "/v1/offers/{offer_id}/accept"): row(OFFER, OFFER),
    ("POST", "/v1/offers/{offer_id}/decline"): row(OFFER, OFFER),
    ("POST", "/v1/offers/{offer_id}/hand-back"): row(OFFER, OFFER),
    ("POST", "/v1/exceptions"): row(own(refers="load"), own(refers="load")),
    ("GET", "/v1/exceptions"): reading(own(query="enterprise"), own(query="truck")),
    ("GET", "/v1/exceptions/{exception_id}"): reading(EXCEPTION, EXCEPTION),
    ("POST", "/v1/exceptions/{exception_id}/progress"): row(EXCEPTION, EXCEPTION),
    ("PUT", "/v1/trucks/{plate}"): row(own("carrier", things="plate"), own("carrier", path="plate", things="plate")),
    ("GET", "/v1/trucks"): reading(own(query="carrier")),
    ("GET", "/v1/trucks/{plate}"): reading(TRUCK, TRUCK),
    ("GET", "/v1/matches"): reading(own(asked="truck"), own(query="truck", asked="truck")),
    ("GET", "/v1/events"): reading(ALL, ALL, ALL, ALL),  # each event that is the caller's (`api.http.routes.events`)
    ("GET", "/v1/audit"): reading(),
    ("GET", "/v1/kpis"): reading(),
    ("POST", "/v1/webhooks"): row(own("enterprise")),
    ("GET", "/v1/webhooks"): reading(own(query="enterprise")),
    ("GET", "/v1/webhooks/{webhook_id}"): reading(WEBHOOK),
    ("PATCH", "/v1/webhooks/{webhook_id}"): row(WEBHOOK),
    ("DELETE", "/v1/webhooks/{webhook_id}"): row(WEBHOOK),
    ("GET", "/v1/webhooks/{webhook_id}/dead-letters"): reading(WEBHOOK),
    ("POST", "/v1/webhooks/{webhook_id}/replay"): row(WEBHOOK),
    ("POST", "/v1/webhooks/{webhook_id}/secret"): row(WEBHOOK),
    ("POST", "/v1/matching-rounds"): row(),
    ("GET", "/v1/matching-rounds/{round_id}"): reading(),
    ("GET", "/.well-known/jwks.json"): OPEN,
    ("POST", "/v1/tokens"): row(ALL, ALL, ALL, ALL, ALL),  # of the role of his own key, or less
    ("POST", "/v1/signing-keys"): row(),
    ("POST", "/v1/keys"): row(),
    ("GET", "/v1/keys"): reading(),
    ("GET", "/v1/keys/{key_id}"): reading(),
    ("POST", "/v1/keys/{key_id}/revoke"): row(),
    ("POST", "/v1/plans"): row(),
    ("GET", "/v1/plans"): reading(),
    ("GET", "/v1/plans/{plan_id}"): reading(),
    ("POST", "/v1/plans/{plan_id}/cancel"): row(),
    ("GET", "/v1/plans/{plan_id}/explanations"): reading(),
    ("GET", "/v1/plans/{plan_id}/explanations/{visit_id}"): reading(VISIT, VISIT),
    ("POST", "/v1/scenarios"): row(),
    ("GET", "/v1/scenarios"): reading(),
    ("GET", "/v1/scenarios/{scenario_id}"): reading(),
    ("GET", "/v1/scenarios/{scenario_id}/progress"): reading(),
    ("GET", "/v1/scenarios/{scenario_id}/result.csv"): reading(),
    ("POST", "/v1/scenarios/{scenario_id}/cancel"): row(),
    ("POST", "/v1/scenarios/{scenario_id}/apply"): row(),
}
OPERATORS_ALONE = row()


def row_of(method: str, path: str) -> Row:
    """Return the row of a route by its method and path template."""
    return MATRIX.get((method, path), OPERATORS_ALONE)


def cell_of(row: Row, caller: Caller | None) -> Own:
    """Return what of the request must be the caller's; Fault 403 when its role may not do this at all."""
    if caller is None:
        return ALL
    cell = row.get(caller.role)
    if cell is None:
        raise Fault(FORBIDDEN, f"A caller with the role {caller.role} may not do this.")
    return cell


async def check_own(request: Request, cell: Own, caller: Caller, document: Any) -> None:
    """Raise Fault 403 or NotThere unless what the cell says is the caller's; narrow the query to what is."""
    desk = _parts(request).desk
    _narrow_query(request, cell.query, caller)
    for name in cell.path:
        _check_named(name, request.path_params.get(name), caller)
    if isinstance(document, dict):
        for name in cell.body:
            if name in document:  # else it is missing, and told so: the matrix names required fields alone
                _check_named(name, document[name], caller)
        for name in cell.refers:
            await _check_thing(desk, name, document.get(name), request, caller)
        if caller.role in OWNING:
            await _check_references(desk, document, caller)
    for name in cell.things:
        await _check_thing(desk, name, request.path_params[name], request, caller)
    await _check_asked(desk, cell, request, caller)


def names_caller(name: str, value: object, caller: Caller) -> bool:
    """Answer whether the value of a field is the caller's own name."""
    return _plain(name, value) == caller.names[name]


async def find_alien_rows(request: Request, rows: Sequence[object]) -> dict[int, Misfit]:
    """Return what is wrong with the rows of a bulk request that are not the caller's, by their numbers."""
    caller: Caller = request.scope["caller"]
    cell: Own = request.scope["cell"]
    if not caller.is_tenanted:
        return {}
    alien = await _find_alien(_parts(request).desk, rows, caller)
    for number, row in enumerate(rows):
        if isinstance(row, dict):
            for name in cell.rows:
                if name in row and not names_caller(name, row[name], caller):
                    alien[number] = Misfit(name, f"must be {caller.names[name]}: that is who asks")
    return alien


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def _check_named(name: str, value: object, caller: Caller) -> None:
    if not names_caller(name, value, caller):
        raise Fault(FORBIDDEN, f"{name} must be {caller.names[name]}: that is who asks.")


def _plain(name: str, value: object) -> object:
    if name in ("plate", "truck") and isinstance(value, str):
        try:
            return normalised(value)
        except ValueError:
            return None
    return value


def _narrow_query(request: Request, names: tuple[str, ...], caller: Caller) -> None:
    """Set the filters to the caller in the request itself, so that routes and cursors see no other."""
    if not names:
        return
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    for name in names:
        for given, value in pairs:
            if given == name:
                _check_named(name, value, caller)
    others = [(name, value) for name, value in pairs if name not in names]
    request.scope["query_string"] = urlencode(others + [(name, caller.names[name]) for name in names]).encode()


async def _check_thing(desk: Desk, name: str, value: object, request: Request, caller: Caller) -> None:
    what, key_of = THINGS[name]
    identity = str(_plain(name, value))
    stored = await desk.store.find(key_of(desk.keys, identity))
    if stored is None or caller.owns(owners_of(stored.document)):
        return
    if request.method == "PUT":
        raise Fault(FORBIDDEN, f"This {what} is not the caller's.")
    raise not_there(what, identity)


async def _check_asked(desk: Desk, cell: Own, request: Request, caller: Caller) -> None:
    """Raise NotThere when a thing given in the query is not the caller's; Fault 403 unless one asked about is."""
    given = dict(parse_qsl(request.scope["query_string"].decode("latin-1")))
    for name in cell.given:
        if name in given:
            await _check_thing(desk, name, given[name], request, caller)
    for name in cell.asked:
        if name in given:
            stored = await desk.store.find(THINGS[name][1](desk.keys, str(_plain(name, given[name]))))
            if stored is not None and caller.owns(owners_of(stored.document)):
                return
    if cell.asked:
        raise Fault(FORBIDDEN, f"Give {' or '.join(cell.asked)} that is the caller's.")


async def _check_references(desk: Desk, document: dict[str, Any], caller: Caller) -> None:
    """Raise Fault 403 for another's truck, InvalidRequest for another's load, as for one that is not known."""
    misfit = (await _find_alien(desk, [document], caller)).get(0)
    if misfit is not None and misfit.field == "plate":
        raise Fault(FORBIDDEN, f"plate {misfit.problem}.")
    if misfit is not None:
        raise InvalidRequest([(f"body.{misfit.field}", misfit.problem)])


async def _find_alien(desk: Desk, rows: Sequence[object], caller: Caller) -> dict[int, Misfit]:
    """Return the rows that name another's truck, or another's load unless it was given to the truck named with it."""
    plates = await _find_named(desk, "plate", rows)
    loads = await _find_named(desk, "load", rows)
    alien: dict[int, Misfit] = {}
    for number, stored in plates.items():
        if not caller.owns(owners_of(stored.document)):
            alien[number] = Misfit("plate", "is not the caller's truck")
    for number, stored in loads.items():
        if number not in alien and not caller.owns(owners_of(stored.document)):
            match = stored.document.get("match")
            given = await desk.store.find(desk.keys.match(match)) if isinstance(match, str) else None
            plate = _plain("plate", dict(rows[number]).get("plate"))  # type: ignore[call-overload]
            if given is None or owners_of(given.document).plate != plate:
                name = dict(rows[number])["load"]  # type: ignore[call-overload]
                alien[number] = Misfit("load", f"{name[:64]!r} is not a load known here")
    return alien


async def _find_named(desk: Desk, name: str, rows: Sequence[object]) -> dict[int, Stored]:
    """Return the things that rows name in a field, by the number of the row."""
    named = {number: _plain(name, row.get(name)) for number, row in enumerate(rows) if isinstance(row, dict)}
    asked = [(number, text) for number, text in named.items() if isinstance(text, str)]
    found = await desk.store.find_many([THINGS[name][1](desk.keys, text) for _, text in asked])
    return {number: stored for (number, _), stored in zip(asked, found, strict=True) if stored is not None}
