"""A scenario's plan made of the live one: its moves, by the rules that hold for every move.

Nobody is moved who has come, is past his deadline, or is no longer where the scenario found him. `ask` holds the new
place beside the old one until the driver answers; `told` moves at once, each by a commit of its own and in rounds, for
one takes the place another leaves, and the driver may refuse as when a closure moves him.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from dispatch.model import rules
from dispatch.model.life import after
from dispatch.model.promises import APPOINTMENT_LIFE, Appointment, MoveOffer
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.services import booking
from dispatch.services.desk import Desk
from dispatch.services.moving import displaced_to
from dispatch.services.scenarios import get_scenario
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull, Done, NotDone, StoreDown
from dispatch.worker.jobs import JobState

ROUNDS = 5
Consent = Literal["ask", "told"]
STEP: dict[Consent, str] = {"ask": "offer_move", "told": "displace"}


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a scenario's moves: those made (or offered), and why the others were not, by appointment."""

    made: tuple[str, ...]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Move:
    """One move that may be made: the change, and what to say where it cannot be."""

    new: Appointment
    commit: Commit


async def apply_scenario(desk: Desk, scenario_id: str, consent: Consent, now: datetime) -> Applied:
    """Make the moves of a scenario that has succeeded.

    NotThere; NotAllowedNow while it has not succeeded, or when it would move nobody. Run again it goes on: who was
    moved is where the scenario wants him, and is counted as made.
    """
    job = (await get_scenario(desk, scenario_id)).thing
    if job.state is not JobState.SUCCEEDED or job.result is None:
        raise NotAllowedNow(f"scenario {scenario_id} is {job.state}")
    wanted: list[dict[str, Any]] = job.result["moves"]
    if not wanted:
        raise NotAllowedNow(f"scenario {scenario_id} moves nobody")
    made, refused, pending = await _looked_at(desk, scenario_id, wanted, consent, now)
    for _ in range(ROUNDS):
        outcomes = await desk.store.commit_many([move.commit for move in pending])
        _raise_down(outcomes)
        came = list(zip(pending, outcomes, strict=True))
        made += [move.new.id for move, outcome in came if isinstance(outcome, Done)]
        full = [(move, outcome) for move, outcome in came if isinstance(outcome, CounterFull)]
        refused |= {
            move.new.id: "it was changed meanwhile"
            for move, outcome in came
            if isinstance(outcome, NotDone) and not isinstance(outcome, CounterFull)
        }
        pending = [move for move, _ in full]
        if len(full) == len(came):
            break
    refused |= {move.new.id: _full_text(desk, move.new, outcome) for move, outcome in full}
    return Applied(tuple(made), refused)


async def _looked_at(
    desk: Desk, scenario_id: str, wanted: Sequence[Mapping[str, Any]], consent: Consent, now: datetime
) -> tuple[list[str], dict[str, str], list[_Move]]:
    """Return the appointments that are there already, why some may not be moved, and the moves to be made."""
    stored = await desk.store.find_many([desk.keys.appointment(str(each["appointment"])) for each in wanted])
    made: list[str] = []
    refused: dict[str, str] = {}
    moves: list[_Move] = []
    for each, found in zip(wanted, stored, strict=True):
        name = str(each["appointment"])
        if found is None:
            refused[name] = "it is not there any more"
            continue
        old = codec.read(Appointment, found.document)
        place = {"slot": each["to"]["slot"], "gate": each["to"]["gate"]}
        if each["to"]["slot"] is None:
            refused[name] = "the scenario has no slot for it on this day"
        elif (old.slot, old.gate) == (place["slot"], place["gate"]):
            made.append(name)
        elif why := _why_not(desk, old, each, consent, now):
            refused[name] = why
        else:
            new = _changed(desk, old, place, consent, scenario_id, now)
            commit = booking.change(desk.park, desk.keys, old, found.version, new, STEP[consent], desk.allowances)
            moves.append(_Move(new, commit))
    return made, refused, moves


def _why_not(desk: Desk, old: Appointment, move: Mapping[str, Any], consent: Consent, now: datetime) -> str:
    """Return why an appointment may not be moved as the scenario wants, or nothing."""
    was = move["was"]
    if (old.day.isoformat(), old.slot, old.gate) != (was["day"], was["slot"], was["gate"]):
        return "it has been moved since"
    if (old.state, STEP[consent]) not in APPOINTMENT_LIFE:
        return f"it is {old.state}"
    if old.offer is not None:
        return "another place is held for it already"
    if not rules.may_move(desk.park, old, now):
        return f"it could be moved until {rules.amend_deadline(desk.park, old).isoformat()}"
    if not rules.may_book(desk.park, old.day, int(move["to"]["slot"]), now):
        return "its new slot can no longer be booked"
    return ""


def _changed(
    desk: Desk, old: Appointment, place: Mapping[str, Any], consent: Consent, scenario_id: str, now: datetime
) -> Appointment:
    by, reason = place["slot"] - old.slot, f"scenario {scenario_id}"
    stops = tuple(replace(stop, slot=stop.slot + by) for stop in old.stops)
    if consent == "told":
        return displaced_to(desk.park, old, now, (scenario_id, reason), **place, stops=stops)
    until = now + timedelta(minutes=desk.park.rules.move_offer_minutes)
    offer = MoveOffer(old.day, place["slot"], place["gate"], until, reason, stops, old.pool)
    return after(desk.park, old, "offer_move", now, offer=offer, reason=reason)


def _full_text(desk: Desk, new: Appointment, full: CounterFull) -> str:
    refusal: Refusal = booking.refusal_for(desk.park, desk.keys, new, full, desk.allowances)
    return str(refusal)


def _raise_down(outcomes: Sequence[Done | NotDone]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, StoreDown):
            raise outcome
