"""document -> definitions: every notation of the 1.x grammar onto the one model."""

from typing import Any

import pytest

from toscactl import definitions, document
from toscactl.definitions import Dialect, FunctionCall, ServiceFile, TypeKind
from toscactl.diagnostics import Diagnostic
from toscactl.source import Source

V = {
    version: f"tosca_simple_yaml_{version.replace('.', '_')}"
    for version in ("1.0", "1.1", "1.2", "1.3")
}


def read_all(text: str, version: str = "1.3") -> tuple[ServiceFile, tuple[Diagnostic, ...]]:
    header = V.get(version, version)
    parsed = document.parse(Source("t", f"tosca_definitions_version: {header}\n{text}"))
    assert parsed.ok, parsed.diagnostics
    checked = definitions.read(parsed.value)
    return checked.value, checked.diagnostics


def read(text: str, version: str = "1.3") -> ServiceFile:
    file, found = read_all(text, version)
    assert not found, found
    return file


def found(text: str, version: str = "1.3") -> list[tuple[str, str]]:
    """Rules and places, counted without the version's line; warnings begin with a question mark."""
    result = []
    for finding in read_all(text, version)[1]:
        assert finding.span is not None
        position = finding.span.position
        mark = "?" if finding.severity.value == "warning" else ""
        assert bool(mark) or not finding.rule.lenient
        result.append((mark + finding.rule.name, f"{position.line - 1}:{position.column}"))
    return result


def show(node: object) -> object:
    """An expression as nested data: calls as `name(...)` lists."""
    match node:
        case FunctionCall():
            return [f"{node.function.text}()", *(show(item) for item in node.arguments)]
        case document.Scalar():
            return document.core_value(node)
        case document.Sequence():
            return [show(item) for item in node]
        case document.Mapping():
            return {str(key): show(item) for key, item in node}
        case _:
            pass
    return node


def template(file: ServiceFile) -> definitions.ServiceTemplateDef:
    assert file.service_template is not None
    return file.service_template


def node_template(body: str, version: str = "1.3") -> Any:  # noqa: ANN401  (optional parts)
    lines = "\n".join("      " + line for line in body.strip("\n").split("\n"))
    text = f"topology_template:\n  node_templates:\n    a:\n      type: T\n{lines}\n"
    return template(read(text, version)).node_templates["a"]


def type_of(section: str, body: str, version: str = "1.3") -> Any:  # noqa: ANN401  (any of eight)
    lines = "\n".join("    " + line for line in body.strip("\n").split("\n"))
    file = read(f"{section}:\n  T:\n    derived_from: R\n{lines}\n", version)
    return file.types[TypeKind(section)]["T"]


@pytest.mark.parametrize(
    ("header", "dialect", "rules"),
    [
        ("tosca_simple_yaml_1_0", Dialect.V1_0, []),
        ("tosca_simple_yaml_1_3", Dialect.V1_3, []),
        ("http://docs.oasis-open.org/tosca/ns/simple/yaml/1.0", Dialect.V1_0, []),
        ("tosca_simple_profile_for_nfv_1_0_0", Dialect.V1_0, []),
        ("tosca_2_0", Dialect.V2_0, []),
        ("tosca_simple_yaml_1_2_0", Dialect.V1_2, [("?version-spelling", "0:28")]),
        ("tosca_simple_yaml_1_4", Dialect.V1_3, [("unknown-version", "0:28")]),
        ("cloudify_dsl_1_3", Dialect.V1_3, [("unknown-version", "0:28")]),
        ("[a]", Dialect.V1_3, [("unknown-version", "0:28")]),
    ],
)
def test_versions(header: str, dialect: Dialect, rules: list[tuple[str, str]]) -> None:
    text = "description: x"
    file, _ = read_all(text, header)
    assert found(text, header) == rules
    assert file.dialect is dialect


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("a: b", ["missing-version"]),
        ("node_types: {T: {derivd_from: x}}", ["missing-version", "unknown-keyname"]),
        ("[a]", ["wrong-shape"]),
        ("text", ["wrong-shape"]),
        ("{}", ["missing-version"]),
        ("description: x\ntosca_definitions_version: tosca_simple_yaml_1_3", ["version-not-first"]),
    ],
)
def test_files_that_are_hardly_tosca(text: str, rules: list[str]) -> None:
    checked = definitions.read(document.parse(Source("t", text)).value)
    assert [finding.rule.name for finding in checked.diagnostics] == rules


