"""The compiled heart of the kernel: `play` runs a day event by event in the order of model.md.

Each function is a paragraph of model.md and has its name; `w` is the world, `i` the number of a leg, `t` the moment.
What is compiled and kept holds the numbers of other modules as they were then: who changes an enumeration there touches
this file too.
"""

from math import inf

import numpy as np

from simulations.kernel.compiled import borrowed, compiled, inlined
from simulations.kernel.layout import NEVER, EarlyRule, TruckClass
from simulations.kernel.times import Area
from simulations.kernel.world import Records, World

# kinds of events, in the order in which those of one moment come; plain numbers, as compiled code wants them
EXIT_ENDS, DOCK_ENDS, GATE_ENDS, TURN_ENDS, AT_EXIT, AT_DOCK, HOLD_ENDS, COMES = range(1, 9)
KIND_SHIFT, LEG_MASK = 32, (1 << 32) - 1  # kind and leg of an event in one number, which orders as they do
UNSIGNED = np.uint64
ZERO, ONE = UNSIGNED(0), UNSIGNED(1)
LANES, DOCKS = 0, 1  # parts of the park whose steps are events; the third is exit lanes
BOOKED, WALK_IN, LATE = (int(each) for each in TruckClass)
CLASSES = len(TruckClass)
SERVED, IF_DOCK_FREE = int(EarlyRule.SERVED), int(EarlyRule.SERVED_IF_DOCK_FREE)
ON_ROAD, IN_YARD, IN_DOCK_LINE, IN_EXIT_LINE, IN_PARK, AT_TERMINALS = (int(each) for each in Area)


@compiled
def play(owned: World) -> None:
    """Run the day until nothing more can happen."""
    w = World(
        legs=borrowed(owned.legs),
        gates=borrowed(owned.gates),
        lines=borrowed(owned.lines),
        lanes=borrowed(owned.lanes),
        rank=borrowed(owned.rank),
        zones=borrowed(owned.zones),
        drive=borrowed(owned.drive),
        groups=borrowed(owned.groups),
        paces=borrowed(owned.paces),
        rows=borrowed(owned.rows),
        steps=borrowed(owned.steps),
        firsts=borrowed(owned.firsts),
        heap=borrowed(owned.heap),
        run=borrowed(owned.run),
        counts=borrowed(owned.counts),
    )
    run = w.run[0]
    step = first = 0
    while True:
        step_at = w.steps[step].at if step < len(w.steps) else inf
        first_at = w.firsts[first].at if first < len(w.firsts) else inf
        heap_at = w.heap[0].at if run.waiting_events else inf
        t = min(step_at, first_at, heap_at)
        if t == inf:
            break
        run.clock = t
        run.events += 1
        if step_at == t:
            step_happens(w, step, t)
            step += 1
        elif first_at == t and (heap_at > t or (COMES << KIND_SHIFT) + int(w.firsts[first].leg) < w.heap[0].order):
            comes(w, w.firsts[first].leg, t)
            first += 1
        else:
            run.top_is_free = 1
            happens(w, w.heap[0].order, t)
            fill_top(w)
    for area in range(len(w.counts)):
        count(w, area, 0, run.clock)


@inlined
def count(w: World, area: int, more: int, t: float) -> None:
    """Count the truck-minutes of an area up to now, from when on there are so many more."""
    here = w.counts[area]
    here.minutes += here.number * (t - here.since)
    here.number += more
    here.since = t


@inlined
def happens(w: World, order: int, t: float) -> None:
    """Let an event of a leg happen."""
    kind, i = order >> KIND_SHIFT, order & LEG_MASK
    if kind == AT_DOCK:
        at_dock(w, i, t)
    elif kind == DOCK_ENDS:
        dock_ends(w, i, t)
    elif kind == GATE_ENDS:
        gate_ends(w, i, t)
    elif kind == AT_EXIT:
        at_exit(w, i, t)
    elif kind == EXIT_ENDS:
        exit_ends(w, i, t)
    elif kind == COMES:
        comes(w, i, t)
    elif kind == HOLD_ENDS:
        hold_ends(w, i, t)
    else:
        turn_ends(w, i, t)


# -- the heap of events and the lines


@inlined
def push(w: World, kind: int, leg: int, t: float) -> None:
    """Put an event on the heap."""
    run, order = w.run[0], (kind << KIND_SHIFT) + int(leg)
    if run.top_is_free:
        run.top_is_free = 0
        sift_down(w.heap, run.waiting_events, t, order)
    else:
        sift_up(w.heap, run.waiting_events, t, order)
        run.waiting_events += 1


