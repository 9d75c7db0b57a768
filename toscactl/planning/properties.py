"""What differs between a resource before and after, property by property."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toscactl.address import Address
from toscactl.desired import Origin, Resource
from toscactl.planning.digests import fingerprint
from toscactl.planning.model import PropertyChange
from toscactl.planning.readers import NotKnown, attribute
from toscactl.values import (
    AttributeOf,
    EvaluationError,
    InputOf,
    Secret,
    Value,
    evaluate,
    is_known,
    is_sensitive,
    references,
)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known while a plan is made.

    `settled` are the instances whose attributes the plan does not touch; `key` is the
    deployment's, for fingerprints.
    """

    attributes: Mapping[Address, Mapping[str, Value]]
    settled: frozenset[Address]
    key: bytes

    def earlier(self, value: Value) -> Value:
        """A value as it was before the plan is carried out, as far as it is known."""
        return self._evaluated(value, None)

    def later(self, value: Value) -> Value:
        """A value as it will be, as far as that is known now."""
        return self._evaluated(value, self.settled)

    def _evaluated(self, value: Value, only: frozenset[Address] | None) -> Value:
        def known(reference: AttributeOf | InputOf) -> Value:
            if isinstance(reference, InputOf):
                return reference
            if only is not None and reference.address not in only:
                return reference
            try:
                return attribute(reference, self.attributes)
            except NotKnown:
                return reference

        try:
            return evaluate(value, known)
        except EvaluationError:
            return value


def property_changes(
    before: Resource | None, after: Resource | None, known: Knowledge
) -> tuple[PropertyChange, ...]:
    """Every property that differs, by its dotted path, in order of paths."""
    old = known.earlier(before.properties) if before else {}
    new = known.later(after.properties) if after else {}
    described = after or before
    assert described is not None
    return tuple(
        _change(path, was, will, described, known) for path, was, will in _differences("", old, new)
    )


def _differences(path: str, old: Value, new: Value) -> Iterator[tuple[str, Value, Value]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differences(_below(path, key), old.get(key), new.get(key))
    elif _is_list(old) and _is_list(new):
        for number in range(max(len(old), len(new))):  # type: ignore[arg-type]
            yield from _differences(_below(path, str(number)), _at(old, number), _at(new, number))
    elif not _equal(old, new):
        if path and old is None and _is_branch(new):
            yield from _differences(path, _empty(new), new)
        elif path and new is None and _is_branch(old):
            yield from _differences(path, old, _empty(old))
        else:
            yield path, old, new


def _equal(old: Value, new: Value) -> bool:
    """Equality that tells `true` from 1; a secret equals the same value without its mark."""
    old = old.value if isinstance(old, Secret) else old
    new = new.value if isinstance(new, Secret) else new
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_branch(value: Value) -> bool:
    return bool(value) and (isinstance(value, Mapping) or _is_list(value))


def _empty(value: Value) -> Value:
    return {} if isinstance(value, Mapping) else ()


def _at(items: Value, number: int) -> Value:
    assert isinstance(items, Sequence)
    return items[number] if number < len(items) else None


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _change(
    path: str, old: Value, new: Value, resource: Resource, known: Knowledge
) -> PropertyChange:
    waits = tuple(sorted({str(reference) for reference in references(new)}))
    if is_sensitive(old) or is_sensitive(new):
        mark = "sensitive"
        prints = (fingerprint(old, known.key), fingerprint(new, known.key))
        old, new = _secret(old), _secret(new)
    else:
        mark = "known" if is_known(new) else "after-apply"
        prints = None
    return PropertyChange(path, old, new, mark, waits, prints, origin=origin_of(resource, path))


def _secret(value: Value) -> Value:
    return value if value is None or isinstance(value, Secret) else Secret(value)


def origin_of(resource: Resource, path: str) -> Origin | None:
    """Where a property comes from: the origin of the longest path that leads to it."""
    while path:
        if path in resource.origins:
            return resource.origins[path]
        path = path.rpartition(".")[0]
    return resource.origins.get("")
