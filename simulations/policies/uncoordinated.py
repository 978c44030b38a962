"""Nobody decides: every truck comes when it wishes, every load is driven alone."""

from simulations.policies.policy import Decision, Effort, Known


class Uncoordinated:
    """The park as it is without a planner."""

    def plan(self, known: Known, effort: Effort) -> Decision:  # noqa: ARG002 - the protocol's
        """Return no appointments and no chains."""
        return Decision()

    def replan(self, known: Known, before: Decision, first_slot: int, effort: Effort) -> Decision:  # noqa: ARG002
        """Return what held before: nobody is told of anything."""
        return before
