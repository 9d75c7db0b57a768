"""The environment variables of a container, out of terms."""

from collections.abc import Iterable, Mapping, Sequence

from toscactl.backend import Call, Value
from toscactl_kubernetes.terms import FromOperation, FromSecret, Later, Term

OPEN_SECRETS_PATH = "/run/secrets/toscactl"
"""Where Secrets are mounted that the manifests do not hold; a pod waits until they are there."""


def entries(name: str, terms: Sequence[Term]) -> tuple[Mapping[str, Value], ...]:
    """The entries of `env` for one variable; secrets within a text get entries of their own."""
    if len(terms) == 1 and isinstance(terms[0], FromSecret):
        return (secret_entry(name, terms[0]),)
    if any(isinstance(term, Later) for term in terms) and not _secrets(terms):
        pieces = tuple(term.value if isinstance(term, Later) else str(term) for term in terms)
        return ({"name": name, "value": pieces[0] if len(pieces) == 1 else Call("concat", pieces)},)
    found: list[Mapping[str, Value]] = []
    whole: list[Value] = []
    for number, term in enumerate(terms):
        if isinstance(term, FromSecret):
            part = f"{name}_PART_{number}"
            found.append(secret_entry(part, term))
            whole.append(f"$({part})")
        elif isinstance(term, Later):
            whole.append(term.value)
        elif isinstance(term, str):
            whole.append(escaped(term))
    value: Value = "".join(map(str, whole)) if _all_text(whole) else Call("concat", tuple(whole))
    return (*found, {"name": name, "value": value})


def _all_text(pieces: Iterable[Value]) -> bool:
    return all(isinstance(piece, str) for piece in pieces)


def _secrets(terms: Iterable[Term]) -> bool:
    return any(isinstance(term, FromSecret | FromOperation) for term in terms)


def secret_entry(name: str, term: FromSecret) -> Mapping[str, Value]:
    """A variable from a Secret's key.

    One that is still to be made is optional here, so that manifests are complete without it; the
    mounted Secret is not, so the container starts only when it is there.
    """
    reference: dict[str, Value] = {"name": term.secret, "key": term.key}
    if term.open:
        reference["optional"] = True
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def escaped(text: str) -> str:
    """A literal that the kubelet leaves as it is: `$(NAME)` would be expanded, `$$` is `$`."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text
