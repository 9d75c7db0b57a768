"""Kinds of change on which an automation may want to stop (`--fail-on`)."""

from collections.abc import Callable, Collection, Mapping

from toscactl.desired import Action
from toscactl.planning.model import Certainty, Plan, ResourceAction, Risk

_TESTS: Mapping[str, Callable[[ResourceAction], bool]] = {
    "create": lambda one: one.action is Action.CREATE,
    "update": lambda one: one.action is Action.UPDATE,
    "replace": lambda one: one.action is Action.REPLACE,
    "delete": lambda one: one.action is Action.DELETE,
    "run": lambda one: one.action is Action.RUN,
    "may": lambda one: one.certainty is not Certainty.WILL,
    "downtime": lambda one: one.risk is Risk.DOWNTIME or one.action is Action.REPLACE,
    "data-loss": lambda one: one.risk in (Risk.DATA_LOSS, Risk.IRREVERSIBLE),
    "any": lambda _: True,
}
KINDS = tuple(_TESTS)
"""The kinds by name: actions, `may` for what is not certain, risks, and `any`."""


def matching(plan: Plan, kinds: Collection[str]) -> tuple[ResourceAction, ...]:
    """The actions of a plan that are of one of the kinds, whether certain or not.

    What does nothing is of no kind. Raises `KeyError` for a kind that does not exist.
    """
    tests = [_TESTS[kind] for kind in kinds]
    return tuple(
        action
        for action in plan.actions
        if action.action is not Action.NOOP and any(test(action) for test in tests)
    )


def destructive(plan: Plan) -> tuple[ResourceAction, ...]:
    """What is, or may be, replaced or deleted."""
    return matching(plan, ("replace", "delete"))
