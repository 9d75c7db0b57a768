"""Diagnostics as text: for people, and as JSON, SARIF and JUnit XML for machines."""

import json
from collections.abc import Iterable, Sequence

from toscactl.diagnostics.model import Diagnostic, Note, Severity
from toscactl.source import Span

_COLORS = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.NOTE: "\x1b[1;36m",
}
_BOLD, _RESET = "\x1b[1m", "\x1b[0m"
_WIDEST = 160
_TAB = "    "
JSON_FORMAT = "toscactl.findings/1"


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings by file and place, each once; those without a place first."""
    unique = {(d.rule.name, _key(d.span), d.message): d for d in diagnostics}
    return sorted(unique.values(), key=lambda d: (_key(d.span), d.rule.name, d.message))


def _key(span: Span | None) -> tuple[str, int, int]:
    return ("", 0, 0) if span is None else (span.source.name, span.start, span.end)


def to_text(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Every finding with its place, the quoted line and a caret; empty for no findings."""
    return "\n".join(one_to_text(diagnostic, color=color) for diagnostic in diagnostics)


def one_to_text(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """One finding as a person reads it."""
    severity = diagnostic.severity
    head = f"{severity.value}[{diagnostic.rule.name}]"
    if color:
        message = f"{_COLORS[severity]}{head}{_RESET}{_BOLD}: {diagnostic.message}{_RESET}"
    else:
        message = f"{head}: {diagnostic.message}"
    lines = [message]
    if diagnostic.span is None:
        if diagnostic.hint:
            lines.append(f"  = {diagnostic.hint}")
    else:
        lines += _excerpt(diagnostic.span, diagnostic.hint, _COLORS[severity] if color else "")
    for note in diagnostic.notes:
        lines += _note(note)
    return "\n".join(lines) + "\n"


def _note(note: Note) -> list[str]:
    where = "" if note.span is None else f"{note.span}: "
    return [f"  = note: {where}{note.message}"]


def _excerpt(span: Span, hint: str | None, paint: str) -> list[str]:
    position = span.position
    line = span.source.line(position.line)
    number = str(position.line)
    margin = " " * len(number)
    caret_at, quoted = _cut(line, position.column - 1)
    length = _caret_length(span, line, position.column - 1)
    length = max(1, min(length, len(quoted) - caret_at))
    indent = "".join(_TAB if c == "\t" else " " for c in quoted[:caret_at])
    carets = "^" * length
    tail = f" {hint}" if hint else ""
    end = _RESET if paint else ""
    return [
        f"{margin}--> {span}",
        f"{margin} |",
        f"{number} | {_visible(quoted)}".rstrip(),
        f"{margin} | {indent}{paint}{carets}{tail}{end}",
    ]


def _cut(line: str, column: int) -> tuple[int, str]:
    """The part of a very long line around a column, and where the column is in it."""
    if len(line) <= _WIDEST or column < _WIDEST // 2:
        return column, line[:_WIDEST]
    begin = column - _WIDEST // 2
    return column - begin, line[begin : begin + _WIDEST]


def _caret_length(span: Span, line: str, column: int) -> int:
    """Within its first line a span is underlined up to its end or the end of the text there."""
    text = span.source.text[span.start : span.end]
    return len(text.split("\n", 1)[0].rstrip()) if text else len(line[column:].rstrip())


def _visible(text: str) -> str:
    return "".join(
        _TAB if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """How many of each: `2 errors, 1 warning`; `no problems` for none."""
    parts = []
    for severity in Severity:
        count = sum(d.severity is severity for d in diagnostics)
        if count:
            parts.append(f"{count} {severity.value}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "no problems"


def _record(diagnostic: Diagnostic) -> dict[str, object]:
    place = diagnostic.span.place if diagnostic.span else None
    end = _end(diagnostic.span)
    return {
        "rule": diagnostic.rule.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "end_line": end[0] if end else None,
        "end_column": end[1] if end else None,
        "notes": [
            {"message": note.message, "place": str(note.span) if note.span else None}
            for note in diagnostic.notes
        ],
    }


def _end(span: Span | None) -> tuple[int, int] | None:
    if span is None:
        return None
    position = span.source.position(max(span.start, span.end))
    return position.line, position.column


def to_json(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
    """Findings as one JSON document, `toscactl.findings/1`; `ok` says that there is no error."""
    data = {
        "format": JSON_FORMAT,
        "ok": all(d.severity is not Severity.ERROR for d in diagnostics),
        "files": list(files),
        "counts": {s.value: sum(d.severity is s for d in diagnostics) for s in Severity},
        "findings": [_record(diagnostic) for diagnostic in diagnostics],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def to_sarif(diagnostics: Sequence[Diagnostic], version: str) -> str:
    """Findings as SARIF 2.1.0, which code-review tools open."""
    rules = {d.rule.name: d.rule for d in diagnostics}
    names = sorted(rules)
    run = {
        "tool": {
            "driver": {
                "name": "toscactl",
                "version": version,
                "semanticVersion": version,
                "rules": [
                    {
                        "id": name,
                        "shortDescription": {"text": rules[name].summary},
                        "help": {"text": f"toscactl explain {name}"},
                        "defaultConfiguration": {"level": rules[name].severity.value},
                    }
                    for name in names
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(d, names.index(d.rule.name)) for d in diagnostics],
    }
    data = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _sarif_result(diagnostic: Diagnostic, index: int) -> dict[str, object]:
    message = diagnostic.message + (f" ({diagnostic.hint})" if diagnostic.hint else "")
    result: dict[str, object] = {
        "ruleId": diagnostic.rule.name,
        "ruleIndex": index,
        "level": diagnostic.severity.value,
        "message": {"text": message},
    }
    if diagnostic.span is not None:
        result["locations"] = [_sarif_location(diagnostic.span)]
    related = [
        {**_sarif_location(note.span), "message": {"text": note.message}}
        for note in diagnostic.notes
        if note.span is not None
    ]
    if related:
        result["relatedLocations"] = related
    return result


def _sarif_location(span: Span) -> dict[str, object]:
    position = span.position
    end = span.source.position(max(span.start, span.end))
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(span.source.name)},
            "region": {
                "startLine": position.line,
                "startColumn": position.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        }
    }


def _uri(name: str) -> str:
    from urllib.parse import quote

    return quote(name.replace("\\", "/"), safe="/:!")


def to_junit(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
    """One test case a file; an error in it is a failure, everything else its output."""
    from xml.sax.saxutils import quoteattr

    by_file: dict[str, list[Diagnostic]] = {name: [] for name in files}
    for diagnostic in diagnostics:
        name = diagnostic.span.source.name if diagnostic.span else (files[0] if files else "")
        by_file.setdefault(name, []).append(diagnostic)
    cases = [
        f'    <testcase classname="toscactl.validate" name={quoteattr(name)}>'
        f"{_junit_body(found)}</testcase>\n"
        for name, found in by_file.items()
    ]
    failures = sum(any(d.severity is Severity.ERROR for d in found) for found in by_file.values())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n'
        f'  <testsuite name="toscactl validate" tests="{len(cases)}"'
        f' failures="{failures}" errors="0">\n'
        f"{''.join(cases)}  </testsuite>\n</testsuites>\n"
    )


def _junit_body(found: Sequence[Diagnostic]) -> str:
    from xml.sax.saxutils import escape, quoteattr

    errors = [d for d in found if d.severity is Severity.ERROR]
    others = [d for d in found if d.severity is not Severity.ERROR]
    body = ""
    if errors:
        message, rule = quoteattr(summary(errors)), quoteattr(errors[0].rule.name)
        text = escape(_xml_text(to_text(errors)))
        body = f"<failure message={message} type={rule}>{text}</failure>"
    if others:
        body += f"<system-out>{escape(_xml_text(to_text(others)))}</system-out>"
    return body


def _xml_text(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return "".join(c if c in "\t\n\r" or c >= " " else "\N{REPLACEMENT CHARACTER}" for c in text)
