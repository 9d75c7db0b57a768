"""The examples of docs/library.md, run in their order."""

import re
import shutil
from pathlib import Path

import pytest


def test_the_examples_run(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (root / "docs" / "library.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(examples) > 5
    shutil.copytree(root / "samples" / "hello", tmp_path / "samples" / "hello")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, example in enumerate(examples, 1):
        code = compile(example, f"docs/library.md, example {number}", "exec")
        exec(code, names)  # noqa: S102  (our own page)
