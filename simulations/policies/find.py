"""Policies by name: the three that come with the project, and those that installed packages offer."""

from importlib.metadata import EntryPoint, entry_points

from simulations.policies.policy import Policy
from solver.reading import BadInput

GROUP = "parkdispatch.policies"
BUILT_IN = {  # loaded only where they are used: solvers take a second to load
    "uncoordinated": "simulations.policies.uncoordinated:Uncoordinated",
    "first_come": "simulations.policies.first_come:FirstCome",
    "optimised": "simulations.policies.optimised:Optimised",
}


def policy_names() -> tuple[str, ...]:
    """Return the names a scenario may use."""
    return tuple(dict.fromkeys((*BUILT_IN, *(point.name for point in entry_points(group=GROUP)))))


def check_policy(source: str, name: str) -> None:
    """Raise BadInput that names `source` where there is no policy of the name."""
    if name not in policy_names():
        raise BadInput(source, "policy", f"{name[:40]!r} is not a policy; known: {', '.join(policy_names())}")


def find_policy(source: str, name: str) -> Policy:
    """Return the policy of a name; BadInput that names `source` where there is none, or it is no policy."""
    check_policy(source, name)
    own = list(entry_points(group=GROUP, name=name))
    point = EntryPoint(name, BUILT_IN[name], GROUP) if name in BUILT_IN else own[0]
    made = point.load()
    policy: object = made() if isinstance(made, type) else made
    if not isinstance(policy, Policy):
        raise BadInput(source, "policy", f"{name!r} ({point.value}) has no plan and replan")
    return policy
