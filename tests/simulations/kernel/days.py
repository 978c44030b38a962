"""Small parks and days of every shape, for hypothesis; whole minutes, so that much happens at the same moment."""

from math import inf, nan

import numpy as np
from hypothesis import strategies as st

from simulations.kernel.distributions import Distribution, Kind, fixed
from simulations.kernel.draws import draws, generator, roll
from simulations.kernel.layout import (
    Docks,
    EarlyRule,
    Gates,
    Lanes,
    Layout,
    Outside,
    Pooling,
    Rules,
    Zones,
    lane_ranks,
)
from simulations.kernel.legs import Legs
from simulations.kernel.steps import Steps
from tests.simulations.kernel.parks import legs, run, visit

MINUTE = st.integers(0, 90).map(float)
SPREAD = st.floats(0.25, 8.0, allow_nan=False).map(lambda mean: Distribution(Kind.EXPONENTIAL, mean))
DURATION = st.one_of(st.integers(0, 6).map(fixed), SPREAD)
FACTOR = st.one_of(st.just(fixed(1.0)), st.just(Distribution(Kind.LOGNORMAL, 1.0, 0.3)))


@st.composite
def steps(draw, rows, values):
    made = []
    for _ in range(rows):
        at = sorted(draw(st.sets(MINUTE, max_size=3)))
        made.append(([-inf, *at], [draw(values) for _ in range(len(at) + 1)]))
    return Steps.of_rows(made)


def paces(rows):
    return steps(rows, st.sampled_from([1.0, 1.0, 1.5, 2.0]))


def several(draw, values, count):
    return tuple(draw(values) for _ in range(count))


@st.composite
def layouts(draw):
    gates, zones, groups, terminals, kinds = (draw(st.integers(1, 2)) for _ in range(5))
    lanes = draw(st.lists(st.integers(0, gates - 1), min_size=gates, max_size=5).map(lambda x: [*range(gates), *x]))
    ranks = np.zeros((len(lanes), 3), dtype=int)
    for gate in range(gates):
        mine = np.array(lanes) == gate
        classes = draw(st.lists(st.integers(0, 2), min_size=int(mine.sum()), max_size=int(mine.sum())))
        ranks[mine] = lane_ranks(np.array([0, *classes[1:]]), draw(st.sampled_from(Pooling)))
    rules = Rules(draw(st.sampled_from(EarlyRule)), draw(st.sampled_from([0, 5, 10])), draw(st.sampled_from([0, 5])))
    return Layout(
        Lanes(np.array(lanes), ranks, draw(steps(len(lanes), st.sampled_from([1, 1, 0])))),
        Gates(
            np.array(several(draw, st.sampled_from([0, 1, 2, 50]), gates)),
            several(draw, DURATION, gates),
            draw(steps(gates, st.integers(0, 2))),
            several(draw, DURATION, gates),
            draw(paces(gates)),
        ),
        Zones(
            np.array([several(draw, st.integers(0, 5), zones) for _ in range(gates)]),
            draw(paces(zones)),
            np.array(several(draw, st.integers(0, 2), zones)),
            np.array(several(draw, st.sampled_from([0.0, 0.5]), zones)),
            draw(FACTOR),
        ),
        Docks(
            np.array(several(draw, st.integers(0, zones - 1), groups)),
            draw(steps(groups, st.integers(0, 2))),
            draw(paces(groups)),
            several(draw, FACTOR, kinds),
        ),
        Outside(
            several(draw, DURATION, terminals),
            draw(paces(terminals)),
            draw(paces(1)),
            draw(FACTOR),
            several(draw, st.sampled_from([fixed(0), fixed(-8), Distribution(Kind.NORMAL, 0.0, 10.0)]), 2),
        ),
        rules,
    )


@st.composite
def days(draw):
    """A park, a day of it and the draws of a replication."""
    layout = draw(layouts())
    gates, groups, terminals = len(layout.gates.yard), len(layout.docks.zone), len(layout.outside.turn)
    gate, group = st.integers(0, gates - 1), st.integers(0, groups - 1)
    rows = []
    for truck in range(draw(st.integers(1, 14))):
        for number in range(draw(st.integers(1, 3))):
            planned = draw(MINUTE if number == 0 else st.one_of(MINUTE, st.just(-inf)))
            common = {
                "road_minutes": draw(st.integers(0, 20)),
                "no_show": draw(st.sampled_from([0.0, 0.0, 0.3])),
                "punctuality": draw(st.integers(0, 1)),
            }
            if draw(st.integers(0, 3)) == 0:
                rows.append(run(planned, truck=truck, terminal=draw(st.integers(0, terminals - 1))) | common)
                continue
            rows.append(
                visit(
                    planned,
                    truck=truck,
                    appointment=draw(st.one_of(st.just(nan), MINUTE)),
                    gate=draw(gate),
                    exit_gate=draw(gate),
                    dock_group=draw(group),
                    cargo=draw(st.integers(0, len(layout.docks.noise) - 1)),
                    handling=draw(st.integers(0, 20)),
                    loading_minutes=float(draw(st.sampled_from([0, 0, 7, 15]))),
                    **common,
                )
            )
    day = shuffled_identities(legs(*rows), draw(st.integers(0, 5)))
    return layout, day, draws(layout, day, roll(generator(draw(st.integers(0, 99)), 0), len(day)))


def shuffled_identities(day: Legs, seed: int) -> Legs:
    columns = {name: getattr(day, name) for name in Legs.__dataclass_fields__}
    return Legs(**columns | {"identity": np.random.default_rng(seed).permutation(len(day))})
