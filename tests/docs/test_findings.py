"""The table of docs/findings.md is what is really said."""

import re
from pathlib import Path

import pytest

import toscactl


def test_the_ten_mistakes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    text = (root / "docs" / "findings.md").read_text(encoding="utf-8")
    told = {
        (int(line), rule)
        for line, rule in re.findall(r"^\| (\d+) \| `([a-z-]+)`", text, re.MULTILINE)
    }
    found = toscactl.validate(toscactl.load("docs/mistakes/service.yaml"))
    said = [(d.span.position.line, d.rule.name) for d in found if d.span is not None]
    assert len(told) == 10
    assert sorted(said) == sorted(told)