def test_an_empty_document_was_reported_before() -> None:
    checked = definitions.read(document.Document(Source("t", ""), None))
    assert not checked.diagnostics


def test_the_head_of_a_file() -> None:
    file = read(
        """
description: A file.
metadata: {template_name: n, template_version: 1.10}
namespace: my.space
dsl_definitions: {any: [thing, {type: 1}]}
imports:
  - plain.yaml
  - file: long.yaml
    repository: r
    namespace_prefix: p
    namespace_uri: http://u
repositories:
  short: http://x
  r: {url: http://y, description: d, credential: {token: t}}
"""
    )
    assert file.description == "A file."
    assert {key: str(value) for key, value in file.metadata.items()} == {
        "template_name": "n",
        "template_version": "1.10",
    }
    assert str(file.namespace) == "my.space"
    first, second = file.imports
    assert (str(first.url), first.repository) == ("plain.yaml", None)
    assert [str(part) for part in (second.url, second.repository, second.namespace)] == [
        "long.yaml",
        "r",
        "p",
    ]
    assert str(file.repositories["short"].url) == "http://x"
    assert file.repositories["r"].credential is not None


@pytest.mark.parametrize(
    "imports",
    ["[a.yaml]", "[{file: a.yaml}]", "[{some: a.yaml}]", "[{some: {file: a.yaml}}]"],
)
def test_forms_of_an_import(imports: str) -> None:
    (only,) = read(f"imports: {imports}", "1.0").imports
    assert str(only.url) == "a.yaml"


@pytest.mark.parametrize(
    ("imports", "rules"),
    [
        ("a.yaml", [("?single-for-list", "1:10")]),
        ("{x: a.yaml, y: {file: b.yaml}}", [("?single-for-list", "1:10")]),
        ("[{repository: r}]", [("missing-keyname", "1:11")]),
        ("[[a]]", [("bad-name", "1:11")]),
        ("[{url: a.yaml}]", [("?keyname-of-other-version", "1:12")]),
    ],
)
def test_imports_that_are_wrong(imports: str, rules: list[tuple[str, str]]) -> None:
    assert found(f"imports: {imports}") == rules


def test_headers_of_1_0_are_metadata() -> None:
    file = read("template_name: n\ntosca_default_namespace: s\n", "1.0")
    assert str(file.metadata["template_name"]) == "n"
    assert str(file.namespace) == "s"


def test_property_definitions_and_schemas() -> None:
    properties = type_of(
        "node_types",
        """
properties:
  a: {type: string, required: false, default: "1.10", status: experimental, description: d}
  b:
    type: map
    key_schema: string
    entry_schema: {type: list, entry_schema: integer, constraints: [{max_length: 3}]}
  c: {type: json, external-schema: "{}", metadata: {sensitive: "true"}}
  d: {type: integer, constraints: [{in_range: [1, UNBOUNDED]}, {valid_values: [1, 2]}, {length: 2}]}
""",
    ).properties
    a = properties["a"]
    assert (a.required, show(a.default), str(a.status)) == (False, "1.10", "experimental")
    assert (a.schema.description, str(a.schema.type)) == ("d", "string")
    entry = properties["b"].schema.entry_schema
    assert str(entry.type) == "list"
    assert str(entry.entry_schema.type) == "integer"
    assert [show(call) for call in entry.validation] == [["max_length()", ["value()"], 3]]
    assert str(properties["b"].schema.key_schema.type) == "string"
    assert properties["c"].external_schema == "{}"
    assert str(properties["c"].metadata["sensitive"]) == "true"
    assert [show(call) for call in properties["d"].schema.validation] == [
        ["in_range()", ["value()"], [1, "UNBOUNDED"]],
        ["valid_values()", ["value()"], [1, 2]],
        ["equal()", ["length()", ["value()"]], 2],
    ]


def test_a_type_may_be_inherited() -> None:
    properties = type_of("node_types", "properties: {a: {default: 1}}").properties
    assert properties["a"].schema.type is None


def test_data_types() -> None:
    data = type_of("data_types", "constraints: [{pattern: a+}]\nentry_schema: string\n")
    assert [show(call) for call in data.validation] == [["pattern()", ["value()"], "a+"]]
    assert str(data.entry_schema.type) == "string"


