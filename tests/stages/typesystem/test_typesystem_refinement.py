"""Derivation and refinement of the eight kinds; each text says on its lines what is found."""

# ruff: noqa: E501  (YAML with what is expected on its line)

from collections.abc import Callable

import pytest

from toscactl import document
from toscactl.definitions import CountRange, TypeKind
from toscactl.diagnostics import Checked
from toscactl.typesystem import (
    CapabilityType,
    DataType,
    GroupType,
    InterfaceType,
    NodeType,
    PolicyType,
    RelationshipType,
    TypeSystem,
)
from toscactl.typesystem.checks import check_file
from toscactl.typesystem.model import Type

Bind = Callable[..., Checked[TypeSystem]]


def the(kind: TypeKind, name: str, types: TypeSystem) -> Type:
    found = types.by_name(kind, name)
    assert found is not None
    return found


FINDINGS = {
    "derivation": """
        node_types:
          A: { derived_from: B }
          B: { derived_from: A }          # error: [cyclic-derivation]
          Self: { derived_from: Self }    # error: [cyclic-derivation]
          Unknown: { derived_from: No }   # error: [unknown-type]
          Other: { derived_from: tosca.capabilities.Root }  # error: [unknown-type]
          Below:
            derived_from: Unknown
            requirements:
              - host: { capability: tosca.capabilities.Compute, node: Below }
        """,
    "properties": """
        node_types:
          Base:
            derived_from: tosca.nodes.Root
            properties:
              size: { type: integer, constraints: [ greater_than: 1 ] }
              name: { type: string }
              bare: { required: false }      # error: [missing-type]
          Derived:
            derived_from: Base
            properties:
              size: { type: string }         # warning: [refined-type]
              name: { type: string, required: false }   # warning: [refined-required]
          Fine:
            derived_from: Base
            properties:
              size: { type: tosca.datatypes.network.PortDef, default: 80 }
        """,
    "defaults": """
        node_types:
          Base:
            derived_from: tosca.nodes.Root
            properties:
              size: { type: integer, default: many }     # error: [wrong-value]
              port: { type: PortDef, default: 70000 }    # error: [constraint-violated]
              count: { type: integer, default: 1 }
          Derived:
            derived_from: Base
            properties:
              count:
                type: integer
                default: 3
                constraints: [ less_than: 2 ]
            attributes:
              state: { type: string, default: [ a ] }    # error: [wrong-value]
        """.replace("default: 3", "default: 3   # error: [constraint-violated]"),
    "constraints": """
        data_types:
          Port: { derived_from: integer, constraints: [ in_range: [ 10, 1 ] ] }  # error: [constraint-type]
          Name: { derived_from: string, constraints: [ pattern: '[' ] }    # error: [bad-pattern]
          Flag: { derived_from: boolean, constraints: [ greater_than: true ] }  # error: [constraint-type]
          Size: { derived_from: scalar-unit.size, constraints: [ greater_than: 5 ] }  # error: [constraint-type]
          List: { derived_from: list, entry_schema: { type: string }, constraints: [ min_length: 1 ] }
          Count: { derived_from: integer, constraints: [ max_length: 3 ] }  # error: [constraint-type]
          Fine: { derived_from: version, constraints: [ greater_or_equal: 1.10 ] }
        """,
    "contradictions": """
        node_types:
          Base:
            derived_from: tosca.nodes.Root
            properties:
              vendors: { type: list, entry_schema: { type: string, constraints: [ pattern: '[0-9]+' ] } }
              size: { type: integer, constraints: [ less_than: 5 ] }
          Derived:
            derived_from: Base
            properties:
              vendors:
                type: list
                entry_schema: { type: string, constraints: [ valid_values: [ acme ] ] }  # warning: [refined-constraint]
                default: [ acme ]
              size: { type: integer, constraints: [ valid_values: [ 4, 6 ] ] }
        """,
    "schemas": """
        data_types:
          Text: { derived_from: string, properties: { a: { type: string } } }   # error: [properties-of-primitive]
          integer: { derived_from: float }    # error: [reserved-type]
          Record:
            properties:
              bad: { type: string, entry_schema: string }    # warning: [misplaced-schema]
              list: { type: list, entry_schema: { type: Strin } }   # error: [unknown-type]
        """,
    "capabilities": """
        capability_types:
          Narrow: { derived_from: tosca.capabilities.Compute, valid_source_types: [ tosca.nodes.DBMS ] }
          Wider: { derived_from: Narrow, valid_source_types: [ tosca.nodes.Root ] }  # warning: [refined-names]
          Lost: { derived_from: Narrow, valid_source_types: [ tosca.nodes.No ] }     # error: [unknown-type]
        node_types:
          Server:
            derived_from: tosca.nodes.Compute
            capabilities:
              host:
                type: tosca.capabilities.Endpoint     # warning: [refined-type]
              os: { properties: { kernel: { type: string, required: false } } }
              more: { occurrences: [ 0, 1 ] }         # error: [missing-type]
              binding:
                type: tosca.capabilities.network.Bindable
                occurrences: [ 0, 1 ]                 # warning: [refined-range]
        """,
    "requirements": """
        node_types:
          App:
            derived_from: tosca.nodes.WebApplication
            requirements:
              - host:
                  capability: tosca.capabilities.Compute
                  node: tosca.nodes.DBMS               # warning: [refined-type]
                  occurrences: [ 0, 1 ]                # warning: [refined-range]
              - db: { capability: tosca.capabilities.Endpoint.Databse }   # error: [unknown-type]
              - db: tosca.capabilities.Endpoint.Database   # warning: [repeated-requirement]
              - by_name: { capability: database_endpoint, node: tosca.nodes.Database }  # warning: [capability-by-name]
              - nothing: { node: tosca.nodes.Compute }  # error: [missing-capability]
        """,
    "interfaces": """
        interface_types:
          Backup:
            derived_from: tosca.interfaces.Root
            inputs: { target: { type: string } }
            operations: { save: { inputs: { level: { type: integer, default: x } } } }  # error: [wrong-value]
        node_types:
          Store:
            derived_from: tosca.nodes.Root
            interfaces:
              Standard:
                operations:
                  craete: create.sh          # error: [undefined-operation]
              Backup:
                operations: { save: save.sh }
              Free:                          # warning: [untyped-interface]
                operations: { go: go.sh }
              tosca.interfaces.node.lifecycle.Standard:   # warning: [interface-by-type]
                operations: { start: start.sh }
        """,
    "relationships": """
        relationship_types:
          On: { derived_from: tosca.relationships.HostedOn, valid_target_types: [ tosca.capabilities.Endpoint ] }  # warning: [refined-names]
          At: { derived_from: tosca.relationships.Root, valid_target_types: [ tosca.nodes.Compute ] }  # warning: [node-type-as-target]
          No: { derived_from: tosca.relationships.Root, valid_target_types: [ Nowhere ] }   # error: [unknown-type]
        """,
    "groups and policies": """
        group_types:
          G: { derived_from: tosca.groups.Root, members: [ tosca.nodes.Compute ] }
          H: { derived_from: G, members: [ tosca.nodes.Root ] }      # warning: [refined-names]
        policy_types:
          P: { derived_from: tosca.policies.Root, targets: [ tosca.nodes.Compute, G ] }
          Q: { derived_from: P, targets: [ H ] }
          R: { derived_from: P, targets: [ tosca.nodes.DBMS ] }      # warning: [refined-names]
          S: { derived_from: P, targets: [ Nothing ] }               # error: [unknown-type]
        """,
    "artifacts and names": """
        artifact_types:
          tosca.artifacts.File: { derived_from: tosca.artifacts.Root }   # warning: [shadowed-type]
          Image: { derived_from: tosca.artifacts.File }
        node_types:
          N:
            derived_from: tosca.nodes.Root
            artifacts:
              image: { file: a.img, type: Imag }       # error: [unknown-type]
        """,
}


