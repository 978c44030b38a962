"""The park of simulations/kernel/model.md as a plain SimPy model: the kernel's oracle and its rival.

Written from model.md alone, a process per truck. It shares with the kernel the data it reads and writes, no code.
SimPy is a development dependency; who imports this module needs it.
"""

from collections import deque
from collections.abc import Generator
from heapq import heappush
from itertools import groupby
from math import inf, isfinite, isnan
from typing import Any

import numpy as np
import simpy

from simulations.kernel.arrays import FloatArray
from simulations.kernel.draws import Draws
from simulations.kernel.layout import EarlyRule, Layout, TruckClass
from simulations.kernel.legs import LegKind, Legs
from simulations.kernel.steps import Steps
from simulations.kernel.times import Mark

STEP, EXIT_ENDS, DOCK_ENDS, GATE_ENDS, TURN_ENDS, AT_EXIT, AT_DOCK, HOLD_ENDS, COMES = range(9)
AFTER_GRANTS = 2  # SimPy's own events at a moment (priority 0 and 1) come before those of the model
Process = Generator[simpy.Event, None, None]


def simulate(layout: Layout, legs: Legs, drawn: Draws) -> FloatArray:
    """Return the times of all legs, shape (len(Mark), N), NaN where something did not happen."""
    park = SimpyPark(layout, legs, drawn)
    park.env.run()
    return np.array(park.at)


