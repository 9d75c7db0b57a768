"""The finished draft as a unit and as files: blocks, variables, outputs, in JSON syntax."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from toscactl.backend import (
    Origin,
    Portion,
    Resource,
    Rule,
    Unit,
    Value,
    plain,
)
from toscactl_terraform.draft import NO_DEFAULT, Block, Draft, Tf, Variable
from toscactl_terraform.expressions import literal

CYCLE = Rule("terraform-cycle", "Resources need each other in a circle.")

KIND = "workspace"
_TERRAFORM = ">= 1.3"
_REFERENCE = re.compile(r"(?:data\.)?[a-z][a-z0-9_]*\.[A-Za-z_][A-Za-z0-9_-]*")
_EXPRESSION = re.compile(r"\$\{")
_HOLDS_DATA = frozenset(
    {
        "aws_ebs_volume",
        "aws_s3_bucket",
        "openstack_blockstorage_volume_v3",
        "openstack_objectstorage_container_v1",
    }
)


@dataclass(frozen=True, slots=True)
class Cloud:
    """A provider: its name, where it comes from, which versions, and what forces a new resource."""

    name: str
    source: str
    version: str
    force_new: Mapping[str, frozenset[str]]


def unit_of(draft: Draft, cloud: Cloud, provider: Mapping[str, Tf]) -> Unit:
    """The whole configuration as a unit. `inputs` are values for its variables."""
    needs = {block.address: tuple(_needs(draft, block)) for block in draft.blocks.values()}
    _check_cycles(draft, needs)
    target = draft.portion.target
    return Unit(
        id=f"{target.name}/{KIND}/{draft.portion.deployment}",
        target=target.name,
        backend="terraform",
        kind=KIND,
        name=draft.portion.deployment,
        resources=tuple(_resources(draft, cloud, needs)),
        instances=tuple(instance.address for instance in draft.portion.instances),
        inputs=dict(draft.inputs),
        payload={"files": _documents(draft, cloud, provider)},
        files=dict(sorted(draft.files.items())),
    )


def files(portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
    """`*.tf.json` and the files that they read, for `terraform init` and `terraform apply`."""
    del portion  # the unit holds all that is needed
    found: dict[str, bytes] = {}
    for unit in units:
        found.update({path: blob.data for path, blob in unit.files.items()})
        documents = unit.payload["files"]
        assert isinstance(documents, Mapping)
        for name, document in documents.items():
            text = json.dumps(plain(document), indent=2, ensure_ascii=False)
            found[name] = f"{text}\n".encode()
    return dict(sorted(found.items()))


def _documents(draft: Draft, cloud: Cloud, provider: Mapping[str, Tf]) -> dict[str, Value]:
    """The configuration by file. Comments go under the key `//`, which Terraform ignores."""
    main: dict[str, Tf] = {}
    about = draft.graph.description.strip()
    if about:
        main["//"] = about
    main["terraform"] = {
        "required_version": _TERRAFORM,
        "required_providers": {cloud.name: {"source": cloud.source, "version": cloud.version}},
    }
    main["provider"] = {cloud.name: provider}
    for mode in ("data", "resource"):
        blocks = _grouped(block for block in draft.blocks.values() if block.mode == mode)
        if blocks:
            main[mode] = blocks
    found: dict[str, Value] = {"main.tf.json": main}
    if draft.variables:
        variables = {v.name: _variable(v) for v in draft.variables.values()}
        found["variables.tf.json"] = {"variable": variables}
    if draft.outputs:
        found["outputs.tf.json"] = {"output": dict(draft.outputs)}
    return found


def _grouped(blocks: Iterator[Block]) -> Mapping[str, Tf]:
    found: dict[str, dict[str, Tf]] = {}
    for block in blocks:
        found.setdefault(block.type, {})[block.name] = block.body
    return found


def _variable(variable: Variable) -> Mapping[str, Value]:
    found: dict[str, Value] = {"type": variable.type}
    if variable.description:
        found["description"] = variable.description
    if variable.default is not NO_DEFAULT:
        found["default"] = cast("Value", variable.default)
    if variable.sensitive:
        found["sensitive"] = True
    if variable.validation:
        found["validation"] = [
            {"condition": f"${{{condition}}}", "error_message": literal(message)}
            for condition, message in variable.validation
        ]
    return found


def _needs(draft: Draft, block: Block) -> Iterator[str]:
    """The addresses of other blocks that a block refers to, each once."""
    seen = {block.address}
    for text, whole in _texts(block.body, ()):
        if not whole and not _EXPRESSION.search(text):
            continue
        for match in _REFERENCE.finditer(text):
            address = match[0]
            if address in draft.blocks and address not in seen:
                seen.add(address)
                yield address


def _texts(value: Tf, path: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """All texts inside a body, with whether the text is a bare address, as in `depends_on`."""
    if isinstance(value, str):
        yield value, path[:1] == ("depends_on",)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item, path)


def _check_cycles(draft: Draft, needs: Mapping[str, Sequence[str]]) -> None:
    """Report a circle of blocks, which Terraform would refuse."""
    waiting = {address: len(others) for address, others in needs.items()}
    users: dict[str, list[str]] = {}
    for address, others in needs.items():
        for other in others:
            users.setdefault(other, []).append(address)
    free = [address for address, count in waiting.items() if not count]
    for address in free:
        for user in users.get(address, ()):
            waiting[user] -= 1
            if not waiting[user]:
                free.append(user)
    circle = [address for address, count in waiting.items() if count]
    if circle:
        origin = next((draft.blocks[it].origin for it in circle if draft.blocks[it].origin), None)
        draft.report(
            CYCLE,
            origin.place if origin else None,
            f"these resources need each other in a circle: {', '.join(sorted(circle))}",
        )


def _resources(
    draft: Draft, cloud: Cloud, needs: Mapping[str, Sequence[str]]
) -> Iterator[Resource]:
    for block in draft.blocks.values():
        if block.mode != "resource":
            continue
        origins: dict[str, Origin] = {} if block.origin is None else {"": block.origin}
        origins |= {key: at for key, at in block.origins.items() if key in block.body}
        others = (draft.blocks[address] for address in needs[block.address])
        yield Resource(
            block.type,
            block.name,
            dict(block.body),
            block.instance,
            origins,
            cloud.force_new.get(block.type, frozenset()),
            tuple(other.name for other in others if other.mode == "resource"),
            block.type in _HOLDS_DATA,
        )
