"""Groups and policies over instances: members and targets expanded, triggers understood."""

from collections.abc import Iterator, Sequence

from toscactl import topology
from toscactl.address import Address
from toscactl.graph.evaluation import Evaluation, Subject
from toscactl.graph.model import Group, Policy
from toscactl.graph.operations import values
from toscactl.graph.triggers import trigger


def group(evaluation: Evaluation, written: topology.Group) -> Group:
    subject = Subject(f"group `{written.name}`")
    return Group(
        written.name,
        written.type.ancestors,
        written.span.place,
        tuple(dict.fromkeys(_expanded(evaluation, written.members, {written.name}))),
        values(evaluation, written.properties, subject),
    )


def policy(evaluation: Evaluation, written: topology.Policy) -> Policy:
    subject = Subject(f"policy `{written.name}`")
    return Policy(
        written.name,
        written.type.ancestors,
        written.span.place,
        tuple(dict.fromkeys(_expanded(evaluation, written.targets, set()))),
        values(evaluation, written.properties, subject),
        tuple(trigger(evaluation, each, subject) for each in written.triggers.values()),
        written.metadata,
    )


def _expanded(evaluation: Evaluation, names: Sequence[str], seen: set[str]) -> Iterator[Address]:
    """The instances that names of templates and groups stand for; each group once."""
    groups = evaluation.topology.groups
    for name in names:
        if name in evaluation.addresses:
            yield from evaluation.addresses[name]
        elif name in groups and name not in seen:
            seen.add(name)
            yield from _expanded(evaluation, groups[name].members, seen)
