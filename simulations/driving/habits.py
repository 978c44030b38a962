"""What people do on a driven day: shares and distributions, all assumed unless a source stands beside them. Pure.

Everything is drawn from the seed and the name of who does it, so what somebody does depends on nobody else, nor on the
order in which the service answers.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice", bound=StrEnum)


class How(StrEnum):
    """How a visit is asked for."""

    PLAN = "plan"  # as a wish, for the evening's plan
    BULK = "bulk"  # with its carrier's list, when the list is sent
    SINGLE = "single"
    HOLD = "hold"  # its places held first, then confirmed, or not
    WALK_IN = "walk_in"  # not at all


class CheckIn(StrEnum):
    """By what a truck is let in."""

    PASS = "pass"  # noqa: S105 - a pass for the gate
    PLATE = "plate"
    SELF = "self"


class Change(StrEnum):
    """What becomes of a booked visit before the truck comes."""

    NONE = "none"
    CANCEL = "cancel"
    MOVE = "move"
    PLATE = "plate"
    CARGO = "cargo"


class Answer(StrEnum):
    """What somebody says who is offered something."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    REFUSE_AND_WAIT = "refuse_and_wait"
    HAND_BACK = "hand_back"  # accepted, then given back
    SILENCE = "silence"


HOW = {How.PLAN: 0.25, How.BULK: 0.35, How.SINGLE: 0.31, How.HOLD: 0.06, How.WALK_IN: 0.03}
WAITS_IN_LINE = 0.5  # of those who ask one by one and find no room
DUAL, CHAINED = 0.03, 0.02  # of those who ask one by one
BY_TOKEN = 0.5  # of drivers act themselves, with a token; for the others their carrier does
NO_SHOW = 0.04
LATE_MINUTES = (-4.0, 13.0)  # mean and deviation, at the gate against the slot
LATE_TAIL = (0.10, 45.0)  # share of trucks held up on the road, and by how much: exponential mean
TELLS = 0.7  # of those held up say so before they are
CHECK_IN = {CheckIn.PASS: 0.55, CheckIn.PLATE: 0.35, CheckIn.SELF: 0.10}
CHANGE = {Change.NONE: 0.84, Change.CANCEL: 0.07, Change.MOVE: 0.06, Change.PLATE: 0.02, Change.CARGO: 0.01}
CHANGE_HOURS = 5.0  # before the slot: exponential mean
HANDLING = (0.85, 0.18)  # minutes on the dock against those booked: lognormal median and sigma
CONFIRMS = 0.85  # of holds
LINE = {Answer.ACCEPT: 0.75, Answer.REFUSE: 0.12, Answer.SILENCE: 0.13}
MOVE_OFFER = {Answer.ACCEPT: 0.7, Answer.REFUSE: 0.15, Answer.SILENCE: 0.15}
DISPLACED = {Answer.ACCEPT: 0.55, Answer.SILENCE: 0.3, Answer.REFUSE: 0.08, Answer.REFUSE_AND_WAIT: 0.07}
LOAD = {Answer.ACCEPT: 0.66, Answer.REFUSE: 0.16, Answer.SILENCE: 0.12, Answer.HAND_BACK: 0.06}
PATIENCE = 0.8  # of the time there is to answer: uniform up to this share of it
POSTED_BEFORE = 0.7  # of loads, the evening before; others so many hours before they are ready
POSTED_HOURS = (1.0, 5.0)
WITHDRAWN = 0.02  # of loads
COMPLAINTS = 0.03  # of loads delivered
TRIES_WALKING_IN = 0.6  # of trucks turned away at the gate


@dataclass(frozen=True, slots=True)
class Coming:
    """How a truck keeps an appointment.

    `late_minutes` is when it comes, against its slot, None when it does not; `told_minutes` before the slot it says
    so. `change` is made so many minutes before the slot. `handling` is its time on the dock against what is booked.
    """

    late_minutes: int | None
    told_minutes: int | None
    check_in: CheckIn
    change: Change
    change_minutes: int
    handling: float
    walks_in: bool


def dice(seed: int, *names: object) -> np.random.Generator:
    """Return the random generator of a name."""
    return np.random.default_rng([seed, zlib.crc32("|".join(map(str, names)).encode())])


def one_of(rng: np.random.Generator, shares: Mapping[Choice, float]) -> Choice:
    """Return one of the keys by their shares, which add up to 1."""
    keys = list(shares)
    return keys[int(rng.choice(len(keys), p=list(shares.values())))]


def draw_coming(rng: np.random.Generator) -> Coming:
    """Return how somebody keeps an appointment."""
    late = rng.normal(*LATE_MINUTES)
    is_held_up = rng.random() < LATE_TAIL[0]
    late += rng.exponential(LATE_TAIL[1]) if is_held_up else 0.0
    tells = is_held_up and rng.random() < TELLS
    return Coming(
        late_minutes=None if rng.random() < NO_SHOW else round(late),
        told_minutes=int(rng.integers(10, 60)) if tells else None,
        check_in=one_of(rng, CHECK_IN),
        change=one_of(rng, CHANGE),
        change_minutes=20 + int(rng.exponential(60 * CHANGE_HOURS)),
        handling=float(HANDLING[0] * rng.lognormal(0.0, HANDLING[1])),
        walks_in=bool(rng.random() < TRIES_WALKING_IN),
    )
