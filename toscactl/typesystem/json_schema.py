"""The `schema` constraint (TOSCA 1.3, 3.6.3.1): a JSON schema that the JSON in a string obeys."""

import json
from collections.abc import Callable


class BadSchema(ValueError):
    """A text is no JSON schema. `str` says why."""


def compile_schema(schema: str) -> Callable[[str], bool]:
    """The test of a text: that it is JSON and, where `jsonschema` is installed, that it obeys.

    Raises `BadSchema`.
    """
    try:
        parsed = json.loads(schema)
    except (ValueError, RecursionError) as problem:
        raise BadSchema(str(problem)) from problem
    if isinstance(parsed, bool):
        return lambda text: parsed and is_json(text)
    if not isinstance(parsed, dict):
        raise BadSchema("it is neither an object nor a boolean")
    try:
        from jsonschema import validators
        from jsonschema.exceptions import SchemaError
    except ImportError:
        return is_json
    validator = validators.validator_for(parsed)
    try:
        validator.check_schema(parsed)
    except SchemaError as problem:
        raise BadSchema(problem.message) from problem
    checked = validator(parsed)

    def obeys(text: str) -> bool:
        return is_json(text) and checked.is_valid(json.loads(text))

    return obeys


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
