"""Dual visits: some trucks that bring a container take another along from the same dock, for one gate entry."""

from dataclasses import replace

import numpy as np

from dispatch.model.park import DockKind, Park
from simulations.demand.distributions import DUAL_SHARE, HANDLING_SIGMA
from simulations.demand.draws import lognormal_minutes
from simulations.demand.visits import DrawnVisits, Site, whole_slots
from solver.reading import IntArray


def with_duals(
    rng: np.random.Generator, park: Park, sites: list[Site], visits: DrawnVisits, carrying: IntArray
) -> DrawnVisits:
    """Return the visits, some at container docks with the minutes of loading what they collect besides.

    Dual are only visits that are no end of a load (`carrying` lists those that are), of trucks that come once, and that
    end before the warehouse closes if they begin as they wish.
    """
    is_container = np.array([site.group.kind is DockKind.CONTAINER for site in sites])[visits.site]
    medians = np.array([kind.handling_minutes for kind in park.cargo_kinds])[visits.cargo]
    collect = lognormal_minutes(rng, medians, HANDLING_SIGMA.value)
    opens, closes = (np.array([getattr(site, name) for site in sites])[visits.site] for name in ("opens", "closes"))
    last = closes - whole_slots(park, visits.minutes + collect)
    able = is_container & (np.bincount(visits.truck)[visits.truck] == 1) & (visits.wish <= last) & (opens <= last)
    able[carrying] = False
    most = round(DUAL_SHARE.value * int(is_container.sum()))
    chosen = rng.permutation(np.flatnonzero(able))[:most]
    is_dual = np.isin(np.arange(len(able)), chosen)
    return replace(
        visits,
        minutes=np.where(is_dual, visits.minutes + collect, visits.minutes),
        latest=np.where(is_dual, np.minimum(visits.latest, last), visits.latest),
        collect=np.where(is_dual, collect, 0),
    )
