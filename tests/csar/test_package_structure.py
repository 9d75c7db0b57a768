"""TOSCA.meta and the structure of packages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toscactl_csar
from toscactl_csar import Finding, MetaSyntaxError, Package, Severity, parse_meta

META = "TOSCA-Metadata/TOSCA.meta"
BLOCK = """\
TOSCA-Meta-File-Version: 1.0
CSAR-Version: 1.1
Created-By: someone
Entry-Definitions: Definitions/service.yaml
"""
SERVICE = b"tosca_definitions_version: tosca_simple_yaml_1_3\n"


def inspect(files: dict[str, str | bytes]) -> Package:
    contents = {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}
    return toscactl_csar.inspect(contents, contents.__getitem__)


def with_meta(text: str, **more: bytes) -> Package:
    return inspect({META: text, "Definitions/service.yaml": SERVICE, **more})


def errors(package: Package) -> list[str]:
    return [f.rule for f in package.findings if f.severity is Severity.ERROR]


def warnings(package: Package) -> list[str]:
    return [f.rule for f in package.findings if f.severity is Severity.WARNING]


def test_blocks_and_continuation_lines() -> None:
    meta = parse_meta("A: one\n two\n  three\nB:\n\n\nName: a.txt\r\nHash: x:y\n")
    assert [(e.name, e.value, e.line) for e in meta.package.entries] == [
        ("A", "one two three", 1),
        ("B", "", 4),
    ]
    (file,) = meta.files
    assert [(e.name, e.value) for e in file.entries] == [("Name", "a.txt"), ("Hash", "x:y")]
    assert parse_meta("").package.entries == ()


@pytest.mark.parametrize(
    ("text", "line"), [("word\n", 1), ("A: b\n\nno colon here\n", 3), (" x\n", 1), (": x\n", 1)]
)
def test_a_line_without_a_name_is_a_syntax_error(text: str, line: int) -> None:
    with pytest.raises(MetaSyntaxError) as error:
        parse_meta(text)
    assert error.value.line == line


@given(st.text())
def test_any_text_is_parsed_or_a_syntax_error(text: str) -> None:
    try:
        assert all(block.entries for block in parse_meta(text).blocks)
    except MetaSyntaxError:
        return


names = st.from_regex(r"[A-Za-z][A-Za-z-]{0,9}", fullmatch=True)
values = st.from_regex(r"[A-Za-z0-9./_:-]{0,9}", fullmatch=True)


@given(st.lists(st.lists(st.tuples(names, values), min_size=1), max_size=4))
def test_what_is_written_is_read(blocks: list[list[tuple[str, str]]]) -> None:
    text = "\n".join("".join(f"{name}: {value}\n" for name, value in block) for block in blocks)
    read = parse_meta(text)
    assert [[(e.name, e.value) for e in block.entries] for block in read.blocks] == blocks


def test_a_good_package() -> None:
    package = with_meta(BLOCK)
    assert package.entry == "Definitions/service.yaml"
    assert package.meta_name == META
    assert package.findings == ()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("CSR-03", BLOCK.replace("TOSCA-Meta-File-Version: 1.0\n", "")),
        ("CSR-04", BLOCK.replace("CSAR-Version: 1.1\n", "")),
        ("CSR-05", BLOCK.replace("Created-By: someone\n", "")),
        ("CSR-06", BLOCK.replace("1.1", "9.9")),
        ("CSR-07", BLOCK.replace("1.1", "2.0")),
        ("CSR-08", BLOCK.replace("Entry-Definitions: Definitions/service.yaml\n", "")),
        ("CSR-09", BLOCK.replace("service.yaml", "other.yaml")),
        ("CSR-10", BLOCK.replace("Definitions/service.yaml", "../../etc/passwd")),
        ("CSR-10", BLOCK.replace("Definitions/service.yaml", "/etc/passwd")),
        ("CSR-10", BLOCK.replace("Definitions/service.yaml", "http://x/y.yaml")),
        ("CSR-11", BLOCK + "CSAR-Version: 1.0\n"),
        ("CSR-12", BLOCK + "just words\n"),
        ("CSR-14", BLOCK + "\nName: missing.sh\n"),
        ("CSR-16", BLOCK + "Other-Definitions: Definitions/missing.yaml\n"),
    ],
)
def test_broken_meta_files(rule: str, text: str) -> None:
    assert errors(with_meta(text)) == [rule]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("CSR-03", BLOCK.replace("File-Version: 1.0", "File-Version: 1.2")),
        ("CSR-03", BLOCK.replace("TOSCA-Meta-File-Version", "TOSCA-Meta-Version")),
        ("CSR-05", BLOCK.replace("Created-By", "Created-by")),
        ("CSR-06", BLOCK.replace("1.1", "1.2")),
        ("CSR-19", BLOCK + "TOSCA-Something: x\n"),
    ],
)
def test_deviations_found_in_practice_are_warnings(rule: str, text: str) -> None:
    package = with_meta(text)
    assert (errors(package), warnings(package)) == ([], [rule])
    assert package.entry is not None


def test_findings_have_lines() -> None:
    (finding,) = with_meta(BLOCK.replace("1.1", "9.9")).findings
    assert isinstance(finding, Finding)
    assert (finding.member, finding.line) == (META, 2)


def test_other_definitions_may_be_quoted() -> None:
    text = BLOCK + 'Other-Definitions: "Definitions/with blank.yaml" b.yaml\n'
    files: dict[str, str | bytes] = {
        META: text,
        "Definitions/service.yaml": SERVICE,
        "b.yaml": SERVICE,
    }
    package = inspect({**files, "Definitions/with blank.yaml": SERVICE})
    assert package.other == ("Definitions/with blank.yaml", "b.yaml")
    assert package.findings == ()


def test_the_meta_file_has_one_place() -> None:
    files: dict[str, str | bytes] = {"TOSCA.meta": BLOCK, "Definitions/service.yaml": SERVICE}
    assert errors(inspect({**files, META: BLOCK})) == ["CSR-02"]
    assert errors(inspect(files)) == ["CSR-01"]
    new = "CSAR-Version: 2.0\nCreated-By: someone\nEntry-Definitions: service.yaml\n"
    package = inspect(
        {"TOSCA.meta": new, "service.yaml": b"tosca_definitions_version: tosca_2_0\n"}
    )
    assert package.findings == ()


def test_a_meta_file_that_is_not_text() -> None:
    package = inspect({META: b"\xff\xfe", "Definitions/service.yaml": SERVICE})
    assert errors(package) == ["CSR-12"]
    assert package.entry is None


def test_the_entry_is_a_tosca_file() -> None:
    assert errors(inspect({META: BLOCK, "Definitions/service.yaml": b"a: b\n"})) == ["CSR-15"]


METADATA = b"metadata:\n  template_name: x\n  template_version: 1.0\n"


@pytest.mark.parametrize(
    ("rules", "files"),
    [
        ([], {"service.yaml": SERVICE + METADATA, "scripts/a.yaml": b""}),
        (["CSR-13"], {"readme.txt": b""}),
        (["CSR-13"], {"a.yaml": SERVICE + METADATA, "b.yml": SERVICE}),
        (["CSR-15"], {"a.yaml": b"a: b\n"}),
        (["CSR-17", "CSR-17"], {"a.yaml": SERVICE}),
        (["CSR-18"], {"a.yaml": SERVICE.replace(b"1_3", b"1_0") + METADATA}),
        ([], {"a.yaml": b"tosca_definitions_version: tosca_2_0\n"}),
    ],
)
def test_packages_without_a_meta_file(rules: list[str], files: dict[str, bytes]) -> None:
    assert errors(inspect(dict(files))) == rules
