"""The version of the language that a file is written in: `tosca_definitions_version`."""

from toscactl import document
from toscactl.definitions.model import Dialect, TypeKind
from toscactl.definitions.table import Reading, shape
from toscactl.diagnostics import Rule, Severity, closest
from toscactl.document import Node, Scalar

KEYNAME = "tosca_definitions_version"

MISSING_VERSION = Rule(
    "missing-version", "A file does not say which version of TOSCA it is written in."
)
UNKNOWN_VERSION = Rule("unknown-version", "A file is written in no version of TOSCA that is known.")
VERSION_SPELLING = Rule(
    "version-spelling",
    "A version of the language is named as only some tools name it.",
    Severity.WARNING,
    lenient=True,
)
VERSION_NOT_FIRST = Rule(
    "version-not-first",
    "`tosca_definitions_version` is not the first keyname of the file.",
    Severity.WARNING,
    lenient=True,
)

_URI = "http://docs.oasis-open.org/tosca/ns/simple/yaml/"
_NAMES = {
    **{dialect.value: dialect for dialect in Dialect},
    _URI + "1.0": Dialect.V1_0,
    _URI + "1.1": Dialect.V1_1,
    _URI + "1.2": Dialect.V1_2,
    _URI + "1.3": Dialect.V1_3,
    "tosca_simple_profile_for_nfv_1_0": Dialect.V1_0,
    "tosca_simple_profile_for_nfv_1_0_0": Dialect.V1_0,
    "tosca_simple_profile_for_mec_1_0_0": Dialect.V1_0,
}
_SPELLINGS = {
    "tosca_simple_yaml_1_0_0": Dialect.V1_0,
    "tosca_simple_yaml_1_1_0": Dialect.V1_1,
    "tosca_simple_yaml_1_2_0": Dialect.V1_2,
    "tosca_simple_yaml_1_3_0": Dialect.V1_3,
    "tosca_simple_1_0": Dialect.V1_0,
    "tosca_simple_1_1": Dialect.V1_1,
    "tosca_simple_1_2": Dialect.V1_2,
    "tosca_simple_1_3": Dialect.V1_3,
}
_SECTIONS = frozenset({"topology_template", "service_template", *(kind.value for kind in TypeKind)})


def dialect_of(reading: Reading, root: document.Mapping) -> Dialect | None:
    """The version of a file; for a wrong one, the most likely; None for what is no TOSCA at all."""
    given = root.get(KEYNAME)
    if given is None:
        message = f"the file has no `{KEYNAME}`"
        hint = f"begin it with `{KEYNAME}: {Dialect.V1_3.value}`"
        reading.report(MISSING_VERSION, _first_key(root), message, hint=hint)
        return _guessed(root)
    if not isinstance(given, Scalar) or document.is_null(given):
        reading.report(UNKNOWN_VERSION, given, f"a version is a name, and here is {shape(given)}")
        return _guessed(root)
    first = root.entries[0][0]
    if isinstance(first, Scalar) and first.text != KEYNAME:
        at = next(key for key, item in root.entries if item is given)
        reading.report(VERSION_NOT_FIRST, at, f"`{KEYNAME}` should be the first keyname")
    if given.text in _NAMES:
        return _NAMES[given.text]
    if given.text in _SPELLINGS:
        dialect = _SPELLINGS[given.text]
        message = f"the standard names this version `{dialect.value}`"
        reading.report(VERSION_SPELLING, given, message)
        return dialect
    near = closest(given.text, _NAMES)
    hint = f"did you mean `{near}`?" if near else "known are " + ", ".join(d.value for d in Dialect)
    reading.report(UNKNOWN_VERSION, given, f"there is no version `{given.text}`", hint=hint)
    return _NAMES[near] if near else _guessed(root)


def _first_key(root: document.Mapping) -> Node:
    return root.entries[0][0] if root.entries else root


def _guessed(root: document.Mapping) -> Dialect | None:
    keys = {key.text for key, _ in root.entries if isinstance(key, Scalar)}
    if not keys & _SECTIONS:
        return None
    return Dialect.V2_0 if "service_template" in keys else Dialect.V1_3
