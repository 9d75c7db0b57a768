"""Keeps secrets out of what a step says and brings: redacted in texts, marked in values."""

from collections.abc import Iterable, Mapping, Sequence

from toscactl.values import Secret, Value, is_known, reveal, text, walk

MASK = "(sensitive)"
_SHORTEST = 3
"""Shorter secrets would mask half of every text, and protect nothing."""
_SHORTEST_LINE = 8


class Secrets:
    """The texts that must not be shown."""

    def __init__(self, values: Iterable[Value]) -> None:
        found: set[str] = set()
        for value in values:
            for part in walk(value):
                if isinstance(part, Secret):
                    found.update(_texts(part))
        self._texts = tuple(sorted(found, key=lambda one: (-len(one), one)))

    def hidden(self, line: str) -> str:
        """A text with every secret in it masked."""
        for secret in self._texts:
            line = line.replace(secret, MASK)
        return line

    def marked(self, value: Value) -> Value:
        """A value in which every text that holds a secret is a secret itself."""
        if not self._texts:
            return value
        match value:
            case str():
                return Secret(value) if any(one in value for one in self._texts) else value
            case Mapping():
                return {key: self.marked(item) for key, item in value.items()}
            case Sequence():
                return tuple(self.marked(item) for item in value)
            case _:
                return value

    def marked_map(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        return {key: self.marked(item) for key, item in values.items()}


def _texts(secret: Secret) -> Iterable[str]:
    for part in walk(reveal(secret)):
        if isinstance(part, str) or (is_known(part) and not isinstance(part, Mapping | Sequence)):
            whole = text(part)
            if len(whole) >= _SHORTEST and whole not in ("true", "false"):
                yield whole
            lines = whole.splitlines()
            if len(lines) > 1:
                yield from (line for line in lines if len(line) >= _SHORTEST_LINE)