@pytest.mark.parametrize(
    ("constraints", "rules"),
    [
        ("{min_length: 1, max_length: 2}", [("?map-for-list", "1:34")]),
        ("[{greater: 1}]", [("unknown-constraint", "1:36")]),
        ("[{in_range: 1}]", [("constraint-argument", "1:46")]),
        ("[{in_range: [1]}]", [("constraint-argument", "1:46")]),
        ("[{length: x}]", [("constraint-argument", "1:44")]),
        ("[{min_length: -1}]", [("constraint-argument", "1:48")]),
        ("[{valid_values: a}]", [("constraint-argument", "1:50")]),
        ("[{pattern: [a]}]", [("constraint-argument", "1:45")]),
        ("[{equal: 1, length: 2}]", [("list-item", "1:35")]),
        ("[equal]", [("list-item", "1:35")]),
        ("equal", [("wrong-shape", "1:34")]),
    ],
)
def test_constraints_that_are_wrong(constraints: str, rules: list[tuple[str, str]]) -> None:
    assert found(f"data_types: {{TTTT: {{constraints: {constraints}}}}}") == rules


def test_functions_are_found_at_any_depth() -> None:
    node = node_template(
        """
properties:
  a: {get_input: x}
  b: {get_input: [x, 0, y]}
  c:
    - concat: [{get_property: [SELF, host, p]}, "-", {token: [{get_attribute: [HOST, q]}, ".", 1]}]
  d: {e: {join: [[a, {get_input: f}], ","]}}
  g: {get_artifact: [SELF, image]}
  h: {get_operation_output: [SELF, Standard, create, out]}
  i: {get_nodes_of_type: tosca.nodes.Compute}
"""
    )
    values = {key: show(item.value) for key, item in node.properties.items()}
    assert values == {
        "a": ["get_input()", "x"],
        "b": ["get_input()", "x", 0, "y"],
        "c": [
            [
                "concat()",
                ["get_property()", "SELF", "host", "p"],
                "-",
                ["token()", ["get_attribute()", "HOST", "q"], ".", 1],
            ]
        ],
        "d": {"e": ["join()", ["a", ["get_input()", "f"]], ","]},
        "g": ["get_artifact()", "SELF", "image"],
        "h": ["get_operation_output()", "SELF", "Standard", "create", "out"],
        "i": ["get_nodes_of_type()", "tosca.nodes.Compute"],
    }


def test_what_only_looks_like_a_function_is_data() -> None:
    node = node_template(
        "properties: {a: {token: secret}, b: {get_input: x, other: y}, c: {concat: x}}"
    )
    assert {key: show(item.value) for key, item in node.properties.items()} == {
        "a": {"token": "secret"},
        "b": {"get_input": "x", "other": "y"},
        "c": {"concat": "x"},
    }


def test_a_value_without_a_call_is_the_node_of_the_document() -> None:
    parsed = document.parse(
        Source(
            "t",
            f"tosca_definitions_version: {V['1.3']}\ntopology_template:\n"
            "  node_templates: {a: {type: T, properties: {p: [1, {b: c}]}}}",
        )
    )
    node = parsed.value.root
    for key in ("topology_template", "node_templates", "a", "properties", "p"):
        assert isinstance(node, document.Mapping)
        node = node.get(key)
    file = definitions.read(parsed.value).value
    assert template(file).node_templates["a"].properties["p"].value is node


def test_a_call_keeps_what_was_written() -> None:
    value = node_template("properties: {a: {get_input: x}}").properties["a"].value
    assert isinstance(value, FunctionCall)
    assert isinstance(value.node, document.Mapping)
    assert value.span.source.text[value.span.start : value.span.end] == "{get_input: x}"


