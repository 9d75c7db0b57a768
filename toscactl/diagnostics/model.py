"""Rules and the diagnostics that they make."""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from toscactl.source import Span

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Severity(enum.Enum):
    """How much a finding matters. Only an `ERROR` makes a service invalid."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong: a stable kebab-case name and a one-line summary.

    `lenient` marks a deviation from the standard's letter that has one clear meaning:
    a warning by default, an error under `--strict`.
    Each rule has a page, `rules/<name>.md`, in the folder of the stage that declares it.
    """

    name: str
    summary: str
    severity: Severity = Severity.ERROR
    lenient: bool = False

    def at(
        self,
        span: Span | None,
        message: str,
        *,
        hint: str | None = None,
        notes: "Iterable[Note]" = (),
    ) -> "Diagnostic":
        """A finding of this rule. `message` is lower case and names things in backticks."""
        return Diagnostic(self, span, message, hint, tuple(notes))


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that helps to understand a finding."""

    span: Span | None
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: which rule, where, what, and a cure where one is known."""

    rule: Rule
    span: Span | None
    message: str
    hint: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def severity(self) -> Severity:
        return self.rule.severity

    def strictly(self) -> "Diagnostic":
        """The same finding by the letter of the standard: lenient rules become errors."""
        if not self.rule.lenient or self.rule.severity is Severity.ERROR:
            return self
        return replace(self, rule=replace(self.rule, severity=Severity.ERROR))


@dataclass(frozen=True, slots=True)
class Checked(Generic[T_co]):
    """What one stage hands to the next: a value, and what was found while making it.

    There is always a value, if only a partial one, so that one run reports every problem.
    """

    value: T_co
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        return all(d.severity is not Severity.ERROR for d in self.diagnostics)

    def then(self, stage: "Callable[[T_co], Checked[U]]") -> "Checked[U]":
        after = stage(self.value)
        return Checked(after.value, self.diagnostics + after.diagnostics)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a writer of `word` most likely meant, or None: "did you mean"."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(candidates), n=1, cutoff=0.7)
    return found[0] if found else None
