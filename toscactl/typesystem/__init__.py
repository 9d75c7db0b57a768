"""bundle -> types: bound, inherited, refined; and literals as values of their declared types."""

from toscactl.typesystem.bind import bind
from toscactl.typesystem.clauses import clause_holds, same
from toscactl.typesystem.coercion import coerce, default_of, value_type
from toscactl.typesystem.conversion import check_value, convert
from toscactl.typesystem.describe import describe
from toscactl.typesystem.interfaces import bind_interface, interface_name
from toscactl.typesystem.model import (
    ArtifactType,
    CapabilityDefinition,
    CapabilityType,
    DataType,
    GroupType,
    InterfaceDefinition,
    InterfaceType,
    NodeType,
    OperationDefinition,
    PolicyType,
    PropertyDefinition,
    RelationshipType,
    RequirementDefinition,
    Schema,
    Type,
)
from toscactl.typesystem.parameters import bind_parameter, bind_schema
from toscactl.typesystem.primitives import ANY_SCHEMA
from toscactl.typesystem.requirements import implied_relationship
from toscactl.typesystem.system import TypeSystem
from toscactl.typesystem.untyped import metadata_of, untyped

__all__ = [
    "ANY_SCHEMA",
    "ArtifactType",
    "CapabilityDefinition",
    "CapabilityType",
    "DataType",
    "GroupType",
    "InterfaceDefinition",
    "InterfaceType",
    "NodeType",
    "OperationDefinition",
    "PolicyType",
    "PropertyDefinition",
    "RelationshipType",
    "RequirementDefinition",
    "Schema",
    "Type",
    "TypeSystem",
    "bind",
    "bind_interface",
    "bind_parameter",
    "bind_schema",
    "check_value",
    "clause_holds",
    "coerce",
    "convert",
    "default_of",
    "describe",
    "implied_relationship",
    "interface_name",
    "metadata_of",
    "same",
    "untyped",
    "value_type",
]