def test_node_types() -> None:
    node = type_of(
        "node_types",
        """
version: 1.2.0
attributes: {at: {type: string, default: x}}
capabilities:
  short: tosca.capabilities.Container
  long:
    type: C
    properties: {p: {type: string, default: {get_input: i}}}
    valid_source_types: [A, B]
    occurrences: [0, UNBOUNDED]
requirements:
  - short: tosca.capabilities.Node
  - long:
      capability: C
      node: N
      relationship: R
      occurrences: [1, 2]
      node_filter: {properties: [{p: {equal: 1}}]}
  - long:
      capability: C
      relationship:
        type: R
        interfaces: {I: {inputs: {x: {type: string}}}}
artifacts:
  short: a.sh
  long: {type: X, file: b.sh, repository: r, description: d, deploy_path: /p, properties: {q: 1}}
interfaces:
  Standard:
    type: tosca.interfaces.node.lifecycle.Standard
    inputs: {i: {type: string, default: {get_property: [SELF, p]}}, j: {get_property: [SELF, q]}}
    operations:
      create: c.sh
      configure:
        implementation: {primary: p.sh, dependencies: [d.sh, {file: e.sh, type: X}], timeout: 5}
        inputs: {k: 1}
        outputs: {o: [SELF, at]}
    start: s.sh
  Other: {type: O}
""",
    )
    assert str(node.version) == "1.2.0"
    assert show(node.attributes["at"].default) == "x"
    long = node.capabilities["long"]
    assert str(node.capabilities["short"].type) == "tosca.capabilities.Container"
    assert [str(name) for name in long.valid_source_node_types] == ["A", "B"]
    assert (long.occurrences.lower, long.occurrences.upper) == (0, definitions.UNBOUNDED)
    short, first, second = node.requirements
    assert (str(short.capability), short.count_range) == ("tosca.capabilities.Node", None)
    assert (str(first.node), str(first.relationship.type), first.count_range.upper) == ("N", "R", 2)
    assert str(first.node_filter.conditions[0].property) == "p"
    assert str(second.relationship.type) == "R"
    assert "x" in second.relationship.interfaces["I"].inputs
    assert (str(node.artifacts["short"].file), node.artifacts["short"].type) == ("a.sh", None)
    assert str(node.artifacts["long"].deploy_path) == "/p"
    standard = node.interfaces["Standard"]
    assert show(standard.inputs["j"].value) == ["get_property()", "SELF", "q"]
    assert sorted(standard.operations) == ["configure", "create", "start"]
    configure = standard.operations["configure"]
    assert str(configure.implementation.primary) == "p.sh"
    first_dependency, second_dependency = configure.implementation.dependencies
    assert (str(first_dependency), str(second_dependency.file)) == ("d.sh", "e.sh")
    assert show(configure.implementation.timeout) == 5
    assert show(configure.inputs["k"].value) == 1
    assert show(configure.outputs["o"].value) == ["SELF", "at"]
    assert str(node.interfaces["Other"].type) == "O"


def test_the_other_types() -> None:
    relationship = type_of(
        "relationship_types", "valid_target_types: [C]\nproperties: {p: {type: string}}"
    )
    assert [str(name) for name in relationship.valid_capability_types] == ["C"]
    capability = type_of("capability_types", "valid_source_types: [N]")
    assert [str(name) for name in capability.valid_source_node_types] == ["N"]
    artifact = type_of("artifact_types", "mime_type: text/x\nfile_ext: [sh]")
    assert (artifact.mime_type, artifact.file_ext) == ("text/x", ("sh",))
    group = type_of("group_types", "members: [N]", "1.2")
    assert [str(name) for name in group.members] == ["N"]
    policy = type_of(
        "policy_types", "targets: [N]\ntriggers: {t: {event: e, action: [{inline: w}]}}"
    )
    assert str(policy.triggers["t"].actions[0].subject) == "w"
    for version, body in (
        ("1.0", "create: {description: d}"),
        ("1.3", "operations: {create: x.sh}"),
    ):
        interface = type_of("interface_types", "inputs: {i: {type: string}}\n" + body, version)
        assert list(interface.operations) == ["create"]
        assert list(interface.inputs) == ["i"]


