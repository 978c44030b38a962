"""What the life of appointments comes to in a park of one reefer and one container dock, in a few lines of its own.

It knows nothing of the code under test: slots are numbers, times are minutes from midnight, counters are counted anew
from the visits each time.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

SLOT, LEAD, GRACE, LIMIT, HOLD, PATIENCE, STAND, WINDOW, QUEUE = 15, 15, 30, 60, 10, 15, 60, 120, 240
DOCKS = {"frozen": (("reefer", 1),), "import": (("container", 2),), "both": (("reefer", 1), ("container", 2))}
HOLDING = {"requested", "confirmed", "checked_in", "at_dock", "completed"}
INSIDE = {"checked_in", "at_dock"}

Places = tuple[tuple[str, int, int], ...]  # dock, first slot, slots


def works(dock: str, slot: int) -> bool:
    """08:00 to 18:00, the container dock not from 12:00 to 13:00."""
    return 32 <= slot < 72 and not (dock == "container" and 48 <= slot < 52)


@dataclass(frozen=True)
class Visit:
    """One appointment."""

    state: str
    plate: int
    cargo: str
    places: Places
    until: int = 0  # of a hold
    offer: Places = ()
    offered_until: int = 0
    arrived: int | None = None
    excused: int = 0
    done: int = 0  # docks
    left: bool = False

    @property
    def begin(self) -> int:
        return self.places[0][1] * SLOT

    @property
    def no_show(self) -> int:
        return self.begin + LIMIT + self.excused

    def needs(self) -> set[tuple[str, object]]:
        """Return the counters it takes."""
        if self.state not in HOLDING:
            return set()
        taken: set[tuple[str, object]] = {("inside", self.plate)} if self.state in INSIDE else set()
        for places in filter(None, (self.places, self.offer)):
            taken |= {(dock, t) for dock, first, slots in places for t in range(first, first + slots)}
            end = max([first + slots for _, first, slots in places if slots], default=places[0][1])
            taken |= {(f"truck {self.plate}", t) for t in range(places[0][1], end + 1)}
        return taken


@dataclass
class Park:
    """All visits by number, and the time."""

    now: int = 8 * 60
    visits: dict[int, Visit] = field(default_factory=dict)

    def taken(self, but: int | None = None) -> Counter[tuple[str, object]]:
        return Counter(need for i, visit in self.visits.items() if i != but for need in visit.needs())

    def full(self, visit: Visit, own: int | None) -> str | None:
        """Return what refuses the visit, all limits being one."""
        taken = self.taken(own)
        had = self.visits[own].needs() if own is not None else set()
        lacking = [need for need in visit.needs() if need in taken and need not in had]
        for kind in ("reefer", "container", "truck", "inside"):
            if any(need[0].startswith(kind) for need in lacking):
                return "DocksFull" if kind in DOCKS["both"][0] + DOCKS["both"][1] else "TruckBusy"
        return None

    def places(self, visit: Visit, slot: int, own: int | None) -> Places | str:
        """Return where the cargo is handled from a slot on: the later dock as soon as it is free; or what refuses."""
        taken = self.taken(own)
        (dock, slots), *later = DOCKS[visit.cargo]
        closed = [t for t in range(slot, slot + slots) if not works(dock, t)]
        full = [t for t in range(slot, slot + slots) if (dock, t) in taken]
        if visit.state == "checked_in" and closed and full:  # a walk-in is told what binds first
            return "OutsideHours" if closed[0] <= full[0] else "DocksFull"
        if closed or full:
            return "OutsideHours" if closed else "DocksFull"
        if any((f"truck {visit.plate}", t) in taken for t in range(slot, slot + slots + 1)):
            return "TruckBusy"
        places, at = [(dock, slot, slots)], slot + slots
        for other, length in later:
            free = (t for t in range(at, at + STAND // SLOT + 1) if self._is_free(other, t, length, taken))
            begin = next(free, None)
            if begin is None:
                return "DocksFull"
            places.append((other, begin, length))
        return tuple(places)

    @staticmethod
    def _is_free(dock: str, first: int, slots: int, taken: Counter[tuple[str, object]]) -> bool:
        return all(works(dock, t) and (dock, t) not in taken for t in range(first, first + slots))

    def at_slot(self, visit: Visit, slot: int, own: int | None) -> Visit | str:
        """Return the visit moved to a slot that may be booked now; or what refuses."""
        if slot * SLOT < self.now + LEAD:
            return "BookingNotOpen"
        return self.at_once(visit, slot, own)

    def at_once(self, visit: Visit, slot: int, own: int | None) -> Visit | str:
        places = self.places(visit, slot, own)
        if isinstance(places, str):
            return places
        there = replace(visit, places=places)
        return self.full(there, own) or there

    # what may be asked; each returns the state afterwards, or the refusal's name

    def book(self, plate: int, cargo: str, slot: int, *, hold: bool) -> str:
        state = "requested" if hold else "confirmed"
        made = self.at_slot(Visit(state, plate, cargo, (), until=self.now + HOLD if hold else 0), slot, None)
        return self.keep(len(self.visits), made)

    def walk_in(self, plate: int, cargo: str) -> str:
        visit, first = Visit("checked_in", plate, cargo, (), arrived=self.now), self.now // SLOT
        tried = [self.at_once(visit, slot, None) for slot in (first, first + 1)]
        return self.keep(len(self.visits), next((each for each in tried if isinstance(each, Visit)), tried[0]))

    def keep(self, number: int, visit: Visit | str) -> str:
        if isinstance(visit, str):
            return visit
        self.visits[number] = visit
        return visit.state

    def confirm(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state != "requested" or visit.until <= self.now:
            return "NotAllowedNow"
        return self.keep(i, replace(visit, state="confirmed", until=0))

    def cancel(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state not in ("requested", "confirmed") or self.now > visit.begin:
            return "NotAllowedNow"
        return self.keep(i, replace(visit, state="cancelled", offer=()))

    def move(self, i: int, slot: int) -> str:
        visit = self.visits[i]
        if visit.state not in ("requested", "confirmed") or self.now > visit.begin - LEAD:
            return "NotAllowedNow"
        there = self.at_slot(visit, slot, i)
        if isinstance(there, Visit) and slot != visit.places[0][1]:
            there = replace(there, offer=(), excused=0)
            there = self.full(there, i) or there
        elif isinstance(there, Visit):
            there = visit
        return self.keep(i, there)

    def other_plate(self, i: int, plate: int) -> str:
        visit = self.visits[i]
        if visit.state not in ("requested", "confirmed"):
            return "NotAllowedNow"
        other = replace(visit, plate=plate)
        return self.keep(i, self.full(other, i) or other)

    def arrive(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state != "confirmed" or visit.arrived is not None:
            return "NotAllowedNow"
        return self.keep(i, replace(visit, arrived=self.now))

    def check_in(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state != "confirmed":
            return "NotAllowedNow"
        arrived = self.now if visit.arrived is None else visit.arrived
        if self.now < visit.begin - GRACE:
            return "TooEarly"
        if arrived > visit.begin + GRACE + visit.excused and arrived >= visit.no_show:
            return "TooLate"
        inside = replace(visit, state="checked_in", arrived=arrived, offer=())
        return self.keep(i, self.full(inside, i) or inside)

    def start_dock(self, i: int) -> str:
        visit = self.visits[i]
        return self.keep(i, replace(visit, state="at_dock") if visit.state == "checked_in" else "NotAllowedNow")

    def finish_dock(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state != "at_dock":
            return "NotAllowedNow"
        done = visit.done + 1
        state = "completed" if done == len(visit.places) else "checked_in"
        return self.keep(i, replace(visit, state=state, done=done, places=self.used(visit, {visit.done})))

    def check_out(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state not in (*INSIDE, "completed") or visit.left:
            return "NotAllowedNow"
        open_ones = set(range(visit.done, len(visit.places)))
        return self.keep(i, replace(visit, state="completed", left=True, places=self.used(visit, open_ones)))

    def used(self, visit: Visit, done: set[int]) -> Places:
        """Return its places, what had not begun of those that are done given back."""
        begun = -(-self.now // SLOT)
        return tuple(
            (dock, first, min(slots, max(0, begun - first)) if number in done else slots)
            for number, (dock, first, slots) in enumerate(visit.places)
        )

    def expect(self, i: int, eta: int) -> str:
        visit = self.visits[i]
        if visit.state != "confirmed":
            return "NotAllowedNow"
        if eta > visit.begin + GRACE + visit.excused:
            for slot in range(-(-eta // SLOT), (eta + WINDOW) // SLOT + 1):
                there = self.at_slot(visit, slot, i)
                if isinstance(there, Visit):
                    offered = replace(visit, offer=there.places, offered_until=self.now + HOLD)
                    return self.keep(i, offered)
        return visit.state

    def accept(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state != "confirmed" or not visit.offer or visit.offered_until <= self.now:
            return "NotAllowedNow"
        return self.keep(i, replace(visit, places=visit.offer, offer=(), excused=0))

    def refuse(self, i: int) -> str:
        visit = self.visits[i]
        if visit.state != "confirmed" or not visit.offer or visit.offered_until <= self.now:
            return "NotAllowedNow"
        return self.keep(i, replace(visit, offer=()))

    def sweep(self) -> dict[str, int]:
        made: Counter[str] = Counter()
        for i, visit in self.visits.items():
            if visit.state == "requested" and visit.until <= self.now:
                made["expire"] += 1
                self.visits[i] = replace(visit, state="expired")
            elif visit.state == "confirmed" and visit.offer:
                if visit.offered_until <= self.now:
                    made["lapse_move"] += 1
                    self.visits[i] = replace(visit, offer=())
            elif visit.state == "confirmed" and visit.no_show <= self.now:
                came = visit.arrived is not None and visit.arrived < visit.no_show and self.now < visit.arrived + QUEUE
                step, state = ("expire", "expired") if visit.excused else ("miss", "no_show")
                made["excuse" if came else step] += 1
                excused = visit.excused + self.now + PATIENCE - visit.no_show
                self.visits[i] = replace(visit, excused=excused) if came else replace(visit, state=state)
        return dict(made)
