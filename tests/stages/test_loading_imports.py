"""Following imports: in memory, without files."""

import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest

import toscactl_profiles
from toscactl import definitions, document, loading
from toscactl.definitions import Dialect
from toscactl.diagnostics import Checked, Diagnostic, Rule
from toscactl.errors import CannotRead
from toscactl.loading import Bundle, Limits, MemoryFetch, package_rules
from toscactl.source import Source

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
PROFILE = "profile:simple/1.3"


def load(
    files: Mapping[str, str | bytes], root: str = "service.yaml", limits: Limits | None = None
) -> Checked[Bundle]:
    return loading.load(root, MemoryFetch(files), limits)


def problems(checked: Checked[Bundle]) -> list[tuple[str, str]]:
    """Rules with the text that each points at."""
    return [(d.rule.name, pointed_at(d)) for d in checked.diagnostics]


def pointed_at(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    assert span is not None
    return span.source.text[span.start : span.end]


def importing(*references: str) -> str:
    return HEAD + "imports:\n" + "".join(f"  - {reference}\n" for reference in references)


def test_a_file_alone_sees_the_types_of_its_version() -> None:
    bundle = load({"service.yaml": HEAD}).value
    assert list(bundle.files) == ["service.yaml", PROFILE]
    assert bundle.root.imports == (("", PROFILE),)
    assert bundle.dialect is Dialect.V1_3
    assert "tosca.nodes.Compute" in bundle.files[PROFILE].file.types[definitions.TypeKind.NODE]


def test_a_2_0_file_sees_only_what_it_imports() -> None:
    bundle = load({"service.yaml": "tosca_definitions_version: tosca_2_0\n"}).value
    assert list(bundle.files) == ["service.yaml"]


def test_each_file_sees_the_types_of_its_own_version() -> None:
    files = {"service.yaml": importing("old.yaml"), "old.yaml": HEAD.replace("1_3", "1_0")}
    bundle = load(files).value
    assert bundle.files["old.yaml"].imports == (("", "profile:simple/1.0"),)
    assert bundle.root.imports == (("", "old.yaml"), ("", PROFILE))


def test_imports_are_followed_breadth_first_and_once() -> None:
    files = {
        "service.yaml": importing("types/a.yaml", "types/b.yaml"),
        "types/a.yaml": importing("deep/c.yaml", "../service.yaml"),
        "types/b.yaml": importing("deep/c.yaml", "b.yaml"),
        "types/deep/c.yaml": importing("../a.yaml"),
    }
    checked = load(files)
    assert checked.diagnostics == ()
    order = [location for location in checked.value.files if not location.startswith("profile:")]
    assert order == ["service.yaml", "types/a.yaml", "types/b.yaml", "types/deep/c.yaml"]
    assert checked.value.files["types/b.yaml"].imports == (
        ("", "types/deep/c.yaml"),
        ("", "types/b.yaml"),
        ("", PROFILE),
    )


def test_a_prefix_is_kept() -> None:
    files = {
        "service.yaml": HEAD + "imports:\n  - file: a.yaml\n    namespace_prefix: mine\n",
        "a.yaml": HEAD,
    }
    assert ("mine", "a.yaml") in load(files).value.root.imports


def test_a_leading_slash_means_the_root() -> None:
    files = {
        "service.yaml": importing("sub/a.yaml"),
        "sub/a.yaml": importing("/b.yaml"),
        "b.yaml": HEAD,
    }
    assert load(files).ok


def test_a_missing_import_is_one_error_at_its_place() -> None:
    checked = load({"service.yaml": importing("types.yml"), "types.yaml": HEAD})
    assert problems(checked) == [("import-not-found", "types.yml")]
    (diagnostic,) = checked.diagnostics
    assert diagnostic.message == "there is no file `types.yml`"
    assert diagnostic.hint == "did you mean `types.yaml`?"
    assert list(checked.value.files) == ["service.yaml", PROFILE]


def test_every_bad_import_is_reported() -> None:
    files: dict[str, str | bytes] = {
        "service.yaml": importing(
            "missing.yaml", "../outside.yaml", "latin.yaml", "notes.yaml", "ftp://x/y.yaml"
        ),
        "latin.yaml": HEAD.encode() + b"description: caf\xe9\n",
        "notes.yaml": "title: not ours\n",
    }
    assert problems(load(files)) == [
        ("import-not-found", "missing.yaml"),
        ("import-refused", "../outside.yaml"),
        ("import-unreadable", "latin.yaml"),
        ("import-not-tosca", "notes.yaml"),
        ("import-refused", "ftp://x/y.yaml"),
    ]


def test_two_imports_of_one_bad_file_are_two_places() -> None:
    files = {"service.yaml": importing("a.yaml", "x.yaml"), "a.yaml": importing("x.yaml")}
    checked = load(files)
    places = [str(d.span) for d in checked.diagnostics]
    assert places == ["service.yaml:4:5", "a.yaml:3:5"]


def test_the_mistakes_of_an_imported_file_have_its_name() -> None:
    checked = load({"service.yaml": importing("bad.yaml"), "bad.yaml": "a: b\na: c\n" + HEAD})
    assert checked.diagnostics
    assert {d.span.source.name for d in checked.diagnostics if d.span} == {"bad.yaml"}


def test_repositories() -> None:
    text = HEAD + (
        "repositories:\n  shared: lib/types/\n"
        "imports:\n  - file: a.yaml\n    repository: shared\n"
        "  - file: b.yaml\n    repository: sharedd\n"
        "  - file: http://x/c.yaml\n    repository: shared\n"
    )
    checked = load({"service.yaml": text, "lib/types/a.yaml": HEAD})
    assert ("", "lib/types/a.yaml") in checked.value.root.imports
    assert problems(checked) == [
        ("unknown-repository", "sharedd"),
        ("import-refused", "http://x/c.yaml"),
    ]
    assert checked.diagnostics[0].hint == "did you mean `shared`?"


def test_a_bundled_profile_can_be_imported_by_name() -> None:
    for written in ("profile:simple/1.2", "profile:simple:1.2"):
        bundle = load({"service.yaml": importing(f'"{written}"')}).value
        assert ("", "profile:simple/1.2") in bundle.root.imports


def test_a_profile_that_is_not_there() -> None:
    checked = load({"service.yaml": importing('"profile:simple:1.4"')})
    assert problems(checked) == [("import-refused", '"profile:simple:1.4"')]
    assert checked.diagnostics[0].hint is not None


def test_the_web_is_another_file_in_memory_or_not_reached() -> None:
    address = "https://example.org/types/a.yaml"
    files = {
        "service.yaml": importing(address),
        address: importing("b.yaml"),
        "https://example.org/types/b.yaml": HEAD,
    }
    assert load(files).ok
    checked = load({"service.yaml": importing(address)})
    assert problems(checked) == [("import-unreadable", address)]
    assert "offline" in checked.diagnostics[0].message


def test_a_remote_file_may_not_name_local_files() -> None:
    address = "https://example.org/a.yaml"
    files = {"service.yaml": importing(address), address: importing("file:///etc/passwd")}
    assert problems(load(files)) == [("import-refused", "file:///etc/passwd")]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]"])