@inlined
def fill_top(w: World) -> None:
    """Put the last event into the heap's first place, if that is free because nothing followed what happened."""
    run = w.run[0]
    if run.top_is_free:
        run.top_is_free = 0
        run.waiting_events -= 1
        last = w.heap[run.waiting_events]
        sift_down(w.heap, run.waiting_events, last.at, last.order)


@inlined
def sift_up(heap: Records, place: int, t: float, order: int) -> None:
    """Put an event into the heap from its free place up. (Unsigned places spare the question which are negative.)"""
    i = UNSIGNED(place)
    while i > ZERO:
        above = (i - ONE) >> ONE
        if not is_before(t, order, heap[above].at, heap[above].order):
            break
        heap[i].at, heap[i].order = heap[above].at, heap[above].order
        i = above
    heap[i].at, heap[i].order = t, order


@inlined
def sift_down(heap: Records, size: int, t: float, order: int) -> None:
    """Put an event into the heap of this size, whose first place is free."""
    i, below, end = ZERO, ONE, UNSIGNED(size)
    while below < end:
        right = below + ONE
        if right < end:
            below += UNSIGNED(is_before(heap[right].at, heap[right].order, heap[below].at, heap[below].order))
        if is_before(t, order, heap[below].at, heap[below].order):
            break
        heap[i].at, heap[i].order = heap[below].at, heap[below].order
        i, below = below, below + below + ONE
    heap[i].at, heap[i].order = t, order


@inlined
def is_before(t: float, order: int, other_t: float, other_order: int) -> bool:
    """Answer whether an event comes before another: the earlier, at the same moment that of the lower order."""
    if t == other_t:
        return order < other_order
    return t < other_t


@inlined
def pace(w: World, row: int, t: float) -> float:
    """Return the pace of a row now; the moments asked for never fall."""
    here = w.rows[row]
    while here.now < here.last and w.paces[here.now + 1].at <= t:
        here.now += 1
    return float(w.paces[here.now].value)


# -- the gate


@inlined
def comes(w: World, i: int, t: float) -> None:
    """A truck comes to the gate or its terminal."""
    leg = w.legs[i]
    leg.comes = t
    if not leg.is_visit:
        count(w, AT_TERMINALS, 1, t)
        push(w, TURN_ENDS, i, t + leg.turn_minutes * pace(w, w.run[0].terminal_pace + leg.terminal, t))
        return
    count(w, IN_PARK, 1, t)
    join_road(w, i, t)
    leg.truck_class = class_of(w, i, t)
    if may_be_ready(w, i, t):
        make_ready(w, i, t)
    else:
        push(w, HOLD_ENDS, i, leg.appointment - w.run[0].early_tolerance)
        if w.run[0].rule == IF_DOCK_FREE:
            hold(w, i)
    settle(w, leg.gate, t)


@inlined
def join_road(w: World, i: int, t: float) -> None:
    """A truck comes to the end of the line on the road."""
    gate = w.gates[w.legs[i].gate]
    count(w, ON_ROAD, 1, t)
    w.legs[i].behind = -1
    if gate.road_head < 0:
        gate.road_head = i
    else:
        w.legs[gate.road_tail].behind = i
    gate.road_tail = i


@inlined
def hold(w: World, i: int) -> None:
    """An early truck joins those that wait for a dock of their group."""
    group = w.groups[w.legs[i].group]
    w.legs[i].held_behind = -1
    if group.held_head < 0:
        group.held_head = i
    else:
        w.legs[group.held_tail].held_behind = i
    group.held_tail = i


@inlined
def class_of(w: World, i: int, t: float) -> int:
    """Return what a truck is at the gate."""
    appointment = w.legs[i].appointment
    if np.isnan(appointment):
        return WALK_IN
    return LATE if t > appointment + w.run[0].late_tolerance else BOOKED


@inlined
def may_be_ready(w: World, i: int, t: float) -> bool:
    """Answer whether a truck that comes may be served at once."""
    leg, run = w.legs[i], w.run[0]
    if leg.truck_class != BOOKED or run.rule == SERVED or t >= leg.appointment - run.early_tolerance:
        return True
    group = w.groups[leg.group]
    return bool(run.rule == IF_DOCK_FREE and group.claims < group.docks)


@inlined
def make_ready(w: World, i: int, t: float) -> None:
    """A truck may be served from now on; it claims a dock."""
    leg = w.legs[i]
    leg.ready = 1
    leg.ready_at = t
    w.groups[leg.group].claims += 1
    if leg.off_road:
        join_yard_line(w, i)


