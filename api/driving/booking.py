"""Enterprises and drivers ask for slots: wishes for the plan, lists, one by one, held first; and change their minds."""

import csv
import io
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from api.driving.callers import OPERATOR, Who, in_path, reason_of
from api.driving.drive import Document, Drive, moment
from dispatch.model.callers import Role
from dispatch.model.day import Visit
from dispatch.model.refusals import BookingNotOpen
from simulations.driving import habits
from simulations.driving.habits import Answer, How
from simulations.driving.script import Asking

LONGEST_LIST = 2000  # of wishes that the operator posts
TRIES = 2  # to take an alternative
AS_CSV = 5  # one carrier in so many sends its list as CSV
COLUMNS = ("plate", "carrier", "warehouse", "cargo_kind", "minutes", "wish", "earliest", "latest")


def begin(drive: Drive) -> None:
    """Put down when everybody asks."""
    for asking in drive.script.askings:
        if asking.how in (How.SINGLE, How.HOLD):
            drive.agenda.at(asking.at, _ask, drive, asking, _body(asking), TRIES)
    wishes = [each for each in drive.script.askings if each.how is How.PLAN]
    of_loads = [each for each in wishes if each.visit.load is not None]
    for first in range(0, len(of_loads), LONGEST_LIST):
        rows = of_loads[first : first + LONGEST_LIST]
        drive.agenda.at(rows[0].at, _send_wishes, drive, None, rows)
    for how, chosen in (
        (How.BULK, [each for each in drive.script.askings if each.how is How.BULK]),
        (How.PLAN, [each for each in wishes if each.visit.load is None]),
    ):
        listed = sorted(chosen, key=lambda each: (each.visit.carrier, each.at))
        for carrier, group in groupby(listed, key=lambda each: each.visit.carrier):
            rows = list(group)
            send = _send_list if how is How.BULK else _send_wishes
            drive.agenda.at(rows[-1].at, send, drive, carrier, rows)


async def _ask(drive: Drive, asking: Asking, body: Document, tries: int) -> None:
    """Ask for one slot; where it is refused, for the nearest alternative, or again when it opens."""
    who = drive.driver(body)
    answer = await drive.callers.post(who, "request_appointment", "/v1/appointments", body, creates=True)
    if not answer.is_good:
        _try_again(drive, asking, body, answer.document, tries)
    elif asking.how is How.HOLD and answer.document["state"] == "requested":
        drive.counts["held"] += 1
        _confirm_or_not(drive, who, answer.document)
    else:
        drive.counts[f"asked: {answer.document['state']}"] += 1


def _try_again(drive: Drive, asking: Asking, body: Document, problem: Document, tries: int) -> None:
    opens_at, alternatives = problem.get("opens_at"), problem.get("alternatives")
    if tries <= 0:
        drive.counts["given up"] += 1
    elif reason_of(problem) == BookingNotOpen.code and opens_at is not None:
        drive.agenda.at(moment(opens_at), _ask, drive, asking, body, tries - 1)
    elif alternatives:
        start = alternatives[0]["starts_at"]
        other = body | {"wish": start, "earliest": start, "latest": start}
        drive.agenda.at(drive.clock() + timedelta(minutes=1), _ask, drive, asking, other, tries - 1)
    else:
        drive.counts["given up"] += 1


def _confirm_or_not(drive: Drive, who: Who, held: Document) -> None:
    rng = drive.dice("hold", held["plate"], held["wish"])
    if rng.random() < habits.CONFIRMS:
        at = drive.answers_at(held["expires_at"], float(rng.uniform(0, habits.PATIENCE)))
        path = f"/v1/appointments/{held['id']}/confirm"
        drive.agenda.at(at, drive.callers.post, who, "confirm_appointment", path)