def test_node_templates() -> None:
    node = node_template(
        """
description: d
metadata: {m: x}
directives: [select]
attributes: {a: 1, b: {description: d, value: 2}}
capabilities: {host: {properties: {n: 1}}}
requirements:
  - short: other
  - long:
      node: n
      capability: c
      relationship: r
      node_filter: {capabilities: [{h: {properties: [{p: {equal: 1}}]}}]}
  - typed:
      node: n
      relationship: {type: R, properties: {q: 1}, interfaces: {I: {inputs: {x: 1}, op: o.sh}}}
  - open:
interfaces:
  Standard:
    inputs: {i: {get_input: x}}
    create: c.sh
    start:
artifacts: {f: f.sh}
node_filter: {properties: [{p: [{greater_than: 1}, {less_than: 5}]}]}
copy: other
""",
        "1.3",
    )
    assert show(node.attributes["b"].value) == 2
    short, long, typed, open_ = node.requirements
    assert (str(short.node), short.relationship) == ("other", None)
    assert (str(long.capability), str(long.relationship.type)) == ("c", "r")
    assert str(long.node_filter.conditions[0].capability) == "h"
    assert show(typed.relationship.properties["q"].value) == 1
    assert str(typed.relationship.interfaces["I"].operations["op"].implementation.primary) == "o.sh"
    assert open_.node is None
    assert node.interfaces["Standard"].operations["start"].implementation is None
    assert [show(condition.clause) for condition in node.node_filter.conditions] == [
        ["greater_than()", ["value()"], 1],
        ["less_than()", ["value()"], 5],
    ]
    assert str(node.copy) == "other"


def test_inputs_of_operations_may_be_definitions_with_a_value() -> None:
    operation = (
        node_template(
            """
interfaces:
  Standard:
    operations:
      create:
        implementation: c.sh
        inputs:
          a: {type: string, default: {get_input: x}}
          b: {value: 1, type: integer}
          c: {type: x, size: 2}
"""
        )
        .interfaces["Standard"]
        .operations["create"]
    )
    a, b, c = operation.inputs.values()
    assert isinstance(a, definitions.ParameterDef)
    assert isinstance(b, definitions.ParameterDef)
    assert show(a.default) == ["get_input()", "x"]
    assert show(b.value) == 1
    assert show(c.value) == {"type": "x", "size": 2}


def test_the_service_template() -> None:
    service = template(
        read(
            """
topology_template:
  description: d
  inputs: {i: {type: string, constraints: [{min_length: 1}]}, j: {type: integer, value: 3}}
  outputs: {o: {value: {get_attribute: [a, b]}, description: d}, short: {get_input: i}}
  relationship_templates: {r: {type: R, properties: {p: 1}}}
  groups: {g: {type: G, members: [a, b]}}
  policies:
    - p: {type: P, targets: [g], properties: {x: 1}}
  substitution_mappings:
    node_type: T
    properties: {a: [i], b: {mapping: [i]}, c: constant}
    capabilities: {c: [a, host]}
    requirements: {r: [a, host]}
    interfaces: {Standard: {create: w}}
    substitution_filter: {properties: [{p: {equal: 1}}]}
"""
        )
    )
    assert show(service.inputs["j"].value) == 3
    assert show(service.outputs["o"].value) == ["get_attribute()", "a", "b"]
    assert show(service.outputs["short"].value) == ["get_input()", "i"]
    assert [str(member) for member in service.groups["g"].members] == ["a", "b"]
    assert show(service.policies["p"].properties["x"].value) == 1
    assert service.substitution is not None
    assert [show(entry.target) for entry in service.substitution.properties] == [
        ["i"],
        ["i"],
        "constant",
    ]
    assert show(service.substitution.requirements[0].target) == ["a", "host"]
    assert show(service.substitution.interfaces[0].target) == {"create": "w"}
    assert service.substitution.substitution_filter is not None


def trigger(body: str, version: str = "1.3") -> definitions.TriggerDef:
    text = f"topology_template: {{policies: [{{p: {{type: P, triggers: {{t: {body}}}}}}}]}}"
    return template(read(text, version)).policies["p"].triggers["t"]