@inlined
def join_yard_line(w: World, i: int) -> None:
    """A ready truck in the yard joins the line of its class."""
    leg = w.legs[i]
    line = w.lines[leg.gate * CLASSES + leg.truck_class]
    w.run[0].places += 1
    leg.place = w.run[0].places
    leg.behind = -1
    if line.head < 0:
        line.head = i
    else:
        w.legs[line.tail].behind = i
    line.tail = i


@inlined
def settle(w: World, number: int, t: float) -> None:
    """Move trucks from the road into the yard and from there into lanes until nothing more moves."""
    gate = w.gates[number]
    while True:
        while gate.road_head >= 0 and gate.in_yard < gate.yard:
            enter_yard(w, number, t)
        if not gate.free:
            return
        lane, line = best_pair(w, number)
        if lane >= 0:
            i = leave_yard(w, number, line, t)
        else:
            i = gate.road_head
            if i < 0 or not w.legs[i].ready:
                return
            lane = best_lane(w, number, w.legs[i].truck_class)
            if lane < 0:
                return
            leave_road(w, number, t)
        gate_begins(w, i, lane, t)


@inlined
def leave_road(w: World, number: int, t: float) -> int:
    """Take the head of the road's line off the road."""
    gate = w.gates[number]
    i = gate.road_head
    leg = w.legs[i]
    gate.road_head = leg.behind
    leg.off_road = 1
    leg.in_yard = t
    count(w, ON_ROAD, -1, t)
    return int(i)


@inlined
def enter_yard(w: World, number: int, t: float) -> None:
    """The head of the road's line drives into the yard."""
    i = leave_road(w, number, t)
    w.gates[number].in_yard += 1
    count(w, IN_YARD, 1, t)
    if w.legs[i].ready:
        join_yard_line(w, i)


@inlined
def leave_yard(w: World, number: int, line: int, t: float) -> int:
    """Take the head of a line out of the yard."""
    i = w.lines[line].head
    w.lines[line].head = w.legs[i].behind
    w.gates[number].in_yard -= 1
    count(w, IN_YARD, -1, t)
    return int(i)


@inlined
def best_pair(w: World, number: int) -> tuple[int, int]:
    """Return the free lane and the line of the yard that go together now, -1 and -1 when there is none."""
    best_rank, best_place, found, found_line = NEVER, 0, -1, -1
    for truck_class in range(CLASSES):
        line = number * CLASSES + truck_class
        i = w.lines[line].head
        if i < 0:
            continue
        lane = best_lane(w, number, truck_class)
        if lane < 0:
            continue
        rank, place = w.rank[lane, truck_class], w.legs[i].place
        if found < 0 or rank < best_rank or (rank == best_rank and place < best_place):
            best_rank, best_place, found, found_line = rank, place, lane, line
    return found, found_line


@inlined
def best_lane(w: World, number: int, truck_class: int) -> int:
    """Return the free, open lane with the lowest rank for a class, then the lowest number; -1 when there is none."""
    found, best_rank = -1, NEVER
    for number_of_lane in range(w.gates[number].first_lane, w.gates[number].last_lane + 1):
        lane, rank = w.lanes[number_of_lane], w.rank[number_of_lane, truck_class]
        if rank != NEVER and lane.open and not lane.busy and (found < 0 or rank < best_rank):
            found, best_rank = number_of_lane, rank
    return int(found)


@inlined
def gate_begins(w: World, i: int, lane: int, t: float) -> None:
    """A truck begins its service in a lane."""
    leg = w.legs[i]
    w.lanes[lane].busy = 1
    w.gates[leg.gate].free -= 1
    leg.lane = lane
    leg.gate_begins = t
    push(w, GATE_ENDS, i, t + leg.gate_minutes * pace(w, leg.gate, t))


@inlined
def hold_ends(w: World, i: int, t: float) -> None:
    """An early truck need wait no longer."""
    if not w.legs[i].ready:
        make_ready(w, i, t)
        settle(w, w.legs[i].gate, t)


@inlined
def gate_ends(w: World, i: int, t: float) -> None:
    """A truck leaves its lane and drives to its zone."""
    leg = w.legs[i]
    lane = w.lanes[leg.lane]
    leg.gate_ends = t
    lane.busy = 0
    w.gates[leg.gate].free += lane.open
    drive(w, AT_DOCK, i, leg.gate, t)
    settle(w, leg.gate, t)


@inlined
def drive(w: World, to: int, i: int, gate: int, t: float) -> None:
    """A truck drives between a gate and its zone, slower the more are on the way."""
    leg = w.legs[i]
    zone = w.zones[leg.zone]
    factor = leg.in_factor if to == AT_DOCK else leg.out_factor
    crowd = 1.0 + zone.slope * max(0, zone.driving - zone.free_flow)
    zone.driving += 1
    push(w, to, i, t + w.drive[gate, leg.zone] * factor * pace(w, w.run[0].zone_pace + leg.zone, t) * crowd)


