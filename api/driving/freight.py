"""Loads: posted, withdrawn, offered to drivers who accept, decline or say nothing, carried, complained of."""

from datetime import timedelta

from api.driving.callers import Who, in_path
from api.driving.drive import Document, Drive, moment
from dispatch.model.callers import Role
from dispatch.model.day import Truck
from simulations.driving import habits
from simulations.driving.habits import Answer
from simulations.driving.script import Posting

SOON = timedelta(minutes=5)  # postings of an enterprise so near each other are one list
FIELDS = ("id", "enterprise", "cargo_kind", "origin", "destination", "load_minutes", "unload_minutes", "price")
TIMES = ("earliest", "latest", "due")
RESTRICTS = 0.02  # of enterprises keep one carrier from their loads


def begin(drive: Drive) -> None:
    """Put down when loads are posted and withdrawn, trucks announced, carriers kept out."""
    wished = {each.visit.id for each in drive.script.askings if each.how == "plan"}
    lists: dict[tuple[str, int], list[Posting]] = {}
    for posting in drive.script.postings:
        span = int((posting.at - drive.script.begins) / SOON)
        lists.setdefault((posting.load.enterprise, span), []).append(posting)
        if posting.withdrawn_at is not None:
            drive.agenda.at(posting.withdrawn_at, _withdraw, drive, posting)
    for (enterprise, span), postings in lists.items():
        at = drive.script.begins + (span + 1) * SOON
        drive.agenda.at(at, _post, drive, enterprise, postings, wished)
    for truck in drive.script.trucks:
        minutes = int(drive.dice("announce", truck.plate).integers(10, 400))
        drive.agenda.at(drive.script.begins + timedelta(minutes=minutes), _announce, drive, truck)
    for enterprise in sorted({posting.load.enterprise for posting in drive.script.postings}):
        rng = drive.dice("restricts", enterprise)
        if rng.random() < RESTRICTS:
            carriers = [each.id for each in drive.park.enterprises if each.carrier]
            blocked = carriers[int(rng.integers(len(carriers)))]
            drive.agenda.at(drive.script.begins, _restrict, drive, enterprise, blocked)


async def _post(drive: Drive, enterprise: str, postings: list[Posting], wished: set[str]) -> None:
    """Post one load, or several in one list."""
    who, bodies = Who(Role.ENTERPRISE, enterprise), [_body(each, wished) for each in postings]
    if len(bodies) == 1:
        answer = await drive.callers.post(who, "post_load", "/v1/loads", bodies[0], creates=True)
        if answer.is_good:
            _note_posted(drive, postings[0], answer.document["id"])
        return
    answer = await drive.callers.post(who, "post_loads", "/v1/loads/bulk", {"loads": bodies}, creates=True)
    for row, posting in zip(answer.document["rows"] if answer.is_good else (), postings, strict=False):
        if row["problem"] is not None:
            drive.callers.ledger.note_refusal("post_loads: row", row["problem"], row["problem"]["status"])
        else:
            _note_posted(drive, posting, row["id"])


def _note_posted(drive: Drive, posting: Posting, identity: str) -> None:
    drive.counts["loads posted"] += 1
    drive.loads[identity] = posting.load
    drive.posted[posting.load.id] = identity


def _body(posting: Posting, wished: set[str]) -> Document:
    load = posting.load
    body: Document = {name: getattr(load, name) for name in FIELDS}
    body |= {name: getattr(load, name).isoformat() for name in TIMES}
    visits = {"pickup_visit": load.pickup_visit, "delivery_visit": load.delivery_visit}
    return body | {name: visit for name, visit in visits.items() if visit in wished}


async def _withdraw(drive: Drive, posting: Posting) -> None:
    who, identity = Who(Role.ENTERPRISE, posting.load.enterprise), drive.posted.get(posting.load.id, posting.load.id)
    path = f"/v1/loads/{in_path(identity)}/withdraw"
    await drive.callers.post(who, "withdraw_load", path)


async def _announce(drive: Drive, truck: Truck) -> None:
    body = {name: getattr(truck, name) for name in ("carrier", "kind", "home", "free_at")}
    body |= {name: getattr(truck, name).isoformat() for name in ("free_from", "home_by")}
    who, path = Who(Role.ENTERPRISE, truck.carrier), f"/v1/trucks/{in_path(truck.plate)}"
    answer = await drive.callers.ask(who, "announce_truck", "PUT", path, body)
    drive.counts["trucks announced"] += answer.is_good