@pytest.mark.parametrize("text", FINDINGS.values(), ids=FINDINGS)
def test_findings(text: str, agrees: Callable[..., None]) -> None:
    agrees(text)


def test_members_come_from_all_ancestors_and_know_who_declared_them(bind: Bind) -> None:
    types = bind(
        """
        node_types:
          Db:
            derived_from: tosca.nodes.DBMS
            properties:
              port: { type: tosca.datatypes.network.PortDef, default: 3306 }
              charset: { type: string, default: utf8 }
        """
    ).value
    db = the(TypeKind.NODE, "Db", types)
    assert isinstance(db, NodeType)
    assert {name: each.declared_by for name, each in db.properties.items()} == {
        "component_version": "tosca.nodes.SoftwareComponent",
        "admin_credential": "tosca.nodes.SoftwareComponent",
        "root_password": "tosca.nodes.DBMS",
        "port": "Db",
        "charset": "Db",
    }
    assert not db.properties["port"].required
    assert "state" in db.attributes
    assert [*db.requirements] == ["dependency", "host"]
    assert db.requirements["host"].node == "tosca.nodes.Compute"
    assert db.capabilities["host"].declared_by == "tosca.nodes.DBMS"
    assert db.capabilities["feature"].declared_by == "tosca.nodes.Root"
    assert [*db.interfaces["Standard"].operations] == [
        "create", "configure", "start", "stop", "delete",
    ]  # fmt: skip


