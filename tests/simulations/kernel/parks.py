"""Small parks and days for tests of the kernel: one of everything unless more is asked for."""

from math import inf, nan

import numpy as np

from simulations.kernel.distributions import EXACTLY_1, fixed
from simulations.kernel.layout import Docks, Gates, Lanes, Layout, Outside, Rules, Zones
from simulations.kernel.legs import LegKind, Legs
from simulations.kernel.steps import Steps

ANY = ((0, 0, 0),)
RULES = Rules()


def layout(*, lanes=ANY, yard=100, docks=1, gate=2.0, drive=5.0, leave=1.0, noise=EXACTLY_1, rules=RULES, **parts):
    """A park of one gate whose lanes have these ranks; `parts` replaces whole parts of the layout."""
    made = {
        "lanes": Lanes(np.zeros(len(lanes), dtype=int), np.array(lanes), Steps.constant(np.ones(len(lanes)))),
        "gates": Gates(np.array([yard]), (fixed(gate),), Steps.constant([1]), (fixed(leave),), Steps.constant([1])),
        "zones": Zones([[drive]], Steps.constant([1]), np.array([10**6]), np.zeros(1)),
        "docks": Docks(np.zeros(1, dtype=int), Steps.constant([docks]), Steps.constant([1]), (noise,)),
        "outside": Outside((fixed(30.0),), Steps.constant([1]), Steps.constant([1])),
        "rules": rules,
    }
    return Layout(**(made | parts))


def visit(planned, *, appointment=None, handling=20.0, truck=None, **columns):
    """A visit of its own truck, booked for when it comes unless said otherwise."""
    appointment = planned if appointment is None else appointment
    return {"truck": truck, "kind": LegKind.VISIT, "planned": planned, "appointment": appointment, "terminal": -1} | {
        "gate": 0, "exit_gate": 0, "dock_group": 0, "cargo": 0, "handling_minutes": handling
    } | columns  # fmt: skip


def walk_in(planned, **columns):
    return visit(planned, appointment=nan, **columns)


def run(planned=-inf, *, truck, terminal=0, road=10.0):
    """A port run of a truck that has other legs."""
    nowhere = {"gate": -1, "exit_gate": -1, "dock_group": -1, "cargo": -1, "handling_minutes": 0.0, "appointment": nan}
    return {
        "truck": truck, "kind": LegKind.RUN, "planned": planned, "terminal": terminal, "road_minutes": road
    } | nowhere  # fmt: skip


def legs(*rows):
    """A day of legs; those without a truck get one each, by their place."""
    common = {"road_minutes": 10.0, "no_show": 0.0, "punctuality": 0, "loading_minutes": 0.0}
    whole = [common | {"identity": i} | row for i, row in enumerate(rows)]
    for i, row in enumerate(whole):
        row["truck"] = i if row["truck"] is None else row["truck"]
    names = Legs.__dataclass_fields__
    return Legs(**{name: np.array([row[name] for row in whole]) for name in names})