class SimpyPark:
    """The park and its trucks at work in a SimPy environment."""

    def __init__(self, layout: Layout, legs: Legs, drawn: Draws) -> None:
        self.env = simpy.Environment(initial_time=-(10**9))  # before anything: some come before midnight
        self.layout = layout
        self.legs: dict[str, list[Any]] = {name: getattr(legs, name).tolist() for name in Legs.__dataclass_fields__}
        self.drawn: dict[str, list[Any]] = {name: getattr(drawn, name).tolist() for name in Draws.__dataclass_fields__}
        self.many = len(legs)
        self.at = [[float("nan")] * len(legs) for _ in Mark]
        self.ready = [False] * len(legs)
        self.truck_class = [-1] * len(legs)
        self.granted = [simpy.Event(self.env) for _ in range(len(legs))]
        self.driving = [0] * len(layout.zones.slope)
        self.zone_minutes: list[list[float]] = layout.zones.minutes.tolist()
        self.group_zone: list[int] = layout.docks.zone.tolist()
        self.paces = {
            "gates": Paces(layout.gates.pace),
            "zones": Paces(layout.zones.pace),
            "docks": Paces(layout.docks.pace),
            "terminals": Paces(layout.outside.pace),
            "roads": Paces(layout.outside.road_pace),
        }
        self.gates = [Gate(self, number) for number in range(len(layout.gates.yard))]
        self.docks = [Places(self.env, docks) for docks in first_values(layout.docks.open)]
        self.exits = [Places(self.env, lanes) for lanes in first_values(layout.gates.exit_lanes)]
        self.claims = [0] * len(self.docks)
        self.held: list[deque[int]] = [deque() for _ in self.docks]
        self.env.process(self.steps())
        for _, group in groupby(range(len(legs)), key=self.legs["truck"].__getitem__):
            self.env.process(self.truck(list(group)))

    def moment(self, at: float, kind: int, number: int) -> simpy.Event:
        """Return an event at a moment, in its place among those of the same moment."""
        event = simpy.Event(self.env)
        event._ok, event._value = True, None  # noqa: SLF001 - as simpy.Timeout does
        place = AFTER_GRANTS + kind * max(self.many, 10**6) + number
        queue: list[Any] = self.env._queue  # noqa: SLF001 - schedule() would add the moment to now, and round
        heappush(queue, (at, place, next(self.env._eid), event))  # noqa: SLF001
        return event

    def truck(self, chain: list[int]) -> Process:
        """Drive the legs of a truck one after another."""
        planned, out = -inf, -inf
        for leg in chain:
            own = self.legs["planned"][leg]
            planned = own if out > -inf or own > -inf else planned
            if not self.drawn["shows"][leg]:
                continue
            comes = planned + self.drawn["offset"][leg]
            if out > -inf:
                road = self.legs["road_minutes"][leg] * self.drawn["road_factor"][leg]
                comes = max(comes, out + road * self.paces["roads"].now(0, out))
            yield self.moment(comes, COMES, leg)
            self.at[Mark.COMES][leg] = comes
            yield from self.visit(leg) if self.legs["kind"][leg] == LegKind.VISIT else self.run(leg)
            out = self.env.now
            self.at[Mark.OUT][leg] = out

    def run(self, leg: int) -> Process:
        """Stay at a terminal for its turn time."""
        now = self.env.now
        pace = self.paces["terminals"].now(self.legs["terminal"][leg], now)
        yield self.moment(now + self.drawn["turn_minutes"][leg] * pace, TURN_ENDS, leg)

    def visit(self, leg: int) -> Process:
        """Pass the gate, drive to the dock, be served, drive back and leave."""
        gate = self.gates[self.legs["gate"][leg]]
        group, exit_gate = self.legs["dock_group"][leg], self.legs["exit_gate"][leg]
        gate.comes(leg)
        yield self.granted[leg]
        yield self.moment(
            self.env.now + self.drawn["gate_minutes"][leg] * self.paces["gates"].now(gate.number, self.env.now),
            GATE_ENDS,
            leg,
        )
        self.at[Mark.GATE_ENDS][leg] = self.env.now
        gate.free(leg)
        there = self.env.now + self.drive(leg, gate.number, self.drawn["in_factor"][leg])
        gate.settle()
        yield self.moment(there, AT_DOCK, leg)
        self.driving[self.group_zone[group]] -= 1
        self.at[Mark.AT_DOCK][leg] = self.env.now
        with self.docks[group].request() as dock:
            yield dock
            self.at[Mark.DOCK_BEGINS][leg] = self.env.now
            handling = self.legs["handling_minutes"][leg] * self.drawn["handling_factor"][leg]
            handling += self.legs["loading_minutes"][leg] * self.drawn["loading_factor"][leg]
            yield self.moment(self.env.now + handling * self.paces["docks"].now(group, self.env.now), DOCK_ENDS, leg)
        self.at[Mark.DOCK_ENDS][leg] = self.env.now
        self.claims[group] -= 1
        there = self.env.now + self.drive(leg, exit_gate, self.drawn["out_factor"][leg])
        self.look_at_held(group)
        yield self.moment(there, AT_EXIT, leg)
        self.driving[self.group_zone[group]] -= 1
        self.at[Mark.AT_EXIT][leg] = self.env.now
        with self.exits[exit_gate].request() as lane:
            yield lane
            self.at[Mark.EXIT_BEGINS][leg] = self.env.now
            service = self.drawn["exit_minutes"][leg] * self.paces["gates"].now(exit_gate, self.env.now)
            yield self.moment(self.env.now + service, EXIT_ENDS, leg)

    def drive(self, leg: int, gate: int, factor: float) -> float:
        """Return the minutes of a drive that begins now, slower the more are on the way, and count it."""
        zone = self.group_zone[self.legs["dock_group"][leg]]
        more = max(0, self.driving[zone] - int(self.layout.zones.free_flow[zone]))
        crowd = 1.0 + float(self.layout.zones.slope[zone]) * more
        self.driving[zone] += 1
        return float(self.zone_minutes[gate][zone] * factor * self.paces["zones"].now(zone, self.env.now) * crowd)

    def has_unclaimed_dock(self, group: int) -> bool:
        """Answer whether more docks are open than claimed."""
        return self.claims[group] < self.docks[group].capacity

    def look_at_held(self, group: int) -> None:
        """While a dock is not claimed and an early truck waits for one, the first that came becomes ready."""
        while self.held[group] and self.has_unclaimed_dock(group):
            leg = self.held[group].popleft()
            if not self.ready[leg]:
                gate = self.gates[self.legs["gate"][leg]]
                gate.make_ready(leg)
                gate.settle()

    def steps(self) -> Process:
        """Open and close lanes, docks and exit lanes when their time comes."""
        changes: list[tuple[float, int, int, float]] = []
        for part, steps in enumerate((self.layout.lanes.open, self.layout.docks.open, self.layout.gates.exit_lanes)):
            for row in range(steps.rows):
                at, value = steps.row(row)
                changes += [(minute, part, row, v) for minute, v in zip(at.tolist(), value.tolist(), strict=True)]
        changes = sorted(change for change in changes if isfinite(change[0]))
        for number, (minute, part, row, places) in enumerate(changes):
            yield self.moment(minute, STEP, number)
            if part == 0:
                gate = self.gates[int(self.layout.lanes.gate[row])]
                gate.open[row] = bool(places)
                gate.settle()
            elif part == 1:
                self.docks[row].change(int(places))
                self.look_at_held(row)
            else:
                self.exits[row].change(int(places))