def test_triggers() -> None:
    full = trigger(
        "{event: e, schedule: {start_time: x},"
        " target_filter: {node: n, requirement: r, capability: c},"
        " condition: {constraint: [{cpu: [{greater_than: 50}]}],"
        " period: 60 s, evaluations: 1, method: average},"
        " action: [{call_operation: {operation: I.op, inputs: {x: 1}}},"
        " {set_state: started}, {delegate: w}]}"
    )
    assert show(full.condition) == ["greater_than()", ["get_attribute()", "SELF", "cpu"], 50]
    assert (show(full.period), show(full.evaluations), str(full.method)) == ("60 s", 1, "average")
    assert [str(full.target_node), str(full.target_requirement), str(full.target_capability)] == [
        "n",
        "r",
        "c",
    ]
    assert [(str(action.kind), str(action.subject)) for action in full.actions] == [
        ("call_operation", "I.op"),
        ("set_state", "started"),
        ("delegate", "w"),
    ]
    assert show(full.actions[0].inputs["x"].value) == 1
    old = trigger(
        "{event_type: e, constraint: {greater_than: 5}, period: 60,"
        " action: {grow: {inputs: {n: 1}}}}",
        "1.1",
    )
    assert (str(old.event), show(old.period)) == ("e", 60)
    assert show(old.condition) == ["greater_than()", ["value()"], 5]
    assert (str(old.actions[0].kind), str(old.actions[0].subject)) == ("call_operation", "grow")
    text = trigger("{event: e, condition: cpu greater_than 50%, action: []}")
    assert show(text.condition) == "cpu greater_than 50%"


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("[{a: [{equal: 1}]}]", ["equal()", ["get_attribute()", "SELF", "a"], 1]),
        (
            "[{a: [{equal: 1}]}, {b: {less_than: 2}}]",
            [
                "and()",
                ["equal()", ["get_attribute()", "SELF", "a"], 1],
                ["less_than()", ["get_attribute()", "SELF", "b"], 2],
            ],
        ),
        (
            "[{or: [{a: [{equal: 1}]}, {a: [{equal: 2}]}]}]",
            [
                "or()",
                ["equal()", ["get_attribute()", "SELF", "a"], 1],
                ["equal()", ["get_attribute()", "SELF", "a"], 2],
            ],
        ),
        (
            "[{not: [{assert: [{a: [{equal: 1}]}]}]}]",
            ["not()", ["equal()", ["get_attribute()", "SELF", "a"], 1]],
        ),
    ],
)
def test_condition_clauses(clause: str, expected: object) -> None:
    assert show(trigger(f"{{event: e, condition: {clause}, action: []}}").condition) == expected


def test_workflows() -> None:
    workflow = template(
        read(
            """
topology_template:
  workflows:
    w:
      description: d
      inputs: {i: {type: string}}
      preconditions: [{target: a, condition: [{state: [{equal: started}]}]}]
      steps:
        one:
          target: a
          target_relationship: host
          operation_host: ORCHESTRATOR
          filter: [{state: [{equal: started}]}]
          activities: [{call_operation: Standard.start}, {inline: {workflow: x, inputs: {y: 1}}}]
          on_success: [two]
          on_failure: [two]
        two: {target: a, activities: [{set_state: done}]}
      outputs: {o: {type: string, value: x}}
    scripted: {implementation: run.sh}
"""
        )
    ).workflows
    one = workflow["w"].steps["one"]
    assert [str(name) for name in one.on_success] == ["two"]
    assert show(one.filter) == ["equal()", ["get_attribute()", "SELF", "state"], "started"]
    assert str(one.activities[1].subject) == "x"
    assert str(workflow["w"].preconditions[0].target) == "a"
    assert workflow["scripted"].implementation is not None


SERVICE = "topology_template:\n  node_templates:\n    a:\n      type: T\n"


