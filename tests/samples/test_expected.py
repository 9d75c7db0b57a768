"""What each sample becomes on each target, and what is planned there, is what is checked in.

`pytest tests/samples --rewrite-golden` writes `samples/*/expected/` anew; read the difference.
"""

from pathlib import Path

import pytest

import toscactl
from toscactl import planning
from toscactl.diagnostics import render

SAMPLES = ("elk", "hello", "single-server", "three-tier", "wordpress")
TARGETS = ("aws", "k3s", "kubernetes", "local", "openstack", "terraform-openstack")
INPUTS = {"wordpress": {"db_password": "only-for-tests"}}


def said(findings: tuple[toscactl.Diagnostic, ...]) -> str:
    """Findings in one line each, for a file that people compare."""
    return "".join(
        f"{d.span}: {d.severity.value}[{d.rule.name}]: {d.message}\n"
        for d in render.in_order(findings)
    )


def translated(sample: str, target: str) -> dict[str, bytes]:
    """The files that `translate` writes without any input, and what is said about them."""
    service = toscactl.load(f"samples/{sample}")
    (chosen,) = toscactl.find_targets([target])
    try:
        translation = toscactl.translate(service, chosen)
    except toscactl.InvalidService as wrong:
        return {f"{target}.findings.txt": said(wrong.diagnostics).encode()}
    files = {f"{target}/{name}": data for name, data in translation.files.items()}
    text = said(service.diagnostics + translation.diagnostics)
    return files | ({f"{target}.findings.txt": text.encode()} if text else {})


def planned(sample: str, target: str, state: Path) -> str:
    """The text of the first plan of a sample."""
    service = toscactl.load(f"samples/{sample}")
    store = toscactl.open_store(str(state))
    try:
        plan = toscactl.plan(
            service, toscactl.find_targets([target]), INPUTS.get(sample), store=store
        )
    except toscactl.InvalidService as wrong:
        return said(wrong.diagnostics)
    return planning.to_text(plan, color=False, verbose=False, width=100)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_what_a_sample_becomes(
    sample: str,
    target: str,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(root)
    files = translated(sample, target)
    files[f"{target}.plan.txt"] = planned(sample, target, tmp_path / "state").encode()
    folder = root / "samples" / sample / "expected"
    if request.config.getoption("--rewrite-golden"):
        write(folder, target, files)
    assert sorted(files) == sorted(
        file.relative_to(folder).as_posix() for file in of_target(folder, target)
    )
    for name, data in files.items():
        assert (folder / name).read_bytes() == data, f"{folder.relative_to(root)}/{name} differs"


def of_target(folder: Path, target: str) -> list[Path]:
    """The files of one target among what is expected of a sample."""
    there = [file for file in (folder / target).rglob("*") if file.is_file()]
    return there + list(folder.glob(f"{target}.*.txt"))


def write(folder: Path, target: str, files: dict[str, bytes]) -> None:
    for old in of_target(folder, target):
        old.unlink()
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_is_valid_by_the_letter(
    sample: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert toscactl.validate(toscactl.load(f"samples/{sample}"), strict=True) == ()


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_secret_stands_in_what_is_checked_in(sample: str, root: Path) -> None:
    for file in (root / "samples" / sample / "expected").rglob("*"):
        if file.is_file():
            assert b"only-for-tests" not in file.read_bytes(), file