def test_a_remote_file_may_not_reach_hosts_that_are_not_public(host: str) -> None:
    address = "https://example.org/a.yaml"
    target = f"http://{host}/b.yaml"
    files = {"service.yaml": importing(address), address: importing(f'"{target}"'), target: HEAD}
    checked = load(files)
    assert [d.rule.name for d in checked.diagnostics] == ["import-refused"]


def test_limits() -> None:
    chain = {f"{n}.yaml": importing(f"{n + 1}.yaml") for n in range(9)} | {"9.yaml": HEAD}
    assert load(chain, "0.yaml").ok
    assert problems(load(chain, "0.yaml", Limits(depth=4))) == [("too-many-imports", "5.yaml")]
    assert problems(load(chain, "0.yaml", Limits(files=4))) == [("too-many-imports", "4.yaml")]
    large = {"service.yaml": importing("a.yaml"), "a.yaml": HEAD + "#" * 1000}
    assert problems(load(large, limits=Limits(file_bytes=500))) == [("import-unreadable", "a.yaml")]


def test_many_imports_that_fail_still_end() -> None:
    files = {"service.yaml": importing(*(f"{n}.yaml" for n in range(2_000)))}
    assert len(load(files).diagnostics) == 2_000


def test_a_byte_order_mark_is_no_text() -> None:
    checked = load({"service.yaml": b"\xef\xbb\xbf" + HEAD.encode()})
    assert checked.diagnostics == ()
    assert checked.value.root.file.dialect is Dialect.V1_3


def test_a_byte_order_mark_may_announce_another_encoding() -> None:
    assert load({"service.yaml": b"\xff\xfe" + HEAD.encode("utf-16-le")}).diagnostics == ()


@pytest.mark.parametrize(
    ("content", "words"), [(b"a: \xff", "is not text"), (None, "no file `service.yaml`")]
)
def test_a_service_that_cannot_be_read_is_an_exception(content: bytes | None, words: str) -> None:
    with pytest.raises(CannotRead, match=words):
        load({} if content is None else {"service.yaml": content})


def test_the_digest_depends_on_every_file_but_not_on_where_they_lie() -> None:
    files = {"service.yaml": importing("a.yaml"), "a.yaml": HEAD}
    digest = loading.digest(load(files).value)
    assert len(digest) == 64
    assert digest == loading.digest(load(files).value)
    moved = {f"elsewhere/{name}": content for name, content in files.items()}
    assert digest == loading.digest(load(moved, "elsewhere/service.yaml").value)
    changed = {**files, "a.yaml": HEAD + "description: other\n"}
    assert digest != loading.digest(load(changed).value)


@pytest.mark.parametrize("profile", toscactl_profiles.names())
def test_bundled_profiles_are_read_without_a_finding(profile: tuple[str, str]) -> None:
    source = Source("profile", toscactl_profiles.read(*profile).decode())
    checked = document.parse(source).then(definitions.read)
    assert [str(d.message) for d in checked.diagnostics] == []


def test_every_rule_has_a_page() -> None:
    folder = Path(loading.__file__).parent / "rules"
    stage = importlib.import_module("toscactl.loading.load")
    names = {rule.name for rule in vars(stage).values() if isinstance(rule, Rule)}
    names |= {rule.name for rule in package_rules.RULES.values()}
    assert names == {page.stem for page in folder.glob("*.md")}
    for page in folder.glob("*.md"):
        assert page.read_text().startswith(f"# {page.stem}: ")