# -- the docks


@inlined
def at_dock(w: World, i: int, t: float) -> None:
    """A truck joins the line of its dock group."""
    leg = w.legs[i]
    group = w.groups[leg.group]
    leg.at_dock = t
    w.zones[leg.zone].driving -= 1
    count(w, IN_DOCK_LINE, 1, t)
    leg.behind = -1
    if group.head < 0:
        group.head = i
    else:
        w.legs[group.tail].behind = i
    group.tail = i
    serve_docks(w, leg.group, t)


@inlined
def serve_docks(w: World, number: int, t: float) -> None:
    """While a dock is free and the line is not empty, its head begins."""
    group = w.groups[number]
    while group.busy < group.docks and group.head >= 0:
        i = group.head
        leg = w.legs[i]
        group.head = leg.behind
        group.busy += 1
        count(w, IN_DOCK_LINE, -1, t)
        leg.dock_begins = t
        push(w, DOCK_ENDS, i, t + leg.handling * pace(w, w.run[0].group_pace + number, t))


@inlined
def dock_ends(w: World, i: int, t: float) -> None:
    """A truck leaves its dock and drives to its exit gate."""
    leg = w.legs[i]
    group = w.groups[leg.group]
    leg.dock_ends = t
    group.busy -= 1
    group.claims -= 1
    serve_docks(w, leg.group, t)
    drive(w, AT_EXIT, i, leg.exit_gate, t)
    look_at_held(w, leg.group, t)


@inlined
def look_at_held(w: World, number: int, t: float) -> None:
    """While a dock of the group is not claimed, the early truck that came first becomes ready."""
    group = w.groups[number]
    while group.held_head >= 0 and group.claims < group.docks:
        i = group.held_head
        group.held_head = w.legs[i].held_behind
        if not w.legs[i].ready:  # else its hold ended meanwhile
            make_ready(w, i, t)
            settle(w, w.legs[i].gate, t)


# -- the exit, terminals, steps


@inlined
def at_exit(w: World, i: int, t: float) -> None:
    """A truck joins the line of its exit gate."""
    leg = w.legs[i]
    gate = w.gates[leg.exit_gate]
    leg.at_exit = t
    w.zones[leg.zone].driving -= 1
    count(w, IN_EXIT_LINE, 1, t)
    leg.behind = -1
    if gate.exit_head < 0:
        gate.exit_head = i
    else:
        w.legs[gate.exit_tail].behind = i
    gate.exit_tail = i
    serve_exits(w, leg.exit_gate, t)


@inlined
def serve_exits(w: World, number: int, t: float) -> None:
    """While an exit lane is free and the line is not empty, its head begins."""
    gate = w.gates[number]
    while gate.exits_busy < gate.exits and gate.exit_head >= 0:
        i = gate.exit_head
        leg = w.legs[i]
        gate.exit_head = leg.behind
        gate.exits_busy += 1
        count(w, IN_EXIT_LINE, -1, t)
        leg.exit_begins = t
        push(w, EXIT_ENDS, i, t + leg.exit_minutes * pace(w, number, t))


@inlined
def exit_ends(w: World, i: int, t: float) -> None:
    """A truck is out."""
    gate = w.legs[i].exit_gate
    w.gates[gate].exits_busy -= 1
    count(w, IN_PARK, -1, t)
    serve_exits(w, gate, t)
    go_on(w, i, t)


@inlined
def turn_ends(w: World, i: int, t: float) -> None:
    """A truck leaves its terminal."""
    count(w, AT_TERMINALS, -1, t)
    go_on(w, i, t)


@inlined
def go_on(w: World, i: int, t: float) -> None:
    """A truck that is out goes on to its next leg, if it has one."""
    leg = w.legs[i]
    leg.out = t
    if leg.following >= 0:
        following = w.legs[leg.following]
        there = t + following.road * pace(w, w.run[0].road_pace, t)
        push(w, COMES, leg.following, max(following.planned, there))


@inlined
def step_happens(w: World, number: int, t: float) -> None:
    """A lane opens or closes, or docks or exit lanes become more or fewer."""
    step = w.steps[number]
    if step.part == LANES:
        lane = w.lanes[step.row]
        if not lane.busy:
            w.gates[lane.gate].free += step.value - lane.open
        lane.open = step.value
        settle(w, lane.gate, t)
    elif step.part == DOCKS:
        w.groups[step.row].docks = step.value
        serve_docks(w, step.row, t)
        look_at_held(w, step.row, t)
    else:
        w.gates[step.row].exits = step.value
        serve_exits(w, step.row, t)