@pytest.mark.parametrize(
    ("text", "version", "rules"),
    [
        ("topology_templates: {}", "1.3", [("unknown-keyname", "1:1")]),
        ("service_template: {}", "1.3", [("?keyname-of-other-version", "1:1")]),
        (SERVICE + "      propertys: {}", "1.3", [("unknown-keyname", "5:7")]),
        (SERVICE + "      properties:", "1.3", [("?empty-value", "5:7")]),
        (SERVICE + "      properties: [a]", "1.3", [("wrong-shape", "5:19")]),
        (SERVICE + "      count: 2", "1.3", [("?keyname-of-other-version", "5:7")]),
        (SERVICE + "      x-mine: 2", "1.3", [("?vendor-keyname", "5:7")]),
        (SERVICE + "      description: [a]", "1.3", [("wrong-shape", "5:20")]),
        (SERVICE + "      directives: select", "1.3", [("?single-for-list", "5:19")]),
        (SERVICE + "      requirements: {host: b}", "1.3", [("?map-for-list", "5:21")]),
        (SERVICE + "      requirements: [host]", "1.3", [("list-item", "5:22")]),
        (SERVICE + "      requirements: [{host: b, x: c}]", "1.3", [("list-item", "5:22")]),
        (SERVICE + "      artifacts: [{a: b}, {c: d}]", "1.0", [("?list-for-map", "5:18")]),
        (SERVICE + "      artifacts: {a: {type: t}}", "1.0", [("missing-keyname", "5:19")]),
        (SERVICE + "      metadata: {a: [b]}", "1.3", [("?metadata-value", "5:21")]),
        (
            SERVICE + "      node_filter: {properties: [{p: 1}]}",
            "1.3",
            [("?implicit-equal", "5:38")],
        ),
        (SERVICE + "      interfaces: {I: {op: []}}", "1.2", [("?empty-value", "5:24")]),
        (
            "topology_template:\n  node_templates:\n    a:",
            "1.3",
            [("?empty-value", "3:5"), ("missing-keyname", "3:5")],
        ),
        ("topology_template:\n  node_templates:\n    a: {}", "1.3", [("missing-keyname", "3:5")]),
        ("topology_template:\n  node_templates:\n    a: T", "1.3", [("wrong-shape", "3:8")]),
        (
            "topology_template:\n  node_templates: [{a: {type: T}}]",
            "1.3",
            [("wrong-shape", "2:19")],
        ),
        ("topology_template:\n  policies: {p: {type: P}}", "1.3", [("?map-for-list", "2:13")]),
        (
            "topology_template:\n  policies: [p: {type: P}, p: {type: P}]",
            "1.3",
            [("?duplicate-policy", "2:28")],
        ),
        ("node_types:", "1.3", [("?empty-value", "1:1")]),
        (
            "node_types: {T: {requirements: [{r: {capability: C, occurrences: [2, 1]}}]}}",
            "1.3",
            [("count-range", "1:66")],
        ),
        (
            "node_types: {T: {requirements: [{r: {capability: C, occurrences: 1}}]}}",
            "1.3",
            [("?single-for-list", "1:66")],
        ),
        (
            "node_types: {T: {artifacts: {a: {type: X}}}}",
            "1.3",
            [("?artifact-without-file", "1:30")],
        ),
        (
            "node_types: {T: {properties: {a: {type: string, required: no}}}}",
            "1.3",
            [("?boolean-spelling", "1:59")],
        ),
        (
            "node_types: {T: {properties: {a: {type: string, required: maybe}}}}",
            "1.3",
            [("not-a-boolean", "1:59")],
        ),
        ("group_types: {T: {requirements: []}}", "1.3", [("?keyname-without-effect", "1:33")]),
        (
            (
                "topology_template: {workflows: {w: {steps: "
                "{s: {target: a, activities: [{call: x}]}}}}}"
            ),
            "1.3",
            [("unknown-activity", "1:74")],
        ),
        (
            "topology_template: {workflows: {w: {steps: {s: {}}}}}",
            "1.3",
            [("missing-keyname", "1:45"), ("missing-keyname", "1:45")],
        ),
        ("topology_template: {workflows: {}}", "1.0", [("?keyname-of-other-version", "1:21")]),
        (
            (
                "topology_template: {substitution_mappings: "
                "{node_type: T, requirements: [{r: [a, b]}]}}"
            ),
            "1.2",
            [("?list-for-map", "1:73")],
        ),
        ("repositories: {r: {}}", "1.3", [("missing-keyname", "1:16")]),
        ("? [a]\n: b", "1.3", [("bad-name", "1:3")]),
        ("imports:\n  - url: a\n    profile: b", "tosca_2_0", [("url-or-profile", "3:14")]),
        ("node_types:", "tosca_2_0", [("empty-value", "1:1")]),
        (
            "data_types: {T: {derived_from: integer, validation: {greater_than: 1}}}",
            "tosca_2_0",
            [("not-a-condition", "1:53")],
        ),
        (
            "service_template: {node_templates: {a: {type: T, properties: {p: {$a: 1, b: 2}}}}}",
            "tosca_2_0",
            [("several-functions", "1:67")],
        ),
    ],
)
def test_findings(text: str, version: str, rules: list[tuple[str, str]]) -> None:
    assert found(text, version) == rules


def test_did_you_mean() -> None:
    _, findings = read_all(SERVICE + "      propertys: {}")
    assert findings[0].hint == "did you mean `properties`?"
    assert findings[0].message == "a node template has no keyname `propertys`"