async def _restrict(drive: Drive, enterprise: str, blocked: str) -> None:
    path = f"/v1/enterprises/{in_path(enterprise)}/carriers"
    await drive.callers.ask(Who(Role.ENTERPRISE, enterprise), "set_carriers", "PUT", path, {"blocked": [blocked]})


def offered(drive: Drive, record: Document) -> None:
    """Put down what a driver answers to an offer."""
    match = record["match"]
    rng = drive.dice("offer", match["plate"], *(each["load"] for each in match["loads"]))
    answer = habits.one_of(rng, habits.LOAD)
    drive.counts[f"offer: {answer}"] += 1
    if answer is Answer.SILENCE:
        return
    at = drive.answers_at(record["expires_at"], float(rng.uniform(0, habits.PATIENCE)))
    drive.agenda.at(at, _answer, drive, match, answer)


async def _answer(drive: Drive, match: Document, answer: Answer) -> None:
    who, path = drive.driver(match), f"/v1/offers/{in_path(match['id'])}"
    if answer is Answer.REFUSE:
        await drive.callers.post(who, "decline_offer", f"{path}/decline", {"reason": "too far from home"})
        return
    taken = await drive.callers.post(who, "accept_offer", f"{path}/accept", creates=True)
    if not taken.is_good:
        return
    if answer is Answer.HAND_BACK:
        body = {"reason": "the tractor has broken down"}
        soon = drive.clock() + timedelta(minutes=5)
        drive.agenda.at(soon, drive.callers.post, who, "hand_back_offer", f"{path}/hand-back", body)
        return
    driver = Who(Role.DRIVER, match["plate"], match["carrier"])
    for each in taken.document["loads"]:
        _carry(drive, driver, each)


def _carry(drive: Drive, who: Who, carried: Document) -> None:
    """Put down what the driver reports where no warehouse of the park sees it."""
    load = drive.loads[carried["load"]]
    starts, unloads = moment(carried["starts_at"]), carried["unloads_at"]
    inside = drive.park.warehouse_by_id
    steps = []
    if load.origin not in inside:
        steps += [("at_pickup", starts), ("in_transit", starts + timedelta(minutes=load.load_minutes))]
    if load.destination not in inside and unloads is not None:
        steps.append(("delivered", moment(unloads) + timedelta(minutes=load.unload_minutes)))
    path = f"/v1/loads/{in_path(carried['load'])}/progress"
    for state, at in steps:
        drive.agenda.at(at, drive.callers.post, who, "progress_load", path, {"state": state})


def delivered(drive: Drive, record: Document) -> None:
    """Put down a complaint of a load that was delivered, now and then."""
    load = record["load"]
    rng = drive.dice("complaint", load["id"])
    if rng.random() < habits.COMPLAINTS:
        at = drive.clock() + timedelta(minutes=int(rng.integers(5, 60)))
        drive.agenda.at(at, _complain, drive, load)


async def _complain(drive: Drive, load: Document) -> None:
    """Report what went wrong; whoever owns it takes it up and resolves it, who reported it closes it with a rating."""
    who = Who(Role.ENTERPRISE, load["enterprise"])
    body = {"load": load["id"], "kind": "damage", "text": "Two cartons are wet."}
    answer = await drive.callers.post(who, "report_exception", "/v1/exceptions", body, creates=True)
    if not answer.is_good:
        return
    role, _, tenant = answer.document["owner"].partition(":")
    owner = Who(Role(role), tenant or None)
    path = f"/v1/exceptions/{in_path(answer.document['id'])}/progress"
    steps: list[tuple[Who, Document, int]] = [
        (owner, {"state": "in_progress", "text": "We ask the driver."}, 10),
        (owner, {"state": "resolved", "text": "The insurance pays."}, 60),
        (who, {"state": "closed", "rating": 4}, 90),
    ]
    for by, step, minutes in steps:
        at = drive.clock() + timedelta(minutes=minutes)
        drive.agenda.at(at, drive.callers.post, by, "progress_exception", path, step)
