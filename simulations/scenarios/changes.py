"""What a scenario can change about a park and its day, one kind of change a class; docs/scenarios.md has the words.

A disturbance (lane_closed, docks_closed, handling, rain) holds from `from` to `to`. Policies hear of it when it
begins, or before the day when it is `announced`. All other changes are as the day is, and known beforehand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dispatch.model.faults import FieldFault, check_range
from dispatch.model.park import FORBID_UNKNOWN, MOST, Park, minute_of_day

From = Annotated[str, Field(alias="from", description="HH:MM")]
To = Annotated[str, Field(alias="to", description="HH:MM")]
MOST_PERCENT = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyChange:
    """What all changes are: data that may not fit a park."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    def check(self, park: Park) -> None:
        """Raise FieldFault where the change does not fit the park; most fit every park."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance(AnyChange):
    """Something that holds for a span of the day."""

    begins: From = "00:00"
    ends: To = "24:00"
    announced: bool = False

    def __post_init__(self) -> None:
        begin, end = (_minute(field, text) for field, text in (("from", self.begins), ("to", self.ends)))
        if begin >= end:
            raise FieldFault("from", f"{self.begins} must be before to {self.ends}")

    @property
    def span(self) -> tuple[int, int]:
        """Return the minutes from midnight from which and until which it holds."""
        return minute_of_day(self.begins), minute_of_day(self.ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneClosed(Disturbance):
    """One lane of a gate serves nobody."""

    kind: Literal["lane_closed"] = "lane_closed"
    gate: str
    lane: int
    side: Literal["entry", "exit"] = "entry"

    def __post_init__(self) -> None:
        Disturbance.__post_init__(self)
        check_range("lane", self.lane, 1, MOST)

    def check(self, park: Park) -> None:
        """Raise FieldFault where the park has no such lane."""
        gate = park.gate_by_id.get(self.gate)
        if gate is None:
            raise FieldFault("gate", f"{self.gate[:40]!r} is not a gate of this park; it has: {_ids(park.gate_by_id)}")
        lanes = gate.entry_lanes if self.side == "entry" else gate.exit_lanes
        if self.lane > lanes:
            raise FieldFault("lane", f"is {self.lane}, gate {gate.id} has {self.side} lanes 1 to {lanes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocksClosed(Disturbance):
    """Docks of a dock group serve nobody: so many, or all of them."""

    kind: Literal["docks_closed"] = "docks_closed"
    dock_group: str
    docks: int | None = None

    def check(self, park: Park) -> None:
        """Raise FieldFault where the park has no such docks."""
        groups = {group.id: group.docks for warehouse in park.warehouses for group in warehouse.dock_groups}
        if self.dock_group not in groups:
            raise FieldFault("dock_group", f"{self.dock_group[:40]!r} is not a dock group of this park")
        if self.docks is not None:
            check_range("docks", self.docks, 1, groups[self.dock_group])


@dataclass(frozen=True, slots=True, kw_only=True)
class Slower(Disturbance):
    """What takes longer, by so many percent."""

    percent: float

    def __post_init__(self) -> None:
        Disturbance.__post_init__(self)
        _check_number("percent", self.percent, -90, MOST_PERCENT)

    @property
    def factor(self) -> float:
        """Return what a duration is multiplied by."""
        return 1 + self.percent / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling(Slower):
    """Handling on the docks takes longer."""

    kind: Literal["handling"] = "handling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rain(Slower):
    """Everything takes longer: gates, driving inside and outside the park, handling."""

    kind: Literal["rain"] = "rain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand(AnyChange):
    """The trucks of the day times a factor: above 1 some come twice as another truck, below 1 some stay away."""

    kind: Literal["demand"] = "demand"
    factor: float

    def __post_init__(self) -> None:
        _check_number("factor", self.factor, 0, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShow(AnyChange):
    """This share of the booked visits never comes; nobody knows which."""

    kind: Literal["no_show"] = "no_show"
    share: float

    def __post_init__(self) -> None:
        _check_number("share", self.share, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkIns(AnyChange):
    """This share of the visits comes without asking for an appointment, when it wishes."""

    kind: Literal["walk_ins"] = "walk_ins"
    share: float

    def __post_init__(self) -> None:
        _check_number("share", self.share, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingOutage(AnyChange):
    """No new bookings for a while: of who asks then, a share asks again when it is over, the rest comes unbooked.

    `from` and `to` are clock times on the day before (`day_before`) or on the day itself.
    """

    kind: Literal["booking_outage"] = "booking_outage"
    begins: From
    ends: To
    day_before: bool = True
    asks_again: float = 0.5

    def __post_init__(self) -> None:
        _check_number("asks_again", self.asks_again, 0, 1)
        if _minute("from", self.begins) >= _minute("to", self.ends):
            raise FieldFault("from", f"{self.begins} must be before to {self.ends}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes(AnyChange):
    """How many lanes the park, or one gate, has; those of the park are spread over its gates as they are now."""

    kind: Literal["lanes"] = "lanes"
    gate: str | None = None
    entry: int | None = None
    exit: int | None = None

    def __post_init__(self) -> None:
        for name in ("entry", "exit"):
            if getattr(self, name) is not None:
                check_range(name, getattr(self, name), 1, 1000)
        if self.entry is None and self.exit is None:
            raise FieldFault("entry", "or exit must be given")

    def check(self, park: Park) -> None:
        """Raise FieldFault where the park has no such gate."""
        if self.gate is not None and self.gate not in park.gate_by_id:
            raise FieldFault("gate", f"{self.gate[:40]!r} is not a gate of this park; it has: {_ids(park.gate_by_id)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality(AnyChange):
    """How near to their time trucks come: lateness is normal with this mean (below 0: early) and sigma, in minutes."""

    kind: Literal["punctuality"] = "punctuality"
    mean_minutes: float
    sigma_minutes: float

    def __post_init__(self) -> None:
        _check_number("mean_minutes", self.mean_minutes, -600, 600)
        _check_number("sigma_minutes", self.sigma_minutes, 0, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseRule(AnyChange):
    """What the house does otherwise: early trucks served when a dock is free or made to wait, places in the yard."""

    kind: Literal["house_rule"] = "house_rule"
    early_trucks: Literal["served", "wait"] | None = None
    yard_places: int | None = None

    def __post_init__(self) -> None:
        if self.yard_places is not None:
            check_range("yard_places", self.yard_places, 0, MOST)
        if self.early_trucks is None and self.yard_places is None:
            raise FieldFault("early_trucks", "or yard_places must be given")


Change = (
    LaneClosed
    | DocksClosed
    | Handling
    | Rain
    | Demand
    | NoShow
    | WalkIns
    | BookingOutage
    | Lanes
    | Punctuality
    | HouseRule
)
KINDS: dict[str, type[Change]] = {
    "lane_closed": LaneClosed,
    "docks_closed": DocksClosed,
    "handling": Handling,
    "rain": Rain,
    "demand": Demand,
    "no_show": NoShow,
    "walk_ins": WalkIns,
    "booking_outage": BookingOutage,
    "lanes": Lanes,
    "punctuality": Punctuality,
    "house_rule": HouseRule,
}


def _ids(things: Iterable[str]) -> str:
    return ", ".join(list(things)[:10])


def _minute(field: str, text: str) -> int:
    try:
        return minute_of_day(text)
    except ValueError as fault:
        raise FieldFault(field, str(fault)) from None


def _check_number(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also where it is not a number
        raise FieldFault(field, f"is {value}, must be from {low} to {high}")
