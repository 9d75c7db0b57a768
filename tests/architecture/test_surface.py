"""The public surface, the rules and their pages, and what an installation must hold."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path
from types import ModuleType

import pytest

import toscactl
from toscactl import rulebook
from toscactl.diagnostics import Rule

PACKAGES = (
    "toscactl",
    "toscactl_csar",
    "toscactl_heat",
    "toscactl_kubernetes",
    "toscactl_local",
    "toscactl_profiles",
    "toscactl_terraform",
)


def modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def rules() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for module in modules():
        for value in vars(module).values():
            if isinstance(value, Rule):
                assert found.setdefault(value.name, value) is value, f"two rules `{value.name}`"
    return found


def _rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as ruff (RUF022) sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_exports_are_sorted_and_there() -> None:
    for module in modules():
        exported = getattr(module, "__all__", None)
        if exported is not None:
            assert list(exported) == sorted(exported, key=_rank), module.__name__
            for name in exported:
                assert hasattr(module, name), f"{module.__name__}.{name}"


def test_every_rule_has_a_good_name_and_a_page() -> None:
    pages = rulebook.pages()
    found = rules()
    assert len(found) > 50
    for name in found:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), name
        assert name in pages, f"rule `{name}` has no page"
        assert len(pages[name].text.split()) > 20, f"the page of `{name}` says nothing"


def test_every_page_belongs_to_a_rule() -> None:
    assert set(rulebook.pages()) == set(rules())


def test_every_module_says_what_it_is() -> None:
    for module in modules():
        assert module.__doc__, module.__name__


def test_backends_are_found() -> None:
    assert set(toscactl.installed()) >= {"heat", "kubernetes", "local", "terraform"}
    for name, backend in toscactl.installed().items():
        assert backend.name == name


def test_exceptions_are_one_tree() -> None:
    for value in vars(importlib.import_module("toscactl.errors")).values():
        if isinstance(value, type) and issubclass(value, Exception):
            assert issubclass(value, toscactl.ToscactlError)


def test_the_version_is_that_of_the_distribution() -> None:
    assert metadata.version("toscactl") == toscactl.__version__


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    assert (resources.files(package) / "py.typed").is_file()


def test_no_module_is_imported_that_help_does_not_need(root: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from toscactl.cli import main; main(['--help']); "
        "print([m for m in ('networkx','yaml','lark','kubernetes','sqlite3','cryptography',"
        "'psutil','python_terraform','importlib.metadata') if m in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert ended.stderr.strip() == "[]"
