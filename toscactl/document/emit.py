"""Values to YAML text that every reader understands alike, YAML 1.1 readers included."""

from collections.abc import Mapping

import yaml


class _Dumper(yaml.SafeDumper):
    """Quotes what a YAML 1.1 or a 1.2 reader would take for something else; keeps key order."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  (the parent's signature)
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text and not any(line != line.rstrip() for line in text.split("\n")):
        style = "|"
    elif _looks_like_number(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _looks_like_number(text: str) -> bool:
    # What PyYAML's own YAML 1.1 patterns miss and YAML 1.2 readers (and Go's) take for numbers.
    try:
        float(text.replace("_", ""))
    except ValueError:
        return text[:2].lower() in {"0o", "0x", "0b"}
    return True


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(
    Mapping,  # type: ignore[type-abstract]  # any mapping is meant
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items()),
)
_Dumper.add_representer(
    tuple, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data)
)


def emit_yaml(data: object) -> str:
    """One YAML document, block style, keys in the order given, ending with a line break.

    `data` is made of mappings, sequences, strings, numbers, booleans and None.
    """
    text: str = yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return text