def test_clauses_add_up(bind: Bind) -> None:
    types = bind(
        """
        data_types:
          Low: { derived_from: tosca.datatypes.network.PortDef, constraints: [ less_than: 1024 ] }
          Record: { properties: { port: { type: Low, constraints: [ greater_than: 20 ] } } }
          Finer: { derived_from: Record, properties: { port: { type: Low, constraints: [ less_than: 30 ] } } }
        """
    ).value
    low = the(TypeKind.DATA, "Low", types)
    assert isinstance(low, DataType)
    assert low.primitive == "integer"
    assert [each.function.text for each in low.validation] == ["in_range", "less_than"]
    finer = the(TypeKind.DATA, "Finer", types)
    assert isinstance(finer, DataType)
    clauses = finer.properties["port"].schema.validation
    assert [each.function.text for each in clauses] == ["greater_than", "less_than"]


def test_data_types_may_hold_each_other(bind: Bind) -> None:
    checked = bind(
        """
        data_types:
          Tree:
            properties:
              leaf: { type: Leaf, required: false }
              children: { type: list, entry_schema: { type: Tree }, required: false }
          Leaf: { derived_from: Tree, properties: { tree: { type: Tree, required: false } } }
          Nested: { derived_from: map, entry_schema: { type: Nested } }
        """
    )
    assert checked.diagnostics == ()
    tree = the(TypeKind.DATA, "Tree", checked.value)
    leaf = the(TypeKind.DATA, "Leaf", checked.value)
    nested = the(TypeKind.DATA, "Nested", checked.value)
    assert isinstance(tree, DataType)
    assert isinstance(leaf, DataType)
    assert isinstance(nested, DataType)
    entry = tree.properties["children"].schema.entry_schema
    assert entry is not None
    assert entry.type is tree
    assert [*leaf.properties] == ["leaf", "children", "tree"]
    assert nested.entry_schema is not None
    assert nested.entry_schema.type is nested


def test_long_derivations_cost_no_stack(bind: Bind) -> None:
    depth = 3000
    chain = "\n".join(
        f"  T{n}: {{ derived_from: {f'T{n + 1}' if n < depth else 'tosca.nodes.Root'} }}"
        for n in range(depth + 1)
    )
    checked = bind("node_types:\n" + chain)
    assert checked.diagnostics == ()
    last = the(TypeKind.NODE, "T0", checked.value)
    assert len(last.ancestors) == depth + 2


def test_requirement_defaults_and_refinement(bind: Bind) -> None:
    checked = bind(
        """
        node_types:
          App:
            derived_from: tosca.nodes.Root
            requirements:
              - short: tosca.capabilities.Endpoint
              - disk: { capability: tosca.capabilities.Attachment, occurrences: [ 0, 2 ] }
              - store: { capability: tosca.capabilities.Storage }
          Finer:
            derived_from: App
            requirements:
              - disk: { capability: tosca.capabilities.Attachment, node: tosca.nodes.Storage.BlockStorage, occurrences: [ 1, 1 ] }
        """
    )
    assert checked.diagnostics == ()
    finer = the(TypeKind.NODE, "Finer", checked.value)
    assert isinstance(finer, NodeType)
    assert [*finer.requirements] == ["dependency", "short", "disk", "store"]
    short, disk, store = (finer.requirements[each] for each in ("short", "disk", "store"))
    assert (short.count_range.lower, short.count_range.upper) == (1, 1)
    assert (disk.count_range.lower, disk.count_range.upper) == (1, 1)
    assert disk.node == "tosca.nodes.Storage.BlockStorage"
    implied = [each.relationship and each.relationship.name for each in (short, disk, store)]
    assert implied == [
        "tosca.relationships.ConnectsTo",
        "tosca.relationships.AttachesTo",
        "tosca.relationships.Root",
    ]


