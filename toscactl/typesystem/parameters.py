"""Parameters and schemas that stand outside of types: bound, and their constraints checked."""

from toscactl.definitions import ParameterDef, SchemaDef
from toscactl.diagnostics import Checked, Diagnostic
from toscactl.typesystem.checks import check_schema
from toscactl.typesystem.members import Member, member, schema_of
from toscactl.typesystem.model import PropertyDefinition, Schema
from toscactl.typesystem.system import TypeSystem


def bind_parameter(
    definition: ParameterDef, types: TypeSystem, *, kind: str = "parameter"
) -> Checked[PropertyDefinition]:
    """An input or output of a service template, or any parameter that refines nothing.

    Its default is not coerced: whoever asks for the value does that.
    """
    found: list[Diagnostic] = []
    dialect = types.scopes.of(definition.name.source).file.dialect
    bound = member(definition, None, Member(types, "", kind, dialect, found))
    found.extend(check_schema(bound.schema, types))
    return Checked(bound, tuple(found))


def bind_schema(definition: SchemaDef, types: TypeSystem) -> Checked[Schema]:
    """A schema definition that refines nothing."""
    found: list[Diagnostic] = []
    dialect = types.scopes.of(definition.span.source).file.dialect
    schema = schema_of(definition, None, Member(types, "", "schema", dialect, found))
    found.extend(check_schema(schema, types))
    return Checked(schema, tuple(found))
