"""A scaling group's members as a template of their own: what crosses its border, by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from toscactl.backend import Rule
from toscactl_heat.draft import NO_DEFAULT, Draft, HotOutput, HotResource, Parameter, safe, unused
from toscactl_heat.hot import GetAttr, GetParam, GetResource, Hot, Leaf, leaves, rewrite

REFERENCE_INTO_GROUP = Rule(
    "heat-reference-into-group",
    "Something outside a scaling group needs one member of it.",
)


@dataclass(slots=True)
class Nested:
    """One nested template in the making: its resources, and what it takes and gives."""

    group: str
    names: frozenset[str]
    """The names of its resources."""
    resources: dict[str, HotResource] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    given: dict[str, Hot] = field(default_factory=dict)
    outputs: dict[str, HotOutput] = field(default_factory=dict)
    after: dict[str, None] = field(default_factory=dict)

    def take(
        self, leaf: GetResource | GetAttr | GetParam, known: Mapping[str, Parameter]
    ) -> GetParam:
        """A value from outside, as a parameter of the nested template."""
        for name, value in self.given.items():
            if value == leaf:
                return GetParam(name)
        match leaf:
            case GetResource(name=name):
                wanted, outer = name, None
            case GetAttr(name=name, path=path):
                wanted, outer = "_".join((name, *(str(step) for step in path))), None
            case GetParam(name=name, path=path):
                wanted = "_".join((name.removeprefix("OS::"), *(str(step) for step in path)))
                outer = known.get(name)
        name = unused(safe(wanted), {*self.parameters, *self.names})
        kind = "string" if outer is None or _steps(leaf) else outer.type
        self.parameters[name] = Parameter(
            name, kind, hidden=outer is not None and outer.hidden, default=NO_DEFAULT
        )
        self.given[name] = leaf
        return GetParam(name)

    def give(self, leaf: GetResource | GetAttr) -> GetAttr:
        """A value of every member, as a list for those outside."""
        path = _steps(leaf)
        name = safe("_".join((leaf.name, *(str(step) for step in path))))
        self.outputs.setdefault(name, HotOutput(name, leaf))
        return GetAttr(self.group, ("outputs_list", name))


def _steps(leaf: GetResource | GetAttr | GetParam) -> tuple[str | int, ...]:
    return () if isinstance(leaf, GetResource) else leaf.path


def cut(draft: Draft, groups: Iterable[str]) -> Mapping[str, Nested]:
    """Take the members of scaling groups out of the draft, each group into its own template.

    What stays behind refers to the group instead. The group's own resource is made afterwards.
    """
    inside = {
        name: resource.member_of
        for name, resource in draft.resources.items()
        if resource.member_of is not None
    }
    nested = {
        group: Nested(group, frozenset(name for name, at in inside.items() if at == group))
        for group in groups
    }
    everything, draft.resources = draft.resources, {}
    for name, resource in everything.items():
        if resource.member_of is None:
            draft.resources[name] = _outer(draft, resource, inside, nested)
        else:
            of_group = nested[resource.member_of]
            of_group.resources[name] = _inner(draft, resource, inside, nested, of_group)
    for name, output in draft.outputs.items():
        draft.outputs[name] = replace(
            output, value=rewrite(output.value, lambda leaf: _from_outside(leaf, inside, nested))
        )
    return nested


def _outer(
    draft: Draft, resource: HotResource, inside: Mapping[str, str], nested: Mapping[str, Nested]
) -> HotResource:
    for leaf in leaves(dict(resource.properties)):
        if isinstance(leaf, GetResource) and leaf.name in inside:
            place = resource.origin.place if resource.origin else None
            draft.report(
                REFERENCE_INTO_GROUP,
                place,
                f"`{resource.name}` needs `{leaf.name}`, of which there are several, because its"
                " server is scaled",
            )
    return replace(
        resource,
        properties={
            key: rewrite(value, lambda leaf: _from_outside(leaf, inside, nested))
            for key, value in resource.properties.items()
        },
        depends_on=tuple(dict.fromkeys(inside.get(name, name) for name in resource.depends_on)),
    )


def _from_outside(leaf: Leaf, inside: Mapping[str, str], nested: Mapping[str, Nested]) -> Hot:
    if isinstance(leaf, GetResource | GetAttr) and leaf.name in inside:
        return nested[inside[leaf.name]].give(leaf)
    return leaf


def _inner(
    draft: Draft,
    resource: HotResource,
    inside: Mapping[str, str],
    nested: Mapping[str, Nested],
    own: Nested,
) -> HotResource:
    def seen(leaf: Leaf) -> Hot:
        if isinstance(leaf, GetResource | GetAttr) and inside.get(leaf.name) != own.group:
            outside = _from_outside(leaf, inside, nested)
            assert isinstance(outside, GetResource | GetAttr)
            return own.take(outside, draft.parameters)
        if isinstance(leaf, GetParam):
            return own.take(leaf, draft.parameters)
        return leaf

    after = []
    for name in resource.depends_on:
        if inside.get(name) == own.group:
            after.append(name)
        else:
            own.after[inside.get(name, name)] = None
    return replace(
        resource,
        properties={key: rewrite(value, seen) for key, value in resource.properties.items()},
        depends_on=tuple(after),
    )
