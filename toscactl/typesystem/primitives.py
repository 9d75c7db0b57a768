"""The built-in data types (TOSCA 1.3, 3.3; 2.0, 9.1), and stand-ins for what is not known."""

from collections.abc import Mapping

from toscactl.definitions import Dialect
from toscactl.typesystem.model import DataType, Schema

_KB, _MB, _GB, _TB = 10**3, 10**6, 10**9, 10**12
_KI, _MI, _GI, _TI = 2**10, 2**20, 2**30, 2**40

_SIZE = {
    "B": 1, "kB": _KB, "KiB": _KI, "MB": _MB, "MiB": _MI,
    "GB": _GB, "GiB": _GI, "TB": _TB, "TiB": _TI,
}  # fmt: skip
_TIME = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_FREQUENCY = {"Hz": 1, "kHz": _KB, "MHz": _MB, "GHz": _GB}
_BITRATE = {
    "bps": 1, "Kbps": _KB, "Kibps": _KI, "Mbps": _MB, "Mibps": _MI,
    "Gbps": _GB, "Gibps": _GI, "Tbps": _TB, "Tibps": _TI,
    "Bps": 8, "KBps": 8 * _KB, "KiBps": 8 * _KI, "MBps": 8 * _MB, "MiBps": 8 * _MI,
    "GBps": 8 * _GB, "GiBps": 8 * _GI, "TBps": 8 * _TB, "TiBps": 8 * _TI,
}  # fmt: skip


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
        _scalar("scalar-unit.size", _SIZE, "B"),
        _scalar("scalar-unit.time", _TIME, "s"),
        _scalar("scalar-unit.frequency", _FREQUENCY, "Hz"),
        _scalar("scalar-unit.bitrate", _BITRATE, "bps"),
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
