"""The finished draft as a unit: the template, its nested ones, its parameters and resources."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from toscactl.backend import (
    AttributeOf,
    Place,
    Resource,
    Rule,
    Secret,
    Severity,
    Unit,
    Value,
    emit_yaml,
)
from toscactl_heat.draft import (
    NO_DEFAULT,
    Draft,
    HotOutput,
    HotResource,
    Parameter,
)
from toscactl_heat.hot import GetAttr, GetParam, GetResource, Hot, Leaf, leaves, plain, rewrite
from toscactl_heat.nesting import Nested, cut
from toscactl_heat.replacing import replaced_by
from toscactl_heat.scaling import ScaledServer, lower_group

CYCLE = Rule("heat-cycle", "Resources of the stack need each other in a circle.")

OPEN_PARAMETER = Rule(
    "heat-open-parameter",
    "The stack needs the name of something in the cloud that nothing says.",
    Severity.NOTE,
)

KIND = "stack"


def unit_of(draft: Draft, scaled: Sequence[ScaledServer]) -> Unit:
    """The stack as a unit. `inputs` are values for its parameters, known or not yet."""
    inputs = _extract(draft)
    nested = cut(draft, [group.group for group in scaled])
    for group in scaled:
        inner = nested[group.group]
        text = emit_yaml(_nested_template(draft, inner)).encode()
        resource: dict[str, Hot] = {"type": draft.put(f"{group.group}.yaml", text)}
        if inner.given:
            resource["properties"] = dict(inner.given)
        lower_group(draft, group, resource, tuple(inner.after))
    _check_cycles(draft)
    _report_open(draft, inputs)
    target = draft.portion.target
    return Unit(
        id=f"{target.name}/{KIND}/{draft.portion.deployment}",
        target=target.name,
        backend="heat",
        kind=KIND,
        name=draft.portion.deployment,
        resources=tuple(_resources(draft, nested, inputs)),
        instances=tuple(instance.address for instance in draft.instances),
        inputs=inputs,
        payload={"template": plain_template(draft)},
        files=dict(sorted(draft.files.items())),
    )


def _report_open(draft: Draft, inputs: Mapping[str, Value]) -> None:
    """Say which parameters have no value, where nobody will be asked for them."""
    if draft.portion.parameters:
        return
    names = [
        parameter.name
        for parameter in draft.parameters.values()
        if parameter.default is NO_DEFAULT and parameter.name not in inputs
    ]
    if names:
        target = draft.portion.target
        draft.findings.append(
            OPEN_PARAMETER.at(
                target.span,
                f"nothing says which {', '.join(f'`{name}`' for name in names)} to use",
                hint=f"say so in the facts of target `{target.name}` (targets.yaml)",
            )
        )


def _extract(draft: Draft) -> dict[str, Value]:
    """Make parameters of secrets and of what other targets give; their values by name."""
    values: dict[str, Value] = {}

    def parameter(leaf: Secret | AttributeOf, key: str) -> GetParam:
        for name, value in values.items():
            if value == leaf:
                return GetParam(name)
        if isinstance(leaf, Secret):
            made = Parameter(draft.names.fresh(key), hidden=True)
        else:
            made = Parameter(
                draft.names.fresh(f"{leaf.address}_{leaf.name}"),
                description=f"Attribute {leaf}, which another target gives",
                hidden=leaf.sensitive,
            )
        values[made.name] = leaf
        return draft.parameter(made)

    def within(tree: Hot, key: str) -> Hot:
        if isinstance(tree, Mapping):
            return {name: within(item, name) for name, item in tree.items()}
        return rewrite(
            tree,
            lambda leaf: parameter(leaf, key) if isinstance(leaf, Secret | AttributeOf) else leaf,
        )

    for name, resource in draft.resources.items():
        draft.resources[name] = replace(
            resource,
            properties={key: within(value, key) for key, value in resource.properties.items()},
        )
    for name, output in draft.outputs.items():
        draft.outputs[name] = replace(output, value=within(output.value, name))
    return values


def _check_cycles(draft: Draft) -> None:
    """Report a circle of resources, which Heat would refuse."""
    needs = {
        name: set(_needs(resource)) & draft.resources.keys()
        for name, resource in draft.resources.items()
    }
    waiting: dict[str, list[str]] = {}
    for name, others in needs.items():
        for other in others:
            waiting.setdefault(other, []).append(name)
    free = [name for name, others in needs.items() if not others]
    for name in free:
        del needs[name]
        for other in waiting.get(name, ()):
            needs[other].discard(name)
            if not needs[other]:
                free.append(other)
    if needs:
        first = draft.resources[min(needs)]
        place: Place | None = first.origin.place if first.origin else None
        draft.report(
            CYCLE, place, f"these resources need each other in a circle: {', '.join(sorted(needs))}"
        )


def _needs(resource: HotResource) -> Iterator[str]:
    yield from resource.depends_on
    for leaf in leaves(dict(resource.properties)):
        if isinstance(leaf, GetResource | GetAttr):
            yield leaf.name


def plain_template(draft: Draft) -> dict[str, Value]:
    """The main template as plain data."""
    return _template(
        draft.facts.version,
        draft.graph.description.strip(),
        draft.parameters,
        draft.resources,
        draft.outputs,
    )


def _nested_template(draft: Draft, nested: Nested) -> dict[str, Value]:
    return _template(
        draft.facts.version,
        f"One member of {nested.group}",
        nested.parameters,
        nested.resources,
        nested.outputs,
    )


def _template(
    version: str,
    description: str,
    parameters: Mapping[str, Parameter],
    resources: Mapping[str, HotResource],
    outputs: Mapping[str, HotOutput],
) -> dict[str, Value]:
    found: dict[str, Value] = {"heat_template_version": version}
    if description:
        found["description"] = description
    if parameters:
        found["parameters"] = {p.name: _parameter(p) for p in parameters.values()}
    found["resources"] = {r.name: _resource(r) for r in resources.values()}
    if outputs:
        found["outputs"] = {o.name: _output(o) for o in outputs.values()}
    return found


def _parameter(parameter: Parameter) -> dict[str, Value]:
    found: dict[str, Value] = {"type": parameter.type}
    if parameter.description:
        found["description"] = parameter.description
    if parameter.default is not NO_DEFAULT:
        found["default"] = _frozen(parameter.default)
    if parameter.hidden:
        found["hidden"] = True
    if parameter.constraints:
        found["constraints"] = _frozen(parameter.constraints)
    return found


def _frozen(data: object) -> Value:
    """Plain data with tuples for lists, so that a unit read back from a state is equal."""
    match data:
        case None | bool() | int() | float() | str():
            return data
        case Mapping():
            return {str(key): _frozen(item) for key, item in data.items()}
        case Sequence():
            return tuple(_frozen(item) for item in data)
        case _:
            raise AssertionError(f"no plain data: {data!r}")


def _resource(resource: HotResource) -> dict[str, Value]:
    found: dict[str, Value] = {"type": resource.type}
    if resource.depends_on:
        names = resource.depends_on
        found["depends_on"] = names[0] if len(names) == 1 else names
    if resource.properties:
        found["properties"] = {key: plain(value) for key, value in resource.properties.items()}
    return found


def _output(output: HotOutput) -> dict[str, Value]:
    found: dict[str, Value] = {"description": output.description} if output.description else {}
    return {**found, "value": plain(output.value)}


def _resources(
    draft: Draft, nested: Mapping[str, Nested], values: Mapping[str, Value]
) -> Iterator[Resource]:
    """What a plan shows: the stack's resources, and those of a group's members behind it."""
    for resource in draft.resources.values():
        yield _shown(resource, resource.name, values)
    for group, inner in nested.items():
        known = {
            name: values[leaf.name]
            for name, leaf in inner.given.items()
            if isinstance(leaf, GetParam) and leaf.name in values
        }
        for resource in inner.resources.values():
            shown = _shown(resource, f"{group}/{resource.name}", known)
            yield replace(shown, needs=(group, *shown.needs))


def _shown(resource: HotResource, name: str, values: Mapping[str, Value]) -> Resource:
    """A resource with its secrets, still marked as such, in place of their parameters."""

    def value(leaf: Leaf) -> Hot:
        if isinstance(leaf, GetParam) and leaf.name in values:
            found = values[leaf.name]
            assert isinstance(found, Secret | AttributeOf)
            return found
        return leaf

    prefix = name.removesuffix(resource.name)
    origins = {} if resource.origin is None else {"": resource.origin}
    return Resource(
        resource.type,
        name,
        {key: plain(rewrite(tree, value)) for key, tree in resource.properties.items()},
        resource.instance,
        {
            **origins,
            **{key: at for key, at in resource.origins.items() if key in resource.properties},
        },
        replaced_by(resource.type),
        tuple(dict.fromkeys(f"{prefix}{need}" for need in _needs(resource))),
    )
