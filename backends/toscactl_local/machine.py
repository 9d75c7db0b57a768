"""What a node is on this machine: its file tree, its storage, its addresses as attributes.

A compute node is this machine with a file tree of its own: the folder `$TOSCA_ROOT`, which stands
for `/`. Storage is a folder; where it is mounted, a link in the tree of its compute node.
"""

import contextlib
import hashlib
import os
import shutil
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from toscactl.backend import (
    Address,
    AttributeOf,
    BackendError,
    EvaluationError,
    InputOf,
    Secret,
    Unit,
    Value,
    evaluate,
    is_known,
    select,
    text,
)
from toscactl_local.environment import LOOPBACK
from toscactl_local.task import mapping, string

_LONGEST_NAME = 120
_ENDPOINT = "Endpoint"
Attributes = Mapping[Address, Mapping[str, Value]]


def folder_name(name: str) -> str:
    """A name as one name of a folder; different names stay different."""
    quoted = urllib.parse.quote(name, safe="[]~")
    if quoted.startswith("."):
        quoted = f"%2E{quoted[1:]}"
    if len(quoted) <= _LONGEST_NAME:
        return quoted
    return f"{quoted[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def root(folder: Path, name: str) -> Path:
    """The folder that stands for `/` of a node."""
    return folder / "root" / folder_name(name)


def storage(folder: Path, name: str) -> Path:
    """The folder that is the storage of a node."""
    return folder / "storage" / folder_name(name)


def prepare(folder: Path, unit: Unit, attributes: Attributes) -> None:
    """Make what a node is before its first operation. May be repeated. Raises `BackendError`."""
    try:
        if string(unit.payload, "role") == "storage":
            storage(folder, unit.name).mkdir(mode=0o700, parents=True, exist_ok=True)
        tree = root(folder, unit.name)
        if has_tree(unit):
            tree.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, location in mapping(unit.payload, "mounts").items():
            known = known_value(location, attributes)
            if known is not None:
                _mount(tree, text(known), storage(folder, name))
    except OSError as error:
        raise BackendError(f"the folders of `{unit.name}` cannot be made: {error}") from error


def has_tree(unit: Unit) -> bool:
    """Whether a node has a file tree of its own: a compute node, or one that has no host."""
    owns = string(unit.payload, "root_of") == unit.name
    return owns and (string(unit.payload, "role") == "compute" or bool(unit.payload.get("tasks")))


def _mount(tree: Path, location: str, target: Path) -> None:
    """A link at a location of a tree. It never leaves the tree."""
    at = Path(os.path.normpath(f"/{location.lstrip('/')}")).relative_to("/")
    link = tree / at
    if link == tree:
        raise BackendError(f"storage cannot be mounted at `{location}`")
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() == target:
        return
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(target, target_is_directory=True)


def clear(folder: Path, unit: Unit) -> None:
    """Remove what `prepare` made. Raises `BackendError`."""
    for path in (root(folder, unit.name), storage(folder, unit.name)):
        remove(path)


def remove(path: Path) -> None:
    """Remove a folder with all that is in it, also what a script made unwritable."""
    if not path.exists():
        return
    for parent, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(parent, 0o700)  # noqa: PTH101  (os.walk gives text)
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BackendError(f"`{path}` cannot be removed: {error}") from error


def attributes_of(folder: Path, deployment: str, unit: Unit, known: Attributes) -> dict[str, Value]:
    """The attributes that a node has without any operation: built-in, reflected and this machine's.

    Properties are attributes too (TOSCA 1.3, 4.5.1); what is not known yet is left out.
    """
    payload, address = unit.payload, unit.instances[0]
    role = string(payload, "role")
    found: dict[str, Value] = {}
    if role == "compute":
        found |= {"private_address": LOOPBACK, "public_address": LOOPBACK}
        found["networks"] = {
            "local": {"network_name": "local", "network_id": "lo", "addresses": (LOOPBACK,)}
        }
    if role == "storage":
        found["path"] = str(storage(folder, unit.name))
        found["volume_id"] = unit.name
    if role == "port":
        found["ip_address"] = LOOPBACK
    found |= _known(mapping(payload, "attributes"), known)
    found |= _known(mapping(payload, "properties"), known)
    for name, capability in mapping(payload, "capabilities").items():
        if isinstance(capability, Mapping):
            inside = _capability(capability, known)
            if inside:
                found.setdefault(name, inside)
    return found | {
        "tosca_name": address.template,
        "tosca_id": f"{deployment}/{unit.name}",
    }


def _capability(capability: Mapping[str, Value], known: Attributes) -> Mapping[str, Value]:
    types = capability.get("types", ())
    names = [str(name) for name in types] if isinstance(types, tuple | list) else []
    found: dict[str, Value] = {}
    if any(_ENDPOINT in name.split(".") for name in names):
        found["ip_address"] = LOOPBACK
    found |= _known(mapping(capability, "attributes"), known)
    return found | _known(mapping(capability, "properties"), known)


def _known(values: Mapping[str, Value], attributes: Attributes) -> dict[str, Value]:
    found = {name: known_value(value, attributes) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def known_value(value: Value, attributes: Attributes) -> Value:
    """A value with the attributes that are known put in; None if it is still open then."""

    def resolve(reference: AttributeOf | InputOf) -> Value:
        if isinstance(reference, InputOf):
            return reference
        return _attribute(reference, attributes)

    try:
        found = evaluate(value, resolve)
    except EvaluationError:
        return None
    return found if is_known(found) else None


def path_of(reference: AttributeOf) -> str:
    """Where an attribute stands below its node, as a dotted path."""
    names = (reference.name, *reference.path)
    if reference.capability is not None:
        names = (reference.capability, *names)
    return ".".join(str(name) for name in names)


def _attribute(reference: AttributeOf, attributes: Attributes) -> Value:
    of_node = attributes.get(reference.address, {})
    names = (reference.name, *reference.path)
    try:
        if reference.capability is not None:
            found = select(of_node, (reference.capability, *names))
        else:
            found = select(of_node, names)
    except EvaluationError:
        return reference
    return Secret(found) if reference.sensitive and not isinstance(found, Secret) else found
