"""Which type a name means where it is written."""

from collections.abc import Callable

from toscactl import document, loading, typesystem
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Checked
from toscactl.typesystem import DataType, NodeType, Type, TypeSystem

Bind = Callable[..., Checked[TypeSystem]]


def written(types: TypeSystem, text: str, file: str = "service.yaml") -> document.Scalar:
    source = types.bundle.files[file].file.source
    return document.name(text, source)


def test_a_normative_type_has_three_names(bind: Bind) -> None:
    types = bind().value
    found = [
        types.node_type(written(types, name)).value
        for name in ("tosca.nodes.Compute", "tosca:Compute", "Compute")
    ]
    assert [type_.name for type_ in found] == ["tosca.nodes.Compute"] * 3
    assert found[0] is found[1] is found[2]


def test_short_names_hold_for_each_kind(bind: Bind) -> None:
    types = bind().value
    for kind, name, full in (
        (TypeKind.CAPABILITY, "Endpoint.Admin", "tosca.capabilities.Endpoint.Admin"),
        (TypeKind.CAPABILITY, "Compute", "tosca.capabilities.Compute"),
        (TypeKind.RELATIONSHIP, "tosca:HostedOn", "tosca.relationships.HostedOn"),
        (TypeKind.DATA, "Credential", "tosca.datatypes.Credential"),
        (TypeKind.DATA, "tosca:json", "tosca.datatypes.json"),
        (TypeKind.POLICY, "Scaling", "tosca.policies.Scaling"),
    ):
        assert types.find(kind, written(types, name)).value.name == full


def test_built_in_data_types(bind: Bind) -> None:
    types = bind().value
    assert types.data_type(written(types, "tosca:version")).value.primitive == "version"
    size = types.data_type(written(types, "scalar-unit.size")).value
    assert size.units["GiB"] == 2**30
    assert size.canonical_unit == "B"


def test_an_unknown_type_is_one_finding_per_place_and_accepts_everything(bind: Bind) -> None:
    types = bind().value
    name = written(types, "tosca.nodes.Comput")
    for _ in range(2):
        checked = types.node_type(name)
        (found,) = checked.diagnostics
        assert found.rule.name == "unknown-type"
        assert found.message == "node type `tosca.nodes.Comput` is not defined"
        assert found.hint == "did you mean `tosca.nodes.Compute`?"
        assert checked.value.broken
        assert checked.value.is_a("tosca.nodes.Root")


def test_a_name_of_another_kind_is_told(bind: Bind) -> None:
    types = bind().value
    (found,) = types.node_type(written(types, "tosca.policies.Scaling")).diagnostics
    assert found.hint == "there is a policy type of that name, but a node type is needed"


def test_imports_are_seen_through_prefixes_and_through_each_other(bind: Bind) -> None:
    checked = bind(
        """
        imports:
          - plain.yaml
          - { file: prefixed.yaml, namespace_prefix: p }
        node_types:
          Own: { derived_from: p:Far }
        """,
        deep="node_types: { Deep: { derived_from: tosca.nodes.Root } }",
        plain="imports: [deep.yaml]\nnode_types: { Near: { derived_from: Deep } }",
        prefixed="imports: [deep.yaml]\nnode_types: { Far: { derived_from: Deep } }",
    )
    types = checked.value
    assert checked.diagnostics == ()
    own = types.node_type(written(types, "Own")).value
    assert own.ancestors == ("Own", "Far", "Deep", "tosca.nodes.Root")
    assert types.node_type(written(types, "Deep")).value.name == "Deep"
    assert types.node_type(written(types, "p:Deep")).value.name == "Deep"
    assert types.node_type(written(types, "Near")).diagnostics == ()
    (found,) = types.node_type(written(types, "Far")).diagnostics
    assert found.hint == "did you mean `p:Far`?"
    assert types.node_type(written(types, "Far", "prefixed.yaml")).value.name == "Far"


def test_files_that_import_each_other(bind: Bind) -> None:
    checked = bind(
        "imports: [one.yaml]\nnode_types: { Own: { derived_from: One } }",
        one="imports: [two.yaml]\nnode_types: { One: { derived_from: Two } }",
        two="imports: [one.yaml]\nnode_types: { Two: { derived_from: tosca.nodes.Root } }",
    )
    assert checked.diagnostics == ()


def test_namesakes_behind_prefixes_are_different_types(bind: Bind) -> None:
    checked = bind(
        """
        imports:
          - { file: a.yaml, namespace_prefix: a }
          - { file: b.yaml, namespace_prefix: b }
        """,
        a="node_types: { Thing: { derived_from: tosca.nodes.Root } }",
        b="node_types: { Thing: { derived_from: tosca.nodes.Compute } }",
    )
    types = checked.value
    first = types.node_type(written(types, "a:Thing")).value
    second = types.node_type(written(types, "b:Thing")).value
    assert first.name != second.name
    assert not first.is_a(second.name)
    assert types.by_name(TypeKind.NODE, first.name) is first
    assert types.by_name(TypeKind.NODE, second.name) is second
    assert {first.name, second.name} <= {*types.names(TypeKind.NODE)}


def test_files_of_different_versions_fit_together() -> None:
    fetch = loading.MemoryFetch(
        {
            "old.yaml": "tosca_definitions_version: tosca_simple_yaml_1_0\n"
            "node_types: { Old: { derived_from: tosca.nodes.Compute } }\n",
            "new.yaml": "tosca_definitions_version: tosca_simple_yaml_1_3\nimports: [old.yaml]\n",
        }
    )
    types = loading.load("new.yaml", fetch).then(typesystem.bind).value
    old = types.node_type(written(types, "Old", "new.yaml")).value
    assert old.is_a("tosca.nodes.Compute")
    assert not old.is_a("tosca.nodes.Abstract.Compute")
    newer = types.by_name(TypeKind.NODE, "tosca.nodes.Compute")
    assert newer is not None
    assert newer.is_a("tosca.nodes.Abstract.Compute")


def test_lookup_by_canonical_name(bind: Bind) -> None:
    types = bind("data_types: { Port: { derived_from: integer } }").value
    assert isinstance(types.by_name(TypeKind.NODE, "tosca.nodes.DBMS"), NodeType)
    assert isinstance(types.by_name(TypeKind.DATA, "integer"), DataType)
    assert types.by_name(TypeKind.NODE, "tosca.nodes.Nothing") is None
    assert {"Port", "string", "tosca.datatypes.Credential"} <= {*types.names(TypeKind.DATA)}


def test_knows_binds_nothing(bind: Bind) -> None:
    types = bind().value
    assert types.knows(TypeKind.NODE, written(types, "Compute"))
    assert types.knows(TypeKind.DATA, written(types, "integer"))
    assert not types.knows(TypeKind.NODE, written(types, "web"))


def test_types_that_nobody_asks_for_are_not_bound(bind: Bind) -> None:
    types = bind("node_types: { Own: { derived_from: tosca.nodes.Root } }").value
    bound: list[Type] = [*types._bound.values()]
    names = {type_.name for type_ in bound}
    assert "tosca.nodes.Root" in names
    assert "tosca.nodes.DBMS" not in names


def test_a_bitrate_is_younger_than_the_first_versions(bind: Bind) -> None:
    text = "data_types: { Rate: { derived_from: scalar-unit.bitrate } }"
    (found,) = bind(text, "tosca_simple_yaml_1_1").diagnostics
    assert found.rule.name == "later-type"
    assert bind(text).diagnostics == ()
