"""The pages of all rules, of the stages and of every installed backend."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a rule, as Markdown; `title` is its first line without the mark."""

    name: str
    title: str
    text: str


def pages() -> Mapping[str, Page]:
    """All pages, by the name of the rule."""
    found: dict[str, Page] = {}
    for folder in _folders():
        for file in folder.iterdir():
            if file.name.endswith(".md"):
                text = file.read_text(encoding="utf-8")
                name = file.name.removesuffix(".md")
                found[name] = Page(name, _title(text, name), text)
    return found


def _title(text: str, name: str) -> str:
    """The sentence that a page begins with."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = lines[0].lstrip("# ").strip("`") if lines else name
    if first == name and len(lines) > 1:
        return lines[1]
    return first.removeprefix(f"{name}: ").removeprefix(f"{name}`: ")


def _folders() -> Iterator[Path]:
    """The folders `rules` of the stages and of every backend; none of them is imported."""
    for core in _places("toscactl"):
        for stage in [core, *sorted(core.iterdir())]:
            if (stage / "rules").is_dir():
                yield stage / "rules"
    for entry in metadata.entry_points(group="toscactl.backends"):
        for package in _places(entry.module.partition(".")[0]):
            if (package / "rules").is_dir():
                yield package / "rules"


def _places(package: str) -> Iterator[Path]:
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place)