class Gate:
    """The line on the road, the holding yard and the entry lanes of a gate."""

    def __init__(self, park: SimpyPark, number: int) -> None:
        self.park = park
        self.number = number
        self.capacity = int(park.layout.gates.yard[number])
        lanes = park.layout.lanes
        mine = [lane for lane, gate in enumerate(lanes.gate.tolist()) if gate == number]
        self.rank = {lane: lanes.rank[lane].tolist() for lane in mine}
        self.open = {lane: bool(lanes.open.row(lane)[1][0]) for lane in mine}
        self.busy = dict.fromkeys(mine, False)
        self.lane_of: dict[int, int] = {}
        self.road: deque[int] = deque()
        self.yard: set[int] = set()
        self.lines: list[deque[tuple[int, int]]] = [deque() for _ in TruckClass]
        self.joined = 0

    def comes(self, leg: int) -> None:
        """Let a truck come to the end of the line on the road."""
        park, now = self.park, self.park.env.now
        rules, appointment = park.layout.rules, park.legs["appointment"][leg]
        if isnan(appointment):
            park.truck_class[leg] = TruckClass.WALK_IN
        else:
            is_late = now > appointment + rules.late_tolerance
            park.truck_class[leg] = TruckClass.LATE if is_late else TruckClass.BOOKED
        self.road.append(leg)
        group = park.legs["dock_group"][leg]
        is_early = park.truck_class[leg] == TruckClass.BOOKED and now < appointment - rules.early_tolerance
        for_free_dock = rules.early == EarlyRule.SERVED_IF_DOCK_FREE
        if not is_early or rules.early == EarlyRule.SERVED or (for_free_dock and park.has_unclaimed_dock(group)):
            self.make_ready(leg)
        else:
            park.env.process(self.hold(leg, park.moment(appointment - rules.early_tolerance, HOLD_ENDS, leg)))
            if for_free_dock:
                park.held[group].append(leg)
        self.settle()

    def hold(self, leg: int, until: simpy.Event) -> Process:
        """Let a truck wait for its time."""
        yield until
        if not self.park.ready[leg]:
            self.make_ready(leg)
            self.settle()

    def make_ready(self, leg: int) -> None:
        """Let a truck be served from now on."""
        self.park.ready[leg] = True
        self.park.at[Mark.READY_AT][leg] = self.park.env.now
        self.park.claims[self.park.legs["dock_group"][leg]] += 1
        if leg in self.yard:
            self.join_line(leg)

    def join_line(self, leg: int) -> None:
        """Put a truck that is ready at the end of its line in the yard."""
        self.joined += 1
        self.lines[self.park.truck_class[leg]].append((self.joined, leg))

    def settle(self) -> None:
        """Move trucks until nothing more moves."""
        while self.one_moves():
            pass

    def one_moves(self) -> bool:
        """Answer whether a truck moved: from the road into the yard, or else into a lane."""
        if self.road and len(self.yard) < self.capacity:
            leg = self.leave_road()
            self.yard.add(leg)
            if self.park.ready[leg]:
                self.join_line(leg)
            return True
        heads = [(line[0], number) for number, line in enumerate(self.lines) if line]
        pairs = [(rank, joined, lane, number) for (joined, _), number in heads for rank, lane in self.lanes_for(number)]
        if pairs:
            _, _, lane, number = min(pairs)
            leg = self.lines[number].popleft()[1]
            self.yard.remove(leg)
        elif self.road and self.park.ready[self.road[0]] and self.lanes_for(self.park.truck_class[self.road[0]]):
            leg = self.leave_road()
            _, lane = min(self.lanes_for(self.park.truck_class[leg]))
        else:
            return False
        self.busy[lane] = True
        self.lane_of[leg] = lane
        self.park.at[Mark.GATE_BEGINS][leg] = self.park.env.now
        self.park.granted[leg].succeed()
        return True

    def lanes_for(self, truck_class: int) -> list[tuple[int, int]]:
        """Return rank and number of the free, open lanes that serve a class."""
        found = ((self.rank[lane][truck_class], lane) for lane in self.busy if self.open[lane] and not self.busy[lane])
        return [(rank, lane) for rank, lane in found if rank >= 0]

    def leave_road(self) -> int:
        """Take the head off the road."""
        leg = self.road.popleft()
        self.park.at[Mark.IN_YARD][leg] = self.park.env.now
        return leg

    def free(self, leg: int) -> None:
        """Free the lane of a truck."""
        self.busy[self.lane_of.pop(leg)] = False


class Places(simpy.Resource):
    """Docks of a group, or exit lanes of a gate: one line, as many served at once as are open."""

    def __init__(self, env: simpy.Environment, places: int) -> None:
        super().__init__(env)
        self._capacity = places

    def change(self, places: int) -> None:
        """Open or close places; who has one keeps it to the end."""
        self._capacity = places
        while self.put_queue and self.count < self.capacity:
            self._trigger_put(None)  # one of the line at a time


class Paces:
    """Factors that change with time."""

    def __init__(self, steps: Steps) -> None:
        self.rows: list[tuple[list[float], list[float]]] = []
        for row in range(steps.rows):
            at, value = steps.row(row)
            self.rows.append((at.tolist(), value.tolist()))

    def now(self, row: int, minute: float) -> float:
        """Return the factor of a row at a minute."""
        at, value = self.rows[row]
        return next(v for a, v in zip(reversed(at), reversed(value), strict=True) if a <= minute)


def first_values(steps: Steps) -> list[Any]:
    """Return how many are open before anything changes."""
    return [int(steps.row(row)[1][0]) for row in range(steps.rows)]
