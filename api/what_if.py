"""A scenario of the live plan, run by the worker: read the plan, change it, decide, simulate both days, compare."""

import asyncio
from datetime import date, datetime
from typing import Any

import parkdispatch
from api.assembly import clock_of, read_settings
from api.scenarios import NO_POLICY, scenario_from
from dispatch.files import load_park
from dispatch.model.park import Park
from dispatch.roads.find import table_for
from dispatch.services.live_plan import read_live_plan
from dispatch.worker.tasks import TaskContext
from simulations.policies.find import find_policy
from simulations.policies.policy import Decision, Effort
from simulations.running import results
from simulations.running.deciding import known
from simulations.running.replications import Dice, Replicated, replicated
from simulations.running.roster import identities_of
from simulations.scenarios.live import LiveBase, Promised, live_base
from simulations.scenarios.read import check_fits
from simulations.scenarios.scenario import Scenario
from simulations.scenarios.stage import Stage, staged

TOLD_EVERY = 5  # replications


def simulate(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Simulate the live plan of a day without and with changes, under the policy named in the arguments."""
    settings = read_settings()
    park = load_park(settings.park_file)
    base = asyncio.run(_read(context, park, date.fromisoformat(arguments["day"]), settings.park_file.parent))
    return what_if(context, scenario_from(arguments), base, clock_of(settings)())


async def _read(context: TaskContext, park: Park, day: date, folder: Any) -> LiveBase:
    async with context.open_store() as store:
        plan = await read_live_plan(store, day)
    promised = Promised(day, plan.appointments, plan.matches, plan.loads, plan.trucks, plan.closures)
    return live_base(park, promised, table_for(park, folder))


def what_if(context: TaskContext, scenario: Scenario, base: LiveBase, now: datetime) -> dict[str, Any]:
    """Return what changes: measures of both days, their differences, series, and which appointments would move."""
    check_fits("scenario", scenario, base.stage.park)
    context.progress({"stage": "read", "visits": len(base.stage.visits), "done": 0.0})
    changed = staged(base.stage, scenario.changes, scenario.seed)
    decision = _decided(scenario, base, changed, now)
    moves = _moves(base, changed, decision)
    context.progress({"stage": "decided", "moves": len(moves), "done": 0.1})
    numbers = identities_of((base.stage, changed))
    dice = Dice(scenario.seed, scenario.replications)
    ran: list[Replicated] = []
    for day, stage, plan in (("baseline", base.stage, base.decision), ("changed", changed, decision)):

        def tell(done: int, day: str = day) -> None:
            if done % TOLD_EVERY == 0 or done == scenario.replications:
                share = (len(ran) + done / scenario.replications) / 2
                context.progress({"stage": day, "replications": done, "done": round(0.1 + 0.9 * share, 3)})

        ran.append(replicated(stage, plan, numbers, dice, tell, context.should_stop))
    return _document(base.stage.park, scenario, ran[0], ran[1]) | {
        "day": base.stage.date.isoformat(),
        "visits": len(base.stage.visits),
        "moves": moves,
        "moved": len(moves),
        "without_slot": sum(move["to"]["slot"] is None for move in moves),
    }


def _document(park: Park, scenario: Scenario, base: Replicated, changed: Replicated) -> dict[str, Any]:
    return {
        "policy": scenario.policy,
        "replications": scenario.replications,
        "seed": scenario.seed,
        "version": parkdispatch.__version__,
        "baseline": results.measures_document(base),
        "changed": results.measures_document(changed),
        "difference": results.differences_document(changed, base),
        "difference_by": results.detailed_differences_document(park, changed, base),
        "series": {"baseline": results.series_document(base), "changed": results.series_document(changed)},
    }


def _decided(scenario: Scenario, base: LiveBase, changed: Stage, now: datetime) -> Decision:
    """Return the plan of the changed day: of what is known now, which is all that is changed."""
    if scenario.policy == NO_POLICY:
        return base.decision
    policy = find_policy("scenario", scenario.policy)
    grid = changed.park.grid
    minute = grid.minute_of(now, changed.date) + changed.park.rules.react_minutes
    first_slot = min(max(0, -(-minute // grid.slot_minutes)), grid.horizon)
    seen = known(changed, changed.disturbances, first_slot)
    return policy.replan(seen, base.decision, first_slot, Effort(scenario.plan_seconds, scenario.seed))


def _moves(base: LiveBase, changed: Stage, decision: Decision) -> list[dict[str, Any]]:
    """Return the appointments that the decision has elsewhere, each with its place now and then.

    Those whose trucks stay away or come unbooked by the scenario's changes are not moved by anybody.
    """
    then = {each.visit.id: each for each in decision.placements}
    asking = {visit.id for visit in changed.booking}
    grid, day = base.stage.park.grid, base.stage.date
    moves = []
    for visit, appointment in base.appointment.items():
        if visit not in asking or visit not in (appointment.visit or appointment.id, appointment.id):
            continue  # a later stop goes where the first one goes
        place = then.get(visit)
        to = (None, None) if place is None else (place.slot, place.gate)
        if to != (appointment.slot, appointment.gate):
            starts = None if to[0] is None else grid.start_of(day, to[0])
            moves.append(
                {
                    "appointment": appointment.id,
                    "plate": appointment.plate,
                    "carrier": appointment.carrier,
                    "was": {
                        "day": day.isoformat(),
                        "slot": appointment.slot,
                        "gate": appointment.gate,
                        "starts_at": grid.start_of(day, appointment.slot).isoformat(),
                    },
                    "to": {"slot": to[0], "gate": to[1], "starts_at": starts and starts.isoformat()},
                }
            )
    return sorted(moves, key=lambda move: (move["was"]["slot"], move["appointment"]))