async def _send_list(drive: Drive, carrier: str, rows: list[Asking]) -> None:
    """Send a carrier's list; what is refused is asked for again one by one."""
    bodies = [_body(each) for each in rows]
    as_csv = drive.dice("csv", carrier).integers(AS_CSV) == 0
    told: Any = _csv(bodies) if as_csv else {"appointments": bodies}
    who = Who(Role.ENTERPRISE, carrier)
    answer = await drive.callers.post(who, "request_appointments", "/v1/appointments/bulk", told, creates=True)
    if not answer.is_good:
        return
    for row, asking, body in zip(answer.document["rows"], rows, bodies, strict=True):
        if row["problem"] is not None:
            drive.callers.ledger.note_refusal("request_appointments: row", row["problem"], row["problem"]["status"])
            _try_again(drive, asking, body, row["problem"], TRIES)
        else:
            drive.counts[f"asked in lists: {row['state']}"] += 1


async def _send_wishes(drive: Drive, carrier: str | None, rows: list[Asking]) -> None:
    """Send a carrier's wishes for the evening's plan; the operator sends those of loads, which are of two firms."""
    wishes = [_wish(drive, each.visit) for each in rows]
    who = OPERATOR if carrier is None else Who(Role.ENTERPRISE, carrier)
    answer = await drive.callers.post(who, "post_visits", "/v1/visits/bulk", {"visits": wishes}, creates=True)
    for row in answer.document["rows"] if answer.is_good else ():
        if row["problem"] is not None:
            drive.callers.ledger.note_refusal("post_visits: row", row["problem"], row["problem"]["status"])
        else:
            drive.counts["wishes posted"] += 1


def _body(asking: Asking) -> Document:
    visit = asking.visit
    body: Document = {name: _plain(getattr(visit, name)) for name in COLUMNS}
    if asking.how is How.HOLD:
        body["hold"] = True
    elif asking.how is How.SINGLE:
        body["waitlist"] = asking.waits and asking.then is None
        if asking.purpose is not None:
            body["purpose"] = asking.purpose
            del body["minutes"]
        if asking.then is not None:
            body["stops"] = [{"warehouse": asking.then, "cargo_kind": visit.cargo_kind}]
    return body


def _wish(drive: Drive, visit: Visit) -> Document:
    body = {name: _plain(getattr(visit, name)) for name in (*COLUMNS, "id", "weight")}
    load = drive.posted.get(visit.load or "")
    return body if load is None else body | {"load": load}


def _csv(bodies: list[Document]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({name: body[name] for name in COLUMNS} for body in bodies)
    return text.getvalue()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def offered_from_line(drive: Drive, appointment: Document) -> None:
    """Put down what somebody answers who waited in line and is offered a slot."""
    rng = drive.dice("line", appointment["plate"], appointment["wish"])
    answer = habits.one_of(rng, habits.LINE)
    if answer is Answer.SILENCE:
        return
    at = drive.answers_at(appointment["expires_at"], float(rng.uniform(0, habits.PATIENCE)))
    what = "confirm" if answer is Answer.ACCEPT else "cancel"
    path = f"/v1/appointments/{in_path(appointment['id'])}/{what}"
    who = drive.driver(appointment)
    drive.counts[f"offered from the line: {answer}"] += 1
    drive.agenda.at(at, drive.callers.post, who, f"{what}_appointment", path)


def displaced(drive: Drive, appointment: Document) -> None:
    """Put down what a driver answers whom a closure has moved."""
    rng = drive.dice("displaced", appointment["id"], appointment["displaced_by"])
    answer = habits.one_of(rng, habits.DISPLACED)
    drive.counts[f"displaced: {answer}"] += 1
    if answer is Answer.SILENCE:
        return
    path = f"/v1/appointments/{in_path(appointment['id'])}/change/{'accept' if answer is Answer.ACCEPT else 'refuse'}"
    body = None if answer is Answer.ACCEPT else {"waitlist": answer is Answer.REFUSE_AND_WAIT}
    what = "accept_change" if answer is Answer.ACCEPT else "refuse_change"
    who, wait = drive.driver(appointment), timedelta(minutes=int(rng.integers(1, 30)))
    drive.agenda.at(drive.clock() + wait, drive.callers.post, who, what, path, body)
