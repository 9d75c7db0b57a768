"""Digests of values: fingerprints of what must not be shown, and inputs as a plan pins them."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

from toscactl import values
from toscactl.planning.model import InputDigest
from toscactl.values import Value, is_known, is_sensitive, reveal

_SHOWN = 12


def canonical(value: Value) -> bytes:
    """One byte string per value: the same for equal values, secrets revealed."""
    data = values.to_json(reveal(value))
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(value: Value, key: bytes) -> str:
    """A keyed digest that shows whether a value changed, and nothing else; `""` without a key.

    It is also empty for null and for what is not known yet.
    """
    if not key or value is None or not is_known(value):
        return ""
    return hmac.new(key, canonical(value), hashlib.sha256).hexdigest()[:_SHOWN]


def input_digests(inputs: Mapping[str, Value], key: bytes) -> tuple[InputDigest, ...]:
    """Every input as a saved plan pins it. A secret has no digest while there is no key."""
    return tuple(_input_digest(name, inputs[name], key) for name in sorted(inputs))


def _input_digest(name: str, value: Value, key: bytes) -> InputDigest:
    sensitive = is_sensitive(value)
    if key:
        digest = hmac.new(key, canonical(value), hashlib.sha256).hexdigest()
    else:
        digest = "" if sensitive else hashlib.sha256(canonical(value)).hexdigest()
    return InputDigest(name, digest, sensitive)


def sha256(parts: Iterable[str]) -> str:
    """The SHA-256 of texts, each set apart from the next."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()
