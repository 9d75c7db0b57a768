"""Units, changes and steps as JSON data and back: for states, saved plans and comparisons.

Values go through an encoder and a decoder that the caller may give, so that a store can seal
secrets. The content of files is not written, only its digest: `blobs` lists it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from toscactl import values
from toscactl.address import Address
from toscactl.desired.model import (
    Action,
    Blob,
    Need,
    Origin,
    Resource,
    Step,
    Unit,
    UnitChange,
)
from toscactl.source import Place
from toscactl.values import Value

Encode: TypeAlias = Callable[[Value], object]
Decode: TypeAlias = Callable[[object], Value]
Content: TypeAlias = Callable[[str], bytes]
"""Gives the content of a file by its digest. Raises `KeyError` if it has none."""

N = TypeVar("N", Unit, UnitChange, Step, Resource, Need, Origin)


def to_json(
    noun: Unit | UnitChange | Step | Resource | Need | Origin, encode: Encode = values.to_json
) -> dict[str, object]:
    """A noun as JSON data that `from_json` reads back. Secrets are tagged, *not* protected."""
    match noun:
        case Unit():
            return _unit_to_json(noun, encode)
        case UnitChange():
            return {
                "action": noun.action.value,
                "before": None if noun.before is None else _unit_to_json(noun.before, encode),
                "after": None if noun.after is None else _unit_to_json(noun.after, encode),
                "changed": list(noun.changed),
                "done": sorted(noun.done),
                "begun": sorted(noun.begun),
            }
        case Step():
            return _step_to_json(noun, encode)
        case Resource():
            return _resource_to_json(noun, encode)
        case Need():
            return {"unit": noun.unit, "reason": noun.reason, "hosted": noun.hosted}
        case Origin():
            return _origin_to_json(noun)


def from_json(
    kind: type[N],
    data: object,
    *,
    content: Content | None = None,
    decode: Decode = values.from_json,
) -> N:
    """The noun of a kind that `to_json` wrote. Raises `ValueError` for anything else."""
    reader = _Reader(content or _no_content, decode)
    read = {
        Unit: reader.unit,
        UnitChange: reader.change,
        Step: reader.step,
        Resource: reader.resource,
        Need: reader.need,
        Origin: reader.origin,
    }[kind]
    noun = read(data)
    assert isinstance(noun, kind)
    return noun


def blobs(*nouns: Unit | UnitChange) -> Mapping[str, Blob]:
    """The files of units by digest: what `to_json` leaves out."""
    found: dict[str, Blob] = {}
    for noun in nouns:
        units = (noun,) if isinstance(noun, Unit) else (noun.before, noun.after)
        for unit in units:
            if unit is not None:
                found.update((blob.digest, blob) for blob in unit.files.values())
    return found


def frozen(unit: Unit) -> Unit:
    """The same unit with every sequence a tuple and every mapping a dict: as it is read back.

    Values made by hand and values from a state are only comparable in this form.
    """
    return replace(
        unit,
        resources=tuple(
            replace(resource, properties=_frozen_map(resource.properties))
            for resource in unit.resources
        ),
        inputs=_frozen_map(unit.inputs),
        payload=_frozen_map(unit.payload),
        files=dict(unit.files),
    )


def frozen_value(value: Value) -> Value:
    """The same value with every sequence a tuple and every mapping a dict."""
    match value:
        case values.Secret(value=inner):
            return values.Secret(frozen_value(inner))
        case values.Call(function=function, arguments=arguments):
            return values.Call(function, tuple(frozen_value(item) for item in arguments))
        case str() | None | bool() | int() | float():
            return value
        case Mapping():
            return _frozen_map(value)
        case Sequence():
            return tuple(frozen_value(item) for item in value)
        case _:
            return value


def _frozen_map(mapping: Mapping[str, Value]) -> Mapping[str, Value]:
    return {str(key): frozen_value(item) for key, item in mapping.items()}


def _unit_to_json(unit: Unit, encode: Encode) -> dict[str, object]:
    return {
        "id": unit.id,
        "target": unit.target,
        "backend": unit.backend,
        "kind": unit.kind,
        "name": unit.name,
        "resources": [_resource_to_json(resource, encode) for resource in unit.resources],
        "instances": [str(address) for address in unit.instances],
        "needs": [to_json(need) for need in unit.needs],
        "inputs": encode(unit.inputs),
        "payload": encode(unit.payload),
        "files": {path: [blob.digest, blob.executable] for path, blob in unit.files.items()},
    }


def _resource_to_json(resource: Resource, encode: Encode) -> dict[str, object]:
    return {
        "kind": resource.kind,
        "name": resource.name,
        "properties": encode(resource.properties),
        "instance": _optional(resource.instance),
        "origins": {path: _origin_to_json(origin) for path, origin in resource.origins.items()},
        "replace_on": sorted(resource.replace_on),
        "needs": list(resource.needs),
        "holds_data": resource.holds_data,
    }


def _step_to_json(step: Step, encode: Encode) -> dict[str, object]:
    return {
        "id": step.id,
        "key": step.key,
        "verb": step.verb,
        "unit": step.unit,
        "target": step.target,
        "backend": step.backend,
        "needs": list(step.needs),
        "resource": step.resource,
        "instance": _optional(step.instance),
        "inputs": encode(step.inputs),
        "payload": encode(step.payload),
        "removes": step.removes,
        "last": step.last,
        "timeout": step.timeout,
        "retries": step.retries,
        "backoff": step.backoff,
        "run_once": step.run_once,
        "origin": None if step.origin is None else _origin_to_json(step.origin),
    }


def _origin_to_json(origin: Origin) -> dict[str, object]:
    place = origin.place
    return {
        "element": origin.element,
        "place": [place.file, place.line, place.column],
        "property": origin.property,
    }


def _optional(address: Address | None) -> str | None:
    return None if address is None else str(address)


def _no_content(digest: str) -> bytes:
    raise KeyError(digest)


@dataclass(frozen=True, slots=True)
class _Reader:
    content: Content
    decode: Decode

    def unit(self, data: object) -> Unit:
        match data:
            case {
                "id": str(id_), "target": str(target), "backend": str(backend),
                "kind": str(kind), "name": str(name), "resources": list(resources),
                "instances": list(instances), "needs": list(needs), "inputs": inputs,
                "payload": payload, "files": dict(files),
            }:  # fmt: skip
                return Unit(
                    id_, target, backend, kind, name,
                    resources=tuple(self.resource(item) for item in resources),
                    instances=tuple(Address.parse(_text(item)) for item in instances),
                    needs=tuple(self.need(item) for item in needs),
                    inputs=self.mapping(inputs),
                    payload=self.mapping(payload),
                    files={str(path): self.blob(item) for path, item in files.items()},
                )  # fmt: skip
            case _:
                raise _unreadable("unit", data)

    def change(self, data: object) -> UnitChange:
        match data:
            case {
                "action": str(action), "before": before, "after": after,
                "changed": list(changed), "done": list(done), "begun": list(begun),
            }:  # fmt: skip
                return UnitChange(
                    Action(action),
                    None if before is None else self.unit(before),
                    None if after is None else self.unit(after),
                    _texts(changed),
                    frozenset(_texts(done)),
                    frozenset(_texts(begun)),
                )
            case _:
                raise _unreadable("change", data)

    def resource(self, data: object) -> Resource:
        match data:
            case {
                "kind": str(kind), "name": str(name), "properties": properties,
                "instance": None | str() as instance, "origins": dict(origins),
                "replace_on": list(replace_on), "needs": list(needs),
                "holds_data": bool(holds_data),
            }:  # fmt: skip
                return Resource(
                    kind,
                    name,
                    self.mapping(properties),
                    _address(instance),
                    {str(path): self.origin(item) for path, item in origins.items()},
                    frozenset(_texts(replace_on)),
                    _texts(needs),
                    holds_data,
                )
            case _:
                raise _unreadable("resource", data)

    def step(self, data: object) -> Step:
        match data:
            case {
                "id": str(id_), "key": str(key), "verb": str(verb), "unit": str(unit),
                "target": str(target), "backend": str(backend), "needs": list(needs),
                "resource": None | str() as resource, "instance": None | str() as instance,
                "inputs": inputs, "payload": payload, "removes": bool(removes),
                "last": bool(last), "timeout": None | int() | float() as timeout,
                "retries": int(retries), "backoff": int() | float() as backoff,
                "run_once": bool(run_once), "origin": origin,
            }:  # fmt: skip
                return Step(
                    id_, key, verb, unit, target, backend,
                    needs=_texts(needs),
                    resource=resource,
                    instance=_address(instance),
                    inputs=self.mapping(inputs),
                    payload=self.mapping(payload),
                    removes=removes,
                    last=last,
                    timeout=timeout,
                    retries=retries,
                    backoff=backoff,
                    run_once=run_once,
                    origin=None if origin is None else self.origin(origin),
                )  # fmt: skip
            case _:
                raise _unreadable("step", data)

    def need(self, data: object) -> Need:
        match data:
            case {"unit": str(unit), "reason": str(reason), "hosted": bool(hosted)}:
                return Need(unit, reason, hosted)
            case _:
                raise _unreadable("need", data)

    def origin(self, data: object) -> Origin:
        match data:
            case {
                "element": str(element),
                "place": [str(file), int(line), int(column)],
                "property": None | str() as path,
            }:
                return Origin(element, Place(file, line, column), path)
            case _:
                raise _unreadable("origin", data)

    def blob(self, data: object) -> Blob:
        match data:
            case [str(digest), bool(executable)]:
                try:
                    return Blob(digest, self.content(digest), executable)
                except KeyError:
                    raise ValueError(f"the content of file {digest} is missing") from None
            case _:
                raise _unreadable("file", data)

    def mapping(self, data: object) -> Mapping[str, Value]:
        value = self.decode(data)
        if isinstance(value, Mapping):
            return value
        raise _unreadable("map of values", data)


def _address(text: str | None) -> Address | None:
    return None if text is None else Address.parse(text)


def _text(data: object) -> str:
    if isinstance(data, str):
        return data
    raise _unreadable("text", data)


def _texts(items: Iterable[object]) -> tuple[str, ...]:
    return tuple(_text(item) for item in items)


def _unreadable(what: str, data: object) -> ValueError:
    keys = sorted(map(str, data)) if isinstance(data, dict) else type(data).__name__
    return ValueError(f"not a {what}: {keys}")
