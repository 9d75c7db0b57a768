"""The graph as text for others: Graphviz, Mermaid, JSON."""

import json
from collections.abc import Mapping

from toscactl import values
from toscactl.graph.model import Instance, InstanceGraph
from toscactl.values import Value

FORMAT = "toscactl.graph/1"


def to_dot(graph: InstanceGraph) -> str:
    """A Graphviz digraph; an edge leads from what needs to what is needed."""
    lines = [f"digraph {_quoted(graph.service)} {{", '  rankdir="BT"', "  node [shape=box]"]
    lines += [f"  {_quoted(instance.name)} [label={_label(instance)}]" for instance in graph]
    lines += [
        f"  {_quoted(instance.name)} -> {_quoted(str(edge.target))} [label={_quoted(edge.name)}]"
        for instance in graph
        for edge in instance.relationships
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _label(instance: Instance) -> str:
    """Name and type on two lines, with the line break that Graphviz reads."""
    return _quoted(instance.name)[:-1] + r"\n" + _quoted(_short(instance.type))[1:]


def _short(type_name: str) -> str:
    return type_name.removeprefix("tosca.nodes.")


def to_mermaid(graph: InstanceGraph) -> str:
    """A Mermaid flowchart; code forges draw it inside Markdown."""
    ids = {instance.address: f"n{number}" for number, instance in enumerate(graph)}
    lines = ["flowchart BT"]
    lines += [
        f'  {ids[instance.address]}["{_entities(instance.name)}<br/>'
        f'<small>{_entities(_short(instance.type))}</small>"]'
        for instance in graph
    ]
    lines += [
        f'  {ids[instance.address]} -->|"{_entities(edge.name)}"| {ids[edge.target]}'
        for instance in graph
        for edge in instance.relationships
    ]
    return "\n".join(lines) + "\n"


def _entities(text: str) -> str:
    return (
        text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    )


def to_json(graph: InstanceGraph) -> str:
    """The graph as data.

    What only deployment will know is `{"$waits_for": [addresses]}`, what waits for open inputs
    `{"$inputs": [names]}`, a secret `{"$sensitive": true}`.
    """
    data = {
        "format": FORMAT,
        "service": graph.service,
        "version": graph.version,
        "description": graph.description,
        "inputs": {
            name: {
                "type": item.type,
                "required": item.required,
                "sensitive": item.sensitive,
                "value": {"$sensitive": True} if item.sensitive else _data(item.value),
            }
            for name, item in graph.inputs.items()
        },
        "outputs": {
            name: {"$sensitive": True} if item.sensitive else _data(item.value)
            for name, item in graph.outputs.items()
        },
        "nodes": {instance.name: _instance(instance) for instance in graph},
        "policies": [
            {
                "name": policy.name,
                "type": policy.type,
                "targets": [str(target) for target in policy.targets],
                "properties": _map(policy.properties),
                "place": str(policy.place),
            }
            for policy in graph.policies
        ],
        "groups": [
            {
                "name": group.name,
                "type": group.types[0],
                "members": [str(member) for member in group.members],
                "place": str(group.place),
            }
            for group in graph.groups
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _instance(instance: Instance) -> dict[str, object]:
    return {
        "template": instance.address.template,
        "type": instance.type,
        "place": str(instance.place),
        "properties": _map(instance.properties),
        "attributes": _map(instance.attributes),
        "capabilities": {
            name: {
                "type": capability.types[0],
                "properties": _map(capability.properties),
                "attributes": _map(capability.attributes),
            }
            for name, capability in instance.capabilities.items()
        },
        "requirements": [
            {
                "name": edge.name,
                "target": str(edge.target),
                "capability": edge.capability,
                "relationship": edge.types[0],
                "properties": _map(edge.properties),
            }
            for edge in instance.relationships
        ],
        "operations": [
            {
                "interface": operation.interface,
                "name": operation.name,
                "implementation": operation.primary.file,
                "inputs": _map(operation.inputs),
                "place": str(operation.place),
            }
            for operation in instance.operations
        ],
    }


def _map(items: Mapping[str, Value]) -> dict[str, object]:
    return {name: _data(value) for name, value in items.items()}


def _data(value: Value) -> object:
    if values.is_sensitive(value):
        return {"$sensitive": True}
    waiting = values.waits_for(value)
    if waiting:
        return {"$waits_for": sorted(str(address) for address in waiting)}
    open_inputs = [part.name for part in values.references(value)]
    if open_inputs:
        return {"$inputs": sorted(set(open_inputs)), "expression": str(value)}
    if not values.is_known(value):
        return {"expression": str(value)}
    return values.plain(value)
