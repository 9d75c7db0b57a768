"""Values as pods can get them: literal text, keys of Secrets, what operations found out.

A value of TOSCA is known when a manifest is written, or it is secret, or only the pod itself will
know it. `compose` cuts a value into such terms, which `environment` writes as environment
variables of a container and `lifecycle` as words of a shell script.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from toscactl.backend import (
    Address,
    AttributeOf,
    Call,
    InputOf,
    Place,
    Rule,
    Secret,
    Severity,
    Value,
    evaluate,
    is_known,
    is_sensitive,
    select,
    text,
    waits_for,
    walk,
)
from toscactl_kubernetes.directory import Directory
from toscactl_kubernetes.manifests import Draft, Manifest
from toscactl_kubernetes.naming import config_key
from toscactl_kubernetes.resolution import input_of_secret
from toscactl_kubernetes.workloads import Workload

OPEN_INPUT = Rule("kubernetes-open-input", "A manifest needs the value of an input that has none.")
SECRET_TO_MAKE = Rule(
    "kubernetes-secret-to-make",
    "A secret input has no value: its Secret is not in the manifests, and pods wait for it.",
    Severity.NOTE,
)
OUT_OF_REACH = Rule(
    "kubernetes-value-out-of-reach",
    "A pod cannot know a value that is found out elsewhere while the service is deployed.",
)


@dataclass(frozen=True, slots=True)
class FromSecret:
    """A key of a Secret. `open`: the manifests do not hold it, whoever deploys makes it."""

    secret: str
    key: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class FromOperation:
    """An attribute that an operation in the same pod brings."""

    address: Address
    name: str


@dataclass(frozen=True, slots=True)
class Later:
    """A residual value that the executor finishes before the object is applied."""

    value: Value


Term: TypeAlias = str | FromSecret | FromOperation | Later


@dataclass(frozen=True, slots=True)
class Use:
    """What a value is for: its name there, and the place that findings speak of."""

    workload: Workload
    key: str
    place: Place


class Composer:
    """Cuts values into terms, and remembers which Secrets they need."""

    def __init__(self, draft: Draft, directory: Directory) -> None:
        self.draft = draft
        self.directory = directory
        self._secrets: dict[str, dict[str, Value]] = {}

    def compose(self, value: Value, use: Use) -> tuple[Term, ...]:
        """The terms whose texts, one after the other, are the value's."""

        def resolve(reference: AttributeOf | InputOf) -> Value:
            return self._resolve(reference, use)

        found = evaluate(value, resolve)
        if is_known(found) and not is_sensitive(found):
            return (text(found),)
        if isinstance(found, Secret | InputOf):
            return (self._secret(found, use),)
        if isinstance(found, Call) and found.function == "concat":
            return self._joined(found.arguments, "", use)
        if isinstance(found, Call) and found.function == "join" and _is_list(found.arguments[0]):
            items = found.arguments[0]
            assert isinstance(items, Sequence)
            separator = found.arguments[1] if len(found.arguments) > 1 else ""
            return self._joined(items, text(separator), use)
        if is_known(found):
            return (self._secret(Secret(found), use),)
        return (self._residual(found, use),)

    def _joined(self, items: Sequence[Value], separator: str, use: Use) -> tuple[Term, ...]:
        terms: list[Term] = []
        for number, item in enumerate(items):
            if number and separator:
                terms.append(separator)
            terms += self.compose(item, use)
        return _merged(terms)

    def _resolve(self, reference: AttributeOf | InputOf, use: Use) -> Value:
        if isinstance(reference, InputOf):
            return self._input(reference)
        if reference.address in self.draft.portion.elsewhere:
            return reference
        host = self.directory.host_name(reference, use.workload)
        if host is not None:
            return host
        instance = self.draft.graph.instances.get(reference.address)
        if instance is None:
            return reference
        if reference.name in {"tosca_id", "tosca_name"}:
            return str(reference.address)
        return reference

    def _input(self, reference: InputOf) -> Value:
        """A sensitive input stays as it is; a part of one is read where it has a value."""
        given = self.draft.graph.inputs.get(reference.name)
        if given is None or given.value is None or not reference.path:
            return reference
        inner = given.value if isinstance(given.value, Secret) else Secret(given.value)
        return select(inner, reference.path)

    def _secret(self, value: Secret | InputOf, use: Use) -> Term:
        graph = self.draft.graph
        given = input_of_secret(graph, value)
        if given is None and isinstance(value, InputOf):
            return self._missing(value, use)
        if given is None:
            name, key = use.workload.name, config_key(use.key)
            self._secrets.setdefault(name, {})[key] = value
            return FromSecret(name, key)
        if (
            isinstance(value, InputOf)
            and given.value is None
            and not (given.sensitive or value.sensitive)
        ):
            return self._missing(value, use)
        name = self.draft.name_for_input(given.name)
        key = config_key(given.name)
        if given.value is None:
            self.draft.report(
                SECRET_TO_MAKE,
                given.place,
                f"the secret input `{given.name}` has no value: pods wait for the Secret `{name}`",
                f"kubectl -n {self.draft.site.namespace} create secret generic {name} "
                f"--from-literal={key}=VALUE, or give it here: -i {given.name}=VALUE",
            )
            return FromSecret(name, key, open=True)
        self._secrets.setdefault(name, {})[key] = (
            given.value if isinstance(given.value, Secret) else Secret(given.value)
        )
        return FromSecret(name, key)

    def _missing(self, value: InputOf, use: Use) -> Term:
        self.draft.report(
            OPEN_INPUT,
            use.place,
            f"`{use.key}` needs the input `{value.name}`, which has no value",
            f"give it one: -i {value.name}=VALUE",
        )
        return ""

    def _residual(self, value: Value, use: Use) -> Term:
        if isinstance(value, AttributeOf) and self._brought_by_operation(value, use.workload):
            return FromOperation(value.address, value.name)
        open_inputs = [part for part in _parts(value) if isinstance(part, InputOf)]
        if open_inputs:
            return self._missing(open_inputs[0], use)
        waiting = waits_for(value)
        portion = self.draft.portion
        if waiting and waiting <= portion.elsewhere and not portion.parameters:
            return Later(value)
        self.draft.report(
            OUT_OF_REACH,
            use.place,
            f"`{use.key}` needs `{value}`, which only an operation in another pod or on another "
            "target finds out",
            "use an address, a property or an input instead",
        )
        return ""

    def _brought_by_operation(self, reference: AttributeOf, workload: Workload) -> bool:
        if not workload.scripted:
            return False
        operations = [
            *workload.operations,
            *(o for c in workload.components for e in c.relationships for o in e.operations),
        ]
        return any(
            address == reference.address and path[:1] == (reference.name,)
            for operation in operations
            for address, path in operation.outputs.values()
        )

    def secrets(self) -> tuple[Manifest, ...]:
        """The Secrets that were needed and whose values are known."""
        return tuple(
            Manifest(
                "v1",
                "Secret",
                name,
                {"type": "Opaque", "stringData": {k: _as_text(v) for k, v in keys.items()}},
                self.draft.site.service_labels() | _named(name),
            )
            for name, keys in sorted(self._secrets.items())
        )


def _named(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}


def _as_text(value: Value) -> Value:
    inner = value.value if isinstance(value, Secret) else value
    return Secret(text(inner))


def _parts(value: Value) -> Sequence[Value]:
    return tuple(walk(value))


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _merged(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The same terms, neighbouring literals joined."""
    merged: list[Term] = []
    for term in terms:
        if isinstance(term, str) and merged and isinstance(merged[-1], str):
            merged[-1] += term
        elif term != "":
            merged.append(term)
    return tuple(merged)
