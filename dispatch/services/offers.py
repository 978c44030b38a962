"""Offers: what a driver is proposed, and what came of it. An accepted one holds its slots, or is not accepted."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.model.promises import APPOINTMENT_LIFE, Appointment, LoadState, MatchState
from dispatch.model.refusals import NotAllowedNow, Refusal
from dispatch.services import booking, offering, publication
from dispatch.services.appointments import check_may_cancel
from dispatch.services.desk import (
    Desk,
    Kept,
    Listed,
    PageAsked,
    Repeatable,
    Versions,
    check_version,
    committed,
    find_repeat,
    not_there,
    repeatable_by,
    retried,
)
from dispatch.services.freight import MatchRecord
from dispatch.services.holding import SlotFinder, stops_of
from dispatch.services.listing import list_things
from dispatch.services.offering import KeptMatch
from dispatch.store import codec
from dispatch.store.commit import Commit, CounterFull, together

LOSSES = 100  # of slots to others, in one try


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """Which offers to list; None does not filter."""

    plate: str | None = None
    carrier: str | None = None
    state: MatchState | None = None

    def admits(self, record: MatchRecord) -> bool:
        """Answer whether the offer is one of those asked for."""
        return self.carrier in (None, record.match.carrier) and self.state in (None, record.match.state)


async def get_offer(desk: Desk, offer_id: str) -> Kept[MatchRecord]:
    """Return an offer; NotThere otherwise."""
    kept = await _get(desk, offer_id)
    return Kept(kept.record, kept.version)


async def list_offers(desk: Desk, which: OfferFilter, page: PageAsked) -> Listed[MatchRecord]:
    """Return offers in the order they were made in, those that have been answered too."""
    keys = desk.keys
    if which.plate is not None:
        index = keys.offers_of_truck(which.plate)
    elif which.carrier is not None:
        index = keys.offers_of_carrier(which.carrier)
    else:
        index = keys.offers()
    return await list_things(desk, MatchRecord, index, keys.match, page, wanted=which.admits)


async def accept_offer(
    desk: Desk, offer_id: str, now: datetime, expected: Versions = None, repeatable: Repeatable | None = None
) -> Kept[MatchRecord]:
    """Take an offer for its driver and book the slots of its loads, in one commit.

    Raises the Refusal that names what is full, and the offer stands as it was; NotAllowedNow when it is answered or its
    time is over, or its enterprise has blocked the carrier meanwhile; KeyReused.
    """
    repeat = await find_repeat(desk, repeatable)
    if repeat is not None:
        return replace(await get_offer(desk, offer_id), repeated=True)

    async def accept(kept: KeptMatch) -> Commit:
        _check_open(kept, now)
        loads = [each.record.load for each in kept.loads]
        lists = await publication.carrier_lists(desk.store, {load.enterprise for load in loads})
        publication.check_admits(kept.loads, lists, kept.record.match.carrier)
        holding = await finder.find(kept.record.match, stops_of(desk.park, kept.record.match, loads))
        taken = offering.accept_offer(desk.park, desk.keys, kept, holding.appointments, now)
        return repeatable_by(desk, together(taken, *holding.commits(desk, now)), repeatable)

    finder = SlotFinder(desk, now)
    for _ in range(LOSSES):
        try:
            return await _answer(desk, offer_id, expected, accept)
        except CounterFull as full:
            finder.note(full)
    raise NotAllowedNow(f"offer {offer_id}: its slots are being taken by others")


async def decline_offer(
    desk: Desk, offer_id: str, reason: str, now: datetime, expected: Versions = None
) -> Kept[MatchRecord]:
    """Turn an offer down: its loads are posted again and not offered to this truck any more; NotAllowedNow."""

    async def decline(kept: KeptMatch) -> Commit:
        return offering.decline_offer(desk.park, desk.keys, kept, reason, now)

    return await _answer(desk, offer_id, expected, decline)


async def hand_back_offer(
    desk: Desk, offer_id: str, reason: str, now: datetime, expected: Versions = None
) -> Kept[MatchRecord]:
    """Give back the accepted loads that are not begun, and their slots; NotAllowedNow when there are none."""

    async def hand_back(kept: KeptMatch) -> Commit:
        opened = offering.hand_back_offer(desk.park, desk.keys, kept, reason, now)
        holding = await _appointments_of(desk, kept)
        for appointment, _ in holding:
            if booking.is_held(appointment):
                check_may_cancel(desk, appointment, now)
        return together(opened, *_cancellations(desk, holding, now))

    return await _answer(desk, offer_id, expected, hand_back)


async def lose_slot(desk: Desk, lost: Appointment, now: datetime) -> bool:
    """Give the loads of a match back that are not begun, when an appointment of one holds its slot no more.

    Not while the truck is in the park for one of them. Answer whether this call has done it.
    """

    async def hand_back(kept: KeptMatch) -> Commit:
        if all(each.record.load.id != lost.load for each in kept.loads):
            raise NotAllowedNow(f"load {lost.load} is not in match {lost.match} any more")
        holding = await _appointments_of(desk, kept)
        if any(each.checked_in_at is not None for each, _ in holding):
            raise NotAllowedNow(f"truck {lost.plate} is at work on its loads")
        reason = f"appointment {lost.id} is {lost.state}"
        opened = offering.hand_back_offer(desk.park, desk.keys, kept, reason, now)
        return together(opened, *_cancellations(desk, holding, now))

    try:
        await _answer(desk, str(lost.match), None, hand_back)
    except Refusal:
        return False
    return True


async def expire_offer(desk: Desk, offer_id: str, now: datetime) -> bool:
    """End an offer whose time is over; answer whether this call has done it."""

    async def expire(kept: KeptMatch) -> Commit:
        if kept.record.expires_at is None or kept.record.expires_at > now:
            raise NotAllowedNow(f"offer {offer_id} is open until {kept.record.expires_at}")
        return offering.expire_offer(desk.park, desk.keys, kept, now)

    try:
        await _answer(desk, offer_id, None, expire)
    except Refusal:
        return False
    return True


def _check_open(kept: KeptMatch, now: datetime) -> None:
    record = kept.record
    if record.match.state is MatchState.OFFERED and record.expires_at is not None and now >= record.expires_at:
        raise NotAllowedNow(f"offer {record.match.id} was open until {record.expires_at.isoformat()}")
    if record.match.state is not MatchState.OFFERED:
        raise NotAllowedNow(f"offer {record.match.id} is {record.match.state}")


async def _appointments_of(desk: Desk, kept: KeptMatch) -> list[tuple[Appointment, int]]:
    """Return the appointments made for the loads accepted and not begun, with their versions."""
    opened = {each.record.load.id for each in kept.loads if each.record.state is LoadState.ACCEPTED}
    stored = await desk.store.find_many([desk.keys.appointment(each) for each in kept.record.appointments])
    found = [(codec.read(Appointment, each.document), each.version) for each in stored if each is not None]
    return [(each, version) for each, version in found if each.load in opened]


def _cancellations(desk: Desk, holding: Sequence[tuple[Appointment, int]], now: datetime) -> list[Commit]:
    """Return the changes that cancel those whose life has not ended."""
    alive = [(each, version) for each, version in holding if (each.state, "cancel") in APPOINTMENT_LIFE]
    return [booking.cancel(desk.park, desk.keys, each, version, now) for each, version in alive]


async def _answer(
    desk: Desk, offer_id: str, expected: Versions, change: Callable[[KeptMatch], Awaitable[Commit]]
) -> Kept[MatchRecord]:
    """Make a change of an offer, looking again when others have changed what it is based on."""

    async def attempt() -> Kept[MatchRecord]:
        kept = await _get(desk, offer_id)
        check_version(kept.version, expected, f"offer {offer_id}")
        done = await committed(desk, await change(kept))
        return replace(await get_offer(desk, offer_id), repeated=done.repeated)

    return await retried(f"offer {offer_id}", attempt)


async def _get(desk: Desk, offer_id: str) -> KeptMatch:
    found = await publication.kept_matches(desk.store, [offer_id])
    if not found or found[0].record.expires_at is None:
        raise not_there("offer", offer_id)
    return found[0]