def test_operations_take_the_inputs_of_their_interface(bind: Bind) -> None:
    types = bind(
        """
        interface_types:
          Backup:
            derived_from: tosca.interfaces.Root
            inputs: { target: { type: string } }
            operations: { save: { inputs: { level: { type: integer } } }, load: {} }
        node_types:
          Store:
            derived_from: tosca.nodes.Root
            interfaces:
              Backup:
                type: Backup
                inputs: { target: { type: string, default: here }, user: { type: string } }
                operations:
                  save: { implementation: save.sh, inputs: { level: 3, extra: text } }
          Finer:
            derived_from: Store
            interfaces: { Backup: { operations: { load: load.sh } } }
        """
    ).value
    store = the(TypeKind.NODE, "Finer", types)
    assert isinstance(store, NodeType)
    backup = store.interfaces["Backup"]
    assert backup.type.name == "Backup"
    save = backup.operations["save"]
    assert {*save.inputs} == {"target", "user", "level", "extra"}
    assert save.inputs["level"].schema.type.name == "integer"
    assert save.inputs["level"].default is not None
    assert save.inputs["target"].default is not None
    assert save.implementation is not None
    assert save.declared_by == "Store"
    assert {*backup.operations["load"].inputs} == {"target", "user"}
    assert backup.operations["load"].declared_by == "Finer"


def test_capabilities_keep_what_was_refined_of_them(bind: Bind) -> None:
    types = bind(
        """
        capability_types:
          Fast: { derived_from: tosca.capabilities.Compute, properties: { boost: { type: boolean, default: true } } }
        node_types:
          Server:
            derived_from: tosca.nodes.Compute
            capabilities: { host: { type: tosca.capabilities.Compute, properties: { num_cpus: { type: integer, default: 4 } } } }
          Faster: { derived_from: Server, capabilities: { host: { type: Fast } } }
        """
    ).value
    faster = the(TypeKind.NODE, "Faster", types)
    assert isinstance(faster, NodeType)
    host = faster.capabilities["host"]
    assert isinstance(host.type, CapabilityType)
    assert host.properties["num_cpus"].declared_by == "Server"
    assert host.properties["boost"].declared_by == "Fast"
    assert host.valid_source_node_types == ("tosca.nodes.SoftwareComponent",)
    assert host.occurrences == CountRange(1, None)


def test_the_other_kinds_inherit(bind: Bind) -> None:
    types = bind(
        """
        relationship_types:
          Link: { derived_from: tosca.relationships.ConnectsTo, properties: { speed: { type: string } } }
        group_types:
          G: { derived_from: tosca.groups.Root, members: [ tosca.nodes.Compute ], properties: { a: { type: string } } }
          H: { derived_from: G }
        policy_types:
          P: { derived_from: tosca.policies.Scaling, targets: [ G ], properties: { a: { type: string } } }
        interface_types:
          I: { derived_from: tosca.interfaces.node.lifecycle.Standard, operations: { check: {} } }
        """
    ).value
    link = the(TypeKind.RELATIONSHIP, "Link", types)
    assert isinstance(link, RelationshipType)
    assert [*link.properties] == ["credential", "speed"]
    assert link.valid_capability_types == ("tosca.capabilities.Endpoint",)
    assert "Configure" in link.interfaces
    group = the(TypeKind.GROUP, "H", types)
    assert isinstance(group, GroupType)
    assert group.members == ("tosca.nodes.Compute",)
    assert [*group.properties] == ["a"]
    policy = the(TypeKind.POLICY, "P", types)
    assert isinstance(policy, PolicyType)
    assert policy.targets == ("G",)
    interface = the(TypeKind.INTERFACE, "I", types)
    assert isinstance(interface, InterfaceType)
    assert [*interface.operations][-2:] == ["delete", "check"]


@pytest.mark.parametrize("version", ["1_0", "1_1", "1_2", "1_3"])
def test_the_normative_types_are_without_a_finding(bind: Bind, version: str) -> None:
    types = bind("", f"tosca_simple_yaml_{version}").value
    source = types.bundle.root.file.source
    for kind in TypeKind:
        for name in types.names(kind):
            assert types.find(kind, document.name(name, source)).diagnostics == ()
    for loaded in types.scopes.files():
        assert [*check_file(loaded, types)] == []
