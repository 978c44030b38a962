"""Matches and offers as changes of the store. Pure functions: records in, commits out.

A match is a truck's chain of loads. The plan of a day makes it *planned*; a matching round makes it *offered*, or a
planned one that is due. What a driver answers, or does not, is an event of `MATCH_LIFE`, and moves its loads along in
the same commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispatch.model import rules
from dispatch.model.day import Load
from dispatch.model.park import Park
from dispatch.model.promises import MATCH_LIFE, Appointment, LoadState, Match, MatchedLoad, MatchState
from dispatch.model.refusals import NotAllowedNow
from dispatch.services.freight import FREE, KeptLoad, LoadRecord, MatchRecord, Moves, moved, rewrite
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, Take, Write, together
from dispatch.store.keys import Keys, deadline_member, match_member, time_member

STANDING = (MatchState.PLANNED, MatchState.OFFERED, MatchState.ACCEPTED, MatchState.FINISHED)


@dataclass(frozen=True, slots=True)
class KeptMatch:
    """A match with its loads, at the versions they stand at."""

    record: MatchRecord
    version: int
    loads: tuple[KeptLoad, ...]


def make_match(
    park: Park, keys: Keys, match: Match, loads: Sequence[KeptLoad], now: datetime, *, behind: int = 0
) -> Commit:
    """Return the change that gives a truck a chain, planned or offered as its state says.

    NotAllowedNow names a load that somebody has, or that its driver was offered before. The truck may have `behind`
    chains of the day already, which this one goes on from: CounterFull when it has more.
    """
    is_offer = match.state is MatchState.OFFERED
    record = MatchRecord(match, now, expires_at=rules.offer_expires(park, match, now) if is_offer else None)
    taken = [_taken(each.record, "offer" if is_offer else "plan", match, now) for each in loads]
    chained = Take(keys.chained(match.day), match.plate, 1, behind + 1)
    told = "OfferMade" if is_offer else "MatchPlanned"
    return _change(park, keys, KeptMatch(record, 0, tuple(loads)), record, (taken, told), takes=(chained,))


def offer_planned(park: Park, keys: Keys, kept: KeptMatch, now: datetime) -> Commit:
    """Return the change by which a planned chain becomes an offer."""
    record = _moved(kept.record, "offer")
    record = replace(record, made_at=now, expires_at=rules.offer_expires(park, record.match, now))
    offered = [_taken(each.record, "offer", record.match, now) for each in kept.loads]
    return _change(park, keys, kept, record, (offered, "OfferMade"))


def undo_match(park: Park, keys: Keys, kept: KeptMatch, now: datetime) -> Commit:
    """Return the change that takes a chain from a truck whose driver has not accepted; its loads are posted again."""
    return _end(park, keys, kept, _moved(kept.record, "undo"), "MatchUndone", now)


def accept_offer(park: Park, keys: Keys, kept: KeptMatch, held: Sequence[Appointment], now: datetime) -> Commit:
    """Return the change by which a driver takes an offer whose loads hold these appointments, and begin with them."""
    record = _moved(kept.record, "accept", answered_at=now, appointments=tuple(each.id for each in held))
    begins = {(each.load, each.warehouse): park.grid.start_of(each.day, each.slot) for each in held}
    places = {each.record.load.id: each.record.load for each in kept.loads}
    timed = tuple(_timed(each, places[each.load], begins) for each in record.match.loads)
    record = replace(record, match=replace(record.match, loads=timed))
    accepted = [moved(each.record, "accept", now) for each in kept.loads]
    return together(_change(park, keys, kept, record, (accepted, "OfferAccepted")), _told("LoadAccepted", accepted))


def decline_offer(park: Park, keys: Keys, kept: KeptMatch, reason: str, now: datetime) -> Commit:
    """Return the change by which a driver turns an offer down; its loads are posted again, but never for him."""
    record = _moved(kept.record, "decline", answered_at=now, reason=reason)
    return _end(park, keys, kept, record, "OfferDeclined", now)


def expire_offer(park: Park, keys: Keys, kept: KeptMatch, now: datetime) -> Commit:
    """Return the change by which an offer ends that nobody answered; its loads are posted again, but never for him."""
    return _end(park, keys, kept, _moved(kept.record, "expire"), "OfferExpired", now)


def hand_back_offer(park: Park, keys: Keys, kept: KeptMatch, reason: str, now: datetime) -> Commit:
    """Return the change by which a driver gives back those of his accepted loads that he has not begun.

    NotAllowedNow when there are none. Their appointments are not part of this change.
    """
    begun = [each for each in kept.loads if each.record.state is not LoadState.ACCEPTED]
    given_back = tuple(each for each in kept.loads if each.record.state is LoadState.ACCEPTED)
    if not given_back or kept.record.match.state is not MatchState.ACCEPTED:
        raise NotAllowedNow(
            f"offer {kept.record.match.id} is {kept.record.match.state}; no load of it can be handed back"
        )
    opened = [moved(each.record, "reopen", now, **FREE) for each in given_back]
    if not begun:
        record = _moved(kept.record, "hand_back", reason=reason)
        return together(_end(park, keys, kept, record, "OfferHandedBack", now), _told("LoadHandedBack", opened))
    names = {each.record.load.id for each in begun}
    match = replace(kept.record.match, loads=tuple(each for each in kept.record.match.loads if each.load in names))
    record = replace(kept.record, match=match, reason=reason)
    commit = _change(park, keys, replace(kept, loads=given_back), record, (opened, "OfferHandedBack"))
    return together(commit, _told("LoadHandedBack", opened))


def leave_match(
    park: Park, keys: Keys, kept: KeptMatch, leaving: Mapping[str, str], now: datetime, event: str
) -> Commit:
    """Return the change that ends a match nobody has accepted; loads named in `leaving` have that event of their life.

    The others are posted again.
    """
    ended = [moved(each.record, leaving.get(each.record.load.id, "reopen"), now, **FREE) for each in kept.loads]
    commit = _change(
        park, keys, kept, _moved(kept.record, "undo"), (ended, "MatchUndone"), takes=_unchained(keys, kept)
    )
    return together(commit, _told(event, [each for each in ended if each.load.id in leaving]))


def progress_load(park: Park, keys: Keys, kept: KeptMatch, load: KeptLoad, after: LoadRecord, event: str) -> Commit:
    """Return the change by which a load of an accepted match is further; the last one delivered finishes the match."""
    write = rewrite(keys, park.grid, load.record, after)
    commit = Commit((Expect(write.key, load.version),), writes=(write,), events=(Event(event, codec.dump(after)),))
    states = [after.state if each.record.load.id == after.load.id else each.record.state for each in kept.loads]
    if not all(state in (LoadState.DELIVERED, LoadState.DISPUTED) for state in states):
        return commit
    finished = _moved(kept.record, "finish")
    return together(commit, _change(park, keys, replace(kept, loads=()), finished, ([], "MatchFinished")))


def _end(park: Park, keys: Keys, kept: KeptMatch, record: MatchRecord, told: str, now: datetime) -> Commit:
    opened = [moved(each.record, "reopen", now, **FREE) for each in kept.loads]
    return _change(park, keys, kept, record, (opened, told), takes=_unchained(keys, kept))


def _told(event: str, loads: Sequence[LoadRecord]) -> Commit:
    """Return the events that tell each of the loads to whoever posted it."""
    return Commit(events=tuple(Event(event, codec.dump(each)) for each in loads))


def _unchained(keys: Keys, kept: KeptMatch) -> tuple[Take, ...]:
    return (Take(keys.chained(kept.record.match.day), kept.record.match.plate, -1, 0),)


def _change(
    park: Park,
    keys: Keys,
    kept: KeptMatch,
    after: MatchRecord,
    outcome: tuple[Sequence[LoadRecord], str],
    *,
    takes: tuple[Take, ...] = (),
) -> Commit:
    """Return the change of a match and of its loads, in their order, with the event that tells it."""
    loads, told = outcome
    key, document = keys.match(after.match.id), codec.dump(after)
    before = _indexes(keys, kept.record) if kept.version else ()
    rewrites = [rewrite(keys, park.grid, each.record, then) for each, then in zip(kept.loads, loads, strict=True)]
    return Commit(
        expects=(
            Expect(key, kept.version),
            *(Expect(write.key, each.version) for write, each in zip(rewrites, kept.loads, strict=True)),
        ),
        takes=takes,
        writes=(Write(key, document, add_to=_indexes(keys, after), remove_from=before), *rewrites),
        events=(Event(told, document),),
    )


def _moved(record: MatchRecord, event: str, **changes: Any) -> MatchRecord:
    match = record.match
    state = MATCH_LIFE.get((match.state, event))
    if state is None:
        raise NotAllowedNow(f"match {match.id} is {match.state}")
    return replace(record, match=replace(match, state=state), **changes)


def _taken(record: LoadRecord, event: str, match: Match, now: datetime) -> LoadRecord:
    """Return a load that a truck is given or offered: no other truck has it, nor was it offered to this one before."""
    if record.match not in (None, match.id):
        raise NotAllowedNow(f"load {record.load.id} is in another match")
    if match.plate in record.offered_to:
        raise NotAllowedNow(f"load {record.load.id} was offered to {match.plate} before")
    offered_to = (*record.offered_to, match.plate) if event == "offer" else record.offered_to
    whose = {"match": match.id, "plate": match.plate, "taken_by": match.carrier or None}
    return moved(record, event, now, **whose, saved_km=_part_saved(match, record.load.id), offered_to=offered_to)


def _timed(planned: MatchedLoad, load: Load, begins: Mapping[tuple[str | None, str], datetime]) -> MatchedLoad:
    """Return a matched load that begins no sooner than the slots it holds."""
    starts_at = max(planned.starts_at, begins.get((load.id, load.origin), planned.starts_at))
    if planned.unloads_at is None:
        return replace(planned, starts_at=starts_at)
    unloads_at = max(
        planned.unloads_at + (starts_at - planned.starts_at),
        begins.get((load.id, load.destination), planned.unloads_at),
    )
    return replace(planned, starts_at=starts_at, unloads_at=unloads_at)


def _part_saved(match: Match, load_id: str) -> int:
    """Return a load's part of what its chain saves, by the kilometres each would have been driven for alone."""
    alone = sum(each.alone_km for each in match.loads)
    of_load = sum(each.alone_km for each in match.loads if each.load == load_id)
    return round(match.saved_km * of_load / alone) if alone else 0


def _indexes(keys: Keys, record: MatchRecord) -> Moves:
    """Return where a match is found: while it stands among matches, as an offer for ever, with its deadline if open."""
    match, found = record.match, []
    if match.state in STANDING:
        member = match_member(match.day, match.plan, match.id)
        indexes = (keys.matches(), keys.matches_of_truck(match.plate), keys.matches_of_plan(match.plan))
        found += [(index, member) for index in (*indexes, *(keys.matches_of_load(each.load) for each in match.loads))]
    if match.state is MatchState.PLANNED:
        found.append((keys.planned(match.day), match.id))
    if record.expires_at is not None:
        member = time_member(record.made_at, match.id)
        indexes = (keys.offers(), keys.offers_of_truck(match.plate), keys.offers_of_carrier(match.carrier))
        found += [(index, member) for index in indexes]
    if match.state is MatchState.OFFERED and record.expires_at is not None:
        found.append((keys.deadlines(), deadline_member(record.expires_at, "offer", match.id)))
    return tuple(found)