def test_what_tools_write_into_triggers_is_read() -> None:
    text = """
topology_template:
  policies:
    - alarm:
        type: P
        triggers:
          busy:
            event_type: {type: e, implementation: ceilometer}
            condition: {constraint: {greater_than: 50}, granularity: 600, aggregation_method: mean}
            metadata: SG1
            action: [SP1]
"""
    file, findings = read_all(text, "1.0")
    assert {finding.severity.value for finding in findings} == {"warning"}
    busy = template(file).policies["alarm"].triggers["busy"]
    assert (str(busy.event), show(busy.period), str(busy.method)) == ("e", 600, "mean")
    assert str(busy.actions[0].subject) == "SP1"


def test_all_problems_come_in_one_run() -> None:
    text = (
        SERVICE
        + "      typ: x\n      requirements: {a: b}\n    b:\n      properties: []\n  nodes: {}\n"
    )
    assert [rule for rule, _ in found(text)] == [
        "unknown-keyname",
        "?map-for-list",
        "wrong-shape",
        "missing-keyname",
        "unknown-keyname",
    ]


def test_spans_of_named_things_are_their_names() -> None:
    node = template(read(SERVICE)).node_templates["a"]
    assert str(node.span.position) == "Position(line=4, column=5)"


def test_calls_of_2_0() -> None:
    text = """
service_template:
  node_templates:
    a:
      type: T
      properties:
        p: {$concat: [a, {$get_input: x}]}
        q: $node_index
        r: $$text
        s: {$$key: 1}
"""
    properties = template(read(text, "tosca_2_0")).node_templates["a"].properties
    assert {key: show(item.value) for key, item in properties.items()} == {
        "p": ["concat()", "a", ["get_input()", "x"]],
        "q": ["node_index()"],
        "r": "$text",
        "s": {"$key": 1},
    }


def test_custom_functions_of_2_0() -> None:
    text = """
functions:
  sqrt:
    description: d
    signatures:
      - arguments: [{type: integer, validation: {$greater_or_equal: [$value, 0]}}, string]
        optional_arguments: [float]
        variadic: true
        result: {type: float}
        implementation: {primary: {type: Python, file: sqrt.py}}
"""
    (signature,) = read(text, "tosca_2_0").functions["sqrt"].signatures
    first, second = signature.arguments
    assert [show(call) for call in first.validation] == [["greater_or_equal()", ["value()"], 0]]
    assert str(second.type) == "string"
    assert signature.variadic
    assert signature.result is not None
    assert signature.implementation is not None
    assert found("functions: {f: {}}", "tosca_2_0") == [("missing-keyname", "1:13")]
    assert found("functions: {}") == [("?keyname-of-other-version", "1:1")]


@pytest.mark.parametrize(
    ("text", "version", "rules"),
    [
        ("node_types: {T: {version: v1}}", "1.3", [("?bad-version", "1:27")]),
        ("node_types: {T: {version: v1}}", "tosca_2_0", [("bad-version", "1:27")]),
        ("node_types: {T: {version: 1.0.0.a-1}}", "1.3", []),
        (
            "profile: p\nservice_template: {node_templates: {}}",
            "tosca_2_0",
            [("profile-with-service", "1:10")],
        ),
        ("service_template: {}", "tosca_2_0", [("missing-keyname", "1:19")]),
        ("description: 1", "tosca_2_0", [("wrong-shape", "1:14")]),
        ("node_types: {T: {derived_from: 1}}", "tosca_2_0", [("bad-name", "1:32")]),
        ("description: 1\nnode_types: {1: {derived_from: x}}", "1.3", []),
    ],
)
def test_versions_names_and_strings(text: str, version: str, rules: list[tuple[str, str]]) -> None:
    assert found(text, version) == rules


def test_a_relationship_may_refine_without_a_type() -> None:
    body = "requirements: [{r: {node: n, relationship: {properties: {a: 1}}}}]"
    (need,) = node_template(body).requirements
    assert need.relationship.type is None
    assert show(need.relationship.properties["a"].value) == 1


def test_a_value_beside_a_description_is_an_attribute_or_data() -> None:
    body = "attributes: {a: {value: 1}, b: {value: 1, unit: s}}\nproperties: {a: {value: 1}}"
    node = node_template(body)
    assert show(node.attributes["a"].value) == 1
    assert show(node.attributes["b"].value) == {"value": 1, "unit": "s"}
    assert show(node.properties["a"].value) == {"value": 1}
