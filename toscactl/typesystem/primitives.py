"""The built-in data types (TOSCA 1.3, 3.3; 2.0, 9.1), and stand-ins for what is not known."""

from collections.abc import Mapping

from toscactl.definitions import Dialect
from toscactl.definitions.strings import BITRATES, FREQUENCIES, SIZES, TIMES
from toscactl.typesystem.model import DataType, Schema


def _plain(name: str) -> DataType:
    return DataType(name, None, None, ancestors=(name,), primitive=name)


def _scalar(name: str, units: Mapping[str, float], canonical_unit: str) -> DataType:
    return DataType(
        name,
        None,
        None,
        ancestors=(name,),
        primitive=name,
        units=units,
        canonical_unit=canonical_unit,
    )


PRIMITIVES: Mapping[str, DataType] = {
    type_.name: type_
    for type_ in (
        *map(
            _plain,
            (
                "string", "integer", "float", "boolean", "timestamp", "null",
                "range", "version", "list", "map",
            ),
        ),
        _scalar("scalar-unit.size", SIZES, "B"),
        _scalar("scalar-unit.time", TIMES, "s"),
        _scalar("scalar-unit.frequency", FREQUENCIES, "Hz"),
        _scalar("scalar-unit.bitrate", BITRATES, "bps"),
    )
}  # fmt: skip
"""By name. TOSCA 2.0 has other ones; its names join this table, `SINCE` says where they hold."""

SINCE: Mapping[str, Dialect] = {"scalar-unit.bitrate": Dialect.V1_3}
"""The built-in types that the first version of the language did not have."""

ANY = DataType("any", None, None, ancestors=("any",), primitive="any")
"""The type of a parameter for which none was declared: it takes every value."""

ANY_SCHEMA = Schema(ANY)
STRING_SCHEMA = Schema(PRIMITIVES["string"])
INTEGER_SCHEMA = Schema(PRIMITIVES["integer"])


def broken_data_type(name: str) -> DataType:
    """The stand-in for a data type that could not be bound."""
    return DataType(name, None, None, ancestors=(name,), broken=True, primitive="any")
