"""What can be wrong with a package: findings with the id of a rule, and the one exception."""

import enum
from dataclasses import dataclass


class Severity(enum.Enum):
    """Whether a finding makes a package unusable."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `rule` is a stable id: `ARC-NN` for the safety of the archive, `CSR-NN` for the structure of
    the package. `member` is the file it is about, `line` a line in it, counted from 1.
    """

    rule: str
    message: str
    member: str | None = None
    severity: Severity = Severity.ERROR
    line: int | None = None


class ArchiveError(Exception):
    """An archive, or a member of it, cannot be used; `findings` says why, at least once.

    `readable` tells whether it is an archive at all.
    """

    def __init__(self, findings: tuple[Finding, ...], *, readable: bool = True) -> None:
        first = findings[0].message
        more = len(findings) - 1
        super().__init__(f"{first} (and {more} more)" if more else first)
        self.findings = findings
        self.readable = readable
